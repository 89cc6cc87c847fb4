"""What waits for a decision, in ticket terms."""

from typing import Annotated

from pydantic import Field

from deskgate_tools._call import CurrentDesk, Cursor, Facts, Shape, TicketId
from deskgate_tools._pending import PendingReply, pending_reply

TEXT_LIMIT_CHARS = 30_000

FACTS = Facts("List pending replies", read_only=True, destructive=False, idempotent=True)


class PendingReplies(Shape):
    """One page of the queue, oldest first. `other_mail` counts held mails that were not drafted here."""

    pending: list[PendingReply]
    total: int
    other_mail: int
    cursor: str | None

    def text(self) -> str:
        """Each reply with its body, long ones in part."""
        more = " More: pass the cursor." if self.cursor else ""
        room = TEXT_LIMIT_CHARS // max(1, len(self.pending))
        head = f"{len(self.pending)} of {self.total} replies wait for approval.{more}"
        return "\n\n".join([head, *(reply.text(room) for reply in self.pending)])


async def list_zendesk_pending(
    desk: CurrentDesk,
    limit: Annotated[int, Field(ge=1, le=100)] = 20,
    cursor: Cursor = None,
    ticket_id: TicketId | None = None,
) -> PendingReplies:
    """List replies that wait for approval, oldest first.

    Each with its ticket, the whole mail as MultiMail holds it now, its digest, and whether it is stale.
    """
    queue = await desk.pending(limit=limit, cursor=cursor, ticket_id=ticket_id)
    await desk.show(queue.items)
    now = desk.core.clock.now()
    return PendingReplies(
        pending=[pending_reply(item, now) for item in queue.items],
        total=queue.total,
        other_mail=queue.foreign,
        cursor=queue.cursor,
    )
