"""Follow a reply's life."""

from deskgate.desk import Reply
from deskgate.desk.text import label
from deskgate_tools._call import CurrentDesk, Facts, MessageId, Shape, TicketId

FACTS = Facts("Track replies", read_only=True, destructive=False, idempotent=True)


class Life(Shape):
    """One reply from draft to inbox. A time is null where that step has not happened."""

    message_id: str | None
    ticket_id: int
    to: str
    state: str
    drafted_by: str
    drafted_at: str
    decision: str | None
    decided_by: str | None
    decided_at: str | None
    reason: str | None
    sent_at: str | None
    delivered_at: str | None
    bounced_at: str | None
    bounce_type: str | None

    def text(self) -> str:
        """One line."""
        decided = f", {self.decision} by {self.decided_by} at {self.decided_at}" if self.decision else ""
        arrived = f", delivered {self.delivered_at}" if self.delivered_at else ""
        bounced = f", bounced {self.bounced_at} ({self.bounce_type or 'no reason given'})" if self.bounced_at else ""
        what = f"{self.message_id or '(no id yet)'} on ticket {self.ticket_id} to {self.to}: {self.state}"
        return what + decided + arrived + bounced


class Lives(Shape):
    """Replies, newest first."""

    replies: list[Life]

    def text(self) -> str:
        """One line a reply."""
        return "\n".join(life.text() for life in self.replies) or "No replies were drafted here."


async def track_reply(
    desk: CurrentDesk, message_id: MessageId | None = None, ticket_id: TicketId | None = None
) -> Lives:
    """Follow replies of a message, of a ticket, or the newest: drafted, held, decided by whom, delivered or bounced."""
    return Lives(replies=[_life(reply) for reply in await desk.track(message_id=message_id, ticket_id=ticket_id)])


def _life(reply: Reply) -> Life:
    same = {name: getattr(reply, name) for name in Life.model_fields if name not in {"to", "bounce_type"}}
    # The reason of a bounce may be the words of a foreign mail server.
    bounce_type = label(reply.bounce_type, 80) if reply.bounce_type else None
    return Life(to=reply.recipient, bounce_type=bounce_type, **same)
