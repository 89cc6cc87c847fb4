"""Leave a private note on a ticket."""

from typing import Annotated

from pydantic import Field

from deskgate_tools._call import CurrentDesk, Facts, Shape, TicketId

FACTS = Facts("Add a private note", read_only=False, destructive=False, idempotent=True, scope="draft")


class Noted(Shape):
    """The note as Zendesk has it: `comment_id` is its proof, `public` is always false."""

    ticket_id: int
    comment_id: int
    public: bool
    posted_at: str
    already_there: bool

    def text(self) -> str:
        """Where it is."""
        again = " It was there already; nothing was posted." if self.already_there else ""
        return f"Private note {self.comment_id} is on ticket {self.ticket_id}.{again}"


async def note_zendesk_ticket(
    desk: CurrentDesk,
    ticket_id: TicketId,
    note: Annotated[str, Field(max_length=60_000, description="plain text")],
) -> Noted:
    """Add a private note that only agents see. The same note within an hour is posted once."""
    record, already_there = await desk.note(ticket_id, note)
    return Noted(
        ticket_id=ticket_id,
        comment_id=record.comment_id or 0,
        public=False,
        posted_at=record.posted_at or "",
        already_there=already_there,
    )
