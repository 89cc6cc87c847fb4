"""`deskgate settings`: every setting with what it means, wherever deskgate was installed from."""

import argparse
from importlib.resources import files
from pathlib import Path

from deskgate.cli import say

# The wheel carries the file under this name; a checkout has it at its root.
IN_WHEEL = "env.example"
IN_CHECKOUT = ".env.example"


def run(_words: argparse.Namespace) -> int:
    """Print it. 0 always: nothing of it is read."""
    say(text().rstrip("\n"))
    return 0


def text() -> str:
    """The file itself, so that there is one list and no copy of it."""
    packed = files("deskgate") / IN_WHEEL
    if packed.is_file():
        return packed.read_text("utf-8")
    return (Path(__file__).parents[3] / IN_CHECKOUT).read_text("utf-8")
