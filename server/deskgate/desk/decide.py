"""The one way to let a reply out, or to send it back. Every door ends here."""

import logging
from dataclasses import dataclass, replace
from typing import Literal

import anyio
import anyio.lowlevel

from deskgate.desk.core import Core, as_one_error, unbroken
from deskgate.desk.corrections import grounds
from deskgate.desk.errors import (
    AlreadyDecided,
    BadInput,
    DeskError,
    Forbidden,
    OutcomeUnknown,
    SelfApproval,
    UpstreamUnavailable,
)
from deskgate.desk.look import Look, check, check_age, look_at, show
from deskgate.desk.multimail import Mail, Stage
from deskgate.desk.principals import DECIDE, Principal
from deskgate.desk.replies import (
    APPROVING,
    CANCELLED,
    CANCELLING,
    FAILED,
    GONE_OUT,
    HELD,
    REJECTED,
    REJECTING,
    SENDING,
    SENT,
    Reply,
)
from deskgate.desk.settle import begun_decision, keep, on_its_way, read_mail, record, settle
from deskgate.desk.suppression import suppression_of
from deskgate.desk.wire import Conflict, Missing
from deskgate.desk.zendesk import Ticket

log = logging.getLogger("deskgate.decide")

Decision = Literal["approve", "reject"]

SCAN_LOOKS = 8
SCAN_PAUSE_SECONDS = 0.4
OPEN = (HELD, APPROVING, REJECTING, CANCELLING)


@dataclass(frozen=True)
class Confirmation:
    """A person said yes in the chat, to the mail behind this digest. `by` says who asked them."""

    by: str
    digest: str


async def known_reply(core: Core, message_id: str) -> Reply:
    """The reply behind MultiMail's message id.

    Raises:
        BadInput: no reply with that id was drafted here.
    """
    reply = await core.store.reply_of_message(message_id)
    if reply is None:
        raise BadInput("No reply with that message_id was drafted here. `list_zendesk_pending` shows the ids.")
    return reply


async def look_at_held(core: Core, caller: Principal, message_id: str) -> Look | None:
    """Look at a reply that waits for a decision, and remember that it was shown.

    Gives `None` where there is nothing to look at any more: it was decided, cancelled or sent.
    """
    reply = await known_reply(core, message_id)
    if reply.state not in OPEN:
        await settle(core, reply)
        return None
    _, look = await _look(core, reply)
    return await show(core, look, caller) if look else None


async def decide(
    core: Core,
    caller: Principal,
    message_id: str,
    decision: Decision,
    *,
    digest: str | None = None,
    reason: str | None = None,
    confirmation: Confirmation | None = None,
) -> Reply:
    """Carry out a decision, once.

    The same decision again gives the same answer; the other one is `AlreadyDecided`. Rejecting is always possible.

    Raises:
        Forbidden: the caller may not decide, or no deciding key is set.
        SelfApproval: the caller or their owner drafted this reply, and they are no solo person who confirmed it.
        DigestMismatch, TicketChanged: what was seen is not what is there, or was seen too long ago; nothing was sent.
        AlreadyDecided, OutcomeUnknown, UpstreamUnavailable, RateLimited
    """
    _entitled(core, caller)
    async with core.alone(message_id):
        reply = await known_reply(core, message_id)
        over = _over(reply, decision)
        if over:
            return over
        reply, look = await _look(core, reply)
        if look is None:
            return _outside(reply, decision)
        _asked(core, caller, confirmation)
        seen_digest = confirmation.digest if confirmation else digest
        if decision == "approve":
            reason = await _not_their_own(core, caller, reply, confirmation, reason)
            await check(core, look, seen_digest)
            await check_age(core, look, seen_digest, caller)
        begun = await _begin(core, caller, look, decision, seen_digest, reason, confirmation)
        return await _carry_out(core, look, begun, decision)


def _entitled(core: Core, caller: Principal) -> None:
    if not caller.may(DECIDE):
        raise Forbidden("This principal may draft but not decide. Ask a reviewer.")
    if core.oversight is None:
        raise Forbidden("No deciding key is set (MULTIMAIL_OVERSIGHT_TOKEN), so nothing can be decided here.")


def _asked(core: Core, caller: Principal, confirmation: Confirmation | None) -> None:
    if core.asks and confirmation is None and caller.kind == "agent":
        raise core.unasked()


def _over(reply: Reply, decision: Decision) -> Reply | None:
    """The answer where the matter is closed, or an error; `None` where it can still be decided."""
    if reply.state in OPEN:
        return None
    if reply.state in (SENDING, FAILED) and not reply.decision:
        raise OutcomeUnknown("This draft never got a clear answer from MultiMail. Ask for the same draft again first.")
    return _outside(reply, decision)


def _outside(reply: Reply, decision: Decision) -> Reply:
    if reply.state in OPEN:
        raise OutcomeUnknown(
            "MultiMail no longer lists this reply as held and does not say why. Look at it in MultiMail.",
            message_id=reply.message_id,
        )
    if reply.decision == decision:
        return reply
    if reply.state == CANCELLED:
        raise AlreadyDecided("This reply was cancelled. Draft a new one.", message_id=reply.message_id)
    raise AlreadyDecided(
        f"This reply was already decided ({reply.decision}) by {reply.decided_by} at {reply.decided_at}. "
        "Nothing was changed.",
        message_id=reply.message_id,
    )


async def _not_their_own(
    core: Core, caller: Principal, reply: Reply, confirmation: Confirmation | None, reason: str | None
) -> str | None:
    """The reason to record; more than the one given where a writer approves after all."""
    if (caller.solo and confirmation is not None) or not caller.names & await core.store.drafters(reply.id):
        return reason
    allowed = await grounds(core, caller, reply)
    if allowed is None:
        raise SelfApproval(message_id=reply.message_id)
    return f"{reason} ({allowed})" if reason else allowed


async def _look(core: Core, reply: Reply) -> tuple[Reply, Look | None]:
    """Read mail and ticket side by side, wait a moment for a scan, and bring the row up to date with the mail.

    Gives the row, and the look where the mail is still held.
    """
    mails: list[Mail | None] = []
    with as_one_error():
        async with anyio.create_task_group() as group:

            async def read() -> None:
                mails.append(await _scanned(core, reply))

            group.start_soon(read)
            ticket = await _ticket(core, reply)
    # A group whose tasks have all ended does not say that the caller left in the meantime.
    await anyio.lowlevel.checkpoint_if_cancelled()
    mail = mails[0]
    if mail is None:
        return reply, None
    settled = await settle(core, reply, mail)
    return settled, look_at(settled, mail, ticket) if mail.stage is Stage.HELD else None


async def _ticket(core: Core, reply: Reply) -> Ticket | DeskError:
    """The ticket, or why it cannot be read: that stands in the way of approving and not of rejecting."""
    try:
        return await core.zendesk.ticket(reply.ticket_id)
    except DeskError as error:
        return error


async def _scanned(core: Core, reply: Reply) -> Mail | None:
    for _ in range(SCAN_LOOKS):
        mail = await read_mail(core, reply)
        if mail is None or mail.stage is not Stage.SCANNING:
            return mail
        await core.clock.sleep(SCAN_PAUSE_SECONDS)
    raise UpstreamUnavailable("MultiMail is still scanning this mail. Decide again in a few seconds; it stays held.")


async def _begin(
    core: Core,
    caller: Principal,
    look: Look,
    decision: Decision,
    digest: str | None,
    reason: str | None,
    confirmation: Confirmation | None,
) -> Reply:
    reply = look.reply
    begun = begun_decision(reply)
    if begun is not None and begun != decision and on_its_way(core, reply):
        raise OutcomeUnknown(
            f"A decision to {begun} this reply was sent and its answer was lost; it may still arrive. "
            "Decide again in a minute.",
            message_id=reply.message_id,
        )
    return await keep(
        core,
        replace(
            reply,
            state=APPROVING if decision == "approve" else REJECTING,
            decision=decision,
            decided_by=confirmation.by if confirmation else caller.id,
            decided_at=core.now(),
            decided_digest=digest or (reply.digest if decision == "approve" else look.digest),
            body_checked=not look.own_copy,
            footer=reply.footer if look.own_copy else look.footer,
            reason=reason,
            attempted_at=core.now(),
        ),
    )


async def _carry_out(core: Core, look: Look, begun: Reply, decision: Decision) -> Reply:
    done: Reply | None = None
    with unbroken():
        done = await _once(core, look, begun, decision, before=look.reply)
        # Deciding the same way twice cannot send twice: what was decided has left the queue. So one look, one repeat, unless
        # the recipient left meanwhile.
        if done is None and not (decision == "approve" and await suppression_of(core.store, begun.recipient)):
            done = await _once(core, look, begun, decision, before=begun)
    if done is None:
        raise OutcomeUnknown(
            f"MultiMail took the decision to {decision} and its answer was lost; the reply is still listed as held. "
            "Make the same decision again in a moment: it is carried out at most once.",
            message_id=begun.message_id,
        )
    return done


async def _once(core: Core, look: Look, begun: Reply, decision: Decision, *, before: Reply) -> Reply | None:
    """One call and, where its answer is unclear, one look; `None` where the same mail is still held after that.

    `before` is what the row says again where the call certainly had no effect.
    """
    oversight = core.oversight
    if oversight is None or begun.message_id is None:
        raise Forbidden("No deciding key is set (MULTIMAIL_OVERSIGHT_TOKEN), so nothing can be decided here.")
    try:
        await oversight.decide(begun.message_id, approve=decision == "approve", reason=begun.reason)
    except (OutcomeUnknown, Missing, Conflict) as error:
        log.info("decision on %s: %s, looking it up", begun.id, error.code)
        return await _looked_up(core, look, begun, decision)
    except DeskError:
        await keep(core, replace(before, version=begun.version))
        raise
    state = SENT if decision == "approve" else REJECTED
    sent_at = core.now() if state == SENT else None

    def told(row: Reply) -> Reply | None:
        if row.state in GONE_OUT or row.state == REJECTED:
            return None
        return replace(begun, version=row.version, footer=row.footer, state=state, sent_at=sent_at)

    return await record(core, begun, told)


async def _looked_up(core: Core, look: Look, begun: Reply, decision: Decision) -> Reply | None:
    try:
        mail = await read_mail(core, begun)
        settled = await settle(core, begun, mail)
    except DeskError as error:
        raise OutcomeUnknown(
            f"MultiMail's answer to the decision to {decision} was lost and looking it up failed ({error.code}). "
            "Make the same decision again in a moment: it is carried out at most once.",
            message_id=begun.message_id,
        ) from error
    if settled.state in OPEN:
        if mail is not None and mail.stage is Stage.HELD:
            _same_mail(look, mail)
            return None
        raise OutcomeUnknown(
            "MultiMail no longer lists this reply as held and does not say whether the decision was the reason. "
            "Look at it in MultiMail, or track it here in a moment.",
            message_id=begun.message_id,
        )
    if settled.state == CANCELLED:
        raise AlreadyDecided("This reply was cancelled in the meantime.", message_id=begun.message_id)
    return _outside(settled, decision)


def _same_mail(look: Look, mail: Mail) -> None:
    """Between two tries of one decision somebody may have edited the mail: then the second try is another decision."""
    if look_at(look.reply, mail, look.unread).content != look.content:
        raise OutcomeUnknown(
            "The answer to the decision was lost, and the mail that MultiMail holds was changed since. List the pending "
            "replies and read it again before deciding.",
            message_id=look.reply.message_id,
        )
