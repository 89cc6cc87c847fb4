"""The pretend world inside the calling process, as an httpx transport."""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx

from deskgate.sandbox.constants import ORIGIN
from deskgate.sandbox.world import World

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.types import Message

HOST = urlsplit(ORIGIN).hostname


class SandboxTransport(httpx.AsyncBaseTransport):
    """Serves `http://sandbox.localhost/zendesk` and `…/multimail` from a `World`, without a port.

    A fault of the network becomes the exception that httpx raises on a real one: ConnectError when refused, ReadError
    when reset, ReadTimeout when no answer comes in time (at once: nobody waits for a pretend silence). Any other host
    is a ConnectError, as nothing answers there.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._app: Starlette | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request from the world."""
        if request.url.host != HOST:
            raise httpx.ConnectError(f"the sandbox answers only {ORIGIN}", request=request)
        if self._app is None:
            from deskgate.sandbox.app import build_app

            self._app = build_app(self._world)
        exchange = _Exchange(request, await request.aread())
        await self._app(exchange.scope, exchange.receive, exchange.send)
        return exchange.response()


class _Exchange:
    """One request as ASGI sees it."""

    def __init__(self, request: httpx.Request, body: bytes) -> None:
        from deskgate.sandbox.app import EXTENSION

        timeout = request.extensions.get("timeout", {}).get("read")
        self.scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": request.url.scheme,
            "path": request.url.path,
            "raw_path": request.url.raw_path.split(b"?")[0],
            "root_path": "",
            "query_string": request.url.query,
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
            "server": (request.url.host, request.url.port or 80),
            "client": ("127.0.0.1", 0),
            "extensions": {EXTENSION: {"read_timeout_seconds": timeout}},
        }
        self._request = request
        self._body = body
        self._messages: list[Message] = []

    async def receive(self) -> "Message":
        return {"type": "http.request", "body": self._body, "more_body": False}

    async def send(self, message: "Message") -> None:
        self._messages.append(message)

    def response(self) -> httpx.Response:
        """The answer, or the exception that stands for none."""
        start = self._messages[0]
        if start["type"] != "http.response.start":
            raise _failure(start["trouble"], self._request)
        content = b"".join(message.get("body", b"") for message in self._messages[1:])
        return httpx.Response(
            start["status"], headers=start["headers"], stream=httpx.ByteStream(content), request=self._request
        )


def _failure(trouble: str, request: httpx.Request) -> httpx.TransportError:
    if trouble == "refused":
        return httpx.ConnectError("All connection attempts failed", request=request)
    if trouble == "reset":
        return httpx.ReadError("Connection reset by peer", request=request)
    return httpx.ReadTimeout("The read operation timed out", request=request)
