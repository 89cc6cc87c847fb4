"""One waiting reply as a model or a person may see it."""

from datetime import datetime

from deskgate.desk.clock import parse_time
from deskgate.desk.queue import Pending
from deskgate.desk.text import fence_line, fence_marked, marked
from deskgate_tools._call import Shape
from deskgate_tools._ticket import shown_tags

SCANNING = "MultiMail is still scanning this mail; it can be decided in a moment"
UNREADABLE = "the ticket can no longer be read in Zendesk"


class PendingReply(Shape):
    """`to`, `subject` and `body` are what MultiMail holds now, invisible characters shown as ‹U+…›.

    `digest` is over exactly that and the ticket as it is now. `stale` says that something moved since the draft.
    """

    message_id: str | None
    ticket_id: int
    status: str | None
    priority: str | None
    tags: list[str]
    requester: str | None
    to: list[str]
    subject: str
    body: str
    digest: str | None
    drafted_by: str
    drafted_at: str
    age_minutes: int
    stale: bool
    why: list[str]

    def text(self, room: int = 12_000) -> str:
        """The mail and what to know before deciding; a body longer than `room` characters only in part."""
        warning = f"\nSTALE: {'; '.join(self.why)}" if self.stale else "".join(f"\nNote: {why}" for why in self.why)
        body = self.body if len(self.body) <= room else f"{self.body[:room]}\n(cut: the structured result has it whole)"
        return (
            f"{self.message_id} on ticket {self.ticket_id} [{self.status or '?'}, {self.priority or 'no priority'}], "
            f"{self.age_minutes} min, by {self.drafted_by}{warning}\n"
            f"To: {', '.join(self.to)}\nSubject: {self.subject}\nDigest: {self.digest}\n\n{body}"
        )


def pending_reply(item: Pending, now: datetime) -> PendingReply:
    """Put together what is held and what the ticket is."""
    reply, look, ticket = item.reply, item.look, item.ticket
    moved = [*look.moved, *(f"the held mail differs from the draft: {part}" for part in look.altered)] if look else []
    if ticket is None:
        moved.append(UNREADABLE)
    drafted = parse_time(reply.drafted_at) or now
    requester = ticket.requester if ticket else None
    return PendingReply(
        message_id=reply.message_id,
        ticket_id=reply.ticket_id,
        status=ticket.status if ticket else None,
        priority=ticket.priority if ticket else None,
        tags=shown_tags(ticket.tags) if ticket else [],
        requester=fence_line(requester.name, 80) if requester else None,
        to=[marked(one) for one in look.content.to + look.content.cc] if look else [reply.recipient],
        subject=fence_marked(look.content.subject if look else reply.subject),
        body=marked(look.body if look else reply.body),
        digest=look.digest if look else reply.digest,
        drafted_by=reply.drafted_by,
        drafted_at=reply.drafted_at,
        age_minutes=max(0, int((now - drafted).total_seconds() // 60)),
        stale=bool(moved),
        why=moved + ([SCANNING] if item.scanning else []),
    )
