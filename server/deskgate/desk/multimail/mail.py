"""What the desk says to MultiMail and hears from it, the same in both wire forms."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase

from deskgate.desk.people import folded, key_of, spellings

TICKET_MARK = "zendesk_ticket_id"
DRAFT_MARK = "deskgate_draft"
HOLDING_MODES = frozenset({"gated_send", "gated_all"})
MONITORED_MODE = "monitored"  # sends at once, with a copy to the oversight address


class Stage(enum.Enum):
    """Where a mail is in its life, whatever word the service used for it."""

    SCANNING = "scanning"
    HELD = "held"
    SENT = "sent"  # approved or sent; whether it arrived is not yet known
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    FAILED = "failed"
    INBOUND = "inbound"
    UNKNOWN = "unknown"  # a word that we do not know is never read as success


@dataclass(frozen=True)
class Draft:
    """One reply as it is handed to the service.

    `key` is our own draft id: idempotency key and marker. `thread_id` is the thread to continue, `None` to open one.
    Give a thread only when its earlier mails went to the same person: a reply has no address field of its own.
    """

    to: str
    subject: str
    body: str
    ticket_id: int
    ticket_status: str
    key: str
    thread_id: str | None = None

    @property
    def marks(self) -> dict[str, str]:
        """The tags that tie the mail to its ticket and draft where the wire form has no metadata (v1)."""
        return {TICKET_MARK: str(self.ticket_id), DRAFT_MARK: self.key}


@dataclass(frozen=True)
class Accepted:
    """The service has the mail. `repeated`: it already had it from an earlier attempt."""

    message_id: str
    status: str
    thread_id: str | None
    repeated: bool


@dataclass(frozen=True)
class Mail:
    """One mail as the service shows it.

    `cc` is `None` where the wire form does not say; `body` is `None` in listings that carry no bodies; `tags` is empty
    in those too. `ticket_id` and `key` are the marks of `Draft`, read back.
    """

    message_id: str
    direction: str | None
    sender: str | None
    to: tuple[str, ...]
    cc: tuple[str, ...] | None
    subject: str | None
    body: str | None
    thread_id: str | None
    status: str | None
    stage: Stage
    created_at: datetime | None
    approved_at: datetime | None
    approved_by: str | None
    delivered_at: datetime | None
    bounced_at: datetime | None
    bounce_type: str | None
    tags: Mapping[str, str]
    ticket_id: int | None
    key: str | None
    attachments: tuple[str, ...] = ()


@dataclass(frozen=True)
class MailPage:
    """Some mails, newest first as the service lists them, and the cursor of the older ones (`None` at the end)."""

    mails: tuple[Mail, ...]
    cursor: str | None


@dataclass(frozen=True)
class Decided:
    """A decision that the service confirmed in so many words. `provider_id` is the mail carrier's id where given."""

    status: str
    approved: bool
    provider_id: str | None


@dataclass(frozen=True)
class Gate:
    """What would happen to a mail sent now.

    `mode` is the mailbox's oversight mode, `None` in the short form, which names the mode with every mail.
    `allowlist_known` is false when the service has an allowlist and does not show it whole to the sending key. `cc` and
    `bcc` get a copy of every mail, by a setting of the mailbox.
    """

    mailbox: str
    mode: str | None
    allowlist: tuple[str, ...]
    allowlist_known: bool = True
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()

    def problem(self, recipient: str) -> str | None:
        """Why a mail to this address would not be held, or `None` when it would."""
        if self.mode is not None and self.mode not in HOLDING_MODES:
            return (
                f"The mailbox {self.mailbox} does not hold mails for approval (its oversight mode is not gated_send "
                "or gated_all), so nothing was sent. An operator must set the mode to gated_send."
            )
        if not self.allowlist_known:
            return (
                f"MultiMail does not show the whole allowlist of {self.mailbox} to the sending key, so nobody can tell "
                "whether this mail would be held. Nothing was sent. An operator must give that key the read scope."
            )
        if any(_covers(pattern, recipient) for pattern in self.allowlist):
            return (
                f"The recipient is on the allowlist of {self.mailbox} and would get the mail without approval, so "
                "nothing was sent. An operator must remove the entry."
            )
        return None


def _covers(pattern: str, recipient: str) -> bool:
    """Whether an allowlist pattern takes in this address; in doubt it does, since then nothing is sent."""
    wanted = folded(pattern.strip())
    return any(_fits(wanted, folded(address)) for address in spellings(key_of(recipient)))


def _fits(wanted: str, address: str) -> bool:
    domain = address.rpartition("@")[2]
    return address == wanted or domain == wanted.removeprefix("@") or fnmatchcase(address, wanted)
