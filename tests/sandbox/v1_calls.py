"""Calls of the v1 form as the tests make them, and the check against the vendor's own OpenAPI text."""

import json
from pathlib import Path
from typing import Any

import httpx
import jsonschema

from deskgate.sandbox.constants import MAILBOX_ID
from fakes import FakeClock

BOX = f"/v1/mailboxes/{MAILBOX_ID}"
SPEC: dict[str, Any] = json.loads((Path(__file__).parents[1] / "contract" / "multimail-openapi.json").read_text())
MARIA = "maria.lindqvist@example.com"


def as_json_schema(node: Any) -> Any:
    """OpenAPI 3.0 spells `or null` in its own way, and documents no field as required."""
    if isinstance(node, list):
        return [as_json_schema(one) for one in node]
    if not isinstance(node, dict):
        return node
    schema = {name: as_json_schema(value) for name, value in node.items()}
    if node.get("nullable") is True and isinstance(node.get("type"), str):
        schema["type"] = [node["type"], "null"]
        if "enum" in node:
            schema["enum"] = [*node["enum"], None]
    if "properties" in node:
        schema["additionalProperties"] = node.get("additionalProperties", False)
    return schema


def check(answer: httpx.Response, path: str, method: str) -> Any:
    """The answer's body, after the vendor's schema for it has found nothing wrong and nothing unknown."""
    described = SPEC["paths"][path][method]["responses"][str(answer.status_code)]
    schema = as_json_schema(described["content"]["application/json"]["schema"])
    schema["components"] = as_json_schema(SPEC["components"])
    jsonschema.validate(answer.json(), schema)
    return answer.json()


async def send(sender: httpx.AsyncClient, **more: object) -> httpx.Response:
    body = {"to": [MARIA], "subject": "Re: Order", "markdown": "Hello Maria", **more}
    return await sender.post(f"{BOX}/send", json=body)


async def held(sender: httpx.AsyncClient, clock: FakeClock, **more: object) -> str:
    email_id = str((await send(sender, **more)).json()["id"])
    clock.advance(0.3)
    return email_id


async def decide(decider: httpx.AsyncClient, email_id: str, action: str = "approve") -> httpx.Response:
    return await decider.post("/v1/oversight/decide", json={"email_id": email_id, "action": action})


async def pending(decider: httpx.AsyncClient) -> list[dict[str, Any]]:
    answer = await decider.get("/v1/oversight/pending")
    return list(check(answer, "/v1/oversight/pending", "get")["emails"])
