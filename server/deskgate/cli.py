"""The command line: which words there are, and which module answers them.

Imports stay inside the commands: `deskgate serve` must not wait for the demo, and nothing may print before the protocol.
"""

import sys
from collections.abc import Sequence

from deskgate import __version__
from deskgate.commands.words import Commands, Parser, answered_by, filled, port, ticket, with_json

EXIT_CODES = """\
exit codes: 0 done · 1 something failed or a check found a fault · 2 wrong words on the command line or unusable
settings · 130 interrupted"""

GATE_CODES = """\
exit codes: 0 done · 1 refused, with `code: sentence` on standard error · 2 wrong words on the command line, unusable
settings, or nobody there to ask"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit code."""
    words = _parser().parse_args(arguments)
    try:
        return int(words.run(words))
    except KeyboardInterrupt:
        return 130


def _parser() -> Parser:
    parser = Parser(
        prog="deskgate",
        description="Answer Zendesk tickets by email through an approval gate, from any MCP client.",
        epilog=EXIT_CODES,
    )
    parser.add_argument("--version", action="version", version=f"deskgate {__version__}")
    parser.set_defaults(sandbox=None)  # nobody said so; DESKGATE_SANDBOX may
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _serve(commands)
    _sandbox(commands)
    _demo(commands)
    _doctor(commands)
    _settings(commands)
    _setup(commands)
    _pending(commands)
    _decide(commands)
    _reviewer(commands)
    _policy(commands)
    _token(commands)
    _operator(commands)
    return parser


def _serve(commands: Commands) -> None:
    parser = commands.add_parser("serve", help="run the MCP server", description="Run the MCP server.")
    parser.add_argument(
        "--transport", choices=("stdio", "http", "sse"), default="stdio", help="sse is an alias of http"
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on; beyond this machine only with tokens"
    )
    parser.add_argument("--port", type=port, default=8642, help="port to listen on (8642)")
    parser.add_argument("--role", choices=("solo", "agent", "reviewer"), help="for whom this process acts")
    parser.add_argument("--fault", action="append", default=[], metavar="SPEC", help="rehearse trouble, with --sandbox")
    parser.set_defaults(run=answered_by("serve"))


def _sandbox(commands: Commands) -> None:
    parser = commands.add_parser(
        "sandbox",
        help="serve the pretend Zendesk and MultiMail",
        description="Serve the pretend Zendesk and MultiMail on this machine, or play the agent or the customer.",
    )
    parser.add_argument("--port", type=port, help="port to listen on, or for `reply` where it listens (8643)")
    parser.add_argument(
        "--fault", action="append", default=[], metavar="SPEC", help="rehearse trouble, see docs/sandbox.md"
    )
    parser.add_argument("--reset", action="store_true", help="begin again with the six tickets as new")
    parser.add_argument("--desk", metavar="URL", help="where webhooks go (http://127.0.0.1:8642); '' for nowhere")
    actions = parser.add_subparsers(metavar="ACTION", dest="action")
    draft = actions.add_parser("draft", help="draft an example reply as an agent; it waits in the queue")
    draft.add_argument("ticket", type=ticket, nargs="?", default=101, help="101 (the default), 104, 105 or 106")
    draft.add_argument("--body", metavar="TEXT", help="the reply's text; other words make another reply")
    reply = actions.add_parser("reply", help="answer a delivered mail as the customer")
    reply.add_argument("ticket", type=ticket)
    reply.add_argument("text", nargs="?", default="")
    reply.add_argument("--from", dest="sender", metavar="ADDRESS", help="somebody else answers in the thread")
    reply.add_argument("--automatic", action="store_true", help="an absence notice")
    reply.add_argument("--quoted", action="store_true", help="with the answered mail below, as mail programs do it")
    reply.add_argument("--bounce", action="store_true", help="no answer: the delivered mail comes back")
    parser.set_defaults(run=answered_by("sandbox"))


def _demo(commands: Commands) -> None:
    parser = commands.add_parser(
        "demo",
        help="watch the whole job happen, without any account",
        description="From a ticket to a delivered mail in the sandbox, as an MCP client sees it.",
    )
    parser.set_defaults(run=answered_by("demo"))


def _doctor(commands: Commands) -> None:
    parser = commands.add_parser(
        "doctor",
        help="check settings, logins, keys and mailbox",
        description="Check settings, logins, keys and mailbox, and say what to do about each fault.",
    )
    parser.add_argument(
        "--smoke", type=ticket, metavar="TICKET", help="hold one reply to this ticket and cancel it again"
    )
    parser.add_argument("--role", choices=("solo", "agent", "reviewer"), help="check what this role would find")
    with_json(parser)
    parser.set_defaults(run=answered_by("doctor"))


def _settings(commands: Commands) -> None:
    text = "Print every setting with what it means, as a file for the environment. Nothing is read."
    parser = commands.add_parser("settings", help="print every setting, with what it means", description=text)
    parser.set_defaults(run=answered_by("settings_listed"))


def _setup(commands: Commands) -> None:
    from deskgate.commands.setup_words import add

    add(commands)


def _pending(commands: Commands) -> None:
    parser = commands.add_parser(
        "pending",
        help="see which replies wait for a decision",
        description="List the replies that wait for a decision, oldest first, in terms of their tickets.",
        epilog=GATE_CODES,
    )
    parser.add_argument("message_id", metavar="MESSAGE_ID", nargs="?", help="show this one, with the whole mail")
    parser.add_argument("--ticket", type=ticket, metavar="N", help="only the replies to this ticket")
    parser.add_argument("--full", action="store_true", help="show every mail whole")
    with_json(parser, said="machine-readable, with whole mails")
    parser.set_defaults(run=answered_by("pending"))


def _decide(commands: Commands) -> None:
    parser = commands.add_parser(
        "decide",
        help="approve or reject a reply",
        description="Show a waiting reply as the customer would get it, ask, and carry out the decision.",
        epilog=GATE_CODES,
    )
    parser.add_argument("message_id", metavar="MESSAGE_ID", help="as `deskgate pending` shows it")
    parser.add_argument("decision", choices=("approve", "reject"))
    parser.add_argument("--digest", type=filled, metavar="D", help="the digest of what was seen; default: the draft's")
    parser.add_argument("--reason", metavar="TEXT", help="kept in the record; a rejection needs one")
    parser.add_argument("--yes", action="store_true", help="do not show and ask; for scripts")
    with_json(parser, said="machine-readable; what is shown goes to standard error")
    parser.set_defaults(run=answered_by("decide"))


def _reviewer(commands: Commands) -> None:
    parser = commands.add_parser(
        "reviewer",
        help="who may decide on the page",
        description="Let people in to the reviewer's page at /approvals, or keep them out.",
    )
    actions = parser.add_subparsers(metavar="ACTION", dest="action", required=True)
    invite = actions.add_parser("invite", help="print a one-time link that signs this person in")
    invite.add_argument("name", help="as the person is called in DESKGATE_PRINCIPAL, so that nobody approves their own")
    where = invite.add_mutually_exclusive_group()
    where.add_argument("--url", help="where the page is for them; default: DESKGATE_PUBLIC_URL, or this machine")
    where.add_argument("--port", type=port, help="the port of this machine where `deskgate serve` listens (8642)")
    listing = actions.add_parser("list", help="who is in, who is out")
    with_json(listing)
    revoke = actions.add_parser("revoke", help="end a person's sessions and links")
    revoke.add_argument("name")
    parser.set_defaults(run=answered_by("reviewer"), name="", json=False, url=None, port=None)


def _policy(commands: Commands) -> None:
    parser = commands.add_parser(
        "policy", help="see what the policy would do", description="See what the policy would do, and why."
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    test = actions.add_parser("test", help="explain what would happen to a reply on a ticket; nothing is sent or kept")
    test.add_argument("ticket", type=ticket)
    text = test.add_mutually_exclusive_group()
    text.add_argument("--body", metavar="TEXT", help="the reply's text")
    text.add_argument("--body-file", metavar="FILE", help="the reply's text, from a file")
    test.add_argument("--policy", metavar="FILE", help="try this file instead of the one that DESKGATE_POLICY names")
    with_json(test)
    parser.set_defaults(run=answered_by("policy"))


def _token(commands: Commands) -> None:
    parser = commands.add_parser(
        "token",
        help="who may come in over HTTP",
        description="Make, revoke and list the bearer tokens of HTTP, in the file that DESKGATE_TOKENS names.",
    )
    actions = parser.add_subparsers(metavar="ACTION", dest="action", required=True)
    new = actions.add_parser("new", help="make a token and print it, once")
    new.add_argument("principal", metavar="PRINCIPAL", help="the name in every record, such as support-bot")
    new.add_argument("--kind", choices=("human", "agent"), required=True, help="who is at the other end")
    new.add_argument(
        "--scope", action="append", required=True, choices=("draft", "decide", "audit", "admin"), help="may be repeated"
    )
    new.add_argument("--owner", help="the person or team behind it; who owns the drafter cannot approve the draft")
    new.add_argument("--label", help="a remark for the list")
    revoke = actions.add_parser("revoke", help="take a token out")
    revoke.add_argument("id", metavar="ID", help="the token's id, from the list")
    listed = actions.add_parser("list", help="show the tokens, without anything secret")
    with_json(listed)
    parser.set_defaults(run=answered_by("token"))


def _operator(commands: Commands) -> None:
    from deskgate.commands import audit_words, operator_words

    operator_words.add(commands)
    audit_words.add(commands)


def say(text: str) -> None:
    """Write a line for people to standard output, which stdio mode keeps for the protocol."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def complain(text: str) -> None:
    """Write a line for people to standard error."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
