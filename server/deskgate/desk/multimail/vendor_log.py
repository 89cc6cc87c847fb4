"""MultiMail's own log of an account, read with the admin key to its end. It has no filters, and no chain or signature."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from deskgate.desk.clock import parse_time
from deskgate.desk.errors import UpstreamUnavailable
from deskgate.desk.multimail.reading import cursor_of, first, rows, text
from deskgate.desk.wire import Again, Wire

PAGE_SIZE = 100
Deed = Literal["send", "approve", "reject", "cancel"]
# The vendor documents no names of actions; whatever has one of these words in it is taken for that.
_WORDS: tuple[tuple[str, Deed], ...] = (
    ("cancel", "cancel"),
    ("reject", "reject"),
    ("approve", "approve"),
    ("send", "send"),
    ("sent", "send"),
)
_MAILS = {"email", "emails", "message", "messages", "mail", ""}


@dataclass(frozen=True)
class VendorEntry:
    """One entry. `deed` is `None` where it is about something else than a mail's way out; `mailbox` where none is named.

    `kind` is what MultiMail says it is about.
    """

    action: str
    kind: str
    deed: Deed | None
    message_id: str
    mailbox: str | None
    at: datetime | None


async def vendor_entries(wire: Wire) -> AsyncIterator[VendorEntry]:
    """GET /v1/audit-log, newest first, page by page to the end.

    Raises:
        DeskError: the key is refused, or the service does not answer.
        UpstreamUnavailable: the pages repeat, so the end cannot be reached.
    """
    cursor: str | None = None
    seen: set[str] = set()
    while True:
        params: dict[str, Any] = {"limit": PAGE_SIZE} | ({"cursor": cursor} if cursor else {})
        data = (await wire.call("GET", "/v1/audit-log", again=Again.READ, params=params)).data
        for row in rows(data, "entries", "audit_log", "logs"):
            yield _entry(row)
        cursor = cursor_of(data)
        if cursor is None:
            return
        if cursor in seen:
            raise UpstreamUnavailable("MultiMail's pages repeat, so the end of its log cannot be reached.")
        seen.add(cursor)


def _entry(row: dict[str, Any]) -> VendorEntry:
    action = (text(row.get("action")) or "").casefold()
    kind = (text(row.get("resource_type")) or "").casefold()
    deed = next((deed for word, deed in _WORDS if word in action), None)
    metadata = row["metadata"] if isinstance(row.get("metadata"), dict) else {}
    return VendorEntry(
        action=action,
        kind=kind,
        deed=deed if kind in _MAILS and "fail" not in action else None,
        message_id=first(row, "resource_id", "email_id", "message_id") or "",
        mailbox=first(row, "mailbox_id") or first(metadata, "mailbox_id"),
        at=parse_time(row.get("created_at")),
    )
