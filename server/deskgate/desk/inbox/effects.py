"""One change of a ticket, made once, whatever the network does.

The intent is on record before the call. The update is conditional on the ticket's stamp and carries a marker, so that all
tries under one stamp land at most once and the marker tells whether one did. What was begun is looked up before it is tried
again, and the ticket is read before that look: what the ticket moved past can no longer land.
"""

import hashlib
import json
import logging
from dataclasses import dataclass, replace
from typing import Any

from deskgate.desk.audit.said import Once, Said, acting
from deskgate.desk.core import Core, unbroken
from deskgate.desk.errors import OutcomeUnknown
from deskgate.desk.people import key_of
from deskgate.desk.store.tables import named_queries
from deskgate.desk.zendesk import Ticket

log = logging.getLogger("deskgate.effects")

INTENT, ENDED = "intent", "done"


@dataclass(frozen=True)
class Change:
    """What a ticket is to show: a private note, and with it a status and more tags where they are said."""

    text: str
    status: str | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Effect:
    """A change that was intended, under the key of what happened in the world. `remote_id` proves it: the comment's id.

    `ticket_id` is where the change went: another ticket than the one intended where that was closed.
    """

    key: str
    marker: str
    kind: str
    ticket_id: int
    change: Change
    stamp: str | None
    state: str
    version: int
    attempted_at: str | None
    remote_id: str | None

    @property
    def done(self) -> bool:
        """Whether it is proven to be on the ticket."""
        return self.state == ENDED


def marker_of(key: str) -> str:
    """What the update carries. It follows from the key, so that any worker can look for it."""
    return hashlib.sha256(f"deskgate {key}".encode()).hexdigest()[:32]


def intent(
    core: Core, key: str, event_number: int, ticket_id: int, change: Change, *also: Said, person: str | None = None
) -> Once:
    """The intent and its record; nothing where the same thing was intended before. `also` goes on record with it.

    `person` is the address whose words the change holds.
    """
    whose = key_of(person) if person else None
    values = {
        "key": key,
        "person": whose,
        "marker": marker_of(key),
        "kind": key.partition(":")[0],
        "event_number": event_number,
        "ticket_id": ticket_id,
        "plan": json.dumps(vars(change)),
        "begun_at": core.now(),
    }
    begun = Said(
        "ticket.write",
        acting(),
        _object(key, ticket_id) | {"event": event_number},
        {"sets": change.status, "tags": list(change.tags)},
        {"status": "intended"},
        {"note": change.text},
        whose,
    )
    return Once((_sql(core, "add_effect"), values), (begun, *also))


def _object(key: str, ticket_id: int) -> dict[str, object]:
    kind, _, about = key.partition(":")
    return {"ticket": ticket_id, "marker": marker_of(key), "kind": kind, "about": about}


async def effect_of(core: Core, key: str) -> Effect | None:
    """The effect under that key."""
    found = await core.store.rows(_sql(core, "effect"), key=key)
    return _effect(found[0]) if found else None


def done(core: Core, effect: Effect) -> Once:
    """The proof and its record; nothing where it is known already."""
    values = {"key": effect.key, "remote_id": effect.remote_id, "ticket_id": effect.ticket_id, "now": core.now()}
    res = {"status": "done", "remote": effect.remote_id}
    return Once(
        (_sql(core, "effect_done"), values),
        (Said("ticket.write", acting(), _object(effect.key, effect.ticket_id), res=res),),
    )


async def perform(core: Core, effect: Effect) -> Effect:
    """Make the change, or find that it was made; gives the effect with its proof, for `done` to record.

    Raises:
        TicketNotFound: there is no such ticket any more.
        OutcomeUnknown, Conflict, UpstreamUnavailable, RateLimited: not proven; perform it again a moment later.
    """
    if effect.done:
        return effect
    ticket = await core.zendesk.ticket(effect.ticket_id)
    if effect.attempted_at is not None:
        found = await core.zendesk.landed(ticket, effect.marker, effect.stamp)
        if found:
            return replace(effect, state=ENDED, remote_id=str(found.comment_id))
    effect = await _attempted(core, effect, ticket.stamp)
    result: Effect | None = None
    with unbroken():
        result = await (_followed_up if ticket.status == "closed" else _written)(core, effect, ticket)
    if result is None:
        raise OutcomeUnknown("Zendesk took too long over this ticket.", ticket_id=effect.ticket_id)
    return result


async def _written(core: Core, effect: Effect, ticket: Ticket) -> Effect:
    change = effect.change
    status = change.status if change.status != ticket.status else None
    tags = (*ticket.tags, *change.tags) if set(change.tags) - set(ticket.tags) else None
    note = await core.zendesk.write_note(
        ticket.id, change.text, marker=effect.marker, stamp=ticket.stamp, status=status, tags=tags
    )
    return replace(effect, state=ENDED, remote_id=str(note.comment_id))


async def _followed_up(core: Core, effect: Effect, ticket: Ticket) -> Effect:
    """A closed ticket takes nothing any more: what reopens it goes on in a new one, anything else is let be."""
    if effect.change.status is None:
        return replace(effect, state=ENDED, remote_id=None)
    made = await core.zendesk.follow_up(ticket, effect.change.text, marker=effect.marker, tags=effect.change.tags)
    return replace(effect, state=ENDED, ticket_id=made, remote_id=f"ticket {made}")


async def _attempted(core: Core, effect: Effect, stamp: str) -> Effect:
    values = {"key": effect.key, "version": effect.version, "stamp": stamp, "now": core.now()}
    tried = Said("ticket.write", acting(), _object(effect.key, effect.ticket_id), res={"status": "tried"})
    if await core.store.write((_sql(core, "attempt_effect"), values), said=[tried]) != 1:
        raise OutcomeUnknown("Another worker is at this ticket right now.", ticket_id=effect.ticket_id)
    return replace(effect, stamp=stamp, version=effect.version + 1, attempted_at=core.now())


def _effect(row: dict[str, Any]) -> Effect:
    plan = json.loads(row["plan"])
    return Effect(
        key=row["key"],
        marker=row["marker"],
        kind=row["kind"],
        ticket_id=row["ticket_id"],
        change=Change(plan["text"], plan["status"], tuple(plan["tags"])),
        stamp=row["stamp"],
        state=row["state"],
        version=row["version"],
        attempted_at=row["attempted_at"],
        remote_id=row["remote_id"],
    )


def _sql(core: Core, name: str) -> str:
    return named_queries(__package__, core.store.dialect)[name]
