"""What both `setup` commands share: the connection, the talk with the person, and the two steps with the code."""

import json
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from deskgate.commands.terminal import Line, Terminal
from deskgate.desk.multimail.administration import Administration
from deskgate.desk.multimail.provisioning import CodeWanted, WrongCode
from deskgate.setup_settings import SetupSettings

if TYPE_CHECKING:
    import httpx
    from anyio.from_thread import BlockingPortal

    from deskgate.desk.clock import Clock

T = TypeVar("T")

TRIES = 5


@dataclass(frozen=True)
class Talk:
    """What is said to the person; with `--json` the sentences go to standard error, and one document to a script."""

    terminal: Terminal
    as_json: bool

    def say(self, *lines: str) -> None:
        """Lines for the person."""
        for line in lines:
            self.terminal.show([Line(line)], self.terminal.stderr if self.as_json else self.terminal.stdout)

    def warn(self, line: str) -> None:
        """A line that must not be lost in a pipe."""
        self.terminal.complain(line)

    def end(self, code: int, status: str, **facts: Any) -> int:
        """The exit code, after the answer for a script."""
        if self.as_json:
            self.terminal.give(json.dumps({"ok": code == 0, "status": status, **facts}, indent=2))
        return code

    @property
    def attended(self) -> bool:
        """Whether somebody can be asked."""
        return self.terminal.attended(self.terminal.stderr if self.as_json else self.terminal.stdout)

    def agrees(self, question: str, *, yes: bool) -> bool:
        """A yes, from `--yes` or from the person; without either it is a no."""
        return yes or (
            self.attended
            and self.terminal.ask(question, self.terminal.stderr if self.as_json else self.terminal.stdout)
        )

    def code(self) -> str | None:
        """The code that the person types; `None` where nobody is there, or nothing is typed."""
        if not self.attended:
            return None
        self.terminal.forget_typed()
        self.say("Type the code (or nothing, to stop here):")
        return self.terminal.stdin.readline().strip() or None


@dataclass(frozen=True)
class Office:
    """An open connection with the admin key; its loop runs in a thread of its own, so that nothing waits for a key."""

    admin: Administration
    portal: "BlockingPortal"
    settings: SetupSettings

    def wait_for(self, asking: Callable[..., Any], *given: Any) -> Any:
        """Have something asked at MultiMail."""
        return self.portal.call(asking, *given)


@contextmanager
def open_office(
    settings: SetupSettings, *, clock: "Clock | None" = None, transport: "httpx.AsyncBaseTransport | None" = None
) -> Iterator[Office]:
    """The connection for one command. `transport` replaces the network in tests."""
    from anyio.from_thread import start_blocking_portal

    from deskgate.desk.clock import SystemClock
    from deskgate.desk.credentials import FixedCredential
    from deskgate.desk.wire import Wire

    given = settings.multimail
    key = FixedCredential(f"Bearer {given.admin_token}")
    network = transport or (_pretend_network(settings) if settings.sandbox else None)
    wire = Wire("MultiMail", given.base_url, key, clock or SystemClock(), transport=network)
    with start_blocking_portal() as portal:
        try:
            yield Office(Administration(wire, given.api), portal, settings)
        finally:
            portal.call(wire.aclose)


def _pretend_network(settings: SetupSettings) -> "httpx.AsyncBaseTransport":
    from deskgate.sandbox.transport import SandboxTransport
    from deskgate.sandbox.world import World

    return SandboxTransport(World.open(settings.sandbox_folder))


def in_two_steps(
    office: Office, talk: Talk, step: Callable[[str | None], T | CodeWanted], code: str | None, again: list[str]
) -> T | None:
    """What was made; `None` where the operator's code is still wanted.

    `again` is the command to come back with; its third word is the address that it is about.

    Raises:
        WrongCode: the code is refused and nobody is there to give another.
    """
    for _ in range(TRIES):
        try:
            done = step(code)
        except WrongCode as error:
            if not talk.attended:
                raise
            talk.warn(error.sentence)
        else:
            if not isinstance(done, CodeWanted):
                return done
            talk.say(_DOUBTFUL if done.doubtful else _MAILED)
            _show_pretend_code(office.settings, talk, again[2])
        code = talk.code()
        if code is None:
            break
    sandbox = ["--sandbox"] if office.settings.sandbox else []
    talk.warn(f"Nothing was made yet. With the code: {shlex.join(['deskgate', 'setup', *again, *sandbox])} --code CODE")
    return None


_MAILED = "MultiMail wants the operator's approval: it has mailed a code to the account's oversight address."
_DOUBTFUL = (
    "MultiMail's answer was lost. Nothing was made; perhaps it mailed a code to the account's oversight address. If none "
    "comes, run this again."
)


def _show_pretend_code(settings: SetupSettings, talk: Talk, what: str) -> None:
    if not settings.sandbox:
        return
    from deskgate.sandbox.world import World

    world = World.open(settings.sandbox_folder)
    codes = [code for purpose, code in world.operator_codes().items() if what.lower() in purpose.lower()]
    world.close()
    if codes:
        talk.say(
            f"The sandbox mails nobody. The code is {codes[-1]}; `deskgate sandbox` shows it at "
            "/sandbox/state under operator_codes."
        )
