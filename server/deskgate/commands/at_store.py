"""The way of a command that needs the database and neither of the two services."""

import argparse
import logging
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from deskgate.commands.terminal import Terminal

if TYPE_CHECKING:
    from deskgate.desk.store import Store
    from deskgate.settings import Settings


def settings_at_terminal(words: argparse.Namespace, *, services: bool = False) -> "tuple[Settings, Terminal] | None":
    """The settings and the process's terminal, or `None` after saying what is wrong. See `settings_of`."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    from deskgate.commands.common import settings_of

    settings = settings_of(words, services=services)
    if settings is None:
        return None
    return settings, Terminal.of_process(colour=settings.colour, sandbox=settings.sandbox)


def at_store(settings: "Settings", terminal: Terminal, work: "Callable[[Store], Awaitable[int]]") -> int:
    """Open the database, do the work, close it; gives the work's exit code, or 2 where the database cannot be used.

    A live desk's database is made by `serve` and never here: what is written into a new one, beside the real one, would
    look like done and have no effect.
    """
    import anyio

    from deskgate.desk.audit.said import Who, acting_as
    from deskgate.desk.store import StoreUnusable, open_store

    missing = None if settings.sandbox else _missing(settings.database)
    if missing is not None:
        terminal.complain(
            f"There is no data file {missing} yet, so nothing was done; `deskgate serve` makes it. If the desk keeps its "
            "data elsewhere, set DESKGATE_HOME or DESKGATE_DATABASE_URL as its service has it; the sandbox's is found with "
            "--sandbox."
        )
        return 2

    async def opened() -> int:
        try:
            store = await open_store(settings.database)
            try:
                with acting_as(Who("human", settings.principal, auth="terminal")):
                    return await work(store)
            finally:
                await store.aclose()
        except StoreUnusable as error:
            terminal.complain(error.sentence)
            return 2

    return anyio.run(opened)


def _missing(database: str) -> Path | None:
    from deskgate.desk.store import SQLITE

    path = Path(database.removeprefix(SQLITE))
    return path if database.startswith(SQLITE) and not path.exists() else None


def table(rows: list[tuple[str, ...]]) -> list[str]:
    """Lines with aligned columns."""
    from deskgate.commands.terminal import width

    widths = [max(width(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(cell + " " * (wide - width(cell)) for cell, wide in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
