"""What exactly was seen: one SHA-256 over everything the customer will receive, and the ticket it answers."""

import hashlib
import json
from dataclasses import asdict, dataclass

from deskgate.desk.clock import iso
from deskgate.desk.replies import Reply
from deskgate.desk.zendesk import Ticket

FOOTER_LIMIT_CHARS = 1500
_FOOTER_RULES = ("\n---\n", "\n-- \n", "\n--\n", "\n***\n", "\n___\n")


@dataclass(frozen=True)
class Seen:
    """The ticket as somebody saw it: enough to say later what moved. `email` is the requester's address."""

    ticket_id: int
    status: str
    updated_at: str
    requester_id: int | None
    email: str | None

    @classmethod
    def of(cls, ticket: Ticket) -> "Seen":
        """The ticket as it is now."""
        requester = ticket.requester
        email = requester.email if requester else None
        return cls(ticket.id, ticket.status, iso(ticket.updated_at), ticket.requester_id, email)

    def dump(self) -> str:
        """As JSON for the store."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def load(cls, text: str) -> "Seen":
        """From the store's JSON."""
        return cls(**json.loads(text))


@dataclass(frozen=True)
class Content:
    """What the customer would get, as MultiMail holds it or as we drafted it. `thread` is empty where none is known."""

    to: tuple[str, ...]
    cc: tuple[str, ...]
    subject: str
    body: str
    thread: str

    @classmethod
    def of_draft(cls, reply: Reply) -> "Content":
        """What we sent to MultiMail."""
        return cls((reply.recipient,), (), reply.subject, reply.body, reply.thread_id or "")


def digest_of(reply: Reply, content: Content, seen: Seen, footer: str = "") -> str:
    """`sha256:` and 64 hex digits over the canonical JSON of content, thread and ticket.

    `footer` is what MultiMail put under the text; the digest of a draft cannot have one yet.
    """
    facts: dict[str, object] = {
        "v": 1,
        "ticket": asdict(seen),
        "mailbox": reply.mailbox,
        "to": list(content.to),
        "cc": list(content.cc),
        "subject": content.subject,
        "body": content.body,
        "thread": content.thread,
    }
    if footer:
        facts["footer"] = footer
    return "sha256:" + hashlib.sha256(_canonical(facts)).hexdigest()


def words_of(ticket_id: int, text: str) -> str:
    """The identity of a text on a ticket: the same words are the same reply, or the same note."""
    return hashlib.sha256(_canonical([ticket_id, text])).hexdigest()


def _canonical(value: object) -> bytes:
    # Keys are ASCII and numbers are integers, so this is RFC 8785 without a dependency.
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "surrogatepass")


def split_footer(drafted: str, held: str) -> tuple[str, str]:
    """Separate what MultiMail put under a body (signature block, disclosure) from the body.

    Only a block behind a rule line counts, without NUL and only up to a bound; anything else is part of the body, and so
    a difference. The whole text is always shown to whoever decides.
    """
    body = drafted.rstrip()
    rest = held[len(body) :] if held.startswith(body) else ""
    if not rest.strip():
        return (drafted, "") if held.rstrip() == body else (held, "")
    block = "\n" + rest.lstrip("\r\n")
    apart = rest.startswith(("\n", "\r\n")) and block.startswith(_FOOTER_RULES)
    if apart and len(rest) <= FOOTER_LIMIT_CHARS and "\0" not in rest:
        return drafted, rest.strip()
    return held, ""
