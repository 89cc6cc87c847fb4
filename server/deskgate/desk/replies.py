"""What the store remembers: replies and notes, and the states they go through.

    sending ──► held ──► approving ──► sent ──► delivered
       │         │  │                    └────► bounced
       │         │  └──► rejecting ──► rejected
       │         └─────► cancelling ─► cancelled
       └──► failed          (refused by MultiMail: nothing is there)

`sending`, `approving`, `rejecting` and `cancelling` are written before the remote call they name. A row found in one
of them after a crash says which call may or may not have happened, and it is looked up before anything is repeated.
"""

from dataclasses import dataclass, field

SENDING = "sending"
HELD = "held"
APPROVING = "approving"
REJECTING = "rejecting"
CANCELLING = "cancelling"
SENT = "sent"
DELIVERED = "delivered"
BOUNCED = "bounced"
REJECTED = "rejected"
CANCELLED = "cancelled"
FAILED = "failed"

# Who decided where it was not done here.
OUTSIDE = "somebody at MultiMail, outside deskgate"

UNDERWAY = (SENDING, APPROVING, REJECTING, CANCELLING)
GONE_OUT = (SENT, DELIVERED, BOUNCED)
OVER = (DELIVERED, BOUNCED, REJECTED, CANCELLED, FAILED)


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One mail drafted for a ticket. Times are UTC ISO 8601; `seen` is the ticket as JSON (see `digest.Seen`).

    `body_checked` is false where MultiMail did not give the body back at the decision, so that the body on record is our
    own copy. `stale` is why it no longer fits its ticket, where Zendesk told us so unasked. `person` is the recipient's key
    (see `people.key_of`), which the store adds; it is empty once they were erased. Of a mail that had gone out by then
    `erased_hash` still tells whether an address is theirs (see `store.hashed`).
    """

    id: str
    ticket_id: int
    words: str
    mailbox: str
    recipient: str
    subject: str
    body: str
    seen: str
    state: str
    drafted_by: str
    drafted_at: str
    version: int = 1
    footer: str | None = None
    thread_id: str | None = None
    message_id: str | None = None
    digest: str | None = None
    attempted_at: str | None = None
    decision: str | None = None
    decided_by: str | None = None
    decided_at: str | None = None
    decided_digest: str | None = None
    body_checked: bool | None = None
    reason: str | None = None
    sent_at: str | None = None
    delivered_at: str | None = None
    bounced_at: str | None = None
    bounce_type: str | None = None
    stale: str | None = None
    person: str | None = field(default=None, compare=False)
    erased_hash: str | None = None

    @property
    def erased(self) -> bool:
        """Whether its recipient was."""
        return self.person == ""


@dataclass(frozen=True, kw_only=True)
class NoteRecord:
    """One private note on a ticket; `id` is the marker that its update carries.

    `person` is the key (see `people.key_of`) of whoever was the ticket's requester when it was written: it is about them.
    """

    id: str
    ticket_id: int
    words: str
    text: str
    stamp: str
    state: str
    written_by: str
    written_at: str
    version: int = 1
    person: str | None = None
    comment_id: int | None = None
    posted_at: str | None = None
