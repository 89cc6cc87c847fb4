"""The network between one process and the pretend services: what is sent arrives, or not, whoever still waits for it."""

import asyncio
import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl

import httpx

from deskgate.desk.clock import iso
from deskgate.sandbox.exchange import Answer, Ask
from deskgate.sandbox.world import World
from simulation.chaos import APPLIED, LATE_SECONDS, Chaos
from simulation.mortal import Life

PAGE = b"<!DOCTYPE html><html><body>Please stand by.</body></html>"


class Network(httpx.AsyncBaseTransport):
    """One process's network. `told` is called when a service has answered a call that may have changed something."""

    def __init__(self, world: World, chaos: Chaos, life: Life, told: Callable[[httpx.Request, Answer], None]) -> None:
        self._world = world
        self._chaos = chaos
        self._life = life
        self._told = told

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request, and wait for whatever comes back."""
        self._life.point()
        await request.aread()
        kind = self._chaos.fault()
        if kind == "409" and (request.method != "PUT" or "/tickets/" not in request.url.path):
            kind = "reset"
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[httpx.Response] = loop.create_future()
        dice = self._chaos.dice
        there = dice.uniform(0.005, 0.2) if kind != "late" else dice.uniform(*LATE_SECONDS)
        loop.call_later(there, self._arrive, request, kind, answered, dice.uniform(0.005, 0.2))
        response = await answered
        self._life.point()
        return response

    def _arrive(
        self, request: httpx.Request, kind: str | None, answered: "asyncio.Future[httpx.Response]", back: float
    ) -> None:
        answer = self._answer(request) if kind is None or kind in APPLIED else None
        self._life.trace(
            "call", request.method, request.url.raw_path.decode(), kind, answer and answer.status, _mark(request)
        )
        if answer is not None:
            self._told(request, answer)
        if kind in ("silent", "silent_after", "late"):
            return
        asyncio.get_running_loop().call_later(back, _settle, answered, self._outcome(request, kind, answer))

    def _answer(self, request: httpx.Request) -> Answer:
        service = request.url.path.split("/")[1]
        base = f"/{service}"
        ask = Ask(
            method=request.method,
            path=request.url.raw_path.split(b"?")[0].decode().removeprefix(base),
            origin=f"http://{request.url.host}{base}",
            query=tuple(parse_qsl(request.url.query.decode(), keep_blank_values=True)),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=request.content,
        )
        return self._world.answer(service, ask)

    def _outcome(self, request: httpx.Request, kind: str | None, answer: Answer | None) -> httpx.Response | Exception:
        if kind is None and answer is not None:
            if self._chaos.audit_lag and request.url.path.endswith("/audits"):
                answer = self._behind(answer)
            return httpx.Response(answer.status, headers=dict(answer.headers), content=answer.body, request=request)
        if kind == "truncated" and answer is not None:
            half = answer.body[: len(answer.body) // 2]
            return httpx.Response(answer.status, headers=dict(answer.headers), content=half, request=request)
        if kind == "refused":
            return httpx.ConnectError("All connection attempts failed", request=request)
        if kind in ("reset", "reset_after"):
            return httpx.ReadError("Connection reset by peer", request=request)
        if kind == "page":
            return httpx.Response(200, headers={"content-type": "text/html"}, content=PAGE, request=request)
        status, _, form = str(kind).partition("_")
        headers = {"retry-after": self._patience()} if form == "wait" else {}
        return httpx.Response(int(status), headers=headers, json={"error": "trouble"}, request=request)

    def _behind(self, answer: Answer) -> Answer:
        """Zendesk promises nowhere that an audit can be read as soon as its ticket."""
        if answer.status != 200 or self._chaos.calm:
            return answer
        since = iso(self._world.clock() - timedelta(seconds=self._chaos.audit_lag))
        found = json.loads(answer.body)
        found["audits"] = [audit for audit in found["audits"] if audit["created_at"] <= since]
        return Answer(answer.status, json.dumps(found).encode(), answer.headers)

    def _patience(self) -> str:
        dice = self._chaos.dice
        when = format_datetime(self._world.clock(), usegmt=True)
        return dice.choice(["0", "1", "7", "45", when, "soon", "-3"])


def _settle(answered: "asyncio.Future[httpx.Response]", outcome: httpx.Response | Exception) -> None:
    if answered.done():  # its sender has gone
        return
    if isinstance(outcome, Exception):
        answered.set_exception(outcome)
    else:
        answered.set_result(outcome)


def _mark(request: httpx.Request) -> str:
    return hashlib.sha256(request.content).hexdigest()[:12] if request.content else ""


def body_of(request: httpx.Request) -> dict[str, Any]:
    """What was sent, as JSON."""
    found = json.loads(request.content or b"{}")
    return found if isinstance(found, dict) else {}
