"""`deskgate events`: what arrived, what became of it, and once more where somebody mended what was wrong."""

import argparse
import json
from typing import TYPE_CHECKING, Any

from deskgate.commands.at_store import at_store, settings_at_terminal, table
from deskgate.commands.terminal import Line, Terminal

if TYPE_CHECKING:
    from deskgate.desk.inbox.events import Events
    from deskgate.desk.store import Store

STATES = ("new", "dead", "flagged", "done")
HEADINGS = ("NUMBER", "STATE", "FROM", "RECEIVED", "TRIES", "ABOUT", "REMARK")
REMARK_CHARS = 80
ALL = 1_000_000


def run(words: argparse.Namespace) -> int:
    """List, show or replay. 0 done, 1 no such event or one that cannot be replayed, 2 unusable settings or database."""
    found = settings_at_terminal(words)
    if found is None:
        return 2
    settings, terminal = found
    return at_store(settings, terminal, lambda store: act(store, terminal, words))


async def act(store: "Store", terminal: Terminal, words: argparse.Namespace) -> int:
    """Carry out one of the three on an open database."""
    from deskgate.desk.clock import SystemClock
    from deskgate.desk.inbox.events import Events

    events = Events(store, SystemClock())
    if words.action == "list":
        return await _list(events, terminal, words)
    if words.action == "show":
        return await _show(events, terminal, words)
    return await _replay(events, terminal, words)


async def _list(events: "Events", terminal: Terminal, words: argparse.Namespace) -> int:
    rows = await events.listed(*([words.state] if words.state else STATES), limit=words.limit)
    if words.json:
        terminal.give(json.dumps(rows, indent=2))
        return 0
    if not rows:
        terminal.give(f"No event is {words.state}." if words.state else "Nothing has arrived so far.")
        return 0
    cells = [HEADINGS, *(_cells(row) for row in rows)]
    terminal.show([Line(line) for line in table(cells)], terminal.stdout)
    if any(row["state"] == "dead" for row in rows):
        terminal.complain(
            "A dead event is not tried again by itself: mend what its remark says, then `deskgate events replay --dead`."
        )
    return 0


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    remark = " ".join((row["trouble"] or "").split())
    short = remark if len(remark) <= REMARK_CHARS else remark[: REMARK_CHARS - 1] + "…"
    first = (str(row["number"]), row["state"], row["source"], row["received_at"])
    return (*first, str(row["tries"]), row["lane"] or "", short)


async def _show(events: "Events", terminal: Terminal, words: argparse.Namespace) -> int:
    event = await events.one(words.number)
    if event is None:
        terminal.complain(f"There is no event {words.number}. `deskgate events list` shows the newest.")
        return 1
    effects = await events.effects(words.number)
    body = bytes(event.pop("body"))
    told = {**event, "headers": json.loads(event["headers"]), "body_bytes": len(body), "effects": effects}
    if words.body:
        told["body"] = body.decode("utf-8", "replace")
    if words.json:
        terminal.give(json.dumps(told, indent=2))
        return 0
    terminal.show([Line(line) for line in _told(told)], terminal.stdout)
    return 0


def _told(event: dict[str, Any]) -> list[str]:
    lines = [
        f"event {event['number']}, {event['state']}",
        f"  from      {event['source']}, id {event['event_id']}",
        f"  received  {event['received_at']}",
        f"  about     {event['lane'] or 'nobody has looked yet'}",
        f"  tries     {event['tries']}",
    ]
    if event["done_at"]:
        lines.append(f"  done      {event['done_at']}")
    if event["trouble"]:
        lines.append(f"  {'remark ' if event['state'] == 'done' else 'trouble'}   {event['trouble']}")
    lines += [f"  header    {name}: {value}" for name, value in event["headers"].items()]
    for effect in event["effects"]:
        proof = f", {effect['remote_id']} at {effect['done_at']}" if effect["remote_id"] else ""
        lines.append(f"  effect    {effect['key']} on ticket {effect['ticket_id']}: {effect['state']}{proof}")
    if not event["effects"]:
        lines.append("  effect    none was begun by this event")
    if "body" not in event:
        return [*lines, f"  body      {event['body_bytes']} bytes (--body shows it)"]
    return [*lines, "", event["body"] or "The body is gone: the event is done and old, or it was erased with a person."]


async def _replay(events: "Events", terminal: Terminal, words: argparse.Namespace) -> int:
    if bool(words.numbers) == words.dead:
        terminal.complain("Say which events, by their numbers, or --dead for all dead ones.")
        return 2
    numbers = list(words.numbers)
    if words.dead:
        numbers = sorted(row["number"] for row in await events.listed("dead", limit=ALL))
        if not numbers:
            terminal.give("No event is dead.")
    failed = False
    for number in numbers:
        why_not = await _replayed(events, number)
        failed = failed or why_not is not None
        if why_not:
            terminal.complain(f"Event {number} cannot be replayed: {why_not}.")
        else:
            terminal.give(f"Event {number} will be worked on again. What it did already is not done twice.")
    return 1 if failed else 0


async def _replayed(events: "Events", number: int) -> str | None:
    """Have it worked on again; gives why that cannot be."""
    event = await events.one(number)
    if event is None:
        return "there is none of that number"
    if event["state"] == "new":
        return "it is still open"
    if event["state"] == "flagged":
        return "another event has its id with another body, so one of the two is not what it says"
    if not event["body"]:
        return "its body was dropped"
    return None if await events.replay(number) else "its state changed just now"
