"""The pretend world on the wire: one ASGI application for both services and the control routes.

A fault that no HTTP answer can show (a reset, silence) leaves the application as a message of its own type. A server
that understands it, as `SandboxTransport` and `serve` do, says so in the scope's extensions and acts it out.
"""

from urllib.parse import parse_qsl, quote

from anyio import CapacityLimiter, sleep, to_thread
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from deskgate.sandbox import control
from deskgate.sandbox.exchange import Answer, Ask
from deskgate.sandbox.fault_answers import cut, spoken
from deskgate.sandbox.faults import Fault
from deskgate.sandbox.seen import Call
from deskgate.sandbox.world import World

EXTENSION = "deskgate.sandbox"
"""The scope extension of a server that understands TROUBLE; its `read_timeout_seconds` is how long the caller waits."""

TROUBLE = "deskgate.sandbox.trouble"
"""Type of the message that stands for a network's failure; its `trouble` is `refused`, `reset` or `silence`."""

TROUBLES = {
    "refused": "refused",
    "reset_before": "reset",
    "reset_after": "reset",
    "timeout_before": "silence",
    "timeout_after": "silence",
}
APPLIED = {"500_after", "503_after", "reset_after", "timeout_after", "slow", "truncated", "html_after"}
BODY_LIMIT_BYTES = 32 * 1024 * 1024


def build_app(world: World) -> Starlette:
    """Both services and the control routes: `/zendesk`, `/multimail`, `/sandbox`."""
    limiter = CapacityLimiter(1)  # one connection, one lock: more threads would only wait in line
    services = ("zendesk", "multimail", "sandbox")
    return Starlette(routes=[Mount(f"/{name}", app=Door(world, name, limiter)) for name in services])


class Door:
    """One service as an ASGI application. A worker thread asks the world, so that the loop never waits for it."""

    def __init__(self, world: World, service: str, limiter: CapacityLimiter) -> None:
        self._world = world
        self._service = service
        self._limiter = limiter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or act out the fault that is due for it."""
        ask = await _ask_from(scope, receive)
        if self._service == "sandbox":
            await _send(await to_thread.run_sync(control.answer, self._world, ask, limiter=self._limiter), send)
            return
        fault = self._world.faults.take(self._service, ask.method, ask.path)
        outcome = await self._outcome(ask, fault, scope)
        query = scope["query_string"].decode("latin-1")
        status = outcome.status if isinstance(outcome, Answer) else None
        self._world.note_call(Call(self._service, ask.method, ask.path, query, status, fault.kind if fault else None))
        if isinstance(outcome, Answer):
            await _send(outcome, send)
        elif EXTENSION in scope.get("extensions", {}):
            await send({"type": TROUBLE, "trouble": outcome})
        else:
            raise ConnectionResetError(f"this server cannot act out a fault: {outcome}")

    async def _outcome(self, ask: Ask, fault: Fault | None, scope: Scope) -> Answer | str:
        if fault is None:
            return await self._answer(ask)
        answer = await self._answer(ask) if fault.kind in APPLIED else None
        if fault.kind in TROUBLES:
            return TROUBLES[fault.kind]
        if answer is not None and fault.kind == "truncated":
            return cut(answer)
        if answer is not None and fault.kind == "slow":
            patience = scope.get("extensions", {}).get(EXTENSION, {}).get("read_timeout_seconds")
            if patience is not None and fault.seconds >= patience:
                return "silence"
            await sleep(fault.seconds)
            return answer
        return spoken(fault, self._service, self._world.clock())

    async def _answer(self, ask: Ask) -> Answer:
        return await to_thread.run_sync(self._world.answer, self._service, ask, limiter=self._limiter)


async def _ask_from(scope: Scope, receive: Receive) -> Ask:
    body = bytearray()
    more = True
    while more and len(body) <= BODY_LIMIT_BYTES:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    base = scope.get("root_path", "")
    raw = scope.get("raw_path") or quote(scope["path"]).encode()
    return Ask(
        method=scope["method"],
        path=raw.decode("latin-1").partition("?")[0].removeprefix(base),
        origin=f"{scope['scheme']}://{headers.get('host', 'sandbox.localhost')}{base}",
        query=tuple(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)),
        headers=headers,
        body=bytes(body),
    )


async def _send(answer: Answer, send: Send) -> None:
    headers = {**answer.headers, "content-length": str(len(answer.body))}
    pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": pairs})
    await send({"type": "http.response.body", "body": answer.body})
