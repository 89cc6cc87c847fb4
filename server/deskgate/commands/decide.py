"""`deskgate decide`: the reviewer's decision at a terminal."""

import argparse
from typing import TYPE_CHECKING, TextIO

from deskgate.commands.common import settings_of
from deskgate.commands.showing import Sight, sight
from deskgate.commands.terminal import Line, Terminal, ending, take_seat
from deskgate.desk import Decision, Desk, Reply
from deskgate.desk.errors import BadInput, Declined, Forbidden
from deskgate.desk.text import clean

if TYPE_CHECKING:
    import httpx

    from deskgate.desk.clock import Clock
    from deskgate.settings import Settings

REASON_LIMIT_CHARS = 1_000
NO_REASON = "A rejection needs a reason: whoever wrote the reply has to know what to do better. Nothing was changed."
# No mail has this digest: what is found waiting after all was in front of nobody, and is not approved.
NOTHING_SEEN = "nothing was shown"


def run(words: argparse.Namespace) -> int:
    """Show, ask, decide. 0 done, 1 refused or declined, 2 unusable settings or words, or nobody to ask."""
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
    out = terminal.stderr if words.json else terminal.stdout
    reason = _reason(words.reason or "")
    if len(reason) > REASON_LIMIT_CHARS:
        terminal.complain(_too_long(reason))
        return 2
    if words.decision == "reject" and not reason and (words.yes or words.reason is not None):
        terminal.complain(f"{NO_REASON} Give it with --reason.")
        return 2
    if not words.yes and not terminal.attended(out):
        terminal.complain(
            "There is no terminal here, so nobody can be shown the mail and asked. To decide without a question, "
            "give --yes, and with --digest what was seen."
        )
        return 2

    def command() -> int:
        with take_seat(settings, clock=clock, transport=transport) as seat:
            digest, why = words.digest, reason
            if not words.yes:
                seen = seat.wait_for(lambda desk: _look(desk, words.message_id, words.decision, digest))
                digest = _answered(terminal, seen, words.decision, out) if seen else NOTHING_SEEN
                if seen and words.decision == "reject" and not why:
                    why = _asked_why(terminal, out)
            reply = seat.wait_for(
                lambda desk: desk.decide(words.message_id, words.decision, digest=digest, reason=why or None)
            )
        _tell(terminal, reply, words)
        return 0

    return ending(terminal, command)


async def _look(desk: Desk, message_id: str, decision: Decision, digest: str | None) -> Sight | None:
    """What is to be shown; `None` where nothing waits. What the gate would refuse anyway is not asked about."""
    if desk.core.oversight is None:
        raise Forbidden(
            "This process cannot decide: MULTIMAIL_OVERSIGHT_TOKEN is not set, or DESKGATE_ROLE is agent. Nothing was "
            "changed."
        )
    look = await desk.look(message_id)
    if look is not None and decision == "approve":
        await desk.check(look, digest)
    return await sight(desk, look) if look else None


def _answered(terminal: Terminal, seen: Sight, decision: Decision, out: TextIO) -> str:
    """The digest of what the person said yes to.

    Raises:
        Declined: they did not.
    """
    from deskgate_tools._question import deed

    head = [Line(deed(decision), "strong"), Line(""), *seen.head()]
    if terminal.show([*head, Line(""), *seen.mail(), Line("")], out):
        terminal.show(head, out, paged=False)
    if not terminal.ask(f"{decision.capitalize()}?", out):
        raise Declined(message_id=seen.look.reply.message_id)
    return seen.look.digest


def _asked_why(terminal: Terminal, out: TextIO) -> str:
    """The reason of whoever said yes to a rejection.

    Raises:
        BadInput: they gave none, or too long a one.
    """
    reason = _reason(terminal.ask_words("Why? Whoever wrote it reads this:", out))
    if not reason:
        raise BadInput(NO_REASON)
    if len(reason) > REASON_LIMIT_CHARS:
        raise BadInput(_too_long(reason))
    return reason


def _reason(text: str) -> str:
    return clean(text).strip()


def _too_long(reason: str) -> str:
    return f"The reason has {len(reason)} characters; the limit is {REASON_LIMIT_CHARS}."


def _tell(terminal: Terminal, reply: Reply, words: argparse.Namespace) -> None:
    from deskgate_tools.decide_reply import Decided

    done = Decided(
        message_id=words.message_id,
        ticket_id=reply.ticket_id,
        state=reply.state,
        decision=reply.decision or words.decision,
        decided_by=reply.decided_by or "",
        decided_at=reply.decided_at or "",
    )
    terminal.give(done.model_dump_json(indent=2) if words.json else done.text())
