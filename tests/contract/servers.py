"""Two strict MultiMail servers, each of which speaks one wire form only and writes down every request that breaks it.

`v1_only(app)` checks every request against the published OpenAPI document (`multimail-openapi.json`): path, method,
query parameters, required and unknown body fields, types, bearer header. A path that is not in the document is 404, as
it would be there. `short_only(app)` checks against the fields of MultiMail's Zendesk integration page and answers 404
under `/v1`. What passes goes on to `app`, which has the state (the sandbox); what does not is answered with 400 and
stands in `violations`. Requests outside `prefix` (Zendesk's, say) pass unchecked.
"""

import json
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote

from jsonschema import Draft202012Validator, FormatChecker  # type: ignore[import-untyped]
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

DOCUMENT = Path(__file__).with_name("multimail-openapi.json")

# The newest full description of the API has these routes and the published document does not, so a client may ask for
# them and has to live with 404.
NEWER_THAN_THE_DOCUMENT = ("/v1/mailboxes/{mailboxId}/allowlist",)

Schema = dict[str, Any]


@dataclass(frozen=True)
class Operation:
    """What one method on one path takes."""

    query: Mapping[str, Schema] = field(default_factory=dict)
    required_query: frozenset[str] = frozenset()
    body: Schema | None = None
    public: bool = False


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


class Published:
    """The published OpenAPI document."""

    def __init__(self) -> None:
        self._document = json.loads(DOCUMENT.read_text("utf-8"))
        self._paths = {
            template: {method.upper(): self._operation(known) for method, known in methods.items()}
            for template, methods in self._document["paths"].items()
        }

    def find(self, path: str) -> Mapping[str, Operation] | None:
        """The template with the fewest parameters that fits."""
        fitting = [template for template in self._paths if _fits(template, path)]
        return self._paths[min(fitting, key=lambda template: template.count("{"))] if fitting else None

    def may_be_asked(self, path: str) -> bool:
        """Only what a newer description has."""
        return any(_fits(template, path) for template in NEWER_THAN_THE_DOCUMENT)

    def _operation(self, known: Mapping[str, Any]) -> Operation:
        queries = [one for one in known.get("parameters", []) if one["in"] == "query"]
        body = known.get("requestBody")
        schema = body["content"]["application/json"]["schema"] if body else None
        return Operation(
            query={one["name"]: one["schema"] for one in queries},
            required_query=frozenset(one["name"] for one in queries if one.get("required")),
            body=self._closed(schema) if schema else None,
            public=not known.get("security"),
        )

    def _closed(self, schema: Any) -> Any:
        """The schema with references resolved, unknown fields forbidden and `nullable` spelt as JSON Schema does."""
        if isinstance(schema, list):
            return [self._closed(one) for one in schema]
        if not isinstance(schema, dict):
            return schema
        if "$ref" in schema:
            return self._closed(self._document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
        closed = {name: self._closed(value) for name, value in schema.items() if name != "nullable"}
        if isinstance(schema.get("properties"), dict):
            closed.setdefault("additionalProperties", False)
        if schema.get("nullable") is True:
            closed["type"] = [closed["type"], "null"]
        return closed


TEXT: Schema = {"type": "string", "minLength": 1}
ADDRESS: Schema = {"type": "string", "format": "email"}
MODE: Schema = {"enum": ["gated_send"]}
# Documented: `zendesk_ticket_id`, `zendesk_status`. `metadata` is an open object, which is where our marker goes.
METADATA: Schema = {
    "type": "object",
    "required": ["zendesk_ticket_id", "zendesk_status"],
    "properties": {"zendesk_ticket_id": {"type": "integer"}, "zendesk_status": TEXT, "deskgate_draft": TEXT},
    "additionalProperties": False,
}


def _object(required: str, **properties: Schema) -> Operation:
    names = required.split()
    body = {"type": "object", "required": names, "properties": properties, "additionalProperties": False}
    return Operation(body=body)


class Short:
    """The fields that MultiMail's Zendesk integration page shows, and for the three calls that it only names
    (`reply_email`, `cancel_message`, `check_inbox`) the ones chosen after their neighbours."""

    paths: Mapping[str, Mapping[str, Operation]] = {
        "/send_email": {
            "POST": _object(
                "from to subject body thread_id oversight_mode metadata",
                **{"from": ADDRESS, "to": ADDRESS, "subject": TEXT, "body": TEXT, "thread_id": TEXT},
                oversight_mode=MODE,
                metadata=METADATA,
            )
        },
        "/reply_email": {
            "POST": _object(
                "thread_id body", thread_id=TEXT, body=TEXT, message_id=TEXT, oversight_mode=MODE, metadata=METADATA
            )
        },
        "/list_pending": {"GET": Operation()},
        "/decide_email": {
            "POST": _object("message_id decision", message_id=TEXT, decision={"enum": ["approve", "reject"]})
        },
        "/cancel_message": {"POST": _object("message_id", message_id=TEXT)},
        "/check_inbox": {
            "GET": Operation(
                query={
                    "direction": {"enum": ["inbound", "outbound"]},
                    "limit": {"type": "integer", "minimum": 1, "maximum": 100},
                    "cursor": TEXT,
                    "since_id": TEXT,
                }
            )
        },
        "/tag_email": {
            "POST": _object("message_id tags", message_id=TEXT, tags={"type": "array", "items": TEXT, "minItems": 1})
        },
        "/create_mailbox": {"POST": _object("address display_name", address=ADDRESS, display_name=TEXT)},
        "/webhooks": {
            "POST": _object(
                "url events mailbox",
                url={"type": "string", "pattern": "^https://"},
                events={
                    "type": "array",
                    "items": {"enum": ["email.received", "email.pending_approval", "email.delivered"]},
                },
                mailbox=ADDRESS,
            )
        },
    }

    def find(self, path: str) -> Mapping[str, Operation] | None:
        """Plain paths only."""
        return self.paths.get(path)

    def may_be_asked(self, path: str) -> bool:
        """The one question that finds out which form is spoken here."""
        return path == "/v1/mailboxes"


def _fits(template: str, path: str) -> bool:
    wanted, given = template.split("/"), path.split("/")
    return len(wanted) == len(given) and all(
        bool(unquote(actual)) if part.startswith("{") else part == actual
        for part, actual in zip(wanted, given, strict=True)
    )


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
