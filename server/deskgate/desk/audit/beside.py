"""What a database has beside the lines of its log, and must say the same: columns, personal data, and nothing uncounted."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from anyio import from_thread

from deskgate.desk.audit.book import Book, Start, bytes_of, personal_of
from deskgate.desk.audit.verify import Report, read_record
from deskgate.desk.store.tables import Row

HOLD_SET, HOLD_RELEASE = "hold.set", "hold.release"


class Beside:
    """Goes along with the records up to `end - 1`; `first` is the first that is looked at. Only in a thread."""

    def __init__(self, report: Report, book: Book, start: Start, end: int, first: int) -> None:
        self._report, self._book, self._start, self._end = report, book, start, end
        self._noted = not start.size
        # `_owed`: of the texts that are missing so far, those that no later record of an erasure has accounted for.
        self._missing = self._owed = self._archived = 0
        # Whom a legal hold stands on, by the records, and since which.
        self._held: dict[str, int] = {}
        self._rows = book.rows("personal_between", 0, end)
        self._next = next(self._rows, None)
        while self._next is not None and self._next["seq"] < first:
            self._archived += 1
            self._next = next(self._rows, None)

    def take(self, record: dict[str, Any], row: Row | None) -> None:
        """Compare with the next record, of an archive where it has no row."""
        if row is not None:
            self._columns(record, row)
            self._noted = self._noted or _notes(record, self._start)
        if "pii" in record or self._next is not None:
            self._open(record)
        self._owed = max(0, self._owed - erased_by(record))

    def _columns(self, record: dict[str, Any], row: Row) -> None:
        obj = record.get("obj", {})
        ticket, reply = obj.get("ticket"), obj.get("reply")
        said = (record.get("seq"), record.get("ev"), record.get("ts"), _if(ticket, int), _if(reply, str))
        if said != (row["seq"], row["ev"], row["ts"], row["ticket_id"], row["reply_id"]):
            self._report.found("record.columns", "The columns beside the line say something else.", row["seq"])

    def _open(self, record: dict[str, Any]) -> None:
        seq, sealed, there = record["seq"], record.get("pii", {}), False
        while self._next is not None and self._next["seq"] <= seq:
            beside = personal_of(self._next)
            made = beside.sealed
            right = (made.row, made.commitment) == (sealed.get("row"), sealed.get("commitment"))
            if self._next["seq"] != seq or not right:
                self._report.found(
                    "personal.commitment",
                    "The personal data, or whose it is, is not what the record was made over.",
                    seq,
                )
            elif self._next["ticket_id"] != _if(record.get("obj", {}).get("ticket"), int):
                self._report.found("personal.columns", "The ticket beside the text is not that of the record.", seq)
            elif record["ev"] == HOLD_SET:
                self._held[beside.person] = seq
            elif record["ev"] == HOLD_RELEASE:
                self._held.pop(beside.person, None)
            there, self._next = True, next(self._rows, None)
        if sealed and not there:
            self._missing += 1
            self._owed += 1

    def finish(self) -> None:
        """There must be nothing left, nothing missing that was not erased, and nothing that the log does not count."""
        if not self._noted:
            self._report.found(
                "archive.record", f"No record here says that those before number {self._start.size} were archived."
            )
        if self._next is not None:
            self._report.found("personal.order", "There is personal data that belongs to no record.", self._next["seq"])
        if owed := self._owed and max(0, self._owed - self._erased_since()):
            gone = "1 text is" if owed == 1 else f"{owed} texts are"
            self._report.found("personal.missing", f"{gone} gone that no record of an erasure accounts for.")
        if self._missing > owed:
            self._report.facts.append(f"Texts of {self._missing - owed} records were erased, as the log says.")
        if self._archived:
            self._report.facts.append(f"Texts of {self._archived} archived records were not compared.")
        for row in from_thread.run(self._book.ask, "key_records"):
            if row["seq"] < self._start.size:
                self._columns(_read(bytes_of(row["line"])), row)
        self._holds()
        self._outside(
            "records_outside", "record.seq", "Records that the log does not count were put in", first=self._start.size
        )
        self._outside("personal_outside", "personal.order", "Texts of records that the log does not count were put in")

    def _erased_since(self) -> int:
        return sum(erased_by(record) for record in self._since())

    def _since(self) -> Iterator[dict[str, Any]]:
        """What was recorded while this check went on."""
        now = from_thread.run(self._book.standing).head.size
        return (_read(line) for line in self._book.lines(self._end, now))

    def _holds(self) -> None:
        rows = {row["person"] for row in from_thread.run(self._book.ask, "holds")}
        gone = [seq for person, seq in self._held.items() if person not in rows]
        unknown = rows - self._held.keys() if not self._start.size else ()
        if not (gone or unknown) or any(record.get("ev") in (HOLD_SET, HOLD_RELEASE) for record in self._since()):
            return
        for seq in gone:
            self._report.found("hold.row", "The legal hold that this record set does not stand in the database.", seq)
        if unknown:
            self._report.found("hold.row", "A legal hold stands in the database that no record set.")

    def _outside(self, name: str, rule: str, what: str, **values: int) -> None:
        (found,) = from_thread.run(partial(self._book.ask, name, **values))
        if found["number"]:
            self._report.found(rule, f"{what}: {found['number']}, the first as number {found['seq']}.", found["seq"])


def _notes(record: dict[str, Any], start: Start) -> bool:
    """Whether the record says that just this was archived: what the database says of it, anybody may have put in."""
    said = record.get("dec", {})
    return record["ev"] == "archive" and (said.get("upto"), said.get("root")) == (
        start.size,
        start.frontier.root().hex(),
    )


def erased_by(record: dict[str, Any]) -> int:
    """How many texts went with the erasure that the record tells of, at most."""
    rows = record.get("res", {}).get("rows") if record.get("ev") == "erase" else None
    count = rows.get("personal") if isinstance(rows, dict) else None
    return count if isinstance(count, int) else 0


def _read(line: bytes) -> dict[str, Any]:
    try:
        return read_record(line)
    except (ValueError, RecursionError):
        return {}


def _if(value: object, kind: type) -> object:
    return value if isinstance(value, kind) else None
