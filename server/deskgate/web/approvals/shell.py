"""What stands around every request to the page: who may ask, how much they may send, and what a browser may do with it."""

import logging
from collections import deque
from urllib.parse import parse_qsl

from mcp.server.transport_security import TransportSecurityMiddleware, TransportSecuritySettings
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deskgate.desk.clock import Clock

log = logging.getLogger("deskgate.approvals")

FORM_LIMIT_BYTES = 1_000_000  # a reply of the longest length, percent-encoded
FIELDS_LIMIT = 1_200
FORM_TYPE = "application/x-www-form-urlencoded"

# `same-origin` and not `no-referrer`: under the latter a browser sends `Origin: null` with our own forms, and the check of
# their origin could never pass (Fetch standard, "append a request Origin header"). Other sites get no referrer either way.
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


class Refused(Exception):
    """A form that is not taken; `status` and a sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


class Shell:
    """Checks Host and Origin, wants an own origin behind every form, and puts the headers on every answer."""

    def __init__(self, app: ASGIApp, security: TransportSecuritySettings, *, https: bool) -> None:
        self._app = app
        self._guard = TransportSecurityMiddleware(security)
        self._https = https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; a fault of ours becomes a plain 500 without any detail."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def send_guarded(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                headers.setdefault("cache-control", "no-store")
                if self._https:
                    headers["strict-transport-security"] = "max-age=31536000"
            await send(message)

        request = Request(scope, receive)
        try:
            await (await self._refusal(request) or self._app)(scope, receive, send_guarded)
        except ClientDisconnect:
            return
        except HTTPException as refusal:
            told = PlainTextResponse(refusal.detail, status_code=refusal.status_code, headers=refusal.headers)
            await told(scope, receive, send_guarded)
        except Exception:
            if begun:
                raise
            log.exception("a request to the approvals page failed")
            sorry = PlainTextResponse("Something went wrong. Nothing was decided by this request.", status_code=500)
            await sorry(scope, receive, send_guarded)

    async def _refusal(self, request: Request) -> Response | None:
        refused = await self._guard.validate_request(request)
        if refused or request.method in ("GET", "HEAD"):
            return refused
        # Every browser in use sends Origin with a form; a form without one was not sent by our page.
        if "origin" not in request.headers or request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
            return PlainTextResponse("This form was not sent by this page.", status_code=403)
        return None


async def read_form(request: Request) -> dict[str, list[str]]:
    """The fields of a form.

    Raises:
        Refused: not a form (415), too large (413), or not well-formed (400).
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM_TYPE:
        raise Refused(415, "This is not a form.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_LIMIT_BYTES:
            raise Refused(413, "The form is too large.")
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, encoding="utf-8", errors="strict", max_num_fields=FIELDS_LIMIT
        )
    except ValueError as error:
        raise Refused(400, "The form cannot be read.") from error
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value)
    return fields


class Attempts:
    """Counts wrong sign-in links for each address, so that guessing is slow besides being hopeless."""

    LIMIT = 10
    WINDOW_SECONDS = 600.0
    ADDRESSES = 5_000

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures: dict[str, deque[float]] = {}

    def wait_seconds(self, address: str) -> int:
        """How long this address has to wait before it may try again; 0 where it may."""
        failures = self._failures.get(address)
        oldest_counting = self._clock.monotonic() - self.WINDOW_SECONDS
        while failures and failures[0] <= oldest_counting:
            failures.popleft()
        if not failures or len(failures) < self.LIMIT:
            return 0
        return int(failures[0] - oldest_counting) + 1

    def failed(self, address: str) -> None:
        """Count one wrong link."""
        if address not in self._failures and len(self._failures) >= self.ADDRESSES:
            self._failures.pop(next(iter(self._failures)))
        self._failures.setdefault(address, deque(maxlen=self.LIMIT)).append(self._clock.monotonic())
