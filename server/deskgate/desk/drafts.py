"""Writing a reply: who gets it, that it will be held, and that the same words never become a second mail."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from math import ceil
from typing import TYPE_CHECKING

from deskgate.desk.audit.telling import of_refusal
from deskgate.desk.clock import parse_time
from deskgate.desk.core import Core, unbroken
from deskgate.desk.corrections import add_correction, inherit
from deskgate.desk.digest import Seen, words_of
from deskgate.desk.errors import (
    BadInput,
    DeskError,
    NoEmailAddress,
    NotGated,
    OutcomeUnknown,
    Suppressed,
    TicketClosed,
)
from deskgate.desk.principals import Principal
from deskgate.desk.recipients import recipient_of
from deskgate.desk.replies import FAILED, REJECTED, SENDING, Reply
from deskgate.desk.settle import accept, draft_of, find_lost, keep, settle_if_possible, unbegun
from deskgate.desk.suppression import check_not_suppressed
from deskgate.desk.text import concealed, reply_subject, subject_line
from deskgate.desk.zendesk import Ticket

if TYPE_CHECKING:
    from deskgate.desk.policy.admission import Admission

BODY_LIMIT_CHARS = 60_000
SUBJECT_LIMIT_CHARS = 300
# After this long without a trace, a send whose answer was lost cannot still be on its way.
LOST_AFTER = timedelta(minutes=10)


SCAN_LOOKS = 8
SCAN_PAUSE_SECONDS = 0.4


async def draft(
    core: Core,
    caller: Principal,
    ticket_id: int,
    body: str,
    subject: str | None = None,
    *,
    corrects: Reply | None = None,
) -> Reply:
    """Draft a reply to the ticket's requester and have MultiMail hold it.

    The same words on the same ticket give the same reply again, in whatever state it is by now. `corrects` is the reply
    that this one takes the place of; whoever wrote that one counts as a writer of this one.

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
            return await _new(core, caller, ticket_id, words, body, subject, corrects)
        return await _again(core, caller, known, corrects)


async def _new(
    core: Core,
    caller: Principal,
    ticket_id: int,
    words: str,
    body: str,
    subject: str | None,
    corrects: Reply | None,
) -> Reply:
    ticket = await core.zendesk.ticket(ticket_id)
    gate = await core.outbox.gate()
    async with _refusals_told(core, ticket_id, words):
        recipient = recipient_of(ticket, gate.mailbox)
        await check_not_suppressed(core.store, recipient, ticket_id=ticket_id, sandbox=core.sandbox)
        problem = gate.problem(recipient)
        if problem:
            raise NotGated(problem, ticket_id=ticket_id)
    thread_id = await _thread_of(core, ticket_id, recipient, gate.mailbox)
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
    admission = await _admitted(core, ticket, reply, by_hand=corrects is not None)
    reply = admission.reply if admission else reply
    if await _add(core, caller, reply, corrects):
        handed = await _submit(core, reply, ticket, first=True)
        return await _by_policy(core, handed, admission)
    if reply.decision:
        await _given_up(core, reply, "drafted_before")
    known = await core.store.reply_with_words(words)
    if known is None:
        raise OutcomeUnknown("The same reply is being drafted and cancelled at this moment. Look again in a moment.")
    return await _again(core, caller, known, corrects)


@asynccontextmanager
async def _refusals_told(core: Core, ticket_id: int, words: str) -> AsyncIterator[None]:
    """A draft that is refused here leaves nothing but its record."""
    try:
        yield
    except (NotGated, Suppressed, NoEmailAddress, TicketClosed) as error:
        await core.store.tell(of_refusal(ticket_id, words, error.code))
        raise


async def _add(core: Core, caller: Principal, reply: Reply, corrects: Reply | None) -> bool:
    if corrects is not None:
        return await add_correction(core, caller, reply, corrects.id)
    return await core.store.add_reply(reply, principal=caller.id, owner=caller.owner or caller.id)


async def _admitted(core: Core, ticket: Ticket, reply: Reply, *, by_hand: bool) -> "Admission | None":
    if core.policies is None:
        return None
    # At first use: most desks have no policy, and a start should not wait for one.
    from deskgate.desk.policy import admit

    return await admit(core, core.policies, ticket, reply, by_hand=by_hand)


async def _admitted_again(core: Core, ticket: Ticket, reply: Reply) -> "Admission | None":
    if core.policies is None:
        if reply.decision:
            raise OutcomeUnknown(
                f"A policy that is not set any more had this reply leave at once from {reply.mailbox}, and MultiMail's "
                "answer was lost. Look in MultiMail whether it went out. If it did not, draft other words.",
                ticket_id=reply.ticket_id,
            )
        return None
    from deskgate.desk.policy import admit_again

    return await admit_again(core, core.policies, ticket, reply)


async def _by_policy(core: Core, handed: Reply, admission: "Admission | None" = None) -> Reply:
    if core.policies is None:
        return handed
    from deskgate.desk.policy import automatic

    return await automatic(core, core.policies, handed, admission, once=True)


async def _thread_of(core: Core, ticket_id: int, recipient: str, mailbox: str) -> str | None:
    """The thread of an earlier reply to the same person: a reply on a thread has no address of its own."""
    for earlier in await core.store.replies_of_ticket(ticket_id):
        same = earlier.recipient == recipient and earlier.mailbox == mailbox
        if earlier.thread_id and same and earlier.state not in (FAILED, REJECTED):
            return earlier.thread_id
    return None


async def _again(core: Core, caller: Principal, known: Reply, corrects: Reply | None) -> Reply:
    await core.store.add_drafter(known.id, principal=caller.id, owner=caller.owner or caller.id)
    if corrects is not None:
        await inherit(core, known, corrects.id)
    if known.state != SENDING or known.message_id is not None:
        return await _by_policy(core, await settle_if_possible(core, known))
    found = await find_lost(core, known)
    if found:
        return await _by_policy(core, await settle_if_possible(core, found))
    ticket = await core.zendesk.ticket(known.ticket_id)
    async with _refusals_told(core, known.ticket_id, known.words):
        await check_not_suppressed(core.store, known.recipient, ticket_id=known.ticket_id, sandbox=core.sandbox)
    if known.decision is None:
        return await _handed_again(core, caller, known, ticket, corrects)
    admission = await _admitted_again(core, ticket, known)
    begun = await keep(core, replace(known, attempted_at=core.now()))
    return await _by_policy(core, await _submit(core, begun, ticket, first=False), admission)


async def _handed_again(core: Core, caller: Principal, known: Reply, ticket: Ticket, corrects: Reply | None) -> Reply:
    gate = await core.outbox.gate()
    # In v1 the key makes a repeat harmless; the short form has none, so there only time tells.
    lost_for_sure = _age(core, known) >= LOST_AFTER
    if recipient_of(ticket, gate.mailbox) != known.recipient:
        if not lost_for_sure:
            raise _wait_for(core, known)
        await keep(core, replace(known, state=FAILED))
        return await _new(core, caller, known.ticket_id, known.words, known.body, known.subject, corrects)
    if core.outbox.form != "v1" and not lost_for_sure:
        raise _wait_for(core, known)
    problem = gate.problem(known.recipient)
    if problem:
        async with _refusals_told(core, known.ticket_id, known.words):
            raise NotGated(problem, ticket_id=known.ticket_id)
    admission = await _admitted_again(core, ticket, known)
    begun = await keep(core, replace(known, attempted_at=core.now()))
    return await _by_policy(core, await _submit(core, begun, ticket, first=False), admission)


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
            outbox = await core.outbox.at(reply.mailbox)
            accepted = await outbox.submit(draft_of(reply, ticket.status))
        except OutcomeUnknown as error:
            raise OutcomeUnknown(
                "MultiMail took the draft and its answer was lost. Ask for the same draft again (same ticket, same "
                "body): deskgate looks it up first and never makes a second mail of it.",
                ticket_id=reply.ticket_id,
            ) from error
        except DeskError as error:
            if first:  # after a lost answer, only this row's key can tell whether the mail is there
                await keep(core, replace(unbegun(reply), state=FAILED))
                if reply.decision:
                    await _given_up(core, reply, error.code)
            raise
        settled = await accept(core, reply, accepted)
    if settled is None:
        raise OutcomeUnknown("MultiMail took too long over this draft. Ask for the same draft again to find out.")
    return await _followed(core, settled)


async def _given_up(core: Core, reply: Reply, why: str) -> None:
    """Say in the policy's record that a reply that was to leave at once was never handed over."""
    if core.policies is not None:
        from deskgate.desk.policy import finish_leaving

        await finish_leaving(core.policies.gatherer.tables, reply.id, f"failed:{why}")


async def _followed(core: Core, reply: Reply) -> Reply:
    """Wait a moment for a mail that nothing should hold, until MultiMail says what became of it."""
    for _ in range(SCAN_LOOKS):
        if reply.state != SENDING:
            break
        reply = await settle_if_possible(core, reply)
        if reply.state == SENDING:
            await core.clock.sleep(SCAN_PAUSE_SECONDS)
    return reply


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
