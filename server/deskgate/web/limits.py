"""How much of the server one principal may take, so that a loop in one agent leaves room for the others."""

from dataclasses import dataclass
from math import ceil

from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.types.version import MODERN_PROTOCOL_VERSIONS
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from deskgate.desk.clock import Clock


@dataclass(frozen=True)
class Rate:
    """A token bucket: so many at once, refilled evenly."""

    burst: int
    per_minute: int


# A model at work makes a few calls a minute; a team's agent under one principal some dozens.
TOOL_CALLS = Rate(burst=60, per_minute=120)
REQUESTS = Rate(burst=300, per_minute=1200)
# A session that is left behind stays for ten minutes. At this rate one principal can leave 230, of 500 there are.
OPENINGS = Rate(burst=30, per_minute=20)
OPEN_REQUESTS = 50
BUSY_SECONDS = 5
GRAIN_SECONDS = 1e-6


class Buckets:
    """One bucket per principal, all of one rate. What is kept of each is the moment at which it will be full again."""

    def __init__(self, rate: Rate, clock: Clock) -> None:
        self._gap_seconds = 60 / rate.per_minute
        self._ahead_seconds = (rate.burst - 1) * self._gap_seconds
        self._clock = clock
        self._full_at: dict[str, float] = {}

    def take(self, who: str) -> int:
        """Take one; 0, or the whole seconds after which there is one again."""
        now = self._clock.monotonic()
        full_at = max(now, self._full_at.get(who, now))
        wait_seconds = full_at - now - self._ahead_seconds - GRAIN_SECONDS
        if wait_seconds > 0:
            return ceil(wait_seconds)
        self._full_at[who] = full_at + self._gap_seconds
        return 0


class FairShare:
    """Answers 429 with Retry-After where a principal asks too often or keeps too much open.

    Stands behind authentication: a request without a good token counts for nobody, and is turned away after it.
    """

    def __init__(self, app: ASGIApp, clock: Clock) -> None:
        self._app = app
        self._requests = Buckets(REQUESTS, clock)
        self._openings = Buckets(OPENINGS, clock)
        self._open: dict[str, int] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, or answer it."""
        user = scope.get("user")
        if scope["type"] != "http" or not isinstance(user, AuthenticatedUser):
            await self._app(scope, receive, send)
            return
        who = user.access_token.client_id
        wait = self._wait_seconds(who, scope)
        if wait:
            await _too_many(wait)(scope, receive, send)
            return
        self._open[who] = self._open.get(who, 0) + 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._open[who] -= 1
            if not self._open[who]:
                del self._open[who]

    def _wait_seconds(self, who: str, scope: Scope) -> int:
        if self._open.get(who, 0) >= OPEN_REQUESTS:
            return BUSY_SECONDS
        return self._requests.take(who) or (self._openings.take(who) if _opens(scope) else 0)


def _opens(scope: Scope) -> bool:
    """Whether this request begins a session that stays: an SSE stream, or a handshake (which has no session id yet)."""
    if scope["method"] == "GET":
        return bool(scope["path"] == "/sse")
    headers = Headers(scope=scope)
    modern = headers.get("mcp-protocol-version") in MODERN_PROTOCOL_VERSIONS
    return bool(scope["path"] == "/mcp") and not modern and "mcp-session-id" not in headers


def _too_many(wait_seconds: int) -> JSONResponse:
    body = {"error": "rate_limited", "retry_after_seconds": wait_seconds}
    return JSONResponse(body, status_code=429, headers={"Retry-After": str(wait_seconds)})
