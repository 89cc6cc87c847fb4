"""A process that can die or stand still at every durable moment, and the tables as it sees them."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import anyio

from deskgate.desk.store.sqlite import SqliteTables
from deskgate.desk.store.tables import named_queries
from simulation.chaos import Chaos

PACKAGES = ("deskgate.desk.inbox", "deskgate.desk.store", "deskgate.desk")
STALLS = (5.0, 40.0, 130.0, 200.0)


class Died(BaseException):
    """The process is gone; nothing after this line ran."""


@contextmanager
def survived() -> Iterator[None]:
    """Whoever watches a process outlives it."""
    try:
        yield
    except Died:
        pass
    except BaseExceptionGroup as group:
        _, others = group.split(Died)
        if others is not None:
            raise others from None


class Life:
    """One process's life."""

    def __init__(self, name: str, chaos: Chaos, note: Callable[..., None]) -> None:
        self.name = name
        self.dead = False
        self._chaos = chaos
        self._note = note

    def point(self) -> None:
        """A moment at which it may end."""
        if not self.dead and self._chaos.hit(self._chaos.deaths, "death"):
            self.dead = True
            self.trace("died")
        if self.dead:
            raise Died(self.name)

    def trace(self, *what: Any) -> None:
        """Say what happened here."""
        self._note(self.name, *what)


class MortalTables(SqliteTables):
    """The tables in memory, shared by all processes of a seed. Each statement is one instant; around it time passes."""

    def __init__(self, connection: sqlite3.Connection, life: Life, chaos: Chaos) -> None:
        super().__init__(connection, threaded=False)
        self._life = life
        self._chaos = chaos

    async def aclose(self) -> None:
        """The tables stay."""

    async def rows(self, sql: str, /, **values: Any) -> list[dict[str, Any]]:
        """One statement."""
        await self._pass()
        found = await super().rows(sql, **values)
        if name_of(sql) == "claim" and found:
            self._life.trace("claim", found[0]["number"], found[0]["fence"])
        await anyio.lowlevel.checkpoint()
        self._life.point()
        return found

    async def write(self, *steps: Any, **named: Any) -> int:
        """One transaction."""
        await self._pass()
        changed = await super().write(*steps, **named)
        self._life.trace("write", *(name_of(sql) for sql, _ in steps), changed)
        await self._pass()
        return changed

    async def _pass(self) -> None:
        self._life.point()
        if self._chaos.hit(self._chaos.stalls, "stall"):
            await anyio.sleep(self._chaos.dice.choice(STALLS))
        elif self._chaos.dice.random() < 0.1:
            await anyio.sleep(self._chaos.dice.uniform(0.0, 0.05))
        else:
            await anyio.lowlevel.checkpoint()
        self._life.point()


@cache
def _names() -> dict[str, str]:
    return {sql: name for package in PACKAGES for name, sql in named_queries(package).items()}


@cache
def name_of(sql: str) -> str:
    """The statement's own name, or how it begins."""
    return _names().get(sql) or re.sub(r"\s+", " ", sql)[:40]


def in_memory(image: bytes) -> sqlite3.Connection:
    """A database in memory with that content."""
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    connection.deserialize(image)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


WATCHES = """
CREATE TEMP TRIGGER off_new AFTER INSERT ON suppressions BEGIN SELECT happened('off', NEW.address); END;
CREATE TEMP TRIGGER off_again AFTER UPDATE ON suppressions WHEN NEW.ended_at IS NULL
BEGIN SELECT happened('off', NEW.address); END;
CREATE TEMP TRIGGER approving AFTER UPDATE ON replies WHEN NEW.state = 'approving'
BEGIN SELECT happened('approving', NEW.message_id); END;
"""


def watch(
    connection: sqlite3.Connection,
    what: dict[str, dict[str, int]],
    now: Callable[[], int],
    left: Callable[[], None],
) -> None:
    """Remember where in the trace an address went off, or an approval began (each time); `left`: the former."""

    def happened(kind: str, about: str) -> None:
        if kind == "off":
            what[kind].setdefault(about, now())
            left()
        else:
            what[kind][about] = now()

    connection.create_function("happened", 2, happened)
    connection.executescript(WATCHES)


def image_of(path: Path) -> bytes:
    """A file's content as `in_memory` takes it: a database in memory has no write-ahead log."""
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        image = connection.serialize()
    connection.close()
    return image
