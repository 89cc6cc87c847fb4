"""The webhook doors over a real store, and senders that sign as MultiMail and Zendesk do."""

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import anyio
import httpx
import uvicorn
from starlette.applications import Starlette

from deskgate.desk.clock import iso
from deskgate.desk.store import Store, open_store
from deskgate.protocol.http import _Uvicorn, listen
from deskgate.web.webhooks import Webhooks
from fakes import FakeClock

MULTIMAIL_SECRET = "whsec_test_of_multimail"
ZENDESK_SECRET = "zendesk-test-secret"
JSON = {"content-type": "application/json"}
MAIL = b'{"event":"message.received","timestamp":"2026-01-28T12:00:00Z","data":{"email_id":"01KMAIL"}}'
TICKET = b'{"ticket_id":"101","status":"Solved"}'


def of_multimail(body: bytes, secret: str = MULTIMAIL_SECRET) -> dict[str, str]:
    """The headers of a delivery of MultiMail."""
    return {**JSON, "x-multimail-signature": f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"}


def of_zendesk(body: bytes, time: str, invocation: str | None = "01KINVOCATION", secret: str = ZENDESK_SECRET) -> dict:
    """The headers of a delivery of Zendesk."""
    signature = hmac.new(secret.encode(), time.encode() + body, hashlib.sha256).digest()
    named = {} if invocation is None else {"x-zendesk-webhook-invocation-id": invocation}
    return {
        **JSON,
        **named,
        "x-zendesk-account-id": "21",
        "x-zendesk-webhook-id": "01KWEBHOOK",
        "x-zendesk-webhook-signature": base64.b64encode(signature).decode(),
        "x-zendesk-webhook-signature-timestamp": time,
    }


@dataclass
class Hooks:
    """Both doors, the store behind them, and a sender."""

    store: Store
    clock: FakeClock
    webhooks: Webhooks
    http: httpx.AsyncClient
    app: Starlette

    async def post(self, door: str, body: bytes, headers: Any) -> int:
        """Send one request; gives the status of an answer that must be empty."""
        answer = await self.http.post(f"/webhooks/{door}", content=body, headers=headers)
        assert answer.content == b"", answer.text
        return answer.status_code

    async def multimail(self, body: bytes = MAIL, **how: Any) -> int:
        """A signed delivery of MultiMail."""
        return await self.post("multimail", body, of_multimail(body, **how))

    async def zendesk(self, body: bytes = TICKET, *, ago: float = 0, **how: Any) -> int:
        """A delivery of Zendesk, signed so many seconds ago."""
        time = iso(self.clock.now() - timedelta(seconds=ago))
        return await self.post("zendesk", body, of_zendesk(body, time, **how))

    async def events(self) -> list[dict[str, Any]]:
        """What is in the inbox, in order."""
        return await self.store.rows("SELECT * FROM inbox_events ORDER BY number")

    def refused(self) -> dict[str, int]:
        """How often for which reason, whichever door it was."""
        return {reason: count for (_, reason), count in self.webhooks.counts.refused.items()}


@asynccontextmanager
async def hooks(
    database: str,
    *,
    multimail: tuple[str, ...] = (MULTIMAIL_SECRET,),
    zendesk: tuple[str, ...] = (ZENDESK_SECRET,),
) -> AsyncIterator[Hooks]:
    """Open the doors on a database."""
    store = await open_store(database)
    clock = FakeClock()
    try:
        webhooks = Webhooks(store, clock, multimail_secrets=multimail, zendesk_secrets=zendesk)
        app = Starlette(routes=list(webhooks.routes()))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://desk.example") as http:
            yield Hooks(store, clock, webhooks, http, app)
    finally:
        await store.aclose()


@asynccontextmanager
async def on_a_port(app: Starlette) -> AsyncIterator[int]:
    """The doors on a port of this machine, by the server that deskgate uses."""
    listener = listen("127.0.0.1", 0)
    ready = anyio.Event()
    config = uvicorn.Config(app, log_level="error", lifespan="off", timeout_graceful_shutdown=2, proxy_headers=False)
    server = _Uvicorn(config, ready.set)
    async with anyio.create_task_group() as group:
        group.start_soon(partial(server.serve, sockets=[listener]))
        with anyio.fail_after(10):
            await ready.wait()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
