"""Trouble on order."""

from typing import Any

import httpx
import pytest

from deskgate.sandbox.constants import MAILBOX_ID, ORIGIN
from deskgate.sandbox.faults import KINDS, Fault, FaultPlan, parse_fault
from deskgate.sandbox.world import World
from fakes import FakeClock

pytestmark = pytest.mark.anyio

NOTE = {"ticket": {"comment": {"body": "marker", "public": False}}}


def notes(world: World) -> int:
    return sum(one["body"] == "marker" for one in world.comments(101))


@pytest.mark.parametrize(
    ("kind", "raised", "applied"),
    [
        ("refused", httpx.ConnectError, 0),
        ("reset_before", httpx.ReadError, 0),
        ("reset_after", httpx.ReadError, 1),
        ("timeout_before", httpx.ReadTimeout, 0),
        ("timeout_after", httpx.ReadTimeout, 1),
    ],
)
async def test_a_fault_of_the_network_looks_like_one(
    world: World, zendesk: httpx.AsyncClient, kind: str, raised: type[Exception], applied: int
) -> None:
    world.faults.add(kind)
    with pytest.raises(raised):
        await zendesk.put("tickets/101", json=NOTE)
    assert notes(world) == applied
    assert (await zendesk.put("tickets/101", json=NOTE)).status_code == 200
    assert [(call.status, call.fault) for call in world.calls()] == [(None, kind), (200, None)]


@pytest.mark.parametrize(
    ("spec", "status", "content_type", "applied"),
    [
        ("429:93", 429, "application/json", 0),
        ("429:text", 429, "text/plain", 0),
        ("500", 500, "application/json", 0),
        ("500_after", 500, "application/json", 1),
        ("503", 503, "application/json", 0),
        ("503:html", 503, "text/html", 0),
        ("503_after:text", 503, "text/plain", 1),
        ("409", 409, "application/json", 0),
        ("html", 200, "text/html", 0),
        ("html_after", 200, "text/html", 1),
        ("plain", 200, "text/plain", 0),
        ("cloudflare_403", 403, "text/plain", 0),
        ("truncated", 200, "application/json", 1),
    ],
)
async def test_a_fault_answers_as_it_is_known_to(
    world: World, zendesk: httpx.AsyncClient, spec: str, status: int, content_type: str, applied: int
) -> None:
    world.faults.add(spec)
    answer = await zendesk.put("tickets/101", json=NOTE)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith(content_type)
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert notes(world) == applied


async def test_half_an_answer_is_no_json(world: World, zendesk: httpx.AsyncClient) -> None:
    whole = await zendesk.get("tickets/101")
    world.faults.add("truncated")
    half = await zendesk.get("tickets/101")
    assert half.content == whole.content[: len(whole.content) // 2]
    with pytest.raises(ValueError, match="line 1"):
        half.json()


async def test_retry_after_comes_as_seconds_as_a_date_or_not_at_all(world: World, zendesk: httpx.AsyncClient) -> None:
    for spec in ("429:93", "503:date", "429", "503:none"):
        world.faults.add(spec)
    given = [(await zendesk.get("tickets/101")).headers.get("retry-after") for _ in range(4)]
    assert given == ["93", "Wed, 28 Jan 2026 12:00:30 GMT", None, None]


async def test_multimail_knows_three_kinds_of_429(world: World, sender: httpx.AsyncClient) -> None:
    for spec in ("429:5", "429:quota", "429:warmup"):
        world.faults.add(spec)
    bodies: list[dict[str, Any]] = [(await sender.get("/v1/mailboxes")).json() for _ in range(3)]
    assert bodies[0] == {"error": "Rate limit exceeded"}
    assert "quota" in bodies[1]["error"]
    assert bodies[2]["daily_limit"] == 50


async def test_a_slow_answer_is_late_or_too_late(world: World, zendesk: httpx.AsyncClient) -> None:
    world.faults.add("slow", seconds=0.0)
    assert (await zendesk.put("tickets/101", json=NOTE)).status_code == 200
    world.faults.add("slow:30")
    with pytest.raises(httpx.ReadTimeout):
        await zendesk.put("tickets/101", json=NOTE, timeout=5)
    assert notes(world) == 2


async def test_a_lost_answer_to_a_send_leaves_one_mail(
    world: World, sender: httpx.AsyncClient, clock: FakeClock
) -> None:
    world.faults.add("reset_after@multimail POST /send")
    mail = {"to": ["m@example.com"], "subject": "s", "markdown": "m", "idempotency_key": "k"}
    path = f"/v1/mailboxes/{MAILBOX_ID}/send"
    with pytest.raises(httpx.ReadError):
        await sender.post(path, json=mail)
    assert (await sender.post(path, json=mail)).json()["status"] == "already_sent"
    clock.advance(0.3)
    assert len(world.held_mails()) == 1


async def test_a_fault_meets_only_the_calls_that_it_is_meant_for(
    world: World, zendesk: httpx.AsyncClient, sender: httpx.AsyncClient
) -> None:
    world.faults.add("503@zendesk GET /comments x2")
    assert (await zendesk.get("tickets/101")).status_code == 200
    assert (await sender.get("/v1/mailboxes")).status_code == 200
    statuses = [(await zendesk.get("tickets/101/comments")).status_code for _ in range(3)]
    assert statuses == [503, 503, 200]


async def test_faults_come_in_the_order_of_the_plan(world: World, zendesk: httpx.AsyncClient) -> None:
    world.faults.add("500")
    world.faults.add(Fault("503", times=None))
    assert [(await zendesk.get("tickets/101")).status_code for _ in range(3)] == [500, 503, 503]
    world.faults.clear()
    assert (await zendesk.get("tickets/101")).status_code == 200


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("reset_after", Fault("reset_after")),
        ("429:30", Fault("429", retry_after="30")),
        ("429:30,text@PUT x3", Fault("429", retry_after="30", flavour="text", method="PUT", times=3)),
        ("503:date,html@zendesk GET /tickets x2", Fault("503", "zendesk", "GET", "/tickets", 2, "date", "html")),
        ("slow:2.5@multimail xforever", Fault("slow", service="multimail", times=None, seconds=2.5)),
        ("500@a.b", Fault("500", path=r"a\.b")),
    ],
)
def test_a_fault_can_be_written_in_a_few_letters(text: str, fault: Fault) -> None:
    assert parse_fault(text) == fault


@pytest.mark.parametrize("text", ["", "418", "429:soon", "slow:fast", "500 x0", "500 xtwice", "429:text,maybe@PUT"])
def test_a_fault_that_makes_no_sense_is_told(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_fault(text)


def test_every_kind_can_be_ordered() -> None:
    plan = FaultPlan()
    for kind in KINDS:
        plan.add(kind)
    assert [fault.kind for fault in plan.waiting()] == list(KINDS)


async def test_the_plan_can_be_made_over_http(world: World, zendesk: httpx.AsyncClient) -> None:
    base = f"{ORIGIN}/sandbox/faults"
    plan = {"faults": ["429:30", {"kind": "reset_after", "method": "PUT", "times": "forever"}]}
    put = await zendesk.put(base, json=plan)
    assert [one["kind"] for one in put.json()["faults"]] == ["429", "reset_after"]
    await zendesk.post(base, json={"fault": "500"})
    assert [fault.kind for fault in world.faults.waiting()] == ["429", "reset_after", "500"]
    assert "timeout_after" in (await zendesk.get(base)).json()["kinds"]
    assert (await zendesk.delete(base)).json() == {"faults": []}
    for bad in ("418", 5, {}, {"kind": "500", "colour": "red"}, {"kind": "500", "path": "("}):
        assert (await zendesk.put(base, json={"faults": [bad]})).status_code == 400
