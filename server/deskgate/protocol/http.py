"""Serving over HTTP: Streamable HTTP at /mcp, the legacy SSE transport at /sse, and what stands beside them."""

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import anyio
import uvicorn
from mcp.server import MCPServer
from mcp.server.auth.middleware.bearer_auth import RequireAuthMiddleware
from mcp.server.sse import SseServerTransport
from mcp.server.transport_security import TransportSecurityMiddleware, TransportSecuritySettings
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from deskgate.addresses import LOOPBACK
from deskgate.desk import Desk
from deskgate.desk.clock import Clock, SystemClock
from deskgate.protocol.probe import probes_answered
from deskgate.protocol.server import low_level
from deskgate.protocol.stdio import start_watchdog
from deskgate.web.approvals import Reviewers, approval_routes
from deskgate.web.health import Readiness, health_routes
from deskgate.web.limits import FairShare
from deskgate.web.metrics import Metrics, metrics_routes
from deskgate.web.webhooks import Webhooks

IDLE_SECONDS = 600.0
SESSIONS = 500
GRACE_SECONDS = 3
# The longest reply, every character of it escaped, is below this.
BODY_LIMIT_BYTES = 1_048_576


class SseDoor:
    """The legacy transport with the probe filter in front."""

    def __init__(self, server: MCPServer, transport: SseServerTransport) -> None:
        self._low = low_level(server)
        self._transport = transport

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection, from GET /sse to its end."""
        async with (
            self._transport.connect_sse(scope, receive, send) as (incoming, outgoing),
            probes_answered(self._low, incoming, outgoing) as filtered,
        ):
            await self._low.run(filtered, outgoing, self._low.create_initialization_options())


class OwnNamesOnly:
    """Host and Origin are checked before routing: an unknown path or a redirect answers no foreign name either."""

    def __init__(self, app: ASGIApp, security: TransportSecuritySettings) -> None:
        self._app = app
        self._guard = TransportSecurityMiddleware(security)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 421 (Host) or 403 (Origin)."""
        refused = await self._guard.validate_request(Request(scope)) if scope["type"] == "http" else None
        await (refused or self._app)(scope, receive, send)


def build_http_app(
    server: MCPServer,
    host: str,
    port: int,
    *,
    desk: Desk | None = None,
    public_url: str | None = None,
    clock: Clock | None = None,
    webhooks: Webhooks | None = None,
    readiness: Readiness | None = None,
    metrics: Metrics | None = None,
) -> Starlette:
    """Everything on one app, closed to foreign Host and Origin headers and, where the server knows tokens, to strangers.

    With a desk, the reviewer's page too; with webhooks, their doors, which know no tokens but signatures.
    """
    security = allowed_names(host, port, public_url)
    app = server.streamable_http_app(
        session_idle_timeout=IDLE_SECONDS,
        max_sessions=SESSIONS,
        max_request_body_size=BODY_LIMIT_BYTES,
        transport_security=security,
        host=host,
    )
    sse = SseServerTransport("/messages/", security_settings=security, max_request_body_size=BODY_LIMIT_BYTES)
    app.router.routes.extend(
        [
            Route("/sse", endpoint=_guarded(server, SseDoor(server, sse)), methods=["GET"]),
            Mount("/messages/", app=_guarded(server, sse.handle_post_message)),
            *health_routes(security, readiness),
            *(metrics_routes(metrics, tokens=server.settings.auth is not None) if metrics else []),
        ]
    )
    if desk is not None:
        core = desk.core
        reviewers = Reviewers(core.store, core.clock)
        app.router.routes.extend(approval_routes(desk, reviewers, security, public_url=public_url, clock=core.clock))
    if webhooks is not None:
        app.router.routes.extend(webhooks.routes())
    # Innermost, behind the SDK's authentication: the share is counted for a known principal.
    app.user_middleware.append(Middleware(FairShare, clock=clock or SystemClock()))
    app.add_middleware(OwnNamesOnly, security=security)
    return app


def _guarded(server: MCPServer, app: ASGIApp) -> ASGIApp:
    """The same demand for a token that the SDK puts before /mcp; it does not know of routes that we add."""
    auth = server.settings.auth
    return app if auth is None else RequireAuthMiddleware(app, auth.required_scopes or [])


def allowed_names(host: str, port: int, public_url: str | None) -> TransportSecuritySettings:
    """The names this server answers to, so that a page in a browser cannot rebind its way in.

    The public address, and this machine's own names where only this machine can connect. What a proxy claims about
    names (X-Forwarded-Host) counts for nothing.
    """
    hosts: list[str] = []
    origins: list[str] = []
    if host in LOOPBACK:
        names = ["127.0.0.1", "localhost", "[::1]"]
        hosts += [variant for name in names for variant in (name, f"{name}:{port}")]
        origins += [f"http://{name}:{port}" for name in names]
    if public_url is not None:
        parts = urlsplit(public_url)
        default = 443 if parts.scheme == "https" else 80
        hosts += [parts.netloc] if parts.port else [parts.netloc, f"{parts.netloc}:{default}"]
        origins.append(public_url)
    return TransportSecuritySettings(allowed_hosts=hosts, allowed_origins=origins)


def listen(host: str, port: int) -> socket.socket:
    """A bound socket; port 0 takes any free one.

    Raises:
        OSError: the port is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.create_server((host, port), family=family, backlog=128)
    # asyncio sends small packets at once only on a socket that names its protocol. Otherwise the second half of an answer
    # waits for the acknowledgement of the first, up to 40 ms.
    return socket.socket(bound.family, bound.type, socket.IPPROTO_TCP, fileno=bound.detach())


class _Uvicorn(uvicorn.Server):
    """uvicorn that says when it answers and leaves signals to us: its own handlers raise them again after the stop."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._announce()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve_http(app: Starlette, listener: socket.socket, announce: Callable[[], None]) -> None:
    """Run until SIGINT or SIGTERM; open calls get a few seconds to end, then the process ends in any case."""
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, proxy_headers=False, timeout_graceful_shutdown=GRACE_SECONDS
    )
    server = _Uvicorn(config, announce)
    async with anyio.create_task_group() as group:

        async def watch() -> None:
            with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
                async for sign in signals:
                    start_watchdog()
                    # Not `should_exit` alone: open event streams end when uvicorn's own handler is called.
                    server.handle_exit(sign, None)

        group.start_soon(watch)
        await server.serve(sockets=[listener])
        group.cancel_scope.cancel()
