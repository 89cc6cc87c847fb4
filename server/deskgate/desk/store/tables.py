"""SQL in `.sql` files, and the two doors through which every room of the desk runs it.

The statements are written once, in the SQL that SQLite and PostgreSQL share; where they cannot share one, PostgreSQL's
own stands in `queries_postgres.sql` under the same name.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal, Protocol

from deskgate.desk.errors import DeskError

Dialect = Literal["sqlite", "postgres"]
Row = dict[str, Any]
Step = tuple[str, dict[str, Any]]

BUSY_SECONDS = 10.0


class StoreUnusable(DeskError):
    """The database cannot be used."""


@dataclass(frozen=True)
class Tail:
    """The end of a transaction that depends on what the transaction itself sees.

    `read` runs after the steps, and its rows decide the last steps. Not reached where the first step changed nothing.
    `crowded`: every writer locks what it reads. So it comes last, several writes of one process may share a transaction, and
    its steps may go out together: none of them looks at what another one writes. The first one updates what was read, where
    it still stands so; the others insert what they `SELECT`, and only where the first one did.
    `guess` is what `read` would find if nobody else wrote; then it need not be read.
    """

    read: Step
    then: Callable[[list[Row]], Sequence[Step]]
    crowded: bool = False
    guess: Callable[[], list[Row]] = list


class Tables(Protocol):
    """A database that runs SQL with `:named` values. What `write` did is on the disk when it returns."""

    @property
    def dialect(self) -> Dialect:
        """Whose SQL it speaks."""
        ...

    async def rows(self, sql: str, /, **values: Any) -> list[Row]:
        """The rows of one statement, which commits by itself if it writes."""
        ...

    async def write(self, *steps: Step, tails: Sequence[Tail] = ()) -> int:
        """Run the steps in one transaction; the rows that the first one changed, 0 where a unique index said no.

        Without steps it is 1, and only the tails run.
        """
        ...

    async def aclose(self) -> None:
        """Let go of the database."""
        ...


@cache
def named_queries(package: str, dialect: Dialect = "sqlite") -> dict[str, str]:
    """The statements of a package's `queries.sql`, by the name in the comment above each."""
    found = _named((files(package) / "queries.sql").read_text("utf-8"))
    own = files(package) / f"queries_{dialect}.sql"
    return found | _named(own.read_text("utf-8")) if own.is_file() else found


def _named(text: str) -> dict[str, str]:
    parts = re.split(r"^-- name: (\w+)\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], (_statement(part) for part in parts[2::2]), strict=True))


def _statement(text: str) -> str:
    """Without the comments behind it, which belong to the next one: what is appended to it must not end up in them."""
    return re.sub(r"(\n\s*--[^\n]*|\s)+\Z", "", text).strip()


@cache
def migrations(dialect: Dialect = "sqlite") -> tuple[str, ...]:
    """The scripts that make and change the tables, in order. A database's version is how many of them it has seen.

    What a step can say in one dialect only stands beside it, in `<step>_<dialect>.sql`.
    """
    folder = files(__package__) / "migrations"
    texts = {step.name.removesuffix(".sql"): step.read_text("utf-8") for step in folder.iterdir() if _is_sql(step.name)}
    common = sorted(name for name in texts if not name.endswith(("_sqlite", "_postgres")))
    return tuple(texts[name] + texts.get(f"{name}_{dialect}", "") for name in common)


def _is_sql(name: str) -> bool:
    return name.endswith(".sql")


def newer(what: str) -> StoreUnusable:
    """What to say of a database that a later version of deskgate has changed."""
    return StoreUnusable(f"{what} was made by a newer deskgate. Update this one.")
