"""Draft a reply that MultiMail holds."""

from typing import Annotated

from pydantic import Field

from deskgate.desk import Reply
from deskgate.desk.replies import CANCELLED, DELIVERED, HELD, REJECTED, SENT
from deskgate.desk.text import fence_marked
from deskgate_tools._call import CurrentDesk, Facts, Shape, TicketId

FACTS = Facts("Draft a gated reply", read_only=False, destructive=False, idempotent=True, scope="draft")

NEXT = {
    HELD: "Held for approval. Nothing reaches the customer until it is approved; do not draft it again.",
    REJECTED: "A reviewer rejected exactly this text. Write a different one.",
    CANCELLED: "This draft was cancelled.",
    SENT: "This text was approved and has left. Do not send it again.",
    DELIVERED: "This text was delivered. Do not send it again.",
}


class Drafted(Shape):
    """A reply that is held, or what became of the same words earlier.

    `to` was derived from the ticket; `subject` quotes the customer's and is fenced.
    """

    message_id: str | None
    ticket_id: int
    to: str
    subject: str
    state: str
    thread_id: str | None
    digest: str | None
    next: str

    def text(self) -> str:
        """What happened and what comes next."""
        return f"Reply {self.message_id} to {self.to} on ticket {self.ticket_id}: {self.state}. {self.next}"


async def draft_gated_reply(
    desk: CurrentDesk,
    ticket_id: TicketId,
    body: Annotated[str, Field(max_length=60_000, description="the whole mail, plain text or markdown")],
    subject: Annotated[str | None, Field(max_length=300, description="default: Re: and the ticket's subject")] = None,
) -> Drafted:
    """Draft an email reply to the ticket's requester. It is held until someone entitled approves it.

    The recipient always is the requester and cannot be chosen. The same ticket and body again gives the same draft.
    """
    return drafted(await desk.draft(ticket_id, body, subject))


def drafted(reply: Reply) -> Drafted:
    """A reply as this tool answers."""
    return Drafted(
        message_id=reply.message_id,
        ticket_id=reply.ticket_id,
        to=reply.recipient,
        subject=fence_marked(reply.subject),
        state=reply.state,
        thread_id=reply.thread_id,
        digest=reply.digest,
        next=NEXT.get(reply.state, "Follow it with track_reply."),
    )
