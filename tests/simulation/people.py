"""Everybody else: customers who write, agents who edit tickets, people who draft and decide."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import anyio
import httpx

from deskgate.desk import Confirmation, Desk
from deskgate.desk.errors import DeskError
from deskgate.sandbox import constants
from deskgate.sandbox.exchange import Ask, RefusedError
from simulation.morning import SOLO, TICKETS
from simulation.mortal import survived

if TYPE_CHECKING:
    from simulation.day import Day

WEIGHTS = {
    "write": 9, "burst": 3, "leave": 2, "last_word": 2, "stranger": 1, "bounce": 2, "complain": 1, "edit": 5, "close": 1,
    "reply": 8, "outside": 1, "garbage": 1, "kill": 2, "jump": 2,
}  # fmt: skip


@dataclass
class Written:
    """A mail that a customer wrote: which ticket's thread it is on, and the words that nobody else wrote."""

    ticket_id: int | None
    words: str


class People:
    """What happens in one seed, and what everybody knows of it."""

    def __init__(self, day: "Day") -> None:
        self._day = day
        self._dice = day.chaos.dice
        self._number = 0
        self.written: dict[str, Written] = {}
        self.tags: dict[int, set[str]] = {}
        self._drafted: list[str] = []

    async def work(self) -> None:
        """All that happens until the trouble ends."""
        seconds = self._day.chaos.minutes * 60
        moments = sorted(self._dice.uniform(0, seconds) for _ in range(self._day.chaos.actions))
        for moment in moments:
            await anyio.sleep(max(0.0, moment - self._day.loop.time()))
            name = self._dice.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
            self._day.chaos.counts[f"does {name}"] += 1
            self._day.note("does", name)
            with suppress(LookupError, RefusedError):  # nothing to answer, or the ticket is closed
                getattr(self, name)()
            self._day.wake.set()
        await anyio.sleep(max(0.0, seconds - self._day.loop.time()))

    def _ticket(self) -> int:
        return self._dice.choice(TICKETS)

    def _words(self) -> str:
        self._number += 1
        return f"Words number {self._number} of seed {self._day.chaos.seed}"

    # --- customers ------------------------------------------------------------------------------------------------

    def write(self, ticket: int | None = None) -> None:
        """A customer, a machine of theirs or somebody else answers."""
        ticket, words, luck = ticket or self._ticket(), self._words(), self._dice.random()
        sender = "brother@example.net" if luck < 0.1 else None
        email = self._day.world.receive_reply(
            ticket, words, sender, automatic=0.1 <= luck < 0.2, quoted=self._dice.random() < 0.3
        )
        self.written[email] = Written(ticket, words)

    def burst(self) -> None:
        """Two or three answers in one breath."""
        ticket = self._ticket()
        for _ in range(self._dice.randint(2, 3)):
            self.write(ticket)

    def leave(self) -> None:
        """A customer wants no more mail."""
        ticket = self._ticket()
        email = self._day.world.receive_reply(ticket, "Please unsubscribe me")
        self.written[email] = Written(ticket, "")

    def last_word(self) -> None:
        """A customer wants no more mail while a reply to them is being approved."""
        ticket = self._ticket()
        self._day.group.start_soon(self._reply, ticket, self._words())
        self._day.loop.call_later(self._dice.uniform(0.0, 5.0), self._leave_if_open, ticket)

    def _leave_if_open(self, ticket: int) -> None:
        if not self._day.chaos.calm:
            with suppress(LookupError):
                email = self._day.world.receive_reply(ticket, "Please unsubscribe me")
                self.written[email] = Written(ticket, "")
                self._day.wake.set()

    def stranger(self) -> None:
        """A mail that belongs to no ticket."""
        words = self._words()
        email = self._day.world.receive_mail("stranger@example.net", "Re: ticket 101", words)
        self.written[email] = Written(None, words)

    def bounce(self) -> None:
        """A mail comes back."""
        self._day.world.bounce(self._ticket(), self._dice.choice(["hard_bounce", "soft_bounce"]))

    def complain(self) -> None:
        """A reader calls a mail spam."""
        self._day.world.complain(self._ticket())

    # --- agents ---------------------------------------------------------------------------------------------------

    def edit(self, ticket: int | None = None) -> None:
        """An agent works on a ticket by hand."""
        ticket = ticket or self._ticket()
        self._number += 1
        kind = self._dice.choice(["tag", "tag", "note", "public", "pending", "solved", "open"])
        wish: dict[str, Any] = {"status": kind}
        if kind == "tag":
            tag = f"by_hand_{self._number}"
            wish = {"tags": [*self._day.world.ticket(ticket)["tags"], tag]}
        if kind in ("note", "public"):
            wish = {"comment": {"body": f"By hand, number {self._number}", "public": kind == "public"}}
        self._day.world.edit_ticket(ticket, **wish)
        if kind == "tag":
            self.tags.setdefault(ticket, set()).add(tag)
        self._day.note("edit", ticket, kind)

    def close(self) -> None:
        """A ticket is closed for good."""
        ticket = self._ticket()
        self._day.world.edit_ticket(ticket, status="solved")
        self._day.world.edit_ticket(ticket, status="closed")

    def saw(self, request: httpx.Request) -> None:
        """We changed something: perhaps an agent is at the same ticket in the same second."""
        path = request.url.path
        if "/tickets/" in path and self._day.chaos.hit(self._day.chaos.meddling, "edit beside ours"):
            ticket = int(path.split("/tickets/")[1].split("/")[0])
            self._day.loop.call_later(self._dice.uniform(0.0, 1.2), self._meddle, ticket)

    def _meddle(self, ticket: int) -> None:
        if not self._day.chaos.calm:
            with suppress(LookupError, RefusedError):
                self.edit(ticket)

    # --- people at the desk ---------------------------------------------------------------------------------------

    def reply(self) -> None:
        """Somebody drafts a reply; later it is approved, rejected, taken back or left waiting."""
        self._day.group.start_soon(self._reply, self._ticket(), self._words())

    async def _reply(self, ticket: int, words: str) -> None:
        drafted = await self._insist(lambda desk: desk.draft(ticket, words))
        if drafted is None or drafted.message_id is None:
            return
        self._drafted.append(drafted.message_id)
        await anyio.sleep(self._dice.choice([0.1, 2.0, 20.0, 60.0, 120.0]))
        mail, way = drafted.message_id, self._dice.choices(["approve", "cancel", "reject", ""], [8, 1, 1, 1])[0]
        if way == "cancel":
            await self._insist(lambda desk: desk.cancel(mail))
        elif way:
            await self._insist(lambda desk: self._decided(desk, mail, way))

    def somebody_left(self) -> None:
        """An address was taken off at this moment: somebody approves what waits, before it can be taken back."""
        if not self._day.chaos.calm and self._dice.random() < 0.7:
            for mail in self._drafted[-3:]:
                self._day.loop.call_later(self._dice.uniform(0.0, 0.8), self._approve, mail)

    def _approve(self, mail: str) -> None:
        if not self._day.chaos.calm:
            self._day.group.start_soon(self._insist, lambda desk: self._decided(desk, mail, "approve"))

    async def _decided(self, desk: Desk, mail: str, way: Any) -> Any:
        look = await desk.look(mail)
        if look is not None:
            return await desk.decide(mail, way, confirmation=Confirmation("a person", look.digest))
        return None

    async def _insist(self, call: Callable[[Desk], Awaitable[Any]]) -> Any:
        """Try again where it fails, or where the process that was asked died over it."""
        for pause in (1.0, 15.0, 61.0, 0.0):
            alive = [one for one in self._day.processes if not one.life.dead]
            if alive:
                process = self._dice.choice(alive)
                with suppress(DeskError), survived():
                    return await call(Desk(process.core, SOLO))
            await anyio.sleep(pause)
        return None

    def outside(self) -> None:
        """Somebody decides in MultiMail itself."""
        held = self._day.world.held_mails()
        if held:
            mail = self._dice.choice(held)["id"]
            body = f'{{"email_id":"{mail}","action":"approve"}}'.encode()
            headers = {"authorization": f"Bearer {constants.MULTIMAIL_OVERSIGHT_KEY}"}
            self._day.world.answer("multimail", Ask("POST", "/v1/oversight/decide", headers=headers, body=body))

    # --- machines -------------------------------------------------------------------------------------------------

    def garbage(self) -> None:
        """A body that nobody can read."""
        self._number += 1
        values = (f"garbage {self._number}", b"\xff not json")
        alive = [one for one in self._day.processes if not one.life.dead]
        if alive:
            self._day.group.start_soon(self._add, alive[0], *values)

    async def _add(self, process: Any, event_id: str, body: bytes) -> None:
        with survived():
            await process.worker.events.add("multimail", event_id, body)

    def kill(self) -> None:
        """A process is killed, wherever it is."""
        alive = [one for one in self._day.processes if not one.life.dead]
        if alive:
            victim = self._dice.choice(alive)
            victim.life.dead = True
            self._day.chaos.counts["kill"] += 1

    def jump(self) -> None:
        """The wall clock of a machine is put right, or wrong."""
        if self._day.chaos.jumps and self._day.processes:
            victim = self._dice.choice(self._day.processes)
            by = self._dice.choice([-300.0, -60.0, -5.0, -1.0, 1.0, 5.0, 60.0, 300.0])
            victim.clock.skew = self._day.clock.skew + by
            self._day.chaos.counts["jump"] += 1
