"""Both pretend services on a port of their own, as `deskgate sandbox` serves them: upstream.py FOLDER."""

import sys
from functools import partial
from pathlib import Path

import anyio

from deskgate.protocol.http import listen
from deskgate.sandbox.serve import serve_world
from deskgate.sandbox.world import World


def announce(text: str) -> None:
    """Say where it answers."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    with listen("127.0.0.1", 0) as listener:
        anyio.run(partial(serve_world, World.open(Path(sys.argv[1])), listener, announce))
