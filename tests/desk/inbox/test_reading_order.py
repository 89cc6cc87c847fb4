"""Mails that are read side by side: each waits until those before it were read, and not for what becomes of them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from deskgate.desk.inbox.events import UNREAD_LOOKS, Event, Events
from deskgate.desk.store import open_store

pytestmark = pytest.mark.anyio


class Waiting:
    """A clock that moves by what is slept, and does something after so many sleeps."""

    def __init__(self) -> None:
        self._now = datetime(2026, 1, 28, 12, tzinfo=UTC)
        self.sleeps: list[float] = []
        self.then: dict[int, Callable[[], Awaitable[object]]] = {}

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._now.timestamp()

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self._now += timedelta(seconds=seconds)
        await asyncio.sleep(0)
        if work := self.then.pop(len(self.sleeps), None):
            await work()


@pytest.fixture
def clock() -> Waiting:
    return Waiting()


@pytest.fixture
async def events(database: str, clock: Waiting) -> AsyncIterator[Events]:
    store = await open_store(database, clock)
    yield Events(store, clock)
    await store.aclose()


async def claimed(events: Events, count: int, first: int = 0) -> list[Event]:
    for number in range(first, first + count):
        await events.add("multimail", f"e{number}", b"{}")
    found = [await events.claim() for _ in range(count)]
    return [one for one in found if one is not None]


async def test_a_mail_waits_until_the_one_before_it_was_read(events: Events, clock: Waiting) -> None:
    first, second = await claimed(events, 2)
    clock.then[3] = lambda: events.route(first, "ticket:1", after_unread=True)
    assert await events.route(second, "ticket:2", after_unread=True)
    assert len(clock.sleeps) == 3


async def test_mails_that_were_read_do_not_wait_for_each_others_wait(events: Events, clock: Waiting) -> None:
    first, second, third = await claimed(events, 3)
    went: list[str] = []

    async def read_third() -> None:
        # The first was read by now; the second was too, and has not looked again yet.
        await events.route(first, "ticket:1", after_unread=True)
        before = len(clock.sleeps)
        assert await events.route(third, "ticket:3", after_unread=True)
        went.append("third")
        assert len(clock.sleeps) == before

    clock.then[2] = read_third
    assert await events.route(second, "ticket:2", after_unread=True)
    assert went == ["third"]


async def test_of_one_ticket_the_earlier_mail_goes_first_although_it_was_read_last(
    events: Events, clock: Waiting
) -> None:
    first, second = await claimed(events, 2)
    clock.then[4] = lambda: events.route(first, "ticket:1", after_unread=True)
    assert not await events.route(second, "ticket:1", after_unread=True)
    assert await events.claim() is None
    await events.finish(first)
    again = await events.claim()
    assert again is not None
    assert (again.number, again.tries) == (second.number, 1)


async def test_the_looks_come_rarer_and_end_after_some_three_seconds(events: Events, clock: Waiting) -> None:
    _, second = await claimed(events, 2)
    assert not await events.route(second, "ticket:2", after_unread=True)
    assert len(clock.sleeps) == UNREAD_LOOKS
    assert clock.sleeps == sorted(clock.sleeps)
    assert clock.sleeps[0] < 0.01
    assert 2.5 < sum(clock.sleeps) < 3.5
    assert await events.claim() is None
    clock._now += timedelta(seconds=2)
    third = await events.claim()
    assert third is not None
    assert third.number == second.number


async def test_a_mail_whose_wait_was_in_vain_holds_up_its_own_ticket_alone(events: Events, clock: Waiting) -> None:
    first, second, third = await claimed(events, 3)
    assert not await events.route(second, "ticket:2", after_unread=True)
    await events.route(first, "ticket:1", after_unread=True)
    assert await events.route(third, "ticket:3", after_unread=True)
    (fourth,) = await claimed(events, 1, first=3)
    assert not await events.route(fourth, "ticket:2", after_unread=True)


@pytest.mark.parametrize("left", ["leased", "postponed"])
async def test_what_a_clock_that_was_ahead_put_off_for_hours_is_worked_on_once_it_is_set_right(
    events: Events, clock: Waiting, left: str
) -> None:
    clock._now += timedelta(hours=5)
    (one,) = await claimed(events, 1)
    if left == "postponed":
        await events.postpone(one, "later", 900)
    clock._now -= timedelta(hours=5)
    (younger,) = await claimed(events, 1, first=1) if left == "leased" else [None]
    again = younger or await events.claim()
    assert again is not None
    assert (again.number, again.fence) == (one.number, one.fence + 1)
