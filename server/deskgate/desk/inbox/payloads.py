"""What a stored webhook says, read strictly and believed little.

A body here was signed, so the sender wrote it; what stands in it is still the words of strangers. `metadata`, addresses
and the subject route nothing: a thread is looked up in our own record and at MultiMail.

MultiMail documents no authoritative event names and three shapes. All are taken:
- shape 1: `event`, `timestamp`, and the rest in `data` (its patterns page);
- shape 2: flat with `event_type` (its use-case page); shape 3: flat with `type` (its Zendesk integration page).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from deskgate.desk.clock import parse_time
from deskgate.desk.inbox.strict import Unreadable, read_object

__all__ = ["Kind", "MailEvent", "TicketEvent", "Unreadable", "read_multimail", "read_trigger"]

Kind = Literal[
    "received",
    "pending",
    "approved",
    "rejected",
    "sent",
    "delivered",
    "bounced",
    "complained",
    "unsubscribed",
    "unknown",
]

# The names on MultiMail's pages; a name that is not here is `unknown`: neither an error nor a success.
# No page names an event for unsubscribing. The two names for it are a guess, made because its only effect is silence.
NAMES: dict[str, Kind] = {
    "message.received": "received",
    "message.approved": "approved",
    "message.rejected": "rejected",
    "message.sent": "sent",
    "message.delivered": "delivered",
    "message.bounced": "bounced",
    "message.complained": "complained",
    "message.unsubscribed": "unsubscribed",
    "oversight.pending": "pending",
    "oversight.approved": "approved",
    "oversight.rejected": "rejected",
    "email.received": "received",
    "email.pending_approval": "pending",
    "email.approved": "approved",
    "email.rejected": "rejected",
    "email.sent": "sent",
    "email.delivered": "delivered",
    "email.bounced": "bounced",
    "email.complained": "complained",
    "email.unsubscribed": "unsubscribed",
    "inbound": "received",
    "delivery": "delivered",
    "bounce": "bounced",
    "complaint": "complained",
}
NAME_KEYS = ("event", "event_type", "type")
# Where both are given, the first is the mail at MultiMail, and the second may be the header of that name.
ID_KEYS = ("email_id", "message_id")
TIME_KEYS = ("timestamp", "received_at", "delivered_at", "bounced_at")
ID_CHARS = 200


@dataclass(frozen=True)
class MailEvent:
    """What MultiMail says of one mail.

    `name` is the sender's own word for `kind`. Optional fields are `None` where they are absent or of an unexpected
    type: whoever needs them asks MultiMail for the mail. `at` is when it happened, as far as the payload says.
    `metadata` was chosen by whoever drafted the mail.
    """

    kind: Kind
    name: str
    email_id: str | None
    thread_id: str | None = None
    mailbox: str | None = None
    sender: str | None = None
    to: tuple[str, ...] = ()
    subject: str | None = None
    body: str | None = field(default=None, repr=False)
    bounce_type: str | None = None
    diagnostic: str | None = None
    at: datetime | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class TicketEvent:
    """Something happened to a ticket. What it is now is read from Zendesk: `status` is a label in somebody's language."""

    ticket_id: int
    status: str | None = None
    updated_at: datetime | None = None
    author_id: int | None = None


def read_multimail(body: bytes) -> MailEvent | Unreadable:
    """Read the body of a MultiMail webhook. An event that we do not know needs no id."""
    found = read_object(body)
    if isinstance(found, Unreadable):
        return found
    inner = found.get("data")
    fields = found | inner if isinstance(inner, dict) else found
    names = {name for key in NAME_KEYS if (name := _text(found.get(key)))}
    kinds = {NAMES[name] for name in names if name in NAMES}
    if not names:
        return Unreadable("no_event_name")
    if len(kinds) > 1 or _two_ids(found, fields):
        return Unreadable("contradiction")
    kind = kinds.pop() if kinds else "unknown"
    email_id = next((one for key in ID_KEYS if (one := _id(fields.get(key)))), None)
    if kind != "unknown" and email_id is None:
        return Unreadable("no_id")
    name = next(name for name in sorted(names) if NAMES.get(name, "unknown") == kind)
    return _mail_event(kind, name, email_id, fields)


def _two_ids(outer: Mapping[str, Any], inner: Mapping[str, Any]) -> bool:
    return any(outer.get(key) not in (None, inner.get(key)) for key in ID_KEYS)


def _mail_event(kind: Kind, name: str, email_id: str | None, fields: Mapping[str, Any]) -> MailEvent:
    metadata = fields.get("metadata")
    return MailEvent(
        kind=kind,
        name=name,
        email_id=email_id,
        thread_id=_id(fields.get("thread_id")),
        mailbox=_text(fields.get("mailbox")),
        sender=_text(fields.get("from")),
        to=_texts(fields.get("to")),
        subject=_text(fields.get("subject")),
        body=_text(fields.get("body_text")),
        bounce_type=_text(fields.get("bounce_type")) or _code(fields.get("bounce_code")),
        diagnostic=_text(fields.get("diagnostic")),
        at=next((time for key in TIME_KEYS if (time := parse_time(fields.get(key)))), None),
        metadata=metadata if isinstance(metadata, dict) else {},
    )


def read_trigger(body: bytes) -> TicketEvent | Unreadable:
    """Read the body of our own Zendesk trigger, whose values Zendesk fills in as text."""
    found = read_object(body)
    if isinstance(found, Unreadable):
        return found
    ticket_id = _number(found.get("ticket_id"))
    if ticket_id is None:
        return Unreadable("no_id")
    return TicketEvent(
        ticket_id=ticket_id,
        status=_text(found.get("status")),
        updated_at=parse_time(found.get("updated_at")),
        author_id=_number(found.get("author_id")),
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _texts(value: Any) -> tuple[str, ...]:
    given = value if isinstance(value, list) else [value]
    return tuple(one for one in given if isinstance(one, str) and one)


def _code(value: Any) -> str | None:
    """A bounce code: a word, or a number as mail servers give it."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else _text(value)


def _id(value: Any) -> str | None:
    """An opaque id: visible ASCII, not much of it, and nothing that could lead elsewhere where it stands in a path."""
    if not isinstance(value, str) or not 0 < len(value) <= ID_CHARS or not value.strip("."):
        return None
    return value if value.isascii() and value.isprintable() and not set(value) & set(" /\\") else None


def _number(value: Any) -> int | None:
    """A positive id of Zendesk: a number, or its digits."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 18:
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
