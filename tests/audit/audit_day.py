"""A day's work of a desk that can be broken off anywhere, and tables that fail when they are told to."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from bench import Bench
from desk.inbox.desk_at_work import AtWork
from deskgate.desk import Confirmation, Desk
from deskgate.desk.store.tables import Step, Tables, Tail
from story.dying import BODY, NOTE, TICKET, Life, insisting

ANSWER = "Thank you. Until when are they open?"
SECOND = "Hello Maria,\n\nthey are open until eight.\n\nInes"
LEAVING = "Unsubscribe"
REASON = "the customer called"


class DiskFull(Exception):
    """What a database may say to any statement."""


class Faulty:
    """Tables that refuse one statement, or at which a process may die within and after every transaction.

    After one is before the next: nothing else of ours is durable.
    """

    def __init__(self, tables: Tables, life: Life | None = None) -> None:
        self._tables = tables
        self.life = life or Life()
        self.refused: str | None = None
        self.dialect = tables.dialect

    async def rows(self, sql: str, /, **values: Any) -> list[dict[str, Any]]:
        """One statement."""
        return await self._tables.rows(sql, **values)

    async def write(self, *steps: Step, tails: Sequence[Tail] = ()) -> int:
        """One transaction."""
        watched = [self._watched(tail, last=tail is tails[-1]) for tail in tails]
        changed = await self._tables.write(*steps, tails=watched)
        self.life.point("after")
        return changed

    async def aclose(self) -> None:
        """Close them."""
        await self._tables.aclose()

    def _watched(self, tail: Tail, *, last: bool) -> Tail:
        def then(rows: list[dict[str, Any]]) -> Sequence[Step]:
            steps = tail.then(rows)
            if self.refused and any(self.refused in sql for sql, _ in steps):
                raise DiskFull
            if last:
                self.life.point("within")
            return steps

        return replace(tail, then=then)


def faulty(one: Bench, life: Life | None = None) -> Faulty:
    """The bench's own database, made to fail."""
    tables = Faulty(one.desk.core.store.tables, life)
    one.desk.core.store.tables = tables
    return tables


async def approved(desk: Desk, message_id: str) -> None:
    """As the tool does it: look, ask, hear, decide."""
    look = await desk.look(message_id)
    if look is None:
        await desk.decide(message_id, "approve")
        return
    await desk.asks_person(look, "approve")
    await desk.answered(look, "approve", "yes")
    await desk.decide(message_id, "approve", confirmation=Confirmation(by="a person in the chat", digest=look.digest))


async def day(one: Bench) -> None:
    """A day's work of a desk, which may have been begun before and broken off anywhere."""
    desk, clock = one.desk, one.clock
    if any(mail["markdown"] == LEAVING for mail in one.world.emails()):  # all else was done before
        await worked(one)
        return
    first = await insisting(clock, lambda: desk.draft(TICKET, BODY))
    clock.advance(5)
    await desk.show((await desk.pending(limit=10)).items)
    await insisting(clock, lambda: approved(desk, first.message_id or ""))
    clock.advance(60)
    await desk.track(ticket_id=TICKET)
    await insisting(clock, lambda: desk.note(TICKET, NOTE))
    second = await insisting(clock, lambda: desk.draft(TICKET, SECOND))
    clock.advance(5)
    if second.state != "cancelled":
        await insisting(clock, lambda: desk.cancel(second.message_id or "", REASON))
    if not any(mail["markdown"] == ANSWER for mail in one.world.emails()):
        one.world.receive_reply(TICKET, ANSWER)
        one.world.receive_reply(TICKET, LEAVING)
    await worked(one)


async def worked(one: Bench) -> None:
    """The inbox comes to rest, whatever had been begun."""
    work = AtWork.of(one)
    for _ in range(6):
        await work.work()
        one.clock.advance(300)
    assert set(await work.states()) <= {"done"}


def events(records: list[dict[str, Any]]) -> list[str]:
    """What is told, in order, as `event status`."""
    return [f"{record['ev']} {record['res']['status']}" for record in records]
