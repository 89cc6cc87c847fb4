"""Mails and mailboxes as the two wire forms show them. Field names and time spellings: the vendor's OpenAPI text for
v1, the vendor's Zendesk integration page for the short form."""

import json
from sqlite3 import Row

from deskgate.sandbox.exchange import Json
from deskgate.sandbox.multimail.post import held_text
from deskgate.sandbox.times import iso_ms

TENANT_ID = "01KSANDB0XTENANT0000000001"


def mailbox(row: Row) -> Json:
    """v1 Mailbox. `created_at` is epoch milliseconds here and `is_active` a number, as the vendor has it."""
    return {
        "id": row["id"],
        "tenant_id": TENANT_ID,
        "address": row["address"],
        "display_name": row["display_name"],
        "oversight_mode": row["oversight_mode"],
        "auto_cc": None,
        "auto_bcc": None,
        "forward_inbound": 0,
        "webhook_url": None,
        "oversight_webhook_url": None,
        "signature_block": row["signature_block"],
        "created_at": row["created_at"],
        "is_active": 1,
    }


def summary(row: Row) -> Json:
    """v1 EmailSummary."""
    return {**thread_entry(row), **_spam(row), "thread_id": row["thread_id"], "bounce_type": row["bounce_type"]}


def email(row: Row) -> Json:
    """v1 EmailResponse, which has neither a direction nor bcc."""
    attachments = [
        {"name": one["name"], "size": len(one["content_base64"]) * 3 // 4, "content_type": one["content_type"]}
        for one in json.loads(row["attachments"])
    ]
    return {
        **{name: value for name, value in summary(row).items() if name != "direction"},
        "cc": json.loads(row["cc"]),
        "markdown": held_text(row),
        "attachments": attachments,
        "approved_at": iso_ms(row["approved_at"]),
        "approved_by": row["approved_by"],
        "tags": json.loads(row["tags"]),
    }


def pending(row: Row) -> Json:
    """v1 PendingEmail: neither metadata nor thread_id, tags, cc or bcc."""
    return {
        "id": row["id"],
        "mailbox_id": row["mailbox_id"],
        "direction": row["direction"],
        "from": row["sender"],
        "to": json.loads(row["recipients"]),
        "subject": row["subject"],
        "body_markdown": held_text(row),
        "status": row["status"],
        "received_at": iso_ms(row["received_at"]),
    }


def thread_entry(row: Row) -> Json:
    """A mail inside v1 ThreadResponse: no body."""
    return {
        "id": row["id"],
        "from": row["sender"],
        "to": json.loads(row["recipients"]),
        "subject": row["subject"],
        "direction": row["direction"],
        "status": row["status"],
        "received_at": iso_ms(row["received_at"]),
        "has_attachments": row["attachments"] != "[]",
        "delivered_at": iso_ms(row["delivered_at"]),
        "bounced_at": iso_ms(row["bounced_at"]),
    }


def short_pending(row: Row, *, with_body: bool) -> Json:
    """A message of the short form's list_pending; `metadata` is missing where none was given."""
    shown: Json = {
        "message_id": row["id"],
        "to": ", ".join(json.loads(row["recipients"])),
        "subject": row["subject"],
        "created_at": iso_ms(row["received_at"]),
    }
    if row["metadata"]:
        shown["metadata"] = json.loads(row["metadata"])
    if with_body:
        shown["body"] = held_text(row)
    return shown


def short_message(row: Row) -> Json:
    """A message of the short form's check_inbox: v1's facts under the short form's names (the page shows no sample)."""
    return {
        **short_pending(row, with_body=True),
        "from": row["sender"],
        "direction": row["direction"],
        "status": row["status"],
        "thread_id": row["thread_id"],
        "tags": short_tags(json.loads(row["tags"])),
        "delivered_at": iso_ms(row["delivered_at"]),
        "bounced_at": iso_ms(row["bounced_at"]),
        "bounce_type": row["bounce_type"],
        "approved_at": iso_ms(row["approved_at"]),
        "approved_by": row["approved_by"],
    }


def short_tags(tags: dict[str, str]) -> list[str]:
    """`{"zendesk": "123", "vip": "true"}` as `["zendesk:123", "vip"]`."""
    return [name if value == "true" else f"{name}:{value}" for name, value in tags.items()]


def _spam(row: Row) -> Json:
    inbound = row["direction"] == "inbound"
    return {"spam_score": 0 if inbound else None, "spam_verdict": "clean" if inbound else None}
