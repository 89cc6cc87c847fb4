"""The sending side in the short form."""

import contextlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from deskgate.desk.clock import Clock
from deskgate.desk.errors import BadInput, DeskError, OutcomeUnknown
from deskgate.desk.multimail.mail import Accepted, Draft, Gate, Mail, MailPage
from deskgate.desk.multimail.matching import is_draft, same_person
from deskgate.desk.multimail.paging import PAGE_SIZE, walk
from deskgate.desk.multimail.reading import (
    REPEATED_STATUS,
    cursor_of,
    held_mails,
    id_of,
    mail,
    record,
    rows,
    text,
)
from deskgate.desk.multimail.refusals import refused_send, unknown_outcome
from deskgate.desk.multimail.short import ShortMailboxes
from deskgate.desk.wire import Answer, Conflict, Denied, Missing, Rejected

Listing = Callable[[], Awaitable[list[Mail]]]

INBOX_PAGES = 5
LOOKUP_PAUSES_SECONDS = (0.0, 1.0, 2.0)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class ShortOutbox:
    """See `Outbox` for what each method promises.

    `held` lists the pending mails with the deciding key, where one is configured: a service with separate keys does not
    show that list to the sending one.
    """

    def __init__(self, routes: ShortMailboxes, mailbox: str, clock: Clock, held: Listing | None) -> None:
        self._routes = routes
        self._mailbox = mailbox
        self._clock = clock
        self._held = held

    def _address(self) -> str:
        if "@" not in self._mailbox:
            raise BadInput("This MultiMail knows mailboxes by address only. Set MULTIMAIL_MAILBOX to the address.")
        return self._mailbox.strip()

    async def gate(self) -> Gate:
        """The mode goes with every mail; no allowlist is documented."""
        return Gate(self._address(), None, ())

    async def owns(self, mailbox: str) -> bool:
        """It knows one mailbox only."""
        return True

    async def submit(self, draft: Draft) -> Accepted:
        """`send_email` opens the thread `zd-{ticket}`, `reply_email` continues the one given."""
        thread_id = draft.thread_id or own_thread(draft)
        try:
            answer = await self._hand_over(draft, thread_id)
        except (Denied, Rejected) as error:
            raise refused_send(error) from None
        except (Conflict, OutcomeUnknown):
            return await self._looked_up(draft)
        data = record(answer.data, "message", "email")
        message_id = id_of(data)
        if message_id is None:
            return await self._looked_up(draft)
        status = text(data.get("status")) or ""
        thread_id = text(data.get("thread_id")) or thread_id
        return Accepted(message_id, status, thread_id, repeated=status == REPEATED_STATUS)

    async def _hand_over(self, draft: Draft, thread_id: str) -> Answer:
        """A reply names no recipient, so a thread that is seen to be with somebody else gets a mail with an address."""
        if draft.thread_id is not None:
            last = await self._last(thread_id)
            partners = () if last is None else (last.sender,) if last.direction == "inbound" else last.to
            if all(same_person(partner, draft.to) for partner in partners):
                answered = last.message_id if last and last.direction == "inbound" else None
                with contextlib.suppress(Missing):
                    return await self._routes.reply(draft, thread_id, answered)
        return await self._routes.send(self._address(), draft, thread_id)

    async def _looked_up(self, draft: Draft) -> Accepted:
        """Look a few times: the lost request may still be at work there, and a mail is scanned before it is listed."""
        for pause in LOOKUP_PAUSES_SECONDS:
            await self._clock.sleep(pause)
            with contextlib.suppress(DeskError):
                found = await self.find(draft)
                if found is not None:
                    return found
        raise unknown_outcome()

    async def find(self, draft: Draft) -> Accepted | None:
        """Among the held mails and the newest 500 others."""
        mails, whole = await self._everything()
        verdicts = [(one, is_draft(draft, one)) for one in mails]
        for one, settled in verdicts:
            if settled:
                thread_id = one.thread_id or draft.thread_id or own_thread(draft)
                return Accepted(one.message_id, one.status or "", thread_id, repeated=True)
        if not whole or any(settled is None for _, settled in verdicts):
            raise unknown_outcome()
        return None

    async def _everything(self) -> tuple[list[Mail], bool]:
        """What can be seen, and whether the pending list is among it."""
        mails: list[Mail] = []
        whole = True
        try:
            mails += await self.pending()
        except (Denied, Missing):
            whole = False
        with contextlib.suppress(Missing):  # the page names check_inbox and does not describe it
            mails += await self._listed()
        return mails, whole

    async def _listed(self, enough: Callable[[dict[str, Any]], bool] = lambda _: False) -> list[Mail]:
        async def page(cursor: str | None) -> Any:
            return await self._routes.inbox(limit=PAGE_SIZE, cursor=cursor)

        found, _ = await walk(page, INBOX_PAGES, enough)
        return [mail(row) for row in found]

    async def read(self, message_id: str) -> Mail:
        """No call reads one mail: it is taken from the lists."""
        mails, whole = await self._everything()
        # The inbox, read after the pending list, shows more of a mail and shows it later.
        for one in reversed(mails):
            if one.message_id == message_id:
                return one
        if not whole:
            raise Denied(
                "MultiMail does not show its pending list to the sending key, so this mail cannot be looked up."
            )
        raise Missing("MultiMail lists no mail under that id.", service="MultiMail")

    async def pending(self) -> list[Mail]:
        """With the deciding key where there is one, else with our own."""
        return await self._held() if self._held is not None else held_mails(await self._routes.pending())

    async def queue(self) -> None:
        """Knock at the pending list with our own key, whoever else holds a deciding one."""
        await self._routes.pending()

    async def cancel(self, message_id: str) -> Any:
        """What the service says about it."""
        return await self._routes.cancel(message_id)

    async def tag(self, message_id: str, tags: Mapping[str, str]) -> None:
        """As a list of `key:value`."""
        await self._routes.tag(message_id, [f"{name}:{value}" for name, value in tags.items()])

    async def inbox(self, *, limit: int, since_id: str | None, cursor: str | None) -> MailPage:
        """`check_inbox` may list outbound mails too; they are left out."""
        data = await self._routes.inbox(direction="inbound", limit=limit, since_id=since_id, cursor=cursor)
        mails = [mail(row, direction="inbound") for row in rows(data)]
        return MailPage(tuple(one for one in mails if one.direction == "inbound"), cursor_of(data))

    async def ours_on(self, thread_id: str) -> tuple[str, ...]:
        """The thread is the one that we named, so there is nothing to learn."""
        return ()

    async def _last(self, thread_id: str) -> Mail | None:
        """The newest mail that arrived on a thread, else the newest one of ours on it."""

        def arrived(row: dict[str, Any]) -> bool:
            return text(row.get("thread_id")) == thread_id and text(row.get("direction")) == "inbound"

        mails: list[Mail] = []
        with contextlib.suppress(Missing):
            mails = [one for one in await self._listed(arrived) if one.thread_id == thread_id]
        inbound = [one for one in mails if one.direction == "inbound"]
        return _newest(inbound or mails)


def own_thread(draft: Draft) -> str:
    """The thread that a first mail opens."""
    return f"zd-{draft.ticket_id}"


def _newest(mails: list[Mail]) -> Mail | None:
    # Lists are newest first, so of two that arrived in the same moment the first one counts.
    return max(mails, key=lambda one: one.created_at or _LONG_AGO, default=None)
