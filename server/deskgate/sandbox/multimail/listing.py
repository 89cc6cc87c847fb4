"""Lists of mails: filters, `since_id` and the cursor, which is the time of the previous page's last mail."""

from collections.abc import Iterator
from sqlite3 import Row

from deskgate.sandbox.exchange import Ask, plain_number
from deskgate.sandbox.moment import Moment
from deskgate.sandbox.multimail.common import cursor_of, limit_of, refused
from deskgate.sandbox.times import epoch_ms, from_text


def page_of(moment: Moment, ask: Ask, mailbox_id: str) -> tuple[list[Row], str | None]:
    """One page of a mailbox, newest first, and the cursor of the next page (None on the last)."""
    limit = limit_of(ask, 20)
    since = moment.store.row("email", id=ask.first("since_id")) if ask.first("since_id") else None
    after = since["received_at"] if since else 0
    rows = moment.store.rows("emails_in_mailbox", mailbox_id=mailbox_id, before=cursor_of(ask), after=after)
    found = list(_matching(moment, ask, rows))
    page = found[:limit]
    return page, str(page[-1]["received_at"]) if len(found) > limit else None


def _matching(moment: Moment, ask: Ask, rows: list[Row]) -> Iterator[Row]:
    after, before = _time(ask, "date_after"), _time(ask, "date_before")
    status, direction, attached = ask.first("status"), ask.first("direction"), ask.first("has_attachments")
    for row in rows:
        if (
            (not status or row["status"] == status)
            and (not direction or row["direction"] == direction)
            and (not attached or (row["attachments"] != "[]") == (attached == "true"))
            and (after is None or row["received_at"] > after)
            and (before is None or row["received_at"] < before)
            and ask.first("sender").lower() in row["sender"].lower()
            and ask.first("subject_contains").lower() in row["subject"].lower()
        ):
            yield row


def _time(ask: Ask, name: str) -> int | None:
    text = ask.first(name)
    if not text:
        return None
    try:
        number = plain_number(text) if len(text) > 10 else None  # ten digits are a date: 2026-01-28
        return epoch_ms(from_text(text)) if number is None else number
    except ValueError:
        raise refused(400, f"{name} is not a date") from None
