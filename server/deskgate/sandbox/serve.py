"""The pretend world on a loopback port."""

import asyncio
import signal
import socket
import struct
import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path

import uvicorn
from anyio import create_task_group, open_signal_receiver, to_thread
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from deskgate.sandbox.app import EXTENSION, TROUBLE, build_app
from deskgate.sandbox.carrier import carry
from deskgate.sandbox.constants import SANDBOX_ENVIRONMENT
from deskgate.sandbox.faults import Fault
from deskgate.sandbox.world import World

SHUTDOWN_SECONDS = 2
"""How long a stop waits for calls that are still being answered."""


async def serve(
    folder: Path, host: str, port: int, announce: Callable[[str], None], faults: Iterable[Fault] = ()
) -> None:
    """Serve the world in `folder` until SIGINT or SIGTERM; port 0 takes any free one.

    `faults` are the first of the plan. `announce` gets the text for the person at the terminal once the port answers.
    Raises ValueError for a host that is not loopback (there are no secrets here, but also no locks), OSError where the
    port is taken.
    """
    listener = _listen(host, port)
    world = await to_thread.run_sync(World.open, folder)
    world.faults.replace(faults)
    try:
        async with create_task_group() as tasks:
            tasks.start_soon(carry, world)
            await serve_world(world, listener, announce)
            tasks.cancel_scope.cancel()
    finally:
        listener.close()
        world.close()


async def serve_world(world: World, listener: socket.socket, announce: Callable[[str], None]) -> None:
    """Serve an open world on a bound socket until SIGINT or SIGTERM, or until the task is cancelled."""
    connections: Connections = {}

    class Protocol(Connection):
        known = connections

    config = uvicorn.Config(
        Network(build_app(world), connections),
        http=Protocol,
        log_level="warning",
        access_log=False,
        lifespan="off",
        proxy_headers=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    server = Server(config, lambda: announce(_welcome(listener, world)))
    async with create_task_group() as tasks:
        tasks.start_soon(_stop_on_signal, server)
        try:
            await server.serve(sockets=[listener])
        finally:
            tasks.cancel_scope.cancel()


class Connection(H11Protocol):
    """A connection that can be reset from outside."""

    known: "Connections"

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Remember whose connection this is."""
        super().connection_made(transport)
        if self.client is not None:
            self.known[self.client] = self

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        if self.client is not None:
            self.known.pop(self.client, None)
        super().connection_lost(exc)

    def reset(self) -> None:
        """Drop the connection with a reset: no answer, not even half of one."""
        connection = self.transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()


Connections = dict[tuple[str, int], Connection]


class Network:
    """ASGI wrapper that acts out what a network does to a call: it resets the connection, or lets it hang."""

    def __init__(self, app: ASGIApp, connections: Connections) -> None:
        self._app = app
        self._connections = connections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on but the message that stands for trouble."""

        async def act(message: Message) -> None:
            if message["type"] != TROUBLE:
                await send(message)
                return
            if message["trouble"] != "silence":
                self._connections[scope["client"]].reset()
            while (await receive())["type"] != "http.disconnect":
                pass

        await self._app({**scope, "extensions": {**scope.get("extensions", {}), EXTENSION: {}}}, receive, act)


class Server(uvicorn.Server):
    """uvicorn that says when it answers, and leaves signals to us: its own handlers raise them again after the stop."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer, then say so."""
        await super().startup(sockets)
        self._announce()

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Capture none."""
        yield


async def _stop_on_signal(server: uvicorn.Server) -> None:
    if threading.current_thread() is not threading.main_thread():
        return
    with open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _ in signals:
            server.should_exit = True


def _welcome(listener: socket.socket, world: World) -> str:
    host, port = listener.getsockname()[:2]
    base = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    lines = "\n".join(f"export {name}={value}" for name, value in SANDBOX_ENVIRONMENT(base).items())
    return (
        f"The sandbox answers at {base} (a pretend Zendesk and a pretend MultiMail; tickets 101 to 106).\n"
        f"Connect a program to it with these lines:\n\n{lines}\n\n"
        f"Delivered mail lands in {world.folder / 'Maildir'}. What happened so far: {base}/sandbox/state\n"
        "Ctrl-C stops it; what happened is kept."
    )


def _listen(host: str, port: int) -> socket.socket:
    address = {"localhost": "127.0.0.1"}.get(host, host)
    try:
        loopback = ip_address(address).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise ValueError(f"the sandbox listens on loopback only, not on {host}")
    # With the protocol left at 0 asyncio does not switch Nagle's delay off, and split answers wait 40 ms.
    listener = socket.socket(
        socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP
    )
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address, port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener
