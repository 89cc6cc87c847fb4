"""A copy of this process for one piece of work: what it imported is there already, and only the answer comes back."""

import contextlib
import importlib
import os
import signal
import time
from collections.abc import Callable

GREEN, RED, LATE = "survived", "killed", "timed out"
# What the tests import besides our own code: read once, before any copy.
OTHERS = (
    *("mcp", "mcp.server.mcpserver", "mcp.client.sse", "mcp.client.streamable_http", "httpx", "hypothesis", "jinja2"),
    *(
        "email_validator",
        "uvicorn",
        "starlette.applications",
        "anyio.from_thread",
        "cryptography.hazmat.primitives.asymmetric.ed25519",
    ),
)


def imported() -> None:
    """Read other people's packages."""
    for name in OTHERS:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


def in_a_process(act: Callable[[], int], limit: float) -> str:
    """Run it in a copy of this process, quietly; what its exit code, or the clock, says."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            quiet = os.open(os.environ.get("MUTANTS_SAY", os.devnull), os.O_WRONLY | os.O_APPEND)
            os.dup2(quiet, 1)
            os.dup2(quiet, 2)
            code = act()
        finally:
            os._exit(code)
    until = time.monotonic() + limit
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return GREEN if os.waitstatus_to_exitcode(status) == 0 else RED
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return LATE
