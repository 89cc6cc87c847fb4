"""The newest part of the log for whoever asks from inside the desk, with a check of it that costs little.

All of a log is checked by `deskgate audit verify`; here only what is given back, and whether it is the log that was signed.
"""

from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path

from deskgate.desk.audit import timeline
from deskgate.desk.audit.book import ArchiveUnreadable, Book, HeadUnreadable, Standing, Start
from deskgate.desk.audit.keeper import LogForked, check_follows
from deskgate.desk.audit.note import parse_checkpoint, parse_note, parse_vkey, signers
from deskgate.desk.audit.timeline import Moment, RecordUnreadable
from deskgate.desk.audit.verify import Broken, Unreadable
from deskgate.desk.clock import Clock, parse_time
from deskgate.desk.store import Store

REPLIES_AT_MOST = 10


@dataclass(frozen=True)
class Signed:
    """The newest checkpoint: how many records it is over, their root (Base64), when it was signed, its age in seconds."""

    size: int
    root: str
    at: str
    age: int


@dataclass(frozen=True)
class Approval:
    """What the record has of one reply's way out; a `Moment` is missing where that has not happened."""

    message_id: str
    drafted: Moment | None
    decided: Moment | None
    sent: Moment | None


@dataclass(frozen=True)
class Trail:
    """Records, oldest first; `more` says that older ones were left out.

    `archived` says where records that are not here any more went, if some of them may belong to these. `size` is the whole
    log's. `fault` says what does not fit, and is empty where everything looked at fits.
    """

    moments: list[Moment]
    more: bool
    archived: str
    approvals: list[Approval]
    size: int
    signed: Signed | None
    fault: str


async def read(
    store: Store, clock: Clock, *, limit: int, ticket_id: int | None = None, reply_id: str | None = None
) -> Trail:
    """The newest records about a reply, about a ticket, or of all.

    What cannot be read at all is told as the fault, without records.
    """
    book = Book(store)
    try:
        standing, start = await book.standing(), await book.start()
        size = standing.head.size
        within = range(start.size, size)
        if reply_id is not None:
            found = await timeline.of_reply(book, reply_id, within, limit + 1)
        elif ticket_id is not None:
            found = await timeline.of_ticket(book, ticket_id, within, limit + 1)
        else:
            found = await timeline.newest(book, within, limit + 1)
        approvals = await _approvals(book, found[-limit:], within)
    except (HeadUnreadable, ArchiveUnreadable, RecordUnreadable) as error:
        return Trail([], more=False, archived="", approvals=[], size=0, signed=None, fault=error.sentence)
    shown, more = found[-limit:], len(found) > limit
    archived = "" if more or (reply_id is not None and _begins(shown)) else _archived(start)
    signed = _signed(standing.note, standing.signed_at, clock)
    return Trail(shown, more, archived, approvals, size, signed, fault_of(shown, standing))


def _begins(moments: list[Moment]) -> bool:
    """Whether a reply's records are here from its first one on."""
    return any(one.record["ev"] == "draft.create" for one in moments)


def _archived(start: Start) -> str:
    """By the folder's name alone: where an operator keeps it on their machine is nobody else's."""
    if not start.size:
        return ""
    return (
        f"Records before number {start.size} were archived ({Path(start.folder).name}) and are not here any more: older "
        "ones about it may be there. Ask your operator for that archive."
    )


def _signed(note: bytes | None, at: str | None, clock: Clock) -> Signed | None:
    """What a signed note says; nothing where it is none."""
    try:
        point = parse_checkpoint(parse_note(note or b"").text)
    except Broken:
        return None
    since = parse_time(at)
    age = max(0, int((clock.now() - since).total_seconds())) if since else 0
    return Signed(point.size, b64encode(point.root).decode(), at or "", age)


def fault_of(moments: list[Moment], standing: Standing) -> str:
    """What of these records does not fit the log as it stands, or of that its newest checkpoint; empty where all fits."""
    return _unchained(moments, standing) or _unsigned(standing)


def _unchained(moments: list[Moment], standing: Standing) -> str:
    """The first record that the one after it does not follow; the last of the log is held to the log's end."""
    last = standing.head.size - 1
    for one in moments:
        after = standing.head.prev if one.seq == last else one.next_prev
        if after is None:
            return f"Record {one.seq + 1} is missing."
        if after != one.hash:
            return f"Record {one.seq} is not what the log goes on from: it was changed, or its hash in what follows."
    return ""


def _unsigned(standing: Standing) -> str:
    """What is wrong with the newest checkpoint, by the key that the log itself names."""
    if standing.note is None:
        return ""
    try:
        check_follows(standing)
        signers(parse_note(standing.note), [parse_vkey(standing.vkey)] if standing.vkey else [])
    except (Broken, Unreadable) as error:
        return f"The newest checkpoint does not hold: {error}"
    except LogForked as error:
        return error.sentence
    return ""


async def _approvals(book: Book, moments: list[Moment], within: range) -> list[Approval]:
    """Of the newest replies among them, each with all of its records: an early one may have been left out."""
    ids = list(dict.fromkeys(one.fact("obj", "reply") for one in reversed(moments)))
    found = []
    for each in [one for one in ids if one][:REPLIES_AT_MOST]:
        found.append(_approval(await timeline.of_reply(book, each, within)))
    return [one for one in found if one.drafted]


def _approval(moments: list[Moment]) -> Approval:
    drafts = [one for one in moments if one.record["ev"] == "draft.create"]
    decisions = [one for one in moments if one.record["ev"] == "email.decide"]
    sent = [one for one in moments if one.record["ev"] == "email.send"]
    decided = [one for one in decisions if one.fact("res", "status") == "begun"] or decisions
    ids = [one.fact("obj", "message") for one in moments]
    return Approval(
        next((one for one in reversed(ids) if one), ""),
        drafts[0] if drafts else None,
        decided[-1] if decided else None,
        sent[0] if sent else None,
    )
