"""`deskgate sandbox`: the pretend world on a port of this machine, and whoever acts in it: an agent, a customer."""

import argparse
from typing import TYPE_CHECKING

from deskgate.cli import complain, say

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from deskgate.desk import Reply
    from deskgate.desk.clock import Clock
    from deskgate.settings import Settings

# Not the person at this terminal: they could not approve what they drafted themselves.
AGENT = "example-agent"
EXAMPLE = """\
Hello,

thank you for writing. We are looking into it and will answer you by tomorrow
at noon.
"""
EXAMPLES = {
    101: """\
Dear Maria,

your parcel is safe: the carrier left it at the pick-up shop "Kvarnen Livs",
Storgatan 14. It waits for you there until Sunday 18:00; bring the order
number (48213) and an ID.
""",
}


PORT = 8643
# What only the serving of the pretend world looks at.
SERVING = {"draft": ("port", "reset", "desk"), "reply": ("reset", "desk", "fault")}
BESIDE = {
    "draft": "it drafts in the sandbox of the data folder, whoever serves that. DESKGATE_HOME names another",
    "reply": "it only plays the customer. Give it to the `deskgate sandbox` that serves",
}


def run(words: argparse.Namespace) -> int:
    """Serve until a signal comes, draft an example reply, or put one customer's answer into the inbox."""
    misplaced = [name for name in SERVING.get(words.action, ()) if _given(getattr(words, name))]
    if misplaced:
        complain(f"--{misplaced[0]} has no effect on `deskgate sandbox {words.action}`: {BESIDE[words.action]}.")
        return 2
    if words.action == "draft":
        return _draft(words)
    from deskgate.settings import SettingsError, own_home

    try:
        folder = own_home() / "sandbox"
    except SettingsError as error:
        complain(str(error))
        return 2
    if words.action == "reply":
        return _reply(folder, words)
    return _serve(folder, words)


def _given(value: object) -> bool:
    return value is not None and value is not False and value != []


def _draft(words: argparse.Namespace) -> int:
    """An agent's draft through the same gate as any: nobody but a person who is not that agent lets it out."""
    import anyio

    from deskgate.commands.common import settings_of
    from deskgate.commands.serving import fault_problem
    from deskgate.desk.errors import DeskError
    from deskgate.desk.replies import HELD
    from deskgate.desk.store import StoreUnusable

    words.sandbox = True
    settings = settings_of(words)
    if settings is None:
        return 2
    problem = fault_problem(settings)
    if problem:
        complain(problem)
        return 2
    body = words.body if words.body is not None else EXAMPLES.get(words.ticket, EXAMPLE)
    try:
        reply = anyio.run(drafted, settings, words.ticket, body)
    except DeskError as error:
        complain(str(error))
        return 1
    except StoreUnusable as error:
        complain(error.sentence)
        return 2
    if reply.state != HELD:
        complain(
            f"These words were drafted before, as {reply.message_id}; it is {reply.state}. For another: --body TEXT"
        )
        return 1
    say(str(reply.message_id))
    complain(
        f"{AGENT} drafted it for ticket {reply.ticket_id}, to {reply.recipient}. It is held until somebody decides:"
    )
    complain(f"  deskgate decide {reply.message_id} approve --sandbox")
    return 0


async def drafted(
    settings: "Settings",
    ticket: int,
    body: str,
    *,
    clock: "Clock | None" = None,
    transport: "httpx.AsyncBaseTransport | None" = None,
) -> "Reply":
    """The reply. `clock` and `transport` are replaced in tests.

    Raises:
        DeskError: the desk refuses the draft, as it would refuse any agent's.
    """
    from dataclasses import replace

    from deskgate.app import open_desk
    from deskgate.desk import Principal
    from deskgate.desk.principals import DRAFT

    agent = Principal(AGENT, "agent", frozenset({DRAFT}), owner=AGENT, auth="terminal")
    async with open_desk(settings, clock=clock, transport=transport) as desk:
        return await replace(desk, caller=agent).draft(ticket, body)


def _reply(folder: "Path", words: argparse.Namespace) -> int:
    from deskgate.sandbox.player import Turn, play

    if bool(words.text) == words.bounce:
        complain("Say what the customer writes, or --bounce alone: the mail comes back.")
        return 2
    turn = Turn(words.ticket, words.text or "", words.sender, words.automatic, words.quoted, words.bounce)
    try:
        message_id = play(folder, turn, PORT if words.port is None else words.port)
    except LookupError as error:
        complain(
            f"The customer has nothing to answer: {error}. First approve a reply to ticket {words.ticket}: "
            f"`deskgate pending --sandbox` shows what waits, `deskgate sandbox draft {words.ticket}` writes one."
        )
        return 1
    if words.bounce:
        say(f"The mail {message_id} of ticket {words.ticket} came back; its reader is on MultiMail's suppression list.")
    else:
        say(f"The customer of ticket {words.ticket} answered; MultiMail's inbox has it as {message_id}.")
    return 0


def _serve(folder: "Path", words: argparse.Namespace) -> int:
    import anyio

    from deskgate.sandbox.faults import parse_fault
    from deskgate.sandbox.serve import serve
    from deskgate.sandbox.world import World

    if words.desk and not words.desk.startswith(("http://", "https://")):
        complain("--desk is an address such as http://127.0.0.1:8642: webhooks go there.")
        return 2
    try:
        faults = [parse_fault(text) for text in words.fault]
    except ValueError as error:
        complain(f"--fault cannot be read: {error}")
        return 2
    if words.reset:
        world = World.open(folder)
        world.reset()
        world.close()
        # deskgate's own record of the pretend world goes too, or it would follow mails that nobody has.
        for path in folder.glob("deskgate.sqlite3*"):
            path.unlink()
    if words.desk is not None:
        world = World.open(folder)
        world.point_webhooks(words.desk)
        world.close()
    port = PORT if words.port is None else words.port
    try:
        anyio.run(lambda: serve(folder, "127.0.0.1", port, say, faults))
    except OSError as error:
        complain(f"Port {port} cannot be used ({error.strerror or error}). Choose another with --port.")
        return 1
    return 0
