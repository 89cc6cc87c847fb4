"""`deskgate demo`: the main job, done for real by an MCP client, against the sandbox on this machine.

Everything printed is read from an answer, from the delivered mail, or from the sandbox's state; a step that does not hold
ends the demo with exit code 1.
"""

import argparse
import shutil
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deskgate.cli import complain, say
from deskgate.commands.common import sentence_in
from deskgate.commands.demo_world import DemoFailed, DemoWorld, delivered_mail, expect

if TYPE_CHECKING:
    from mcp.types import ElicitRequestParams, ElicitResult

TICKET = 101
CUSTOMER = "maria.lindqvist@example.com"
REPLY = """\
Dear Maria,

your parcel is safe: the carrier left it at the pick-up shop "Kvarnen Livs",
Storgatan 14. It waits for you there until Sunday 18:00; bring the order
number (48213) and an ID.

If Friday suits you better, answer by tomorrow and they will bring it to your
door before noon.

Happy birthday to your mother!
"""
ANSWER = "Thank you, that is wonderful! I will be there on Saturday."
ANSWER_SECONDS = 20.0
NOTE = "Customer told by mail where the parcel is (pick-up shop, until Sunday 18:00). Kettle is in stock if damaged."


def run(_words: argparse.Namespace) -> int:
    """Play the story. 0 when every step held, 1 with the reason otherwise."""
    import anyio

    from deskgate.settings import SettingsError, own_home

    began = time.monotonic()
    try:
        folder = own_home() / "demo"
    except SettingsError as error:
        complain(str(error))
        return 2
    shutil.rmtree(folder, ignore_errors=True)
    stopped = ""
    try:
        anyio.run(_story, folder)
    except* DemoFailed as failures:  # the client's task groups wrap what is raised within them
        stopped = sentence_in(failures)
    if stopped:
        complain(f"\nThe demo stopped: {stopped}")
        return 1
    command = _command()
    say(f"\nThat took {time.monotonic() - began:.0f} s. What to try next:")
    say(f"  · open the mail with any mail program: {folder / 'sandbox' / 'Maildir'}")
    say(f"  · connect your own client: the entry for `{command} serve --sandbox` is in mcp.json.example")
    say("  · rehearse trouble: add `--fault 'reset_after@POST send'` to that entry's arguments (docs/sandbox.md)")
    say(f"  · go live: put keys into the environment (`{command} settings` lists all) and run `{command} doctor`")
    return 0


def _command() -> str:
    """How to type the command here: its name, or its path where the shell would not find it."""
    if shutil.which("deskgate"):
        return "deskgate"
    beside = Path(sys.executable).parent / "deskgate"
    here = Path.cwd()
    return str(beside.relative_to(here)) if beside.is_relative_to(here) else str(beside)


async def _story(folder: Path) -> None:
    from mcp import Client
    from mcp.client.stdio import StdioServerParameters, stdio_client

    async with AsyncExitStack() as opened:
        world = await opened.enter_async_context(DemoWorld(folder))
        step(1, "A pretend Zendesk and a pretend MultiMail answer on this machine")
        say(f"  {world.base} · nothing leaves this computer, no account is needed")
        person = Person()
        command = StdioServerParameters(command=sys.executable, args=["-m", "deskgate", "serve"], env=world.environment)
        client = await opened.enter_async_context(Client(stdio_client(command), elicitation_callback=person))
        tools = (await client.list_tools()).tools
        step(2, "deskgate runs as an MCP server over stdio; a client lists its tools")
        say(f"  {', '.join(tool.name for tool in tools)}")
        caller = Caller(client)
        await _read(caller)
        message_id = await _draft(caller)
        await _gate_holds(caller, world)
        await _decide(caller, person, message_id, world)
        await _twice(caller, message_id, world)
        await _note(caller)
        await _answer(caller, world)
        await _recorded(caller, message_id)
        await _audited(world, folder)


class Caller:
    """The client's side of a call."""

    def __init__(self, client: Any) -> None:
        self._client = client

    async def ok(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """A call that has to work."""
        result = await self._client.call_tool(tool, arguments)
        expect(not result.is_error, f"{tool} answered: {result.content[0].text}")
        return dict(result.structured_content or {})

    async def refused(self, tool: str, **arguments: Any) -> str:
        """A call that has to be refused; its sentence."""
        result = await self._client.call_tool(tool, arguments)
        expect(bool(result.is_error), f"{tool} was allowed, and should not have been")
        return str(result.content[0].text)


class Person:
    """Plays whoever sits at the client: no by default, yes once told to."""

    def __init__(self) -> None:
        self.says_yes = False
        self.shown = ""

    async def __call__(self, context: Any, params: "ElicitRequestParams") -> "ElicitResult":
        """Answer one question."""
        from mcp.types import ElicitResult

        self.shown = params.message
        if self.says_yes:
            return ElicitResult(action="accept", content={"confirm": True})
        return ElicitResult(action="decline")


async def _read(caller: Caller) -> None:
    step(3, f"The agent reads ticket {TICKET}")
    ticket = await caller.ok("read_zendesk_ticket", ticket_id=TICKET)
    facts, requester = ticket["ticket"], ticket["requester"]
    say(f"  {facts['subject']}")
    say(f"  [{facts['status']}, {facts['priority']}] from {requester['name']} <{requester['email']}>")
    say(f"  {len(ticket['comments'])} comments; the newest one:")
    quote(ticket["comments"][-1]["body"])


async def _draft(caller: Caller) -> str:
    step(4, "It drafts a reply. There is no address to choose: it goes to the requester, and it is held")
    drafted = await caller.ok("draft_gated_reply", ticket_id=TICKET, body=REPLY)
    expect(drafted["state"] == "held", "the draft is not held")
    say(f"  message {drafted['message_id']} to {drafted['to']}: {drafted['state']}")
    say(f"  {drafted['digest']}")
    return str(drafted["message_id"])


async def _gate_holds(caller: Caller, world: DemoWorld) -> None:
    step(5, "Ways around the gate, tried")
    said = await caller.refused("draft_gated_reply", ticket_id=104, body="Hello", to="someone.else@example.net")
    say(f"  another address   → {said}")
    queue = await caller.ok("list_zendesk_pending")
    waiting = queue["pending"][0]
    said = await caller.refused("decide_reply", message_id=waiting["message_id"], decision="approve")
    say(f"  the person says no → {said}")
    expect(not world.mails(), "a mail went out although nobody approved it")
    say(f"  {queue['total']} reply waits, 0 mails delivered")


async def _decide(caller: Caller, person: Person, message_id: str, world: DemoWorld) -> None:
    step(6, "The agent asks for approval again; the client shows the person exactly this (the demo answers yes)")
    person.says_yes = True
    decided = await caller.ok("decide_reply", message_id=message_id, decision="approve")
    quote(person.shown)
    say(
        f"  now {decided['state']}; decided ({decided['decision']}) by {decided['decided_by']}, {decided['decided_at']}"
    )
    mails = world.mails()
    expect(len(mails) == 1, f"{len(mails)} mails were delivered instead of one")
    step(7, "The mail arrived")
    quote(delivered_mail(mails[0]))
    life = (await caller.ok("track_reply", message_id=message_id))["replies"][0]
    expect(life["state"] == "delivered", f"the reply is {life['state']}")
    say(f"  track_reply: {life['state']} at {life['delivered_at']}")


async def _twice(caller: Caller, message_id: str, world: DemoWorld) -> None:
    step(8, "The same draft and the same decision again: nothing happens twice")
    again = await caller.ok("draft_gated_reply", ticket_id=TICKET, body=REPLY)
    expect(again["message_id"] == message_id, "the same words made a second mail")
    await caller.ok("decide_reply", message_id=message_id, decision="approve")
    expect(len(world.mails()) == 1, "the mail was delivered twice")
    say(f"  message {message_id}: still {again['state']}, still 1 mail delivered")


async def _note(caller: Caller) -> None:
    step(9, "A private note tells the other agents")
    noted = await caller.ok("note_zendesk_ticket", ticket_id=TICKET, note=NOTE)
    expect(noted["public"] is False, "the note is public")
    say(f"  comment {noted['comment_id']} on ticket {noted['ticket_id']}, seen by agents only")


async def _answer(caller: Caller, world: DemoWorld) -> None:
    step(10, "The customer answers; the answer is on the ticket, once, and reopens it")
    await world.customer_writes(TICKET, ANSWER)
    ticket = await _once_there(caller, ANSWER)
    notes = [each["body"] for each in ticket["comments"] if not each["public"]]
    expect(sum(ANSWER in each for each in notes) == 1, "the customer's answer is on the ticket more than once")
    expect(sum("Sent by email to" in each for each in notes) == 1, "what was sent is not told on the ticket once")
    quote(next(each for each in notes if ANSWER in each))
    facts = ticket["ticket"]
    expect(facts["status"] == "open", f"the ticket is {facts['status']}")
    say(f"  ticket {TICKET} is {facts['status']}, tagged {', '.join(facts['tags'])}")
    say("  (found by asking MultiMail: this demo has no address for its webhooks; with one it takes no time at all)")


async def _recorded(caller: Caller, message_id: str) -> None:
    step(11, "All of it is on record: who drafted, who approved which digest, and that it was sent")
    trail = await caller.ok("read_audit_trail", message_id=message_id)
    (way,) = trail["replies"]
    expect(bool(way["decided"] and way["sent"]), "the approval is not on record")
    say(f"  drafted {way['drafted']}")
    say(f"  {way['decided']}")
    say(f"  over {way['digest']}")
    say(f"  sent {way['sent']}")


async def _audited(world: DemoWorld, folder: Path) -> None:
    from deskgate.commands.demo_audit import Auditor, audit

    step(12, "An auditor checks the record, the customer asks to be forgotten, and it still verifies")
    await audit(Auditor(folder, world.environment), CUSTOMER)


async def _once_there(caller: Caller, words: str) -> dict[str, Any]:
    """The ticket as soon as these words are on it."""
    import anyio

    for _ in range(int(ANSWER_SECONDS / 0.25)):
        ticket = await caller.ok("read_zendesk_ticket", ticket_id=TICKET)
        if any(words in each["body"] for each in ticket["comments"]):
            return ticket
        await anyio.sleep(0.25)
    raise DemoFailed(f"the customer's answer was not on the ticket after {ANSWER_SECONDS:.0f} s")


def step(number: int, text: str) -> None:
    """A heading."""
    say(f"\n{number}. {text}")


def quote(text: str) -> None:
    """Somebody's text, set off from ours."""
    for line in text.rstrip().splitlines():
        say(f"  │ {line}")
