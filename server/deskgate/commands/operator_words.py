"""The words of the operator's commands on the command line: `events`, `store`, `suppressions`."""

import argparse
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path

EVENT_CODES = """\
exit codes: 0 done · 1 there is no such event, or one cannot be replayed · 2 wrong words on the command line, unusable
settings or database"""
STORE_CODES = """\
exit codes: 0 done, or nothing wrong · 1 something is wrong with the data, or no copy was made · 2 wrong words on the command
line, unusable settings or database"""
SUPPRESSION_CODES = """\
exit codes: 0 done, or nothing to do · 1 no address, or not on the list · 2 wrong words on the command line, unusable
settings or database"""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the three."""
    _events(commands)
    _store(commands)
    _suppressions(commands)


def _events(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "events",
        help="see what arrived and what became of it",
        description="See what MultiMail and Zendesk told, what became of it, and have it worked on again.",
        epilog=EVENT_CODES,
    )
    actions = parser.add_subparsers(metavar="ACTION", dest="action", required=True)
    listed = actions.add_parser("list", help="the newest first; `dead` ones wait for you", epilog=EVENT_CODES)
    listed.add_argument("--state", choices=("dead", "new", "done", "flagged"), help="only these")
    listed.add_argument("--limit", type=_count, default=50, help="so many at most (50)")
    shown = actions.add_parser("show", help="one event, and what it did to its ticket", epilog=EVENT_CODES)
    shown.add_argument("number", type=int, metavar="NUMBER")
    shown.add_argument("--body", action="store_true", help="also what arrived, which may hold a customer's words")
    replayed = actions.add_parser("replay", help="work on events again; nothing happens twice", epilog=EVENT_CODES)
    replayed.add_argument("numbers", type=int, nargs="*", metavar="NUMBER")
    replayed.add_argument("--dead", action="store_true", help="all dead ones")
    for action in (listed, shown):
        action.add_argument("--json", action="store_true", help="machine-readable")
    _everywhere((listed, shown, replayed))
    parser.set_defaults(run=_run("events"))


def _store(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "store",
        help="update, check or copy the database",
        description="Look after the database that DESKGATE_DATABASE_URL names.",
        epilog=STORE_CODES,
    )
    actions = parser.add_subparsers(metavar="ACTION", dest="action", required=True)
    migrated = actions.add_parser(
        "migrate", help="bring the tables up to date, as every start does", epilog=STORE_CODES
    )
    checked = actions.add_parser("check", help="look for damage; changes nothing, not even the version")
    checked.add_argument("--json", action="store_true", help="machine-readable")
    copied = actions.add_parser("backup", help="write a whole copy while others go on working", epilog=STORE_CODES)
    copied.add_argument("file", type=_path, metavar="FILE", help="where the copy goes; nothing may be there yet")
    _everywhere((migrated, checked, copied))
    parser.set_defaults(run=_run("store"))


def _suppressions(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "suppressions",
        help="who gets no mail from here",
        description="See, add and remove addresses that get no mail from here.",
        epilog=SUPPRESSION_CODES,
    )
    actions = parser.add_subparsers(metavar="ACTION", dest="action", required=True)
    listed = actions.add_parser("list", help="who, why and since when")
    listed.add_argument("--json", action="store_true", help="machine-readable")
    added = actions.add_parser("add", help="no mail to this address from now on", epilog=SUPPRESSION_CODES)
    added.add_argument("address", metavar="ADDRESS")
    added.add_argument("--reason", metavar="TEXT", required=True, help="shown to whoever drafts to this address")
    removed = actions.add_parser("remove", help="mail may go there again", epilog=SUPPRESSION_CODES)
    removed.add_argument("address", metavar="ADDRESS")
    _everywhere((listed, added, removed))
    parser.set_defaults(run=_run("suppressions"))


def _everywhere(parsers: Iterable[argparse.ArgumentParser]) -> None:
    for parser in parsers:
        parser.add_argument("--sandbox", action="store_true", default=None, help="those of the pretend world")


def _run(command: str) -> Callable[[argparse.Namespace], int]:
    def run(words: argparse.Namespace) -> int:
        return int(import_module(f"deskgate.commands.{command}").run(words))

    return run


def _path(text: str) -> Path:
    return Path(text).expanduser().absolute()


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 10_000:
        raise argparse.ArgumentTypeError("it is a number from 1 to 10000")
    return number
