"""What each event comes to. Nothing here trusts the event further than to say where to look."""

import logging
from dataclasses import dataclass

from deskgate.desk.audit.said import Once, Said, acting, acting_as
from deskgate.desk.audit.telling import of_complaint, of_stale
from deskgate.desk.cancel import CANCELLABLE, cancel
from deskgate.desk.clock import iso
from deskgate.desk.core import Core
from deskgate.desk.errors import AlreadyDecided, DeskError
from deskgate.desk.inbox import anchoring, notices
from deskgate.desk.inbox.arriving import Letter, NotShown, lane_of, letter_of, ticket_of_letter
from deskgate.desk.inbox.effects import Change, Effect, done, effect_of, intent, perform
from deskgate.desk.inbox.events import Event, Events
from deskgate.desk.inbox.heeding import WISHES, wish, written_to
from deskgate.desk.inbox.payloads import MailEvent, TicketEvent, read_multimail, read_trigger
from deskgate.desk.inbox.strict import Unreadable
from deskgate.desk.look import look_at
from deskgate.desk.people import key_of
from deskgate.desk.principals import DRAFT, Principal
from deskgate.desk.replies import BOUNCED, GONE_OUT, HELD, Reply
from deskgate.desk.settle import read_mail, settle
from deskgate.desk.store.tables import Step, named_queries
from deskgate.desk.suppression import add as suppressed

log = logging.getLogger("deskgate.inbox")

# Who takes held replies back when their recipient wants no mail any more. It can do nothing else.
DOORKEEPER = Principal("deskgate", "policy", frozenset({DRAFT}))
OURS = "desk"


class HopelessError(Exception):
    """The event cannot be worked on, and no later try will change that."""


@dataclass(frozen=True)
class Told:
    """What the desk tells itself: something is owed for one of its replies."""

    what: str
    reply_id: str


Word = MailEvent | TicketEvent | Told


async def handle(core: Core, events: Events, event: Event) -> None:
    """Work on one event to its end: its effects are on the ticket and it is done, or an error says why not.

    Raises:
        HopelessError: bury it.
        DeskError: try again later.
        LeaseLostError: another worker has it.
    """
    if event.source == OURS and event.event_id.startswith(anchoring.PREFIX):
        await anchoring.anchor(core, events, event)
        return
    word = read(event)
    if isinstance(word, MailEvent) and word.kind == "unknown":
        await events.finish(event, remark=f"nothing to do for {word.name[:60]}")
    elif isinstance(word, TicketEvent):
        await _ticket_changed(core, events, event, word)
    elif isinstance(word, MailEvent) and word.kind == "received":
        await _received(core, events, event, word)
    else:
        await _about_reply(core, events, event, word)


def read(event: Event) -> Word:
    """The event in our terms.

    Raises:
        HopelessError: it cannot be read.
    """
    if event.source == OURS:
        what, _, reply_id = event.event_id.partition(":")
        return Told(what, reply_id)
    word = read_trigger(event.body) if event.source == "zendesk" else read_multimail(event.body)
    if isinstance(word, Unreadable):
        raise HopelessError(f"unreadable: {word.reason}")
    return word


async def _received(core: Core, events: Events, event: Event, word: MailEvent) -> None:
    try:
        letter = await letter_of(core, word)
    except NotShown:
        # Perhaps it never will: in a lane of its own it holds up nobody, as a mail does that could not be read.
        if await events.route(event, f"mail:{word.email_id}"):
            raise
        return
    ticket_id = await ticket_of_letter(core, letter)
    lane = await lane_of(core, ticket_id) if ticket_id else f"mail:{letter.email_id}"
    if not await events.route(event, lane, after_unread=True):
        return
    # An earlier mail may have moved the conversation to a follow-up ticket while this one was being read.
    ticket_id = await ticket_of_letter(core, letter)
    key = f"received:{letter.email_id}"
    if ticket_id is None:
        arrived = _arrival(core, letter, event, None, verified=False)
        await events.finish(event, said=[arrived], remark="no ticket belongs to this mail")
        return
    ticket = await core.zendesk.ticket(ticket_id)
    requester = ticket.requester.email if ticket.requester else None
    verified = requester is not None and key_of(requester) == key_of(letter.sender)
    change = _change_of(letter, verified=verified)
    said = [
        _arrival(core, letter, event, ticket_id, verified=verified),
        intent(core, key, event.number, ticket_id, change, person=letter.sender),
    ]
    leaves = letter.wants_out and verified
    if leaves:
        off = suppressed(
            core.store, letter.sender, reason="unsubscribed by mail", source=key, ticket_id=ticket_id, since=core.now()
        )
        said.append(off)
    await events.keep(event, said=said)
    if leaves:
        await take_back(core, letter.sender)
    await _perform(core, events, event, key, letter)


def _change_of(letter: Letter, *, verified: bool) -> Change:
    remarks = letter.remarks
    tags: list[str] = []
    if letter.wants_out:
        remarks += (notices.wants_out(letter.sender) if verified else notices.wants_out_unproven(letter.sender),)
        tags += [notices.UNSUBSCRIBED_TAG] if verified else []
    text = notices.answered(
        letter.sender, letter.words, letter.original, kind=letter.kind, verified=verified, remarks=remarks
    )
    if letter.kind != "answer":
        return Change(text, None, tuple(tags))
    return Change(text, "open", (notices.ANSWERED_TAG, *tags))


async def _perform(core: Core, events: Events, event: Event, key: str, letter: Letter | None = None) -> None:
    effect = await effect_of(core, key)
    if effect is None:
        raise HopelessError(f"the effect {key} is not on record")
    if effect.done:
        await events.finish(event, remark="this was done for an earlier event")
        return
    proven = await perform(core, effect)
    steps = _moved(core, letter, effect, proven) if letter is not None else []
    await events.finish(event, *steps, said=[done(core, proven)])
    if letter is not None:
        await _tag(core, letter.email_id, proven.ticket_id)


def _moved(core: Core, letter: Letter, meant: Effect, proven: Effect) -> list[Step]:
    """Where the ticket was closed: what its customer writes from now on belongs to the follow-up ticket."""
    if proven.ticket_id == meant.ticket_id:
        return []
    follow_up = {"closed_id": meant.ticket_id, "ticket_id": proven.ticket_id, "since": core.now()}
    return [
        (_sql(core, "move_arrival"), {"email_id": letter.email_id, "ticket_id": proven.ticket_id}),
        (_sql(core, "go_on_in"), follow_up),
    ]


async def _tag(core: Core, email_id: str, ticket_id: int) -> None:
    """For people who look at MultiMail; our own record is what counts, so a failure is let be."""
    try:
        await core.outbox.tag(email_id, {"zendesk": str(ticket_id)})
    except DeskError as error:
        log.info("mail %s could not be tagged: %s", email_id, error.code)


async def take_back(core: Core, address: str) -> None:
    """Cancel every reply to this address that is not out yet.

    Raises:
        DeskError: one of them could not be cancelled now; doing it all again is safe.
    """
    for row in await core.store.rows(_sql(core, "held_for"), address=key_of(address)):
        reply = await settle(core, Reply(**row))
        if reply.state in CANCELLABLE and reply.message_id is not None:
            try:
                with acting_as(DOORKEEPER.who):
                    await cancel(core, DOORKEEPER, reply.message_id, "the recipient unsubscribed")
            except AlreadyDecided:
                log.info("reply %s had been decided before its recipient unsubscribed", reply.id)


async def _about_reply(core: Core, events: Events, event: Event, word: MailEvent | Told) -> None:
    reply = await _reply_of(core, word)
    if reply is None:
        await events.finish(event, remark="this mail was not drafted here")
        return
    if not await events.route(event, await lane_of(core, reply.ticket_id)):
        return
    kind = word.what if isinstance(word, Told) else word.kind
    if kind == "pending":
        await _by_policy(core, reply)
        await events.finish(event)
        return
    if isinstance(word, MailEvent):
        reply = await settle(core, reply, late=kind == "bounced")
    if kind in WISHES:
        await _off_the_list(core, events, event, reply, kind)
    elif kind == "bounced" and reply.state == BOUNCED:
        change = Change(notices.bounced(reply), None, (notices.BOUNCED_TAG,))
        await _once(core, events, event, reply, "bounced", change)
    elif kind in ("sent", "approved", "delivered", "bounced") and reply.state in GONE_OUT:
        await _once(core, events, event, reply, "sent", Change(notices.sent(reply)))
    else:
        await events.finish(event, remark=f"the reply is {reply.state}")


async def _reply_of(core: Core, word: MailEvent | Told) -> Reply | None:
    if isinstance(word, Told):
        return await core.store.reply(word.reply_id)
    return await core.store.reply_of_message(word.email_id or "")


async def _once(core: Core, events: Events, event: Event, reply: Reply, what: str, change: Change) -> None:
    key = f"{what}:{reply.id}"
    owed = intent(core, key, event.number, reply.ticket_id, change, person=reply.recipient)
    await events.keep(event, said=[owed])
    await _perform(core, events, event, key)


async def _off_the_list(core: Core, events: Events, event: Event, reply: Reply, kind: str) -> None:
    wished = wish(core, reply, kind)
    if wished is None:
        await events.finish(event, remark="its recipient was erased, and their address is not known here")
        return
    key = f"{kind}:{reply.id}"
    text = notices.complained(reply) if kind == "complained" else notices.wants_out(notices.recipient(reply))
    tag = notices.COMPLAINED_TAG if kind == "complained" else notices.UNSUBSCRIBED_TAG
    told = of_complaint(reply, kind, event.number)
    change = Change(text, None, (tag,))
    owed = intent(core, key, event.number, reply.ticket_id, change, *told, person=reply.person)
    await events.keep(event, said=[wished, owed])
    for address in await written_to(core, reply):
        await take_back(core, address)
    await _perform(core, events, event, key)


async def _by_policy(core: Core, reply: Reply) -> None:
    if core.policies is None or reply.state != HELD:
        return
    from deskgate.desk.policy import automatic

    await automatic(core, core.policies, reply, once=True)


async def _ticket_changed(core: Core, events: Events, event: Event, word: TicketEvent) -> None:
    """Say of each held reply why it no longer fits, if it does not."""
    if not await events.route(event, await lane_of(core, word.ticket_id)):
        return
    held = [one for one in await core.store.replies_of_ticket(word.ticket_id) if one.state == HELD]
    steps: list[Once] = []
    if held:
        ticket = (await core.zendesk.tickets({word.ticket_id})).get(word.ticket_id)
        for reply in held:
            mail = await read_mail(core, reply)
            why = "; ".join(look_at(reply, mail, ticket).moved) if mail else None
            steps.append(
                Once((_sql(core, "set_stale"), {"id": reply.id, "stale": why or None}), (of_stale(reply, why),))
            )
    await events.finish(event, said=steps)


def _arrival(core: Core, letter: Letter, event: Event, ticket_id: int | None, *, verified: bool) -> Once:
    values = {
        "email_id": letter.email_id,
        "ticket_id": ticket_id,
        "thread_id": letter.thread_id,
        "sender": letter.sender,
        "person": key_of(letter.sender),
        "verified": verified,
        "subject": letter.subject,
        "words": letter.words,
        "original": letter.original,
        "kind": "unsubscribe" if letter.wants_out else letter.kind,
        "arrived_at": iso(letter.arrived_at),
    }
    said = Said(
        "email.received",
        acting(),
        {"ticket": ticket_id, "message": letter.email_id, "thread": letter.thread_id, "event": event.number},
        {"kind": values["kind"], "verified": verified},
        {"status": "done"},
        {"from": letter.sender, "subject": letter.subject, "words": letter.words},
        key_of(letter.sender),
    )
    return Once((_sql(core, "add_arrival"), values), (said,))


def _sql(core: Core, name: str) -> str:
    return named_queries(__package__, core.store.dialect)[name]
