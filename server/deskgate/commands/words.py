"""What the words of all commands share: who answers them, `--sandbox` and `--json`, and a few kinds of values."""

import argparse
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias

# As many as every database takes for a whole number.
NUMBER_DIGITS = 18


class Parser(argparse.ArgumentParser):
    """A parser of ours. argparse makes every part of a command of the same class, so `--sandbox` goes anywhere."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        # Suppressed, or a part without the word would overwrite what the part before it was told.
        self.add_argument(
            "--sandbox",
            action="store_true",
            default=argparse.SUPPRESS,
            help="in the pretend Zendesk and MultiMail, before or after any word",
        )


Commands: TypeAlias = "argparse._SubParsersAction[Parser]"  # noqa: SLF001  # it has no other name


def answered_by(command: str) -> Callable[[argparse.Namespace], int]:
    """What runs these words: `run` of the command's module, which is imported only then."""

    def run(words: argparse.Namespace) -> int:
        return int(import_module(f"deskgate.commands.{command}").run(words))

    return run


def with_json(*parsers: argparse.ArgumentParser, said: str = "machine-readable") -> None:
    """Let each answer a script."""
    for parser in parsers:
        parser.add_argument("--json", action="store_true", help=said)


def _digits(text: str, otherwise: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= NUMBER_DIGITS):
        raise argparse.ArgumentTypeError(otherwise)
    return int(text)


def ticket(text: str) -> int:
    """The number of a ticket."""
    return _digits(text, f"{text!r} is not the number of a ticket: that is digits alone, like 101")


def number(text: str) -> int:
    """The number of something on a list of ours."""
    return _digits(text, f"{text!r} is not a number: give the digits alone, as the list shows them")


def count(text: str) -> int:
    """How many lines of a list."""
    told = "it is a number from 1 to 10000"
    lines = _digits(text, told)
    if not 1 <= lines <= 10_000:
        raise argparse.ArgumentTypeError(told)
    return lines


def filled(text: str) -> str:
    """A word that says something."""
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty")
    return text.strip()


def path(text: str) -> Path:
    """A file or folder, whichever folder the command is in later."""
    if not text:  # an unset variable of a script, and not the folder that it happens to be in
        raise argparse.ArgumentTypeError("it is empty")
    return Path(text).expanduser().absolute()


def port(text: str) -> int:
    """A port; 0 lets the machine choose."""
    told = "a port is a number from 0 to 65535"
    port = _digits(text, told)
    if port > 65_535:
        raise argparse.ArgumentTypeError(told)
    return port
