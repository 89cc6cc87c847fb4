"""What customers wrote, as our own record has it: webhooks and the reconciler fill it, nobody is asked here."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from deskgate.desk.clock import iso, parse_time
from deskgate.desk.core import Core
from deskgate.desk.errors import BadInput
from deskgate.desk.store.tables import Row, named_queries

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TIME_WANTED = "since: give a time in UTC (ISO 8601), as 2026-01-28T08:45:00Z."

NoteState = Literal["posted", "owed", "stuck", "none"]


@dataclass(frozen=True)
class Arrival:
    """One mail that arrived. `words` is the new text above the quote, `ticket_id` is `None` where no ticket belongs to it.

    `note` says whether the ticket shows it: `posted` (under `comment_id`, or as the beginning of a follow-up ticket, which
    has no such id), `owed` (will be), `stuck` (given up until somebody replays the event), `none` (there is no ticket, or it
    is closed and the mail was no answer).
    """

    email_id: str
    ticket_id: int | None
    sender: str
    from_requester: bool
    kind: str
    subject: str
    words: str
    arrived_at: str
    note: NoteState
    comment_id: int | None


@dataclass(frozen=True)
class Arrivals:
    """Mails, newest first. `more`: older ones were left out. `ever`: whether any mail arrived at all so far."""

    mails: tuple[Arrival, ...]
    more: bool
    ever: bool


async def arrived(core: Core, *, limit: int, ticket_id: int | None = None, since: str | None = None) -> Arrivals:
    """The newest mails, of one ticket or of all, that arrived at `since` (ISO 8601, UTC where it names no zone) or later.

    Raises:
        BadInput: `since` is no time.
    """
    queries = named_queries(__package__, core.store.dialect)
    wanted = {"since": _second(since), "limit": limit + 1}
    if ticket_id is None:
        rows = await core.store.rows(queries["arrivals_since"], **wanted)
    else:
        rows = await core.store.rows(queries["arrivals_of_ticket"], ticket_id=ticket_id, **wanted)
    ever = bool(rows or await core.store.rows(queries["any_arrival"]))
    return Arrivals(tuple(_arrival(row) for row in rows[:limit]), len(rows) > limit, ever)


def _second(since: str | None) -> str:
    """The time as it stands in the rows, whose text sorts as the times do."""
    if since is None:
        return ""
    moment = parse_time(since)
    if moment is None:
        raise BadInput(TIME_WANTED)
    try:
        return iso(max(moment, EPOCH))
    except OverflowError:
        raise BadInput(TIME_WANTED) from None


def _arrival(row: Row) -> Arrival:
    proof = str(row["remote_id"] or "")
    return Arrival(
        email_id=row["email_id"],
        ticket_id=row["ticket_id"],
        sender=row["sender"],
        from_requester=bool(row["verified"]),
        kind=row["kind"],
        subject=row["subject"],
        words=row["words"],
        arrived_at=row["arrived_at"],
        note=_note(row["effect_state"], proof, row["event_state"]),
        comment_id=int(proof) if proof.isdigit() else None,
    )


def _note(effect: str | None, proof: str, event: str | None) -> NoteState:
    if effect == "done":
        return "posted" if proof else "none"
    if effect is None:
        return "none"
    return "stuck" if event == "dead" or effect == "given_up" else "owed"
