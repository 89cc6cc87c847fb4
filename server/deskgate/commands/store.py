"""`deskgate store`: bring the database up to date, look for damage, make a copy."""

import argparse
import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from deskgate.commands.at_store import settings_at_terminal, table
from deskgate.commands.terminal import Line, Terminal

if TYPE_CHECKING:
    from deskgate.desk.store.looking import Finding

SQLITE = "sqlite:///"


def run(words: argparse.Namespace) -> int:
    """Migrate, check or copy. 0 done or whole, 1 damage or no copy, 2 unusable settings or database."""
    import anyio

    found = settings_at_terminal(words)
    if found is None:
        return 2
    settings, terminal = found
    return anyio.run(act, settings.database, settings.data, terminal, words)


async def act(url: str, place: str, terminal: Terminal, words: argparse.Namespace) -> int:
    """Carry out one of the three on the database of that address; `place` names it without a password."""
    from deskgate.desk.store import StoreUnusable

    try:
        if words.action == "migrate":
            return await _migrate(url, place, terminal)
        if words.action == "check":
            return await _check(url, place, terminal, as_json=words.json)
        return await _backup(url, terminal, words.file)
    except StoreUnusable as error:
        terminal.complain(error.sentence)
        return 2


async def _migrate(url: str, place: str, terminal: Terminal) -> int:
    from deskgate.desk.store import open_store
    from deskgate.desk.store.looking import version_of

    before = await version_of(url)
    await (await open_store(url)).aclose()
    after = await version_of(url)
    if before == after:
        terminal.give(f"{place} is up to date: version {after}. Nothing was changed.")
    else:
        terminal.give(f"{place} is up to date: from version {before} to version {after}.")
    return 0


async def _check(url: str, place: str, terminal: Terminal, *, as_json: bool) -> int:
    from deskgate.desk.store.looking import look

    finding = await look(url)
    if as_json:
        told = {"ok": not finding.faults, **vars(finding)}
        terminal.give(json.dumps(told, indent=2))
    else:
        terminal.show([Line(line) for line in _told(finding, place)], terminal.stdout)
    for fault in finding.faults:
        terminal.complain(f"fault: {fault}")
    if finding.faults:
        terminal.complain("Stop every process, keep what is there, and put the newest backup in its place.")
    return 1 if finding.faults else 0


def _told(finding: "Finding", place: str) -> list[str]:
    age = "" if finding.version >= finding.newest else ", older than this deskgate; the next start updates it"
    counts = table([("TABLE", "ROWS"), *((name, str(count)) for name, count in sorted(finding.rows.items()))])
    whole = "not whole" if finding.faults else "whole"
    return [f"{place}: version {finding.version} of {finding.newest}{age}; {whole}.", *counts]


async def _backup(url: str, terminal: Terminal, file: Path) -> int:
    if not url.startswith(SQLITE):
        terminal.complain(
            "No copy was made: PostgreSQL has a program for that. It asks for the password, or reads ~/.pgpass:"
        )
        terminal.give(dump_command(url, file))
        return 1
    obstacle = _obstacle(file)
    if obstacle:
        terminal.complain(obstacle)
        return 1
    import anyio.to_thread

    from deskgate.desk.store import StoreUnusable
    from deskgate.desk.store.looking import look_at_file, open_for_reading
    from deskgate.desk.store.sqlite import SqliteTables

    source = SqliteTables(open_for_reading(Path(url.removeprefix(SQLITE))))
    try:
        await source.copy_to(file)
    except StoreUnusable as error:
        terminal.complain(error.sentence)
        return 1
    finally:
        await source.aclose()
    finding = await anyio.to_thread.run_sync(lambda: look_at_file(file, copy=True))
    for fault in finding.faults:
        terminal.complain(f"fault in the copy: {fault}")
    if finding.faults:
        terminal.complain(f"{file} cannot be relied on. Run `deskgate store check`.")
        return 1
    rows = sum(finding.rows.values())
    terminal.give(
        f"{file}: {rows} rows, version {finding.version}, checked. It holds customers' words: keep it private."
    )
    return 0


def _obstacle(file: Path) -> str | None:
    """What people can mend before anything is copied; whatever else goes wrong is the copying's to say."""
    if file.exists():
        return f"{file} is there already, and a backup overwrites nothing. Give another name, or move that file away."
    return None if file.parent.is_dir() else f"There is no folder {file.parent}. Make it, or give another place."


def dump_command(url: str, file: Path) -> str:
    """The command that copies a PostgreSQL database, without its password."""
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    name = user.partition(":")[0]
    bare = urlunsplit(parts._replace(netloc=f"{name}@{host}" if name else host, query=_without_password(parts.query)))
    return shlex.join(["pg_dump", "--format=custom", f"--file={file}", f"--dbname={bare}"])


def _without_password(query: str) -> str:
    return "&".join(one for one in query.split("&") if not one.lower().startswith(("password=", "sslpassword=")))
