"""Let other people's MCP clients tell the whole story to `deskgate serve --sandbox`, through every door.

Each client is a small program that makes the calls of story.json, accepts what it is asked, and prints what happened;
what that must have been is checked here. Exit code 0 when every client passed through every door.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
DESKGATE = [sys.executable, "-m", "deskgate", "serve", "--sandbox"]
DOORS = ("stdio", "http", "sse")
LIMIT_SECONDS = 60
HANDSHAKE, MODERN = "2025-11-25", "2026-07-28"
TOOLS = [
    "search_zendesk_tickets",
    "read_zendesk_ticket",
    "draft_gated_reply",
    "list_zendesk_pending",
    "decide_reply",
    "cancel_reply",
    "track_reply",
    "check_inbox",
    "note_zendesk_ticket",
    "read_audit_trail",
]


@dataclass(frozen=True)
class Peer:
    """One client in one era; `version` is the protocol revision that it must end up with."""

    name: str
    command: tuple[str, ...]
    era: str
    version: str


OLD = str(HERE / ".venv-mcp1" / "bin" / "python")
PEERS = (
    Peer("python mcp 1.30", (OLD, "python_v1.py"), "legacy", HANDSHAKE),
    Peer("python mcp 2.3, handshake", (sys.executable, "python_v2.py"), "legacy", HANDSHAKE),
    Peer("python mcp 2.3, auto", (sys.executable, "python_v2.py"), "auto", MODERN),
    Peer("typescript sdk 1.32", ("node", "typescript_v1.mjs"), "legacy", HANDSHAKE),
    Peer("typescript client 2.4, handshake", ("node", "typescript_v2.mjs"), "legacy", HANDSHAKE),
    Peer("typescript client 2.4, auto", ("node", "typescript_v2.mjs"), "auto", MODERN),
)


@contextmanager
def opened(door: str, home: str) -> Iterator[dict[str, Any]]:
    """What a client needs to come in: a command to start, or an address that is being served."""
    environment = {"PATH": os.environ["PATH"], "HOME": home, "DESKGATE_HOME": home}
    if door == "stdio":
        yield {"command": DESKGATE[0], "args": DESKGATE[1:], "env": environment}
        return
    command = [*DESKGATE, "--transport", "http", "--port", "0"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stderr is not None
            origin = server.stderr.readline().partition(" at ")[2].partition("/mcp")[0]
            yield {"url": f"{origin}/{'sse' if door == 'sse' else 'mcp'}"}
        finally:
            server.terminate()
            server.wait(LIMIT_SECONDS)


def told(peer: Peer, door: str) -> dict[str, Any]:
    """What the client says happened."""
    with tempfile.TemporaryDirectory() as home, opened(door, home) as target:
        command = [*peer.command, peer.era, door, json.dumps(target)]
        done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)
    if done.returncode != 0:
        raise AssertionError(f"exit {done.returncode}\n{done.stderr[-3000:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def faults(peer: Peer, story: dict[str, Any]) -> Iterator[str]:
    """Every way in which the story was not what it must be."""
    results, given = story["results"], {name: one["structured"] for name, one in story["results"].items()}
    failed = [name for name, one in results.items() if one["error"]]
    if failed != ["refused"]:
        yield f"these calls failed: {[results[name]['text'] for name in failed]}"
        return
    checks = {
        "the protocol revision": story["version"] == peer.version,
        "the tools and their order": story["tools"] == TOOLS,
        "the search": any(one["id"] == 101 for one in given["found"]["tickets"]),
        "the ticket": given["read"]["ticket"]["id"] == 101 and bool(given["read"]["comments"]),
        "the draft": given["held"]["state"] == "held" and given["held"]["to"] == given["read"]["requester"]["email"],
        "the queue": [one["message_id"] for one in given["waiting"]["pending"]] == [given["held"]["message_id"]],
        "the decision": given["decided"]["state"] in {"sent", "delivered"},
        "the same decision again": given["again"]["decided_at"] == given["decided"]["decided_at"],
        "one question, with the whole mail": len(story["asked"]) == 1
        and given["held"]["digest"] in story["asked"][0]
        and "The parcel is on its way." in story["asked"][0],
        "the cancelled draft": given["cancelled"]["state"] == "cancelled",
        "the life of the reply": [one["decision"] for one in given["tracked"]["replies"]] == ["approve"],
        "the inbox": given["heard"]["mails"] == [] and "deskgate setup webhook" in given["heard"]["notice"],
        "the note": given["noted"]["comment_id"] > 0 and given["noted"]["public"] is False,
        "the refusal of an unknown argument": results["refused"]["text"].startswith("bad_input: "),
        "a text with every result": all(one["text"] for one in results.values()),
    }
    yield from (what for what, right in checks.items() if not right)


def main() -> int:
    """Try everything and say how it went, one line each."""
    broken = 0
    for peer in PEERS:
        for door in DOORS:
            begun = time.monotonic()
            try:
                wrong = list(faults(peer, told(peer, door)))
            except (AssertionError, subprocess.TimeoutExpired, ValueError) as error:
                wrong = [str(error)]
            broken += bool(wrong)
            verdict = "ok" if not wrong else f"WRONG: {'; '.join(wrong)}"
            sys.stdout.write(f"{peer.name:<34} {door:<6} {time.monotonic() - begun:5.1f} s  {verdict}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{len(PEERS) * len(DOORS) - broken} of {len(PEERS) * len(DOORS)} passed\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
