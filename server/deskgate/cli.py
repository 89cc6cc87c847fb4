"""The command line: which words there are, and which module answers them.

Imports stay inside the commands: `deskgate serve` must not wait for the demo, and nothing may print before the protocol.
"""

import argparse
import sys
from collections.abc import Sequence

from deskgate import __version__

EXIT_CODES = """\
exit codes: 0 done · 1 something failed or a check found a fault · 2 wrong words on the command line or unusable
settings · 130 interrupted"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit code."""
    words = _parser().parse_args(arguments)
    try:
        return int(words.run(words))
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="deskgate",
        description="Answer Zendesk tickets by email through an approval gate, from any MCP client.",
        epilog=EXIT_CODES,
    )
    parser.add_argument("--version", action="version", version=f"deskgate {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _serve(commands)
    _sandbox(commands)
    _demo(commands)
    _doctor(commands)
    return parser


Commands = "argparse._SubParsersAction[argparse.ArgumentParser]"


def _serve(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("serve", help="run the MCP server", description="Run the MCP server.")
    parser.add_argument(
        "--transport", choices=("stdio", "http", "sse"), default="stdio", help="sse is an alias of http"
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (this machine only)")
    parser.add_argument("--port", type=_port, default=8642, help="port to listen on (8642)")
    parser.add_argument("--role", choices=("solo", "agent", "reviewer"), help="for whom this process acts")
    parser.add_argument("--sandbox", action="store_true", default=None, help="the pretend Zendesk and MultiMail")
    parser.add_argument("--fault", action="append", default=[], metavar="SPEC", help="rehearse trouble, with --sandbox")
    parser.set_defaults(run=_run_serve)


def _run_serve(words: argparse.Namespace) -> int:
    from deskgate.commands.serve import run

    return run(words)


def _sandbox(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "sandbox",
        help="serve the pretend Zendesk and MultiMail",
        description="Serve the pretend Zendesk and MultiMail on this machine, or play the customer.",
    )
    parser.add_argument("--port", type=_port, default=8643, help="port to listen on (8643)")
    parser.add_argument(
        "--fault", action="append", default=[], metavar="SPEC", help="rehearse trouble, see docs/sandbox.md"
    )
    parser.add_argument("--reset", action="store_true", help="begin again with the six tickets as new")
    actions = parser.add_subparsers(metavar="ACTION")
    reply = actions.add_parser("reply", help="answer a delivered mail as the customer")
    reply.add_argument("ticket", type=int)
    reply.add_argument("text")
    parser.set_defaults(run=_run_sandbox, text=None)


def _run_sandbox(words: argparse.Namespace) -> int:
    from deskgate.commands.sandbox import run

    return run(words)


def _demo(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "demo",
        help="watch the whole job happen, without any account",
        description="From a ticket to a delivered mail in the sandbox, as an MCP client sees it.",
    )
    parser.set_defaults(run=_run_demo)


def _run_demo(words: argparse.Namespace) -> int:
    from deskgate.commands.demo import run

    return run(words)


def _doctor(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "doctor",
        help="check settings, logins, keys and mailbox",
        description="Check settings, logins, keys and mailbox, and say what to do about each fault.",
    )
    parser.add_argument("--smoke", type=int, metavar="TICKET", help="hold one reply to this ticket and cancel it again")
    parser.add_argument("--sandbox", action="store_true", default=None, help="check the pretend world instead")
    parser.add_argument("--json", action="store_true", help="machine-readable")
    parser.set_defaults(run=_run_doctor)


def _run_doctor(words: argparse.Namespace) -> int:
    from deskgate.commands.doctor import run

    return run(words)


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65_535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return number


def say(text: str) -> None:
    """Write a line for people to standard output, which stdio mode keeps for the protocol."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def complain(text: str) -> None:
    """Write a line for people to standard error."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
