"""Serving over standard input and output, and leaving cleanly when asked to."""

import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable

import anyio
from mcp.server import MCPServer
from mcp.server.stdio import stdio_server

from deskgate.protocol.probe import probes_answered
from deskgate.protocol.server import low_level

WATCHDOG_SECONDS = 4.0


async def serve_stdio(server: MCPServer, close: Callable[[], Awaitable[None]]) -> None:
    """Serve until end of input, SIGINT or SIGTERM; `close` runs before the process may end.

    The thread that reads standard input cannot be cancelled, so after a signal the process leaves by `os._exit`, once
    everything is closed; a watchdog ends it should that hang.
    """
    low = low_level(server)
    stopped = False
    async with anyio.create_task_group() as group:

        async def watch(scope: anyio.CancelScope) -> None:
            nonlocal stopped
            with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
                async for _ in signals:
                    stopped = True
                    start_watchdog()
                    scope.cancel()
                    return

        group.start_soon(watch, group.cancel_scope)
        async with stdio_server() as (incoming, outgoing):
            try:
                async with probes_answered(low, incoming, outgoing) as filtered:
                    await low.run(filtered, outgoing, low.create_initialization_options())
            finally:
                with anyio.CancelScope(shield=True):
                    await close()
                # Whatever a library printed waits in a buffer; descriptor 1 still leads to standard error here.
                sys.stdout.flush()
                if stopped:
                    sys.stderr.flush()
                    os._exit(0)
        group.cancel_scope.cancel()


def start_watchdog() -> None:
    """End this process with status 1 if it has not left by itself in time.

    A call to a service that does not answer holds out longer than whoever stops us waits. It was written down as begun,
    so the next start looks up what became of it.
    """
    watchdog = threading.Timer(WATCHDOG_SECONDS, os._exit, (1,))
    watchdog.daemon = True
    watchdog.start()
