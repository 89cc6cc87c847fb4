"""A person at a terminal in a test: what they see, what they answer, and a desk whose agents draft."""

import io
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import anyio

from deskgate import settings
from deskgate.app import open_desk
from deskgate.cli import _parser
from deskgate.commands import decide, pending
from deskgate.commands.terminal import Terminal
from deskgate.desk import Desk, Principal, Reply
from deskgate.sandbox.transport import SandboxTransport
from deskgate.sandbox.world import World
from fakes import FakeClock

BODY = "The kettle is at Kvarnen Livs."


class Stream(io.StringIO):
    """A stream that is a terminal, or not; `before_reading` happens while the person makes up their mind."""

    def __init__(self, text: str = "", *, tty: bool = True) -> None:
        super().__init__(text)
        self.tty = tty
        self.before_reading: Callable[[], object] = lambda: None

    def isatty(self) -> bool:
        return self.tty

    def readline(self, *given: Any) -> str:
        self.before_reading()
        return super().readline(*given)


@dataclass
class Seat:
    """One machine and whoever types there. What is shown is kept in `out`, `err` and `paged`."""

    folder: Path
    world: World
    clock: FakeClock
    environment: dict[str, str] = field(default_factory=dict)
    lines: int = 200
    out: str = ""
    err: str = ""
    paged: list[str] = field(default_factory=list)
    meanwhile: Callable[[], object] = lambda: None

    def __call__(self, *typed: str, answer: str = "", tty: bool = True, out_tty: bool | None = None) -> int:
        """Type a command; gives its exit code."""
        words = _parser().parse_args([*typed, "--sandbox"])
        told = self.settings()
        stdin, stdout, stderr = (
            Stream(answer, tty=tty),
            Stream(tty=tty if out_tty is None else out_tty),
            Stream(tty=tty),
        )
        stdin.before_reading = self.meanwhile
        size = os.terminal_size((120, self.lines))
        terminal = Terminal(stdin, stdout, stderr, told.colour, size, self.paged.append, told.sandbox)
        command = {"pending": pending, "decide": decide}[typed[0]]
        code = command.act(told, words, terminal, clock=self.clock, transport=SandboxTransport(self.world))
        self.out, self.err = stdout.getvalue(), stderr.getvalue()
        return code

    def settings(self) -> settings.Settings:
        return settings.read({"DESKGATE_HOME": str(self.folder), **self.environment}, sandbox=True)

    def draft(self, body: str = BODY, ticket: int = 101, by: str = "agent-7", owner: str = "") -> Reply:
        """A reply that an agent wrote and that waits."""
        reply = self.at_desk(lambda desk: desk.draft(ticket, body), Principal(by, "agent", frozenset({"draft"}), owner))
        self.clock.advance(600)
        return reply

    def at_desk(self, work: Callable[[Desk], Any], caller: Principal | None = None) -> Any:
        """Something that happens elsewhere, at a desk of its own."""

        async def opened() -> Any:
            async with open_desk(self.settings(), clock=self.clock, transport=SandboxTransport(self.world)) as desk:
                return await work(replace(desk, caller=caller or desk.caller))

        return anyio.run(opened)

    def state(self, reply: Reply) -> Reply:
        """The record of a reply by now."""
        return self.at_desk(lambda desk: desk.core.store.reply(reply.id))
