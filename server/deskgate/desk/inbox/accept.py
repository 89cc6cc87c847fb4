"""Taking in what a webhook brought: many requests share one commit, and each is answered after its own.

What arrives while a commit runs waits for the next one. There is no timer and no task of its own: whoever finds nobody
committing commits for all who wait, and then hands over to the first who came meanwhile.
"""

import hashlib
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Literal

import anyio

from deskgate.desk.store.tables import Step, Tables, named_queries

log = logging.getLogger("deskgate.inbox")

Source = Literal["multimail", "zendesk"]
Outcome = Literal["stored", "busy", "failed"]

# One write transaction keeps other processes waiting, so it stays short: about 20 ms for this many small events.
BATCH_EVENTS = 100
BATCH_BYTES = 4 * 1_048_576
# Half a second of work at the rate that one process reaches. Who comes beyond it is told to come again.
WAITING_EVENTS = 1_000


def digest(*parts: bytes) -> str:
    """SHA-256 of the parts, one after the other, in hex."""
    return hashlib.sha256(b"".join(parts)).hexdigest()


@dataclass(frozen=True)
class Arrival:
    """What came through a webhook, verified and unread.

    `event_id` says which event it is; the same id with another `body_hash` is kept, flagged and never worked on.
    `signed_hash` is the hash of everything that the sender signed, where that is more than the body: the same signed
    bytes are the same event under any id.
    `headers` is JSON.
    """

    source: Source
    event_id: str
    body_hash: str
    signed_hash: str | None
    headers: str
    body: bytes = field(repr=False)
    received_at: str


@dataclass(eq=False)
class _Place:
    """One arrival in the queue. `turn` is set when it is settled, or when it has to commit for all who wait."""

    arrival: Arrival
    turn: anyio.Event = field(default_factory=anyio.Event)
    outcome: Outcome | None = None


class Intake:
    """The way into the inbox. One per process. `stored` is called after each commit: there is work."""

    def __init__(
        self, store: Tables, *, waiting_events: int = WAITING_EVENTS, stored: Callable[[], None] = lambda: None
    ) -> None:
        self._store = store
        self._queries = named_queries("deskgate.desk.inbox", store.dialect)
        self._limit = waiting_events
        self._stored = stored
        self._waiting: deque[_Place] = deque()
        self._committing = False

    async def accept(self, arrival: Arrival) -> Outcome:
        """Store it.

        `stored`: it is on the disk, now or since an earlier time. `failed`: its whole batch was refused by the store.
        `busy`: too many wait; nothing was tried. A caller that leaves meanwhile changes nothing: others may wait for
        the commit that it makes.
        """
        if len(self._waiting) >= self._limit:
            return "busy"
        place = _Place(arrival)
        self._waiting.append(place)
        with anyio.CancelScope(shield=True):
            if self._committing:
                await place.turn.wait()
            if place.outcome is None:
                await self._commit()
        return place.outcome or "failed"

    async def _commit(self) -> None:
        self._committing = True
        batch = self._next_batch()
        outcome: Outcome = "failed"
        try:
            outcome = "stored" if await self._written([place.arrival for place in batch]) else "failed"
        finally:
            for place in batch:
                place.outcome = outcome
                place.turn.set()
            if outcome == "stored":
                self._stored()
            if self._waiting:
                self._waiting[0].turn.set()
            else:
                self._committing = False

    def _next_batch(self) -> list[_Place]:
        batch: list[_Place] = []
        bodies: dict[tuple[str, str], str] = {}
        size = 0
        while self._waiting and len(batch) < BATCH_EVENTS:
            arrival = self._waiting[0].arrival
            size += len(arrival.body)
            known = bodies.setdefault((arrival.source, arrival.event_id), arrival.body_hash)
            # The second body of an event is known by the first one's row, which has to be there before.
            if batch and (size > BATCH_BYTES or known != arrival.body_hash):
                break
            batch.append(self._waiting.popleft())
        return batch

    async def _written(self, arrivals: list[Arrival]) -> bool:
        try:
            changed = await self._store.write(*self._steps(arrivals))
            # No change is what a repeated first event gives, and also what a refused transaction gives.
            return bool(changed) or await self._all_there(arrivals)
        except Exception as error:  # whatever the database raises, the sender has to come again
            log.warning("%d events could not be stored: %s", len(arrivals), type(error).__name__)
            return False

    def _steps(self, arrivals: list[Arrival]) -> list[Step]:
        if self._store.dialect == "postgres":
            columns = {one.name: [getattr(arrival, one.name) for arrival in arrivals] for one in fields(Arrival)}
            return [(self._queries["accept_events"], columns)]
        return [(self._queries["accept_event"], vars(arrival)) for arrival in arrivals]

    async def _all_there(self, arrivals: list[Arrival]) -> bool:
        for one in arrivals:
            key = {"source": one.source, "event_id": one.event_id, "body_hash": one.body_hash}
            if not await self._store.rows(self._queries["accepted_event"], **key, signed_hash=one.signed_hash):
                return False
        return True


async def forget(store: Tables, *, before: str) -> int:
    """Drop the bodies of events that arrived before that time (ISO 8601, UTC) and need no more work; gives how many.

    Their ids and hashes stay for good, because MultiMail signs no time and could be replayed at any later day.
    """
    sql = named_queries("deskgate.desk.inbox", store.dialect)["forget_bodies"]
    return await store.write((sql, {"before": before, "nothing": b""}))
