"""Zendesk's answers as recorded ones look, for tests that script the network."""

import json
from typing import Any

import httpx

from deskgate.desk.credentials import FixedCredential
from deskgate.desk.wire import Wire
from deskgate.desk.zendesk import Zendesk
from fakes import FakeClock, Script, Step

BASE = "https://desk.zendesk.example.com"
STAMP = "2026-01-28T08:45:00Z"
IP = "203.0.113.77"
CANARY = "canary-91c7"


def client(*steps: Step) -> tuple[Zendesk, Script]:
    """A client over a scripted network, and that network."""
    network, clock = Script(*steps), FakeClock()
    return Zendesk(Wire("Zendesk", BASE, FixedCredential("Bearer t"), clock, transport=network), clock), network


def says(data: Any, status: int = 200, **headers: str) -> httpx.Response:
    """A JSON answer."""
    return httpx.Response(status, json=data, headers={name.replace("_", "-"): text for name, text in headers.items()})


def sent(network: Script, place: int = 0) -> Any:
    """The JSON of a request."""
    return json.loads(network.requests[place].content)


def user(user_id: int = 33144692244371, **fields: Any) -> dict[str, Any]:
    """A user."""
    return {
        "id": user_id,
        "name": "Mara Lindqvist",
        "email": "mara@example.com",
        "role": "end-user",
        "verified": True,
        "active": True,
        "suspended": False,
        "phone": None,
        "last_login_at": "2026-01-27T00:00:00Z",
        "user_fields": {},
        "a_key_of_next_year": {"x": [1]},
        **fields,
    }


def ticket(ticket_id: int = 5512, **fields: Any) -> dict[str, Any]:
    """A ticket."""
    return {
        "url": f"{BASE}/api/v2/tickets/{ticket_id}.json",
        "id": ticket_id,
        "external_id": None,
        "via": {"channel": "email", "source": {"from": {"address": "mara@example.com"}, "to": {}, "rel": None}},
        "created_at": "2026-01-27T10:00:00Z",
        "updated_at": STAMP,
        "type": None,
        "subject": "Where is my order?",
        "raw_subject": "Where is my order?",
        "description": "Hello",
        "priority": None,
        "status": "open",
        "requester_id": 33144692244371,
        "submitter_id": 33144692244371,
        "assignee_id": None,
        "organization_id": None,
        "tags": ["order"],
        "custom_fields": [{"id": 1, "value": None}],
        "satisfaction_rating": {"score": "unoffered"},
        "a_key_of_next_year": True,
        **fields,
    }


def comment(comment_id: int = 41190350010001, **fields: Any) -> dict[str, Any]:
    """A comment, with the parts that must not leave the client."""
    return {
        "id": comment_id,
        "type": "Comment",
        "author_id": 33144692244371,
        "body": "Hello",
        "html_body": "<p>Hello</p>",
        "plain_body": "Hello",
        "public": True,
        "attachments": [
            {
                "id": 9,
                "file_name": "receipt.pdf",
                "content_type": "application/pdf",
                "size": 1234,
                "content_url": f"https://files.example.net/attachments/token/{CANARY}/?name=receipt.pdf",
                "mapped_content_url": f"https://files.example.net/attachments/token/{CANARY}/",
                "thumbnails": [{"content_url": f"https://files.example.net/{CANARY}"}],
            }
        ],
        "audit_id": 41190350010000,
        "via": {"channel": "web", "source": {"from": {}, "to": {}, "rel": None}},
        "created_at": "2026-01-27T10:00:00Z",
        "metadata": {"system": {"client": CANARY, "ip_address": IP, "location": "Uppsala"}, "custom": {}},
        **fields,
    }


def comment_event(comment_id: int = 77001, **fields: Any) -> dict[str, Any]:
    """The event of a private comment."""
    return {
        "id": comment_id,
        "type": "Comment",
        "author_id": 1,
        "body": "a note",
        "html_body": "<p>a note</p>",
        "public": False,
        "attachments": [{"content_url": f"https://files.example.net/{CANARY}"}],
        "audit_id": 88001,
        **fields,
    }


def audit(*events: dict[str, Any], marker: str | None = "m-1", **fields: Any) -> dict[str, Any]:
    """An audit of ours."""
    return {
        "id": 88001,
        "ticket_id": 5512,
        "created_at": "2026-01-28T08:45:01Z",
        "author_id": 1,
        "metadata": {
            "system": {"client": CANARY, "ip_address": IP, "location": "Uppsala"},
            "custom": {"deskgate_effect": marker} if marker else {},
        },
        "events": list(events),
        "via": {"channel": "api"},
        **fields,
    }


def closed(key: str = "status", text: str = "Status: closed prevents ticket update") -> httpx.Response:
    """The 422 of a closed ticket."""
    details = {key: [{"description": text}]}
    body = {"error": "RecordInvalid", "description": "Record validation errors", "details": details}
    return says(body, 422)


def not_found() -> httpx.Response:
    """The 404 of a record."""
    return says({"error": "RecordNotFound", "description": "Not found"}, 404)
