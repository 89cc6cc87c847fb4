"""Find tickets."""

from typing import Annotated, Literal

from pydantic import Field

from deskgate.desk.clock import iso
from deskgate.desk.text import fence_line
from deskgate.desk.zendesk import Ticket, TicketSearch
from deskgate_tools._call import CurrentDesk, Cursor, Facts, Shape
from deskgate_tools._ticket import shown_tags

FACTS = Facts("Search Zendesk tickets", read_only=True, destructive=False, idempotent=True)

DELAY = "Zendesk's index lags by minutes: a ticket changed just now may be missing or shown as it was."
CAP = "Zendesk lists only the first 1,000 matches. Narrow the search to reach the others."

Status = Literal["new", "open", "pending", "hold", "solved", "closed"]
Priority = Literal["low", "normal", "high", "urgent"]


class Found(Shape):
    """A ticket in brief. `subject` and `requester` are the customer's own words."""

    id: int
    subject: str
    status: str
    priority: str | None
    tags: list[str]
    requester: str | None
    updated_at: str


class TicketsFound(Shape):
    """One page of matches."""

    tickets: list[Found]
    total: int
    cursor: str | None
    notice: str

    def text(self) -> str:
        """One line a ticket."""
        lines = [f"#{one.id} [{one.status}, {one.priority or 'no priority'}] {one.subject}" for one in self.tickets]
        more = " More: pass the cursor." if self.cursor else ""
        return "\n".join([f"{len(lines)} of {self.total} tickets.{more} {self.notice}", *lines])


async def search_zendesk_tickets(
    desk: CurrentDesk,
    query: Annotated[str | None, Field(max_length=300, description="words; operators are not interpreted")] = None,
    status: Status | None = None,
    priority: Priority | None = None,
    tag: Annotated[str | None, Field(max_length=100)] = None,
    limit: Annotated[int, Field(ge=1, le=100)] = 20,
    cursor: Cursor = None,
) -> TicketsFound:
    """Find tickets by words, status, priority or tag. Gives them in brief; read one for its conversation."""
    wanted = TicketSearch(query=query, status=status, priority=priority, tag=tag, limit=limit, cursor=cursor)
    page = await desk.zendesk.search(wanted)
    notice = f"{CAP} {DELAY}" if page.capped else DELAY
    return TicketsFound(tickets=[_brief(t) for t in page.tickets], total=page.total, cursor=page.cursor, notice=notice)


def _brief(ticket: Ticket) -> Found:
    return Found(
        id=ticket.id,
        subject=fence_line(ticket.subject, 160),
        status=ticket.status,
        priority=ticket.priority,
        tags=shown_tags(ticket.tags, 10),
        requester=fence_line(ticket.requester.name, 80) if ticket.requester else None,
        updated_at=iso(ticket.updated_at),
    )
