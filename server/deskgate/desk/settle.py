"""Finding out what became of a reply: our row says what we began, MultiMail says what is."""

import logging
from dataclasses import replace

from deskgate.desk.clock import iso
from deskgate.desk.core import Core
from deskgate.desk.errors import DeskError, UpstreamUnavailable
from deskgate.desk.multimail import Mail, Stage
from deskgate.desk.replies import (
    APPROVING,
    BOUNCED,
    CANCELLED,
    CANCELLING,
    DELIVERED,
    HELD,
    OVER,
    REJECTED,
    REJECTING,
    SENT,
    UNDERWAY,
    Reply,
)
from deskgate.desk.wire import Missing

log = logging.getLogger("deskgate.settle")

_STATE_OF_STAGE = {
    Stage.SENT: SENT,
    Stage.DELIVERED: DELIVERED,
    Stage.BOUNCED: BOUNCED,
    Stage.REJECTED: REJECTED,
    Stage.CANCELLED: CANCELLED,
}
_DECISION_OF_STATE = {SENT: "approve", DELIVERED: "approve", BOUNCED: "approve", REJECTED: "reject"}
_BEGUN = {APPROVING: "approve", REJECTING: "reject"}


async def keep(core: Core, reply: Reply) -> Reply:
    """Save a changed reply.

    Raises:
        UpstreamUnavailable: another process changed the same reply in between; nothing was overwritten.
    """
    saved = await core.store.save_reply(reply)
    if saved is None:
        raise UpstreamUnavailable("Somebody else is working on this reply right now. Look at it again in a moment.")
    return saved


async def read_mail(core: Core, reply: Reply) -> Mail | None:
    """What MultiMail holds for this reply; `None` where it no longer lists it (the short form forgets)."""
    if reply.message_id is None:
        return None
    try:
        return await core.outbox.read(reply.message_id)
    except Missing:
        return None


async def settle(core: Core, reply: Reply, mail: Mail | None = None) -> Reply:
    """Bring a row up to date with MultiMail. Without news the row stays as it is.

    A decision that we did not make is recorded as made outside deskgate, never as ours.
    """
    if reply.message_id is None or reply.state in OVER:
        return reply
    mail = mail or await read_mail(core, reply)
    if mail is None:
        return reply
    state = _STATE_OF_STAGE.get(mail.stage)
    if state is None or state == reply.state:
        return reply
    return await keep(core, _settled(core, reply, mail, state))


def _settled(core: Core, reply: Reply, mail: Mail, state: str) -> Reply:
    now = core.now()
    changed = replace(reply, state=state)
    decision = _DECISION_OF_STATE.get(state)
    if decision and reply.decision != decision:
        who = "somebody at MultiMail, outside deskgate"
        when = iso(mail.approved_at) if mail.approved_at else now
        changed = replace(changed, decision=decision, decided_by=who, decided_at=when, decided_digest=None, reason=None)
    if state in (SENT, DELIVERED, BOUNCED):
        changed = replace(changed, sent_at=reply.sent_at or (iso(mail.approved_at) if mail.approved_at else now))
    if mail.delivered_at:
        changed = replace(changed, delivered_at=iso(mail.delivered_at))
    if mail.bounced_at:
        changed = replace(changed, bounced_at=iso(mail.bounced_at), bounce_type=mail.bounce_type)
    return changed


async def recover(core: Core) -> int:
    """At a start: look up every call that a crash may have cut off; gives how many rows are still open.

    Nothing is repeated here. A draft whose send was cut off continues when the same draft is asked for again, a
    decision when it is made again.
    """
    still_open = 0
    for reply in await core.store.replies_in_state(*UNDERWAY):
        try:
            settled = await settle(core, reply)
            if settled.state in (APPROVING, REJECTING, CANCELLING):
                settled = await _undone(core, settled)
        except DeskError as error:
            log.warning("reply %s is still open: %s", reply.id, error.code)
            settled = reply
        still_open += settled.state in UNDERWAY
    return still_open


async def _undone(core: Core, reply: Reply) -> Reply:
    mail = await read_mail(core, reply)
    if mail is None or mail.stage is not Stage.HELD:
        return reply
    return await keep(core, unbegun(reply))


def unbegun(reply: Reply) -> Reply:
    """The reply as it was before a decision or cancellation that certainly had no effect."""
    return replace(reply, state=HELD, decision=None, decided_by=None, decided_at=None, decided_digest=None, reason=None)


def begun_decision(reply: Reply) -> str | None:
    """The decision that was begun and whose outcome is open."""
    return _BEGUN.get(reply.state)
