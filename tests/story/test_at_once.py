"""Two processes on one folder at the same time, and clients that leave in the middle."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from deskgate.desk import Desk
from deskgate.desk.errors import AlreadyDecided, DeskError, OutcomeUnknown, UpstreamUnavailable
from story.dying import (
    BODY,
    NOTE,
    TICKET,
    YES,
    Calling,
    Halting,
    decided,
    decisions,
    insisting,
    mails,
    notes,
    process,
    services,
)
from story.trial import truth

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("database")]

FORMS = ["v1", "short"]
PLACES = {"on its way there": True, "on its way back": False}
SENDS = {"v1": "/send", "short": "/send_email"}
DECIDES = {"v1": "/decide", "short": "/decide_email"}
CANCELS = {"v1": "/cancel", "short": "/cancel_message"}


async def _outcome(call: Callable[[], Awaitable[Any]]) -> Any:
    try:
        return await call()
    except DeskError as error:
        return error


async def _while_halted(
    network: Halting, first: Callable[[], Awaitable[Any]], second: Callable[[], Awaitable[Any]]
) -> tuple[Any, Any]:
    """What the first call gives, and the second one that is made while the first is under way."""
    results: list[Any] = []

    async def begin() -> None:
        results.append(await _outcome(first))

    async with anyio.create_task_group() as group:
        group.start_soon(begin)
        await network.halted.wait()
        other = await _outcome(second)
        network.go_on.set()
    return results[0], other


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("before", PLACES.values(), ids=PLACES)
async def test_the_same_draft_in_two_processes_is_one_mail(form: str, before: bool, tmp_path: Path) -> None:
    async with services(tmp_path, form) as (world, clock):
        network = Halting(world, SENDS[form], before=before)
        async with process(tmp_path, world, clock, network=network) as one, process(tmp_path, world, clock) as two:
            first, second = await _while_halted(
                network, lambda: one.draft(TICKET, BODY), lambda: two.draft(TICKET, BODY)
            )
            assert len(mails(world)) == 1
            assert (first.state, first.message_id) == ("held", mails(world)[0]["id"])
            if form == "short" and before:  # there is no key, so the second one may not send
                assert isinstance(second, OutcomeUnknown)
                second = await two.draft(TICKET, BODY)
            assert second.message_id == first.message_id
            assert (await one.draft(TICKET, BODY)).message_id == first.message_id


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("before", PLACES.values(), ids=PLACES)
async def test_the_same_approval_in_two_processes_is_one_decision(form: str, before: bool, tmp_path: Path) -> None:
    async with services(tmp_path, form) as (world, clock):
        network = Halting(world, DECIDES[form], before=before)
        async with process(tmp_path, world, clock, network=network) as one, process(tmp_path, world, clock) as two:
            message_id = (await one.draft(TICKET, BODY)).message_id or ""
            clock.advance(2)
            results = await _while_halted(
                network, lambda: decided(one, message_id, "approve"), lambda: decided(two, message_id, "approve")
            )
            assert [(one.decision, one.decided_by) for one in results] == [("approve", YES)] * 2
            assert {one.state for one in results} <= {"sent", "delivered"}
            assert decisions(world) == ["oversight.approve"]
            assert len(world.sent_mails()) == 1


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("before", PLACES.values(), ids=PLACES)
async def test_opposite_decisions_at_once_leave_one_and_tell_the_other(form: str, before: bool, tmp_path: Path) -> None:
    async with services(tmp_path, form) as (world, clock):
        network = Halting(world, DECIDES[form], before=before)
        async with process(tmp_path, world, clock, network=network) as one, process(tmp_path, world, clock) as two:
            message_id = (await one.draft(TICKET, BODY)).message_id or ""
            clock.advance(2)
            first, second = await _while_halted(
                network, lambda: decided(one, message_id, "approve"), lambda: decided(two, message_id, "reject")
            )
            assert first.decision == "approve"
            assert isinstance(second, OutcomeUnknown if before else AlreadyDecided), second
            with pytest.raises(AlreadyDecided):
                await decided(two, message_id, "reject")
            assert decisions(world) == ["oversight.approve"]
            assert [life.state for life in await two.track(message_id=message_id)] == ["delivered"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("before", PLACES.values(), ids=PLACES)
async def test_cancelling_while_an_approval_is_under_way_ends_in_one_of_the_two(
    form: str, before: bool, tmp_path: Path
) -> None:
    async with services(tmp_path, form) as (world, clock):
        network = Halting(world, DECIDES[form], before=before)
        async with process(tmp_path, world, clock, network=network) as one, process(tmp_path, world, clock) as two:
            message_id = (await one.draft(TICKET, BODY)).message_id or ""
            clock.advance(2)
            approval, cancellation = await _while_halted(
                network, lambda: decided(one, message_id, "approve"), lambda: two.cancel(message_id)
            )
            ended = truth(mails(world)[0])
            lives = await one.track(message_id=message_id)
            assert [life.state for life in lives] == [ended]
            if before:
                assert ended == "cancelled"
                assert cancellation.state == "cancelled"
                assert isinstance(approval, AlreadyDecided)
                assert lives[0].decision is None
            else:
                assert ended == "delivered"
                assert approval.decision == "approve"
                assert isinstance(cancellation, AlreadyDecided)
                assert lives[0].decided_by == YES


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("before", PLACES.values(), ids=PLACES)
async def test_approving_while_a_cancellation_is_under_way_ends_in_one_of_the_two(
    form: str, before: bool, tmp_path: Path
) -> None:
    async with services(tmp_path, form) as (world, clock):
        network = Halting(world, CANCELS[form], before=before)
        async with process(tmp_path, world, clock, network=network) as one, process(tmp_path, world, clock) as two:
            message_id = (await one.draft(TICKET, BODY)).message_id or ""
            clock.advance(2)
            cancellation, approval = await _while_halted(
                network, lambda: one.cancel(message_id), lambda: decided(two, message_id, "approve")
            )
            ended = truth(mails(world)[0])
            lives = await one.track(message_id=message_id)
            assert [life.state for life in lives] == [ended]
            assert ended == ("delivered" if before else "cancelled")
            assert isinstance(cancellation if before else approval, AlreadyDecided)
            assert (approval if before else cancellation).state in {"sent", "cancelled"}


@pytest.mark.parametrize("before", PLACES.values(), ids=PLACES)
async def test_the_same_note_in_two_processes_is_one_comment(before: bool, tmp_path: Path) -> None:
    async with services(tmp_path, "v1") as (world, clock):
        network = Halting(world, f"/tickets/{TICKET}", before=before)
        async with process(tmp_path, world, clock, network=network) as one, process(tmp_path, world, clock) as two:
            results = await _while_halted(network, lambda: one.note(TICKET, NOTE), lambda: two.note(TICKET, NOTE))
            assert len(notes(world)) == 1
            for found in results:
                record = (await one.note(TICKET, NOTE))[0] if isinstance(found, DeskError) else found[0]
                assert record.comment_id == notes(world)[0]["id"]
            assert len(notes(world)) == 1


@pytest.mark.parametrize("form", FORMS)
async def test_many_callers_of_one_process_get_one_mail_one_decision_one_note(form: str, tmp_path: Path) -> None:
    async with services(tmp_path, form) as (world, clock), process(tmp_path, world, clock) as desk:
        drafted = await _together(4, lambda: desk.draft(TICKET, BODY))
        assert len({one.message_id for one in drafted}) == len(mails(world)) == 1
        clock.advance(2)
        message_id = drafted[0].message_id
        results = await _together(4, lambda: decided(desk, message_id, "approve"))
        assert [one.decision for one in results] == ["approve"] * 4
        assert decisions(world) == ["oversight.approve"]
        posted = await _together(4, lambda: desk.note(TICKET, NOTE))
        assert {one[0].comment_id for one in posted} == {one["id"] for one in notes(world)}
        assert len(notes(world)) == 1


async def _together(count: int, call: Callable[[], Awaitable[Any]]) -> list[Any]:
    results: list[Any] = []

    async def one() -> None:
        results.append(await call())

    async with anyio.create_task_group() as group:
        for _ in range(count):
            group.start_soon(one)
    return results


async def _draft_then(desk: Desk) -> str:
    return (await desk.draft(TICKET, BODY)).message_id or ""


@pytest.mark.parametrize("form", FORMS)
async def test_a_client_that_leaves_during_a_draft_finds_one_mail_and_one_record(form: str, tmp_path: Path) -> None:
    nth = ends = 0
    while ends == nth:
        nth += 1
        folder = tmp_path / str(nth)
        async with services(folder, form) as (world, clock):
            left = anyio.CancelScope()
            network = Calling(world, nth, left.cancel)
            async with process(folder, world, clock, network=network) as desk:
                with left:
                    await desk.draft(TICKET, BODY)
                ends = min(nth, network.calls)
                held = [one for one in await desk.replies_of(TICKET) if one.state != "failed"]
                assert [one.message_id for one in held] == [one["id"] for one in mails(world)], nth
                again = await desk.draft(TICKET, BODY)
                assert [again.message_id] == [one["id"] for one in mails(world)], nth
    assert nth > 3


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("decision", ["approve", "reject"])
async def test_a_client_that_leaves_during_a_decision_finds_it_made_or_not_made(
    form: str, decision: str, tmp_path: Path
) -> None:
    nth = ends = 0
    made = set()
    while ends == nth:
        nth += 1
        folder = tmp_path / str(nth)
        async with services(folder, form) as (world, clock):
            async with process(folder, world, clock) as desk:
                message_id = await _draft_then(desk)
            clock.advance(2)
            left = anyio.CancelScope()
            network = Calling(world, nth, left.cancel)
            async with process(folder, world, clock, network=network) as desk:
                with left:
                    await decided(desk, message_id, decision)
                ends = min(nth, network.calls)
                (row,) = await desk.replies_of(TICKET)
                made.add(len(decisions(world)))
                assert (row.state == "held") == (decisions(world) == []), nth
                await insisting(clock, lambda desk=desk, message_id=message_id: decided(desk, message_id, decision))
                assert decisions(world) == [f"oversight.{decision}"], nth
    assert made == {0, 1}


async def test_a_client_that_leaves_during_a_note_finds_it_written_once(tmp_path: Path) -> None:
    nth = ends = 0
    while ends == nth:
        nth += 1
        folder = tmp_path / str(nth)
        async with services(folder, "v1") as (world, clock):
            left = anyio.CancelScope()
            network = Calling(world, nth, left.cancel)
            async with process(folder, world, clock, network=network) as desk:
                with left:
                    await desk.note(TICKET, NOTE)
                ends = min(nth, network.calls)
                record, already = await desk.note(TICKET, NOTE)
                assert [one["id"] for one in notes(world)] == [record.comment_id]
                assert already == (nth > 1)


async def test_a_reader_of_the_queue_does_not_disturb_a_decision_that_is_under_way(tmp_path: Path) -> None:
    async with services(tmp_path, "v1") as (world, clock):
        world.switch("footer_in_body", True)
        network = Halting(world, DECIDES["v1"], before=True)
        async with process(tmp_path, world, clock, network=network) as one, process(tmp_path, world, clock) as two:
            message_id = (await one.draft(TICKET, BODY)).message_id or ""
            clock.advance(2)
            (looked,) = [await one.look(message_id)]
            assert looked is not None
            approval, queue = await _while_halted(
                network, lambda: decided(one, message_id, "approve"), lambda: two.pending(limit=5)
            )
            assert not isinstance(approval, UpstreamUnavailable)
            assert approval.state == "sent"
            assert [item.reply.message_id for item in queue.items] == [message_id]
            assert any("an approval was begun" in why for why in queue.items[0].look.moved)
