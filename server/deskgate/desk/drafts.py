"""Writing a reply: who gets it, that it will be held, and that the same words never become a second mail."""

import uuid
from dataclasses import replace
from datetime import timedelta
from math import ceil
from typing import TYPE_CHECKING

from deskgate.desk.clock import parse_time
from deskgate.desk.core import Core, unbroken
from deskgate.desk.digest import Seen, words_of
from deskgate.desk.errors import BadInput, DeskError, NotGated, OutcomeUnknown
from deskgate.desk.principals import Principal
from deskgate.desk.recipients import recipient_of
from deskgate.desk.replies import FAILED, REJECTED, SENDING, Reply
from deskgate.desk.settle import accept, draft_of, find_lost, keep, settle_if_possible
from deskgate.desk.text import concealed, reply_subject, subject_line
from deskgate.desk.zendesk import Ticket

if TYPE_CHECKING:
    from deskgate.desk.policy.automatic import Admission

BODY_LIMIT_CHARS = 60_000
SUBJECT_LIMIT_CHARS = 300
# After this long without a trace, a send whose answer was lost cannot still be on its way.
LOST_AFTER = timedelta(minutes=10)


async def draft(core: Core, caller: Principal, ticket_id: int, body: str, subject: str | None = None) -> Reply:
    """Draft a reply to the ticket's requester and have MultiMail hold it.

    The same words on the same ticket give the same reply again, in whatever state it is by now.

    Raises:
        BadInput: the text is empty, too long or hides characters.
        TicketNotFound, TicketClosed, NoEmailAddress, Suppressed: there is nobody to write to.
        NotGated: the mailbox would let the mail out without approval.
        Forbidden: a rule of the policy refuses it.
        OutcomeUnknown: MultiMail's answer was lost; ask for the same draft again to find out.
    """
    body, subject = checked_body(body), _checked_subject(subject)
    words = words_of(ticket_id, body)
    async with core.alone(words):
        known = await core.store.reply_with_words(words)
        if known is None:
            return await _new(core, caller, ticket_id, words, body, subject)
        return await _again(core, caller, known)


async def _new(core: Core, caller: Principal, ticket_id: int, words: str, body: str, subject: str | None) -> Reply:
    ticket = await core.zendesk.ticket(ticket_id)
    gate = await core.outbox.gate()
    recipient = recipient_of(ticket, gate.mailbox)
    problem = gate.problem(recipient)
    if problem:
        raise NotGated(problem, ticket_id=ticket_id)
    thread_id = await _thread_of(core, ticket_id, recipient)
    reply = Reply(
        id=uuid.uuid4().hex,
        ticket_id=ticket_id,
        words=words,
        mailbox=gate.mailbox,
        recipient=recipient,
        subject=subject or reply_subject(ticket.subject),
        body=body,
        seen=Seen.of(ticket).dump(),
        state=SENDING,
        drafted_by=caller.id,
        drafted_at=core.now(),
        thread_id=thread_id,
        attempted_at=core.now(),
    )
    admission = None
    if core.policies is not None:
        # At first use: most desks have no policy, and a start should not wait for one.
        from deskgate.desk.policy import Unsent, admit

        unsent = Unsent(reply.id, reply.recipient, reply.subject, reply.body)
        admission = await admit(core, core.policies, ticket, unsent)
    if await core.store.add_reply(reply, principal=caller.id, owner=caller.owner or caller.id):
        held = await _submit(core, reply, ticket, first=True)
        return await _by_policy(core, held, admission)
    known = await core.store.reply_with_words(words)
    if known is None:
        raise OutcomeUnknown("The same reply is being drafted and cancelled at this moment. Look again in a moment.")
    return await _again(core, caller, known)


async def _by_policy(core: Core, held: Reply, admission: "Admission | None") -> Reply:
    if core.policies is None:
        return held
    from deskgate.desk.policy import automatic

    return await automatic(core, core.policies, held, admission)


async def _thread_of(core: Core, ticket_id: int, recipient: str) -> str | None:
    """The thread of an earlier reply to the same person: a reply on a thread has no address of its own."""
    for earlier in await core.store.replies_of_ticket(ticket_id):
        if earlier.thread_id and earlier.recipient == recipient and earlier.state not in (FAILED, REJECTED):
            return earlier.thread_id
    return None


async def _again(core: Core, caller: Principal, known: Reply) -> Reply:
    await core.store.add_drafter(known.id, principal=caller.id, owner=caller.owner or caller.id)
    if known.state != SENDING:
        return await settle_if_possible(core, known)
    found = await find_lost(core, known)
    if found:
        return await settle_if_possible(core, found)
    ticket = await core.zendesk.ticket(known.ticket_id)
    gate = await core.outbox.gate()
    # In v1 the key makes a repeat harmless; the short form has none, so there only time tells.
    lost_for_sure = _age(core, known) >= LOST_AFTER
    if recipient_of(ticket, gate.mailbox) != known.recipient:
        if not lost_for_sure:
            raise _wait_for(core, known)
        await keep(core, replace(known, state=FAILED))
        return await _new(core, caller, known.ticket_id, known.words, known.body, known.subject)
    if core.outbox.form != "v1" and not lost_for_sure:
        raise _wait_for(core, known)
    problem = gate.problem(known.recipient)
    if problem:
        raise NotGated(problem, ticket_id=known.ticket_id)
    begun = await keep(core, replace(known, attempted_at=core.now()))
    return await _submit(core, begun, ticket, first=False)


def _age(core: Core, reply: Reply) -> timedelta:
    return core.clock.now() - (parse_time(reply.attempted_at) or core.clock.now())


def _wait_for(core: Core, reply: Reply) -> OutcomeUnknown:
    minutes = max(1, ceil((LOST_AFTER - _age(core, reply)).total_seconds() / 60))
    return OutcomeUnknown(
        "MultiMail's answer to this draft was lost and the mail is not in its queue so far. Nothing was sent to the "
        f"customer. Ask for the same draft again in {minutes} minutes; until then it could be held twice.",
        ticket_id=reply.ticket_id,
        retry_after_seconds=minutes * 60,
    )


async def _submit(core: Core, reply: Reply, ticket: Ticket, *, first: bool) -> Reply:
    settled: Reply | None = None
    with unbroken():
        try:
            accepted = await core.outbox.submit(draft_of(reply, ticket.status))
        except OutcomeUnknown as error:
            raise OutcomeUnknown(
                "MultiMail took the draft and its answer was lost. Ask for the same draft again (same ticket, same "
                "body): deskgate looks it up first and never makes a second mail of it.",
                ticket_id=reply.ticket_id,
            ) from error
        except DeskError:
            if first:  # after a lost answer, only this row's key can tell whether the mail is there
                await keep(core, replace(reply, state=FAILED))
            raise
        settled = await accept(core, reply, accepted)
    if settled is None:
        raise OutcomeUnknown("MultiMail took too long over this draft. Ask for the same draft again to find out.")
    return settled


def checked_body(text: str) -> str:
    """A body as it will be kept and sent: line ends unified, nothing else changed.

    Raises:
        BadInput: empty, too long, or holding characters that a reader would not see.
    """
    body = text.replace("\r\n", "\n").replace("\r", "\n")
    if not body.strip():
        raise BadInput("The text is empty.")
    if len(body) > BODY_LIMIT_CHARS:
        raise BadInput(f"The text has {len(body)} characters; the limit is {BODY_LIMIT_CHARS}.")
    hidden = concealed(body)
    if hidden:
        raise BadInput(f"The text holds characters that a reader cannot see ({', '.join(hidden[:5])}). Remove them.")
    return body


def _checked_subject(text: str | None) -> str | None:
    if text is None:
        return None
    if concealed(text) or "\n" in text:
        raise BadInput("The subject must be one line without invisible characters.")
    if len(text) > SUBJECT_LIMIT_CHARS:
        raise BadInput(f"The subject has {len(text)} characters; the limit is {SUBJECT_LIMIT_CHARS}.")
    return subject_line(text) or None
