"""Taking a reply back while it is still held."""

from dataclasses import replace

from deskgate.desk.core import Core, unbroken
from deskgate.desk.decide import known_reply
from deskgate.desk.errors import AlreadyDecided, DeskError, OutcomeUnknown
from deskgate.desk.principals import Principal
from deskgate.desk.replies import CANCELLED, CANCELLING, HELD, Reply
from deskgate.desk.settle import keep, settle, unbegun
from deskgate.desk.wire import Conflict, Missing

CANCELLABLE = (HELD, CANCELLING)


async def cancel(core: Core, caller: Principal, message_id: str, reason: str | None = None) -> Reply:
    """Cancel a held reply. Cancelling again gives the same answer.

    Raises:
        BadInput: no such reply.
        AlreadyDecided: it was decided before; a sent mail cannot be taken back.
        OutcomeUnknown: the answer was lost; cancelling again is safe.
    """
    async with core.alone(message_id):
        reply = await settle(core, await known_reply(core, message_id))
        if reply.state == CANCELLED:
            return reply
        if reply.state not in CANCELLABLE:
            raise AlreadyDecided(
                f"This reply is {reply.state}; only a held reply can be cancelled. Nothing was changed.",
                message_id=message_id,
            )
        begun = await keep(
            core,
            replace(reply, state=CANCELLING, reason=reason, decided_by=caller.id, attempted_at=core.now()),
        )
        with unbroken():
            return await _cancelled(core, begun, message_id)
    raise OutcomeUnknown("MultiMail took too long over this. Cancel again: it is safe.")


async def _cancelled(core: Core, begun: Reply, message_id: str) -> Reply:
    try:
        await core.outbox.cancel(message_id)
    except (AlreadyDecided, Missing, Conflict):
        settled = await settle(core, begun)
        if settled.state == CANCELLED:
            return settled
        if settled.state == CANCELLING:
            await keep(core, unbegun(settled))
        raise AlreadyDecided(
            "MultiMail says this reply can no longer be cancelled. Track it to see what became of it.",
            message_id=message_id,
        ) from None
    except OutcomeUnknown:
        settled = await settle(core, begun)
        if settled.state == CANCELLED:
            return settled
        raise
    except DeskError:
        await keep(core, unbegun(begun))
        raise
    return await keep(core, replace(begun, state=CANCELLED, decided_at=core.now()))
