"""Many webhooks in one commit: what is told to whom, and that nothing is half taken in."""

import hashlib
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from deskgate.desk.inbox import accept
from deskgate.desk.inbox.accept import Arrival, Intake, forget
from deskgate.desk.store import Store, open_store
from deskgate.desk.store.tables import Step

pytestmark = pytest.mark.anyio

ALL = "SELECT source, event_id, body, state FROM inbox_events ORDER BY number"


def arrival(body: bytes, *, event_id: str | None = None, received_at: str = "2026-01-28T12:00:00Z") -> Arrival:
    body_hash = hashlib.sha256(body).hexdigest()
    return Arrival("multimail", event_id or body_hash, body_hash, None, "{}", body, received_at)


class Gated:
    """A store whose commits wait until they are let through, and may fail."""

    def __init__(self, store: Store, *, shut: bool = True) -> None:
        self._store = store
        self.dialect = store.dialect
        self.batches: list[int] = []
        self.gate = anyio.Event()
        self.trouble: list[Exception | None] = []
        if not shut:
            self.gate.set()

    async def rows(self, sql: str, /, **values: Any) -> list[dict[str, Any]]:
        return await self._store.rows(sql, **values)

    async def write(self, *steps: Step, **how: Any) -> int:
        bodies = steps[0][1]["body"]
        self.batches.append(len(bodies) if isinstance(bodies, list) else len(steps))
        await self.gate.wait()
        trouble = self.trouble.pop(0) if self.trouble else None
        if trouble is not None:
            raise trouble
        return await self._store.write(*steps, **how)

    async def aclose(self) -> None:
        await self._store.aclose()


async def all_at_once(intake: Intake, gated: Gated, arrivals: list[Arrival]) -> list[str]:
    """Hand all of them in before the first commit is let through; gives the outcomes in their order."""
    outcomes = [""] * len(arrivals)

    async def one(number: int) -> None:
        outcomes[number] = await intake.accept(arrivals[number])

    async with anyio.create_task_group() as group:
        for number in range(len(arrivals)):
            group.start_soon(one, number)
        await anyio.wait_all_tasks_blocked()
        gated.gate.set()
    return outcomes


async def test_what_comes_during_a_commit_shares_the_next_one(database: str) -> None:
    store = await open_store(database)
    gated = Gated(store)
    arrivals = [arrival(b"%d" % number) for number in range(accept.BATCH_EVENTS + 51)]
    assert await all_at_once(Intake(gated), gated, arrivals) == ["stored"] * len(arrivals)
    assert gated.batches == [1, accept.BATCH_EVENTS, 50]
    assert [bytes(row["body"]) for row in await store.rows(ALL)] == [one.body for one in arrivals]
    await store.aclose()


async def test_one_after_the_other_each_has_a_commit_of_its_own(database: str) -> None:
    store = await open_store(database)
    gated = Gated(store, shut=False)
    intake = Intake(gated)
    for number in range(3):
        assert await intake.accept(arrival(b"%d" % number)) == "stored"
    assert gated.batches == [1, 1, 1]
    await store.aclose()


async def test_repeats_within_a_batch_and_after_it_are_stored_once(database: str) -> None:
    store = await open_store(database)
    gated = Gated(store)
    intake = Intake(gated)
    twice = [arrival(body) for body in (b"a", b"b", b"a", b"b", b"c")]
    assert await all_at_once(intake, gated, twice) == ["stored"] * 5
    assert await intake.accept(arrival(b"a")) == "stored"
    assert [bytes(row["body"]) for row in await store.rows(ALL)] == [b"a", b"b", b"c"]
    await store.aclose()


async def test_one_id_with_two_bodies_in_one_batch_is_flagged(database: str) -> None:
    store = await open_store(database)
    gated = Gated(store)
    two = [arrival(b"first"), arrival(b"x", event_id="one"), arrival(b"y", event_id="one")]
    assert await all_at_once(Intake(gated), gated, two) == ["stored"] * 3
    assert [(row["event_id"], row["state"]) for row in (await store.rows(ALL))[1:]] == [
        ("one", "new"),
        ("one", "flagged"),
    ]
    await store.aclose()


async def test_a_batch_that_fails_fails_for_each_in_it_and_the_next_one_is_not_harmed(database: str) -> None:
    store = await open_store(database)
    gated = Gated(store)
    gated.trouble = [None, OSError("disk full")]
    intake = Intake(gated)
    size = accept.BATCH_EVENTS
    arrivals = [arrival(b"%d" % number) for number in range(1 + size + 5)]
    outcomes = await all_at_once(intake, gated, arrivals)
    assert outcomes == ["stored", *["failed"] * size, *["stored"] * 5]
    kept = [bytes(row["body"]) for row in await store.rows(ALL)]
    assert kept == [one.body for one, outcome in zip(arrivals, outcomes, strict=True) if outcome == "stored"]
    for one in arrivals:
        assert await intake.accept(one) == "stored"
    assert len(await store.rows(ALL)) == len(arrivals)
    await store.aclose()


async def test_a_transaction_that_was_refused_is_not_taken_for_a_repeat(database: str) -> None:
    """`write` gives 0 for both, and a trigger or constraint can refuse what no unique index refused."""
    store = await open_store(database)
    intake = Intake(store)
    impossible = arrival(b"a")
    object.__setattr__(impossible, "headers", None)  # NOT NULL
    assert await intake.accept(impossible) == "failed"
    assert await store.rows(ALL) == []
    assert await intake.accept(arrival(b"a")) == "stored"
    assert await intake.accept(arrival(b"a")) == "stored"
    await store.aclose()


async def test_beyond_the_limit_nobody_waits(tmp_path: Any) -> None:
    store = await open_store(f"sqlite:///{tmp_path}/d.sqlite3")
    gated = Gated(store)
    intake = Intake(gated, waiting_events=3)
    outcomes = await all_at_once(intake, gated, [arrival(b"%d" % number) for number in range(7)])
    assert sorted(outcomes) == ["busy"] * 3 + ["stored"] * 4
    assert len(await store.rows(ALL)) == 4
    assert await intake.accept(arrival(b"later")) == "stored"
    await store.aclose()


@pytest.mark.parametrize("leaving", [0, 1, 2, 3])
async def test_a_sender_that_leaves_stops_nobody_elses_commit(tmp_path: Any, leaving: int) -> None:
    store = await open_store(f"sqlite:///{tmp_path}/d.sqlite3")
    gated = Gated(store)
    intake = Intake(gated)
    outcomes: list[str] = []
    scopes = [anyio.CancelScope() for _ in range(4)]

    async def one(number: int) -> None:
        with scopes[number]:
            outcomes.append(await intake.accept(arrival(b"%d" % number)))

    async with anyio.create_task_group() as group:
        for number in range(4):
            group.start_soon(one, number)
        await anyio.wait_all_tasks_blocked()
        scopes[leaving].cancel()
        await anyio.wait_all_tasks_blocked()
        gated.gate.set()
    assert outcomes == ["stored"] * 4
    assert await intake.accept(arrival(b"later")) == "stored"
    assert len(await store.rows(ALL)) == 5
    await store.aclose()


async def test_large_bodies_make_small_batches(tmp_path: Any) -> None:
    store = await open_store(f"sqlite:///{tmp_path}/d.sqlite3")
    gated = Gated(store)
    large = [arrival(bytes([number]) * 1_048_576) for number in range(10)]
    assert await all_at_once(Intake(gated), gated, large) == ["stored"] * 10
    assert gated.batches == [1, 4, 4, 1]
    await store.aclose()


async def test_two_processes_take_in_the_same_events_once(database: str) -> None:
    """Two connections, the same events in opposite orders."""
    first, second = await open_store(database), await open_store(database)
    bodies = [b"%d" % number for number in range(200)]

    async def feed(intake: Intake, body: bytes) -> None:
        assert await intake.accept(arrival(body)) == "stored"

    one, other = Intake(first), Intake(second)
    async with anyio.create_task_group() as group:
        for body, opposite in zip(bodies, reversed(bodies), strict=True):
            group.start_soon(feed, one, body)
            group.start_soon(feed, other, opposite)
    rows = await first.rows(ALL)
    assert sorted(bytes(row["body"]) for row in rows) == sorted(bodies)
    await first.aclose()
    await second.aclose()


async def test_old_bodies_are_forgotten_and_the_events_are_still_known(database: str) -> None:
    store = await open_store(database)
    intake = Intake(store)
    for body, day in ((b"done", "01"), (b"open", "01"), (b"young", "20")):
        await intake.accept(arrival(body, received_at=f"2026-01-{day}T12:00:00Z"))
    done = "UPDATE inbox_events SET state = 'done' WHERE body <> :open"
    await store.write((done, {"open": b"open"}))
    assert await forget(store, before="2026-01-10T00:00:00Z") == 1
    assert await forget(store, before="2026-01-10T00:00:00Z") == 0
    assert [bytes(row["body"]) for row in await store.rows(ALL)] == [b"", b"open", b"young"]
    assert await intake.accept(arrival(b"done")) == "stored"
    assert len(await store.rows(ALL)) == 3
    await store.aclose()
