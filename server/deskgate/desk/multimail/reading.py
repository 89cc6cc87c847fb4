"""Lenient reading of what MultiMail answers.

Its own clients disagree on envelope keys, field names, time formats and whether a recipient is text or a list
(`multimail-dev` repositories against the published OpenAPI document), so all of them are accepted. Only two things are
not forgiven: a list in an envelope that nobody knows, and an entry without an id. Neither is ever read as "nothing".
"""

import re
from collections.abc import Callable, Mapping
from email.utils import getaddresses
from typing import Any

from deskgate.desk.clock import parse_time
from deskgate.desk.errors import UpstreamUnavailable
from deskgate.desk.multimail.mail import DRAFT_MARK, TICKET_MARK, Mail, Stage
from deskgate.desk.text import storable

HELD_STATUS = "pending_send_approval"
REPEATED_STATUS = "already_sent"

_ID_NAMES = ("id", "message_id", "email_id")
_ROW_NAMES = ("emails", "pending", "messages", "data")
_BODY_NAMES = ("markdown", "body_markdown", "body", "body_text", "text_body")

# An address by itself, or in angle brackets behind a name that holds none of the marks that part addresses.
_ATOM = r"[^\s<>()\[\]@,;:\"\\]+"
_ONE_ADDRESS = re.compile(rf'({_ATOM}@{_ATOM})|(?:"[^"<>@]*"\s*|[^"<>@,;:()]*)<({_ATOM}@{_ATOM})>')

_STAGES = {
    "pending_scan": Stage.SCANNING,
    HELD_STATUS: Stage.HELD,
    "pending_approval": Stage.HELD,
    "approved": Stage.SENT,
    "approved_and_sent": Stage.SENT,
    "sent": Stage.SENT,
    "delivered": Stage.DELIVERED,
    "bounced": Stage.BOUNCED,
    "rejected": Stage.REJECTED,
    "cancelled": Stage.CANCELLED,
    "canceled": Stage.CANCELLED,
    "send_failed": Stage.FAILED,
    "failed": Stage.FAILED,
}
_INBOUND_STATUSES = frozenset(
    {"unread", "read", "archived", "deleted", "pending_inbound_approval", "spam_flagged", "spam_quarantined"}
)


def text(value: object) -> str | None:
    """A text or number as text that can be stored anywhere; `None` for everything else."""
    found = words(value)
    return None if found is None else storable(found)


def words(value: object) -> str | None:
    """The same for a mail's own words. NUL stays: whoever decides on a held mail is shown that it is there."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return storable(value, nul=True) if isinstance(value, str) else None


def first(row: Mapping[str, Any], *names: str, read: Callable[[object], str | None] = text) -> str | None:
    """The first of these fields that holds text."""
    return next((found for name in names if (found := read(row.get(name))) is not None), None)


def id_of(row: Mapping[str, Any]) -> str | None:
    """The mail's id under whichever name it came."""
    return first(row, *_ID_NAMES) or None


def record(data: Any, *wrappers: str) -> dict[str, Any]:
    """One object, bare or in a wrapper; an empty one when there is none."""
    if not isinstance(data, dict):
        return {}
    inner = next((data[name] for name in (*wrappers, "data") if isinstance(data.get(name), dict)), None)
    return inner if inner is not None and id_of(data) is None else data


def rows(data: Any, *wrappers: str) -> list[dict[str, Any]]:
    """The entries of a list, bare or in a wrapper.

    Raises:
        UpstreamUnavailable: no list is there, or its entries are not objects.
    """
    names = (*wrappers, "data") if wrappers else _ROW_NAMES
    if isinstance(data, dict) and isinstance(data.get("data"), dict):
        data = data["data"]
    found = data if isinstance(data, list) else _longest(data, names)
    if found is None or not all(isinstance(row, dict) for row in found):
        raise UpstreamUnavailable(
            "MultiMail answered with a list in a form that is not known here.", service="MultiMail"
        )
    return found


def _longest(data: Any, names: tuple[str, ...]) -> list[Any] | None:
    if not isinstance(data, dict):
        return None
    return max((data[name] for name in names if isinstance(data.get(name), list)), key=len, default=None)


def cursor_of(data: Any) -> str | None:
    """The cursor of the next page; `None` at the end."""
    return (first(data, "cursor", "next_cursor") or None) if isinstance(data, dict) else None


def addresses(value: object) -> tuple[str, ...]:
    """Recipients as bare addresses. What cannot be parsed is kept as it is, so that no recipient is ever hidden."""
    items = value if isinstance(value, list) else [value]
    found: list[str] = []
    for item in items:
        raw = text(item.get("email") or item.get("address") if isinstance(item, dict) else item)
        if not raw or not raw.strip():
            continue
        if plain := _ONE_ADDRESS.fullmatch(raw.strip()):
            found.append(plain[1] or plain[2])
            continue
        parsed = [address for _, address in getaddresses([raw])]
        found += parsed if parsed and all("@" in address for address in parsed) else [raw.strip()]
    return tuple(found)


def address(value: object) -> str | None:
    """One bare address, or the text as it is where it is not plainly one.

    What a lenient parser makes of `alice@example.org)bob@example.net` is alice, who did not write that.
    """
    raw = (text(value) or "").strip()
    found = _ONE_ADDRESS.fullmatch(raw)
    return (found[1] or found[2]) if found else (raw or None)


def _tags(value: object) -> dict[str, str]:
    """Tags as a mapping; the short form writes them as a list of `key:value` or bare words."""
    if isinstance(value, dict):
        return {str(name): text(content) or "" for name, content in value.items()}
    if isinstance(value, list):
        parts = (str(item).partition(":") for item in value)
        return {name: content if colon else "true" for name, colon, content in parts}
    return {}


def _number(value: object) -> int | None:
    digits = text(value) or ""
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 18 else None


def stage_of(row: Mapping[str, Any], direction: str | None = None) -> Stage:
    """The stage that status and times prove together.

    MultiMail has no status for sent, delivered or bounced: delivery stands in `delivered_at` and `bounced_at`. Which
    status a mail shows after approval is documented nowhere, so `approved_at` counts there, unless the status is a word
    that we do not know.
    """
    status = text(row.get("status"))
    inbound_word = status is None or status in _INBOUND_STATUSES
    if parse_time(row.get("bounced_at")):
        return Stage.BOUNCED
    if parse_time(row.get("delivered_at")):
        return Stage.DELIVERED
    if direction == "inbound":
        return Stage.INBOUND
    if status in _STAGES:
        return _STAGES[status]
    if inbound_word and parse_time(row.get("approved_at")):
        return Stage.SENT
    return Stage.INBOUND if direction is None and status in _INBOUND_STATUSES else Stage.UNKNOWN


def mail(row: Mapping[str, Any], *, direction: str | None = None, status: str | None = None) -> Mail:
    """One mail. `direction` and `status` fill in what the place it was found in says and the entry itself does not.

    Raises:
        UpstreamUnavailable: the entry has no id.
    """
    message_id = id_of(row)
    if message_id is None:
        raise UpstreamUnavailable("MultiMail showed a mail without an id.", service="MultiMail")
    if text(row.get("status")) is None and status is not None:
        row = {**row, "status": status}
    way = text(row.get("direction")) or direction
    metadata = row.get("metadata") if isinstance(row.get("metadata"), dict) else {}
    tags = _tags(row.get("tags"))
    return Mail(
        message_id=message_id,
        direction=way if way in {"inbound", "outbound"} else None,
        sender=address(row.get("from") or row.get("sender") or row.get("from_address")),
        to=addresses(row.get("to") or row.get("to_addresses")),
        cc=addresses(row.get("cc")) if "cc" in row else None,
        subject=words(row.get("subject")),
        body=first(row, *_BODY_NAMES, read=words),
        thread_id=text(row.get("thread_id")),
        status=text(row.get("status")),
        stage=stage_of(row, way),
        created_at=parse_time(row.get("received_at") or row.get("created_at")),
        approved_at=parse_time(row.get("approved_at")),
        approved_by=text(row.get("approved_by")),
        delivered_at=parse_time(row.get("delivered_at")),
        bounced_at=parse_time(row.get("bounced_at")),
        bounce_type=text(row.get("bounce_type")),
        tags=tags,
        ticket_id=_number({**tags, **(metadata or {})}.get(TICKET_MARK)),
        key=text({**tags, **(metadata or {})}.get(DRAFT_MARK)),
        attachments=_attachments(row),
    )


def _attachments(row: Mapping[str, Any]) -> tuple[str, ...]:
    given = row.get("attachments")
    listed = given if isinstance(given, list) else []
    names = [text(one.get("name")) or "unnamed" for one in listed if isinstance(one, dict)]
    return tuple(names) or (("unnamed",) if row.get("has_attachments") is True else ())


def held_mails(data: Any) -> list[Mail]:
    """The outbound mails of a pending list; inbound ones are held for other reasons and are not ours to decide."""
    mails = [mail(row, status=HELD_STATUS) for row in rows(data)]
    return [found for found in mails if found.direction != "inbound" and found.stage is not Stage.INBOUND]
