"""A client that stops waiting in the middle of a write: what MultiMail has and what we recorded stay in agreement."""

from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from mcp import Client, MCPError
from mcp.client.sse import sse_client
from real_port import doors

from bench import ERAS, bench
from deskgate.desk.digest import words_of
from deskgate.desk.replies import HELD
from deskgate.sandbox.transport import SandboxTransport
from deskgate.sandbox.world import World
from fakes import FakeClock

pytestmark = pytest.mark.anyio

BODY = "The parcel is on its way."


class Late(httpx.AsyncBaseTransport):
    """The pretend world behind a line that is slow for requests whose path ends in `path`."""

    def __init__(self, world: World, path: str) -> None:
        self._inner = SandboxTransport(world)
        self._path = path
        self.arrived = anyio.Event()
        self.opened = anyio.Event()
        self.seen = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer, once the line is open."""
        if request.url.path.endswith(self._path):
            self.seen += 1
            self.arrived.set()
            await self.opened.wait()
        return await self._inner.handle_async_request(request)


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("door", ["mcp", "sse"])
async def test_a_client_that_stops_waiting_for_a_draft_leaves_it_held_and_recorded(
    tmp_path: Path, door: str, era: Any
) -> None:
    clock = FakeClock()
    world = World.open(tmp_path / "sandbox", clock.now)
    late = Late(world, "/send")
    async with bench(tmp_path, world=world, clock=clock, transport=late) as b, doors(b) as origin:
        way = sse_client(f"{origin}/sse") if door == "sse" else f"{origin}/mcp"
        async with Client(way, mode=era) as client:
            arguments = {"ticket_id": 101, "body": BODY}
            with pytest.raises(MCPError, match=r"(?i)timed out"), anyio.fail_after(20):
                await client.call_tool("draft_gated_reply", arguments, read_timeout_seconds=0.5)
            assert late.arrived.is_set()
            # Whatever tells the server that nobody waits any more has arrived once it answers something later.
            await client.call_tool("read_zendesk_ticket", {"ticket_id": 104})
            late.opened.set()
            # The draft holds its words until it is settled, whoever still listens.
            async with b.desk.core.alone(words_of(101, BODY)):
                (reply,) = await b.desk.replies_of(101)
        clock.advance(5)
        (mail,) = world.held_mails()
        assert (reply.state, reply.message_id) == (HELD, mail["id"])
        assert late.seen == 1
    world.close()


@pytest.mark.parametrize("era", ERAS)
async def test_a_client_that_stops_waiting_for_a_ticket_frees_the_line(tmp_path: Path, era: Any) -> None:
    clock = FakeClock()
    world = World.open(tmp_path / "sandbox", clock.now)
    late = Late(world, "/tickets/101")
    async with bench(tmp_path, world=world, clock=clock, transport=late) as b, doors(b) as origin:
        async with Client(f"{origin}/mcp", mode=era) as client:
            with pytest.raises(MCPError, match=r"(?i)timed out"), anyio.fail_after(20):
                await client.call_tool("read_zendesk_ticket", {"ticket_id": 101}, read_timeout_seconds=0.5)
            found = await client.call_tool("read_zendesk_ticket", {"ticket_id": 104})
        assert not found.is_error
        assert late.seen == 1
    world.close()
