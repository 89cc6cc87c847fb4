"""The sandbox's one SQLite file, spoken to by named statements from the .sql files beside this module."""

import sqlite3
import time
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

BUSY_TIMEOUT_SECONDS = 10.0
PREPARE_ATTEMPTS = 200


@cache
def statements() -> dict[str, str]:
    """Every named statement (`-- name: …`) of queries.sql."""
    text = files(__package__).joinpath("queries.sql").read_text("utf-8")
    named: dict[str, str] = {}
    for block in text.split("-- name: ")[1:]:
        name, _, statement = block.partition("\n")
        named[name.strip()] = statement.strip()
    return named


class Store:
    """A connection. Not safe for concurrent use: `World` holds the lock and the transaction around it."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(
            path, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False
        )
        self._connection.row_factory = sqlite3.Row
        self._prepare(files(__package__).joinpath("schema.sql").read_text("utf-8"))

    def _prepare(self, schema: str) -> None:
        for _ in range(PREPARE_ATTEMPTS):
            try:
                self._connection.executescript(schema)
            except sqlite3.OperationalError:  # two first openers: the change to WAL does not wait for the busy timeout
                time.sleep(BUSY_TIMEOUT_SECONDS / PREPARE_ATTEMPTS)
            else:
                return
        self._connection.executescript(schema)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def begin(self) -> None:
        """Start a transaction that may write; waits for another process that is writing."""
        self._connection.execute(statements()["begin"])

    def commit(self) -> None:
        """Keep what the transaction did."""
        self._connection.execute(statements()["commit"])

    def rollback(self) -> None:
        """Forget what the transaction did."""
        self._connection.execute(statements()["rollback"])

    def rows(self, statement: str, /, **values: Any) -> list[sqlite3.Row]:
        """All rows of the named query."""
        return self._connection.execute(statements()[statement], values).fetchall()

    def row(self, statement: str, /, **values: Any) -> sqlite3.Row | None:
        """The first row of the named query, or None."""
        found: sqlite3.Row | None = self._connection.execute(statements()[statement], values).fetchone()
        return found

    def one(self, statement: str, /, **values: Any) -> sqlite3.Row:
        """The first row of the named query. Raises LookupError where there is none."""
        found = self.row(statement, **values)
        if found is None:
            raise LookupError(statement)
        return found

    def run(self, statement: str, /, **values: Any) -> int:
        """Run the named statement and say how many rows it touched."""
        return self._connection.execute(statements()[statement], values).rowcount

    def wipe(self) -> None:
        """Empty every table."""
        for table in self.rows("tables"):
            self.run(f"wipe_{table['name']}")

    def next_number(self, name: str, start: int) -> int:
        """The next number of a sequence that begins at `start`."""
        self.run("sequence_open", name=name, value=start)
        self.run("sequence_advance", name=name)
        return int(self.one("sequence_value", name=name)["value"])
