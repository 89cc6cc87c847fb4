"""A desk with a policy over the pretend world, on which somebody was written to before."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from policy_texts import LOW_RISK

from bench import Bench, bench
from deskgate.desk import Principal, Reply
from deskgate.desk.policy import evaluations_of

REVIEWER = Principal("reviewer:tomasz", "human", frozenset({"decide"}), owner="tomasz")
KETTLE = "Dear Maria, your kettle waits at the shop until Sunday. Kind regards, Ines"


@dataclass
class PolicyDesk:
    """Short words for what these tests do."""

    bench: Bench
    path: Path

    async def approve(self, reply: Reply) -> Reply:
        """A person approves."""
        return await replace(self.bench.desk, caller=REVIEWER).decide(reply.message_id or "", "approve")

    async def acquaint(self, ticket_id: int = 101) -> None:
        """Have a person approve a first mail to the ticket's requester."""
        self.bench.clock.advance(60)
        first = await self.bench.desk.draft(ticket_id, "Hello, we are looking into it.")
        assert first.state == "held"
        await self.approve(first)
        self.bench.clock.advance(60)

    async def draft(self, ticket_id: int = 101, body: str = KETTLE) -> Reply:
        """Draft as the agent."""
        return await self.bench.desk.draft(ticket_id, body)

    def tag(self, *tags: str, ticket_id: int = 101, **how: Any) -> None:
        """Add tags to a ticket."""
        had = self.bench.world.ticket(ticket_id)["tags"]
        self.bench.world.edit_ticket(ticket_id, tags=[*had, *tags], **how)

    async def last(self, reply: Reply) -> dict[str, Any]:
        """The newest evaluation of a reply, with guards and facts read."""
        row = (await evaluations_of(self.bench.desk.core.policies.gatherer.tables, reply.id))[-1]  # type: ignore[union-attr]
        return row | {"guards": json.loads(row["guards"]), "facts": json.loads(row["facts"])}

    def sent(self) -> list[str]:
        """The bodies of the mails that went out after the first."""
        return [mail.body for mail in self.bench.world.sent_mails()[1:]]


@asynccontextmanager
async def policy_desk(
    folder: Path, text: str = LOW_RISK, *, acquainted: bool = True, **more: Any
) -> AsyncIterator[PolicyDesk]:
    """Open one; ticket 101's requester was written to before unless said otherwise."""
    path = folder / "policy.toml"
    path.write_text(text)
    async with bench(folder, DESKGATE_POLICY=str(path), DESKGATE_PRINCIPAL="agent", **more) as found:
        desk = PolicyDesk(found, path)
        if acquainted:
            await desk.acquaint()
        yield desk
