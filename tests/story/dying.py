"""A process that can be made to die at any point, or to stop for a moment, and the calls that it makes."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import httpx

from bench import bench
from deskgate.desk import Confirmation, Desk, Reply
from deskgate.desk.errors import OutcomeUnknown, UpstreamUnavailable
from deskgate.sandbox.transport import SandboxTransport
from deskgate.sandbox.world import World
from fakes import FakeClock

TICKET = 101
BODY = "Hello Maria,\n\nyour parcel waits for you at Kvarnen Livs.\n\nInes"
NOTE = "Wrote to the customer where the parcel is."
WRITES = ("add_reply", "save_reply", "add_drafter", "add_view", "add_note", "save_note")
YES = "a person in the chat of the test"


class Died(BaseException):
    """The process is gone; nothing after this line ran."""


class Life:
    """Counts the points at which a process may die, dies at the chosen one, and stays dead."""

    def __init__(self, ends_at: int | None = None) -> None:
        self.points: list[str] = []
        self._ends_at = ends_at

    def point(self, name: str) -> None:
        """A moment before or after something durable."""
        self.points.append(name)
        if self._ends_at is not None and len(self.points) >= self._ends_at:
            raise Died(name)


class MortalStore:
    """A store whose process may die before or after every write."""

    def __init__(self, store: Any, life: Life) -> None:
        self._store = store
        self._life = life

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        return self._around(name, found) if name in WRITES else found

    def _around(self, name: str, write: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def mortal(*given: Any, **named: Any) -> Any:
            self._life.point(f"before {name}")
            result = await write(*given, **named)
            self._life.point(f"after {name}")
            return result

        return mortal


class MortalNetwork(httpx.AsyncBaseTransport):
    """The sandbox, for a process that may die before or after every call that changes something."""

    def __init__(self, world: World, life: Life) -> None:
        self._inner = SandboxTransport(world)
        self._life = life

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Forward one request."""
        if request.method == "GET":
            return await self._inner.handle_async_request(request)
        name = f"{request.method} {request.url.path}"
        self._life.point(f"before {name}")
        response = await self._inner.handle_async_request(request)
        self._life.point(f"after {name}")
        return response


class Halting(httpx.AsyncBaseTransport):
    """The sandbox, with a call that stops on its way there (`before`) or back, until it is told to go on."""

    def __init__(self, world: World, path: str, *, before: bool) -> None:
        self._inner = SandboxTransport(world)
        self._path = path
        self._before = before
        self.halted = anyio.Event()
        self.go_on = anyio.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Forward one request."""
        here = request.method != "GET" and self._path in request.url.path and not self.halted.is_set()
        if here and self._before:
            await self._halt()
        response = await self._inner.handle_async_request(request)
        if here and not self._before:
            await self._halt()
        return response

    async def _halt(self) -> None:
        self.halted.set()
        await self.go_on.wait()


class Calling(httpx.AsyncBaseTransport):
    """The sandbox, with something that happens when the nth call arrives."""

    def __init__(self, world: World, nth: int, happens: Callable[[], None]) -> None:
        self._inner = SandboxTransport(world)
        self._nth = nth
        self._happens = happens
        self.calls = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Forward one request."""
        self.calls += 1
        if self.calls == self._nth:
            self._happens()
            await anyio.lowlevel.checkpoint()
        return await self._inner.handle_async_request(request)


@asynccontextmanager
async def process(
    folder: Path, world: World, clock: FakeClock, life: Life | None = None, network: Any = None, **environment: str
) -> AsyncIterator[Desk]:
    """A process on that folder: the desk as its server would hold it."""
    life = life or Life()
    network = network or MortalNetwork(world, life)
    async with bench(folder, world=world, clock=clock, transport=network, **environment) as one:
        yield replace(one.desk, core=replace(one.desk.core, store=MortalStore(one.desk.core.store, life)))


@asynccontextmanager
async def services(folder: Path, form: str) -> AsyncIterator[tuple[World, FakeClock]]:
    """The two services, which outlive every process."""
    clock = FakeClock()
    world = World.open(folder / "world", clock.now)
    world.switch("forms", form)
    try:
        yield world, clock
    finally:
        world.close()


async def insisting(clock: FakeClock, call: Callable[[], Awaitable[Any]]) -> Any:
    """Make a call as its errors say: again after a lost answer, in a moment, in a minute, in a quarter of an hour."""
    for pause in (1.0, 61.0, 15 * 60.0):
        try:
            return await call()
        except (OutcomeUnknown, UpstreamUnavailable):
            clock.advance(pause)
    return await call()


async def decided(desk: Desk, message_id: str, decision: Any) -> Reply:
    """Look, be asked, say yes, decide."""
    shown = await desk.look(message_id)
    confirmation = Confirmation(by=YES, digest=shown.digest) if shown else None
    return await desk.decide(message_id, decision, confirmation=confirmation)


def mails(world: World, body: str = BODY) -> list[dict[str, Any]]:
    """Every outbound mail with this text that MultiMail ever took."""
    return [one for one in world.emails() if one["direction"] == "outbound" and one["markdown"] == body]


def notes(world: World) -> list[dict[str, Any]]:
    """The comments that are our note."""
    return [one for one in world.comments(TICKET) if one["body"] == NOTE]


def decisions(world: World) -> list[str]:
    """The decisions that MultiMail logged."""
    with world.moment() as moment:
        rows = moment.store.rows("audit_entries", before=2**62, limit=1000)
    return [row["action"] for row in rows if row["action"].startswith("oversight.")]
