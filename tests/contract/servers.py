"""Two strict MultiMail servers, each of which speaks one wire form only and writes down every request that breaks it.

`v1_only(app)` checks every request against the published OpenAPI document (`multimail-openapi.json`): path, method,
query parameters, required and unknown body fields, types, bearer header. A path that is not in the document is 404, as
it would be there. `short_only(app)` checks against the fields of MultiMail's Zendesk integration page and answers 404
under `/v1`. What passes goes on to `app`, which has the state (the sandbox); what does not is answered with 400 and
stands in `violations`. Requests outside `prefix` (Zendesk's, say) pass unchecked.
"""

import json
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import parse_qsl

from jsonschema import Draft202012Validator, FormatChecker  # type: ignore[import-untyped]
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contract.contracts import Operation, Published, Schema, Short


@dataclass(frozen=True)
class Request:
    """One request as it came over the wire; `path` is still quoted."""

    method: str
    path: str
    query: Sequence[tuple[str, str]]
    headers: Mapping[str, str]
    body: bytes

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Contract(Protocol):
    """Which operations there are."""

    def find(self, path: str) -> Mapping[str, Operation] | None:
        """The methods of a path, or `None` where the path does not exist."""
        ...

    def may_be_asked(self, path: str) -> bool:
        """Whether a client may ask for this path although it is not there."""
        ...


class Checked:
    """An ASGI application that lets only requests pass that keep a contract."""

    def __init__(self, app: ASGIApp, contract: Contract, prefix: str) -> None:
        self.violations: list[str] = []
        self.passed: list[str] = []
        self.not_there: list[str] = []
        self._app = app
        self._contract = contract
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check, then answer 404, 405 or 400, or hand on."""
        path = _raw_path(scope)
        if scope["type"] != "http" or not path.startswith(self._prefix + "/"):
            await self._app(scope, receive, send)
            return
        body = await _whole(receive)
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        request = Request(scope["method"], path.removeprefix(self._prefix), query, headers, body)
        refusal = self._judge(request)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        self.passed.append(str(request))
        await self._app(scope, _again(body, receive), send)

    def _judge(self, request: Request) -> JSONResponse | None:
        operations = self._contract.find(request.path)
        if operations is None:
            self.not_there.append(str(request))
            if not self._contract.may_be_asked(request.path):
                self.violations.append(f"{request}: no such path")
            return JSONResponse({"error": "Not found"}, 404)
        operation = operations.get(request.method)
        if operation is None:
            self.violations.append(f"{request}: no such method")
            return JSONResponse({"error": "Method not allowed"}, 405)
        faults = [*_credential_faults(request, operation), *_query_faults(request, operation)]
        faults += _body_faults(request, operation)
        if not faults:
            return None
        self.violations += [f"{request}: {fault}" for fault in faults]
        return JSONResponse({"error": f"contract: {'; '.join(faults)}"}, 400)


def v1_only(app: ASGIApp, prefix: str = "/multimail") -> Checked:
    """A server that has the published form and nothing else."""
    return Checked(app, Published(), prefix)


def short_only(app: ASGIApp, prefix: str = "/multimail") -> Checked:
    """A server that has the short form and nothing else."""
    return Checked(app, Short(), prefix)


def _credential_faults(request: Request, operation: Operation) -> list[str]:
    sent = request.headers.get("authorization", "")
    return [] if operation.public or (sent.startswith("Bearer ") and len(sent) > 7) else ["no bearer credential"]


def _query_faults(request: Request, operation: Operation) -> list[str]:
    names = [name for name, _ in request.query]
    faults = [f"unknown query parameter {name}" for name in names if name not in operation.query]
    faults += [f"query parameter {name} given twice" for name in set(names) if names.count(name) > 1]
    faults += [f"query parameter {name} is missing" for name in operation.required_query - set(names)]
    for name, value in request.query:
        schema = operation.query.get(name, {})
        given: Any = int(value) if schema.get("type") == "integer" and value.isdigit() else value
        faults += [f"query parameter {name}: {fault}" for fault in _faults(schema, given)]
    return faults


def _body_faults(request: Request, operation: Operation) -> list[str]:
    if operation.body is None:
        return ["takes no body"] if request.body else []
    if not request.headers.get("content-type", "").startswith("application/json"):
        return ["the body is not announced as JSON"]
    try:
        body = json.loads(request.body)
    except ValueError:
        return ["the body is not JSON"]
    return [f"body: {fault}" for fault in _faults(operation.body, body)]


def _faults(schema: Schema, value: Any) -> list[str]:
    checker = Draft202012Validator(schema, format_checker=FormatChecker())
    return [f"{error.json_path} {_short(error.message)}" for error in checker.iter_errors(value)]


def _short(said: str) -> str:
    return said if len(said) <= 200 else f"{said[:100]} … {said[-100:]}"


def _raw_path(scope: Scope) -> str:
    raw = scope.get("raw_path") or str(scope.get("path", "")).encode("utf-8")
    return bytes(raw).decode("latin-1").partition("?")[0]


async def _whole(receive: Receive) -> bytes:
    content: bytes = b""
    while True:
        message = await receive()
        content += message.get("body", b"")
        if message["type"] != "http.request" or not message.get("more_body"):
            return content


def _again(content: bytes, receive: Receive) -> Receive:
    first: list[MutableMapping[str, Any]] = [{"type": "http.request", "body": content, "more_body": False}]

    async def replay() -> Message:
        return first.pop() if first else await receive()

    return replay
