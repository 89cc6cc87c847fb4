"""Zendesk's webhook: what fires it, what it says, how it is signed."""

import httpx
import pytest
from webhook_calls import body, carry, zendesk_signature

from deskgate.sandbox.constants import API_USER_ID, HUMAN_AGENT_EMAIL, HUMAN_AGENT_ID, ORIGIN, ZENDESK_TOKEN
from deskgate.sandbox.outbox import Delivery
from deskgate.sandbox.transport import SandboxTransport
from deskgate.sandbox.world import World
from deskgate.sandbox.zendesk.trigger import TEMPLATE
from fakes import FakeClock

pytestmark = pytest.mark.anyio


def fired(world: World) -> list[Delivery]:
    return [one for one in carry(world) if one.service == "zendesk"]


async def test_an_agent_who_solves_a_ticket_is_reported(world: World, clock: FakeClock) -> None:
    clock.advance(5)
    world.edit_ticket(101, status="solved")
    (one,) = fired(world)
    assert one.url == "http://127.0.0.1:8642/webhooks/zendesk"
    assert body(one) == {
        "ticket_id": "101",
        "status": "Solved",
        "updated_at": "2026-01-28T12:00:05Z",
        "author_id": str(HUMAN_AGENT_ID),
    }
    assert list(body(one)) == list(TEMPLATE)


async def test_the_signature_covers_the_time_and_the_body(world: World, clock: FakeClock) -> None:
    world.edit_ticket(101, status="hold")
    clock.advance(7)
    (one,) = world.due_deliveries()
    assert one.headers["x-zendesk-webhook-signature"] == zendesk_signature(one)
    assert one.headers["x-zendesk-webhook-signature-timestamp"] == "2026-01-28T12:00:07Z"
    assert body(one)["status"] == "On-hold"
    assert {"x-zendesk-account-id", "x-zendesk-webhook-id", "x-zendesk-webhook-invocation-id"} <= set(one.headers)


@pytest.mark.parametrize(
    "change",
    [
        {"status": "pending"},
        {"requester_id": HUMAN_AGENT_ID},
        {"comment": {"body": "I wrote to her myself", "public": True}},
        {"comment": {"body": "call her", "public": False}},
    ],
)
async def test_what_matters_to_a_draft_fires(world: World, change: dict[str, object]) -> None:
    world.edit_ticket(101, **change)
    assert len(fired(world)) == 1


@pytest.mark.parametrize("change", [{"tags": ["vip"]}, {"priority": "high"}, {"subject": "new"}, {"status": "open"}])
async def test_what_does_not_matter_fires_nothing(world: World, change: dict[str, object]) -> None:
    world.edit_ticket(101, **change)
    assert fired(world) == []


async def test_a_merge_is_reported_of_both_tickets(world: World) -> None:
    world.merge_tickets(106, 101)
    assert [(body(one)["ticket_id"], body(one)["status"]) for one in fired(world)] == [
        ("101", "Open"),
        ("106", "Closed"),
    ]
    assert (world.ticket(106)["status"], "closed_by_merge" in world.ticket(106)["tags"]) == ("closed", True)
    assert "#101" in world.comments(106)[-1]["body"]
    assert (world.comments(101)[-1]["public"], "#106" in world.comments(101)[-1]["body"]) == (False, True)


async def test_our_own_api_user_fires_only_a_trigger_without_that_condition(
    world: World, zendesk: httpx.AsyncClient
) -> None:
    note = {"ticket": {"comment": {"body": "note", "public": False}, "status": "pending"}}
    await zendesk.put("tickets/101", json=note)
    assert fired(world) == []
    world.switch("zendesk_trigger", "everyone")
    await zendesk.put("tickets/101", json=note)
    (one,) = fired(world)
    assert body(one)["author_id"] == str(API_USER_ID)
    world.switch("zendesk_trigger", "off")
    world.edit_ticket(101, status="solved")
    assert fired(world) == []


async def test_the_human_agent_fires_it_over_the_api(world: World) -> None:
    login = (f"{HUMAN_AGENT_EMAIL}/token", ZENDESK_TOKEN)
    async with httpx.AsyncClient(transport=SandboxTransport(world), auth=login) as ines:
        await ines.put(f"{ORIGIN}/zendesk/api/v2/tickets/101", json={"ticket": {"status": "solved"}})
        assert len(fired(world)) == 1
        refused = await ines.put(f"{ORIGIN}/zendesk/api/v2/tickets/103", json={"ticket": {"status": "open"}})
        assert refused.status_code == 422
    assert fired(world) == []


async def test_a_new_ticket_is_no_update(world: World, zendesk: httpx.AsyncClient) -> None:
    world.switch("zendesk_trigger", "everyone")
    made = await zendesk.post("tickets", json={"ticket": {"subject": "new", "comment": {"body": "hello"}}})
    assert made.status_code == 201
    assert fired(world) == []


async def test_a_repeated_call_keeps_its_invocation_and_is_signed_anew(world: World, clock: FakeClock) -> None:
    world.switch("webhook_doubled", 1)
    world.edit_ticket(101, status="solved")
    first, second = carry(world, 500)
    clock.advance(5)
    again = world.due_deliveries()[0]
    invocations = {one.headers["x-zendesk-webhook-invocation-id"] for one in (first, second, again)}
    assert len(invocations) == 1
    assert again.headers["x-zendesk-webhook-signature"] == zendesk_signature(again)
    assert again.headers["x-zendesk-webhook-signature"] != first.headers["x-zendesk-webhook-signature"]


async def test_another_address_gets_its_own_secret(world: World) -> None:
    world.register_webhook("zendesk", "https://desk.example.com/webhooks/zendesk", secret="dGhpcw==")
    world.edit_ticket(101, status="solved")
    (other,) = [one for one in fired(world) if one.url.startswith("https:")]
    assert other.headers["x-zendesk-webhook-signature"] == zendesk_signature(other, "dGhpcw==")
