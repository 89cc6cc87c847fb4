"""The world as tests, the demo and curious people use it."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from deskgate.sandbox.constants import MAILBOX_ID, ORIGIN, SANDBOX_ENVIRONMENT
from deskgate.sandbox.switches import SWITCHES
from deskgate.sandbox.world import World
from fakes import FakeClock

pytestmark = pytest.mark.anyio

MAIL = {"to": ["maria.lindqvist@example.com"], "subject": "Re: Order", "markdown": "Hello"}


async def deliver(world: World, sender: httpx.AsyncClient, clock: FakeClock) -> None:
    world.set_mode("autonomous")
    assert (await sender.post(f"/v1/mailboxes/{MAILBOX_ID}/send", json=MAIL)).status_code == 202
    clock.advance(0.3)


async def test_what_happened_is_kept_when_the_world_is_opened_again(
    world: World, sender: httpx.AsyncClient, clock: FakeClock
) -> None:
    await deliver(world, sender, clock)
    world.switch("closed_key", "base")
    again = World.open(world.folder, clock.now)
    try:
        assert len(again.sent_mails()) == 1
        assert again.switches()["closed_key"] == "base"
        assert len(again.comments(105)) == 130
    finally:
        again.close()


async def test_two_openers_see_the_same_world(world: World, zendesk: httpx.AsyncClient, clock: FakeClock) -> None:
    other = World.open(world.folder, clock.now)
    try:
        other.edit_ticket(101, comment={"body": "from elsewhere", "public": True})
        comments = (await zendesk.get("tickets/101/comments")).json()["comments"]
        assert comments[-1]["body"] == "from elsewhere"
    finally:
        other.close()


def test_several_may_open_a_fresh_folder_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(6) as pool:
        worlds = list(pool.map(lambda _: World.open(tmp_path), range(6)))
    assert [len(world.comments(105)) for world in worlds] == [130] * 6
    for world in worlds:
        world.close()


async def test_reset_brings_the_first_day_back(world: World, sender: httpx.AsyncClient, clock: FakeClock) -> None:
    await deliver(world, sender, clock)
    path = world.sent_mails()[0].path
    world.edit_ticket(101, status="solved")
    world.switch("forms", "v1")
    world.faults.add("500")
    world.reset()
    assert world.sent_mails() == []
    assert not path.exists()
    assert world.ticket(101)["status"] == "open"
    assert world.switches()["forms"] == "both"
    assert (world.faults.waiting(), world.calls()) == ([], [])


async def test_times_are_told_from_the_moment_of_seeding(world: World) -> None:
    assert world.ticket(101)["updated_at"] == "2026-01-28T09:00:00Z"
    assert world.comments(101)[-1]["created_at"] == "2026-01-28T09:00:00Z"


async def test_calls_are_counted_by_service(
    world: World, zendesk: httpx.AsyncClient, sender: httpx.AsyncClient
) -> None:
    await zendesk.get("tickets/101", params={"include": "users"})
    await sender.get("/v1/mailboxes")
    (call,) = world.calls("zendesk")
    assert (call.method, call.path, call.query, call.status) == (
        "GET", "/api/v2/tickets/101", "include=users", 200,
    )  # fmt: skip
    assert len(world.calls()) == 2


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("colour", 1, KeyError),
        ("forms", "v2", ValueError),
        ("strict_fields", "yes", ValueError),
        ("scan_seconds", "soon", ValueError),
        ("scan_seconds", -1, ValueError),
        ("scan_seconds", True, ValueError),
        ("sent_status", "", ValueError),
    ],
)
async def test_a_switch_takes_only_its_own_positions(
    world: World, name: str, value: object, error: type[Exception]
) -> None:
    with pytest.raises(error):
        world.switch(name, value)


async def test_switches_can_be_read_and_set_over_http(world: World, sender: httpx.AsyncClient) -> None:
    base = f"{ORIGIN}/sandbox/switches"
    listed = (await sender.get(base)).json()
    assert set(listed) == set(SWITCHES)
    assert listed["forms"]["choices"] == ["both", "v1", "short"]
    assert (await sender.put(f"{base}/forms", json={"value": "short"})).json() == {"forms": "short"}
    assert (await sender.put(f"{base}/forms", json={"value": "v2"})).status_code == 400
    assert (await sender.put(f"{base}/colour", json={"value": "v2"})).status_code == 400


async def test_the_customer_answers_over_http(world: World, sender: httpx.AsyncClient, clock: FakeClock) -> None:
    path = f"{ORIGIN}/sandbox/reply"
    too_early = await sender.post(path, json={"ticket": 101, "text": "hello?"})
    assert too_early.status_code == 404
    await deliver(world, sender, clock)
    answer = await sender.post(path, json={"ticket": 101, "text": "thank you"})
    assert answer.status_code == 200
    newest = world.emails()[-1]
    assert (newest["id"], newest["direction"], newest["markdown"]) == (
        answer.json()["email_id"], "inbound", "thank you",
    )  # fmt: skip
    assert (await sender.post(path, json={"text": "to whom?"})).status_code == 400


async def test_someone_else_can_answer_in_the_customers_thread(
    world: World, sender: httpx.AsyncClient, clock: FakeClock
) -> None:
    await deliver(world, sender, clock)
    thread_id = world.sent_mails()[0].thread_id
    world.receive_reply(thread_id, "I am her brother", sender="stranger@example.net")
    assert world.emails()[-1]["sender"] == "stranger@example.net"


async def test_state_shows_what_is_going_on(world: World, sender: httpx.AsyncClient, clock: FakeClock) -> None:
    await deliver(world, sender, clock)
    state = (await sender.get(f"{ORIGIN}/sandbox/state")).json()
    assert state["delivered"][0]["subject"] == "Re: Order"
    assert state["held"] == []
    calls = (await sender.get(f"{ORIGIN}/sandbox/calls")).json()["calls"]
    assert calls[0]["path"].endswith("/send")
    assert (await sender.get(f"{ORIGIN}/sandbox/nothing")).status_code == 404
    assert (await sender.post(f"{ORIGIN}/sandbox/reset")).json() == {"status": "reset"}


async def test_people_and_tickets_can_be_changed_by_hand(world: World, zendesk: httpx.AsyncClient) -> None:
    requester_id = world.ticket(101)["requester_id"]
    world.edit_user(requester_id, email="new@example.com", suspended=True)
    user = (await zendesk.get(f"users/{requester_id}")).json()["user"]
    assert (user["email"], user["suspended"]) == ("new@example.com", True)
    with pytest.raises(LookupError):
        world.ticket(999)
    with pytest.raises(LookupError):
        world.user(1)
    with pytest.raises(ValueError, match="no such mode"):
        world.set_mode("gatedsend")


def test_the_environment_lines_name_three_different_keys() -> None:
    lines = SANDBOX_ENVIRONMENT("http://127.0.0.1:8643")
    assert lines["ZENDESK_BASE_URL"] == "http://127.0.0.1:8643/zendesk"
    keys = {lines[name] for name in ("MULTIMAIL_TOKEN", "MULTIMAIL_OVERSIGHT_TOKEN", "MULTIMAIL_ADMIN_TOKEN")}
    assert len(keys) == 3
