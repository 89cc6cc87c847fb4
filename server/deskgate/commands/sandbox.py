"""`deskgate sandbox`: the pretend world on a port of this machine."""

import argparse
from typing import TYPE_CHECKING

from deskgate.cli import complain, say

if TYPE_CHECKING:
    from pathlib import Path


def run(words: argparse.Namespace) -> int:
    """Serve until a signal comes, or put one customer's answer into the inbox."""
    from deskgate.settings import SettingsError, own_home

    try:
        folder = own_home() / "sandbox"
    except SettingsError as error:
        complain(str(error))
        return 2
    if words.ticket is not None:
        return _reply(folder, words)
    return _serve(folder, words)


def _reply(folder: "Path", words: argparse.Namespace) -> int:
    from deskgate.sandbox.player import Turn, play

    if bool(words.text) == words.bounce:
        complain("Say what the customer writes, or --bounce alone: the mail comes back.")
        return 2
    turn = Turn(words.ticket, words.text or "", words.sender, words.automatic, words.quoted, words.bounce)
    try:
        message_id = play(folder, turn, words.port)
    except LookupError as error:
        complain(f"The customer has nothing to answer: {error}.")
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
    try:
        anyio.run(lambda: serve(folder, "127.0.0.1", words.port, say, faults))
    except OSError as error:
        complain(f"Port {words.port} cannot be used ({error.strerror or error}). Choose another with --port.")
        return 1
    return 0
