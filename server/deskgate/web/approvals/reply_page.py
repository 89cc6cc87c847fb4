"""One reply: the mail as it is held, what is odd about it, and the conversation that it answers."""

from dataclasses import dataclass
from typing import Any

import anyio
import anyio.to_thread
from starlette.responses import Response

from deskgate.desk import Desk, Look
from deskgate.desk.clock import iso
from deskgate.desk.core import as_one_error
from deskgate.desk.corrections import grounds
from deskgate.desk.errors import DeskError
from deskgate.desk.replies import FAILED, Reply
from deskgate.desk.text import clean, label
from deskgate.desk.zendesk import Comment, Ticket
from deskgate.web.approvals import mailview
from deskgate.web.approvals.queue_page import EVERY_REPLY, neighbours
from deskgate.web.approvals.visit import Visit

COMMENTS = 20
RECORDS = 100
# The page shows these already.
SHOWN_ABOVE = ("to", "subject", "body")
COMMENT_CHARS = 20_000
# Where browsers, new and old, say that they load a page before anybody looks at it.
PURPOSES = ("sec-purpose", "purpose", "x-moz", "x-purpose")


@dataclass(frozen=True)
class Said:
    """One comment; `whose` is `customer`, `agent` or `other`, `hidden` how many characters were there that do not show."""

    whose: str
    name: str
    public: bool
    at: str
    text: str
    hidden: int
    files: list[str]


@dataclass(frozen=True)
class Talk:
    """The ticket and the newest part of its conversation; `why_not` where it could not be read."""

    ticket: Ticket | None
    said: list[Said]
    more: bool
    why_not: str


async def reply_page(visit: Visit) -> Response:
    """Show a reply that waits with everything that bears on it, or what became of one that does not."""
    reply = await reply_of(visit)
    if reply is None:
        return visit.page("no_such_reply.html", status=404)
    look, talk = await _look_and_talk(visit.desk, reply)
    if look is None:
        return await _over(visit, reply, talk)
    # A browser that loads a page ahead of its reader has not shown it to anybody.
    ahead = any("prefetch" in visit.request.headers.get(name, "").casefold() for name in PURPOSES)
    if visit.request.method == "GET" and not ahead:
        await visit.house.reviewers.open(visit.session, reply.id, look.digest)
    return visit.page("reply.html", **await _facts(visit, look, talk))


async def reply_of(visit: Visit) -> Reply | None:
    """The reply that the address names, if MultiMail ever knew it."""
    reply = await visit.desk.core.store.reply(visit.request.path_params["reply_id"])
    return reply if reply and reply.message_id else None


async def not_for(visit: Visit, reply: Reply) -> str:
    """Why this reviewer cannot approve this reply, or nothing. The desk checks it again at the decision."""
    if visit.desk.core.oversight is None:
        return "No deciding key is set (MULTIMAIL_OVERSIGHT_TOKEN), so nothing can be decided here."
    core, reviewer = visit.desk.core, visit.session.principal
    if reviewer.names & await core.store.drafters(reply.id) and await grounds(core, reviewer, reply) is None:
        return "You wrote this text, so another reviewer has to approve it. You can still reject it."
    return ""


async def _look_and_talk(desk: Desk, reply: Reply) -> tuple[Look | None, Talk]:
    looks: list[Look | None] = []
    with as_one_error():
        async with anyio.create_task_group() as group:

            async def look() -> None:
                looks.append(await desk.look(reply.message_id or ""))

            group.start_soon(look)
            talk = await _talk(desk, reply)
    return looks[0], talk


async def _talk(desk: Desk, reply: Reply) -> Talk:
    """The conversation; without it the mail is shown all the same, since rejecting is always possible."""
    try:
        ticket = await desk.zendesk.ticket(reply.ticket_id)
        page = await desk.zendesk.comments(reply.ticket_id, limit=COMMENTS)
    except DeskError as error:
        return Talk(None, [], more=False, why_not=error.sentence)
    return Talk(ticket, [_said(one, ticket) for one in page.comments], page.more, "")


def _said(comment: Comment, ticket: Ticket) -> Said:
    author = comment.author
    ours = author is not None and author.role in ("agent", "admin")
    theirs = comment.author_id is not None and comment.author_id == ticket.requester_id
    text = clean(comment.body[: COMMENT_CHARS * 2])
    return Said(
        whose="customer" if theirs else "agent" if ours else "other",
        name=label(author.name, 80) if author else "unknown",
        public=comment.public,
        at=iso(comment.created_at),
        text=text if len(text) <= COMMENT_CHARS else text[:COMMENT_CHARS] + "\n… (cut)",
        hidden=mailview.hidden_marks(comment.body[: COMMENT_CHARS * 2]),
        files=[
            label(f"{file.file_name} ({file.content_type}, {file.size} bytes)") for file in comment.attachments[:20]
        ],
    )


async def _facts(visit: Visit, look: Look, talk: Talk) -> dict[str, Any]:
    reply, body = look.reply, look.body
    earlier = await _earlier(visit.desk, reply)
    before, after = await neighbours(visit.desk, reply)
    reasons = await visit.house.reasons([reply.id]) if visit.house.reasons else {}

    def compared() -> dict[str, Any]:
        found = mailview.found_links(f"{look.content.subject}\n{body}")
        links = mailview.first_links(found)
        unlisted = list(found.values())[len(links) :]
        return {
            "to_draft": mailview.difference(reply.body, look.content.body),
            "to_earlier": mailview.difference(earlier.body, look.content.body) if earlier else None,
            "links": links,
            "links_more": len(unlisted),
            "links_more_wrong": sum(1 for link in unlisted if link.warnings),
            "markup": mailview.has_markup(body),
            "hidden": mailview.hidden_marks(body) + mailview.hidden_marks(look.content.subject),
        }

    return {
        "reply": reply,
        "look": look,
        "talk": talk,
        "to": [mailview.address(one) for one in look.content.to],
        "cc": [mailview.address(one) for one in look.content.cc],
        "earlier": earlier,
        "before": before,
        "after": after,
        "why": reasons.get(reply.id, EVERY_REPLY),
        "hurdle": await not_for(visit, reply),
        "deciding": visit.desk.core.oversight is not None,
        "unfinished": await visit.house.reviewers.correction_of(reply.id),
        "behind": await visit.house.reviewers.correction_behind(reply.id),
        "hours": visit.house.seen_hours,
        **await _recorded(visit.desk, reply),
        **await anyio.to_thread.run_sync(compared),
    }


async def _earlier(desk: Desk, reply: Reply) -> Reply | None:
    """The last reply drafted for the same ticket before this one."""
    for other in await desk.replies_of(reply.ticket_id):
        older = (other.drafted_at, other.id) != (reply.drafted_at, reply.id) and other.drafted_at <= reply.drafted_at
        if older and other.state != FAILED:
            return other
    return None


async def _recorded(desk: Desk, reply: Reply) -> dict[str, Any]:
    """What the audit trail has of it, the newest last, with the texts that the page does not show anyway."""
    from deskgate.desk.audit import trail

    found = await trail.read(desk.core.store, desk.core.clock, limit=RECORDS, reply_id=reply.id)
    texts = [
        [(name, clean(text)) for name, text in one.personal.items() if name not in SHOWN_ABOVE] for one in found.moments
    ]
    return {"trail": found, "records": list(zip(found.moments, texts, strict=True)), "signed": found.signed}


async def _over(visit: Visit, reply: Reply, talk: Talk) -> Response:
    now = await visit.desk.core.store.reply(reply.id) or reply
    correction = await visit.house.reviewers.correction_of(reply.id)
    before, after = await neighbours(visit.desk, now)
    facts: dict[str, Any] = {"reply": now, "talk": talk, "correction": correction, "before": before, "after": after}
    return visit.page("decided.html", **facts, to=now.recipient, **await _recorded(visit.desk, now))
