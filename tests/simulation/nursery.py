"""Starts `deskgate` in forked children, over and over: importing everything anew would be most of a kill loop's time.

Reads one JSON object a line (`words`, `environment`, `log`) and answers with the child's process id. A child is a process of
its own in every respect that matters to SIGKILL.
"""

import importlib
import json
import os
import signal
import sys
from pathlib import Path

USED = (
    "mcp.server.mcpserver", "uvicorn", "httpx", "psycopg_pool", "deskgate.app", "deskgate.commands.serve",
    "deskgate.protocol.http", "deskgate.protocol.server", "deskgate.web.webhooks", "deskgate.desk.inbox.worker",
    "deskgate.desk.store.postgres", "deskgate.desk.store.sqlite", "deskgate.desk.settle",
)  # fmt: skip


def _become(words: list[str], environment: dict[str, str], log: str) -> None:
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for number in (1, 2):
        os.dup2(file, number)
    os.close(0)
    os.environ.clear()
    os.environ.update(environment)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    from deskgate.cli import main

    sys.argv = ["deskgate", *words]
    try:
        code = main()
    except BaseException:
        import traceback

        traceback.print_exc()
        code = 1
    os._exit(code or 0)


def serve() -> None:
    """Until standard input ends."""
    for name in USED:
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead need no farewell
    for line in sys.stdin:
        wish = json.loads(line)
        Path(wish["log"]).touch()
        child = os.fork()
        if child == 0:
            _become(wish["words"], wish["environment"], wish["log"])
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
