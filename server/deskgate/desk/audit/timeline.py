"""What happened to a ticket or a reply, as a person reads it, with the texts that are still there."""

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from deskgate.desk.audit.book import Book, bytes_of, personal_of
from deskgate.desk.audit.verify import read_record
from deskgate.desk.errors import DeskError
from deskgate.desk.store.tables import Row

LIMIT = 1_000

WORDS = {
    "log.start": "the log begins",
    "draft.create": "draft",
    "draft.edit": "correction",
    "draft.refuse": "draft refused",
    "policy.eval": "policy",
    "email.pending": "held at MultiMail",
    "email.show": "mail shown",
    "question.ask": "person asked",
    "question.answer": "person answered",
    "email.decide": "decision",
    "email.send": "sent",
    "email.cancel": "taken back",
    "email.delivered": "delivered",
    "email.bounced": "bounced",
    "email.complained": "called spam",
    "email.received": "mail arrived",
    "ticket.read": "ticket compared",
    "ticket.write": "ticket updated",
    "note.write": "private note",
    "suppress.add": "no more mail to this address",
    "suppress.remove": "mail to this address again",
    "erase": "person erased",
}
# Of a record's facts those that say on one line what came of it. None of them is anybody's personal text.
_TELLING = (
    ("res", "status"),
    ("dec", "verdict"),
    ("dec", "by"),
    ("dec", "rule"),
    ("dec", "outcome"),
    ("dec", "code"),
    ("dec", "kind"),
    ("res", "why"),
    ("res", "bounce"),
    ("res", "state"),
    ("res", "comment"),
    ("res", "count"),
)


class RecordUnreadable(DeskError):
    """A record of the audit trail cannot be read: it was changed by hand. Run `deskgate audit verify`."""


@dataclass(frozen=True)
class Moment:
    """One record. `personal` has the texts beside it; `erased` says that there were some once.

    `hash` is that of its line, and `next_prev` what the record after it says of that; `None` where there is none.
    """

    record: dict[str, Any]
    personal: dict[str, str]
    erased: bool
    hash: str
    next_prev: str | None

    @property
    def told(self) -> dict[str, Any]:
        """For a script."""
        kept = {name: value for name, value in self.record.items() if name not in ("v", "log", "prev", "pii")}
        return kept | {"personal": self.personal, "erased": self.erased}

    @property
    def seq(self) -> int:
        """Its number in the log."""
        return int(self.record["seq"])

    @property
    def at(self) -> str:
        """When, to the second."""
        return f"{self.record['ts'][:19]}Z"

    @property
    def who(self) -> str:
        """Who did it, and for whom."""
        actor = self.record["actor"]
        name = actor.get("id", "")
        who = actor["kind"] if actor["kind"] == name else f"{actor['kind']} {name}".strip()
        return f"{who} for {actor['behalf']}" if actor.get("behalf") not in (None, "", name) else who

    @property
    def what(self) -> str:
        """What happened and what came of it, on one line, without any personal text."""
        facts = [(word, self.fact(part, word)) for part, word in _TELLING]
        said = [value if word == "status" else f"{word} {value}" for word, value in facts if value]
        name = WORDS.get(self.record["ev"], self.record["ev"])
        return f"{name}: {', '.join(said)}" if said else name

    def fact(self, part: str, word: str) -> str:
        """One of its facts as text, or nothing."""
        value = self.record.get(part, {}).get(word)
        return str(value) if isinstance(value, str | int) else ""

    def lines(self) -> list[str]:
        """For people: what and who on the first line, then what came of it, then the texts."""
        record, auth = self.record, self.record["actor"].get("auth")
        first = f"{self.at}  #{self.seq:<6} {record['ev']:<16} {self.who}" + (f" ({auth})" if auth else "")
        facts = [
            f"{part}.{word}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
            for part in ("obj", "dec", "res")
            for word, value in record.get(part, {}).items()
            if value not in (None, "")
        ]
        lines = [first, *(f"    {fact}" for fact in facts)]
        for word, text in self.personal.items():
            head, *rest = text.split("\n")
            lines += [f"    {word} | {head}", *(f"    {' ' * len(word)} | {line}" for line in rest)]
        return [*lines, "    (the texts of this record were erased)"] if self.erased else lines


async def of_ticket(book: Book, ticket_id: int, within: range, limit: int = LIMIT) -> list[Moment]:
    """The newest records about a ticket and its replies, oldest first; `within` are the numbers that the log counts.

    Raises:
        RecordUnreadable: one of them, or the text beside it, was changed.
    """
    return await _moments(book, "records_of_ticket", within, limit, ticket_id=ticket_id)


async def of_reply(book: Book, name: str, within: range, limit: int = LIMIT) -> list[Moment]:
    """The same about one reply, by MultiMail's id or ours; nothing where there is no such reply. Raises as `of_ticket`."""
    found = await book.ask("reply_named", id=name)
    if not found:
        return []
    return await _moments(book, "records_of_reply", within, limit, reply_id=found[0]["id"])


async def newest(book: Book, within: range, limit: int) -> list[Moment]:
    """The newest records of all, oldest first. Raises as `of_ticket`."""
    return await _moments(book, "records_newest", within, limit)


async def _moments(book: Book, name: str, within: range, limit: int, **about: object) -> list[Moment]:
    rows = await book.ask(name, first=within.start, end=within.stop, limit=limit, **about)
    return [_moment(row) for row in reversed(rows)]


def _moment(row: Row) -> Moment:
    line, after = bytes_of(row["line"]), row["next_line"]
    record, following = readable(line, row["seq"]), None if after is None else readable(bytes_of(after), row["seq"] + 1)
    personal = {} if row["name"] is None else _words(row, record.get("pii", {}))
    next_prev = None if following is None else str(following["prev"])
    return Moment(record, personal, "pii" in record and not personal, hashlib.sha256(line).hexdigest(), next_prev)


def _words(row: Row, sealed: dict[str, Any]) -> dict[str, str]:
    """The texts beside a record, which must be those that it was made over."""
    beside, words = personal_of(row), None
    if (beside.row, beside.sealed.commitment) == (sealed.get("row"), sealed.get("commitment")):
        with suppress(ValueError, RecursionError):
            words = json.loads(beside.text)
    if isinstance(words, dict) and all(isinstance(one, str) for one in words.values()):
        return words
    raise RecordUnreadable(
        f"The text beside record {row['seq']} of the audit trail cannot be read: it was changed. "
        "Run `deskgate audit verify`."
    )


def readable(line: bytes, seq: int) -> dict[str, Any]:
    """The record of that number.

    Raises:
        RecordUnreadable: the line holds something else.
    """
    try:
        record = read_record(line)
    except (ValueError, RecursionError):
        record = {}
    if record.get("seq") != seq:
        raise RecordUnreadable(
            f"Record {seq} of the audit trail cannot be read: it was changed. Run `deskgate audit verify`."
        )
    return record
