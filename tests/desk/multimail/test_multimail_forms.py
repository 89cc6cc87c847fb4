"""Which wire form the service speaks: found out once."""

from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest
from mail_service import ADDRESS, MAILBOXES, NOT_FOUND, Service, outbox_of, refused, sides, wire

from deskgate.desk.errors import BadInput, DeskError, UpstreamUnavailable
from deskgate.desk.multimail import Outbox, connect
from fakes import FakeClock

pytestmark = pytest.mark.anyio

PROBE = "GET /v1/mailboxes"
EMPTY = {"GET /v1/oversight/pending": {"emails": []}, "GET /list_pending": {"messages": []}}


async def test_a_service_that_has_the_published_route_speaks_v1():
    service = Service(EMPTY)
    outbox, oversight = sides(service, api="auto")
    assert outbox.form is None
    await oversight.pending()
    assert outbox.form == "v1"
    assert service.asked == [PROBE, "GET /v1/oversight/pending"]


async def test_a_service_without_that_route_speaks_the_short_form():
    service = Service(EMPTY | {PROBE: NOT_FOUND})
    outbox, oversight = sides(service, api="auto")
    await oversight.pending()
    assert outbox.form == "short"
    assert service.asked == [PROBE, "GET /list_pending"]


async def test_the_question_is_asked_with_the_sending_key():
    service = Service(EMPTY)
    _, oversight = sides(service, api="auto")
    await oversight.pending()
    keys = [request.headers["authorization"] for request in service.requests]
    assert keys == ["Bearer send_key", "Bearer oversight_key"]


@pytest.mark.parametrize("answer", [MAILBOXES, NOT_FOUND], ids=["v1", "short"])
async def test_both_sides_at_once_ask_only_once(answer: Any):
    service = Service(EMPTY | {PROBE: answer})

    async def slowly(request: httpx.Request) -> httpx.Response:
        await anyio.lowlevel.checkpoint()
        return await service.handle_async_request(request)

    outbox, oversight = sides(httpx.MockTransport(slowly), api="auto")
    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(oversight.pending)
    assert outbox.form in {"v1", "short"}
    assert service.asked.count(PROBE) == 1
    assert len(service.asked) == 6


@pytest.mark.parametrize(
    "failure",
    [httpx.ConnectError("down"), httpx.ReadTimeout("late"), refused(500, "boom"), httpx.Response(200, text="<html>")],
    ids=["refused", "late", "500", "html"],
)
async def test_a_failure_is_raised_and_remembered_as_nothing(failure: Any):
    service = Service(EMPTY | {PROBE: failure})
    outbox, oversight = sides(service, api="auto")
    with pytest.raises(UpstreamUnavailable):
        await oversight.pending()
    assert outbox.form is None
    service.routes[PROBE] = NOT_FOUND
    await oversight.pending()
    assert outbox.form == "short"


@pytest.mark.parametrize(
    "refusal", [refused(401, "bad key"), refused(403, "scope"), httpx.Response(403, text="error code: 1020")]
)
async def test_a_refusal_counts_as_v1_for_now_and_is_not_remembered(refusal: Any):
    service = Service(EMPTY | {PROBE: refusal})
    outbox, oversight = sides(service, api="auto")
    assert await oversight.pending() == []
    assert service.asked == [PROBE, "GET /v1/oversight/pending"]
    assert outbox.form is None


@pytest.mark.parametrize(("api", "asked"), [("v1", "GET /v1/oversight/pending"), ("short", "GET /list_pending")])
async def test_a_form_that_is_set_is_not_asked_for(api: str, asked: str):
    service = Service(EMPTY)
    _, oversight = sides(service, api=api)
    await oversight.pending()
    assert service.asked == [asked]


async def test_an_unknown_setting_is_refused_at_once():
    clock = FakeClock()
    with pytest.raises(BadInput, match="MULTIMAIL_API"):
        connect(wire(Service({}), clock, "k"), None, mailbox=ADDRESS, api="v2", clock=clock)


async def test_without_a_deciding_key_there_is_no_oversight():
    clock = FakeClock()
    _, oversight = connect(wire(Service({}), clock, "k"), None, mailbox=ADDRESS, api="v1", clock=clock)
    assert oversight is None


def test_the_sending_side_has_no_way_to_decide():
    assert not {name for name in dir(Outbox) if "decide" in name or "approve" in name}


async def test_no_error_shows_a_key():
    outbox, _ = outbox_of({PROBE: refused(401, "bad key send_key")}, api="auto")
    with pytest.raises(DeskError) as caught:
        await outbox.gate()
    assert "send_key" not in f"{caught.value} {caught.value!r} {caught.value.facts}"
