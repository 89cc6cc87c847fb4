"""What a database has beside the lines of its log, and must say the same: columns, personal data, and nothing uncounted."""

from functools import partial
from typing import Any

from anyio import from_thread

from deskgate.desk.audit.book import Book, bytes_of, personal_of
from deskgate.desk.audit.verify import Report, read_record
from deskgate.desk.store.tables import Row


class Beside:
    """Goes along with the records `first` to `end - 1`. Only in a thread."""

    def __init__(self, report: Report, book: Book, first: int, end: int) -> None:
        self._report, self._book, self._first = report, book, first
        self._rows = book.rows("personal_between", 0, end)
        self._next = next(self._rows, None)
        while (
            self._next is not None and self._next["seq"] < first
        ):  # of archived records, which are not here to compare
            self._next = next(self._rows, None)

    def take(self, record: dict[str, Any], row: Row) -> None:
        """Compare with the next record."""
        self._columns(record, row)
        self._open(record["seq"], record.get("pii", {}))

    def _columns(self, record: dict[str, Any], row: Row) -> None:
        obj = record.get("obj", {})
        ticket, reply = obj.get("ticket"), obj.get("reply")
        said = (record.get("seq"), record.get("ev"), record.get("ts"), _if(ticket, int), _if(reply, str))
        if said != (row["seq"], row["ev"], row["ts"], row["ticket_id"], row["reply_id"]):
            self._report.found("record.columns", "The columns beside the line say something else.", row["seq"])

    def _open(self, seq: int, sealed: dict[str, Any]) -> None:
        while self._next is not None and self._next["seq"] <= seq:
            made = personal_of(self._next).sealed
            right = (made.row, made.commitment) == (sealed.get("row"), sealed.get("commitment"))
            if self._next["seq"] != seq or not right:
                self._report.found(
                    "personal.commitment", "The personal data is not what the record was made over.", seq
                )
            self._next = next(self._rows, None)

    def finish(self) -> None:
        """There must be nothing left, and nothing that the log does not count."""
        if self._next is not None:
            self._report.found("personal.order", "There is personal data that belongs to no record.", self._next["seq"])
        for row in from_thread.run(self._book.ask, "key_records"):
            if row["seq"] < self._first:
                self._columns(_read(bytes_of(row["line"])), row)
        self._outside(
            "records_outside", "record.seq", "Records that the log does not count were put in", first=self._first
        )
        self._outside("personal_outside", "personal.order", "Texts of records that the log does not count were put in")

    def _outside(self, name: str, rule: str, what: str, **values: int) -> None:
        (found,) = from_thread.run(partial(self._book.ask, name, **values))
        if found["number"]:
            self._report.found(rule, f"{what}: {found['number']}, the first as number {found['seq']}.", found["seq"])


def _read(line: bytes) -> dict[str, Any]:
    try:
        return read_record(line)
    except (ValueError, RecursionError):
        return {}


def _if(value: object, kind: type) -> object:
    return value if isinstance(value, kind) else None
