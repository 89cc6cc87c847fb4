"""An operator who sets deskgate up in a test: what they type, what they see, and the email that brings them codes."""

import io
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from desk_terminal import Stream

from deskgate import setup_settings
from deskgate.cli import _parser
from deskgate.commands import setup
from deskgate.commands.terminal import Terminal
from deskgate.sandbox.transport import SandboxTransport
from deskgate.sandbox.world import World
from fakes import FakeClock

Answer = str | Callable[[], str]


class Answers(Stream):
    """What the operator types, answer by answer; each may be found out at the moment of the question."""

    def __init__(self, answers: tuple[Answer, ...], *, tty: bool) -> None:
        super().__init__(tty=tty)
        self.left = list(answers)

    def readline(self, *given: object) -> str:
        if not self.left:
            return ""
        answer = self.left.pop(0)
        return (answer if isinstance(answer, str) else answer()) + "\n"


@dataclass
class Operator:
    """One operator over the pretend world. `sandbox` false: with live settings that lead there."""

    folder: Path
    world: World
    clock: FakeClock
    environment: dict[str, str] = field(default_factory=dict)
    sandbox: bool = True
    transport: httpx.AsyncBaseTransport | None = None
    out: str = ""
    err: str = ""

    def __call__(self, *typed: str, answers: tuple[Answer, ...] | None = None) -> int:
        """Type a command; without `answers` nobody is at the terminal."""
        words = _parser().parse_args(["setup", *typed])
        settings = setup_settings.read({"DESKGATE_HOME": str(self.folder), **self.environment}, sandbox=self.sandbox)
        tty = answers is not None
        stdin, stdout, stderr = Answers(answers or (), tty=tty), Stream(tty=tty), Stream(tty=tty)
        size = os.terminal_size((120, 60))
        terminal = Terminal(stdin, stdout, stderr, False, size, self._paged, settings.sandbox)
        code = setup.act(settings, words, terminal, clock=self.clock, transport=self.network)
        self.out, self.err = stdout.getvalue(), stderr.getvalue()
        assert isinstance(stdin, io.StringIO)
        assert settings.multimail.admin_token not in self.out + self.err
        return code

    @property
    def network(self) -> httpx.AsyncBaseTransport:
        """The pretend world, or what was put before it."""
        if self.transport is None:
            self.transport = SandboxTransport(self.world)
        return self.transport

    def code(self) -> str:
        """The newest code in the operator's mail."""
        return list(self.world.operator_codes().values())[-1]

    def writes(self) -> list[str]:
        """What changed something at MultiMail, as `METHOD path`."""
        calls = [call for call in self.world.calls("multimail") if call.method != "GET"]
        return [f"{call.method} {call.path}" for call in calls]

    @staticmethod
    def _paged(text: str) -> None:
        raise AssertionError(f"nothing here is long enough for a pager: {text[:80]}")
