"""What the words of all commands share: who answers them, `--sandbox` and `--json`, and a few kinds of values."""

import argparse
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias


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


def count(text: str) -> int:
    """How many lines of a list."""
    number = int(text)
    if not 1 <= number <= 10_000:
        raise argparse.ArgumentTypeError("it is a number from 1 to 10000")
    return number


def filled(text: str) -> str:
    """A word that says something."""
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty")
    return text.strip()


def path(text: str) -> Path:
    """A file or folder, whichever folder the command is in later."""
    return Path(text).expanduser().absolute()


def port(text: str) -> int:
    """A port; 0 lets the machine choose."""
    number = int(text)
    if not 0 <= number <= 65_535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return number
