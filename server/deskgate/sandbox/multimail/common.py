"""What every MultiMail handler needs: error answers, the request's fields, the vendor's own log."""

import json
from collections.abc import Collection
from sqlite3 import Row
from typing import Any

from deskgate.sandbox.exchange import Answer, Ask, Json, RefusedError, json_answer, plain_number
from deskgate.sandbox.moment import Moment

NO_CURSOR = 10**17
MODES = ("read_only", "gated_all", "gated_send", "monitored", "autonomous")
"""Oversight modes, strictest first."""


def refused(status: int, message: str, **more: Any) -> RefusedError:
    """An error as MultiMail spells all of them: `{"error": string}`."""
    return RefusedError(json_answer(status, {"error": message, **more}))


def fields(moment: Moment, ask: Ask, known: Collection[str], *, strict: bool = True) -> Json:
    """The request's JSON body. Unknown fields are refused in v1 while the switch says so, else dropped."""
    try:
        body = ask.document()
    except ValueError:
        raise refused(400, "Invalid JSON body") from None
    unknown = sorted(set(body) - set(known))
    if unknown and strict and moment.is_on("strict_fields"):
        raise refused(400, f"Unknown field: {unknown[0]}")
    return {name: value for name, value in body.items() if name in known}


def text_field(body: Json, name: str, limit: int, *, required: bool = True) -> str:
    """A string field within its limit; empty where it is optional and absent."""
    value = body.get(name)
    if value is None and not required:
        return ""
    if not isinstance(value, str) or (required and not value.strip()):
        raise refused(400, f"{name} is required and must be a string")
    if len(value) > limit:
        raise refused(400, f"{name} exceeds {limit} characters")
    return value


def find_mailbox(moment: Moment, mailbox_id: str) -> Row:
    """The mailbox with this id, or 404."""
    row = moment.store.row("mailbox", id=mailbox_id)
    if row is None:
        raise refused(404, "Mailbox not found")
    return row


def find_email(moment: Moment, ask: Ask) -> Row:
    """The mail that the path names, in the mailbox that the path names, or 404."""
    find_mailbox(moment, ask.parts["mailbox_id"])
    row = moment.store.row("email_in_mailbox", id=ask.parts["email_id"], mailbox_id=ask.parts["mailbox_id"])
    if row is None:
        raise refused(404, "Email not found")
    return row


def log(moment: Moment, actor: str, action: str, kind: str, subject: str, **metadata: Any) -> None:
    """Add an entry to the vendor's own audit log."""
    moment.store.run(
        "audit_entry_put",
        id=moment.new_id(),
        action=action,
        resource_type=kind,
        resource_id=subject,
        actor_key_id=actor,
        metadata=json.dumps(metadata) if metadata else None,
        created_at=moment.now_ms,
    )


def limit_of(ask: Ask, default: int) -> int:
    """The `limit` parameter, 1 to 100."""
    limit = plain_number(ask.first("limit", str(default)))
    if limit is None or not 1 <= limit <= 100:
        raise refused(400, "limit must be between 1 and 100")
    return limit


def cursor_of(ask: Ask) -> int:
    """The `cursor` parameter, a number; without one a number beyond all others."""
    cursor = plain_number(ask.first("cursor", str(NO_CURSOR)))
    if cursor is None:
        raise refused(400, "cursor is not valid")
    return cursor


def ok(value: Any) -> Answer:
    """A 200 with a JSON body."""
    return json_answer(200, value)
