"""`deskgate audit`: the trail of everything, for the operator and for whoever checks it."""

import argparse
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deskgate.commands.at_store import at_store, settings_at_terminal
from deskgate.commands.terminal import Line, Terminal
from deskgate.desk.errors import DeskError

if TYPE_CHECKING:
    from deskgate.desk.audit.keeper import Keeper
    from deskgate.desk.audit.verify import Report
    from deskgate.desk.clock import Clock
    from deskgate.desk.store import Store
    from deskgate.settings import Settings

UNREADABLE = 3


@dataclass(frozen=True)
class Office:
    """What every part of the command works with."""

    store: "Store"
    keeper: "Keeper"
    clock: "Clock"
    terminal: Terminal
    words: argparse.Namespace
    settings: "Settings"

    def agreed(self, question: str) -> bool:
        """A yes, from `--yes` or from the person who sits here; without either it is a no."""
        out = self.terminal.stdout
        return self.words.yes or (self.terminal.attended(out) and self.terminal.ask(question, out))


def run(words: argparse.Namespace) -> int:
    """Carry out one of its parts; the exit codes stand in `deskgate audit ACTION --help`."""
    if words.action == "verify" and words.target is not None:
        from deskgate.cli import say

        report = checked(words.target, words)
        say(report.text().rstrip("\n"))
        return report.exit_code
    found = settings_at_terminal(words, services=words.action == "compare")
    if found is None:
        return UNREADABLE if words.action == "verify" else 2
    settings, terminal = found
    if words.action == "verify":
        report = checked(settings.database, words)
        terminal.give(report.text().rstrip("\n"))
        return report.exit_code
    return at_store(settings, terminal, lambda store: act(store, settings, terminal, words))


async def act(
    store: "Store", settings: "Settings", terminal: Terminal, words: argparse.Namespace, clock: "Clock | None" = None
) -> int:
    """The same on an open database."""
    from deskgate.desk.audit.keeper import Keeper
    from deskgate.desk.clock import SystemClock

    clock = clock or SystemClock()
    keeper = Keeper(store, clock, settings.keys_folder, settings.audit_anchor)
    try:
        return await _parts()[words.action](Office(store, keeper, clock, terminal, words, settings))
    except DeskError as error:
        terminal.complain(error.sentence)
    except OSError as error:
        terminal.complain(f"{error.filename or 'A file'} cannot be read or written ({error.strerror}).")
    return 1


def _parts() -> dict[str, Callable[[Office], Awaitable[int]]]:
    from deskgate.commands import audit_person
    from deskgate.commands.audit_compare import compare

    return {
        "show": show,
        "export": export,
        "erase": audit_person.erase,
        "scrub": audit_person.scrub,
        "hold": audit_person.hold,
        "subject-export": audit_person.subject_export,
        "compare": compare,
        "archive": archive,
        "prune": prune,
        "rotate-key": rotate_key,
    }


async def show(office: Office) -> int:
    """What happened to a ticket or a reply. It is shown also where it does not fit the log, and that is said."""
    from deskgate.desk.audit import timeline
    from deskgate.desk.audit.trail import fault_of

    words, terminal, book = office.words, office.terminal, office.keeper.book
    standing, start = await book.standing(), await book.start()
    within = range(start.size, standing.head.size)
    if words.message is not None:
        moments = await timeline.of_reply(book, words.message, within)
    else:
        moments = await timeline.of_ticket(book, words.ticket, within)
    if words.json:
        terminal.give(json.dumps([one.told for one in moments], indent=2))
    elif moments:
        terminal.show([Line(line) for one in moments for line in one.lines()], terminal.stdout)
    if len(moments) == timeline.LIMIT:
        terminal.complain(f"These are the newest {timeline.LIMIT} records; `deskgate audit export` gives all.")
    if not moments:
        terminal.complain(
            "Nothing is recorded here about it" + (f" from number {start.size} on." if start.size else ".")
        )
    if start.size:
        terminal.complain(
            f"Records before number {start.size} were archived to {start.folder} and dropped here: older ones about it may "
            "be there, in audit.jsonl and audit.csv."
        )
    if fault := fault_of(moments, standing):
        terminal.complain(
            f"The audit trail does not fit. {fault} Do not rely on what is shown; `deskgate audit verify` checks all of it."
        )
    return 0 if moments and not fault else 1


async def export(office: Office) -> int:
    """Write an export."""
    from deskgate.desk.audit import taking
    from deskgate.desk.audit.record import stamp
    from deskgate.desk.audit.said import acting
    from deskgate.desk.people import key_of

    words = office.words
    selection = taking.Selection(
        words.ticket,
        None if words.requester is None else key_of(words.requester),
        stamp(words.since) if words.since else None,
        stamp(words.until) if words.until else None,
    )
    if words.until and (words.ticket is not None or words.requester is not None):
        office.terminal.complain("--until goes with --since or alone, not with --ticket or --requester.")
        return 2
    if words.since and words.until and words.since >= words.until:
        office.terminal.complain("--since is not before --until, so no record is between them. Exchange the two.")
        return 2
    done = await taking.export(
        office.keeper, words.folder, selection, acting(), with_personal=words.with_personal, archive=words.archive
    )
    office.terminal.give(
        f"{done.folder}: {done.records} of {done.size} records. VERIFY.txt there says how to check them."
    )
    if words.with_personal:
        office.terminal.complain("It holds customers' words and addresses: what is erased here later stays in it.")
    signer = await office.keeper.signer()
    office.terminal.complain(f"Give the auditor this key by another way: {signer.vkey}")
    return 0


def checked(target: str, words: argparse.Namespace) -> "Report":
    """Check an export, or a database as it is."""
    import anyio
    import anyio.to_thread

    from deskgate.commands.common import hush_pool
    from deskgate.desk.audit.book import opened_to_read
    from deskgate.desk.audit.checking import Trust, check_database, check_folder
    from deskgate.desk.audit.verify import Report

    trust = Trust(words.key, words.pin, words.anchor, words.archive)
    if "://" not in target:
        path = Path(target).expanduser().absolute()
        if _is_file(path):
            inside = path.parent / "audit.jsonl"
            where = (
                f"Give the export's folder: {path.parent}" if inside.is_file() else f"As a data file: sqlite:///{path}"
            )
            return Report(unreadable=f"{path} is a file and no export's folder. {where}")
        return check_folder(path, trust)

    hush_pool()

    async def looked() -> Report:
        async with opened_to_read(target) as book:
            return await anyio.to_thread.run_sync(check_database, book, trust)

    try:
        return anyio.run(looked)
    except DeskError as error:
        return Report(unreadable=error.sentence)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # in a folder that may not be entered; the check tells
        return False


async def archive(office: Office) -> int:
    """Export old records and note where they are."""
    from deskgate.desk.audit import archiving
    from deskgate.desk.audit.said import acting

    words = office.words
    done = await archiving.archive(office.keeper, words.folder, acting(), before=words.before, earlier=words.archive)
    then = office.terminal.hint("Keep it; `deskgate audit prune` drops them here.")
    office.terminal.give(f"{done.folder}: records 0 to {done.size - 1}. {then}")
    return 0


async def prune(office: Office) -> int:
    """Drop what was archived."""
    from deskgate.desk.audit import archiving

    book = office.keeper.book
    if not await archiving.to_drop(book):
        start = await book.start()
        office.terminal.give(
            f"There is nothing to drop: records before number {start.size} are in {start.folder} already."
        )
        return 0
    if not office.agreed("Drop the archived records from this database, for good?"):
        office.terminal.complain("Nothing was dropped. Without a person to ask, say --yes.")
        return 1
    upto, place = await archiving.prune(office.keeper, office.words.archive)
    office.terminal.give(f"Records before number {upto} are only in {place} now. Copy it to another place.")
    return 0


async def rotate_key(office: Office) -> int:
    """Change the signing key."""
    from deskgate.desk.audit.said import acting

    if not office.agreed("Change the log's signing key, for good?"):
        office.terminal.complain("Nothing was changed. Without a person to ask, say --yes.")
        return 1
    old, new = await office.keeper.rotate(acting())
    office.terminal.give(new.vkey)
    office.terminal.complain(
        f"The log is signed by this key from now on. It follows {old.vkey}, whose file is gone: exports and archives from "
        "before are checked with that one. Other machines that signed need the new file, too: "
        f"{office.keeper.key_path(new.name)}"
    )
    return 0
