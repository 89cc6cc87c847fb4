"""Taking a reply back while it is still held."""

from dataclasses import replace

from deskgate.desk.core import Core, unbroken
from deskgate.desk.decide import known_reply
from deskgate.desk.errors import AlreadyDecided, DeskError, OutcomeUnknown, UpstreamUnavailable
from deskgate.desk.multimail import Stage
from deskgate.desk.principals import Principal
from deskgate.desk.replies import APPROVING, CANCELLED, CANCELLING, HELD, REJECTING, Reply
from deskgate.desk.settle import keep, read_mail, record, settle, settle_if_possible
from deskgate.desk.wire import Conflict, Missing

CANCELLABLE = (HELD, APPROVING, REJECTING, CANCELLING)


async def cancel(core: Core, caller: Principal, message_id: str, reason: str | None = None) -> Reply:
    """Cancel a held reply. Cancelling again gives the same answer.

    A decision whose answer was lost does not stand in the way: MultiMail carries out whichever arrives first, and says
    so.

    Raises:
        BadInput: no such reply.
        AlreadyDecided: it was decided before; a sent mail cannot be taken back.
        OutcomeUnknown: the answer was lost; cancelling again is safe.
    """
    async with core.alone(message_id):
        reply = await settle_if_possible(core, await known_reply(core, message_id))
        if reply.state == CANCELLED:
            return reply
        if reply.state not in CANCELLABLE:
            raise AlreadyDecided(
                f"This reply is {reply.state}; only a held reply can be cancelled. Nothing was changed.",
                message_id=message_id,
            )
        begun = replace(reply, state=CANCELLING, attempted_at=core.now())
        if reply.decision is None:  # else the row still has to say who made the decision that may arrive
            begun = replace(begun, reason=reason, decided_by=caller.id)
        begun = await keep(core, begun)
        with unbroken():
            return await _cancelled(core, caller, reply, begun, reason)
    raise OutcomeUnknown("MultiMail took too long over this. Cancel again: it is safe.")


async def _cancelled(core: Core, caller: Principal, before: Reply, begun: Reply, reason: str | None) -> Reply:
    message_id = begun.message_id or ""
    try:
        await (await core.outbox.at(begun.mailbox)).cancel(message_id)
    except (AlreadyDecided, Missing, Conflict):
        return await _refused(core, before, begun)
    except OutcomeUnknown:
        settled = await settle_if_possible(core, begun)
        if settled.state == CANCELLED:
            return settled
        raise
    except DeskError:
        await keep(core, replace(before, version=begun.version))
        raise

    def told(row: Reply) -> Reply | None:
        done = replace(row, state=CANCELLED, decision=None, decided_digest=None)
        done = replace(done, decided_by=caller.id, decided_at=core.now(), reason=reason)
        return None if row.state == CANCELLED else done

    return await record(core, begun, told)


async def _refused(core: Core, before: Reply, begun: Reply) -> Reply:
    """MultiMail would not cancel: because of a decision, or because it is at work on the mail."""
    try:
        mail = await read_mail(core, begun)
        settled = await settle(core, begun, mail)
    except DeskError as error:
        raise OutcomeUnknown(
            f"MultiMail refused the cancellation and looking up the reason failed ({error.code}). Cancel again: it is safe.",
            message_id=begun.message_id,
        ) from error
    if settled.state == CANCELLED:
        return settled
    if settled.state == CANCELLING:
        await keep(core, replace(before, version=settled.version))
        if mail is not None and mail.stage in (Stage.HELD, Stage.SCANNING):
            raise UpstreamUnavailable(
                "MultiMail refused the cancellation and still lists the reply as held. Cancel again in a moment.",
                message_id=begun.message_id,
            )
    raise AlreadyDecided(
        "MultiMail says this reply can no longer be cancelled. Track it to see what became of it.",
        message_id=begun.message_id,
    )
