"""The life of a mail: accepted, scanned, held or not, let out, delivered or bounced.

Nothing happens in the background: `settle` brings every mail to where it would be by now, at the start of each request.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from sqlite3 import Row
from typing import Any

from deskgate.sandbox import maildir, mime
from deskgate.sandbox.exchange import Json
from deskgate.sandbox.moment import Moment
from deskgate.sandbox.multimail import events
from deskgate.sandbox.multimail.common import MODES, log, refused
from deskgate.sandbox.times import from_text, iso_ms

IDEMPOTENCY_MS = 24 * 3600 * 1000
SAME_CONTENT_MS = 60 * 1000
DISCLOSURE = "This message was written with the help of an AI assistant and sent through MultiMail."


@dataclass(frozen=True)
class Draft:
    """A mail that somebody wants sent. `mode` is the short form's own wish; it can only tighten the mailbox's mode."""

    recipients: list[str]
    subject: str
    markdown: str
    cc: list[str]
    bcc: list[str]
    attachments: list[Json]
    idempotency_key: str | None = None
    thread_id: str | None = None
    answered: Row | None = None
    mode: str | None = None
    metadata: Json | None = None


def earlier_with_key(moment: Moment, key: str | None) -> Row | None:
    """The mail that was accepted under this idempotency key within 24 hours."""
    if not key:
        return None
    return moment.store.row("email_by_key", idempotency_key=key, since=moment.now_ms - IDEMPOTENCY_MS)


def same_content_exists(moment: Moment, mailbox: Row, draft: Draft) -> bool:
    """Whether the same content went to the same people within 60 seconds."""
    since = moment.now_ms - SAME_CONTENT_MS
    return moment.store.row("email_by_fingerprint", fingerprint=_fingerprint(mailbox, draft), since=since) is not None


def accept(moment: Moment, mailbox: Row, draft: Draft, actor: str) -> Row:
    """Take a mail in as `pending_scan`. Refuses what a mailbox, a plan or the suppression list forbids."""
    if mailbox["oversight_mode"] == "read_only":
        raise refused(403, "Mailbox is in read_only mode. Request an upgrade to send email.")
    if moment.choice("suppressed") != "bounce":
        for address in _everyone(draft):
            if moment.store.row("suppressed", address=address):
                raise refused(int(moment.choice("suppressed")), f"Recipient is suppressed: {address}")
    answered = draft.answered
    row = put_email(
        moment,
        mailbox,
        direction="outbound",
        sender=mailbox["address"],
        recipients=draft.recipients,
        cc=draft.cc,
        bcc=draft.bcc,
        subject=draft.subject,
        markdown=draft.markdown,
        footer=_footer(mailbox) if moment.is_on("footer_in_body") else "",
        attachments=draft.attachments,
        status="pending_scan",
        held=_is_held(moment, mailbox, draft),
        scan_until=moment.now_ms + round(moment.amount("scan_seconds") * 1000),
        thread_id=answered["thread_id"] if answered else draft.thread_id,
        answered=answered,
        metadata=draft.metadata,
        idempotency_key=draft.idempotency_key,
        fingerprint=_fingerprint(mailbox, draft),
    )
    log(moment, actor, "email.send", "email", row["id"], mailbox_id=mailbox["id"])
    return row


def put_email(moment: Moment, mailbox: Row, *, answered: Row | None, thread_id: str | None, **given: Any) -> Row:
    """Store a mail of either direction under a new id, in the thread of what it answers."""
    received_at = max(moment.now_ms, moment.store.one("newest_received_at")["received_at"] + 1)
    email_id = moment.new_id(received_at)
    ancestors = [*json.loads(answered["ancestors"]), answered["header_id"]] if answered else []
    lists = ("recipients", "cc", "bcc", "attachments")
    moment.store.run(
        "email_put",
        **{name: json.dumps(value) if name in lists else value for name, value in given.items() if name != "metadata"},
        id=email_id,
        mailbox_id=mailbox["id"],
        received_at=received_at,
        thread_id=thread_id or f"thr_{email_id.lower()}",
        header_id=f"<{email_id.lower()}@{given['sender'].rpartition('@')[2]}>",
        in_reply_to=answered["header_id"] if answered else None,
        ancestors=json.dumps(ancestors),
        tags="{}",
        metadata=json.dumps(given["metadata"]) if given["metadata"] else None,
    )
    return moment.store.one("email", id=email_id)


def settle(moment: Moment) -> None:
    """Finish every scan and every delivery that is due."""
    for row in moment.store.rows("emails_scanned", now=moment.now_ms):
        if row["held"]:
            moment.store.run("email_status", id=row["id"], status="pending_send_approval")
            events.fire(moment, "pending", row)
        else:
            let_out(moment, row)
    for row in moment.store.rows("emails_arriving", now=moment.now_ms):
        _arrive(moment, row)


def let_out(moment: Moment, row: Row) -> None:
    """Send a mail that nothing holds back any more."""
    deliver_at = moment.now_ms + round(moment.amount("delivery_seconds") * 1000)
    moment.store.run("email_let_out", id=row["id"], status=moment.choice("sent_status"), deliver_at=deliver_at)
    events.fire(moment, "sent", row)


def rewrite(moment: Moment, email_id: str, changes: Json) -> None:
    """Change a mail behind everyone's back. Raises LookupError for an unknown mail, KeyError for an unknown field."""
    names = {"to": "recipients", "cc": "cc", "subject": "subject", "markdown": "markdown", "thread_id": "thread_id"}
    row = moment.store.one("email", id=email_id)
    columns = {column: row[column] for column in names.values()}
    for name, value in changes.items():
        columns[names[name]] = json.dumps(value) if name in ("to", "cc") else value
    moment.store.run("email_rewrite", id=email_id, **columns)


def held_text(row: Row) -> str:
    """The body as MultiMail holds and delivers it: the given text, and its footer where it appends one."""
    return str(row["markdown"] + row["footer"])


def _arrive(moment: Moment, row: Row) -> None:
    to, cc = json.loads(row["recipients"]), json.loads(row["cc"])
    if any(moment.store.row("suppressed", address=address) for address in to):
        bounce(moment, row, "suppressed", row["deliver_at"])
        return
    mailbox = moment.store.one("mailbox", id=row["mailbox_id"])
    domain = row["sender"].rpartition("@")[2]
    letter = mime.Letter(
        sender=row["sender"],
        sender_name=mailbox["display_name"] or "",
        to=tuple(to),
        cc=tuple(cc),
        subject=row["subject"],
        markdown=held_text(row),
        written_at=from_text(iso_ms(row["deliver_at"]) or ""),
        header_id=row["header_id"],
        in_reply_to=row["in_reply_to"],
        ancestors=tuple(json.loads(row["ancestors"])),
        unsubscribe_url=f"https://multimail.example.com/v1/unsubscribe/{row['id']}",
        unsubscribe_mail=f"unsubscribe@{domain}",
        attachments=tuple(json.loads(row["attachments"])),
    )
    try:
        raw = mime.build(letter)
    except mime.UnsafeMailError:
        bounce(moment, row, "content_rejected", row["deliver_at"])
        return
    name = f"{row['deliver_at'] // 1000}.{row['id']}.sandbox"
    moment.store.run("email_delivered", id=row["id"], delivered_at=row["deliver_at"], file=name)
    events.fire(moment, "delivered", row, delivered_at=iso_ms(row["deliver_at"]))
    maildir.deliver(moment.folder / "Maildir", name, raw)


def bounce(moment: Moment, row: Row, kind: str, at_ms: int) -> None:
    """A mail comes back, at once or after it had been delivered."""
    moment.store.run("email_bounced", id=row["id"], bounced_at=at_ms, bounce_type=kind)
    events.fire(moment, "bounced", row, bounced_at=iso_ms(at_ms), bounce_type=kind)


def _is_held(moment: Moment, mailbox: Row, draft: Draft) -> bool:
    own, wished = MODES.index(mailbox["oversight_mode"]), MODES.index(draft.mode or "autonomous")
    mode = MODES[min(own, wished)]
    if mode == "gated_send" and draft.mode is None:
        patterns = [row["pattern"] for row in moment.store.rows("allowlist", mailbox_id=mailbox["id"])]
        return not all(_is_allowed(address, patterns) for address in _everyone(draft))
    return mode in ("gated_send", "gated_all")


def _is_allowed(address: str, patterns: Iterable[str]) -> bool:
    address = address.lower()
    return any(address == pattern or (pattern[:1] == "*" and address.endswith(pattern[1:])) for pattern in patterns)


def _everyone(draft: Draft) -> list[str]:
    return [*draft.recipients, *draft.cc, *draft.bcc]


def _fingerprint(mailbox: Row, draft: Draft) -> str:
    parts = [mailbox["id"], sorted(draft.recipients), draft.answered["thread_id"] if draft.answered else draft.subject]
    return hashlib.sha256(json.dumps([*parts, draft.markdown]).encode()).hexdigest()


def _footer(mailbox: Row) -> str:
    signature = mailbox["signature_block"] or mailbox["display_name"] or mailbox["address"]
    return f"\n\n---\n{signature}\n{DISCLOSURE}"
