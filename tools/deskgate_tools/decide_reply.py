"""Decide on a held reply, with a person's word."""

from typing import Annotated, Any

from mcp.server.mcpserver import Context, Elicit, ElicitationResult, Resolve
from pydantic import BaseModel, Field

from deskgate.desk import Decision, Look
from deskgate_tools._call import CurrentDesk, Digest, Facts, MessageId, Reason, Shape
from deskgate_tools._question import can_ask, confirmed, question

FACTS = Facts("Decide on a reply", read_only=False, destructive=True, idempotent=True, scope="decide")


class Confirm(BaseModel):
    """What the person is asked to fill in."""

    confirm: bool = Field(default=True, title="Confirm", description="Untick to leave the reply held")


class Decided(Shape):
    """A decision that was carried out, now or before."""

    message_id: str
    ticket_id: int
    state: str
    decision: str
    decided_by: str
    decided_at: str

    def text(self) -> str:
        """Who decided what."""
        return f"Reply {self.message_id}: {self.decision}, now {self.state}. By {self.decided_by} at {self.decided_at}."


async def look(desk: CurrentDesk, message_id: MessageId, decision: Decision, digest: str | None) -> Look | None:
    """What the person will be shown; `None` where nothing waits any more."""
    shown = await desk.look(message_id) if desk.asks else None
    if shown is not None and decision == "approve":
        await desk.check(shown, digest)
    return shown


async def ask(
    ctx: Context[Any, Any], desk: CurrentDesk, shown: Annotated[Look | None, Resolve(look)], decision: Decision
) -> Confirm | Elicit[Confirm]:
    """Ask the person; no question where nothing waits, or where this caller decides unattended."""
    if shown is None or not can_ask(ctx, desk):
        return Confirm(confirm=False)
    await desk.asks_person(shown, decision, answering=bool(ctx.input_responses))
    return Elicit(question(shown, decision), Confirm)


async def decide_reply(
    desk: CurrentDesk,
    message_id: MessageId,
    decision: Decision,
    shown: Annotated[Look | None, Resolve(look)],
    answer: Annotated[ElicitationResult[Confirm], Resolve(ask)],
    digest: Digest = None,
    reason: Reason = None,
) -> Decided:
    """Approve or reject a held reply. The person at the client is shown the whole mail and asked to confirm."""
    confirmation = await confirmed(desk, shown, decision, answer)
    reply = await desk.decide(message_id, decision, digest=digest, reason=reason, confirmation=confirmation)
    return Decided(
        message_id=message_id,
        ticket_id=reply.ticket_id,
        state=reply.state,
        decision=reply.decision or decision,
        decided_by=reply.decided_by or "",
        decided_at=reply.decided_at or "",
    )
