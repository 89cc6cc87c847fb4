"""A check-up in a test: live settings whose two services are the pretend world, and answers laid over it."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from deskgate import settings
from deskgate.commands.doctor import Report, examine
from deskgate.desk.checks import Check
from deskgate.sandbox import constants
from deskgate.sandbox.transport import SandboxTransport
from deskgate.sandbox.world import World
from fakes import FakeClock

ENVIRONMENT = constants.SANDBOX_ENVIRONMENT(constants.ORIGIN)
SECRET_NAMES = ("TOKEN", "SECRET", "API_KEY")


class Overlay(SandboxTransport):
    """The pretend world, but for the given routes (`"GET /multimail/v1/webhooks"`), and with `before` each request."""

    def __init__(
        self, world: World, routes: dict[str, Any], before: Callable[[httpx.Request], None] = lambda _: None
    ) -> None:
        super().__init__(world)
        self.routes = routes
        self._before = before

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The laid-over answer, else the world's."""
        self._before(request)
        answer = self.routes.get(f"{request.method} {request.url.path}")
        if answer is None:
            return await super().handle_async_request(request)
        status, body = answer if isinstance(answer, tuple) else (200, answer)
        return httpx.Response(status, json=body, request=request)


@dataclass
class Checkup:
    """One operator's machine. `leave_out` and keyword settings change the environment."""

    folder: Path
    world: World
    clock: FakeClock
    leave_out: tuple[str, ...] = ()
    routes: dict[str, Any] = field(default_factory=dict)
    before: Callable[[httpx.Request], None] = lambda _: None

    async def __call__(
        self,
        smoke: int | None = None,
        tell: Callable[[Check], None] = lambda _: None,
        **changes: str,
    ) -> Report:
        """Run it. Whatever is found, no secret may be in it."""
        environment = {"DESKGATE_HOME": str(self.folder / "home"), **ENVIRONMENT, **changes}
        for name in self.leave_out:
            del environment[name]
        told = settings.read(environment, sandbox=False)
        transport = Overlay(self.world, self.routes, self.before)
        report = await examine(told, smoke_ticket=smoke, transport=transport, clock=self.clock, tell=tell)
        shown = report.dump()
        for name, value in environment.items():
            if value and any(part in name for part in SECRET_NAMES):
                assert value not in shown, name
        assert json.loads(shown)["ok"] is report.ok
        return report


Look = Callable[..., Awaitable[Report]]


def states(report: Report) -> dict[str, str]:
    """The worst state under each name."""
    order = ("ok", "warning", "fault")
    found: dict[str, str] = {}
    for check in report.checks:
        found[check.name] = max(found.get(check.name, "ok"), check.state, key=order.index)
    return found


def faults(report: Report) -> list[str]:
    """The names of the checks that found a fault."""
    return [check.name for check in report.checks if check.state == "fault"]


def one(report: Report, name: str) -> Check:
    """The only check of that name."""
    (found,) = (check for check in report.checks if check.name == name)
    return found
