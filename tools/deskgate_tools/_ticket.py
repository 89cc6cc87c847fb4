"""A ticket as a model may see it: other people's words fenced, addresses of machines and secret links left out."""

import json

import anyio

from deskgate.desk import Desk, Reply
from deskgate.desk.clock import iso
from deskgate.desk.core import as_one_error
from deskgate.desk.recipients import plain_address
from deskgate.desk.text import AGENTS, CLOSE, CUSTOMERS, fence, fence_line, label
from deskgate.desk.zendesk import Comment, CommentPage, Ticket, User
from deskgate_tools._call import Shape

TEXT_LIMIT_CHARS = 12_000
# A page of a hundred comments could be six megabytes; a model's host takes a small part of that.
PAGE_LIMIT_BYTES = 120_000
NAME_LIMIT_CHARS = 120
FILES_LIMIT = 20
TAGS_LIMIT = 30
CUT = f"\n{CLOSE} (cut: the structured result has the whole comment)"


class TicketFacts(Shape):
    """The ticket itself. `subject` is the customer's."""

    id: int
    subject: str
    status: str
    priority: str | None
    tags: list[str]
    channel: str | None
    created_at: str
    updated_at: str


class Requester(Shape):
    """Who asked, as Zendesk knows them now. A reply goes to `email` and nowhere else.

    Where that is not one plain address it is fenced, and no reply can be drafted.
    """

    id: int
    name: str
    email: str | None
    verified: bool
    suspended: bool


class CommentRead(Shape):
    """One comment; `author` is `requester`, `customer`, `agent` or `unknown`."""

    id: int
    author: str
    name: str
    public: bool
    created_at: str
    body: str
    attachments: list[str]


class ReplyBrief(Shape):
    """A reply drafted for this ticket."""

    message_id: str | None
    state: str
    drafted_by: str
    drafted_at: str


class TicketRead(Shape):
    """One ticket with a page of its conversation."""

    ticket: TicketFacts
    requester: Requester | None
    comments: list[CommentRead]
    more: bool
    before: str | None
    replies: list[ReplyBrief]

    def text(self) -> str:
        """The conversation for hosts that show their model text only; the newest comments win when it is long."""
        one = self.ticket
        who = f"{self.requester.name} <{self.requester.email or 'no address'}>" if self.requester else "nobody"
        head = [f"Ticket {one.id} [{one.status}, {one.priority or 'no priority'}] {one.subject}", f"Requester: {who}"]
        blocks: list[str] = []
        for comment in reversed(self.comments):
            kind = "public" if comment.public else "internal note"
            block = f"{comment.created_at} {comment.author} {comment.name} ({kind}):\n{comment.body}"
            if sum(map(len, blocks)) + len(block) > TEXT_LIMIT_CHARS:
                head.append("(not every comment is whole here: see the structured result)")
                blocks = blocks or [block[:TEXT_LIMIT_CHARS] + CUT]
                break
            blocks.insert(0, block)
        tail = [f"Older comments: pass before={self.before}"] if self.more else []
        tail += [f"Reply {reply.message_id or '(no id)'}: {reply.state}" for reply in self.replies]
        return "\n".join(head + blocks + tail)


async def ticket_with_comments(desk: Desk, ticket_id: int, limit: int, before: str | None) -> TicketRead:
    """Ticket and comments side by side; where both fail, one of the two errors as it was raised."""
    pages: list[CommentPage] = []
    replies: list[Reply] = []

    async def read_comments() -> None:
        pages.append(await fitting_comments(desk, ticket_id, limit, before))

    async def read_replies() -> None:
        replies.extend(await desk.replies_of(ticket_id))

    with as_one_error():
        async with anyio.create_task_group() as group:
            group.start_soon(read_comments)
            group.start_soon(read_replies)
            ticket = await desk.zendesk.ticket(ticket_id)
    return ticket_read(ticket, pages[0], replies)


async def fitting_comments(desk: Desk, ticket_id: int, limit: int, before: str | None) -> CommentPage:
    """The newest comments before a cursor: `limit` of them, or as many as one answer should carry, at least one.

    Where they are fewer, the page is asked for again at that length: its cursor then leads on to the rest.
    """
    page = await desk.zendesk.comments(ticket_id, limit=limit, before=before)
    while (fitting := _fitting(page)) < len(page.comments):
        page = await desk.zendesk.comments(ticket_id, limit=fitting, before=before)
    return page


def _fitting(page: CommentPage) -> int:
    size = 0
    for count, comment in enumerate(reversed(page.comments)):
        size += 500 + len(json.dumps(comment.body, ensure_ascii=False).encode("utf-8", "replace"))
        if count and size > PAGE_LIMIT_BYTES:
            return count
    return len(page.comments)


def shown_tags(tags: tuple[str, ...], limit: int = TAGS_LIMIT) -> list[str]:
    """Tags as they may be shown; a customer can choose them, and some tickets have hundreds."""
    rest = [f"… and {len(tags) - limit} more"] if len(tags) > limit else []
    return [label(tag, 60) for tag in tags[:limit]] + rest


def ticket_read(ticket: Ticket, page: CommentPage, replies: list[Reply]) -> TicketRead:
    """Put together what one call read."""
    return TicketRead(
        ticket=TicketFacts(
            id=ticket.id,
            subject=fence_line(ticket.subject),
            status=ticket.status,
            priority=ticket.priority,
            tags=shown_tags(ticket.tags),
            channel=ticket.channel,
            created_at=iso(ticket.created_at),
            updated_at=iso(ticket.updated_at),
        ),
        requester=_requester(ticket.requester),
        comments=[_comment(comment, ticket) for comment in page.comments],
        more=page.more,
        before=page.before,
        replies=[
            ReplyBrief(message_id=one.message_id, state=one.state, drafted_by=one.drafted_by, drafted_at=one.drafted_at)
            for one in replies
        ],
    )


def _requester(user: User | None) -> Requester | None:
    if user is None:
        return None
    email = (plain_address(user.email) or fence_line(user.email)) if user.email else None
    name = fence_line(user.name, NAME_LIMIT_CHARS)
    return Requester(id=user.id, name=name, email=email, verified=user.verified, suspended=user.suspended)


def _comment(comment: Comment, ticket: Ticket) -> CommentRead:
    author = _author(comment, ticket)
    ours = author == "agent"
    name = comment.author.name if comment.author else ""
    files = [fence_line(f"{file.file_name} ({file.content_type}, {file.size} bytes)") for file in comment.attachments]
    rest = [f"… and {len(files) - FILES_LIMIT} more"] if len(files) > FILES_LIMIT else []
    return CommentRead(
        id=comment.id,
        author=author,
        name=label(name, NAME_LIMIT_CHARS) if ours else fence_line(name, NAME_LIMIT_CHARS),
        public=comment.public,
        created_at=iso(comment.created_at),
        body=fence(comment.body, AGENTS if ours else CUSTOMERS),
        attachments=files[:FILES_LIMIT] + rest,
    )


def _author(comment: Comment, ticket: Ticket) -> str:
    if comment.author_id is not None and comment.author_id == ticket.requester_id:
        return "requester"
    if comment.author is None:
        return "unknown"
    return "agent" if comment.author.role in {"agent", "admin"} else "customer"
