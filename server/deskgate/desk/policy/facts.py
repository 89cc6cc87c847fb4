"""What a policy may look at: facts that we recorded or whose author was checked. A fact that is not known is `None`."""

import enum
from dataclasses import dataclass, field
from typing import Any, Literal

UNKNOWN_LANGUAGE = "unknown"
NO_PRIORITY = "none"


class Setter(enum.Enum):
    """Who put a tag on a ticket, as far as the ticket's history proves it."""

    HUMAN_AGENT = "human agent"
    OUR_API_USER = "our API user"
    AUTOMATIC = "automatic"  # a trigger, another program, a tag that came with the ticket or with its requester
    END_USER = "end user"
    UNKNOWN = "unknown"


class Held(enum.Enum):
    """What MultiMail holds, compared with the draft."""

    AS_DRAFTED = "as drafted"
    ALTERED = "altered"
    NEW_FOOTER = "with a footer that no person has approved before"
    BODY_UNSEEN = "body not shown by MultiMail"
    NOT_HELD = "not held"


Tag = tuple[str, Setter]
Link = Literal["none", "known", "unknown"]


@dataclass(frozen=True, kw_only=True)
class Facts:
    """One draft on one ticket at one moment. `None` means that it could not be found out.

    `tags` has every tag with who set it, as far as that could be read. `link_hosts` are the
    hosts of everything in the text that a mail program could make a link of. `body_words` never leaves this value: what is
    recorded names only words that the policy asked for. `approvals_…` count automatic approvals of the last 24 hours.
    """

    ticket_id: int
    tags: tuple[Tag, ...] = ()
    priority: str | None = None
    status: str | None = None
    channel: str | None = None
    organisation: int | None = None
    organisation_known: bool = False
    requester_verified: bool | None = None
    requester_suspended: bool | None = None
    first_contact: bool | None = None
    auto_responder: bool | None = None
    language: str = UNKNOWN_LANGUAGE
    body_chars: int | None = None
    link_hosts: tuple[str, ...] | None = None
    markup: bool | None = None
    body_words: tuple[str, ...] | None = field(default=None, repr=False)
    ticket_moved: bool | None = None
    held: Held | None = None
    approvals_recipient: int | None = None
    approvals_domain: int | None = None

    def record(self) -> dict[str, Any]:
        """For the store: everything that is known, without any text."""
        plain = {
            "ticket_id": self.ticket_id,
            "tags": {tag: setter.value for tag, setter in self.tags},
            "priority": self.priority,
            "status": self.status,
            "channel": self.channel,
            "organisation": self.organisation,
            "requester_verified": self.requester_verified,
            "requester_suspended": self.requester_suspended,
            "first_contact": self.first_contact,
            "auto_responder": self.auto_responder,
            "language": self.language,
            "body_chars": self.body_chars,
            "link_hosts": None if self.link_hosts is None else list(self.link_hosts),
            "markup": self.markup,
            "ticket_moved": self.ticket_moved,
            "held": self.held.value if self.held else None,
            "approvals_recipient": self.approvals_recipient,
            "approvals_domain": self.approvals_domain,
        }
        return {name: value for name, value in plain.items() if value is not None}
