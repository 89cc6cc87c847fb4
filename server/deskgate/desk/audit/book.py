"""Reading the log of a database through: lines, checkpoints and the personal data beside them, a batch at a time.

The iterators run in a thread of `anyio.to_thread`, where writing and checking an export wait for disks and processors, and
have the event loop fetch each batch. Nothing here grows with the log.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from anyio import from_thread

from deskgate.desk.audit.commitments import Personal
from deskgate.desk.audit.journal import head_of
from deskgate.desk.audit.note import parse_note
from deskgate.desk.audit.record import Head
from deskgate.desk.audit.tree import Frontier
from deskgate.desk.audit.verify import NOTHING_BEFORE, Broken, read_record
from deskgate.desk.errors import DeskError
from deskgate.desk.store.looking import open_for_reading
from deskgate.desk.store.tables import Row, StoreUnusable, Tables, named_queries

BATCH = 500
SQLITE = "sqlite:///"
POSTGRES = ("postgresql://", "postgres://")


class HeadUnreadable(DeskError):
    """What the database says of the audit trail's end cannot be read: it was changed. Run `deskgate audit verify`."""


class ArchiveUnreadable(DeskError):
    """What the database says of archived records cannot be read: it was changed. Run `deskgate audit verify`."""


@dataclass(frozen=True)
class Start:
    """Where the records that are kept begin: after `size` archived ones, whose tree and last hash these are."""

    size: int = 0
    prev: str = NOTHING_BEFORE
    frontier: Frontier = field(default_factory=Frontier)
    folder: str = ""
    archived_at: str = ""


@dataclass(frozen=True)
class Standing:
    """The log, its newest key (`None` before the first) and its newest checkpoint, all of one moment."""

    head: Head
    vkey: str | None
    signed: int
    note: bytes | None
    signed_at: str | None


class Book:
    """The log of one database, to read."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self.sql = named_queries(__package__, tables.dialect)

    async def ask(self, name: str, **values: object) -> list[Row]:
        """The rows of one of our statements."""
        return await self._tables.rows(self.sql[name], **values)

    async def standing(self) -> Standing:
        """Where the log stands.

        Raises:
            StoreUnusable: the database has no log.
            HeadUnreadable: it was changed by hand.
        """
        found = await self.ask("standing")
        if not found:
            raise StoreUnusable("There is no audit trail in this database yet.")
        return standing_of(found[0])

    async def keys(self) -> list[bytes]:
        """The lines of all records about the log's key."""
        return [bytes_of(row["line"]) for row in await self.ask("key_records")]

    async def start(self) -> Start:
        """Where the kept records begin: 0, or what the newest archive reached whose records were dropped.

        Raises:
            ArchiveUnreadable: what is noted of it was changed by hand.
        """
        found = await self.ask("dropped_up_to")
        if not found:
            return Start()
        row = found[0]
        try:
            frontier = Frontier.load(row["upto"], row["frontier"])
        except (ValueError, TypeError):
            raise ArchiveUnreadable from None
        if frontier.root().hex() != row["root"]:
            raise ArchiveUnreadable
        return Start(row["upto"], row["prev"], frontier, row["folder"], row["archived_at"])

    def rows(self, name: str, first: int, end: int, by: str = "seq", **values: object) -> Iterator[Row]:
        """Rows of one of our statements over a range, in batches. Only in a thread."""
        while first < end:
            batch: list[Row] = from_thread.run(partial(self.ask, name, seq=first, end=end, limit=BATCH, **values))
            yield from batch
            if len(batch) < BATCH:
                return
            first = batch[-1][by] + 1

    def lines(self, first: int, end: int) -> Iterator[bytes]:
        """Lines `first` to `end - 1`. Only in a thread."""
        return (bytes_of(row["line"]) for row in self.rows("records_between", first, end))

    def checkpoints(self, end: int) -> Iterator[bytes]:
        """Checkpoints over fewer than `end` records, smallest first. Only in a thread."""
        return (bytes_of(row["note"]) for row in self.rows("checkpoints_between", 0, end, by="size"))

    def personal(self, first: int, end: int) -> Iterator[tuple[int, Personal]]:
        """The side rows that were not erased, each with its record's number. Only in a thread."""
        return ((row["seq"], personal_of(row)) for row in self.rows("personal_between", first, end))


def bytes_of(value: object) -> bytes:
    """What a column of bytes holds; SQLite keeps anything in any column, and what is no bytes counts as nothing."""
    return value if isinstance(value, bytes) else b""


def personal_of(row: Row) -> Personal:
    """A side row as its table has it; a text that is none counts as empty, see `bytes_of`."""
    text, person = (one if isinstance(one, str) else "" for one in (row["text"], row["person"]))
    return Personal(row["name"], bytes_of(row["secret"]), text, person)


def standing_of(row: Row) -> Standing:
    """The row of the statement `standing`.

    Raises:
        HeadUnreadable: it holds something else.
    """
    note = None if row["signed_note"] is None else bytes_of(row["signed_note"])
    try:
        vkey = None if row["key_line"] is None else vkey_of(bytes_of(row["key_line"]))
        return Standing(head_of(row), vkey, row["signed_size"] or 0, note, row["signed_at"])
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, Broken):
        raise HeadUnreadable from None


def vkey_of(line: bytes) -> str:
    """The key that a record `log.start` or `key.rotate` names for what follows."""
    record = read_record(line)
    if record["ev"] == "log.start":
        return str(record["dec"]["key"])
    return parse_note(record["dec"]["rotation"].encode()).text.decode().split("\n")[3]


@asynccontextmanager
async def opened_to_read(url: str) -> AsyncIterator[Book]:
    """The log of a database that is looked at as it is: no table is made or changed.

    Raises:
        StoreUnusable: it is not there, cannot be read, or is none of deskgate's.
    """
    tables, faults = await _tables_to_read(url)
    try:
        yield Book(tables)
    except faults as error:
        what = (str(error).splitlines() or [type(error).__name__])[0]
        raise StoreUnusable(
            f"No audit trail can be read in this database ({what}). It is empty, damaged, another program's, or an older "
            "deskgate's. Check the address, with PostgreSQL its schema, too; a copy of ours is brought up to date by "
            "`deskgate serve`."
        ) from error
    finally:
        await tables.aclose()


async def _tables_to_read(url: str) -> tuple[Tables, type[Exception]]:
    """The tables, and what reading those of somebody else raises."""
    if url.startswith(SQLITE):
        import sqlite3

        from deskgate.desk.store.sqlite import SqliteTables

        connection = open_for_reading(_file_of(url))
        connection.row_factory = sqlite3.Row
        # Text that is not UTF-8 was changed by somebody, which is for the check to say.
        connection.text_factory = lambda text: text.decode("utf-8", "replace")
        return SqliteTables(connection), sqlite3.Error
    if not url.startswith(POSTGRES):
        raise StoreUnusable(
            "This is no address of a database that deskgate uses. Give sqlite:///path/to/file or "
            "postgresql://user@host/database, or an export's folder."
        )
    try:
        import psycopg

        from deskgate.desk.store.postgres import PostgresTables
    except ImportError:
        raise StoreUnusable(
            "This is PostgreSQL, whose driver is not installed. Install it: `pip install 'deskgate[postgres]'`, or from a "
            "checkout `pip install '.[postgres]'`."
        ) from None
    try:
        return await PostgresTables.open(url, to_read=True), psycopg.Error
    except StoreUnusable:
        raise StoreUnusable(
            "The database cannot be reached. Check that PostgreSQL runs, and that the address and the user in it are right."
        ) from None


def _file_of(url: str) -> Path:
    return Path(url.removeprefix(SQLITE)).expanduser().absolute()
