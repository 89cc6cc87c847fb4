"""How many webhooks `deskgate serve` takes in, durably, and how long each waits: wrk from outside, over loopback.

    python benchmarks/webhooks.py [--seconds 5] [--connections 1,2,5,10,20,50,100,200] [--database postgresql://…]

Needs wrk (`apt-get install wrk`). Every request is a signed event of MultiMail of 900 bytes that was never seen before;
the signatures are made beforehand, so that the load generator signs nothing. Afterwards every acknowledged event is
looked for in the database.
"""

import argparse
import compileall
import hashlib
import hmac
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
from starting import LIVE, _processor_seconds

from deskgate.desk.store import open_store

SECRET = "whsec_of_the_benchmark"
SCRIPT = Path(__file__).with_name("webhooks.lua")
LEVELS = (1, 2, 5, 10, 20, 50, 100, 200)
MOST_PER_SECOND = 6_000
TARGET = "target: 1,500/s, and at 50 connections p99 < 100 ms"


@dataclass(frozen=True)
class Level:
    """One row: so many connections, each sending the next event when the last one was answered."""

    connections: int
    stored: int
    per_second: float
    p50_ms: float
    p99_ms: float
    longest_ms: float
    refused: int
    server_ms: float

    def row(self) -> str:
        """As a line of a Markdown table."""
        return (
            f"| {self.connections} | **{self.per_second:,.0f}** | {self.p50_ms:.1f} | **{self.p99_ms:.1f}** "
            f"| {self.longest_ms:.0f} | {self.server_ms:.2f} | {self.refused} |"
        )


def signatures(path: Path, prefix: str, count: int) -> None:
    """One signature per line, of the bodies that webhooks.lua sends."""
    padding = "x" * 800
    with path.open("w") as file:
        for number in range(1, count + 1):
            body = (
                '{"event":"message.received","timestamp":"2026-01-28T12:00:00Z","data":'
                f'{{"email_id":"{prefix}-{number}","subject":"{padding}"}}}}'
            )
            file.write(hmac.new(SECRET.encode(), body.encode(), hashlib.sha256).hexdigest() + "\n")


@contextmanager
def serving(folder: Path, database: str) -> Iterator[tuple[str, int]]:
    """The real program on a free port; gives host and process id."""
    settings = {
        **LIVE,
        "MULTIMAIL_WEBHOOK_SECRET": SECRET,
        "DESKGATE_HOME": str(folder),
        "DESKGATE_DATABASE_URL": database,
    }
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("DESKGATE_", "ZENDESK_"))}
    command = [sys.executable, "-m", "deskgate", "serve", "--transport", "http", "--port", "0"]
    with subprocess.Popen(command, env={**inherited, **settings}, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        found = next((found for line in process.stderr if (found := re.search(r"http://([0-9.:]+)/mcp", line))), None)
        if found is None:
            raise SystemExit("deskgate did not start")
        try:
            yield found[1], process.pid
        finally:
            process.terminate()


def load(host: str, pid: int, connections: int, seconds: int, signed: Path, first: int, prefix: str) -> Level:
    """Run wrk once."""
    before = _processor_seconds(pid)
    command = [
        "wrk",
        "-t1",
        f"-c{connections}",
        f"-d{seconds}s",
        "--timeout",
        "10s",
        "-s",
        str(SCRIPT),
        f"http://{host}",
    ]
    said = subprocess.run(
        [*command, "--", str(signed), str(first), prefix, host], capture_output=True, text=True, check=True
    ).stdout
    found = json.loads(said.partition("RESULT ")[2])
    work = _processor_seconds(pid) - before
    return Level(
        connections,
        stored=found["requests"] - found["refused"],
        per_second=(found["requests"] - found["refused"]) / (found["microseconds"] / 1e6),
        p50_ms=found["p50"] / 1000,
        p99_ms=found["p99"] / 1000,
        longest_ms=found["max"] / 1000,
        refused=found["refused"] + found["broken"],
        server_ms=work * 1000 / max(1, found["requests"]),
    )


async def events(database: str, prefix: str) -> int:
    """How many events of this run are in the database."""
    store = await open_store(database)
    rows = await store.rows("SELECT body FROM inbox_events")
    await store.aclose()
    return sum(prefix.encode() in bytes(row["body"]) for row in rows)


def measured(folder: Path, database: str, levels: list[int], seconds: int) -> str:
    """The table, and what the database holds afterwards."""
    prefix, signed = uuid.uuid4().hex, folder / "signatures.txt"
    each = seconds * MOST_PER_SECOND
    signatures(signed, prefix, each * (len(levels) + 1))
    with serving(folder, database) as (host, pid):
        warm = load(host, pid, 10, 1, signed, 0, prefix)
        rows = [
            load(host, pid, level, seconds, signed, each * number, prefix) for number, level in enumerate(levels, 1)
        ]
    acknowledged = warm.stored + sum(row.stored for row in rows)
    there = anyio.run(events, database, prefix)
    lost = f"{acknowledged:,} acknowledged, {there:,} in the database" + (
        " (LOST SOME)" if there < acknowledged else ""
    )
    head = [
        "| connections | accepted/s | p50 ms | p99 ms | longest ms | server CPU ms each | refused |",
        "|---" * 7 + "|",
    ]
    return "\n".join([*head, *(row.row() for row in rows), "", f"{lost}; {TARGET}. wrk, one thread, {seconds} s each."])


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--connections", default=",".join(map(str, LEVELS)))
    parser.add_argument("--database", default="")
    words = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.stderr.write("wrk is missing: apt-get install wrk\n")
        return 1
    compileall.compile_dir(Path(__file__).parents[1] / "server", quiet=1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database = words.database or f"sqlite:///{folder / 'deskgate.sqlite3'}"
        levels = [int(level) for level in words.connections.split(",")]
        sys.stdout.write(measured(folder, database, levels, words.seconds) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
