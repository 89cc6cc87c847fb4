"""The inbox as a worker sees it: claim one event, work on it, and say what became of it.

A claim is a lease. Its fence rises with every claim, and every write of a worker names the fence that it got: whoever slept
through the end of the lease finds that nothing can be written any more.
"""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from deskgate.desk.audit.said import Once, Said, acting
from deskgate.desk.clock import Clock, iso
from deskgate.desk.store import Store
from deskgate.desk.store.tables import Step, Tail, named_queries

log = logging.getLogger("deskgate.inbox")

LEASE_SECONDS = 120.0
# Until it is known what an event is about it takes one read, and everything that came later may have to wait for it.
READING_SECONDS = 45.0
# Reading a mail takes some milliseconds or some seconds: looks that come rarer and rarer fit both. All in all three seconds.
UNREAD_LOOKS = 64
FIRST_LOOK_SECONDS, RARE_LOOK_SECONDS = 0.002, 0.05
UNREAD_PAUSE_SECONDS = 1.0
# After so many tries, some ten seconds, the order of a ticket's notes is worth less than that they are there.
UNREAD_TRIES = 3
TROUBLE_CHARS = 500
# Longer than any lease or pause: what lasts beyond it was set by a clock that was ahead, and is over.
BEYOND_SECONDS = 1_000.0

NEW, DONE, FLAGGED, DEAD = "new", "done", "flagged", "dead"


class LeaseLostError(Exception):
    """Another worker has this event by now. Whatever was not written yet is theirs to write."""


@dataclass(frozen=True)
class Event:
    """One event under a lease."""

    number: int
    source: str
    event_id: str
    body: bytes = field(repr=False)
    received_at: str
    lane: str | None
    tries: int
    fence: int


class Events:
    """The inbox of one database. Times are taken from the clock, never from the database."""

    def __init__(self, tables: Store, clock: Clock) -> None:
        self._tables = tables
        self._clock = clock
        self._sql = named_queries(__package__, tables.dialect)

    def _ms(self, later: float = 0.0) -> int:
        return int((self._clock.now().timestamp() + later) * 1000)

    async def add(self, source: str, event_id: str, body: bytes) -> bool:
        """Put in what nobody sent; false where it is there already."""
        values = {
            "source": source,
            "event_id": event_id,
            "body_hash": hashlib.sha256(body).hexdigest(),
            "signed_hash": None,
            "headers": "{}",
            "body": body,
            "received_at": iso(self._clock.now()),
        }
        return await self._tables.write((self._sql["add_event"], values)) == 1

    async def claim(self, *, mails: bool = True) -> Event | None:
        """The oldest event that is due, free, and the first open one of its lane; without `mails`, of those about none.

        While a mail that could not be read waits for its next try, younger unread mails wait behind it: see `route`.
        """
        found = await self._tables.rows(
            self._sql["claim"],
            now=self._ms(),
            until=self._ms(READING_SECONDS),
            unread_tries=UNREAD_TRIES,
            mails=int(mails),
            beyond=self._ms(BEYOND_SECONDS),
        )
        return Event(**{**found[0], "body": bytes(found[0]["body"])}) if found else None

    async def route(self, event: Event, lane: str, *, after_unread: bool = False) -> bool:
        """Say what the event is about; false where an earlier event of that lane comes first, and the claim ends.

        `after_unread`: wait for earlier mails that could not be read yet, as any of them may belong to that lane. One that
        was tried often enough is waited for no longer.
        """
        # First the lane and then the wait: mails that were read side by side wait for each other's reading, not in a row.
        await self._guarded(event, "route", (), lane=lane, until=self._ms(LEASE_SECONDS))
        if after_unread and not await self._all_read_before(event):
            await self._guarded(event, "step_back", (), due=self._ms(UNREAD_PAUSE_SECONDS))
            return False
        if not await self._tables.rows(self._sql["earlier"], lane=lane, number=event.number):
            return True
        await self._guarded(event, "release", ())
        return False

    async def _all_read_before(self, event: Event) -> bool:
        for look in range(UNREAD_LOOKS):
            if not await self._tables.rows(self._sql["earlier_unread"], number=event.number, tries=UNREAD_TRIES):
                return True
            await self._clock.sleep(min(FIRST_LOOK_SECONDS * 2**look, RARE_LOOK_SECONDS))
        return False

    async def let_go(self, event: Event) -> None:
        """Give up the claim, unfinished, so that nobody has to wait for the end of the lease. Raises as `keep` does."""
        await self._guarded(event, "release", ())

    async def keep(self, event: Event, *steps: Step, said: Sequence[Said | Once] = ()) -> None:
        """Write something on the way, and hold the event for a whole lease from now.

        Raises:
            LeaseLostError: nothing was written.
        """
        await self._guarded(event, "renew", steps, said, until=self._ms(LEASE_SECONDS))

    async def finish(
        self, event: Event, *steps: Step, said: Sequence[Said | Once] = (), remark: str | None = None
    ) -> None:
        """The event is done, together with the last steps or not at all. Raises as `keep` does."""
        await self._guarded(event, "finish", steps, said, now=iso(self._clock.now()), trouble=remark)

    async def postpone(self, event: Event, trouble: str, seconds: float) -> None:
        """Not now. Raises as `keep` does."""
        await self._guarded(event, "postpone", (), trouble=trouble[:TROUBLE_CHARS], due=self._ms(seconds))

    async def bury(self, event: Event, trouble: str) -> None:
        """No more tries until a person asks for one. Raises as `keep` does."""
        buried = [_said(event.number, "buried")]
        await self._guarded(event, "bury", (), buried, trouble=trouble[:TROUBLE_CHARS])

    async def _guarded(
        self, event: Event, name: str, steps: Sequence[Step], said: Sequence[Said | Once] = (), **values: Any
    ) -> None:
        first = (self._sql[name], {"number": event.number, "fence": event.fence, **values})
        tails = [Tail((self._sql["one"], {}), lambda _rows: steps)] if steps else []
        if await self._tables.write(first, tails=tails, said=said) != 1:
            raise LeaseLostError(f"event {event.number}")

    async def replay(self, number: int) -> bool:
        """Have a buried or finished event worked on again, from the beginning; its effects happen only once."""
        replayed = [_said(number, "replayed")]
        return await self._tables.write((self._sql["replay"], {"number": number}), said=replayed) == 1

    async def listed(self, *states: str, limit: int = 50) -> list[dict[str, Any]]:
        """The newest events in these states, without their bodies."""
        found = [
            row for state in states for row in await self._tables.rows(self._sql["listed"], state=state, limit=limit)
        ]
        return sorted(found, key=lambda row: -row["number"])[:limit]

    async def one(self, number: int) -> dict[str, Any] | None:
        """One event, whole."""
        found = await self._tables.rows(self._sql["event"], number=number)
        return found[0] if found else None

    async def effects(self, number: int) -> list[dict[str, Any]]:
        """The effects that this event was the first to ask for."""
        return await self._tables.rows(self._sql["effects_of_event"], number=number)

    async def backlog(self) -> dict[str, Any]:
        """How many events are open, how many are dead, and since when the oldest open one waits (`None`: none does)."""
        (found,) = await self._tables.rows(self._sql["backlog"])
        return {"open": int(found["open"] or 0), "dead": int(found["dead"] or 0), "oldest": found["oldest"]}


def _said(number: int, status: str) -> Said:
    """An event's own record; what is done for it has records of its own, which name it."""
    return Said("webhook.accept", acting(), {"event": number}, res={"status": status})
