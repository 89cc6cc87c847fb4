"""The sending side in the published form."""

import contextlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import anyio

from deskgate.desk.errors import BadInput, DeskError, OutcomeUnknown, UpstreamUnavailable
from deskgate.desk.multimail.mail import Accepted, Draft, Gate, Mail, MailPage
from deskgate.desk.multimail.matching import is_draft, resembles, same_person, topic
from deskgate.desk.multimail.paging import PAGE_SIZE, walk
from deskgate.desk.multimail.reading import (
    HELD_STATUS,
    REPEATED_STATUS,
    addresses,
    cursor_of,
    first,
    id_of,
    mail,
    record,
    rows,
    text,
)
from deskgate.desk.multimail.refusals import refused_send, unknown_outcome
from deskgate.desk.multimail.v1 import V1Mailboxes
from deskgate.desk.wire import Answer, Conflict, Denied, Missing, Rejected

PENDING_PAGES = 20
LOOKUP_PAGES = 5
READS_AT_ONCE = 5
_NOT_ANSWERABLE = frozenset({"deleted", "spam_flagged", "spam_quarantined", "pending_inbound_approval", "rejected"})
_PLAIN = r"[\w.+-]{1,64}@[\w.-]{1,190}"
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Box:
    """Our mailbox as the service knows it."""

    id: str
    address: str
    mode: str
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()


class V1Outbox:
    """See `Outbox` for what each method promises."""

    def __init__(self, routes: V1Mailboxes, mailbox: str) -> None:
        self._routes = routes
        self._mailbox = mailbox
        self._box: Box | None = None

    async def gate(self) -> Gate:
        """Read now: an operator can change the mode at any time."""
        box = self._box = await self._resolved()
        try:
            data = await self._routes.allowlist(box.id)
        except Missing:
            # The published document has no such route, so a service without it has no allowlist either.
            return Gate(box.address, box.mode, (), cc=box.cc, bcc=box.bcc)
        except Denied:
            return Gate(box.address, box.mode, (), allowlist_known=False, cc=box.cc, bcc=box.bcc)
        entries = rows(data, "entries", "allowlist")
        patterns = tuple(pattern for entry in entries if (pattern := text(entry.get("pattern"))))
        count = data.get("count") if isinstance(data, dict) else None
        whole = len(patterns) == len(entries) and (not isinstance(count, int) or count <= len(entries))
        return Gate(box.address, box.mode, patterns, allowlist_known=whole, cc=box.cc, bcc=box.bcc)

    async def _resolved(self) -> Box:
        found = [_box(row) for row in rows(await self._routes.mailboxes(), "mailboxes") if row.get("is_active") != 0]
        boxes = [box for box in found if box is not None]
        wanted = self._mailbox.strip()
        for box in boxes:
            if wanted and (box.id == wanted or same_person(box.address, wanted)):
                return box
        names = ", ".join(box.address for box in boxes[:5] if re.fullmatch(_PLAIN, box.address)) or "none"
        what = f"MultiMail has no active mailbox {wanted} for this key" if wanted else "MULTIMAIL_MAILBOX is not set"
        raise BadInput(f"{what}; mailboxes it shows: {names}. Set MULTIMAIL_MAILBOX to one of them.")

    async def _id(self) -> str:
        if self._box is None:
            self._box = await self._resolved()
        return self._box.id

    async def owns(self, mailbox: str) -> bool:
        """By the address that the service gave."""
        await self._id()
        return self._box is not None and same_person(self._box.address, mailbox)

    async def submit(self, draft: Draft) -> Accepted:
        """A reply to the recipient's own last mail on the thread, else a new mail."""
        box_id = await self._id()
        answered = await self._answerable(draft)
        try:
            answer, thread_id = await self._hand_over(box_id, answered, draft)
        except (Denied, Rejected) as error:
            raise refused_send(error) from None
        except (Conflict, OutcomeUnknown):
            return await self._looked_up(draft)
        return await self._accepted(answer, draft, thread_id)

    async def _answerable(self, draft: Draft) -> str | None:
        """The mail to reply to.

        A reply goes to whoever wrote that mail, under its subject. So it has to be the recipient's own, and under the
        draft's subject; in any other case a new mail with an address and a subject of its own is the exact one.
        """
        last = await self._last(draft.thread_id, draft.to) if draft.thread_id else None
        return last.message_id if last and topic(last.subject) == topic(draft.subject) else None

    async def _hand_over(self, box_id: str, answered: str | None, draft: Draft) -> tuple[Answer, str | None]:
        """The answer, and the thread where that is known without it: a new mail opens one of its own."""
        if answered is not None:
            with contextlib.suppress(Missing):
                answer = await self._routes.reply(box_id, answered, markdown=draft.body, key=draft.key)
                return answer, draft.thread_id
        to = {"to": draft.to, "subject": draft.subject}
        return await self._routes.send(box_id, **to, markdown=draft.body, key=draft.key), None

    async def _accepted(self, answer: Answer, draft: Draft, thread_id: str | None) -> Accepted:
        data = record(answer.data, "email", "message")
        message_id = id_of(data)
        if message_id is None:
            return await self._looked_up(draft)
        status, thread_id = text(data.get("status")) or "", text(data.get("thread_id")) or thread_id
        if status != REPEATED_STATUS and data.get("idempotent") is not True:
            return Accepted(message_id, status, thread_id, repeated=False)
        with contextlib.suppress(DeskError):  # the mail is there; its thread can be learned later (`ours_on`)
            known = await self.read(message_id)
            return Accepted(message_id, known.status or status, known.thread_id, repeated=True)
        return Accepted(message_id, status, thread_id, repeated=True)

    async def _looked_up(self, draft: Draft) -> Accepted:
        found = None
        with contextlib.suppress(DeskError):
            found = await self.find(draft)
        if found is None:
            raise unknown_outcome()
        return found

    async def find(self, draft: Draft) -> Accepted | None:
        """Among the newest 500 outbound mails."""
        box_id = await self._id()

        async def page(cursor: str | None) -> Any:
            return await self._routes.emails(box_id, direction="outbound", limit=PAGE_SIZE, cursor=cursor)

        listed, _ = await walk(page, LOOKUP_PAGES)
        for row in listed:
            if not resembles(draft, mail(row, direction="outbound")):
                continue
            with contextlib.suppress(Missing):
                whole = await self.read(id_of(row) or "")
                settled = is_draft(draft, whole)
                if settled is None:
                    raise unknown_outcome()
                if settled:
                    return Accepted(whole.message_id, whole.status or "", whole.thread_id, repeated=True)
        return None

    async def read(self, message_id: str) -> Mail:
        """The answer names no direction: a mail from our own address is outbound."""
        box_id = await self._id()
        row = record(await self._routes.email(box_id, message_id), "email", "message")
        whole = mail(row)
        if whole.direction is None and whole.sender is not None and self._box is not None:
            direction = "outbound" if same_person(whole.sender, self._box.address) else "inbound"
            whole = mail(row, direction=direction)
        if whole.message_id != message_id:
            raise UpstreamUnavailable("MultiMail answered with another mail than the one asked for.")
        return whole

    async def pending(self) -> list[Mail]:
        """The list has no bodies, so each mail is read."""
        box_id = await self._id()

        async def page(cursor: str | None) -> Any:
            return await self._routes.emails(
                box_id, status=HELD_STATUS, direction="outbound", limit=PAGE_SIZE, cursor=cursor
            )

        listed, complete = await walk(page, PENDING_PAGES)
        if not complete:
            raise UpstreamUnavailable(
                f"More than {PENDING_PAGES * PAGE_SIZE} mails are held in MultiMail, more than can be listed here. "
                "Decide the oldest ones first."
            )
        return await self._read_all([mail(row).message_id for row in listed])

    async def _read_all(self, message_ids: Sequence[str]) -> list[Mail]:
        found: dict[str, Mail] = {}
        failed: list[DeskError] = []
        limiter = anyio.CapacityLimiter(READS_AT_ONCE)

        async def read_one(message_id: str) -> None:
            async with limiter:
                if failed:
                    return
                try:
                    found[message_id] = await self.read(message_id)
                except Missing:
                    return  # gone since it was listed
                except DeskError as error:
                    failed.append(error)

        async with anyio.create_task_group() as group:
            for message_id in message_ids:
                group.start_soon(read_one, message_id)
        if failed:
            raise failed[0]
        return [found[message_id] for message_id in message_ids if message_id in found]

    async def queue(self) -> None:
        """Knock at the deciders' list."""
        await self._routes.queue()

    async def cancel(self, message_id: str) -> Any:
        """What the service says about it."""
        return await self._routes.cancel(await self._id(), message_id)

    async def tag(self, message_id: str, tags: Mapping[str, str]) -> None:
        """Read, merge, write: the write replaces all tags or merges, depending on whom one asks."""
        box_id = await self._id()
        data = await self._routes.tags(box_id, message_id)
        known = (data["tags"] or {}) if isinstance(data, dict) and "tags" in data else None
        if not isinstance(known, dict):
            raise UpstreamUnavailable("MultiMail answered with tags in a form that is not known here.")
        before = {str(name): text(value) or "" for name, value in known.items()}
        merged = before | dict(tags)
        if merged != before:
            await self._routes.put_tags(box_id, message_id, merged)

    async def inbox(self, *, limit: int, since_id: str | None, cursor: str | None) -> MailPage:
        """Without bodies: reading one marks it as read."""
        data = await self._routes.emails(
            await self._id(), direction="inbound", limit=limit, since_id=since_id, cursor=cursor
        )
        mails = [mail(row, direction="inbound") for row in rows(data)]
        return MailPage(tuple(one for one in mails if one.direction == "inbound"), cursor_of(data))

    async def ours_on(self, thread_id: str) -> tuple[str, ...]:
        """By the thread's own list."""
        mails = await self._thread(thread_id)
        return tuple(one.message_id for one in mails if one.direction == "outbound")

    async def _thread(self, thread_id: str) -> list[Mail]:
        try:
            data = await self._routes.thread(await self._id(), thread_id)
        except Missing:
            return []
        return [mail(row) for row in rows(data)]

    async def _last(self, thread_id: str, sender: str) -> Mail | None:
        arrived = [
            one
            for one in await self._thread(thread_id)
            if one.direction == "inbound" and one.status not in _NOT_ANSWERABLE and same_person(one.sender, sender)
        ]
        return max(enumerate(arrived), key=lambda item: (item[1].created_at or _LONG_AGO, item[0]), default=(0, None))[
            1
        ]


def _box(row: Mapping[str, Any]) -> Box | None:
    box_id, address = first(row, "id", "mailbox_id"), text(row.get("address"))
    if not box_id or not address:
        return None
    mode = text(row.get("oversight_mode")) or ""
    return Box(box_id, address, mode, addresses(row.get("auto_cc")), addresses(row.get("auto_bcc")))
