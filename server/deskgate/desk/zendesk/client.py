"""The Zendesk client: one method per thing that the desk wants, one request wherever Zendesk allows it."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from deskgate.desk.clock import Clock, parse_time
from deskgate.desk.errors import BadInput, Forbidden, OutcomeUnknown, UpstreamUnavailable
from deskgate.desk.wire import Again, Missing, Rejected, Wire
from deskgate.desk.zendesk import reading
from deskgate.desk.zendesk.cursors import unwrap, wrap
from deskgate.desk.zendesk.models import Audit, Comment, CommentPage, Note, Ticket, TicketPage, User
from deskgate.desk.zendesk.paths import absent, api_path, is_id, ticket_path
from deskgate.desk.zendesk.search import LARGEST_PAGE, REACHABLE, TicketSearch
from deskgate.desk.zendesk.writing import MARKER, noted, post_follow_up, put_note, put_tags

AUDIT_PAGES = 3
AUDIT_GRAIN = timedelta(seconds=2)
# Within so long after an update, audits that end just before it may be behind by that one.
AUDITS_SETTLE = timedelta(minutes=5)
# A stamp has whole seconds, and the clocks of two services differ a little.
STAMP_SECONDS = 1.5


class Zendesk:
    """What deskgate asks of Zendesk. Every method raises the errors of `Wire.call` besides those that it names."""

    def __init__(self, wire: Wire, clock: Clock) -> None:
        self._wire = wire
        self._clock = clock

    def __repr__(self) -> str:
        return f"Zendesk({self._wire.base_url!r})"

    async def ticket(self, ticket_id: int) -> Ticket:
        """One ticket with its requester, in one request.

        Raises:
            TicketNotFound: it is absent, deleted or not visible to this account.
        """
        data = await self._of_ticket(ticket_id, params={"include": "users"})
        return reading.ticket(reading.one(data, "ticket"), reading.users(data))

    async def tickets(self, ids: Iterable[int]) -> dict[int, Ticket]:
        """Many tickets with their requesters, 100 a request. An id that Zendesk does not know is absent."""
        found: dict[int, Ticket] = {}
        for batch in _batches(ids):
            params = {"ids": ",".join(map(str, batch)), "include": "users"}
            data = await self._read(api_path("tickets", "show_many"), params)
            people = reading.users(data)
            for row in reading.many(data, "tickets"):
                ticket = reading.ticket(row, people)
                found[ticket.id] = ticket
        return found

    async def comments(self, ticket_id: int, *, limit: int = 20, before: str | None = None) -> CommentPage:
        """The newest comments, or those before a cursor; at most `limit` (1 to 100), oldest first.

        Raises:
            TicketNotFound: no such ticket.
            BadInput: `before` is not a cursor of this ticket.
        """
        params: dict[str, str | int] = {
            "sort": "-created_at",
            "page[size]": min(max(limit, 1), LARGEST_PAGE),
            "include": "users",
        }
        if before is not None:
            owner, params["page[after]"] = unwrap(before, "comments", int, str)
            if owner != ticket_id:
                raise BadInput("This cursor belongs to another ticket. Start again without it.")
        try:
            data = await self._of_ticket(ticket_id, "comments", params=params)
        except Rejected:
            if before is None:
                raise
            raise BadInput("Zendesk does not accept this cursor any more. Start again without it.") from None
        people = reading.users(data)
        rows = [reading.comment(row, people) for row in reading.many(data, "comments")]
        # The links of a page are never followed: they may name another host, and the last page has them too.
        meta = data.get("meta")
        more = isinstance(meta, dict) and meta.get("has_more") is True
        cursor = reading.words(meta.get("after_cursor")) if more and isinstance(meta, dict) else None
        rows.reverse()
        oldest_first = sorted(rows, key=lambda comment: comment.created_at)
        return CommentPage(tuple(oldest_first), wrap("comments", ticket_id, cursor) if cursor else None, more)

    async def public_comments_since(self, ticket_id: int, moment: datetime) -> list[Comment]:
        """Public comments newer than `moment`, oldest first, among the newest 100.

        Zendesk's times have whole seconds and come from Zendesk's clock, so `moment` should be one of them: the
        ticket's `updated_at` as it was read, rather than a time of our own.

        Raises:
            TicketNotFound: no such ticket.
        """
        page = await self.comments(ticket_id, limit=LARGEST_PAGE)
        return [comment for comment in page.comments if comment.public and comment.created_at > moment]

    async def search(self, wanted: TicketSearch) -> TicketPage:
        """Tickets that match. New and changed tickets reach Zendesk's index only after minutes.

        Raises:
            BadInput: a parameter or the cursor is not usable.
        """
        number, size = wanted.page()
        params: dict[str, str | int] = {
            "query": wanted.terms(),
            "include": "tickets(users)",
            "page": number,
            "per_page": size,
        }
        if not wanted.query:
            params |= {"sort_by": "updated_at", "sort_order": "desc"}
        data = await self._read(api_path("search"), params)
        people = reading.users(data)
        rows = [row for row in reading.many(data, "results") if row.get("result_type", "ticket") == "ticket"]
        found = tuple(reading.ticket(row, people) for row in rows)
        total = reading.number(data.get("count"))
        total = len(found) if total is None else total
        cursor = wanted.cursor_after(number, size, total) if rows else None
        return TicketPage(found, total, cursor, capped=total > REACHABLE // size * size)

    async def write_note(
        self,
        ticket_id: int,
        text: str,
        *,
        marker: str,
        stamp: str,
        status: str | None = None,
        tags: Iterable[str] | None = None,
    ) -> Note:
        """Post one private note, guarded by the ticket's `stamp` and carrying `marker`; at most one request.

        A stamp of this very second is waited out, at most 1.5 seconds: a write within it would leave it as it is, and after
        a lost answer the ticket would look as if nothing had landed.

        `status` and `tags` change with it or not at all. `tags` is the whole list, from the read that gave the stamp.

        Raises:
            TicketNotFound, TicketClosed: it cannot be written to.
            Conflict: the ticket changed since `stamp`.
            OutcomeUnknown: the answer was lost or proves nothing; `find_note` tells.
            BadInput: the text is empty or too long.
        """
        moment = parse_time(stamp)
        if moment is not None:
            young = STAMP_SECONDS - (self._clock.now() - moment).total_seconds()
            if young > 0:
                await self._clock.sleep(min(young, STAMP_SECONDS))
        return await put_note(self._wire, ticket_id, text, marker=marker, stamp=stamp, status=status, tags=tags)

    async def follow_up(self, closed: Ticket, text: str, *, marker: str, tags: Iterable[str]) -> int:
        """Continue a closed ticket in a new one that names it, with `text` as a private note; gives its number.

        The same marker within a day gives the same ticket again.

        Raises:
            BadInput: the closed ticket has no requester any more.
            OutcomeUnknown: the answer was lost; asking again with the same marker is safe.
        """
        if closed.requester_id is None:
            raise BadInput("The closed ticket has no requester, so no ticket can continue it.")
        return await post_follow_up(
            self._wire, closed.id, closed.requester_id, closed.subject, text, marker=marker, tags=tags
        )

    async def find_note(self, ticket_id: int, marker: str) -> Note | None:
        """The note that carries `marker`, looked for in the newest 300 audits.

        Raises:
            TicketNotFound: no such ticket.
            UpstreamUnavailable: the audits do not come newest first, so that "not found" would mean nothing.
            OutcomeUnknown: an update carries the marker and shows no comment.
        """
        for page in range(1, AUDIT_PAGES + 1):
            audits, more = await self._audit_page(ticket_id, page)
            for audit in audits:
                if audit.metadata.get(MARKER) == marker:
                    return noted(audit, ticket_id)
            if not more:
                break
        return None

    async def landed(self, ticket: Ticket, marker: str, stamp: str | None) -> Note | None:
        """The note of an earlier try under `stamp`, whose answer was lost; `ticket` was read after that try.

        `None` where the try has not landed: it never will, if the ticket has moved past its stamp.

        Raises:
            OutcomeUnknown: the audits do not show yet what moved the ticket, so that a missing marker proves nothing.
        """
        # Asked before the look: a list that was behind then must not be taken for the fresh one that it is by now.
        behind = ticket.stamp != stamp and await self._audits_lag(ticket)
        found = await self.find_note(ticket.id, marker)
        if found is None and behind:
            raise OutcomeUnknown("The ticket's audits are behind the ticket.", ticket_id=ticket.id)
        return found

    async def _audits_lag(self, ticket: Ticket) -> bool:
        newest = await self.audits(ticket.id, limit=1)
        if not newest:
            return True
        settled = self._clock.now() - ticket.updated_at >= AUDITS_SETTLE
        return newest[0].created_at < ticket.updated_at - (AUDIT_GRAIN if settled else timedelta(0))

    async def audits(self, ticket_id: int, *, limit: int = 100) -> list[Audit]:
        """The newest `limit` audits, newest first.

        Raises:
            TicketNotFound: no such ticket.
            UpstreamUnavailable: they do not come newest first.
        """
        found: dict[int, Audit] = {}
        page, more = 1, True
        while more and len(found) < limit:
            audits, more = await self._audit_page(ticket_id, page)
            found |= {audit.id: audit for audit in audits}
            page += 1
        return list(found.values())[: max(limit, 0)]

    async def add_tags(self, ticket_id: int, tags: Iterable[str]) -> tuple[str, ...]:
        """Add tags and give all that the ticket has then. Adding a tag again changes nothing.

        Raises:
            TicketNotFound, TicketClosed: it cannot be written to.
            BadInput: a tag is not one word.
        """
        return await put_tags(self._wire, ticket_id, list(tags), present=True)

    async def remove_tags(self, ticket_id: int, tags: Iterable[str]) -> tuple[str, ...]:
        """Remove tags and give all that the ticket has then. Raises as `add_tags` does."""
        return await put_tags(self._wire, ticket_id, list(tags), present=False)

    async def users(self, ids: Iterable[int]) -> dict[int, User]:
        """People by id, 100 a request. An id that Zendesk does not know is absent."""
        found: dict[int, User] = {}
        for batch in _batches(ids):
            data = await self._read(api_path("users", "show_many"), {"ids": ",".join(map(str, batch))})
            found |= {person.id: person for person in map(reading.user, reading.many(data, "users"))}
        return found

    async def me(self) -> User:
        """The user that the credential acts as.

        Raises:
            Forbidden: Zendesk took the request as an anonymous one.
        """
        row = reading.one(await self._read(api_path("users", "me")), "user")
        if not row.get("id"):
            raise Forbidden("Zendesk answered as to a stranger: the credential was not taken. Check its setting.")
        return reading.user(row)

    async def _audit_page(self, ticket_id: int, page: int) -> tuple[list[Audit], bool]:
        params: dict[str, str | int] = {"sort_order": "desc", "per_page": LARGEST_PAGE, "page": page}
        data = await self._of_ticket(ticket_id, "audits", params=params)
        audits = [reading.audit(row) for row in reading.many(data, "audits")]
        more = bool(data.get("next_page")) and bool(audits)
        if not audits or _newest_first(audits):
            return audits, more
        if more:
            raise UpstreamUnavailable(
                "Zendesk does not list a ticket's updates newest first, so none can be looked up."
            )
        # An archived ticket's audits come without paging, oldest first.
        return sorted(audits, key=lambda audit: audit.created_at, reverse=True), more

    async def _of_ticket(self, ticket_id: int, *parts: str, params: Mapping[str, str | int]) -> Any:
        try:
            return await self._read(ticket_path(ticket_id, *parts), params)
        except Missing as error:
            raise absent(error, ticket_id) from None

    async def _read(self, path: str, params: Mapping[str, str | int] | None = None) -> Any:
        return (await self._wire.call("GET", path, again=Again.READ, params=params)).data


def _batches(ids: Iterable[int]) -> Iterator[list[int]]:
    known = list(dict.fromkeys(number for number in ids if is_id(number)))
    for start in range(0, len(known), LARGEST_PAGE):
        yield known[start : start + LARGEST_PAGE]


def _newest_first(audits: list[Audit]) -> bool:
    first, last = audits[0], audits[-1]
    return first.created_at >= last.created_at or first.id > last.id
