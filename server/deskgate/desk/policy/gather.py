"""From the services and our own record to facts.

What one evaluation asks upstream: the ticket's history (one Zendesk call per hundred updates, at most three), the people who
changed its tags (one call, none where nobody did) and, once per process, who we are ourselves. The ticket itself is the one
that the draft read. A policy whose rules look at no history asks nothing. What cannot be read is unknown, never an error:
the draft is then held for a person.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from deskgate.desk.errors import DeskError
from deskgate.desk.policy import provenance
from deskgate.desk.policy.facts import NO_PRIORITY, Facts, Setter
from deskgate.desk.policy.links import has_markup, hosts_of
from deskgate.desk.policy.provenance import Update
from deskgate.desk.policy.records import approvals_since, reached_before
from deskgate.desk.policy.rules import Policy
from deskgate.desk.policy.words import answers_itself, language_of, readings, tokens
from deskgate.desk.store import Store
from deskgate.desk.zendesk import Ticket, User

log = logging.getLogger("deskgate.policy")

HISTORY_LIMIT = 300


class Source(Protocol):
    """What is asked of Zendesk."""

    async def ticket(self, ticket_id: int) -> Ticket:
        """One ticket with its requester."""
        ...

    async def audits(self, ticket_id: int, *, limit: int = 100) -> Sequence[Update]:
        """The newest updates, newest first."""
        ...

    async def users(self, ids: Iterable[int]) -> Mapping[int, User]:
        """People by id; who is not known is absent."""
        ...

    async def me(self) -> User:
        """Whom our credential acts as."""
        ...


@dataclass(frozen=True)
class Unsent:
    """A draft before or after it is held: what is needed to look at it. `body` is `None` where there is none to judge."""

    reply_id: str
    recipient: str
    subject: str
    body: str | None


class Gatherer:
    """Builds facts. It remembers only who our own credential is."""

    def __init__(self, source: Source, tables: Store) -> None:
        self.source = source
        self.tables = tables
        self._own_id: int | None = None

    async def facts(self, policy: Policy, ticket: Ticket, draft: Unsent, now: datetime) -> Facts:
        """The facts about a draft on this ticket. Whether it is held as drafted is for the caller to add."""
        told = replace(about_ticket(ticket), **about_text(draft))
        to_recipient, to_domain = await approvals_since(self.tables, draft.recipient, now)
        known = replace(
            told,
            first_contact=not await reached_before(self.tables, draft.recipient, draft.reply_id),
            approvals_recipient=to_recipient,
            approvals_domain=to_domain,
        )
        if not policy.asks_history:
            return known
        try:
            return await self._with_history(known, ticket, draft.recipient)
        except DeskError as error:
            log.info("the history of ticket %s could not be read: %s", ticket.id, error.code)
            return known

    async def _with_history(self, facts: Facts, ticket: Ticket, recipient: str) -> Facts:
        history = await self.source.audits(ticket.id, limit=HISTORY_LIMIT)
        changed_by = provenance.authors(history) if ticket.tags else set()
        people = await self.source.users(changed_by) if changed_by else {}
        own_id = await self._own() if changed_by else None
        newest = provenance.newest_words(history, ticket.requester_id)
        return replace(
            facts,
            tags=provenance.setters(ticket.tags, history, people, own_id),
            auto_responder=answers_itself(recipient, ticket.subject, newest),
        )

    async def _own(self) -> int:
        if self._own_id is None:
            self._own_id = (await self.source.me()).id
        return self._own_id


def about_ticket(ticket: Ticket) -> Facts:
    """What the ticket itself says. Its tags have no known author yet."""
    requester = ticket.requester
    return Facts(
        ticket_id=ticket.id,
        tags=tuple((tag, Setter.UNKNOWN) for tag in sorted(set(ticket.tags))),
        priority=ticket.priority or NO_PRIORITY,
        status=ticket.status,
        channel=ticket.channel,
        organisation=ticket.organization_id,
        organisation_known=True,
        requester_verified=requester.verified if requester else None,
        requester_suspended=requester.suspended or not requester.active if requester else None,
    )


def about_text(draft: Unsent) -> dict[str, Any]:
    """What the text itself says; nothing where there is no text. A subject carries links and words as well as a body."""
    if draft.body is None:
        return {}
    whole = f"{draft.subject}\n{draft.body}"
    return {
        "language": language_of(tokens(draft.body)),
        "body_chars": len(draft.body),
        "body_words": readings(whole),
        **about_links(whole, draft.recipient),
    }


def about_links(text: str, recipient: str) -> dict[str, Any]:
    """Links and markup in a text."""
    return {"link_hosts": hosts_of(text, but=[recipient]), "markup": has_markup(text)}
