"""What calls cost: reading a ticket beside its bare upstream requests, and the work of the queue in the sandbox."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.types import ElicitResult
from measure import Figure, differences, timed

from deskgate import settings
from deskgate.app import open_desk
from deskgate.protocol.server import build_server
from deskgate.sandbox.transport import SandboxTransport
from deskgate.sandbox.world import World

TICKET = 101
WARM_UP = 20
ANSWERABLE = (101, 104, 105, 106)


@contextmanager
def upstream(folder: Path) -> Iterator[dict[str, str]]:
    """Both pretend services in a process of their own; gives the settings that lead there."""
    command = [sys.executable, str(Path(__file__).with_name("upstream.py")), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told: dict[str, str] = {}
        for line in process.stdout:
            if line.startswith("export "):
                name, _, value = line.removeprefix("export ").strip().partition("=")
                told[name] = value
            if line.startswith("Ctrl-C"):
                break
        try:
            yield told
        finally:
            process.terminate()


@asynccontextmanager
async def in_memory(told: dict[str, str], folder: Path) -> AsyncIterator[Client]:
    """A client in the server's own process."""
    found = settings.read({**told, "DESKGATE_HOME": str(folder)})
    async with open_desk(found) as desk, Client(build_server(desk)) as client:
        yield client


@asynccontextmanager
async def over_stdio(told: dict[str, str], folder: Path) -> AsyncIterator[Client]:
    """A client with the server at the other end of a pipe."""
    environment = {**os.environ, **told, "DESKGATE_HOME": str(folder)}
    server = StdioServerParameters(command=sys.executable, args=["-m", "deskgate", "serve"], env=environment)
    async with Client(server) as client:
        yield client


async def bare_pair(http: httpx.AsyncClient) -> None:
    """The two requests that reading a ticket makes, side by side, their bodies read and not looked at."""
    async with anyio.create_task_group() as group:
        group.start_soon(lambda: http.get(f"tickets/{TICKET}", params={"include": "users"}))
        page: dict[str, str | int] = {"sort": "-created_at", "page[size]": 20, "include": "users"}
        group.start_soon(lambda: http.get(f"tickets/{TICKET}/comments", params=page))


async def reading_figures(folder: Path, runs: int) -> list[Figure]:
    """The bare requests, the tool in memory and the tool over a pipe, in turn, over one upstream."""
    bare: list[float] = []
    memory: list[float] = []
    piped: list[float] = []
    bare_work: list[float] = []
    memory_work: list[float] = []
    with upstream(folder / "world") as told:
        async with AsyncExitStack() as opened:
            http = await opened.enter_async_context(
                httpx.AsyncClient(
                    base_url=f"{told['ZENDESK_BASE_URL']}/api/v2/",
                    auth=(f"{told['ZENDESK_EMAIL']}/token", told["ZENDESK_TOKEN"]),
                    trust_env=False,
                )
            )
            near = await opened.enter_async_context(in_memory(told, folder / "near"))
            far = await opened.enter_async_context(over_stdio(told, folder / "far"))
            for round_number in range(runs + WARM_UP):
                if round_number == WARM_UP:
                    for values in (bare, memory, piped, bare_work, memory_work):
                        values.clear()
                async with timed(bare, bare_work):
                    await bare_pair(http)
                for client, values, work in ((near, memory, memory_work), (far, piped, None)):
                    async with timed(values, work):
                        result = await client.call_tool("read_zendesk_ticket", {"ticket_id": TICKET})
                    assert not result.is_error, result.content
    return [
        Figure("the two upstream requests, by a bare client", "ms", tuple(bare), 2),
        Figure("read_zendesk_ticket, client in memory", "ms", tuple(memory), 2),
        differences("… added to its bare pair", "ms", memory, bare),
        differences("… added in processor time, client and server", "ms", memory_work, bare_work),
        Figure("read_zendesk_ticket, client over stdio", "ms", tuple(piped), 2),
        differences("… added to its bare pair", "ms", piped, bare),
    ]


async def _person(_context: Any, _params: Any) -> ElicitResult:
    return ElicitResult(action="accept", content={"confirm": True})


async def queue_figures(folder: Path, depths: tuple[int, ...], decisions: int) -> list[Figure]:
    """Drafting until so many replies wait, listing them at each depth, and deciding on some, in one process."""
    drafting: list[float] = []
    deciding: list[float] = []
    listing: dict[int, list[float]] = {depth: [] for depth in depths}
    found = settings.read({"DESKGATE_HOME": str(folder)}, sandbox=True)
    world = World.open(found.sandbox_folder)
    world.switch("scan_seconds", 0.0)
    async with (
        open_desk(found, transport=SandboxTransport(world)) as desk,
        Client(build_server(desk), elicitation_callback=_person) as client,
    ):
        held: list[str] = []
        for number in range(max(depths)):
            words = {"ticket_id": ANSWERABLE[number % len(ANSWERABLE)], "body": f"Answer number {number}."}
            async with timed(drafting):
                drafted = await client.call_tool("draft_gated_reply", words)
            assert not drafted.is_error, drafted.content
            held.append((drafted.structured_content or {})["message_id"])
            for _ in range(decisions if len(held) in listing else 0):
                async with timed(listing[len(held)]):
                    await _list_all(client, len(held))
        for message_id in held[:decisions]:
            async with timed(deciding):
                done = await client.call_tool("decide_reply", {"message_id": message_id, "decision": "approve"})
            assert not done.is_error, done.content
    world.close()
    lists = [Figure(f"list_zendesk_pending, all of {depth}", "ms", tuple(listing[depth])) for depth in depths]
    return [
        Figure("draft_gated_reply", "ms", tuple(drafting)),
        *lists,
        Figure(f"decide_reply, approve, with {max(depths)} waiting", "ms", tuple(deciding)),
    ]


async def _list_all(client: Client, expected: int) -> None:
    """Every page of the queue, a hundred replies each."""
    seen, cursor = 0, None
    while True:
        arguments = {"limit": 100, **({"cursor": cursor} if cursor else {})}
        page = await client.call_tool("list_zendesk_pending", arguments)
        assert not page.is_error, page.content
        told = page.structured_content or {}
        seen, cursor = seen + len(told["pending"]), told["cursor"]
        if cursor is None:
            break
    assert seen == expected, (seen, expected)
