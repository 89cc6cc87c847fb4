"""Webhook calls on their way: claimed, answered, tried again, lost, doubled, late."""

import sqlite3
from pathlib import Path

import pytest
from v1_calls import MARIA
from webhook_calls import body, carry

from deskgate.sandbox.world import FILE_NAME, World
from fakes import FakeClock


def told(world: World, *subjects: str) -> None:
    for subject in subjects:
        world.receive_mail(MARIA, subject, "text")


def subjects(deliveries: list[object]) -> list[str]:
    return [body(one)["data"]["subject"] for one in deliveries]  # type: ignore[arg-type]


def states(world: World) -> list[tuple[str, int]]:
    return [(one["status"], one["attempts"]) for one in world.deliveries()]


def test_what_is_due_comes_in_order_and_no_more_than_asked_for(world: World) -> None:
    told(world, "1", "2", "3")
    assert subjects(world.due_deliveries(2)) == ["1", "2"]
    assert subjects(world.due_deliveries()) == ["3"]


def test_a_delivery_that_somebody_carries_is_not_given_to_another(world: World, clock: FakeClock) -> None:
    told(world, "1")
    other = World.open(world.folder, clock.now)
    try:
        assert len(other.due_deliveries()) == 1
        assert world.due_deliveries() == []
    finally:
        other.close()


def test_what_a_carrier_took_and_never_reported_is_due_again(world: World, clock: FakeClock) -> None:
    told(world, "1")
    (first,) = world.due_deliveries()
    clock.advance(59.9)
    assert world.due_deliveries() == []
    clock.advance(0.1)
    (again,) = world.due_deliveries()
    assert (again.id, again.body, again.attempt) == (first.id, first.body, 2)


@pytest.mark.parametrize("status", [None, 199, 300, 404, 500])
def test_what_was_not_accepted_is_tried_three_times_more_and_later_each_time(
    world: World, clock: FakeClock, status: int | None
) -> None:
    told(world, "1")
    assert [one.attempt for one in carry(world, status)] == [1]
    for attempt, wait in ((2, 5), (3, 10), (4, 20)):
        clock.advance(wait - 0.1)
        assert world.due_deliveries() == []
        clock.advance(0.1)
        assert [one.attempt for one in carry(world, status)] == [attempt]
    clock.advance(1000)
    assert world.due_deliveries() == []
    assert states(world) == [("failed", 4)]
    assert world.deliveries()[0]["response_status"] == status


@pytest.mark.parametrize("status", [200, 202, 299])
def test_what_was_accepted_is_over(world: World, clock: FakeClock, status: int) -> None:
    told(world, "1")
    (one,) = carry(world, status)
    world.delivered(one.id, 500)
    clock.advance(1000)
    assert world.due_deliveries() == []
    assert states(world) == [("delivered", 1)]
    assert world.deliveries()[0]["response_status"] == status


def test_the_number_of_tries_and_the_wait_are_switches(world: World, clock: FakeClock) -> None:
    world.switch("webhook_retries", 1)
    world.switch("webhook_backoff_seconds", 0.5)
    told(world, "1")
    carry(world, 500)
    clock.advance(0.5)
    assert len(carry(world, 500)) == 1
    assert states(world) == [("failed", 2)]


def test_a_carrier_that_always_dies_ends_the_tries_too(world: World, clock: FakeClock) -> None:
    told(world, "1")
    for _ in range(4):
        assert len(world.due_deliveries()) == 1
        clock.advance(60)
    assert world.due_deliveries() == []
    assert states(world) == [("failed", 4)]


def test_what_nobody_carried_for_an_hour_is_given_up(world: World, clock: FakeClock) -> None:
    told(world, "1")
    clock.advance(3601)
    told(world, "2")
    assert subjects(world.due_deliveries()) == ["2"]
    assert [state for state, _ in states(world)] == ["failed", "pending"]


def test_a_report_on_a_delivery_that_never_was_is_an_error(world: World) -> None:
    with pytest.raises(LookupError):
        world.delivered("nothing", 200)


def test_every_second_may_be_lost(world: World) -> None:
    world.switch("webhook_lost", 2)
    told(world, "1", "2", "3", "4")
    assert subjects(carry(world)) == ["1", "3"]
    world.switch("webhook_lost", 1)
    told(world, "5", "6")
    assert world.due_deliveries() == []


def test_a_doubled_delivery_is_the_same_twice(world: World) -> None:
    world.switch("webhook_doubled", 2)
    told(world, "1", "2")
    due = carry(world)
    assert subjects(due) == ["1", "2", "2"]
    assert due[1].body == due[2].body
    assert due[1].id != due[2].id


def test_swapped_deliveries_overtake_each_other(world: World, clock: FakeClock) -> None:
    world.switch("webhook_order", "swapped")
    told(world, "1", "2", "3", "4")
    assert subjects(carry(world)) == ["2", "4"]
    clock.advance(2)
    assert subjects(carry(world)) == ["1", "3"]


def test_reversed_deliveries_come_newest_first(world: World) -> None:
    world.switch("webhook_order", "reversed")
    told(world, "1", "2", "3")
    assert subjects(carry(world)) == ["3", "2", "1"]


def test_moved_webhooks_take_along_what_is_on_its_way(world: World) -> None:
    told(world, "1")
    world.point_webhooks("http://127.0.0.1:9000/")
    told(world, "2")
    assert {one.url for one in world.due_deliveries()} == {"http://127.0.0.1:9000/webhooks/multimail"}
    assert {hook["service"] for hook in world.webhooks()} == {"multimail", "zendesk"}


def test_a_reset_brings_the_first_webhooks_back_and_forgets_what_was_on_its_way(world: World) -> None:
    told(world, "1")
    world.point_webhooks("")
    world.reset()
    assert (world.deliveries(), len(world.webhooks())) == ([], 2)


def test_a_folder_from_before_there_were_webhooks_gets_them(world: World, clock: FakeClock) -> None:
    world.point_webhooks("")
    with sqlite3.connect(world.folder / FILE_NAME) as file:
        file.execute("DELETE FROM fact WHERE name = 'webhooks_at'")
    file.close()
    again = World.open(world.folder, clock.now)
    try:
        assert len(again.webhooks()) == 2
    finally:
        again.close()


def test_removed_webhooks_stay_removed(world: World, clock: FakeClock) -> None:
    world.point_webhooks("")
    again = World.open(world.folder, clock.now)
    try:
        assert again.webhooks() == []
    finally:
        again.close()


def test_a_webhook_that_cannot_be_is_refused(world: World) -> None:
    for service, url, more in (
        ("slack", "https://desk.example.com", {}),
        ("multimail", "http://desk.example.com", {}),
        ("multimail", "https://desk.example.com", {"events": ["message.opened"]}),
        ("multimail", "https://desk.example.com", {"form": "v2"}),
    ):
        with pytest.raises(ValueError, match=r"a webhook is of|not https|no such event"):
            world.register_webhook(service, url, **more)  # type: ignore[arg-type]
    with pytest.raises(LookupError):
        world.drop_webhook("nothing")


def test_the_same_seed_makes_the_same_ids(tmp_path: Path, clock: FakeClock) -> None:
    seen = []
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        world = World.open(tmp_path / name, clock.now, seed=seed)
        told(world, "1", "2")
        seen.append([(one.id, one.body) for one in world.due_deliveries()])
        world.close()
    assert seen[0] == seen[1] != seen[2]
