"""/healthz: whether the process is up. /readyz: whether it can do its work. Neither asks anything when it is asked."""

from collections.abc import Callable

import anyio
from mcp.server.transport_security import TransportSecurityMiddleware, TransportSecuritySettings
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from deskgate import __version__
from deskgate.desk.clock import Clock
from deskgate.desk.store.tables import Tables

LOOK_SECONDS = 2.0
# Three looks that failed, or one that hangs.
STALE_SECONDS = 7.0


class Readiness:
    """Looks at the database every two seconds, so that an answer is there when a load balancer asks.

    `working` says whether the worker is alive; without one this process works on nothing that arrives.
    """

    def __init__(self, store: Tables, clock: Clock, working: Callable[[], bool] | None = None) -> None:
        self._store = store
        self._clock = clock
        self._working = working
        self._answered_at: float | None = None

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            await anyio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Look once."""
        try:
            await self._store.rows("SELECT 1 AS one")
        except Exception:  # whatever a database raises, the next look may find it back
            return
        self._answered_at = self._clock.monotonic()

    def trouble(self) -> str | None:
        """Why this process should get no requests now; `None` where it may."""
        if self._answered_at is None or self._clock.monotonic() - self._answered_at > STALE_SECONDS:
            return "the database does not answer"
        if self._working is not None and not self._working():
            return "the worker does not work"
        return None


def health_routes(security: TransportSecuritySettings, readiness: Readiness | None = None) -> list[Route]:
    """The routes, behind the same Host and Origin check as MCP: appended routes are not covered by the SDK's."""
    guard = TransportSecurityMiddleware(security)

    async def healthz(request: Request) -> Response:
        refused = await guard.validate_request(request)
        return refused or JSONResponse({"status": "ok", "version": __version__})

    async def readyz(request: Request) -> Response:
        refused = await guard.validate_request(request)
        trouble = readiness.trouble() if readiness else None
        if refused or trouble is None:
            return refused or JSONResponse({"status": "ok"})
        return JSONResponse({"status": "not ready", "reason": trouble}, status_code=503)

    return [
        Route("/healthz", endpoint=healthz, methods=["GET"]),
        *([Route("/readyz", endpoint=readyz, methods=["GET"])] if readiness else []),
    ]
