"""The words of the operator's commands on the command line: `events`, `store`, `suppressions`."""

from deskgate.commands.words import Commands, answered_by, count, number, path, with_json

EVENT_CODES = """\
exit codes: 0 done · 1 there is no such event, or one cannot be replayed · 2 wrong words on the command line, unusable
settings or database"""
STORE_CODES = """\
exit codes: 0 done, or nothing wrong · 1 something is wrong with the data, or no copy was made · 2 wrong words on the command
line, unusable settings or database"""
SUPPRESSION_CODES = """\
exit codes: 0 done, or nothing to do · 1 no address, or not on the list · 2 wrong words on the command line, unusable
settings or database"""


def add(commands: Commands) -> None:
    """Add the three."""
    _events(commands)
    _store(commands)
    _suppressions(commands)


def _events(commands: Commands) -> None:
    parser = commands.add_parser(
        "events",
        help="see what arrived and what became of it",
        description="See what MultiMail and Zendesk told, what became of it, and have it worked on again.",
        epilog=EVENT_CODES,
    )
    actions = parser.add_subparsers(metavar="ACTION", dest="action", required=True)
    listed = actions.add_parser("list", help="the newest first; `dead` ones wait for you", epilog=EVENT_CODES)
    listed.add_argument("--state", choices=("dead", "new", "done", "flagged"), help="only these")
    listed.add_argument("--limit", type=count, default=50, help="so many at most (50)")
    shown = actions.add_parser("show", help="one event, and what it did to its ticket", epilog=EVENT_CODES)
    shown.add_argument("number", type=number, metavar="NUMBER")
    shown.add_argument("--body", action="store_true", help="also what arrived, which may hold a customer's words")
    replayed = actions.add_parser("replay", help="work on events again; nothing happens twice", epilog=EVENT_CODES)
    replayed.add_argument("numbers", type=number, nargs="*", metavar="NUMBER")
    replayed.add_argument("--dead", action="store_true", help="all dead ones")
    with_json(listed, shown)
    parser.set_defaults(run=answered_by("events"))


def _store(commands: Commands) -> None:
    parser = commands.add_parser(
        "store",
        help="update, check or copy the database",
        description="Look after the database that DESKGATE_DATABASE_URL names.",
        epilog=STORE_CODES,
    )
    actions = parser.add_subparsers(metavar="ACTION", dest="action", required=True)
    actions.add_parser("migrate", help="bring the tables up to date, as every start does", epilog=STORE_CODES)
    checked = actions.add_parser("check", help="look for damage; changes nothing, not even the version")
    with_json(checked)
    copied = actions.add_parser("backup", help="write a whole copy while others go on working", epilog=STORE_CODES)
    copied.add_argument("file", type=path, metavar="FILE", help="where the copy goes; nothing may be there yet")
    parser.set_defaults(run=answered_by("store"))


def _suppressions(commands: Commands) -> None:
    parser = commands.add_parser(
        "suppressions",
        help="who gets no mail from here",
        description="See, add and remove addresses that get no mail from here.",
        epilog=SUPPRESSION_CODES,
    )
    actions = parser.add_subparsers(metavar="ACTION", dest="action", required=True)
    listed = actions.add_parser("list", help="who, why and since when")
    with_json(listed)
    added = actions.add_parser("add", help="no mail to this address from now on", epilog=SUPPRESSION_CODES)
    added.add_argument("address", metavar="ADDRESS")
    added.add_argument("--reason", metavar="TEXT", required=True, help="shown to whoever drafts to this address")
    removed = actions.add_parser("remove", help="mail may go there again", epilog=SUPPRESSION_CODES)
    removed.add_argument("address", metavar="ADDRESS")
    parser.set_defaults(run=answered_by("suppressions"))
