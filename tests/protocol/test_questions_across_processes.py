"""A question that one process asks can be answered at another: what travels with it is sealed by a key that both know."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp_frames import MODERN, enveloped
from real_port import listening

from bench import Bench, bench
from deskgate.protocol.http import build_http_app
from deskgate.protocol.server import build_server

pytestmark = pytest.mark.anyio

ABLE = {"io.modelcontextprotocol/clientCapabilities": {"elicitation": {"form": {}}}}
ACCEPT = {"Accept": "application/json, text/event-stream"}
INVALID_PARAMS = -32602


@asynccontextmanager
async def process(b: Bench, secret: str) -> AsyncIterator[httpx.AsyncClient]:
    """One server of several on the same database."""
    server = build_server(b.desk, shared_secret=secret)
    async with (
        listening(lambda port: build_http_app(server, "127.0.0.1", port, clock=b.clock)) as origin,
        httpx.AsyncClient(base_url=origin, trust_env=False, headers=ACCEPT) as http,
    ):
        yield http


async def call(http: httpx.AsyncClient, **params: Any) -> dict[str, Any]:
    frame = enveloped(1, "tools/call", **params)
    frame["params"]["_meta"].update(ABLE)
    headers = {"MCP-Protocol-Version": MODERN, "Mcp-Method": "tools/call", "Mcp-Name": params["name"]}
    found: dict[str, Any] = (await http.post("/mcp", headers=headers, json=frame)).json()
    return found


@pytest.mark.parametrize(("one", "other", "same"), [("k1", "k1", True), ("k1", "k2", False), ("", "", False)])
async def test_an_answer_counts_where_the_seal_is_known(tmp_path: Path, one: str, other: str, same: bool) -> None:
    async with bench(tmp_path) as b, process(b, one) as asking, process(b, other) as answering:
        async with b.client() as caller:
            held = await caller.ok("draft_gated_reply", ticket_id=101, body="The parcel is on its way.")
        b.clock.advance(5)
        words = {"name": "decide_reply", "arguments": {"message_id": held["message_id"], "decision": "approve"}}
        asked = (await call(asking, **words))["result"]
        assert asked["resultType"] == "input_required"
        answers = {key: {"action": "accept", "content": {"confirm": True}} for key in asked["inputRequests"]}
        done = await call(answering, **words, inputResponses=answers, requestState=asked["requestState"])
        assert len(b.world.sent_mails()) == (1 if same else 0)
        if same:
            assert done["result"]["structuredContent"]["decision"] == "approve"
        else:
            assert done["error"]["code"] == INVALID_PARAMS
