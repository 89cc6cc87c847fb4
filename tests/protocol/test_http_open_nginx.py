"""examples/nginx.conf, run: a client outside speaks TLS with nginx, and nginx with deskgate."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import httpx2
import pytest
from mcp import Client
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from nginx_front import certificate, free_port, needs_nginx, nginx
from open_doors import ACCEPT, DOORS, Door, TokenFile, bearer, open_doors

from bench import ERAS, Caller, Person, bench

pytestmark = [
    pytest.mark.anyio,
    needs_nginx,
]


@asynccontextmanager
async def outside(folder: Path) -> AsyncIterator[tuple[Any, TokenFile, str, ssl.SSLContext]]:
    """A desk behind nginx; gives the bench, its token file, the public address and what trusts its certificate."""
    tokens = TokenFile(folder / "tokens.jsonl")
    tokens.new("nobody", "admin")
    certificate(folder)
    port = free_port()
    public = f"https://localhost:{port}"
    trust = ssl.create_default_context(cafile=folder / "fullchain.pem")
    async with bench(folder) as b, open_doors(b, tokens, public_url=public) as origin:
        with nginx(folder, "nginx.conf", port, {"127.0.0.1:8642": origin.removeprefix("http://")}):
            async with httpx.AsyncClient(base_url=public, verify=trust, trust_env=False) as http:
                with anyio.fail_after(20):
                    while not await answers(http):
                        await anyio.lowlevel.checkpoint()
            yield b, tokens, public, trust


async def answers(http: httpx.AsyncClient) -> bool:
    try:
        return (await http.get("/healthz")).status_code == 200
    except httpx.ConnectError:
        return False


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("door", DOORS)
async def test_a_reply_goes_from_draft_to_decision_through_nginx(tmp_path: Path, door: Door, era: Any) -> None:
    async with outside(tmp_path) as (b, tokens, public, trust):
        bot, lead = tokens.new("bot", "draft"), tokens.new("lead", "decide")
        b.clock.advance(1)

        @asynccontextmanager
        async def client(secret: str, person: Person | None = None) -> AsyncIterator[Caller]:
            def http(headers: Any = None, timeout: Any = None, auth: Any = None) -> httpx2.AsyncClient:
                return httpx2.AsyncClient(headers=headers or bearer(secret), timeout=timeout or 20, verify=trust)

            async with http() as opened:
                sse = sse_client(f"{public}/sse", headers=bearer(secret), httpx_client_factory=http)
                way: Any = sse if door == "sse" else streamable_http_client(f"{public}/mcp", http_client=opened)
                async with Client(way, mode=era, elicitation_callback=person, read_timeout_seconds=20) as found:
                    yield Caller(found)

        async with client(bot) as caller:
            held = await caller.ok("draft_gated_reply", ticket_id=101, body="The parcel is on its way.")
        b.clock.advance(5)
        async with client(lead, Person()) as caller:
            await caller.ok("decide_reply", message_id=held["message_id"], decision="approve")
        assert len(b.world.sent_mails()) == 1


async def test_nginx_lets_through_what_is_refused_and_how(tmp_path: Path) -> None:
    async with (
        outside(tmp_path) as (_b, _tokens, public, trust),
        httpx.AsyncClient(base_url=public, verify=trust, trust_env=False, headers=ACCEPT) as http,
    ):
        assert (await http.post("/mcp", json={})).status_code == 401
        foreign = await http.post("/mcp", json={}, headers={"Origin": "https://evil.example"})
        assert foreign.status_code == 403
        wrong_port = await http.get("/healthz", headers={"Host": "localhost:1"})
        assert wrong_port.status_code == 421
        assert (await http.post("/mcp", content=b"x" * 1_100_000)).status_code == 413
        with pytest.raises(httpx.RemoteProtocolError):
            await http.get("/healthz", headers={"Host": "evil.example"})


@pytest.mark.parametrize("path", ["/metrics", "/readyz", "/metrics?a=1", "//readyz", "/%72eadyz"])
async def test_what_monitors_ask_is_not_to_be_had_from_outside_even_with_a_token(tmp_path: Path, path: str) -> None:
    async with (
        outside(tmp_path) as (_b, tokens, public, trust),
        httpx.AsyncClient(base_url=public, verify=trust, trust_env=False) as http,
    ):
        for headers in ({}, bearer(tokens.new("monitor", "admin"))):
            assert (await http.get(path, headers=headers)).status_code == 404
        assert (await http.get("/healthz")).status_code == 200
