"""The tables in one SQLite file: write-ahead log, synchronous FULL, one thread.

Several processes may open the same file (the server, the command line): every write is one short immediate transaction.
"""

import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import anyio
import anyio.to_thread

from deskgate.desk.store.tables import BUSY_SECONDS, Dialect, Row, Step, StoreUnusable, Tail, migrations, newer

T = TypeVar("T")


class SqliteTables:
    """See `Tables`. Open it with `SqliteTables.open(path)`."""

    dialect: Dialect = "sqlite"

    def __init__(self, connection: sqlite3.Connection, *, threaded: bool = True) -> None:
        self._connection = connection
        self._thread = anyio.CapacityLimiter(1) if threaded else None
        # Whoever is cancelled by asyncio itself lets go of the thread's place while the thread still works.
        self._at_work = threading.Lock()

    @classmethod
    async def open(cls, path: Path, *, threaded: bool = True) -> "SqliteTables":
        """Open or create the file, and bring its tables up to date.

        A simulation that owns the event loop's time says `threaded=False`: a thread would live in another time.

        Raises:
            StoreUnusable: the folder cannot be written, or the file was made by a newer deskgate.
        """
        connection = await anyio.to_thread.run_sync(_open, path) if threaded else _open(path)
        return cls(connection, threaded=threaded)

    async def aclose(self) -> None:
        """Close the file."""
        await self._run(self._connection.close)

    async def _run(self, work: Callable[[], T]) -> T:
        def alone() -> T:
            with self._at_work:
                return work()

        if self._thread is None:
            return work()
        return await anyio.to_thread.run_sync(alone, limiter=self._thread)

    async def rows(self, sql: str, /, **values: Any) -> list[Row]:
        """The rows of one statement."""

        def work() -> list[Row]:
            return [dict(row) for row in self._connection.execute(sql, values)]

        return await self._run(work)

    async def write(self, *steps: Step, tails: Sequence[Tail] = ()) -> int:
        """Run the steps in one transaction."""

        def work() -> int:
            connection = self._connection
            connection.execute("BEGIN IMMEDIATE")
            try:
                changed = [connection.execute(sql, values).rowcount for sql, values in steps]
                for tail in tails if all(changed[:1]) else ():
                    seen = [dict(row) for row in connection.execute(*tail.read)]
                    for sql, values in tail.then(seen):
                        connection.execute(sql, values)
                connection.execute("COMMIT")
            except sqlite3.IntegrityError:
                connection.execute("ROLLBACK")
                return 0
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            return changed[0] if changed else 1

        return await self._run(work)

    async def copy_to(self, path: Path) -> None:
        """Write a whole, consistent copy of the file while others go on working with it.

        Raises:
            StoreUnusable: the copy cannot be written there, or something is there already.
        """

        def work() -> None:
            try:
                path.touch(mode=0o600, exist_ok=False)
                with sqlite3.connect(path) as copy:
                    self._connection.backup(copy)
                copy.close()
            except (OSError, sqlite3.Error) as error:
                raise StoreUnusable(f"The copy {path} cannot be written ({error}). Choose another place.") from error

        await self._run(work)


def _open(path: Path) -> sqlite3.Connection:
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
    return connection


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    steps = migrations("sqlite")
    connection.execute("BEGIN IMMEDIATE")
    try:
        (done,) = connection.execute("PRAGMA user_version").fetchone()
        if done > len(steps):
            raise newer(f"The data file {path}")
        for step in steps[done:]:
            for statement in _statements(step):
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
