"""What each wire form of MultiMail takes: operations, their query parameters and their bodies as JSON Schema."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

DOCUMENT = Path(__file__).with_name("multimail-openapi.json")

# The newest full description of the API has these routes and the published document does not, so a client may ask for
# them and has to live with 404.
NEWER_THAN_THE_DOCUMENT = ("/v1/mailboxes/{mailboxId}/allowlist",)

# The published document leaves out the field of the operator's two-step approval, which the vendor's own client sends
# (multimail-dev/mcp-server, `create_mailbox` and `create_webhook`).
TWO_STEPS = ("/v1/mailboxes", "/v1/webhooks")

Schema = dict[str, Any]


@dataclass(frozen=True)
class Operation:
    """What one method on one path takes."""

    query: Mapping[str, Schema] = field(default_factory=dict)
    required_query: frozenset[str] = frozenset()
    body: Schema | None = None
    public: bool = False


class Published:
    """The published OpenAPI document."""

    def __init__(self) -> None:
        self._document = json.loads(DOCUMENT.read_text("utf-8"))
        self._paths = {
            template: {method.upper(): self._operation(known) for method, known in methods.items()}
            for template, methods in self._document["paths"].items()
        }
        for template in TWO_STEPS:
            body = self._paths[template]["POST"].body
            assert body is not None
            body["properties"]["approval_code"] = {"type": "string", "minLength": 1, "maxLength": 16}

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
        "/create_mailbox": {
            "POST": _object("address display_name", address=ADDRESS, display_name=TEXT, approval_code=TEXT)
        },
        "/webhooks": {
            "POST": _object(
                "url events mailbox",
                url={"type": "string", "pattern": "^https://"},
                events={
                    "type": "array",
                    "items": {"enum": ["email.received", "email.pending_approval", "email.delivered"]},
                },
                mailbox=ADDRESS,
                approval_code=TEXT,
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
