"""Take a held reply back."""

from deskgate_tools._call import CurrentDesk, Facts, MessageId, Reason, Shape

FACTS = Facts("Cancel a held reply", read_only=False, destructive=True, idempotent=True)


class Cancelled(Shape):
    """A reply that will not be sent."""

    message_id: str
    ticket_id: int
    state: str

    def text(self) -> str:
        """What became of it."""
        return f"Reply {self.message_id} on ticket {self.ticket_id} is {self.state}. The customer gets nothing."


async def cancel_reply(desk: CurrentDesk, message_id: MessageId, reason: Reason = None) -> Cancelled:
    """Take back a reply that is still held, for example to write a better one. Cancelling again changes nothing."""
    reply = await desk.cancel(message_id, reason)
    return Cancelled(message_id=message_id, ticket_id=reply.ticket_id, state=reply.state)
