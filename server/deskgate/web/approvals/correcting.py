"""A reviewer corrects a text: the old reply is taken back, and a new one is drafted in the reviewer's name.

The order is: keep the words (our own table), cancel the old reply, draft the new one, tie the two. Never are both held,
so never can both be sent. A crash after the first step leaves the words with the old reply, whose page offers to go on;
every later step gives the same answer when it is done again (cancelling twice, and drafting the same words twice).

Whoever drafted the old text, and the reviewer, count as writers of the new one from its first moment: somebody else
approves it, unless the policy lets reviewers approve their own corrections.
"""

from dataclasses import replace

from starlette.responses import RedirectResponse, Response

from deskgate.desk import Desk, Reply
from deskgate.desk.digest import words_of
from deskgate.desk.drafts import SUBJECT_LIMIT_CHARS, checked_body
from deskgate.desk.errors import AlreadyDecided, BadInput
from deskgate.desk.principals import DRAFT
from deskgate.desk.text import concealed, subject_line
from deskgate.web.approvals.deciding import LOOK_AGAIN, NotSeen
from deskgate.web.approvals.reply_page import not_for, reply_of
from deskgate.web.approvals.visit import HOME, Visit


async def edit_page(visit: Visit) -> Response:
    """The text in a form."""
    reply = await reply_of(visit)
    if reply is None:
        return visit.page("no_such_reply.html", status=404)
    look = await visit.desk.look(reply.message_id or "")
    if look is None:
        return RedirectResponse(f"{HOME}{reply.id}", status_code=303)
    return visit.page(
        "edit.html",
        reply=reply,
        digest=look.digest,
        subject=look.content.subject,
        body=look.content.body,
        footer=look.footer,
        limit=SUBJECT_LIMIT_CHARS,
    )


async def correct(visit: Visit) -> Response:
    """Take the corrected text: it replaces the reply."""
    reply = await reply_of(visit)
    if reply is None:
        return visit.page("no_such_reply.html", status=404)
    body, subject = checked_body(visit.field("body")), _checked_subject(visit.field("subject"))
    opened = await visit.house.reviewers.opened(visit.session, visit.house.seen_hours)
    if visit.field("digest") not in opened.get(reply.id, []):
        raise NotSeen(LOOK_AGAIN)
    look = await visit.desk.look(reply.message_id or "")
    if look is None:
        raise AlreadyDecided("This reply does not wait any more, so there is nothing to correct.")
    if (body, subject) == (look.content.body, look.content.subject):
        raise BadInput("Nothing was changed in the text. To let it out as it is, approve it.")
    await _new_words(visit.desk, reply, body)
    reviewers = visit.house.reviewers
    begun = await reviewers.correction_of(reply.id)
    if begun and begun.made_by == visit.session.name:
        await reviewers.drop_correction(reply.id)
    if not await reviewers.begin_correction(reply.id, subject, body, visit.session.name):
        raise AlreadyDecided("Somebody is correcting this reply already. Look at it again.")
    return await _carried_out(visit, reply)


async def finish(visit: Visit) -> Response:
    """Go on with a correction that was cut off."""
    reply = await reply_of(visit)
    if reply is None:
        return visit.page("no_such_reply.html", status=404)
    return await _carried_out(visit, reply)


async def _carried_out(visit: Visit, old: Reply) -> Response:
    reviewers = visit.house.reviewers
    correction = await reviewers.correction_of(old.id)
    if correction is None:
        raise BadInput("Nobody corrected this reply.")
    if correction.made_by != visit.session.name:
        raise BadInput(f"This correction is {correction.made_by}'s; only they can finish it.")
    if correction.new_reply_id is None:
        desk = replace(visit.desk, caller=replace(visit.session.principal, scopes=frozenset({DRAFT})))
        await _taken_back(visit, desk, old)
        new = await desk.draft(old.ticket_id, correction.body, correction.subject, corrects=old)
        await reviewers.finish_correction(old.id, new.id)
    else:
        found = await visit.desk.core.store.reply(correction.new_reply_id)
        new = found or old
    text = f"Your correction waits now in place of the old text. {await not_for(visit, new)}".strip()
    return await visit.done(
        [{"reply_id": new.id, "ticket_id": str(new.ticket_id), "outcome": "corrected", "text": text}]
    )


async def _taken_back(visit: Visit, desk: Desk, old: Reply) -> None:
    try:
        await desk.cancel(old.message_id or "", f"replaced by a correction of {visit.session.principal.id}")
    except AlreadyDecided:  # the old text was decided or sent first, so there is nothing to replace
        await visit.house.reviewers.drop_correction(old.id)
        raise


async def _new_words(desk: Desk, old: Reply, body: str) -> None:
    """The same words on the same ticket are the same reply, so words that were used before give no new one."""
    same = await desk.core.store.reply_with_words(words_of(old.ticket_id, body))
    if same is not None and same.id != old.id:
        raise BadInput(f"These very words were drafted for this ticket before; that reply is {same.state}.")


def _checked_subject(text: str) -> str:
    subject = subject_line(text)
    if not subject or concealed(text) or "\n" in text.strip() or len(subject) > SUBJECT_LIMIT_CHARS:
        raise BadInput(
            f"The subject must be one line of 1 to {SUBJECT_LIMIT_CHARS} characters, none of them invisible."
        )
    return subject
