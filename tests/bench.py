"""The whole product over the pretend world, in one process: a desk, its MCP server, and clients that come to it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import httpx
from mcp import Client
from mcp.server import MCPServer
from mcp.types import CallToolResult, ElicitRequestFormParams, ElicitResult

from deskgate import settings
from deskgate.app import open_desk
from deskgate.desk import Desk
from deskgate.protocol.server import build_server
from deskgate.sandbox.transport import SandboxTransport
from deskgate.sandbox.world import World
from fakes import FakeClock

# Which database belongs to a folder, where it is not the file in it; the `databases` fixture puts one here.
DATABASE: Callable[[Path], str] | None = None

ERAS: tuple[Literal["auto", "legacy"], ...] = ("auto", "legacy")


@dataclass
class Person:
    """Whoever sits at the client: answers every question the same way and remembers what was asked."""

    action: Literal["accept", "decline", "cancel"] = "accept"
    content: dict[str, Any] | None = field(default_factory=lambda: {"confirm": True})
    asked: list[str] = field(default_factory=list)

    async def __call__(self, _context: Any, params: ElicitRequestFormParams) -> ElicitResult:
        """Answer one question."""
        self.asked.append(params.message)
        return ElicitResult(action=self.action, content=self.content if self.action == "accept" else None)


@dataclass
class Caller:
    """An MCP client with short words for what tests do."""

    client: Client

    async def call(self, tool: str, **arguments: Any) -> CallToolResult:
        """The raw result."""
        return await self.client.call_tool(tool, arguments)

    async def ok(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The structured result of a call that must succeed."""
        result = await self.call(tool, **arguments)
        assert not result.is_error, result.content
        assert result.structured_content is not None
        return result.structured_content

    async def fails(self, tool: str, **arguments: Any) -> str:
        """The code of a call that must fail; the text begins with it."""
        result = await self.call(tool, **arguments)
        assert result.is_error, result.structured_content
        text = result.content[0].text  # type: ignore[union-attr]
        code = str((result.structured_content or {})["code"])
        assert text.startswith(f"{code}: "), text
        return code


@dataclass
class Bench:
    """One process: its world, its clock, its desk and its server."""

    world: World
    clock: FakeClock
    desk: Desk
    server: MCPServer

    @asynccontextmanager
    async def client(
        self, era: Literal["auto", "legacy"] = "auto", person: Person | None = None
    ) -> AsyncIterator[Caller]:
        """A client of that era; without a person it is one that cannot ask."""
        async with Client(self.server, mode=era, elicitation_callback=person) as client:
            yield Caller(client)


@asynccontextmanager
async def bench(
    folder: Path,
    *,
    world: World | None = None,
    clock: FakeClock | None = None,
    role: str = "solo",
    transport: httpx.AsyncBaseTransport | None = None,
    **environment: str,
) -> AsyncIterator[Bench]:
    """Open the product on a world (a new one unless given). A second `bench` on the same folder is a second process."""
    clock = clock or FakeClock()
    own = world is None
    world = world or World.open(folder / "sandbox", clock.now)
    told = settings.read({"DESKGATE_HOME": str(folder), **environment}, sandbox=True, role=role)
    if DATABASE is not None:
        told = replace(told, database=DATABASE(folder))
    try:
        async with open_desk(told, clock=clock, transport=transport or SandboxTransport(world)) as desk:
            yield Bench(world, clock, desk, build_server(desk))
    finally:
        if own:
            world.close()
