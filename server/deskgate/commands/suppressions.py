"""`deskgate suppressions`: who gets no mail from here."""

import argparse
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from deskgate.commands.at_store import at_store, settings_at_terminal, table
from deskgate.commands.terminal import Line, Terminal

if TYPE_CHECKING:
    from deskgate.desk.store import Store

HEADINGS = ("ADDRESS", "SINCE", "WHY", "TICKET", "FROM")
REASON_CHARS = 200


def run(words: argparse.Namespace) -> int:
    """List, add or remove. 0 done or nothing to do, 1 no address or not on the list, 2 unusable settings or database."""
    found = settings_at_terminal(words)
    if found is None:
        return 2
    settings, terminal = found
    return at_store(settings, terminal, lambda store: act(store, terminal, words, settings.principal))


async def act(store: "Store", terminal: Terminal, words: argparse.Namespace, who: str) -> int:
    """Carry out one of the three on an open database, for the operator of that name."""
    if words.action == "add":
        return await _add(store, terminal, words, who)
    if words.action == "remove":
        return await _remove(store, terminal, words.address)
    return await _list(store, terminal, as_json=words.json)


async def _list(store: "Store", terminal: Terminal, *, as_json: bool) -> int:
    from deskgate.desk.suppression import suppressed

    found = await suppressed(store)
    if as_json:
        terminal.give(json.dumps([asdict(one) for one in found], indent=2))
    elif not found:
        terminal.give("Nobody is on the list.")
    else:
        rows = [(one.address, one.since, one.reason, str(one.ticket_id or ""), one.source) for one in found]
        terminal.show([Line(line) for line in table([HEADINGS, *rows])], terminal.stdout)
    return 0


async def _add(store: "Store", terminal: Terminal, words: argparse.Namespace, who: str) -> int:
    from deskgate.desk.clock import SystemClock, iso
    from deskgate.desk.recipients import plain_address
    from deskgate.desk.suppression import add, held_for

    address = plain_address(words.address)
    if address is None:
        terminal.complain(f"{words.address} is not one plain address.")
        return 1
    reason = " ".join(words.reason.split())[:REASON_CHARS]
    since = iso(SystemClock().now())
    wish = add(store, address, reason=reason, source=f"operator:{who}", ticket_id=None, since=since)
    if await store.write(wish.step, said=wish.said) != 1:
        terminal.give(f"{address} is on the list already.")
        return 0
    terminal.give(f"{address} gets no mail from here any more.")
    waiting = await held_for(store, address)
    if waiting:
        terminal.complain(
            f"{waiting} repl{'y' if waiting == 1 else 'ies'} to this address not yet sent can no longer be approved. "
            "Nothing was taken back: reject or cancel what waits (`deskgate pending`)."
        )
    return 0


async def _remove(store: "Store", terminal: Terminal, address: str) -> int:
    from deskgate.desk.clock import SystemClock, iso
    from deskgate.desk.suppression import lift

    wish = lift(store, address, now=iso(SystemClock().now()))
    if await store.write(wish.step, said=wish.said) != 1:
        terminal.complain(f"{address} is not on the list.")
        return 1
    terminal.give(f"{address} may get mail from here again.")
    terminal.complain("MultiMail keeps a list of its own; an address on that one still gets nothing.")
    return 0
