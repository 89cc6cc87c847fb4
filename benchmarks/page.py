"""How long the reviewer's queue takes with 200 replies waiting, in a real process with a real connection.

    python benchmarks/page.py [--replies 200] [--times 15]

The sandbox answers in the server's own process with no delay, so its work is part of what is measured.
"""

import argparse
import asyncio
import os
import socket
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from deskgate.app import open_desk
from deskgate.desk import Principal
from deskgate.settings import inherited, read

TICKETS = (101, 104)


@dataclass(frozen=True)
class Took:
    """Milliseconds from sending the request."""

    first_byte: float
    whole: float
    size: int


async def fill(home: Path, replies: int) -> str:
    """Draft the replies, and invite a reviewer; gives the secret of the invitation."""
    told = read({"DESKGATE_HOME": str(home)}, sandbox=True)
    async with open_desk(told) as desk:
        agent = Principal("agent-7", "agent", frozenset({"draft"}))
        core = desk.core
        from deskgate.desk.drafts import draft
        from deskgate.web.approvals import Reviewers

        for number in range(replies):
            text = (
                f"Dear customer,\n\nyour order {number} waits at the pick-up shop until Sunday 18:00.\n\nKind regards\n"
            )
            await draft(core, agent, TICKETS[number % len(TICKETS)], text * 3)
        await asyncio.sleep(2)  # the sandbox scans every mail before it can be decided
        return await Reviewers(core.store, core.clock).invite("measure")


async def load(http: httpx.AsyncClient) -> Took:
    """Ask for the queue once."""
    began = time.perf_counter()
    async with http.stream("GET", "/approvals/") as answer:
        first, size = 0.0, 0
        async for chunk in answer.aiter_raw():
            first = first or time.perf_counter() - began
            size += len(chunk)
        assert answer.status_code == 200, answer.status_code
    return Took(first * 1e3, (time.perf_counter() - began) * 1e3, size)


async def measured(home: Path, replies: int, times: int) -> list[Took]:
    """Serve, sign in, and load the queue that often."""
    secret = await fill(home, replies)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = inherited() | {"DESKGATE_HOME": str(home), "DESKGATE_WORKER": "0"}
    command = [sys.executable, "-m", "deskgate", "serve", "--sandbox", "--transport", "http", "--port", str(port)]
    process = await asyncio.create_subprocess_exec(*command, env=environment, stderr=asyncio.subprocess.PIPE)
    assert process.stderr is not None
    await process.stderr.readline()
    origin = f"http://127.0.0.1:{port}"
    try:
        async with httpx.AsyncClient(base_url=origin, follow_redirects=True, trust_env=False, timeout=60) as http:
            signed: Any = await http.post("/approvals/sign-in", data={"secret": secret}, headers={"origin": origin})
            signed.raise_for_status()
            await load(http)
            return [await load(http) for _ in range(times)]
    finally:
        process.terminate()
        await process.wait()


def main() -> None:
    """Print the medians."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--replies", type=int, default=200)
    words.add_argument("--times", type=int, default=15)
    given = words.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        took = asyncio.run(measured(Path(folder), given.replies, given.times))
    first = [one.first_byte for one in took]
    whole = [one.whole for one in took]
    busy = os.getloadavg()[0]
    sys.stdout.write(f"{given.replies} replies, {given.times} loads, {took[0].size:,} bytes, load {busy:.1f}\n")
    sys.stdout.write(f"first byte: median {statistics.median(first):.0f} ms ({min(first):.0f} to {max(first):.0f})\n")
    sys.stdout.write(f"whole page: median {statistics.median(whole):.0f} ms ({min(whole):.0f} to {max(whole):.0f})\n")


if __name__ == "__main__":
    main()
