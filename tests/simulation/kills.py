"""Real processes, killed with SIGKILL again and again: `python tests/simulation/kills.py --kills 100 [--database postgres]`.

The pretend services run in a process of their own that is never killed. Signed webhooks are posted all the while to one or
more `deskgate serve`, and what was answered with 202 is remembered. At the end each of those mails has exactly one note.
"""

import argparse
import hashlib
import hmac
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import anyio
import httpx

import databases
from deskgate.desk.inbox.effects import marker_of
from deskgate.desk.replies import DELIVERED, Reply
from deskgate.desk.store import open_store
from deskgate.sandbox import constants
from deskgate.sandbox.exchange import Ask
from deskgate.sandbox.world import World

TICKETS = 250
REQUESTER = 33144692240101
LONG_AGO = "2020-01-01T00:00:00Z"
POSTS_PER_SECOND = 20.0
READY_SECONDS = 60.0
DRAIN_SECONDS = 400.0


@dataclass
class Result:
    """What was seen."""

    kills: int = 0
    posted: int = 0
    acknowledged: dict[str, tuple[int, str]] = field(default_factory=dict)
    unanswered: dict[str, tuple[int, str]] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    out_of_order: int = 0
    notes: int = 0
    left_open: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def row(self, database: str) -> str:
        """One line for people."""
        return (
            f"{database}: {self.kills} kills in {self.seconds:.0f} s, {self.posted} events posted, "
            f"{len(self.acknowledged)} acknowledged, {self.notes} notes, {len(self.lost)} lost, "
            f"{len(self.doubled)} doubled, {self.out_of_order} out of order, {self.left_open} still open"
        )


@dataclass
class Nursery:
    """Where processes begin; see `nursery.py`."""

    process: "subprocess.Popen[str]"

    def child(self, words: list[str], environment: dict[str, str], log: Path) -> int:
        """A new `deskgate`; its process id."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        wish = {"words": words, "environment": environment, "log": str(log)}
        self.process.stdin.write(json.dumps(wish) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


@contextmanager
def _nursery() -> Iterator[Nursery]:
    command = [sys.executable, str(Path(__file__).with_name("nursery.py"))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Nursery(process)
        finally:
            process.terminate()


@dataclass
class Server:
    """One `deskgate serve` on its port, which is started again after each kill."""

    nursery: Nursery
    port: int
    environment: dict[str, str]
    log: Path
    pid: int | None = None

    def start(self) -> None:
        """Start it; it is not ready yet."""
        words = ["serve", "--transport", "http", "--port", str(self.port)]
        self.pid = self.nursery.child(words, self.environment, self.log)

    def kill(self) -> None:
        """SIGKILL, and nothing else."""
        if self.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self.pid = None


@dataclass
class Loop:
    """One run over one database."""

    folder: Path
    database: str
    servers: int
    kills: int
    seed: int = 1
    minutes: float = 60.0
    result: Result = field(default_factory=Result)

    def run(self) -> Result:
        """Post and kill; then let it finish, and look."""
        self.dice = random.Random(self.seed)
        begun = time.monotonic()
        with ExitStack() as stack:
            base = stack.enter_context(_sandbox(self.folder))
            self.world = World.open(self.folder / "sandbox")
            stack.callback(self.world.close)
            self._prepare()
            nursery = stack.enter_context(_nursery())
            environment = _environment(self.folder, base, self.database)
            self._servers = [
                Server(nursery, _free_port(), environment, self.folder / f"serve{number}.log")
                for number in range(self.servers)
            ]
            for one in self._servers:
                stack.callback(one.kill)
                one.start()
            self._ready(self._servers[0])
            self._posting = threading.Event()
            poster = threading.Thread(target=self._post_all)
            poster.start()
            try:
                self._kill_all()
            finally:
                self._posting.set()
                poster.join()
            self._drain()
            self._look()
        self.result.seconds = time.monotonic() - begun
        return self.result

    def _prepare(self) -> None:
        """Tickets, and a reply on a thread for each, told long ago."""
        self.world.switch("ticket_updates", 0)
        self.world.point_webhooks("")
        self._tickets = [_ticket(self.world, number) for number in range(TICKETS)]
        anyio.run(self._bind)

    async def _bind(self) -> None:
        store = await open_store(self.database)
        for ticket in self._tickets:
            assert await store.add_reply(_answered(ticket), principal="bot", owner="team")
        await store.aclose()

    def _ready(self, server: Server) -> bool:
        end = time.monotonic() + READY_SECONDS
        while time.monotonic() < end:
            with suppress(httpx.HTTPError):
                if httpx.get(f"http://127.0.0.1:{server.port}/healthz", trust_env=False).status_code == 200:
                    return True
            time.sleep(0.05)
        raise SystemExit(f"deskgate did not start: {server.log.read_text()[-2000:]}")

    def _post_all(self) -> None:
        dice = random.Random(self.seed + 1)
        with httpx.Client(timeout=5, trust_env=False) as http:
            while not self._posting.wait(dice.expovariate(POSTS_PER_SECOND)):
                ticket = dice.choice(self._tickets)
                words = f"Words number {self.result.posted} of this run"
                email = self.world.receive_mail(
                    "maria.lindqvist@example.com", "Order", words, thread_id=f"thr_{ticket}"
                )
                self.result.posted += 1
                for _ in range(dice.choice([1, 1, 1, 2])):  # some twice
                    self._insist(http, email, ticket, words)

    def _insist(self, http: httpx.Client, email: str, ticket: int, words: str) -> None:
        """As a sender does it: again until it is answered with 202."""
        self.result.unanswered.setdefault(email, (ticket, words))
        while not self._posting.is_set():
            if self._post(http, email, self.dice.choice(self._servers).port):
                self.result.acknowledged.setdefault(email, (ticket, words))
                return
            self._posting.wait(0.03)

    def _post(self, http: httpx.Client, email: str, port: int) -> bool:
        body = json.dumps({"event": "message.received", "data": {"email_id": email}}).encode()
        digest = hmac.new(constants.MULTIMAIL_WEBHOOK_SECRET.encode(), body, hashlib.sha256).hexdigest()
        headers = {"content-type": "application/json", "x-multimail-signature": f"sha256={digest}"}
        try:
            answer = http.post(f"http://127.0.0.1:{port}/webhooks/multimail", content=body, headers=headers)
        except httpx.HTTPError as error:
            self.result.answers[type(error).__name__] += 1
            return False
        self.result.answers[str(answer.status_code)] += 1
        return answer.status_code == 202

    def _kill_all(self) -> None:
        end = time.monotonic() + self.minutes * 60
        while self.result.kills < self.kills and time.monotonic() < end:
            victim = self.dice.choice(self._servers)
            if self.dice.random() < 0.9:  # the others die while they start
                self._ready(victim)
            time.sleep(self.dice.uniform(0.0, 2.0))
            victim.kill()
            self.result.kills += 1
            victim.start()

    def _drain(self) -> None:
        """Until nothing is open; leases of the killed have to end first."""
        end = time.monotonic() + DRAIN_SECONDS
        while time.monotonic() < end:
            self.result.left_open = anyio.run(self._open)
            if not self.result.left_open:
                return
            time.sleep(1)

    async def _open(self) -> int:
        store = await open_store(self.database)
        (found,) = await store.rows("SELECT COUNT(*) AS n FROM inbox_events WHERE state NOT IN ('done', 'flagged')")
        await store.aclose()
        return int(found["n"])

    def _look(self) -> None:
        notes: dict[str, int] = {}
        last: dict[int, int] = {}
        places = _places(self.world)
        everything = {**self.result.acknowledged, **self.result.unanswered}
        for email, (ticket, words) in everything.items():
            found = [number for number, body in places.get(ticket, ()) if words in body.splitlines()]
            notes[email] = len(found)
            self.result.notes += len(found)
            if not found and email in self.result.acknowledged:
                self.result.lost.append(email)
            if len(found) > 1:
                self.result.doubled.append(email)
            if found and email in self.result.acknowledged:
                self.result.out_of_order += last.get(ticket, 0) > found[0]
                last[ticket] = max(last.get(ticket, 0), found[0])
        self.result.doubled += [key for key in notes if _marked(self.world, marker_of(f"received:{key}")) > 1]


def _places(world: World) -> dict[int, list[tuple[int, str]]]:
    with world.moment() as moment:
        rows = moment.store._connection.execute("SELECT id, ticket_id, document FROM comment ORDER BY id").fetchall()
    found: dict[int, list[tuple[int, str]]] = {}
    for row in rows:
        found.setdefault(row["ticket_id"], []).append((row["id"], json.loads(row["document"])["body"]))
    return found


def _marked(world: World, marker: str) -> int:
    with world.moment() as moment:
        like = f'%"{marker}"%'
        return int(
            moment.store._connection.execute("SELECT COUNT(*) FROM audit WHERE document LIKE ?", [like]).fetchone()[0]
        )


def _answered(ticket: int) -> Reply:
    return Reply(
        id=f"{ticket:032x}",
        ticket_id=ticket,
        words=f"words {ticket}",
        mailbox=constants.MAILBOX_ADDRESS,
        recipient="maria.lindqvist@example.com",
        subject="Re: Order",
        body="It is on its way.",
        seen="{}",
        state=DELIVERED,
        drafted_by="bot",
        drafted_at=LONG_AGO,
        thread_id=f"thr_{ticket}",
        message_id=f"ours_{ticket}",
        sent_at=LONG_AGO,
    )


def _ticket(world: World, number: int) -> int:
    wish = {"ticket": {"subject": f"Order {number}", "comment": {"body": "Where is it?"}, "requester_id": REQUESTER}}
    headers = {"authorization": f"Bearer {constants.ZENDESK_BEARER}"}
    answer = world.answer("zendesk", Ask("POST", "/api/v2/tickets", headers=headers, body=json.dumps(wish).encode()))
    return int(json.loads(answer.body)["ticket"]["id"])


def _environment(folder: Path, base: str, database: str) -> dict[str, str]:
    ours = ("DESKGATE_", "ZENDESK_", "MULTIMAIL_")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {
        **inherited,
        **constants.SANDBOX_ENVIRONMENT(base),
        "DESKGATE_HOME": str(folder),
        "DESKGATE_DATABASE_URL": database,
        "DESKGATE_RECONCILE_SECONDS": "0",  # what was acknowledged has to be enough
    }


@contextmanager
def _sandbox(folder: Path) -> Iterator[str]:
    port = _free_port()
    environment: dict[str, Any] = {**os.environ, "DESKGATE_HOME": str(folder)}
    command = [sys.executable, "-m", "deskgate", "sandbox", "--port", str(port)]
    with (
        (folder / "sandbox.log").open("wb") as log,
        subprocess.Popen(command, env=environment, stdout=log, stderr=log) as process,
    ):
        try:
            end = time.monotonic() + READY_SECONDS
            while time.monotonic() < end:
                with suppress(httpx.HTTPError):
                    httpx.get(f"http://127.0.0.1:{port}/multimail/health", trust_env=False)
                    break
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def killed(kind: str, kills: int, seed: int = 1, minutes: float = 60.0) -> Result:
    """A whole run on a fresh database of that kind: one process on SQLite, two on PostgreSQL."""
    folder = Path(tempfile.mkdtemp(prefix="deskgate-kills-"))
    schemas = databases.Schemas()
    try:
        database = schemas(folder) if kind == "postgres" else databases.in_folder(folder)
        return Loop(folder, database, 2 if kind == "postgres" else 1, kills, seed, minutes).run()
    finally:
        schemas.drop()
        shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    """Say what was seen; 1 where something was lost or doubled."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--kills", type=int, default=100)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--minutes", type=float, default=60.0, help="kill for no longer than this")
    words.add_argument("--database", choices=databases.KINDS, default="sqlite")
    given = words.parse_args()
    result = killed(given.database, given.kills, given.seed, given.minutes)
    print(result.row(given.database))  # noqa: T201
    print(dict(result.answers), result.lost[:5], result.doubled[:5])  # noqa: T201
    return bool(result.lost or result.doubled or result.left_open)


if __name__ == "__main__":
    sys.exit(main())
