"""The doors for callers with tokens, and clients that bring one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import httpx
import httpx2
from mcp import Client
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp_frames import INITIALIZE, INITIALIZED, LEGACY, MODERN, enveloped
from real_port import listening

from bench import Bench, Caller, Person
from deskgate.protocol.http import build_http_app
from deskgate.protocol.server import build_server
from deskgate.web.callers import KnownTokens
from deskgate.web.health import Readiness
from deskgate.web.metrics import Metrics
from deskgate.web.token_file import issue

Door = Literal["mcp", "sse"]
DOORS: tuple[Door, ...] = ("mcp", "sse")
ACCEPT = {"Accept": "application/json, text/event-stream"}
WAYS_IN = (
    ("POST", "/mcp"),
    ("GET", "/mcp"),
    ("DELETE", "/mcp"),
    ("GET", "/sse"),
    ("POST", "/messages/?session_id=00000000000000000000000000000000"),
)


@dataclass
class TokenFile:
    """A token file and its secrets, made as `deskgate token new` makes them."""

    path: Path

    def new(self, principal: str, *scopes: str, owner: str = "", kind: Literal["human", "agent"] = "agent") -> str:
        """Add a token; gives the secret."""
        return issue(self.path, principal, kind, list(scopes), created="2026-01-28T12:00:00Z", owner=owner)[1]


def bearer(secret: str) -> dict[str, str]:
    """What a client sends."""
    return {"Authorization": f"Bearer {secret}"}


@asynccontextmanager
async def open_doors(
    b: Bench, tokens: TokenFile, *, host: str = "127.0.0.1", public_url: str | None = None
) -> AsyncIterator[str]:
    """The bench's desk behind tokens on a port, as `deskgate serve` puts it there for `host`."""
    verifier = await KnownTokens.open(tokens.path, b.clock)
    server = build_server(b.desk, verifier=verifier, public_url=public_url)

    readiness = Readiness(b.desk.core.store, b.clock)
    await readiness.look()

    def app(port: int) -> Any:
        told = {"readiness": readiness, "metrics": Metrics(b.desk.core.store, b.clock)}
        return build_http_app(server, host, port, public_url=public_url, clock=b.clock, **told)

    async with listening(app) as here:
        yield here


@asynccontextmanager
async def client(
    origin: str, secret: str, door: Door = "mcp", era: Any = "auto", person: Person | None = None
) -> AsyncIterator[Caller]:
    """An MCP client with a token."""
    async with httpx2.AsyncClient(headers=bearer(secret), trust_env=False, timeout=20) as http:
        way: Any = (
            sse_client(f"{origin}/sse", headers=bearer(secret))
            if door == "sse"
            else streamable_http_client(f"{origin}/mcp", http_client=http)
        )
        async with Client(way, mode=era, elicitation_callback=person, read_timeout_seconds=20) as opened:
            assert opened.protocol_version == (LEGACY if era == "legacy" else MODERN)
            yield Caller(opened)


@asynccontextmanager
async def raw(origin: str, secret: str = "") -> AsyncIterator[httpx.AsyncClient]:
    """A plain HTTP client, with a token or without."""
    headers = {**ACCEPT, **(bearer(secret) if secret else {})}
    async with httpx.AsyncClient(base_url=origin, headers=headers, trust_env=False, timeout=10) as opened:
        yield opened


async def legacy_session(http: httpx.AsyncClient) -> dict[str, str]:
    """The headers of an open session of the handshake era."""
    shaken = await http.post("/mcp", json=INITIALIZE)
    assert shaken.status_code == 200, shaken.text
    headers = {"Mcp-Session-Id": shaken.headers["mcp-session-id"], "MCP-Protocol-Version": LEGACY}
    assert (await http.post("/mcp", headers=headers, json=INITIALIZED)).status_code == 202
    return headers


async def modern(http: httpx.AsyncClient, method: str, name: str = "", /, **params: Any) -> httpx.Response:
    """One request of 2026-07-28."""
    headers = {"MCP-Protocol-Version": MODERN, "Mcp-Method": method, **({"Mcp-Name": name} if name else {})}
    return await http.post("/mcp", headers=headers, json=enveloped(1, method, **params))
