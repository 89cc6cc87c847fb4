"""A person at a terminal: who they are at the gate, what they are shown, and what they answer.

Whatever is written goes through `marked` as the very last step, so that no text of a customer, a model or a service can
drive the terminal: an escape sequence stands there as `‹U+001B›`.
"""

import contextlib
import os
import re
import shutil
import sys
import unicodedata
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Self, TextIO, TypeVar

from deskgate.commands.common import hush_pool
from deskgate.desk import Desk, Principal
from deskgate.desk.errors import DeskError, DigestMismatch, TicketChanged
from deskgate.desk.hints import typed_here
from deskgate.desk.principals import DECIDE
from deskgate.desk.text import marked

if TYPE_CHECKING:
    import httpx
    from anyio.from_thread import BlockingPortal

    from deskgate.desk.clock import Clock
    from deskgate.settings import Settings

Found = TypeVar("Found")
Tone = Literal["plain", "strong", "alarm"]

_SEQUENCES: dict[Tone, str] = {"strong": "\x1b[1m", "alarm": "\x1b[31m"}
_END = "\x1b[0m"
# The desk's sentences name tools; at a terminal the same is a command.
_COMMANDS = {"`list_zendesk_pending`": "`deskgate pending`"}
_WORD_OF_A_TOOL = re.compile("|".join(map(re.escape, _COMMANDS)))
_LOOK_AGAIN = (
    "Here: `deskgate pending {id}` shows it as it is now, with its digest. Where it can still be approved: `deskgate decide "
    "{id} approve --digest DIGEST`, with that digest."
)
ROOM_LINES = 3


@dataclass(frozen=True)
class Line:
    """A piece of text, of one line or several, and how it is to look where there are colours."""

    text: str
    tone: Tone = "plain"


@dataclass(frozen=True)
class Terminal:
    """The three streams of a process. `page` is handed what does not fit on the screen.

    `sandbox`: whoever types here is in the pretend world, so commands that a sentence names need `--sandbox`.
    """

    stdin: TextIO
    stdout: TextIO
    stderr: TextIO
    colour: bool
    size: os.terminal_size
    page: Callable[[str], None]
    sandbox: bool = False

    @classmethod
    def of_process(cls, *, colour: bool, sandbox: bool) -> Self:
        """This process's own."""
        import pydoc

        hush_pool()
        return cls(sys.stdin, sys.stdout, sys.stderr, colour, shutil.get_terminal_size(), pydoc.pager, sandbox)

    def attended(self, out: TextIO) -> bool:
        """Whether somebody who reads `out` can answer."""
        return self.stdin.isatty() and out.isatty()

    def show(self, lines: Iterable[Line], out: TextIO, *, paged: bool = True) -> bool:
        """Write the lines; true where they went through the pager, so that they are not on the screen any more."""
        shown = [Line(part, line.tone) for line in lines for part in marked(line.text).split("\n")]
        if paged and out is self.stdout and self.attended(out) and self._height(shown) > self.size.lines - ROOM_LINES:
            self.page("\n".join(line.text for line in shown) + "\n")
            return True
        colours = self.colour and out.isatty()
        _write(out, "".join(f"{_coloured(line) if colours else line.text}\n" for line in shown))
        return False

    def ask(self, question: str, out: TextIO) -> bool:
        """Ask for a yes. Anything else, the end of the input too, is a no."""
        self.forget_typed()
        return self.ask_words(f"{question} [y/N]", out).casefold() in {"y", "yes"}

    def ask_words(self, question: str, out: TextIO) -> str:
        """Ask for a line of words; the end of the input is none."""
        _write(out, f"{marked(question)} ")
        answer = self.stdin.readline()
        if not answer.endswith("\n"):
            _write(out, "\n")
        return answer.strip()

    def forget_typed(self) -> None:
        """Drop keys pressed before the question stood there: they answer nothing."""
        with contextlib.suppress(ImportError, OSError, ValueError):
            import termios

            if self.stdin.isatty():
                with contextlib.suppress(termios.error):
                    termios.tcflush(self.stdin.fileno(), termios.TCIFLUSH)

    def give(self, text: str) -> None:
        """The answer for a script: never paged, never coloured."""
        _write(self.stdout, f"{marked(text)}\n")

    def complain(self, text: str) -> None:
        """One sentence of ours for people, beside the answer."""
        _write(self.stderr, f"{marked(self.hint(text))}\n")

    def hint(self, sentence: str) -> str:
        """A sentence of ours with its commands as they have to be typed here. Never for what somebody else wrote."""
        return typed_here(sentence, sandbox=self.sandbox)

    def _height(self, lines: list[Line]) -> int:
        columns = max(1, self.size.columns)
        return sum(max(1, -(-width(line.text) // columns)) for line in lines)


def width(text: str) -> int:
    """How many columns a terminal gives to the text."""
    wide = sum(1 for char in text if unicodedata.east_asian_width(char) in "WF")
    return len(text) + wide - sum(1 for char in text if unicodedata.combining(char))


def person(settings: "Settings") -> Principal:
    """Whoever sits here, under the name that the page gives the same person.

    Without DESKGATE_PRINCIPAL that is the machine's user, whom the settings name as the owner of what runs for them; so
    they meet their own agent's drafts as their own.
    """
    name = settings.owner or settings.principal
    return Principal(f"reviewer:{name}", "human", frozenset({DECIDE}), owner=name, auth="terminal")


@dataclass(frozen=True)
class Seat:
    """A place at an open desk, as the person at the terminal."""

    desk: Desk
    portal: "BlockingPortal"

    def wait_for(self, work: Callable[[Desk], Awaitable[Found]]) -> Found:
        """Have something done at the desk."""
        return self.portal.call(work, self.desk)


@contextmanager
def take_seat(
    settings: "Settings", *, clock: "Clock | None" = None, transport: "httpx.AsyncBaseTransport | None" = None
) -> Iterator[Seat]:
    """Open the desk for one command.

    Its loop runs in a thread of its own, so that nothing there waits for a key, and an interrupt at the question ends the
    command at once. One that comes while a decision is on its way waits for it.
    """
    from anyio.from_thread import start_blocking_portal

    from deskgate.app import open_desk

    with start_blocking_portal() as portal:
        opening = open_desk(settings, clock=clock, transport=transport)
        with portal.wrap_async_context_manager(opening) as desk:
            yield Seat(replace(desk, caller=person(settings)), portal)


def ending(terminal: Terminal, command: Callable[[], int]) -> int:
    """The command's exit code; 1 where the gate refuses, 2 where the data file cannot be used."""
    from deskgate.desk.store import StoreUnusable

    try:
        return command()
    except DeskError as error:
        terminal.complain(_WORD_OF_A_TOOL.sub(lambda found: _COMMANDS[found[0]], str(error)))
        if isinstance(error, TicketChanged | DigestMismatch) and "message_id" in error.facts:
            terminal.complain(_LOOK_AGAIN.format(id=error.facts["message_id"]))
        return 1
    except StoreUnusable as error:
        terminal.complain(error.sentence)
        return 2


def _coloured(line: Line) -> str:
    start = _SEQUENCES.get(line.tone)
    return f"{start}{line.text}{_END}" if start and line.text else line.text


def _write(out: TextIO, text: str) -> None:
    """Neither a letter that this terminal lacks nor a reader who left (`pending | head`) may end the command."""
    encoding = out.encoding or "utf-8"
    try:
        out.write(text.encode(encoding, "backslashreplace").decode(encoding))
        out.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())
