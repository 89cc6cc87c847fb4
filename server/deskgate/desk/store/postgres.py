"""The tables in PostgreSQL, for a desk of several processes or machines.

Correctness rests on unique indexes, versions and single statements, never on what one process remembers. So READ COMMITTED,
PostgreSQL's default, is enough.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

import anyio
import psycopg
from psycopg.errors import DeadlockDetected, LockNotAvailable, SerializationFailure
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from deskgate.desk.store.tables import BUSY_SECONDS, Dialect, Row, Step, StoreUnusable, Tail, migrations, newer
from deskgate.desk.store.together import Together, Write

CONNECTIONS = 8
TRIES = 4
BUSY = "The database is too busy with the same rows. Try again in a moment."
# Any number that nobody else uses in this database: one process at a time changes the tables.
MIGRATION_LOCK = 8642_0001

PLACE = re.compile(r"(?<![:\w]):([a-z_]+(?:_[0-9]+)?)\b")

Connection = psycopg.AsyncConnection[DictRow]


class PostgresTables:
    """See `Tables`. Open it with `PostgresTables.open(url)`."""

    dialect: Dialect = "postgres"

    def __init__(self, pool: "AsyncConnectionPool[Connection]") -> None:
        self._pool = pool
        self._together = Together(self._written, self._alone)

    @classmethod
    async def open(cls, url: str, *, to_read: bool = False) -> "PostgresTables":
        """Connect, and bring the tables up to date, or leave them as they are: `to_read` changes nothing ever.

        Raises:
            StoreUnusable: the database cannot be reached, or was changed by a newer deskgate.
        """
        pool = AsyncConnectionPool(
            url,
            connection_class=Connection,
            kwargs={"autocommit": True, "row_factory": dict_row},
            min_size=1,
            max_size=CONNECTIONS,
            timeout=BUSY_SECONDS,
            configure=_to_read if to_read else _configured,
            open=False,
        )
        try:
            # The pool reports each failed connection in a log of its own; the one sentence below says it for all.
            await pool.open(wait=True, timeout=BUSY_SECONDS)
            if not to_read:
                async with pool.connection() as connection:
                    await _migrate(connection)
        except (psycopg.Error, PoolTimeout):
            await pool.close()
            raise _unreachable() from None
        except BaseException:
            await pool.close()
            raise
        return cls(pool)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._pool.close()

    async def rows(self, sql: str, /, **values: Any) -> list[Row]:
        """The rows of one statement."""
        found: list[Row] = []
        with anyio.CancelScope(shield=True):
            try:
                async with self._pool.connection() as connection:
                    found = await (await _execute(connection, (sql, values))).fetchall()
            except (psycopg.OperationalError, PoolTimeout) as error:
                raise _unreachable() from error
        return found

    async def write(self, *steps: Step, tails: Sequence[Tail] = ()) -> int:
        """Run the steps in one transaction, once more where PostgreSQL asks for that."""
        mine = Write(steps, tails)
        with anyio.CancelScope(shield=True):
            if any(tail.crowded for tail in tails):
                await self._together.make(mine)
            else:
                await self._alone(mine)
        return mine.result()

    async def _alone(self, mine: Write) -> None:
        for _ in range(TRIES):
            try:
                await self._written([mine])
            except psycopg.IntegrityError:
                mine.changed, mine.error = 0, None
            except (DeadlockDetected, SerializationFailure):
                continue
            except LockNotAvailable as error:
                raise StoreUnusable(BUSY) from error
            return
        raise StoreUnusable(BUSY)

    async def _written(self, writes: Sequence[Write]) -> None:
        """All of them in one transaction; what everybody waits for is locked last."""
        try:
            async with self._pool.connection() as connection:
                lone = _lone(writes)
                if lone is None or not await _guessed_right(connection, lone):
                    await _made_as_a_whole(connection, writes, guessing=lone is None)
        except (DeadlockDetected, SerializationFailure, LockNotAvailable):
            raise
        except (psycopg.OperationalError, PoolTimeout) as error:
            raise _unreachable() from error
        for one in writes:
            one.error = None


def _lone(writes: Sequence[Write]) -> Tail | None:
    """The tail that is all of it: made by a right guess it is one statement, which commits by itself."""
    only = len(writes) == 1 and not writes[0].steps and len(writes[0].tails) == 1
    return writes[0].tails[0] if only else None


async def _made_as_a_whole(connection: Connection, writes: Sequence[Write], *, guessing: bool) -> None:
    async with connection.transaction():
        for one in writes:
            changed = [(await _execute(connection, step)).rowcount for step in one.steps]
            one.changed = changed[0] if changed else 1
            for tail in _tails(one, crowded=False):
                for step in tail.then(await _read(connection, tail)):
                    await _execute(connection, step)
        for one in writes:
            for tail in _tails(one, crowded=True):
                if not (guessing and await _guessed_right(connection, tail)):
                    await _read_and_make(connection, tail)


def _tails(write: Write, *, crowded: bool) -> list[Tail]:
    return [tail for tail in write.tails if tail.crowded is crowded] if write.changed else []


async def _read_and_make(connection: Connection, tail: Tail) -> None:
    if not await _made_at_once(connection, tail.then(await _read(connection, tail))):
        raise StoreUnusable(BUSY)


async def _guessed_right(connection: Connection, tail: Tail) -> bool:
    guessed = tail.guess()
    return bool(guessed) and await _made_at_once(connection, tail.then(guessed))


async def _read(connection: Connection, tail: Tail) -> list[Row]:
    return await (await _execute(connection, tail.read)).fetchall()


async def _made_at_once(connection: Connection, steps: Sequence[Step]) -> bool:
    return not steps or (await _execute(connection, _at_once(steps))).rowcount == 1


async def _execute(connection: Connection, step: Step) -> psycopg.AsyncCursor[DictRow]:
    sql, values = step
    return await connection.execute(translated(sql), _adapted(values))


def _at_once(steps: Sequence[Step]) -> Step:
    """The steps of a crowded tail as one statement, which gives one row where the first of them changed one."""
    sql = _with_all(tuple(sql for sql, _ in steps))
    return sql, {f"{name}_{place}": value for place, (_, values) in enumerate(steps) for name, value in values.items()}


@cache
def _with_all(statements: tuple[str, ...]) -> str:
    first, *others = (PLACE.sub(rf":\1_{place}", sql.rstrip("; \n")) for place, sql in enumerate(statements))
    parts = [f"step_0 AS ({first} RETURNING 1)"]
    parts += [f"step_{place} AS ({sql} FROM step_0)" for place, sql in enumerate(others, 1)]
    return f"WITH {', '.join(parts)} SELECT 1 AS one FROM step_0"  # noqa: S608 - our own statements


async def _configured(connection: Connection) -> None:
    await connection.execute(f"SET lock_timeout = '{BUSY_SECONDS:.0f}s'")
    await connection.execute("SET timezone = 'UTC'")


async def _to_read(connection: Connection) -> None:
    await _configured(connection)
    await connection.execute("SET default_transaction_read_only = on")


async def _migrate(connection: Connection) -> None:
    steps = migrations("postgres")
    async with connection.transaction():
        await connection.execute(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")
        await connection.execute("CREATE TABLE IF NOT EXISTS deskgate_version (version BIGINT NOT NULL)")
        found = await (await connection.execute("SELECT max(version) AS version FROM deskgate_version")).fetchone()
        done = (found or {}).get("version") or 0
        if done > len(steps):
            raise newer("The database")
        for step in steps[done:]:
            await connection.execute(own_types(step).encode())
        if done < len(steps):
            await connection.execute("INSERT INTO deskgate_version (version) VALUES (%s)", [len(steps)])


def own_types(script: str) -> str:
    """A migration in PostgreSQL's types: SQLite's INTEGER holds 64 bits, and numbers a row where it is the key."""
    script = re.sub(r"\bINTEGER PRIMARY KEY\b", "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY", script)
    return re.sub(r"\bBLOB\b", "BYTEA", re.sub(r"\bINTEGER\b", "BIGINT", script))


@cache
def translated(sql: str) -> bytes:
    """A statement with psycopg's placeholders."""
    return PLACE.sub(r"%(\1)s", sql.replace("%", "%%")).encode()


def _adapted(values: dict[str, Any]) -> dict[str, Any]:
    """SQLite keeps a truth value as 0 or 1, and so do the tables."""
    return {name: int(value) if isinstance(value, bool) else value for name, value in values.items()}


def _unreachable() -> StoreUnusable:
    return StoreUnusable(
        "The database of DESKGATE_DATABASE_URL cannot be used. Check that PostgreSQL runs, that the address is right and "
        "that the user may create tables there."
    )
