"""`deskgate serve --transport http` as a process: how it starts, how it refuses to, and how it leaves."""

import contextlib
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from mcp_frames import INITIALIZE, INITIALIZED, LEGACY, tool
from real_port import upstream
from real_process import Pipe, deskgate

from deskgate.desk.replies import HELD, SENDING
from deskgate.desk.store import open_store
from deskgate.protocol.http import listen

pytestmark = pytest.mark.anyio

ACCEPT = {"Accept": "application/json, text/event-stream"}
HTTP = ("serve", "--sandbox", "--transport", "http", "--port", "0")


@asynccontextmanager
async def served(
    folder: Path, *words: str, environment: dict[str, str] | None = None
) -> AsyncIterator[tuple[Pipe, httpx.AsyncClient]]:
    """The process and a client of its port, once it said that it serves."""
    async with deskgate(folder, *words, environment=environment, hears=True) as pipe:
        said = await pipe.said("deskgate serves MCP at ")
        origin = said.split("deskgate serves MCP at ")[1].split("/mcp")[0]
        async with httpx.AsyncClient(base_url=origin, trust_env=False, timeout=20, headers=ACCEPT) as client:
            yield pipe, client


async def legacy_session(client: httpx.AsyncClient) -> dict[str, str]:
    """The headers of an open session of the handshake era."""
    shaken = await client.post("/mcp", json=INITIALIZE)
    headers = {"Mcp-Session-Id": shaken.headers["mcp-session-id"], "MCP-Protocol-Version": LEGACY}
    assert (await client.post("/mcp", headers=headers, json=INITIALIZED)).status_code == 202
    return headers


async def written(folder: Path) -> str:
    """The state of the only reply on record."""
    store = await open_store(f"sqlite:///{folder / 'deskgate.sqlite3'}")
    try:
        (reply,) = await store.replies_of_ticket(101)
    finally:
        await store.aclose()
    return reply.state


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_it_within_five_seconds_while_streams_are_open(
    tmp_path: Path, sign: signal.Signals
) -> None:
    async with served(tmp_path, *HTTP) as (pipe, client):
        session = await legacy_session(client)
        async with client.stream("GET", "/sse") as sse, client.stream("GET", "/mcp", headers=session) as stream:
            assert (sse.status_code, stream.status_code) == (200, 200)
            pipe.process.send_signal(sign)
            assert await pipe.leaves() == 0
        assert await pipe.rest() == b""
    assert "Traceback" not in pipe.stderr
    assert not (tmp_path / "sandbox" / "deskgate.sqlite3-wal").exists()


async def test_the_alias_sse_serves_the_same_doors(tmp_path: Path) -> None:
    async with served(tmp_path, "serve", "--sandbox", "--transport", "sse", "--port", "0") as (pipe, client):
        assert (await client.get("/healthz")).json()["status"] == "ok"
        await legacy_session(client)
        pipe.process.send_signal(signal.SIGTERM)
        assert await pipe.leaves() == 0


async def test_it_serves_on_the_ipv6_loopback(tmp_path: Path) -> None:
    async with served(tmp_path, *HTTP, "--host", "::1") as (pipe, client):
        assert client.base_url.host == "::1"
        await legacy_session(client)
        pipe.process.send_signal(signal.SIGTERM)
        assert await pipe.leaves() == 0


async def _post(client: httpx.AsyncClient, session: dict[str, str], draft: dict[str, Any]) -> None:
    """What is promised is the record: whether the answer still goes out before the stream is closed is a matter of luck."""
    with contextlib.suppress(httpx.RemoteProtocolError):
        await client.post("/mcp", headers=session, json=draft)


async def test_a_signal_during_a_draft_waits_for_the_answer_and_records_it(tmp_path: Path) -> None:
    async with (
        upstream(tmp_path / "world") as world,
        served(tmp_path, "serve", *HTTP[2:], environment=world.environment) as (pipe, client),
        anyio.create_task_group() as group,
    ):
        session = await legacy_session(client)
        world.gate.shut("/send")
        draft = tool(1, "draft_gated_reply", ticket_id=101, body="The parcel is on its way.")
        group.start_soon(_post, client, session, draft)
        await world.gate.waiting()
        pipe.process.send_signal(signal.SIGTERM)
        world.gate.opened.set()
        assert await pipe.leaves() == 0
        assert await written(tmp_path) == HELD
        assert len(world.world.held_mails()) == 1


async def test_a_service_that_never_answers_cannot_keep_it_from_leaving(tmp_path: Path) -> None:
    draft = tool(1, "draft_gated_reply", ticket_id=101, body="The parcel is on its way.")
    async with (
        upstream(tmp_path / "world") as world,
        served(tmp_path, "serve", *HTTP[2:], environment=world.environment) as (pipe, client),
    ):
        session = await legacy_session(client)
        world.gate.shut("/send")
        async with client.stream("POST", "/mcp", headers=session, json=draft):
            await world.gate.waiting()
            pipe.process.send_signal(signal.SIGTERM)
            assert await pipe.leaves() == 1
        assert await written(tmp_path) == SENDING


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "desk.example.com", ""])
async def test_an_address_that_others_can_reach_is_refused(tmp_path: Path, host: str) -> None:
    async with deskgate(tmp_path, *HTTP, "--host", host) as pipe:
        assert await pipe.rest() == b""
        assert await pipe.leaves() == 2
    assert "this machine only" in pipe.stderr
    assert "Traceback" not in pipe.stderr


async def test_a_taken_port_is_named_and_nothing_is_opened(tmp_path: Path) -> None:
    with listen("127.0.0.1", 0) as taken:
        port = str(taken.getsockname()[1])
        async with deskgate(tmp_path, *HTTP[:-1], port) as pipe:
            assert await pipe.rest() == b""
            assert await pipe.leaves() == 1
    assert f"Port {port} on 127.0.0.1 cannot be used" in pipe.stderr
    assert "Traceback" not in pipe.stderr
    assert not (tmp_path / "sandbox").exists()


async def test_beyond_loopback_the_public_address_is_https_so_that_sessions_do_not_travel_in_the_open(
    tmp_path: Path,
) -> None:
    tokens = tmp_path / "tokens"
    environment = {"DESKGATE_TOKENS": str(tokens), "DESKGATE_PUBLIC_URL": "http://localhost:8642"}
    async with deskgate(tmp_path, *HTTP, "--host", "0.0.0.0", environment=environment) as pipe:
        assert await pipe.rest() == b""
        assert await pipe.leaves() == 2
    assert "https:// address of the proxy" in pipe.stderr
