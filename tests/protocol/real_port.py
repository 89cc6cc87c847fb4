"""HTTP on real ports of this machine, inside the test's own process: deskgate's doors, and a gate before its upstream."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import anyio
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from bench import Bench
from deskgate.protocol.http import _Uvicorn, build_http_app, listen
from deskgate.sandbox.app import build_app
from deskgate.sandbox.constants import SANDBOX_ENVIRONMENT
from deskgate.sandbox.world import World

READY_SECONDS = 10.0


@asynccontextmanager
async def listening(build: Callable[[int], ASGIApp], *, lifespan: str = "on") -> AsyncIterator[str]:
    """Serve what `build` makes for a free port; gives the origin."""
    listener = listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    ready = anyio.Event()
    config = uvicorn.Config(
        build(port), log_level="error", lifespan=lifespan, timeout_graceful_shutdown=2, proxy_headers=False
    )
    server = _Uvicorn(config, ready.set)
    async with anyio.create_task_group() as group:
        group.start_soon(partial(server.serve, sockets=[listener]))
        with anyio.fail_after(READY_SECONDS):
            await ready.wait()
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True


@asynccontextmanager
async def doors(b: Bench) -> AsyncIterator[str]:
    """The bench's server on a port, as `deskgate serve --transport http` puts it there."""
    async with listening(lambda port: build_http_app(b.server, "127.0.0.1", port)) as origin:
        yield origin


@dataclass
class Gate:
    """Holds back every request whose path ends in `path` until it is opened; `arrived` says that one is waiting."""

    app: ASGIApp
    path: str = "\0"
    arrived: anyio.Event = field(default_factory=anyio.Event)
    opened: anyio.Event = field(default_factory=anyio.Event)

    def shut(self, path: str) -> None:
        """From now on hold back requests for this path."""
        self.path, self.arrived, self.opened = path, anyio.Event(), anyio.Event()

    async def waiting(self) -> None:
        """Wait until a request stands before the gate."""
        with anyio.fail_after(READY_SECONDS * 3):
            await self.arrived.wait()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request, maybe later."""
        if scope["type"] == "http" and scope["path"].endswith(self.path):
            self.arrived.set()
            await self.opened.wait()
        await self.app(scope, receive, send)


@dataclass
class Upstream:
    """Both pretend services on a port, the settings that lead there, and the gate before them."""

    world: World
    gate: Gate
    environment: dict[str, str]


@asynccontextmanager
async def upstream(folder: Path) -> AsyncIterator[Upstream]:
    """The pretend world as another machine would see it."""
    world = World.open(folder)
    world.switch("scan_seconds", 0.0)
    gate = Gate(build_app(world))
    try:
        async with listening(lambda _port: gate, lifespan="off") as origin:
            try:
                yield Upstream(world, gate, SANDBOX_ENVIRONMENT(origin))
            finally:
                gate.opened.set()
    finally:
        world.close()
