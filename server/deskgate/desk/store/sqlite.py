"""The store in one SQLite file: write-ahead log, synchronous FULL, one thread.

Several processes may open the same file (the server, the command line): every write is one short immediate transaction.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import asdict, replace
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

import anyio
import anyio.to_thread

from deskgate.desk.errors import DeskError
from deskgate.desk.replies import NoteRecord, Reply
from deskgate.desk.store.tables import named_queries

T = TypeVar("T")

BUSY_SECONDS = 10.0


class StoreUnusable(DeskError):
    """The data file cannot be used."""


class SqliteStore:
    """See `Store`. Open it with `SqliteStore.open(path)`."""

    def __init__(self, connection: sqlite3.Connection, queries: dict[str, str]) -> None:
        self._connection = connection
        self._queries = queries
        self._thread = anyio.CapacityLimiter(1)

    @classmethod
    async def open(cls, path: Path) -> "SqliteStore":
        """Open or create the file, and bring its tables up to date.

        Raises:
            StoreUnusable: the folder cannot be written, or the file was made by a newer deskgate.
        """
        return await anyio.to_thread.run_sync(cls._open, path)

    @classmethod
    def _open(cls, path: Path) -> "SqliteStore":
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.touch(mode=0o600)
            connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            _migrate(connection, path)
        except (OSError, sqlite3.Error) as error:
            raise StoreUnusable(
                f"The data file {path} cannot be used ({error}). Check the folder's rights, or set DESKGATE_HOME."
            ) from error
        return cls(connection, named_queries(__package__))

    async def aclose(self) -> None:
        """Close the file."""
        await anyio.to_thread.run_sync(self._connection.close, limiter=self._thread)

    async def _run(self, work: Callable[[], T]) -> T:
        return await anyio.to_thread.run_sync(work, limiter=self._thread)

    async def rows(self, sql: str, /, **values: Any) -> list[dict[str, Any]]:
        """The rows of a query."""

        def work() -> list[dict[str, Any]]:
            return [dict(row) for row in self._connection.execute(sql, values)]

        return await self._run(work)

    async def write(self, *steps: tuple[str, dict[str, Any]]) -> int:
        """Run the steps in one transaction; the rows that the first one changed, 0 where a unique index said no."""

        def work() -> int:
            connection = self._connection
            connection.execute("BEGIN IMMEDIATE")
            try:
                changed = [connection.execute(sql, values).rowcount for sql, values in steps]
                connection.execute("COMMIT")
            except sqlite3.IntegrityError:
                connection.execute("ROLLBACK")
                return 0
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            return changed[0]

        return await self._run(work)

    async def _rows(self, name: str, **values: Any) -> list[dict[str, Any]]:
        return await self.rows(self._queries[name], **values)

    async def _write(self, *steps: tuple[str, dict[str, Any]]) -> int:
        return await self.write(*((self._queries[name], values) for name, values in steps))

    async def add_reply(self, reply: Reply, *, principal: str, owner: str) -> bool:
        """Add a reply and its drafter in one transaction."""
        drafter = {"reply_id": reply.id, "principal": principal, "owner": owner}
        return await self._write(("add_reply", asdict(reply)), ("add_drafter", drafter)) == 1

    async def save_reply(self, reply: Reply) -> Reply | None:
        """Compare-and-set on the version."""
        changed = await self._write(("save_reply", asdict(reply)))
        return replace(reply, version=reply.version + 1) if changed else None

    async def reply(self, reply_id: str) -> Reply | None:
        """By our id."""
        return _first(Reply, await self._rows("reply", id=reply_id))

    async def reply_of_message(self, message_id: str) -> Reply | None:
        """By MultiMail's id."""
        return _first(Reply, await self._rows("reply_of_message", message_id=message_id))

    async def reply_with_words(self, words: str) -> Reply | None:
        """The live one with these words."""
        return _first(Reply, await self._rows("reply_with_words", words=words))

    async def replies_of_ticket(self, ticket_id: int, limit: int = 50) -> list[Reply]:
        """Newest first."""
        return [Reply(**row) for row in await self._rows("replies_of_ticket", ticket_id=ticket_id, limit=limit)]

    async def replies_in_state(self, *states: str) -> list[Reply]:
        """Oldest first within a state."""
        return [Reply(**row) for state in states for row in await self._rows("replies_in_state", state=state)]

    async def recent_replies(self, limit: int) -> list[Reply]:
        """Newest first."""
        return [Reply(**row) for row in await self._rows("recent_replies", limit=limit)]

    async def add_drafter(self, reply_id: str, *, principal: str, owner: str) -> None:
        """One more principal for these words."""
        await self._write(("add_drafter", {"reply_id": reply_id, "principal": principal, "owner": owner}))

    async def drafters(self, reply_id: str) -> set[str]:
        """Principals and owners together."""
        rows = await self._rows("drafters", reply_id=reply_id)
        return {row["principal"] for row in rows} | {row["owner"] for row in rows}

    async def add_view(self, reply_id: str, digest: str, seen: str, shown_at: str) -> None:
        """The first showing of a digest counts."""
        values = {"reply_id": reply_id, "digest": digest, "seen": seen, "shown_at": shown_at}
        await self._write(("add_view", values))

    async def view(self, reply_id: str, digest: str) -> str | None:
        """The ticket behind a digest that was shown."""
        rows = await self._rows("view", reply_id=reply_id, digest=digest)
        return rows[0]["seen"] if rows else None

    async def add_note(self, note: NoteRecord, *, since: str) -> bool:
        """False where the same note is being posted, or was posted after `since`."""
        return await self._write(("add_note", asdict(note) | {"since": since})) == 1

    async def save_note(self, note: NoteRecord) -> NoteRecord | None:
        """Compare-and-set on the version."""
        changed = await self._write(("save_note", asdict(note)))
        return replace(note, version=note.version + 1) if changed else None

    async def note_with_words(self, words: str) -> NoteRecord | None:
        """The newest that did not fail."""
        return _first(NoteRecord, await self._rows("note_with_words", words=words))


def _first(kind: type[T], rows: list[dict[str, Any]]) -> T | None:
    return kind(**rows[0]) if rows else None


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    folder = files(__package__) / "migrations"
    steps = sorted((step for step in folder.iterdir() if step.name.endswith(".sql")), key=lambda step: step.name)
    connection.execute("BEGIN IMMEDIATE")
    try:
        (done,) = connection.execute("PRAGMA user_version").fetchone()
        if done > len(steps):
            raise StoreUnusable(f"The data file {path} was made by a newer deskgate. Update this one.")
        for step in steps[done:]:
            for statement in _statements(step.read_text("utf-8")):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(steps)}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _statements(script: str) -> list[str]:
    """Split a script, because `executescript` would commit the transaction that makes a migration whole or nothing."""
    found, current = [], ""
    for line in script.splitlines(keepends=True):
        current += line
        if sqlite3.complete_statement(current):
            found.append(current)
            current = ""
    return found
