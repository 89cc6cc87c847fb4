"""What the audit trail adds to a draft and to a decision: `python benchmarks/audit_cost.py [--rounds 100] [--database URL]`.

Two desks in one process, one with the trail and one whose store drops what is said; they take turns, so that a machine
whose speed drifts treats both alike. The sandbox answers in the same process with no delay of its own: against real
services, where each call takes a hundred milliseconds or more, the share is far smaller.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import Any

from mcp import Client
from mcp.types import ElicitRequestFormParams, ElicitResult
from measure import Figure, ratios

from deskgate.app import open_desk
from deskgate.desk import Confirmation, Desk
from deskgate.desk.audit.journal import Journal
from deskgate.desk.audit.said import Once, Said
from deskgate.desk.store import Store
from deskgate.desk.store.tables import Step, Tail
from deskgate.protocol.server import build_server
from deskgate.sandbox.transport import SandboxTransport
from deskgate.sandbox.world import World
from deskgate.settings import read

TICKET = 101
BODY = "Dear customer,\n\nyour order {0} waits at the pick-up shop until Sunday 18:00.\n\nKind regards\n" * 3
STEPS = ("draft", "decision", "decide_reply with its question")


class Still:
    """A clock that moves only when somebody sleeps, so that nothing waits."""

    def __init__(self) -> None:
        self._now = datetime(2026, 1, 28, 12, tzinfo=UTC)
        self._seconds = 0.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._seconds

    async def sleep(self, seconds: float) -> None:
        self.advance(seconds)
        await asyncio.sleep(0)

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        self._seconds += seconds


class Mute(Journal):
    """A journal that only does what goes on record where it happened, and records nothing."""

    def tails(self, said: Sequence[Said | Once], happened: dict[int, bool]) -> list[Tail]:
        *tails, _records = super().tails([replace(one, said=()) for one in said if isinstance(one, Once)], happened)
        return tails


class Silent(Store):
    """A store without the trail: what changes something of ours, and nothing else."""

    @cached_property
    def _journal(self) -> Journal:
        return Mute(self.dialect, self._clock)

    async def tell(self, *said: Said | Once, behind: Sequence[Step] = ()) -> list[bool]:
        changes = behind or any(isinstance(one, Once) for one in said)
        return await super().tell(*said, behind=behind) if changes else [True] * len(said)


@dataclass
class Side:
    """A desk, and an MCP client at its tools whose person says yes to every question."""

    desk: Desk
    clock: Still
    client: Client


async def yes(_context: Any, _asked: ElicitRequestFormParams) -> ElicitResult:
    """The person's answer."""
    return ElicitResult(action="accept", content={"confirm": True})


@asynccontextmanager
async def at_work(folder: Path, url: str | None, *, audit: bool) -> AsyncIterator[Side]:
    """A desk of its own on a world of its own."""
    clock = Still()
    world = World.open(folder / "world", clock.now)
    told = read({"DESKGATE_HOME": str(folder)}, sandbox=True, role="solo")
    if url:
        told = replace(told, database=url)
    try:
        async with open_desk(told, clock=clock, transport=SandboxTransport(world)) as desk:
            silent = replace(desk.core, store=Silent(desk.core.store.tables, clock))
            side = desk if audit else replace(desk, core=silent)
            async with Client(build_server(side), elicitation_callback=yes) as client:
                yield Side(side, clock, client)
    finally:
        world.close()


Times = list[tuple[float, float]]


async def timed(into: Times, work: Callable[[], Any]) -> Any:
    """Append the milliseconds, and how many of them this process worked: on a loaded machine the better measure."""
    begun, worked = time.perf_counter(), time.process_time()
    found = await work()
    into.append(((time.perf_counter() - begun) * 1000, (time.process_time() - worked) * 1000))
    return found


async def one_round(side: Side, number: int, into: dict[str, Times]) -> None:
    """Draft a reply, look at it and approve it: every second one by the tool, which asks the person in the chat."""
    held = await timed(into["draft"], lambda: side.desk.draft(TICKET, BODY.format(number)))
    side.clock.advance(5)
    asked = number % 2 == 1
    decided = decided_by_tool if asked else decided_at_desk
    await timed(into[STEPS[1 + asked]], lambda: decided(side, held.message_id or ""))
    side.clock.advance(60)


async def decided_at_desk(side: Side, message_id: str) -> None:
    """As the page and the terminal do it."""
    look = await side.desk.look(message_id)
    if look is None:
        raise SystemExit("a draft was not held")
    await side.desk.decide(message_id, "approve", confirmation=Confirmation(by="a person", digest=look.digest))


async def decided_by_tool(side: Side, message_id: str) -> None:
    """As a model does it: the question and its answer are two records more, and a question is two messages more."""
    done = await side.client.call_tool("decide_reply", {"message_id": message_id, "decision": "approve"})
    if done.is_error:
        raise SystemExit(f"decide_reply: {done.content}")


async def measured(rounds: int, urls: Sequence[str | None]) -> dict[str, tuple[Times, Times]]:
    """Milliseconds of each step, with and without."""
    took: list[dict[str, Times]] = [{step: [] for step in STEPS} for _ in range(2)]
    with tempfile.TemporaryDirectory() as folder:
        async with AsyncExitStack() as opened:
            desks = [
                await opened.enter_async_context(at_work(Path(folder) / str(place), urls[place], audit=place == 0))
                for place in range(2)
            ]
            for number in range(rounds):
                for place in (0, 1) if number % 4 < 2 else (1, 0):
                    await one_round(desks[place], number, took[place] if number >= 4 else {one: [] for one in STEPS})
    return {step: (took[0][step], took[1][step]) for step in STEPS}


def say(text: str) -> None:
    """On standard output."""
    sys.stdout.write(text + "\n")


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--rounds", type=int, default=100)
    words.add_argument("--databases", nargs=2, metavar="URL", help="two empty databases: with the trail, and without")
    given = words.parse_args()
    say(f"load before {os.getloadavg()[0]:.1f}")
    found = asyncio.run(measured(given.rounds, given.databases or (None, None)))
    say("| what | values | low | **median** | high | unit |\n|---|---|---|---|---|---|")
    for step, (with_it, without) in found.items():
        for place, kind in enumerate(("", ", processor")):
            ones, others = ([one[place] for one in times] for times in (with_it, without))
            say(Figure(f"{step}{kind}, with the trail", "ms", tuple(ones), 2).row())
            say(Figure(f"{step}{kind}, without", "ms", tuple(others), 2).row())
            say(ratios(f"{step}{kind}, with over without", ones, others).row())
            say(f"| {step}{kind}, median over median | | | **{median(ones) / median(others):.3f}** | | × |")
    say(f"load after {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
