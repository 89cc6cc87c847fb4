"""One seed: some minutes at a desk of several processes, everything at once and much of it going wrong; then a calm end."""

import asyncio
import hashlib
import random
import tempfile
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio

from deskgate.app import open_desk
from deskgate.desk import Core
from deskgate.desk.errors import DeskError
from deskgate.desk.inbox.accept import Arrival, Intake
from deskgate.desk.inbox.worker import Worker
from deskgate.desk.settle import recover
from deskgate.sandbox.outbox import Delivery
from deskgate.sandbox.store import Store
from deskgate.sandbox.world import World
from simulation.chaos import Chaos
from simulation.morning import Morning
from simulation.mortal import Died, Life, MortalTables, in_memory, survived, watch
from simulation.network import Network, body_of
from simulation.people import People
from simulation.seeded import OPENING
from simulation.virtual import VirtualClock

RECONCILE_SECONDS = 240.0
ROUNDS = 400


@dataclass
class Process:
    """One process of the desk."""

    life: Life
    clock: VirtualClock
    core: Core
    worker: Worker
    intake: Intake


@dataclass(repr=False)
class Day:
    """Everything of one seed. `story` is the trace; its hash is the seed's fingerprint."""

    morning: Morning
    chaos: Chaos
    story: list[str] = field(default_factory=list)
    keep_story: bool = False
    # In the order of the trace: when an address was taken off, when an approval of a reply began, when a mail was let out.
    off: dict[str, int] = field(default_factory=dict)
    approving: dict[str, int] = field(default_factory=dict)
    let_out: dict[str, int] = field(default_factory=dict)
    waited_long: set[int] = field(default_factory=set)

    async def live(self) -> "Day":
        """From the morning to the calm end."""
        loop = asyncio.get_running_loop()
        self.loop = loop
        self.digest = hashlib.sha256()
        self.number = 0
        self.clock = VirtualClock(loop)
        self.clock.skew = 60.0  # the morning itself took a while
        self.folder = Path(
            tempfile.mkdtemp(prefix="deskgate-day-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None)  # noqa: ASYNC240
        )
        self.world = self._world()
        self.tables = in_memory(self.morning.desk)
        self.wake = anyio.Event()
        self.processes: list[Process] = []
        self.people = People(self)
        watch(
            self.tables, {"off": self.off, "approving": self.approving}, lambda: self.number, self.people.somebody_left
        )
        async with anyio.create_task_group() as group:
            self.group = group
            group.start_soon(self._carry)
            for number in range(self.chaos.processes):
                group.start_soon(self._run_for_ever, f"p{number}")
            await self.people.work()
            self.chaos.calm = True
            for process in self.processes:
                process.life.dead = True
            group.cancel_scope.cancel()
        await self._end()
        return self

    def _world(self) -> World:
        (self.folder / "Maildir").mkdir()
        for part in ("cur", "new", "tmp"):
            (self.folder / "Maildir" / part).mkdir()
        store = Store(Path(":memory:"))
        store._connection.deserialize(self.morning.world)
        return World(self.folder, store, self.clock.now, random.Random(self.chaos.seed))

    def note(self, *what: Any) -> None:
        """One more line of the trace."""
        line = f"{self.number} {self.loop.time():.6f} {' '.join(map(str, what))}"
        self.number += 1
        self.digest.update(line.encode())
        if self.keep_story:
            self.story.append(line)

    # --- processes ------------------------------------------------------------------------------------------------

    async def _run_for_ever(self, name: str) -> None:
        life = 0
        while True:
            life += 1
            with survived():
                await self._process(f"{name}.{life}")
            await anyio.sleep(self.chaos.dice.uniform(0.5, 8.0))

    async def _process(self, name: str) -> None:
        async with AsyncExitStack() as stack:
            process = await self.opened(stack, name)
            self.processes.append(process)
            try:
                async with anyio.create_task_group() as group:
                    group.start_soon(self._recover, process)
                    group.start_soon(process.worker.run, self.chaos.hands)
                    while not process.life.dead:  # noqa: ASYNC110
                        await anyio.sleep(5)
                    raise Died(name)
            finally:
                self.processes.remove(process)

    async def opened(self, stack: AsyncExitStack, name: str) -> Process:
        """A process that has just begun."""
        life = Life(name, self.chaos, self.note)
        clock = VirtualClock(self.loop, self.clock._begin)
        clock.skew = self.clock.skew
        tables = MortalTables(self.tables, life, self.chaos)
        OPENING.append(tables)
        desk = await stack.enter_async_context(
            open_desk(self.morning.told, clock=clock, transport=Network(self.world, self.chaos, life, self._answered))
        )
        chance = random.Random(self.chaos.dice.random())
        worker = Worker(desk.core, RECONCILE_SECONDS, chance)
        return Process(life, clock, desk.core, worker, Intake(desk.core.store, stored=worker.knock))

    async def _recover(self, process: Process) -> None:
        with suppress(DeskError):
            await recover(process.core)

    def _answered(self, request: Any, answer: Any) -> None:
        if request.method == "GET":
            return
        if request.url.path.endswith("/oversight/decide") and answer.status == 200:
            sent = body_of(request)
            if sent.get("action") == "approve":
                self.let_out.setdefault(sent["email_id"], self.number)
        self.people.saw(request)
        self.wake.set()

    # --- webhooks -------------------------------------------------------------------------------------------------

    async def _carry(self) -> None:
        while True:
            self.wake = anyio.Event()
            for due in self.world.due_deliveries():
                self.group.start_soon(self._deliver, due)
            with anyio.move_on_after(20):
                await self.wake.wait()
                await anyio.sleep(0.05)

    async def _deliver(self, due: Delivery) -> None:
        chaos = self.chaos
        if chaos.hit(chaos.lost, "webhook lost"):
            self.world.delivered(due.id, 202)  # for good: nobody tries again
            return
        if chaos.hit(chaos.late_webhooks, "webhook late"):
            await anyio.sleep(chaos.dice.uniform(0.0, 40.0))
        times = 2 if chaos.hit(chaos.doubled, "webhook doubled") else 1
        outcomes = [await self._post(due) for _ in range(times)]
        stored = "stored" in outcomes and not chaos.hit(chaos.unacknowledged, "acknowledgement lost")
        self.world.delivered(due.id, 202 if stored else None)

    async def _post(self, due: Delivery) -> str:
        alive = [one for one in self.processes if not one.life.dead]
        if not alive:
            return "nobody"
        body_hash = hashlib.sha256(due.body).hexdigest()
        event_id = due.headers.get("x-zendesk-webhook-invocation-id", body_hash)
        process = self.chaos.dice.choice(alive)
        now = process.core.now()
        arrival = Arrival(due.service, event_id, body_hash, None, "{}", due.body, now)  # type: ignore[arg-type]
        outcome = "died"
        with survived():
            outcome = await process.intake.accept(arrival)
        self.note("webhook", due.event_type, body_hash[:8], outcome)
        return outcome

    # --- the calm end ---------------------------------------------------------------------------------------------

    async def _end(self) -> None:
        """No more trouble: one process finishes what is open, asks for what was lost, and replays what was buried."""
        await anyio.sleep(130.0)  # what is under way arrives, leases end
        async with AsyncExitStack() as stack:
            process = await self.opened(stack, "end")
            await self._recover(process)
            await self._drained(process)
            sql = "SELECT number FROM inbox_events WHERE tries > 3 OR state = 'dead'"
            self.waited_long = {row["number"] for row in self.tables.execute(sql)}
            for row in await process.worker.events.listed("dead"):
                self.chaos.counts["replayed"] += 1
                await process.worker.events.replay(row["number"])
            await self._drained(process)
            self.core = process.core

    async def _drained(self, process: Process) -> None:
        quiet = 0
        for number in range(ROUNDS):
            for due in self.world.due_deliveries():
                await self._deliver_in_peace(process, due)
            if number % 4 == 0 or quiet:
                await process.worker.ask()
            await process.worker.owe()
            while await process.worker.step():
                pass
            quiet = quiet + 1 if not (await process.worker.events.backlog())["open"] else 0
            if quiet == 2:
                return
            await anyio.sleep(100.0)
        raise AssertionError("the inbox never comes to rest")

    async def _deliver_in_peace(self, process: Process, due: Delivery) -> None:
        if self.chaos.lost < 1.0:
            self.processes = [process]
            await self._post(due)
            self.processes = []
        self.world.delivered(due.id, 202)

    def close(self) -> None:
        """Let go of both databases."""
        import shutil

        self.world.close()
        self.tables.close()
        shutil.rmtree(self.folder, ignore_errors=True)
