"""Looking at a database from outside: which version it has, what is in it, and whether it is whole. Nothing is changed.

Opening a database the usual way brings its tables up to date; this way does not, so an older one can be looked at as it is.
"""

import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import anyio.to_thread

from deskgate.desk.store.tables import BUSY_SECONDS, Dialect, StoreUnusable, migrations

SQLITE = "sqlite:///"
FAULTS_SHOWN = 10


@dataclass(frozen=True)
class Finding:
    """What was found. `version` counts the migrations it has seen, `newest` those there are; `rows` is for each table."""

    version: int
    newest: int
    rows: dict[str, int]
    faults: tuple[str, ...]


async def look(url: str) -> Finding:
    """Look at the database of this address.

    Raises:
        StoreUnusable: there is none, or it cannot be read at all.
    """
    if url.startswith(SQLITE):
        return await anyio.to_thread.run_sync(look_at_file, Path(url.removeprefix(SQLITE)))
    return await _look_at_server(url)


async def version_of(url: str) -> int:
    """How many migrations it has seen; 0 where there is no database yet.

    Raises:
        StoreUnusable: it cannot be read.
    """
    if not url.startswith(SQLITE):
        return (await _look_at_server(url, version_only=True)).version
    path = Path(url.removeprefix(SQLITE))
    return await anyio.to_thread.run_sync(_version_of_file, path)


def look_at_file(path: Path, *, copy: bool = False) -> Finding:
    """The same for a SQLite file; `copy` is one that nobody has open, and beside which nothing may appear.

    Raises:
        StoreUnusable: it is not there, or not readable.
    """
    faults: list[str] = []
    rows: dict[str, int] = {}
    with closing(open_for_reading(path, copy=copy)) as file:
        try:
            (version,) = file.execute("PRAGMA user_version").fetchone()
            found = [row[0] for row in file.execute(f"PRAGMA integrity_check({FAULTS_SHOWN})")]
            faults += [one for one in found if one != "ok"]
            lost = file.execute("PRAGMA foreign_key_check").fetchmany(FAULTS_SHOWN)
            faults += [f"row {row[1]} of {row[0]} belongs to a row of {row[2]} that is not there" for row in lost]
            names = file.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
            for (name,) in names.fetchall():
                rows[name] = file.execute(f'SELECT COUNT(*) FROM "{name}"').fetchone()[0]  # noqa: S608 - from its own list
        except sqlite3.DatabaseError as error:
            return Finding(0, len(migrations()), rows, (*faults, f"the file cannot be read through: {error}"))
    return _judged(version, "sqlite", rows, faults)


def open_for_reading(path: Path, *, copy: bool = False) -> sqlite3.Connection:
    """A connection that writes nothing.

    Raises:
        StoreUnusable: it is not there, or not readable.
    """
    if not path.exists():
        raise StoreUnusable(f"There is no data file {path} yet. The first start makes it.")
    how = "mode=ro&immutable=1" if copy else "mode=ro"
    try:
        return sqlite3.connect(f"{path.as_uri()}?{how}", uri=True, timeout=BUSY_SECONDS, check_same_thread=False)
    except sqlite3.Error as error:
        raise StoreUnusable(f"The data file {path} cannot be read ({error}).") from error


def _version_of_file(path: Path) -> int:
    if not path.exists():
        return 0
    with closing(open_for_reading(path)) as file:
        try:
            return int(file.execute("PRAGMA user_version").fetchone()[0])
        except sqlite3.DatabaseError as error:
            raise StoreUnusable(f"The data file {path} cannot be read ({error}).") from error


async def _look_at_server(url: str, *, version_only: bool = False) -> Finding:
    import psycopg
    from psycopg import sql

    rows: dict[str, int] = {}
    try:
        async with await psycopg.AsyncConnection.connect(url, connect_timeout=int(BUSY_SECONDS)) as connection:
            await connection.set_read_only(True)
            names = "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()"
            there = [row[0] for row in await (await connection.execute(names)).fetchall()]
            version = 0
            if "deskgate_version" in there:
                found = await (await connection.execute("SELECT max(version) FROM deskgate_version")).fetchone()
                version = (found[0] if found else 0) or 0
            for name in [] if version_only else sorted(there):
                counting = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name))
                counted = await (await connection.execute(counting)).fetchone()
                rows[name] = counted[0] if counted else 0
    except psycopg.Error as error:
        raise StoreUnusable(
            f"The database of DESKGATE_DATABASE_URL cannot be read ({type(error).__name__}). Check that PostgreSQL runs "
            "and that the address is right."
        ) from None
    return _judged(version, "postgres", rows, [])


def _judged(version: int, dialect: Dialect, rows: dict[str, int], faults: list[str]) -> Finding:
    newest = len(migrations())
    if version > newest:
        faults.append(f"it has version {version}, made by a newer deskgate: this one refuses it")
    faults += [f"the table {name} is missing" for name in sorted(_expected(version, dialect) - set(rows))]
    return Finding(version, newest, rows, tuple(faults))


def _expected(version: int, dialect: Dialect) -> set[str]:
    """The tables that a database of this version has."""
    expected: set[str] = set()
    for step in migrations(dialect)[:version]:
        expected |= set(re.findall(r"^CREATE TABLE (\w+)", step, re.MULTILINE))
        expected -= set(re.findall(r"^DROP TABLE (\w+)", step, re.MULTILINE))
    return expected
