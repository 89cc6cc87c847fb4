"""The state in which every seed begins: two tickets whose customers have one mail of ours each. Made once, then copied."""

import shutil
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

import anyio

from deskgate import settings
from deskgate.app import open_desk
from deskgate.desk import Confirmation, Desk, Principal
from deskgate.desk.inbox.worker import Worker
from deskgate.sandbox.transport import SandboxTransport
from deskgate.sandbox.world import FILE_NAME, World
from fakes import FakeClock
from simulation.mortal import image_of
from simulation.seeded import by_chance
from simulation.virtual import MORNING

TICKETS = (101, 104)
SOLO = Principal("solo", "agent", frozenset({"draft", "decide"}), "solo's desk", solo=True)
SWITCHES = {"forms": "v1", "ticket_updates": 0}


@dataclass(frozen=True)
class Morning:
    """Both databases, and the ids of the mails that the customers have."""

    world: bytes
    desk: bytes
    told: settings.Settings


def at_rest(folder: Path) -> settings.Settings:
    """The settings of a process in that folder."""
    return settings.read({"DESKGATE_HOME": str(folder)}, sandbox=True, role="solo")


@cache
def morning() -> Morning:
    """Draft, approve and deliver one mail for each ticket, and tell the tickets."""
    folder = Path(tempfile.mkdtemp(prefix="deskgate-morning-"))
    try:
        told = at_rest(folder)
        clock = FakeClock(MORNING)
        world = World.open(folder / "sandbox", clock.now, seed=1)
        for name, value in SWITCHES.items():
            world.switch(name, value)
        with by_chance(Random(0)):
            anyio.run(_begin, told, clock, world)
        world.close()
        desk = Path(told.database.removeprefix("sqlite:///"))
        return Morning(image_of(folder / "sandbox" / FILE_NAME), image_of(desk), told)
    finally:
        shutil.rmtree(folder)


async def _begin(told: settings.Settings, clock: FakeClock, world: World) -> None:
    async with open_desk(told, clock=clock, transport=SandboxTransport(world)) as opened:
        desk = Desk(opened.core, SOLO)
        worker = Worker(desk.core, chance=Random(1))
        await worker.owe()
        for ticket in TICKETS:
            clock.advance(3)
            drafted = await desk.draft(ticket, f"First words on ticket {ticket}.")
            clock.advance(3)
            look = await desk.look(drafted.message_id or "")
            assert look is not None
            said = Confirmation("a person", look.digest)
            await desk.decide(drafted.message_id or "", "approve", confirmation=said)
        clock.advance(10)
        for due in world.due_deliveries():
            world.delivered(due.id, 202)
        await worker.owe()
        while await worker.step():
            pass
