"""MultiMail's short form: the calls that its Zendesk integration page names. What the page leaves out follows v1."""

import json
from sqlite3 import Row

from deskgate.sandbox.exchange import Answer, Ask, Json, json_answer
from deskgate.sandbox.mime import is_address
from deskgate.sandbox.moment import Moment
from deskgate.sandbox.multimail import views
from deskgate.sandbox.multimail.common import MODES, fields, ok, refused, text_field
from deskgate.sandbox.multimail.decide import cancel, decide
from deskgate.sandbox.multimail.listing import page_of
from deskgate.sandbox.multimail.post import Draft, accept, earlier_with_key, same_content_exists
from deskgate.sandbox.multimail.v1_admin import open_mailbox
from deskgate.sandbox.multimail.v1_send import MARKDOWN_LIMIT, SUBJECT_LIMIT, correspondents, reply_subject

SEND_FIELDS = ("from", "to", "subject", "body", "thread_id", "oversight_mode", "metadata", "idempotency_key")


def send(moment: Moment, ask: Ask) -> Answer:
    """POST /send_email: the caller's thread_id is kept and echoed."""
    body = fields(moment, ask, SEND_FIELDS, strict=False)
    mailbox = _mailbox(moment, text_field(body, "from", 254))
    recipient = text_field(body, "to", 254)
    if not is_address(recipient):
        raise refused(400, "to must be one email address")
    draft = _draft(body, [recipient], text_field(body, "subject", SUBJECT_LIMIT), None)
    return _accept(moment, ask, mailbox, draft)


def reply(moment: Moment, ask: Ask) -> Answer:
    """POST /reply_email: on a thread, to whoever the thread is with; In-Reply-To and References follow the thread."""
    body = fields(moment, ask, (*SEND_FIELDS, "message_id"), strict=False)
    thread = moment.store.rows("emails_in_thread", thread_id=text_field(body, "thread_id", 200))
    answered = _answered(thread, body.get("message_id"))
    recipients = correspondents(answered)
    if body.get("to") is not None and [body["to"]] != recipients:
        raise refused(400, "to is not the correspondent of this thread")
    subject = text_field(body, "subject", SUBJECT_LIMIT, required=False) or reply_subject(answered["subject"])
    mailbox = moment.store.one("mailbox", id=answered["mailbox_id"])
    draft = _draft(body, recipients, subject, answered)
    if not earlier_with_key(moment, draft.idempotency_key) and same_content_exists(moment, mailbox, draft):
        raise refused(409, "Duplicate reply detected (same content within 60s)")
    return _accept(moment, ask, mailbox, draft)


def list_pending(moment: Moment, ask: Ask) -> Answer:
    """GET /list_pending."""
    with_body = moment.is_on("short_body")
    rows = moment.store.rows("emails_pending")
    return ok({"messages": [views.short_pending(row, with_body=with_body) for row in rows]})


def decide_message(moment: Moment, ask: Ask) -> Answer:
    """POST /decide_email."""
    body = fields(moment, ask, ("message_id", "decision", "reason"), strict=False)
    message_id = text_field(body, "message_id", 64)
    status = decide(moment, message_id, body.get("decision"), str(body.get("reason") or ""), ask.caller)
    return ok({"message_id": message_id, "status": status})


def cancel_message(moment: Moment, ask: Ask) -> Answer:
    """POST /cancel_message."""
    row = _message(moment, fields(moment, ask, ("message_id",), strict=False))
    cancel(moment, row, ask.caller)
    return ok({"message_id": row["id"], "status": "cancelled"})


def check_inbox(moment: Moment, ask: Ask) -> Answer:
    """GET /check_inbox: a list call with v1's filters. `message_id` and `thread_id` narrow it down, as there is no
    other way to read one message; `mailbox` is an address."""
    if ask.first("message_id"):
        row = moment.store.row("email", id=ask.first("message_id"))
        return ok({"messages": [views.short_message(row)] if row else [], "cursor": None})
    if ask.first("thread_id"):
        thread = moment.store.rows("emails_in_thread", thread_id=ask.first("thread_id"))
        return ok({"messages": [views.short_message(row) for row in reversed(thread)], "cursor": None})
    address = ask.first("mailbox")
    mailbox = _mailbox(moment, address) if address else moment.store.rows("mailboxes")[0]
    rows, cursor = page_of(moment, ask, mailbox["id"])
    return ok({"messages": [views.short_message(row) for row in rows], "cursor": cursor})


def tag_message(moment: Moment, ask: Ask) -> Answer:
    """POST /tag_email: a list of `key:value` or bare words, added to what is there."""
    body = fields(moment, ask, ("message_id", "tags"), strict=False)
    row = _message(moment, body)
    given = body.get("tags")
    if not isinstance(given, list) or not all(isinstance(tag, str) and tag for tag in given):
        raise refused(400, "tags must be a list of strings")
    added = {name: value or "true" for name, _, value in (tag.partition(":") for tag in given)}
    tags = {**json.loads(row["tags"]), **added}
    moment.store.run("email_tags", id=row["id"], tags=json.dumps(tags))
    return ok({"message_id": row["id"], "tags": views.short_tags(tags)})


def create_mailbox(moment: Moment, ask: Ask) -> Answer:
    """POST /create_mailbox: as v1, the operator's code first."""
    body = fields(moment, ask, ("address", "display_name", "approval_code"), strict=False)
    name = text_field(body, "display_name", 200, required=False)
    return open_mailbox(moment, ask, text_field(body, "address", 254), name, body.get("approval_code"))


def _accept(moment: Moment, ask: Ask, mailbox: Row, draft: Draft) -> Answer:
    earlier = earlier_with_key(moment, draft.idempotency_key)
    row = earlier or accept(moment, mailbox, draft, ask.caller)
    shown = {"message_id": row["id"], "status": "pending_scan", "thread_id": row["thread_id"]}
    return ok({**shown, "status": "already_sent"}) if earlier else json_answer(202, shown)


def _draft(body: Json, recipients: list[str], subject: str, answered: Row | None) -> Draft:
    mode, metadata = body.get("oversight_mode"), body.get("metadata")
    if mode is not None and mode not in MODES:
        raise refused(400, "Unknown oversight_mode")
    if metadata is not None and not isinstance(metadata, dict):
        raise refused(400, "metadata must be an object")
    return Draft(
        recipients=recipients,
        subject=subject,
        markdown=text_field(body, "body", MARKDOWN_LIMIT),
        cc=[],
        bcc=[],
        attachments=[],
        idempotency_key=text_field(body, "idempotency_key", 256, required=False) or None,
        thread_id=text_field(body, "thread_id", 200, required=False) or None,
        answered=answered,
        mode=mode,
        metadata=metadata,
    )


def _answered(thread: list[Row], message_id: object) -> Row:
    if not thread:
        raise refused(404, "Thread not found")
    if message_id is not None:
        named = next((row for row in thread if row["id"] == message_id), None)
        if named is None:
            raise refused(404, "Message not found in this thread")
        return named
    inbound = [row for row in thread if row["direction"] == "inbound"]
    return (inbound or thread)[-1]


def _mailbox(moment: Moment, address: str) -> Row:
    row = moment.store.row("mailbox_by_address", address=address)
    if row is None:
        raise refused(404, "Mailbox not found")
    return row


def _message(moment: Moment, body: Json) -> Row:
    row = moment.store.row("email", id=text_field(body, "message_id", 64))
    if row is None:
        raise refused(404, "Message not found")
    return row
