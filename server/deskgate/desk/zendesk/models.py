"""What the desk knows of a ticket.

Every class is a whitelist: a field of Zendesk's that is not named here never leaves this package. Above all that is
`metadata.system` of comments and audits (the customer's IP address and place), the `content_url` of attachments (a
bearer secret) and the `authenticity_token` of the own user.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

NO_SUBJECT = "(no subject)"
UNKNOWN = "unknown"


@dataclass(frozen=True)
class User:
    """A person as Zendesk knows them now.

    `email` is null more often than not. `name` is never null in Zendesk, but may be one word, an address or empty.
    """

    id: int
    name: str
    email: str | None
    role: str
    verified: bool
    active: bool
    suspended: bool


@dataclass(frozen=True)
class Ticket:
    """One ticket with its requester.

    `stamp` is `updated_at` exactly as Zendesk wrote it: the guard of a safe update. It is empty where Zendesk gave
    none. `requester` is `None` where the requester was not in the answer. An unreadable time is 1970.
    """

    id: int
    subject: str
    status: str
    priority: str | None
    tags: tuple[str, ...]
    channel: str | None
    created_at: datetime
    updated_at: datetime
    requester_id: int | None
    assignee_id: int | None
    organization_id: int | None
    requester: User | None
    stamp: str


@dataclass(frozen=True)
class Attachment:
    """A file on a comment: what it is, not where it is. `size` is in bytes."""

    file_name: str
    content_type: str
    size: int


@dataclass(frozen=True)
class Comment:
    """One comment; `public` means that the customer sees it."""

    id: int
    author: User | None
    author_id: int | None
    public: bool
    body: str
    created_at: datetime
    channel: str | None
    attachments: tuple[Attachment, ...]


@dataclass(frozen=True)
class CommentPage:
    """Comments, oldest first; `before` is the cursor for older ones, `more` says that there are some."""

    comments: tuple[Comment, ...]
    before: str | None
    more: bool


@dataclass(frozen=True)
class TicketPage:
    """Found tickets. `total` counts all matches; `capped` says that not all of them can be reached by paging."""

    tickets: tuple[Ticket, ...]
    total: int
    cursor: str | None
    capped: bool


@dataclass(frozen=True)
class AuditEvent:
    """One thing that an update did.

    `field_name`, `value` and `previous_value` belong to `Create` and `Change`; `comment_id`, `public` and `body` to
    `Comment`. `channel` is set where not the update's author did it but a rule of Zendesk's (`rule`).
    """

    type: str
    field_name: str | None = None
    value: Any = None
    previous_value: Any = None
    comment_id: int | None = None
    public: bool | None = None
    body: str | None = None
    channel: str | None = None


@dataclass(frozen=True)
class Audit:
    """One update of a ticket and who made it; `metadata` is what the writer attached (`metadata.custom`).

    `channel` is how it came in: `web` for the agents' interface, `api` for a program, `rule` for a trigger.
    """

    id: int
    ticket_id: int | None
    author_id: int | None
    created_at: datetime
    events: tuple[AuditEvent, ...]
    metadata: dict[str, Any] = field(default_factory=dict)
    channel: str | None = None


@dataclass(frozen=True)
class Note:
    """A comment of ours that is proven to be on the ticket."""

    comment_id: int
    audit_id: int
    ticket_id: int
    public: bool
    created_at: datetime | None
