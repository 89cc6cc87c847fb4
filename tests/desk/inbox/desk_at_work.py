"""A desk with its worker: what the pretend world tells is carried into the inbox, and worked on."""

import hashlib
import random
from dataclasses import dataclass
from typing import Any

from bench import Bench, Person
from deskgate.desk.inbox.worker import Worker
from deskgate.sandbox.constants import HUMAN_AGENT_ID

TICKET = 101
REQUESTER = "maria.lindqvist@example.com"


@dataclass
class AtWork:
    """One process whose inbox is filled by hand."""

    one: Bench
    worker: Worker

    @classmethod
    def of(cls, one: Bench, seed: int = 1) -> "AtWork":
        """On this bench."""
        return cls(one, Worker(one.desk.core, random.Random(seed)))

    async def sent(self, ticket_id: int = TICKET, body: str = "Your kettle is on its way.") -> dict[str, Any]:
        """A reply that was drafted, approved by a person and delivered."""
        async with self.one.client("auto", Person()) as caller:
            drafted = await caller.ok("draft_gated_reply", ticket_id=ticket_id, body=body)
            self.one.clock.advance(5)
            done = await caller.ok("decide_reply", message_id=drafted["message_id"], decision="approve")
            assert done["state"] in ("sent", "delivered")
        self.one.clock.advance(10)
        self.one.world.sent_mails()
        return drafted

    async def held(self, ticket_id: int = TICKET, body: str = "Another thing.") -> dict[str, Any]:
        """A reply that waits for a decision."""
        async with self.one.client("auto", Person()) as caller:
            drafted = await caller.ok("draft_gated_reply", ticket_id=ticket_id, body=body)
        self.one.clock.advance(10)
        return drafted

    async def carry(self) -> int:
        """What is due comes in, as the webhook door would store it; gives how many were new."""
        new = 0
        for due in self.one.world.due_deliveries():
            kept = await self.worker.events.add(due.service, hashlib.sha256(due.body).hexdigest(), due.body)
            self.one.world.delivered(due.id, 202)
            new += kept
        return new

    async def work(self, limit: int = 200) -> int:
        """Carry, owe and work until nothing is due; gives how many steps were made."""
        steps = 0
        while steps < limit:
            await self.carry()
            await self.worker.heed()
            await self.worker.owe()
            if not await self.worker.step():
                break
            steps += 1
        assert steps < limit, "the inbox never comes to rest"
        return steps

    def notes(self, ticket_id: int = TICKET) -> list[str]:
        """The private notes that we made on a ticket, oldest first."""
        ours = self.one.world.comments(ticket_id)
        return [each["body"] for each in ours if not each["public"] and each["author_id"] != HUMAN_AGENT_ID]

    async def states(self) -> dict[str, int]:
        """How many events are in each state."""
        rows = await self.one.desk.core.store.rows("SELECT state, count(*) AS n FROM inbox_events GROUP BY state")
        return {row["state"]: row["n"] for row in rows}
