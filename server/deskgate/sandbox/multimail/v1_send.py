"""MultiMail v1: sending, replying, cancelling, deciding."""

import base64
import binascii
import json
import uuid
from sqlite3 import Row

from deskgate.sandbox.exchange import Answer, Ask, Json, json_answer
from deskgate.sandbox.mime import is_address
from deskgate.sandbox.moment import Moment
from deskgate.sandbox.multimail import views
from deskgate.sandbox.multimail.common import fields, find_email, find_mailbox, ok, refused, text_field
from deskgate.sandbox.multimail.decide import cancel, decide
from deskgate.sandbox.multimail.post import Draft, accept, earlier_with_key, same_content_exists

REPLY_FIELDS = ("markdown", "cc", "bcc", "attachments", "idempotency_key", "ucan")
SEND_FIELDS = (*REPLY_FIELDS, "to", "subject", "send_at", "gate_timing")
SUBJECT_LIMIT = 998
MARKDOWN_LIMIT = 262_144
RECIPIENT_LIMIT = 50


def send(moment: Moment, ask: Ask) -> Answer:
    """POST /v1/mailboxes/{id}/send."""
    mailbox = find_mailbox(moment, ask.parts["mailbox_id"])
    body = fields(moment, ask, SEND_FIELDS)
    if body.get("send_at") is not None:
        raise refused(400, "Scheduling is not enabled for this mailbox")
    recipients = addresses(body, "to", required=True)
    draft = _draft(body, recipients, text_field(body, "subject", SUBJECT_LIMIT))
    repeated = _repeated(moment, draft)
    if repeated:
        return repeated
    if moment.choice("same_content_send") == "409" and same_content_exists(moment, mailbox, draft):
        raise refused(409, "Duplicate email detected (same content within 60s)")
    row = accept(moment, mailbox, draft, ask.caller)
    return json_answer(202, {**_accepted(row), "message": "Email queued for scanning"})


def reply(moment: Moment, ask: Ask) -> Answer:
    """POST /v1/mailboxes/{id}/reply/{emailId}: to whoever wrote that mail, in its thread."""
    mailbox = find_mailbox(moment, ask.parts["mailbox_id"])
    body = fields(moment, ask, REPLY_FIELDS)
    answered = find_email(moment, ask)
    if answered["direction"] == "outbound" and moment.choice("reply_to_own") == "400":
        raise refused(400, "Cannot reply to an outbound email")
    draft = _draft(body, correspondents(answered), reply_subject(answered["subject"]), answered)
    repeated = _repeated(moment, draft)
    if repeated:
        return repeated
    if same_content_exists(moment, mailbox, draft):
        raise refused(409, "Duplicate reply detected (same content within 60s)")
    return json_answer(202, _accepted(accept(moment, mailbox, draft, ask.caller)))


def cancel_email(moment: Moment, ask: Ask) -> Answer:
    """POST …/emails/{id}/cancel."""
    row = find_email(moment, ask)
    cancel(moment, row, ask.caller)
    return ok({"id": row["id"], "status": "cancelled"})


def list_pending(moment: Moment, ask: Ask) -> Answer:
    """GET /v1/oversight/pending: everything at once, no paging."""
    return ok({"emails": [views.pending(row) for row in moment.store.rows("emails_pending")]})


def decide_email(moment: Moment, ask: Ask) -> Answer:
    """POST /v1/oversight/decide. `reason` is in no specification, but the vendor's own clients send it."""
    body = fields(moment, ask, ("email_id", "action", "reason"))
    email_id = text_field(body, "email_id", 64)
    status = decide(moment, email_id, body.get("action"), str(body.get("reason") or ""), ask.caller)
    sent = (
        {"postmark_message_id": str(uuid.UUID(int=moment.random.getrandbits(128), version=4))}
        if status == "approved_and_sent"
        else {}
    )
    return ok({"status": status, **sent})


def correspondents(answered: Row) -> list[str]:
    """Who gets an answer to this mail."""
    if answered["direction"] == "inbound":
        return [answered["sender"]]
    return [str(address) for address in json.loads(answered["recipients"])]


def reply_subject(subject: str) -> str:
    """`Re: ` exactly once."""
    return subject if subject.lower().startswith("re:") else f"Re: {subject}"


def addresses(body: Json, name: str, *, required: bool = False) -> list[str]:
    """A list of addresses, each of them plain."""
    value = body.get(name)
    if value is None and not required:
        return []
    if not isinstance(value, list) or (required and not value) or len(value) > RECIPIENT_LIMIT:
        raise refused(400, f"{name} must be a list of 1 to {RECIPIENT_LIMIT} email addresses")
    for address in value:
        if not is_address(address):
            raise refused(400, f"{name} contains an invalid email address")
    return list(value)


def _draft(body: Json, recipients: list[str], subject: str, answered: Row | None = None) -> Draft:
    return Draft(
        recipients=recipients,
        subject=subject,
        markdown=text_field(body, "markdown", MARKDOWN_LIMIT),
        cc=addresses(body, "cc"),
        bcc=addresses(body, "bcc"),
        attachments=_attachments(body),
        idempotency_key=text_field(body, "idempotency_key", 256, required=False) or None,
        answered=answered,
    )


def _attachments(body: Json) -> list[Json]:
    value = body.get("attachments") or []
    if not isinstance(value, list):
        raise refused(400, "attachments must be a list")
    for one in value:
        if not isinstance(one, dict) or not {"name", "content_base64", "content_type"} <= set(one):
            raise refused(400, "an attachment needs name, content_base64 and content_type")
        try:
            base64.b64decode(str(one["content_base64"]), validate=True)
        except binascii.Error:
            raise refused(400, "content_base64 is not base64") from None
    return value


def _repeated(moment: Moment, draft: Draft) -> Answer | None:
    earlier = earlier_with_key(moment, draft.idempotency_key)
    if earlier is None:
        return None
    return ok({"id": earlier["id"], "status": "already_sent", "idempotent": True})


def _accepted(row: Row) -> Json:
    return {"id": row["id"], "status": "pending_scan", "thread_id": row["thread_id"]}
