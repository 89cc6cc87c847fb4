"""Finding out what became of a reply: our row says what we began, MultiMail says what is."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from deskgate.desk.clock import iso, parse_time
from deskgate.desk.core import Core
from deskgate.desk.digest import Content, Seen, digest_of, split_footer
from deskgate.desk.errors import DeskError, OutcomeUnknown, UpstreamUnavailable
from deskgate.desk.multimail import Accepted, Draft, Mail, Stage
from deskgate.desk.replies import (
    APPROVING,
    BOUNCED,
    CANCELLED,
    CANCELLING,
    DELIVERED,
    FAILED,
    GONE_OUT,
    HELD,
    OUTSIDE,
    OVER,
    REJECTED,
    REJECTING,
    SENDING,
    SENT,
    UNDERWAY,
    Reply,
)
from deskgate.desk.wire import Missing

log = logging.getLogger("deskgate.settle")

# A decision whose answer was lost may still be on its way for this long.
STILL_ON_ITS_WAY = timedelta(seconds=60)
RECORD_TRIES = 4

_STATE_OF_STAGE = {
    Stage.SENT: SENT,
    Stage.DELIVERED: DELIVERED,
    Stage.BOUNCED: BOUNCED,
    Stage.REJECTED: REJECTED,
    Stage.CANCELLED: CANCELLED,
}
# Of a mail that was decided before it was handed over, so that nothing should hold it.
_STATE_OF_LEAVING = {**_STATE_OF_STAGE, Stage.HELD: HELD, Stage.FAILED: FAILED}
_DECISION_OF_STATE = {SENT: "approve", DELIVERED: "approve", BOUNCED: "approve", REJECTED: "reject"}
_BEGUN = {APPROVING: "approve", REJECTING: "reject"}


async def keep(core: Core, reply: Reply) -> Reply:
    """Save what is about to be done to a reply.

    Raises:
        UpstreamUnavailable: another process changed the same reply in between; nothing was overwritten.
    """
    saved = await core.store.save_reply(reply)
    if saved is None:
        raise UpstreamUnavailable("Somebody else is working on this reply right now. Look at it again in a moment.")
    return saved


async def record(core: Core, reply: Reply, change: Callable[[Reply], Reply | None]) -> Reply:
    """Save what certainly happened, on whatever the row is by now: another process may have changed it in between.

    `change` gives the row with the fact in it, or `None` where the row tells it (or something later) already.
    """
    row: Reply | None = reply
    for _ in range(RECORD_TRIES):
        changed = change(row) if row else None
        if row is None or changed is None:
            break
        saved = await core.store.save_reply(changed)
        if saved is not None:
            return saved
        row = await core.store.reply(reply.id)
    if row is None or changed is not None:
        raise UpstreamUnavailable("Somebody else is working on this reply right now. Look at it again in a moment.")
    return row


async def read_mail(core: Core, reply: Reply) -> Mail | None:
    """What MultiMail holds for this reply; `None` where it no longer lists it (the short form forgets)."""
    if reply.message_id is None:
        return None
    try:
        return await (await core.outbox.at(reply.mailbox)).read(reply.message_id)
    except Missing:
        if core.outbox.form is None:  # until it is known which routes there are, a missing one says nothing of the mail
            raise UpstreamUnavailable("MultiMail did not answer as expected. Try again in a moment.") from None
        return None


async def settle(core: Core, reply: Reply, mail: Mail | None = None, *, late: bool = False) -> Reply:
    """Bring a row up to date with MultiMail. Without news the row stays as it is.

    `late`: also look whether a delivered mail came back after all, as some do days later.

    A decision that we did not make is recorded as made outside deskgate, never as ours.
    """
    if reply.state == SENDING and reply.message_id is None:  # what is found there may have been decided by now
        reply = await _found_if_told(core, reply)
    if reply.message_id is None or _over(reply, late):
        return reply
    mail = mail or await read_mail(core, reply)
    states = _STATE_OF_LEAVING if reply.state == SENDING else _STATE_OF_STAGE
    state = states.get(mail.stage) if mail else None
    if mail is None or state is None:
        return reply

    def told(row: Reply) -> Reply | None:
        known = _over(row, late) or row.state == state
        return None if known else _settled(core, row, mail, state)

    return await record(core, reply, told)


def _over(reply: Reply, late: bool) -> bool:
    return reply.state in OVER and not (late and reply.state == DELIVERED)


async def settle_if_possible(core: Core, reply: Reply) -> Reply:
    """The same where an old answer is better than none: a service that cannot be asked leaves the row as it is."""
    try:
        return await settle(core, reply)
    except DeskError as error:
        log.info("reply %s could not be looked up: %s", reply.id, error.code)
        return reply


def _settled(core: Core, reply: Reply, mail: Mail, state: str) -> Reply:
    if state in (HELD, FAILED):  # it did not leave as decided: a person decides, or nobody
        return replace(unbegun(reply), state=state)
    now = core.now()
    changed = replace(reply, state=state)
    if reply.state == SENDING and mail.body is not None:  # only now can be compared what was decided unheld
        body, footer = split_footer(reply.body, mail.body)
        changed = replace(changed, footer=footer, body_checked=body == reply.body)
    decision = _DECISION_OF_STATE.get(state)
    if decision and reply.decision != decision:
        who = OUTSIDE
        when = iso(mail.approved_at) if mail.approved_at else now
        changed = replace(changed, decision=decision, decided_by=who, decided_at=when, decided_digest=None, reason=None)
    if state == CANCELLED:
        changed = replace(changed, decision=None, decided_digest=None, decided_at=reply.decided_at or now)
    if state in GONE_OUT:
        changed = replace(changed, sent_at=reply.sent_at or (iso(mail.approved_at) if mail.approved_at else now))
    if mail.delivered_at:
        changed = replace(changed, delivered_at=iso(mail.delivered_at))
    if mail.bounced_at:
        changed = replace(changed, bounced_at=iso(mail.bounced_at), bounce_type=mail.bounce_type)
    return changed


def draft_of(reply: Reply, ticket_status: str = "") -> Draft:
    """The reply as it is handed to MultiMail, and as it is looked for there."""
    return Draft(
        to=reply.recipient,
        subject=reply.subject,
        body=reply.body,
        ticket_id=reply.ticket_id,
        ticket_status=ticket_status,
        key=reply.id,
        thread_id=reply.thread_id,
    )


async def find_lost(core: Core, reply: Reply) -> Reply | None:
    """Look for a mail whose answer was lost; the held reply, or `None` where MultiMail shows no such mail.

    Raises:
        OutcomeUnknown: what MultiMail shows does not settle it.
    """
    found = await (await core.outbox.at(reply.mailbox)).find(draft_of(reply))
    if found is None:
        return None
    owner = await core.store.reply_of_message(found.message_id)
    if owner is not None and owner.id != reply.id:  # the same words to the same person, on another ticket
        return None
    return await accept(core, reply, found)


async def _found_if_told(core: Core, reply: Reply) -> Reply:
    try:
        return await find_lost(core, reply) or reply
    except OutcomeUnknown:
        return reply


async def accept(core: Core, reply: Reply, accepted: Accepted) -> Reply:
    """Record that MultiMail has the mail, and tag it there. It is held, unless it was decided before it was sent."""

    def told(row: Reply) -> Reply | None:
        if row.message_id is not None:
            return None
        there = replace(row, message_id=accepted.message_id, thread_id=accepted.thread_id)
        digest = digest_of(there, Content.of_draft(there), Seen.load(there.seen))
        if there.decision:
            return replace(there, digest=digest, decided_digest=digest)
        return replace(there, state=HELD, digest=digest)

    held = await record(core, reply, told)
    try:
        await (await core.outbox.at(held.mailbox)).tag(accepted.message_id, draft_of(held).marks)
    except DeskError as error:  # the map that counts is ours; the tag is a convenience for people at MultiMail
        log.info("reply %s is held but could not be tagged: %s", held.id, error.code)
    return held


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
    if on_its_way(core, reply):  # perhaps another process's own call, going on right now
        return reply
    mail = await read_mail(core, reply)
    if mail is None or mail.stage is not Stage.HELD:
        return reply
    return await keep(core, unbegun(reply))


def on_its_way(core: Core, reply: Reply) -> bool:
    """Whether a call that was begun for this reply, and whose answer was lost, may still arrive at MultiMail."""
    begun = parse_time(reply.attempted_at)
    return begun is not None and core.clock.now() - begun < STILL_ON_ITS_WAY


def unbegun(reply: Reply) -> Reply:
    """The reply as it was before a decision or cancellation that certainly had no effect."""
    return replace(reply, state=HELD, decision=None, decided_by=None, decided_at=None, decided_digest=None, reason=None)


def begun_decision(reply: Reply) -> str | None:
    """The decision that was begun and whose outcome is open."""
    return _BEGUN.get(reply.state)
