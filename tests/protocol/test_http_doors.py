"""Streamable HTTP and SSE on a real port, with clients of both eras."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import anyio
import httpx
import pytest
from mcp import Client
from mcp.client.sse import sse_client
from mcp_frames import INITIALIZE, INITIALIZED, LEGACY, MODERN, enveloped, request, tool
from real_port import doors

from bench import ERAS, Bench, Caller, Person, bench
from deskgate.protocol.http import listen

pytestmark = pytest.mark.anyio

Door = Literal["mcp", "sse"]
DOORS: tuple[Door, ...] = ("mcp", "sse")
ACCEPT = {"Accept": "application/json, text/event-stream"}
WAYS_IN = (("POST", "/mcp"), ("GET", "/mcp"), ("GET", "/sse"), ("POST", "/messages/"), ("GET", "/healthz"))


@asynccontextmanager
async def client(origin: str, door: Door, era: Any, person: Person | None = None) -> AsyncIterator[Caller]:
    way = sse_client(f"{origin}/sse") if door == "sse" else f"{origin}/mcp"
    async with Client(way, mode=era, elicitation_callback=person, read_timeout_seconds=20) as opened:
        assert opened.protocol_version == (LEGACY if era == "legacy" else MODERN)
        yield Caller(opened)


@asynccontextmanager
async def raw(b: Bench) -> AsyncIterator[httpx.AsyncClient]:
    async with doors(b) as origin, httpx.AsyncClient(base_url=origin, trust_env=False, timeout=10) as opened:
        yield opened


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("door", DOORS)
async def test_a_reply_goes_from_ticket_to_decision_through_every_door(tmp_path: Path, door: Door, era: Any) -> None:
    person = Person()
    async with bench(tmp_path) as b, doors(b) as origin, client(origin, door, era, person) as caller:
        assert len((await caller.client.list_tools()).tools) == 10
        read = await caller.ok("read_zendesk_ticket", ticket_id=101)
        held = await caller.ok("draft_gated_reply", ticket_id=101, body="The parcel is on its way.")
        assert held["to"] == read["requester"]["email"]
        b.clock.advance(5)
        waiting = await caller.ok("list_zendesk_pending")
        assert [one["message_id"] for one in waiting["pending"]] == [held["message_id"]]
        done = await caller.ok("decide_reply", message_id=held["message_id"], decision="approve")
        assert done["state"] in {"sent", "delivered"}
        assert len(person.asked) == 1
        assert held["digest"] in person.asked[0]
        assert [mail.to for mail in b.world.sent_mails()] == [[read["requester"]["email"]]]


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("door", DOORS)
async def test_a_person_who_declines_through_any_door_changes_nothing(tmp_path: Path, door: Door, era: Any) -> None:
    async with bench(tmp_path) as b, doors(b) as origin, client(origin, door, era, Person(action="decline")) as caller:
        held = await caller.ok("draft_gated_reply", ticket_id=101, body="The parcel is on its way.")
        b.clock.advance(5)
        assert await caller.fails("decide_reply", message_id=held["message_id"], decision="approve") == "declined"
        assert len(b.world.held_mails()) == 1
        assert b.world.sent_mails() == []


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("door", DOORS)
async def test_a_client_that_cannot_ask_is_told_so_at_every_door(tmp_path: Path, door: Door, era: Any) -> None:
    async with bench(tmp_path) as b, doors(b) as origin, client(origin, door, era) as caller:
        held = await caller.ok("draft_gated_reply", ticket_id=101, body="The parcel is on its way.")
        b.clock.advance(5)
        code = await caller.fails("decide_reply", message_id=held["message_id"], decision="approve")
        assert code == "confirmation_needed"


async def test_two_clients_of_two_eras_share_one_desk(tmp_path: Path) -> None:
    async with (
        bench(tmp_path) as b,
        doors(b) as origin,
        client(origin, "mcp", "auto") as new,
        client(origin, "sse", "legacy") as old,
    ):
        held = await new.ok("draft_gated_reply", ticket_id=101, body="The parcel is on its way.")
        b.clock.advance(5)
        seen = await old.ok("list_zendesk_pending")
        assert [one["message_id"] for one in seen["pending"]] == [held["message_id"]]
        again = await old.ok("draft_gated_reply", ticket_id=101, body="The parcel is on its way.")
        assert again["message_id"] == held["message_id"]


class Stream:
    """An SSE connection below the SDK's client."""

    def __init__(self, http: httpx.AsyncClient, response: httpx.Response) -> None:
        self._http = http
        self._data = (line.removeprefix("data: ") async for line in response.aiter_lines() if line.startswith("data: "))
        self._way = ""

    async def post(self, frame: dict[str, Any]) -> None:
        self._way = self._way or await anext(self._data)
        assert (await self._http.post(self._way, json=frame)).status_code == 202

    async def read(self) -> dict[str, Any]:
        with anyio.fail_after(10):
            found: dict[str, Any] = json.loads(await anext(self._data))
            return found

    async def answer(self, frame: dict[str, Any]) -> dict[str, Any]:
        await self.post(frame)
        found = await self.read()
        assert found["id"] == frame["id"]
        return found


async def test_a_client_that_leaves_while_it_is_asked_leaves_the_reply_held(tmp_path: Path) -> None:
    async with bench(tmp_path) as b, doors(b) as origin:
        async with client(origin, "mcp", "auto") as caller:
            held = await caller.ok("draft_gated_reply", ticket_id=101, body="The parcel is on its way.")
        b.clock.advance(5)
        decide = {"message_id": held["message_id"], "decision": "approve"}
        async with (
            httpx.AsyncClient(base_url=origin, trust_env=False, timeout=10) as http,
            http.stream("GET", "/sse") as response,
        ):
            stream = Stream(http, response)
            hello = {**INITIALIZE["params"], "capabilities": {"elicitation": {}}}
            await stream.answer({**INITIALIZE, "params": hello})
            await stream.post(INITIALIZED)
            await stream.post(tool(1, "decide_reply", **decide))
            assert (await stream.read())["method"] == "elicitation/create"
        assert b.world.sent_mails() == []
        async with client(origin, "mcp", "legacy", Person()) as caller:
            assert (await caller.ok("decide_reply", **decide))["decision"] == "approve"
        assert len(b.world.sent_mails()) == 1


async def test_a_probe_and_then_a_handshake_on_one_sse_connection_are_both_answered(tmp_path: Path) -> None:
    async with bench(tmp_path) as b, raw(b) as http, http.stream("GET", "/sse") as response:
        stream = Stream(http, response)
        probed = await stream.answer(enveloped(0, "server/discover"))
        assert MODERN in probed["result"]["supportedVersions"]
        refused = await stream.answer(enveloped(1, "server/discover", version="2099-01-01"))
        assert refused["error"]["code"] == -32022
        shaken = await stream.answer(INITIALIZE)
        assert shaken["result"]["protocolVersion"] == LEGACY
        await stream.post(INITIALIZED)
        listed = await stream.answer(request(2, "tools/list"))
        assert len(listed["result"]["tools"]) == 10


@pytest.mark.parametrize(("method", "path"), WAYS_IN)
async def test_a_foreign_host_is_misdirected_at_every_door(tmp_path: Path, method: str, path: str) -> None:
    async with bench(tmp_path) as b, raw(b) as http:
        for host in ("evil.example", "127.0.0.1.evil.example", "localhost:1", "127.0.0.1@evil.example"):
            answered = await http.request(method, path, headers={**ACCEPT, "Host": host}, json={})
            assert answered.status_code == 421, (host, answered.text)


@pytest.mark.parametrize(("method", "path"), WAYS_IN)
async def test_a_foreign_origin_is_forbidden_at_every_door(tmp_path: Path, method: str, path: str) -> None:
    async with bench(tmp_path) as b, raw(b) as http:
        for origin in ("https://evil.example", "http://127.0.0.1:1", "http://localhost.evil.example", "null"):
            answered = await http.request(method, path, headers={**ACCEPT, "Origin": origin}, json={})
            assert answered.status_code == 403, (origin, answered.text)


@pytest.mark.parametrize("path", ["/messages", "/mcp/", "/sse/", "/", "/nothing"])
async def test_no_other_path_leads_a_foreign_host_anywhere(tmp_path: Path, path: str) -> None:
    async with bench(tmp_path) as b, raw(b) as http:
        answered = await http.post(path, headers={**ACCEPT, "Host": "evil.example"}, json={})
        assert "evil.example" not in answered.headers.get("location", "")
        assert answered.status_code in {404, 405, 421}


async def test_a_connection_sends_the_end_of_an_answer_without_waiting_for_an_acknowledgement() -> None:
    sent_at_once = anyio.Event()

    class Accepted(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            connection = transport.get_extra_info("socket")
            if connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY):
                sent_at_once.set()
            transport.close()

    listener = listen("127.0.0.1", 0)
    async with (
        await asyncio.get_running_loop().create_server(Accepted, sock=listener),
        await anyio.connect_tcp("127.0.0.1", listener.getsockname()[1]) as stream,
    ):
        with pytest.raises(anyio.EndOfStream), anyio.fail_after(10):
            await stream.receive()
    assert sent_at_once.is_set()


async def test_this_machines_own_names_are_let_in(tmp_path: Path) -> None:
    async with bench(tmp_path) as b, raw(b) as http:
        port = http.base_url.port
        for host in (f"127.0.0.1:{port}", f"localhost:{port}", f"[::1]:{port}"):
            answered = await http.get("/healthz", headers={"Host": host, "Origin": f"http://{host}"})
            assert answered.json()["status"] == "ok"


async def test_the_list_of_tools_stays_below_ten_thousand_bytes_over_http(tmp_path: Path) -> None:
    async with bench(tmp_path) as b, raw(b) as http:
        headers = {**ACCEPT, "MCP-Protocol-Version": MODERN, "Mcp-Method": "tools/list"}
        modern = await http.post("/mcp", headers=headers, json=enveloped(1, "tools/list"))
        shaken = await http.post("/mcp", headers=ACCEPT, json=INITIALIZE)
        session = {**ACCEPT, "Mcp-Session-Id": shaken.headers["mcp-session-id"], "MCP-Protocol-Version": LEGACY}
        await http.post("/mcp", headers=session, json=INITIALIZED)
        legacy = await http.post("/mcp", headers=session, json=request(1, "tools/list"))
    for answered in (modern, legacy):
        assert answered.status_code == 200
        assert '"note_zendesk_ticket"' in answered.text
        assert len(answered.content) < 10_000
