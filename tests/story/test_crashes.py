"""The process dies at every point around every write, starts again, and is asked for the same again."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from deskgate.desk import Desk
from deskgate.desk.settle import recover
from deskgate.sandbox.world import World
from fakes import FakeClock
from story.dying import (
    BODY,
    NOTE,
    TICKET,
    YES,
    Died,
    Life,
    decided,
    decisions,
    insisting,
    mails,
    notes,
    process,
    services,
)
from story.trial import truth

pytestmark = pytest.mark.anyio

Story = Callable[[Desk, FakeClock], Awaitable[None]]


async def _approved(desk: Desk, clock: FakeClock) -> None:
    reply = await insisting(clock, lambda: desk.draft(TICKET, BODY))
    await insisting(clock, lambda: decided(desk, reply.message_id, "approve"))


async def _rejected(desk: Desk, clock: FakeClock) -> None:
    reply = await insisting(clock, lambda: desk.draft(TICKET, BODY))
    await insisting(clock, lambda: decided(desk, reply.message_id, "reject"))


async def _cancelled(desk: Desk, clock: FakeClock) -> None:
    # After a cancellation the same words would be a new draft, so a repeated story looks first.
    known = [one for one in await desk.replies_of(TICKET) if one.message_id]
    reply = known[0] if known else await insisting(clock, lambda: desk.draft(TICKET, BODY))
    await insisting(clock, lambda: desk.cancel(reply.message_id))


async def _noted(desk: Desk, clock: FakeClock) -> None:
    await insisting(clock, lambda: desk.note(TICKET, NOTE))


STORIES: dict[str, tuple[Story, str | None, list[str]]] = {
    "approved": (_approved, "delivered", ["oversight.approve"]),
    "rejected": (_rejected, "rejected", ["oversight.reject"]),
    "cancelled": (_cancelled, "cancelled", []),
    "noted": (_noted, None, []),
}


@pytest.mark.parametrize("form", ["v1", "short"])
@pytest.mark.parametrize("name", STORIES)
async def test_a_death_at_any_point_neither_doubles_nor_loses_anything(name: str, form: str, tmp_path: Path) -> None:
    story = STORIES[name][0]
    points = await _points(story, form, tmp_path / "whole")
    assert len(points) >= 6
    for number, point in enumerate(points, 1):
        folder = tmp_path / str(number)
        async with services(folder, form) as (world, clock):
            with pytest.raises((Died, BaseExceptionGroup)):
                async with process(folder, world, clock, Life(number)) as desk:
                    await story(desk, clock)
            clock.advance(2)
            await _started_again(name, folder, world, clock, f"died {point}")


async def _points(story: Story, form: str, folder: Path) -> list[str]:
    life = Life()
    async with services(folder, form) as (world, clock), process(folder, world, clock, life) as desk:
        await story(desk, clock)
    return life.points


async def _started_again(name: str, folder: Path, world: World, clock: FakeClock, where: str) -> None:
    story, ends, log = STORIES[name]
    async with process(folder, world, clock) as desk:
        await recover(desk.core)
        await story(desk, clock)
        assert decisions(world) == log, where
        if ends is None:
            assert [one["public"] for one in notes(world)] == [False], where
            return
        assert [truth(one) for one in mails(world)] == [ends], where
        lives = await desk.track(ticket_id=TICKET)
        told = [one for one in lives if one.state != "failed"]
        assert [one.state for one in told] == [ends], where
        assert [one.message_id for one in told] == [mails(world)[0]["id"]], where
        if log:
            assert told[0].decided_by == YES, where
    assert len(world.sent_mails()) == (1 if name == "approved" else 0), where


@pytest.mark.parametrize("form", ["v1", "short"])
async def test_a_second_death_during_the_recovery_changes_nothing(form: str, tmp_path: Path) -> None:
    points = await _points(_approved, form, tmp_path / "whole")
    for number in range(1, len(points) + 1):
        folder = tmp_path / str(number)
        async with services(folder, form) as (world, clock):
            for ends_at in (number, 2):
                with pytest.raises((Died, BaseExceptionGroup)):
                    await _lived_until(ends_at, folder, world, clock)
                clock.advance(2)
            await _started_again("approved", folder, world, clock, f"died {points[number - 1]}, then again")


async def _lived_until(ends_at: int, folder: Path, world: World, clock: FakeClock) -> None:
    async with process(folder, world, clock, Life(ends_at)) as desk:
        await recover(desk.core)
        await _approved(desk, clock)
    raise Died("at the end")


async def test_a_draft_whose_answer_died_with_the_process_is_in_the_queue_after_the_next_start(tmp_path: Path) -> None:
    async with services(tmp_path, "short") as (world, clock):
        points = await _points(_approved, "short", tmp_path / "whole")
        sent = 1 + next(number for number, point in enumerate(points) if point.startswith("after POST"))
        with pytest.raises(Died):
            async with process(tmp_path, world, clock, Life(sent)) as desk:
                await desk.draft(TICKET, BODY)
        async with process(tmp_path, world, clock) as desk:
            assert [one.state for one in await desk.replies_of(TICKET)] == ["sending"]
            assert await recover(desk.core) == 0
            waiting = await desk.pending(limit=10)
            assert [one.reply.body for one in waiting.items] == [BODY]
            assert waiting.foreign == 0
