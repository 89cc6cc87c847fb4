"""From spawn to `tools/list`, side by side with the smallest server on the same SDK; and what the list weighs."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from measure import Figure, ratios

HANDSHAKE: tuple[dict[str, Any], ...] = (
    {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "figures", "version": "1"},
        },
    },
    {"jsonrpc": "2.0", "method": "notifications/initialized"},
    {"jsonrpc": "2.0", "id": 2, "method": "tools/list"},
)
PREFIX = "io.modelcontextprotocol/"
MODERN = {
    "jsonrpc": "2.0",
    "id": 2,
    "method": "tools/list",
    "params": {"_meta": {f"{PREFIX}protocolVersion": "2026-07-28", f"{PREFIX}clientCapabilities": {}}},
}
# Shaped like real settings and never used: no request is made before the first call.
LIVE = {
    "ZENDESK_SUBDOMAIN": "example",
    "ZENDESK_OAUTH_TOKEN": "none",
    "MULTIMAIL_TOKEN": "sends",
    "MULTIMAIL_OVERSIGHT_TOKEN": "decides",
    "MULTIMAIL_MAILBOX": "support@example.com",
}


@dataclass
class Server:
    """One of the servers that are compared."""

    name: str
    command: list[str]
    environment: Mapping[str, str]
    seconds: list[float] = field(default_factory=list)
    worked: list[float] = field(default_factory=list)
    megabytes: list[float] = field(default_factory=list)

    def start(self, frames: tuple[dict[str, Any], ...] = HANDSHAKE) -> bytes:
        """Start it, list its tools, end it. Gives the line with the list and notes time and memory."""
        begun = time.perf_counter()
        with subprocess.Popen(
            self.command, env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(b"".join(json.dumps(frame).encode() + b"\n" for frame in frames))
            process.stdin.flush()
            line = next(line for line in process.stdout if json.loads(line)["id"] == 2)
            self.seconds.append(time.perf_counter() - begun)
            self.megabytes.append(_peak_megabytes(process.pid))
            self.worked.append(_processor_seconds(process.pid))
            process.stdin.close()
        return line.rstrip(b"\n")


def _peak_megabytes(pid: int) -> float:
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return float("nan")
    peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1]) / 1024


def _processor_seconds(pid: int) -> float:
    status = Path(f"/proc/{pid}/stat")
    if not status.exists():
        return float("nan")
    fields = status.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def start_figures(folder: Path, runs: int) -> list[Figure]:
    """Every server once in each of so many rounds, after one round that does not count."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("DESKGATE_", "ZENDESK_"))}
    base = {**inherited, "DESKGATE_HOME": str(folder)}
    serve = [sys.executable, "-m", "deskgate", "serve"]
    one = Server("one tool", [sys.executable, str(Path(__file__).with_name("one_tool.py"))], base)
    sandbox = Server("deskgate, sandbox", [*serve, "--sandbox"], base)
    live = Server("deskgate, live settings", serve, {**base, **LIVE})
    servers = (one, sandbox, live)
    for server in servers:
        server.start()
        for values in (server.seconds, server.worked, server.megabytes):
            values.clear()
    for _ in range(runs):
        for server in servers:
            server.start()
    times = [Figure(f"spawn → tools/list: {one.name}", "s", tuple(one.seconds), 3) for one in servers]
    against = [
        ratios(f"… {server.name} over one tool, pair by pair", server.seconds, one.seconds) for server in servers[1:]
    ]
    work = [Figure(f"processor time by then: {one.name}", "s", tuple(one.worked), 2) for one in servers]
    work += [ratios(f"… {one.name} over one tool", one.worked, servers[0].worked) for one in servers[1:]]
    memory = [Figure(f"peak memory by then: {one.name}", "MB", tuple(one.megabytes)) for one in servers]
    lists = (("handshake", sandbox.start()), ("2026-07-28", sandbox.start((MODERN,))))
    sizes = [Figure(f"tools/list on the wire, {era}", "bytes", (float(len(line)),), 0) for era, line in lists]
    return [*times, *against, *work, *memory, *sizes]
