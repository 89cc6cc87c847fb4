"""The queue in ticket terms: what waits for a decision, for whom, since when, and whether it is still right."""

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass, replace

from deskgate.desk.clock import parse_time
from deskgate.desk.core import Core
from deskgate.desk.errors import BadInput
from deskgate.desk.look import Look, look_at, show_all, with_footers
from deskgate.desk.multimail import Mail, Stage
from deskgate.desk.principals import Principal
from deskgate.desk.replies import APPROVING, CANCELLING, HELD, REJECTING, Reply
from deskgate.desk.zendesk import Ticket

PAGE_CHARS = 150_000
FRESH_SECONDS = 120.0


@dataclass(frozen=True)
class Pending:
    """One reply that waits. `ticket` is `None` where Zendesk has none any more; `scanning`: not yet decidable, no look."""

    reply: Reply
    ticket: Ticket | None
    look: Look | None
    scanning: bool = False


@dataclass(frozen=True)
class Queue:
    """One page of the queue. `total` counts our held replies; `foreign` other mails held for the same mailbox."""

    items: tuple[Pending, ...]
    total: int
    foreign: int
    cursor: str | None


async def pending(
    core: Core,
    *,
    limit: int = 20,
    cursor: str | None = None,
    ticket_id: int | None = None,
    chars: int = PAGE_CHARS,
) -> Queue:
    """List held replies, oldest first, with what MultiMail holds now and what the tickets are by now.

    A list shows nobody a mail: whoever puts whole mails in front of somebody calls `show` as well.

    `chars` bounds the texts of one page; a page for people may ask for more than a model could read.

    One MultiMail listing and one Zendesk call for each hundred replies shown.

    Raises:
        BadInput: the cursor is not one of ours.
    """
    held = {mail.message_id: mail for mail in await _held(core)}
    ours, foreign = await _ours(core, held, ticket_id)
    after = _decoded(cursor) if cursor else ("", "")
    rest = [reply for reply in ours if (reply.drafted_at, reply.id) > after]
    page = _fitting(rest[:limit], chars)
    tickets = await core.zendesk.tickets({reply.ticket_id for reply in page})
    items = [_item(reply, held.get(reply.message_id or ""), tickets.get(reply.ticket_id)) for reply in page]
    items = await _remembered(core, items)
    more = len(rest) > len(page)
    return Queue(tuple(items), len(ours), foreign, _encoded(page[-1]) if more and page else None)


async def show(core: Core, caller: Principal, items: Iterable[Pending]) -> None:
    """Remember that these mails, whole and with their digests, were put in front of this caller."""
    await show_all(core, [item.look for item in items if item.look], caller)


async def _held(core: Core) -> list[Mail]:
    return await (core.oversight.pending() if core.oversight else core.outbox.pending())


async def _ours(core: Core, held: dict[str, Mail], ticket_id: int | None) -> tuple[list[Reply], int]:
    # A decision whose answer was lost leaves the reply where it was, and whoever decides must still see it.
    rows = await core.store.replies_in_state(HELD, APPROVING, REJECTING, CANCELLING)
    now = core.clock.now()

    def fresh(reply: Reply) -> bool:
        drafted = parse_time(reply.drafted_at)
        return drafted is not None and (now - drafted).total_seconds() < FRESH_SECONDS

    known = {row.message_id for row in rows}
    ours = [row for row in rows if row.message_id in held or (row.state == HELD and fresh(row))]
    if ticket_id is not None:
        ours = [row for row in ours if row.ticket_id == ticket_id]
    ours.sort(key=lambda row: (row.drafted_at, row.id))
    return ours, sum(1 for message_id in held if message_id not in known)


def _fitting(replies: list[Reply], chars: int) -> list[Reply]:
    """As many as one answer should carry: whole bodies, but not a megabyte of them."""
    kept: list[Reply] = []
    size = 0
    for reply in replies:
        size += len(reply.body) + 1_000
        if kept and size > chars:
            break
        kept.append(reply)
    return kept


def _item(reply: Reply, mail: Mail | None, ticket: Ticket | None) -> Pending:
    if mail is None or mail.stage is Stage.SCANNING:
        return Pending(reply, ticket, None, scanning=True)
    return Pending(reply, ticket, look_at(reply, mail, ticket))


async def _remembered(core: Core, items: list[Pending]) -> list[Pending]:
    looks = await with_footers(core, [item.look for item in items if item.look])
    seen = {look.reply.id: look for look in looks}
    return [
        replace(item, reply=seen[item.reply.id].reply, look=seen[item.reply.id]) if item.reply.id in seen else item
        for item in items
    ]


def _encoded(last: Reply) -> str:
    return base64.urlsafe_b64encode(f"{last.drafted_at} {last.id}".encode()).decode()


def _decoded(cursor: str) -> tuple[str, str]:
    try:
        drafted_at, reply_id = base64.urlsafe_b64decode(cursor.encode()).decode().split(" ")
    except (ValueError, binascii.Error) as error:
        raise BadInput("The cursor is not one that this tool gave.") from error
    return drafted_at, reply_id
