"""`deskgate serve`: the MCP server over stdio or HTTP."""

import argparse
import gc
import logging
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from deskgate.cli import complain

if TYPE_CHECKING:
    from mcp.server import MCPServer
    from mcp.server.auth.provider import TokenVerifier

    from deskgate.desk import Desk
    from deskgate.desk.clock import Clock
    from deskgate.desk.inbox.worker import Worker
    from deskgate.settings import Settings
    from deskgate.web.webhooks import Webhooks


def run(words: argparse.Namespace) -> int:
    """Serve until the client leaves or a signal comes. 0 after a clean end, 2 where the settings forbid a start."""
    give_back = _borrow_stdout() if words.transport == "stdio" else None
    # Importing the SDK makes a hundred thousand objects that all stay; collecting among them is a tenth of the start.
    gc.disable()
    try:
        return _run(words, give_back)
    finally:
        if give_back is not None:
            os.dup2(2, 1)  # what is printed on the way out is no answer either


def _borrow_stdout() -> Callable[[], None]:
    """Point standard output at standard error until the protocol begins, so that no import can write on the wire."""
    sys.stdout.flush()
    wire: int | None = os.dup(1)
    os.dup2(2, 1)

    def give_back() -> None:
        nonlocal wire
        if wire is not None:
            sys.stdout.flush()
            os.dup2(wire, 1)
            os.close(wire)
            wire = None

    return give_back


def _run(words: argparse.Namespace, give_back: Callable[[], None] | None) -> int:
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    import anyio

    from deskgate.commands.common import sentence_in, settings_of
    from deskgate.commands.serving import fault_problem, may_serve
    from deskgate.desk.store import StoreUnusable

    settings = settings_of(words)
    if settings is None:
        return 2
    problem = fault_problem(settings)
    if problem:
        complain(problem)
        return 2
    if give_back is None and not may_serve(settings, words.host):
        return 2
    try:
        if give_back is None:
            return anyio.run(_http, settings, words.host, words.port)
        if sys.stdin.isatty():
            complain("deskgate speaks MCP on standard input and output; an MCP client starts it so. Ctrl-C ends it.")
        anyio.run(_stdio, settings, give_back)
    except* StoreUnusable as unusable:
        complain(f"deskgate cannot start: {sentence_in(unusable)}")
        status = 1
    else:
        status = 0
    return status


async def _stdio(settings: "Settings", give_back: Callable[[], None]) -> None:
    from contextlib import AsyncExitStack

    import anyio

    from deskgate.app import open_desk
    from deskgate.commands.signing import sign_along, sign_off
    from deskgate.protocol.stdio import serve_stdio

    async with AsyncExitStack() as opened, anyio.create_task_group() as group:
        desk = await opened.enter_async_context(open_desk(settings))
        server = _built(desk)
        group.start_soon(sign_along, settings, desk)
        group.start_soon(_tell_settings, settings, desk)
        group.start_soon(_recover, desk)
        if settings.worker:
            group.start_soon(_work, settings, desk)

        async def close() -> None:
            group.cancel_scope.cancel()
            await sign_off(settings, desk)
            await opened.aclose()

        give_back()
        await serve_stdio(server, close)


async def _http(settings: "Settings", host: str, port: int) -> int:
    import anyio

    from deskgate.app import open_desk
    from deskgate.commands.serving import origin_of, served, with_page
    from deskgate.commands.signing import sign_along, sign_off
    from deskgate.desk.clock import SystemClock
    from deskgate.desk.inbox.worker import Worker
    from deskgate.protocol.http import build_http_app, listen, serve_http
    from deskgate.web.health import Readiness
    from deskgate.web.metrics import Metrics
    from deskgate.web.tallies import Tallies
    from deskgate.web.tokens import TokenFileError
    from deskgate.web.webhooks.refusals import Refusals

    clock = SystemClock()
    try:
        verifier = await _verifier(settings, clock)
    except TokenFileError as error:
        complain(f"deskgate cannot start: DESKGATE_TOKENS, the file {settings.tokens}:")
        for fault in error.faults:
            complain(f"  - {fault}")
        return 2
    try:
        listener = listen(host, port)
    except OSError as error:
        complain(f"Port {port} on {host} cannot be used ({error.strerror}). Choose another with --port.")
        return 1
    port = listener.getsockname()[1]
    services = Tallies()
    async with open_desk(settings, clock=clock, heard=services.add) as opened, anyio.create_task_group() as group:
        here = origin_of(host, port)
        desk = with_page(opened, settings.public_url or here)
        metrics = Metrics(desk.core.store, clock, services=services)
        secret = settings.multimail.oversight_token
        server = _built(desk, verifier, settings.public_url, shared_secret=secret, watch=metrics.tools.add)
        worker = Worker(desk.core, settings.reconcile_seconds)
        webhooks = _webhooks(settings, desk, worker)
        metrics.worker, metrics.webhooks = worker.tally, webhooks.counts
        refusals = Refusals(desk.core.store, clock, webhooks.counts)
        readiness = Readiness(desk.core.store, clock, worker.alive if settings.worker else None)
        app = build_http_app(
            server,
            host,
            port,
            desk=desk,
            public_url=settings.public_url,
            clock=clock,
            webhooks=webhooks,
            readiness=readiness,
            metrics=metrics,
        )
        group.start_soon(readiness.run)
        group.start_soon(sign_along, settings, desk)
        group.start_soon(_tell_settings, settings, desk)
        group.start_soon(refusals.run)
        group.start_soon(_recover, desk)
        if settings.worker:
            group.start_soon(worker.run)
        if settings.sandbox:
            group.start_soon(_carry, settings, port)
        await serve_http(app, listener, lambda: complain(served(settings, here, desk.core.page)))
        group.cancel_scope.cancel()
        with anyio.CancelScope(shield=True):
            await refusals.tell()
            await sign_off(settings, desk)
    return 0


def _webhooks(settings: "Settings", desk: "Desk", worker: "Worker") -> "Webhooks":
    from deskgate.web.webhooks import Webhooks

    return Webhooks(
        desk.core.store,
        desk.core.clock,
        multimail_secrets=settings.multimail.webhook_secrets,
        zendesk_secrets=settings.zendesk.webhook_secrets,
        stored=worker.knock,
    )


async def _verifier(settings: "Settings", clock: "Clock") -> "TokenVerifier | None":
    if settings.tokens is None:
        return None
    from deskgate.web.callers import KnownTokens

    return await KnownTokens.open(settings.tokens, clock)


def _built(
    desk: "Desk", verifier: "TokenVerifier | None" = None, public_url: str | None = None, **shared: Any
) -> "MCPServer":
    from deskgate.protocol.server import build_server

    server = build_server(desk, verifier=verifier, public_url=public_url, **shared)
    gc.freeze()
    gc.enable()
    return server


async def _work(settings: "Settings", desk: "Desk") -> None:
    """Work on what arrives, beginning when the first messages are through: nobody waits for it at the start."""
    import anyio

    await anyio.sleep(1.0)
    from deskgate.desk.inbox.worker import Worker

    await Worker(desk.core, settings.reconcile_seconds).run()


async def _carry(settings: "Settings", port: int) -> None:
    """In the pretend world nobody else would post its webhooks to us."""
    from deskgate.sandbox.carrier import carry
    from deskgate.sandbox.world import World

    world = World.open(settings.sandbox_folder)
    world.point_webhooks(f"http://127.0.0.1:{port}")
    await carry(world)


async def _tell_settings(settings: "Settings", desk: "Desk") -> None:
    """Beside the first calls. Where it cannot be told that the settings changed, nothing works with them."""
    from deskgate.commands.settings_told import tell_settings

    await tell_settings(settings, desk)


async def _recover(desk: "Desk") -> None:
    """Look up what a crash may have cut off, beside the first calls rather than before them."""
    from deskgate.desk.errors import DeskError
    from deskgate.desk.settle import recover

    try:
        still_open = await recover(desk.core)
    except DeskError as error:
        logging.getLogger("deskgate").warning("replies could not be looked up at the start: %s", error.code)
        return
    if still_open:
        logging.getLogger("deskgate").warning("%d replies still have an open call; track_reply shows them", still_open)
