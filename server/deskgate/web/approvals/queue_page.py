"""The queue: what waits, in ticket terms, and how many came since the page was loaded."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from deskgate.desk import Desk
from deskgate.desk.queue import Pending
from deskgate.desk.replies import APPROVING, CANCELLING, HELD, REJECTING, Reply
from deskgate.desk.store.tables import named_queries
from deskgate.desk.text import label
from deskgate.web.approvals.sorting import PRIORITIES, SORTS, Choice, priority_of, warnings_of
from deskgate.web.approvals.visit import Endpoint, House, Visit, session_of

PAGE = 500
PAGE_CHARS = 10_000_000
WAITING = (HELD, APPROVING, REJECTING, CANCELLING)
EVERY_REPLY = "every reply waits for a person"


@dataclass(frozen=True)
class Row:
    """One waiting reply as one line of the queue."""

    id: str
    ticket_id: int
    subject: str
    status: str
    priority: str
    requester: str
    drafted_by: str
    drafted_at: str
    why: str
    warnings: list[str]
    scanning: bool
    read: bool


async def queue_page(visit: Visit) -> Response:
    """All that waits, narrowed and sorted as the address says."""
    given = visit.request.query_params
    choice = Choice.of(given)
    items, foreign = await everything(visit.desk)
    chosen = choice.of_items(items)
    opened = await visit.house.reviewers.opened(visit.session, visit.house.seen_hours)
    reasons = await visit.house.reasons([item.reply.id for item in chosen]) if visit.house.reasons else {}
    rows = [_row(item, opened, reasons) for item in chosen]
    newest = max(((item.reply.drafted_at, item.reply.id) for item in items), default=("", ""))
    return visit.page(
        "queue.html",
        rows=rows,
        total=len(items),
        foreign=foreign,
        choice=choice,
        priorities=PRIORITIES,
        sorts=SORTS,
        after="~".join(newest),
        report=await visit.house.reviewers.told(visit.session, given["result"]) if "result" in given else [],
        deciding=visit.desk.core.oversight is not None,
        hours=visit.house.seen_hours,
        signed=await newest_checkpoint(visit.desk),
    )


async def newest_checkpoint(desk: Desk) -> dict[str, str] | None:
    """What the audit trail's newest checkpoint says. Whoever prints or copies the page keeps a copy of it elsewhere."""
    store = desk.core.store
    found = await store.rows(named_queries("deskgate.desk.audit", store.dialect)["newest_checkpoint"])
    if not found:
        return None
    _, size, root = bytes(found[0]["note"]).decode().split("\n")[:3]
    return {"size": size, "root": root}


async def everything(desk: Desk) -> tuple[list[Pending], int]:
    """The whole queue, and how many other mails are held for the same mailbox."""
    page = await desk.pending(limit=PAGE, chars=PAGE_CHARS)
    items = list(page.items)
    while page.cursor:
        page = await desk.pending(limit=PAGE, cursor=page.cursor, chars=PAGE_CHARS)
        items += page.items
    return items, page.foreign


def arrivals(house: House) -> Endpoint:
    """The endpoint that a loaded queue asks now and then. It calls no other service and keeps no session alive."""

    async def endpoint(request: Request) -> Response:
        if await session_of(house, request, active=False) is None:
            return JSONResponse({"signed_in": False}, status_code=401)
        drafted_at, _, reply_id = request.query_params.get("after", "").partition("~")
        held = await house.desk.core.store.replies_in_state(HELD)
        fresh = sum((reply.drafted_at, reply.id) > (drafted_at, reply_id) for reply in held)
        return JSONResponse({"signed_in": True, "new": fresh})

    return endpoint


async def neighbours(desk: Desk, reply: Reply) -> tuple[str | None, str | None]:
    """The replies that wait before and after this one, oldest first, by our own record."""
    rows = await desk.core.store.replies_in_state(*WAITING)
    here = (reply.drafted_at, reply.id)
    places = sorted((row.drafted_at, row.id) for row in rows)
    before = [place[1] for place in places if place < here]
    after = [place[1] for place in places if place > here]
    return (before[-1] if before else None), (after[0] if after else None)


def _row(item: Pending, opened: dict[str, list[str]], reasons: dict[str, str]) -> Row:
    reply, ticket, look = item.reply, item.ticket, item.look
    requester = ticket.requester if ticket else None
    return Row(
        id=reply.id,
        ticket_id=reply.ticket_id,
        subject=" ".join((look.content.subject if look else reply.subject).split()) or "(no subject)",
        status=label(ticket.status, 20) if ticket else "unreadable",
        priority=priority_of(item),
        requester=label(requester.name, 60) if requester else "unknown",
        drafted_by=label(reply.drafted_by, 100),
        drafted_at=reply.drafted_at,
        why=reasons.get(reply.id, EVERY_REPLY),
        warnings=warnings_of(item),
        scanning=item.scanning,
        read=look is not None and look.digest in opened.get(reply.id, ()),
    )
