"""MultiMail v1: mailboxes, modes, allowlist, suppression, the vendor's log."""

import json
import re

from deskgate.sandbox.exchange import Answer, Ask, Json, json_answer
from deskgate.sandbox.ids import operator_code
from deskgate.sandbox.mime import is_address
from deskgate.sandbox.moment import Moment
from deskgate.sandbox.multimail import views
from deskgate.sandbox.multimail.common import (
    MODES,
    cursor_of,
    fields,
    find_mailbox,
    limit_of,
    log,
    ok,
    refused,
    text_field,
)
from deskgate.sandbox.times import iso_ms

CODE_LIFE_MS = 24 * 3600 * 1000
TENANT_DOMAIN = "desk.example.com"
MAILBOX_FIELDS = ("address_local", "display_name", "oversight_mode", "webhook_url", "approval_code", "ai_disclosure")
PATCH_FIELDS = (
    "display_name", "oversight_mode", "auto_cc", "auto_bcc", "forward_inbound", "webhook_url",
    "oversight_webhook_url", "signature_block",
)  # fmt: skip


def list_mailboxes(moment: Moment, ask: Ask) -> Answer:
    """GET /v1/mailboxes."""
    return ok({"mailboxes": [views.mailbox(row) for row in moment.store.rows("mailboxes")]})


def read_mailbox(moment: Moment, ask: Ask) -> Answer:
    """GET /v1/mailboxes/{id}: in no specification, but the vendor's own client calls it."""
    return ok(views.mailbox(find_mailbox(moment, ask.parts["mailbox_id"])))


def create_mailbox(moment: Moment, ask: Ask) -> Answer:
    """POST /v1/mailboxes: the operator gets a code first; a new mailbox is always gated_send, whatever was asked."""
    body = fields(moment, ask, MAILBOX_FIELDS)
    local = text_field(body, "address_local", 254)
    address = local if "@" in local else f"{local}@{TENANT_DOMAIN}"
    name = text_field(body, "display_name", 200, required=False)
    return open_mailbox(moment, ask, address, name, body.get("approval_code"))


def open_mailbox(moment: Moment, ask: Ask, address: str, display_name: str, code: object) -> Answer:
    """The two steps of creating a mailbox, the same in both wire forms."""
    if not is_address(address):
        raise refused(400, "Invalid address format")
    if moment.store.row("mailbox_by_address", address=address):
        raise refused(409, "Address already in use")
    waiting = needs_code(moment, f"create mailbox {address.lower()}", code)
    if waiting:
        return waiting
    mailbox_id = moment.new_id()
    moment.store.run(
        "mailbox_put",
        id=mailbox_id,
        address=address,
        display_name=display_name or None,
        oversight_mode="gated_send",
        signature_block=None,
        created_at=moment.now_ms,
    )
    log(moment, ask.caller, "mailbox.create", "mailbox", mailbox_id)
    return json_answer(201, {"id": mailbox_id, "address": address})


def patch_mailbox(moment: Moment, ask: Ask) -> Answer:
    """PATCH /v1/mailboxes/{id}: the mode can only become stricter here."""
    row = find_mailbox(moment, ask.parts["mailbox_id"])
    body = fields(moment, ask, PATCH_FIELDS)
    mode = body.get("oversight_mode", row["oversight_mode"])
    if mode not in MODES:
        raise refused(400, "Unknown oversight_mode")
    if MODES.index(mode) > MODES.index(row["oversight_mode"]):
        raise refused(400, "oversight_mode can only be downgraded here. Use request-upgrade.")
    if len(str(body.get("signature_block") or "")) > 200:
        raise refused(400, "signature_block exceeds 200 characters")
    change_mailbox(moment, row["id"], **{**body, "oversight_mode": mode})
    return ok({"status": "updated"})


def request_upgrade(moment: Moment, ask: Ask) -> Answer:
    """POST …/request-upgrade: a code goes to the operator."""
    row = find_mailbox(moment, ask.parts["mailbox_id"])
    target = fields(moment, ask, ("target_mode",)).get("target_mode")
    if target not in MODES:
        raise refused(400, "Unknown target_mode")
    needs_code(moment, f"upgrade {row['id']}", None, suffix=f" {target}")
    return ok({"status": "upgrade_requested"})


def upgrade(moment: Moment, ask: Ask) -> Answer:
    """POST …/upgrade with the operator's code: the mode that was asked for holds from now on."""
    row = find_mailbox(moment, ask.parts["mailbox_id"])
    code = fields(moment, ask, ("code",)).get("code")
    waiting = [one for one in moment.store.rows("operator_codes") if one["purpose"].startswith(f"upgrade {row['id']} ")]
    if not waiting:
        raise refused(404, "No pending upgrade")
    granted = next((one for one in waiting if one["code"] == code), None)
    if granted is None:
        raise refused(403, "Invalid upgrade code")
    moment.store.run("operator_code_drop", purpose=granted["purpose"])
    change_mailbox(moment, row["id"], oversight_mode=granted["purpose"].split()[-1])
    return ok({"status": "upgraded"})


def list_allowlist(moment: Moment, ask: Ask) -> Answer:
    """GET …/allowlist: recipients that skip the queue in gated_send."""
    row = find_mailbox(moment, ask.parts["mailbox_id"])
    entries = [
        {**{name: one[name] for name in ("id", "pattern", "added_by", "note")}, "added_at": iso_ms(one["added_at"])}
        for one in moment.store.rows("allowlist", mailbox_id=row["id"])
    ]
    return ok({"entries": entries, "mailbox_id": row["id"], "count": len(entries)})


def add_allowed(moment: Moment, ask: Ask) -> Answer:
    """POST …/allowlist: an address or `*@domain`, after the operator's code."""
    row = find_mailbox(moment, ask.parts["mailbox_id"])
    body = fields(moment, ask, ("pattern", "note", "approval_code"))
    pattern = text_field(body, "pattern", 254).lower()
    if not is_address(re.sub(r"^\*@", "any@", pattern)):
        raise refused(400, "pattern must be an address or *@domain")
    if any(one["pattern"] == pattern for one in moment.store.rows("allowlist", mailbox_id=row["id"])):
        raise refused(409, "Pattern already allowlisted")
    waiting = needs_code(moment, f"allow {row['id']} {pattern}", body.get("approval_code"))
    if waiting:
        return waiting
    entry_id = allow(moment, row["id"], pattern, ask.caller, text_field(body, "note", 200, required=False))
    return json_answer(201, {"id": entry_id, "pattern": pattern})


def allow(moment: Moment, mailbox_id: str, pattern: str, actor: str, note: str = "") -> str:
    """Put a pattern on the allowlist."""
    entry_id = moment.new_id()
    moment.store.run(
        "allowlist_put",
        id=entry_id,
        mailbox_id=mailbox_id,
        pattern=pattern.lower(),
        added_by=actor,
        added_at=moment.now_ms,
        note=note or None,
    )
    return entry_id


def drop_allowed(moment: Moment, ask: Ask) -> Answer:
    """DELETE …/allowlist/{entryId}, after the operator's code."""
    row = find_mailbox(moment, ask.parts["mailbox_id"])
    entry_id = ask.parts["entry_id"]
    if not any(one["id"] == entry_id for one in moment.store.rows("allowlist", mailbox_id=row["id"])):
        raise refused(404, "Allowlist entry not found")
    code = fields(moment, ask, ("approval_code",)).get("approval_code")
    waiting = needs_code(moment, f"disallow {entry_id}", code)
    if waiting:
        return waiting
    moment.store.run("allowlist_drop", id=entry_id, mailbox_id=row["id"])
    return ok({"status": "deleted"})


def list_suppressed(moment: Moment, ask: Ask) -> Answer:
    """GET /v1/suppression."""
    names = ("id", "email_address", "reason", "mailbox_id")
    rows = moment.store.rows("suppressions")
    return ok(
        {
            "suppressions": [
                {**{name: one[name] for name in names}, "created_at": iso_ms(one["created_at"])} for one in rows
            ]
        }
    )


def drop_suppressed(moment: Moment, ask: Ask) -> Answer:
    """DELETE /v1/suppression/{address}."""
    if not moment.store.run("suppression_drop", address=ask.parts["address"]):
        raise refused(404, "Address is not suppressed")
    return ok({"status": "deleted"})


def read_log(moment: Moment, ask: Ask) -> Answer:
    """GET /v1/audit-log: the vendor's own record, newest first."""
    limit = limit_of(ask, 50)
    rows = moment.store.rows("audit_entries", before=cursor_of(ask), limit=limit + 1)
    names = ("id", "action", "resource_type", "resource_id", "actor_key_id")
    entries: list[Json] = [
        {
            **{name: row[name] for name in names},
            "metadata": json.loads(row["metadata"]) if row["metadata"] else None,
            "created_at": iso_ms(row["created_at"]),
        }
        for row in rows[:limit]
    ]
    return ok({"entries": entries, "cursor": str(rows[limit - 1]["number"]) if len(rows) > limit else None})


def needs_code(moment: Moment, purpose: str, code: object, suffix: str = "") -> Answer | None:
    """The operator's approval in two steps: 202 and a code by mail, then the same call with the code (None: go on)."""
    if code is None:
        code = operator_code(moment.random)
        moment.store.run("operator_code_put", purpose=purpose + suffix, code=code, created_at=moment.now_ms)
        return json_answer(202, {"status": "pending_approval", "message": "A code was emailed to the operator."})
    row = moment.store.row("operator_code", purpose=purpose, since=moment.now_ms - CODE_LIFE_MS)
    if row is None or row["code"] != code:
        raise refused(403, "Invalid approval code")
    moment.store.run("operator_code_drop", purpose=purpose)
    return None


def change_mailbox(moment: Moment, mailbox_id: str, **changes: object) -> None:
    """Change what a mailbox is called, how it signs, or its mode."""
    row = find_mailbox(moment, mailbox_id)
    names = ("display_name", "oversight_mode", "signature_block")
    moment.store.run("mailbox_change", id=row["id"], **{name: changes.get(name, row[name]) for name in names})
