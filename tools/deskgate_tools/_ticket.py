"""A ticket as a model may see it: the customer's words fenced, addresses of machines and secret links left out."""

from deskgate.desk import Reply
from deskgate.desk.clock import iso
from deskgate.desk.text import clean, fence, fence_line
from deskgate.desk.zendesk import Comment, CommentPage, Ticket, User
from deskgate_tools._call import Shape

TEXT_LIMIT_CHARS = 12_000


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
    """Who asked, as Zendesk knows them now. A reply goes to `email` and nowhere else."""

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
            if blocks and sum(map(len, blocks)) + len(block) > TEXT_LIMIT_CHARS:
                head.append("(older comments: see the structured result)")
                break
            blocks.insert(0, block)
        tail = [f"Older comments: pass before={self.before}"] if self.more else []
        tail += [f"Reply {reply.message_id or '(no id)'}: {reply.state}" for reply in self.replies]
        return "\n".join(head + blocks + tail)


def ticket_read(ticket: Ticket, page: CommentPage, replies: list[Reply]) -> TicketRead:
    """Put together what one call read."""
    return TicketRead(
        ticket=TicketFacts(
            id=ticket.id,
            subject=fence_line(ticket.subject),
            status=ticket.status,
            priority=ticket.priority,
            tags=[clean(tag) for tag in ticket.tags],
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
    email = clean(user.email).strip() if user.email else None
    return Requester(
        id=user.id, name=fence_line(user.name), email=email, verified=user.verified, suspended=user.suspended
    )


def _comment(comment: Comment, ticket: Ticket) -> CommentRead:
    author = _author(comment, ticket)
    ours = author == "agent"
    name = comment.author.name if comment.author else ""
    return CommentRead(
        id=comment.id,
        author=author,
        name=clean(name) if ours else fence_line(name),
        public=comment.public,
        created_at=iso(comment.created_at),
        body=clean(comment.body) if ours else fence(comment.body),
        attachments=[
            f"{fence_line(file.file_name)} ({file.content_type}, {file.size} bytes)" for file in comment.attachments
        ],
    )


def _author(comment: Comment, ticket: Ticket) -> str:
    if comment.author_id is not None and comment.author_id == ticket.requester_id:
        return "requester"
    if comment.author is None:
        return "unknown"
    return "agent" if comment.author.role in {"agent", "admin"} else "customer"
