"""The words of `deskgate audit` on the command line."""

import argparse
from datetime import UTC, datetime
from typing import Any, NoReturn

from deskgate.commands.words import Commands, Parser, answered_by, filled, path, ticket, with_json

CODES = """\
exit codes: 0 done · 1 refused, or it failed; one sentence says why · 2 wrong words on the command line, unusable settings or
database"""
VERIFY_CODES = """\
exit codes: 0 intact, and all of it is covered by a checkpoint from outside · 1 tampered: it names the record and the rule ·
2 nothing wrong found; it says what no checkpoint from outside covers · 3 unreadable, or wrong words on the command line"""
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


class _Parser(Parser):
    """Says 3 where `verify` gets wrong words, because 2 means something else there."""

    def error(self, message: str) -> NoReturn:
        self.print_usage()
        self.exit(3 if self.prog.endswith(" verify") else 2, f"{self.prog}: error: {message}\n")

    def parse_known_args(self, *given: Any, **named: Any) -> Any:
        """Words that nobody knows are wrong words here already."""
        found, rest = super().parse_known_args(*given, **named)
        return (found, rest) if not rest else self.error(f"unrecognized arguments: {' '.join(rest)}")


def add(commands: Commands) -> None:
    """Add them."""
    parser = commands.add_parser(
        "audit",
        help="see, export, check and erase what was recorded",
        description="The audit trail: see it, export it, check it, and have it forget a person.",
        epilog=CODES,
    )
    actions = parser.add_subparsers(metavar="ACTION", dest="action", required=True, parser_class=_Parser)
    shown = actions.add_parser("show", help="what happened to a ticket or a reply, in order", epilog=CODES)
    about = shown.add_mutually_exclusive_group(required=True)
    about.add_argument("ticket", type=ticket, nargs="?", metavar="TICKET")
    about.add_argument("--message", metavar="ID", help="one reply, by its message id")
    with_json(shown)
    _export(actions)
    _verify(actions)
    _persons(actions)
    compared = actions.add_parser("compare", help="name what MultiMail's own log and ours do not share", epilog=CODES)
    compared.add_argument("--archive", type=path, metavar="DIR", help="the archive of the records that were pruned")
    with_json(compared)
    archived = actions.add_parser("archive", help="export old records, so that they may be dropped here", epilog=CODES)
    archived.add_argument("folder", type=path, metavar="DIR")
    archived.add_argument("--before", type=moment, metavar="TIME", help="only what was signed before; default: all")
    archived.add_argument("--archive", type=path, metavar="DIR", help="the archive before, where it was pruned")
    pruned = actions.add_parser("prune", help="drop the archived records; the rest still verifies", epilog=CODES)
    pruned.add_argument("--archive", type=path, metavar="DIR", help="where the archive is by now, if it was moved")
    pruned.add_argument("--yes", action="store_true", help="do not ask")
    changed = actions.add_parser("rotate-key", help="change the signing key; both keys sign the change", epilog=CODES)
    changed.add_argument("--yes", action="store_true", help="do not ask")
    parser.set_defaults(run=answered_by("audit"), json=False)


def _export(actions: "argparse._SubParsersAction[_Parser]") -> None:
    parser = actions.add_parser("export", help="write a folder that anyone can check, offline", epilog=CODES)
    parser.add_argument("folder", type=path, metavar="DIR", help="a new folder")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--ticket", type=ticket, metavar="N", help="only the records about this ticket")
    which.add_argument("--requester", metavar="ADDRESS", help="only the records about this person")
    which.add_argument(
        "--since", type=moment, metavar="TIME", help="only from this time on: a date, or ISO 8601 in UTC"
    )
    parser.add_argument("--until", type=moment, metavar="TIME", help="only before this time")
    parser.add_argument("--with-personal", action="store_true", help="with the texts and addresses beside the records")
    parser.add_argument("--archive", type=path, metavar="DIR", help="the archive of the records that were pruned")


def _verify(actions: "argparse._SubParsersAction[_Parser]") -> None:
    parser = actions.add_parser(
        "verify", help="check an export, or a database as it is", epilog=VERIFY_CODES, description="Changes nothing."
    )
    parser.add_argument(
        "target",
        type=filled,
        nargs="?",
        metavar="DIR|URL",
        help="an export, or sqlite:///… or postgresql://…; default: our database",
    )
    parser.add_argument("--key", action="append", default=[], metavar="VKEY", help="the log's key, from its operator")
    parser.add_argument(
        "--pin", type=path, metavar="FILE", help="keeps the last checkpoint seen; the next must follow from it"
    )
    parser.add_argument("--archive", type=path, metavar="DIR", help="the records that our database dropped")
    parser.add_argument(
        "--anchor", type=path, action="append", default=[], metavar="FILE", help="checkpoints that were kept elsewhere"
    )


def _persons(actions: "argparse._SubParsersAction[_Parser]") -> None:
    erased = actions.add_parser("erase", help="forget a person; the log still verifies", epilog=CODES)
    erased.add_argument("--requester", metavar="ADDRESS", required=True)
    erased.add_argument("--yes", action="store_true", help="do not show and ask")
    with_json(erased)
    actions.add_parser("scrub", help="write the data file anew, where an erasure could not", epilog=CODES)
    asked = actions.add_parser("subject-export", help="all that is kept about a person, in one folder", epilog=CODES)
    asked.add_argument("folder", type=path, metavar="DIR", help="a new folder")
    asked.add_argument("--requester", metavar="ADDRESS", required=True)
    held = actions.add_parser("hold", help="legal holds: nothing of that person is erased", epilog=CODES)
    does = held.add_subparsers(metavar="WHAT", dest="does", required=True)
    begun = does.add_parser("set", help="from now on", epilog=CODES)
    begun.add_argument("address", metavar="ADDRESS")
    begun.add_argument("--reason", type=filled, metavar="TEXT", required=True, help="kept beside the record")
    ended = does.add_parser("release", help="no longer", epilog=CODES)
    ended.add_argument("address", metavar="ADDRESS")
    ended.add_argument("--reason", metavar="TEXT", default="", help="kept beside the record")
    listed = does.add_parser("list", help="which stand")
    with_json(listed)


def moment(text: str) -> datetime:
    """A date (its beginning, UTC) or a time."""
    try:
        found = datetime.fromisoformat(text)
        found = (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
        if found < EARLIEST:  # a slip of the finger; and texts of times compare only while years have four digits
            raise ValueError("too early")
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(
            "give a date (2026-01-28) or a time in UTC (2026-01-28T08:45:00Z), from 1970 on"
        ) from None
    return found
