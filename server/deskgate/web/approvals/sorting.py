"""Which part of the queue a reviewer looks at, and in which order. All of it stands in the page's address."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from deskgate.desk.queue import Pending

PRIORITIES = ("urgent", "high", "normal", "low", "none")
SORTS = {"oldest": "oldest first", "newest": "newest first", "priority": "most urgent first", "ticket": "by ticket"}


@dataclass(frozen=True)
class Choice:
    """What the reviewer chose; anything that is not one of our words is as if it had not been said."""

    ticket: str = ""
    drafted_by: str = ""
    priority: str = ""
    stale: str = ""
    sort: str = "oldest"

    @classmethod
    def of(cls, given: Mapping[str, str]) -> "Choice":
        """From an address or a form."""
        ticket = given.get("ticket", "").strip().lstrip("#")
        return cls(
            ticket=ticket if ticket.isascii() and ticket.isdigit() and len(ticket) <= 18 else "",
            drafted_by=given.get("drafted_by", "").strip()[:100],
            priority=given.get("priority", "") if given.get("priority") in PRIORITIES else "",
            stale=given.get("stale", "") if given.get("stale") in ("yes", "no") else "",
            sort=given.get("sort", "oldest") if given.get("sort") in SORTS else "oldest",
        )

    @classmethod
    def of_query(cls, query: str) -> "Choice":
        """From a query string that travelled through a form; it is read again, never passed on as it came."""
        try:
            return cls.of(dict(parse_qsl(query, max_num_fields=20)))
        except ValueError:
            return cls()

    @property
    def query(self) -> str:
        """As a query string, without what is as it always is."""
        return urlencode({name: value for name, value in asdict(self).items() if value and value != "oldest"})

    @property
    def narrowed(self) -> bool:
        """Whether anything is left out."""
        return bool(self.ticket or self.drafted_by or self.priority or self.stale)

    def of_items(self, items: Iterable[Pending]) -> list[Pending]:
        """The chosen replies in the chosen order."""
        kept = [item for item in items if self._keeps(item)]
        kept.sort(key=lambda item: (item.reply.drafted_at, item.reply.id), reverse=self.sort == "newest")
        if self.sort in ("priority", "ticket"):
            kept.sort(key=_urgency if self.sort == "priority" else lambda item: item.reply.ticket_id)
        return kept

    def _keeps(self, item: Pending) -> bool:
        return (
            (not self.ticket or item.reply.ticket_id == int(self.ticket))
            and (not self.drafted_by or self.drafted_by.casefold() in item.reply.drafted_by.casefold())
            and (not self.priority or priority_of(item) == self.priority)
            and (not self.stale or bool(warnings_of(item)) == (self.stale == "yes"))
        )


def priority_of(item: Pending) -> str:
    """The ticket's priority as one of `PRIORITIES`."""
    found = item.ticket.priority if item.ticket else None
    return found if found in PRIORITIES else "none"


def warnings_of(item: Pending) -> list[str]:
    """Why this reply is not simply as it was drafted."""
    look: Any = item.look
    if look is None:
        return []
    found = [*look.moved, *(f"the held mail differs from the draft: {part}" for part in look.altered)]
    found += ["Zendesk has suspended the requester since the draft"] if look.suspended else []
    return [*found, "the ticket cannot be read"] if look.unread else found


def _urgency(item: Pending) -> int:
    return PRIORITIES.index(priority_of(item))
