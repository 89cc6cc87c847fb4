"""How many customers' answers come onto their tickets per second: `python benchmarks/effects.py`.

    python benchmarks/effects.py [--events 1000] [--workers 1,2,4] [--database sqlite,postgresql://…]

The inbox is filled with answers to as many tickets, then so many processes with four hands each work until it is empty.
Zendesk and MultiMail answer within each process and at once, with what the sandbox answered when one such mail was worked
on; so this is what the desk itself takes: six calls, four transactions with their records, both databases durable.
"""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import httpx
from starting import LIVE

from deskgate import settings
from deskgate.app import open_desk
from deskgate.desk import Confirmation, Desk, Principal
from deskgate.desk.inbox.worker import Worker
from deskgate.desk.store import open_store, values_of
from deskgate.desk.store.tables import named_queries
from deskgate.sandbox.constants import MAILBOX_ADDRESS
from deskgate.sandbox.transport import SandboxTransport
from deskgate.sandbox.world import World

TICKET = 101
SOLO = Principal("solo", "agent", frozenset({"draft", "decide"}), "solo's desk", solo=True)
MARKER = re.compile(rb'"deskgate_effect": ?"([0-9a-f]{32})"')
PAGE = 200


@dataclass(frozen=True)
class Recorded:
    """What was answered while one mail was worked on, by method and kind of path, and the ids in it."""

    answers: dict[str, str]
    email_id: str
    thread_id: str
    marker: str

    def dump(self) -> str:
        """As JSON."""
        return json.dumps(vars(self))


class Replaying(httpx.AsyncBaseTransport):
    """Both services, answering at once with what was recorded, under the ids that were asked for."""

    def __init__(self, told: Recorded) -> None:
        self._told = told

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The recorded answer."""
        path = request.url.path
        text = self._told.answers.get(f"{request.method} {kind_of(path)}")
        if text is None:
            return httpx.Response(404, json={"error": "not recorded"}, request=request)
        number = number_of(path)
        if number is not None:
            text = re.sub(rf"\b{TICKET}\b", str(number), text)
            text = text.replace(self._told.email_id, f"mail-{number}").replace(self._told.thread_id, f"thr-{number}")
        found = MARKER.search(await request.aread())
        if found:
            text = text.replace(self._told.marker, found[1].decode())
        return httpx.Response(200, text=text, headers={"content-type": "application/json"}, request=request)


def kind_of(path: str) -> str:
    """The path without the ids in it."""
    return re.sub(r"^/(zendesk|multimail)(?=/)|(?<=/tickets/)[^/]+|(?<=/emails/)[^/]+", "", path)


def number_of(path: str) -> int | None:
    """The ticket that the path is about."""
    found = re.search(r"tickets/(\d+)|emails/mail-(\d+)", path)
    return int(found[1] or found[2]) if found else None


class Recording(httpx.AsyncBaseTransport):
    """The sandbox, and a list of what it answered."""

    def __init__(self, world: World) -> None:
        self._inner = SandboxTransport(world)
        self.answers: dict[str, str] = {}
        self.marker = ""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer, and remember."""
        answer = await self._inner.handle_async_request(request)
        self.answers[f"{request.method} {kind_of(request.url.path)}"] = (await answer.aread()).decode()
        found = MARKER.search(await request.aread())
        self.marker = found[1].decode() if found else self.marker
        return answer


def told_of(folder: Path, database: str) -> settings.Settings:
    """The settings of every process here; without a database those of the sandbox."""
    home = {"DESKGATE_HOME": str(folder)}
    if not database:
        return settings.read(home, sandbox=True, role="solo")
    live = {**LIVE, "DESKGATE_DATABASE_URL": database, "MULTIMAIL_MAILBOX": MAILBOX_ADDRESS}
    return settings.read({**home, **live}, role="solo")


async def record(folder: Path) -> tuple[Recorded, dict[str, Any]]:
    """Work on one answer in the sandbox; gives what was answered meanwhile, and the reply's row."""
    from deskgate.desk.clock import SystemClock

    clock = SystemClock()
    world = World.open(folder / "sandbox", clock.now, seed=1)
    network = Recording(world)
    async with open_desk(told_of(folder, ""), transport=network) as opened:
        desk, worker = Desk(opened.core, SOLO), Worker(opened.core)
        drafted = await desk.draft(TICKET, "Your kettle is on its way.")
        look = await desk.look(drafted.message_id or "")
        if look is None:
            raise SystemExit("the sandbox holds no mail")
        await desk.decide(drafted.message_id or "", "approve", confirmation=Confirmation("a person", look.digest))
        email_id = world.receive_reply(TICKET, "Thank you, which cup goes with it?", quoted=True)
        box = network.answers["GET /v1/mailboxes"]
        network.answers = {"GET /v1/mailboxes": box}
        await worker.events.add("multimail", "one", body_of(email_id))
        if not await worker.step():
            raise SystemExit("nothing was worked on")
        reply = await desk.core.store.reply(drafted.id)
        if reply is None or not network.marker:
            raise SystemExit("the answer did not come onto its ticket")
        found = Recorded(network.answers, email_id, reply.thread_id or "", network.marker)
        world.close()
        return found, values_of(reply)


def body_of(email_id: str) -> bytes:
    """The event of a mail that arrived."""
    return json.dumps({"event": "message.received", "data": {"email_id": email_id}}).encode()


async def fill(database: str, folder: Path, reply: dict[str, Any], events: int) -> None:
    """As many tickets with a reply each, and an answer to each of them in the inbox."""
    told = told_of(folder, database)
    async with open_desk(told, transport=httpx.MockTransport(lambda _: httpx.Response(404))) as desk:
        store, worker = desk.core.store, Worker(desk.core)
        add = named_queries("deskgate.desk.store", store.dialect)["add_reply"]
        for first in range(0, events, PAGE):
            numbers = range(1000 + first, 1000 + min(first + PAGE, events))
            rows = [row(reply, number) for number in numbers]
            await store.tables.write(*((add, one) for one in rows))
        await worker.owe()
        for number in range(1000, 1000 + events):
            await worker.events.add("multimail", f"event-{number}", body_of(f"mail-{number}"))


def row(reply: dict[str, Any], number: int) -> dict[str, Any]:
    """The reply on another ticket, told long ago."""
    return reply | {
        "id": uuid.uuid4().hex,
        "words": uuid.uuid4().hex,
        "ticket_id": number,
        "thread_id": f"thr-{number}",
        "message_id": f"ours-{number}",
        "sent_at": "2020-01-01T00:00:00Z",
        "state": "delivered",
    }


async def work(told: settings.Settings, recorded: Recorded) -> None:
    """One process: work until nothing is open."""
    async with open_desk(told, transport=Replaying(recorded)) as desk:
        worker = Worker(desk.core)
        tell("ready\n")
        await anyio.to_thread.run_sync(sys.stdin.readline)
        async with anyio.create_task_group() as group:
            group.start_soon(worker.run)
            while (await worker.events.backlog())["open"]:  # noqa: ASYNC110 - another process may do the last one
                await anyio.sleep(0.02)
            group.cancel_scope.cancel()


async def done(database: str) -> int:
    """How many effects are proven."""
    store = await open_store(database)
    (found,) = await store.rows("SELECT COUNT(*) AS n FROM effects WHERE state = 'done'")
    await store.aclose()
    return int(found["n"])


def level(database: str, workers: int, recorded: Recorded, reply: dict[str, Any], events: int) -> float:
    """Effects per second with so many processes."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        here = database if database.startswith("postgres") else f"sqlite:///{folder / 'desk.db'}"
        anyio.run(fill, here, folder, reply, events)
        command = [sys.executable, __file__, "--work", here, "--folder", place]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        run = [
            subprocess.Popen(command, env={**os.environ, "RECORDED": recorded.dump()}, **pipes) for _ in range(workers)
        ]  # type: ignore[call-overload]
        for one in run:
            one.stdout.readline()
        began = time.perf_counter()
        for one in run:
            one.stdin.write("go\n")
            one.stdin.flush()
        for one in run:
            one.wait()
        seconds = time.perf_counter() - began
        if anyio.run(done, here) != events:
            raise SystemExit("an effect is missing")
    return events / seconds


def fresh(database: str) -> str:
    """A schema of its own on PostgreSQL; as it is for SQLite."""
    if not database.startswith("postgres"):
        return database
    import psycopg

    schema = f"effects_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}")  # type: ignore[arg-type]
    return f"{database}{'&' if '?' in database else '?'}options=-c%20search_path%3D{schema}"


def tell(text: str) -> None:
    """At once, also where nobody looks at a terminal."""
    sys.stdout.write(text)
    sys.stdout.flush()


def main() -> int:
    """Measure and tell."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--events", type=int, default=1000)
    words.add_argument("--workers", default="1,2,4")
    words.add_argument("--database", default="sqlite")
    words.add_argument("--work", help=argparse.SUPPRESS)
    words.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = words.parse_args()
    if given.work:
        anyio.run(work, told_of(given.folder, given.work), Recorded(**json.loads(os.environ["RECORDED"])))
        return 0
    with tempfile.TemporaryDirectory() as place:
        recorded, reply = anyio.run(record, Path(place))
    machine = f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    tell(f"{machine}, {given.events} answers\n\n| store | processes | effects/s |\n|---|---:|---:|\n")
    for database in given.database.split(","):
        for workers in map(int, given.workers.split(",")):
            rate = level(fresh(database), workers, recorded, reply, given.events)
            tell(f"| {database.partition(':')[0]} | {workers} | **{rate:,.0f}** |\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
