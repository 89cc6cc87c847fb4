"""`deskgate pending`: what waits for a decision, in terms of its tickets."""

import argparse
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from deskgate.commands.common import settings_of
from deskgate.commands.showing import Sight, sight
from deskgate.commands.terminal import Line, Terminal, ending, take_seat, width
from deskgate.desk import Desk, Queue
from deskgate.desk.errors import BadInput
from deskgate.desk.queue import Pending
from deskgate.desk.text import label

if TYPE_CHECKING:
    import httpx

    from deskgate.desk.clock import Clock
    from deskgate.settings import Settings
    from deskgate_tools._pending import PendingReply

SHOWN_LIMIT = 1_000
TEXT_LIMIT_CHARS = 100_000_000
NAME_LIMIT_CHARS = 28
HEADINGS = ("ID", "TICKET", "STATUS", "PRIORITY", "AGE", "REQUESTER", "DRAFTED BY", "STALE")


@dataclass(frozen=True)
class Waiting:
    """The queue at one moment; `sights` by reply, where whole mails are to be shown."""

    queue: Queue
    now: datetime
    sights: "dict[str, Sight]" = field(default_factory=dict)

    def replies(self) -> "list[PendingReply]":
        """As the tool of the same purpose gives them."""
        from deskgate_tools._pending import pending_reply

        return [pending_reply(item, self.now) for item in self.queue.items]


def run(words: argparse.Namespace) -> int:
    """Show the queue. 0 done, 1 where it cannot be read or has no such reply, 2 unusable settings."""
    settings = settings_of(words)
    if settings is None:
        return 2
    return act(settings, words, Terminal.of_process(colour=settings.colour, sandbox=settings.sandbox))


def act(
    settings: "Settings",
    words: argparse.Namespace,
    terminal: Terminal,
    *,
    clock: "Clock | None" = None,
    transport: "httpx.AsyncBaseTransport | None" = None,
) -> int:
    """The same, at this terminal. `transport` replaces the network in tests."""

    def command() -> int:
        with take_seat(settings, clock=clock, transport=transport) as seat:
            whole = not words.json and (words.full or words.message_id is not None)
            found = seat.wait_for(lambda desk: _waiting(desk, words, whole=whole))
        if words.json:
            terminal.give(_dump(found))
        else:
            lines = _whole(found) if whole else _table(found)
            terminal.show([*lines, *_foot(found, terminal)], terminal.stdout)
        return 0

    return ending(terminal, command)


async def _waiting(desk: Desk, words: argparse.Namespace, *, whole: bool) -> Waiting:
    queue = await desk.pending(limit=SHOWN_LIMIT, ticket_id=words.ticket, chars=TEXT_LIMIT_CHARS)
    if words.message_id is not None:
        chosen = tuple(item for item in queue.items if item.reply.message_id == words.message_id)
        if not chosen:
            raise BadInput("No reply with that id waits for a decision. `deskgate pending` shows those that do.")
        queue = replace(queue, items=chosen)
    if whole or words.json:
        await desk.show(queue.items)
    looks = [item.look for item in queue.items if item.look] if whole else []
    return Waiting(queue, desk.core.clock.now(), {look.reply.id: await sight(desk, look) for look in looks})


def _dump(found: Waiting) -> str:
    from deskgate_tools.list_zendesk_pending import PendingReplies

    queue = found.queue
    return PendingReplies(
        pending=found.replies(), total=queue.total, other_mail=queue.foreign, cursor=queue.cursor
    ).model_dump_json(indent=2)


def _table(found: Waiting) -> list[Line]:
    replies = found.replies()
    if not replies:
        return []
    rows = [HEADINGS, *(_row(item, reply) for item, reply in zip(found.queue.items, replies, strict=True))]
    widths = [max(width(row[column]) for row in rows) for column in range(len(HEADINGS))]
    heading, *lines = ["  ".join(_padded(*cell) for cell in zip(row, widths, strict=True)).rstrip() for row in rows]
    table = [Line(heading, "strong")]
    for reply, line in zip(replies, lines, strict=True):
        table.append(Line(line, "alarm" if reply.stale else "plain"))
        table += [Line(f"    {why}") for why in reply.why]
    return [*table, Line("")]


def _whole(found: Waiting) -> list[Line]:
    """Each reply as the question before a decision shows it, with the line of the table above it."""
    lines: list[Line] = []
    for item, reply in zip(found.queue.items, found.replies(), strict=True):
        facts = zip(HEADINGS, _row(item, reply), strict=True)
        lines.append(Line("  ".join(f"{name.lower()} {fact}" for name, fact in facts), "strong"))
        lines += [Line(f"    {why}", "alarm" if reply.stale else "plain") for why in reply.why]
        seen = found.sights.get(item.reply.id)
        lines += [*seen.head(), Line(""), *seen.mail()] if seen else []
        lines.append(Line(""))
    return lines


def _row(item: Pending, reply: "PendingReply") -> tuple[str, ...]:
    requester = item.ticket.requester if item.ticket else None
    cells = (
        reply.message_id or "-",
        str(reply.ticket_id),
        reply.status or "-",
        reply.priority or "-",
        _age(reply.age_minutes),
        label(requester.name, NAME_LIMIT_CHARS) if requester else "-",
        label(reply.drafted_by, NAME_LIMIT_CHARS),
        "stale" if reply.stale else "-",
    )
    return tuple(" ".join(cell.split()) for cell in cells)


def _age(minutes: int) -> str:
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60)} d"


def _padded(cell: str, columns: int) -> str:
    return cell + " " * (columns - width(cell))


def _foot(found: Waiting, terminal: Terminal) -> list[Line]:
    queue = found.queue
    if not queue.items:
        lines = ["No reply waits for a decision."]
    else:
        lines = [f"{len(queue.items)} of {queue.total} waiting {'reply' if queue.total == 1 else 'replies'}."]
        lines.append(terminal.hint("To decide: `deskgate decide ID approve`, or `deskgate decide ID reject`"))
    if queue.foreign:
        lines.append(f"Besides, MultiMail holds {queue.foreign} mail(s) of this mailbox that were not drafted here.")
    return [Line(text) for text in lines]
