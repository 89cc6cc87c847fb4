"""How a process of a random walk reaches the world: it may die, lose a request for a while, or be overtaken."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx

from deskgate.desk import Reply
from deskgate.desk.errors import OutcomeUnknown
from deskgate.sandbox.transport import SandboxTransport
from deskgate.sandbox.world import World
from fakes import FakeClock
from story.dying import Died


@dataclass
class Attempt:
    """One approval that somebody tried: whether they had a right to it, and what came of it."""

    message_id: str
    entitled: bool
    outcome: Any = None

    @property
    def may_have_worked(self) -> bool:
        """No clear refusal: told as done, told as unknown, or the process died over it."""
        return isinstance(self.outcome, Reply | OutcomeUnknown | Died)


@dataclass
class Late:
    """A request whose sender gave up on it and which is still on its way."""

    request: httpx.Request
    attempt: Attempt | None
    since: float


@dataclass
class Fate:
    """When a process dies: at the nth durable moment from here; then it stays dead."""

    ends_in: int | None = None
    dead: bool = False

    def point(self, name: str) -> None:
        """A moment before or after something durable."""
        if self.ends_in is not None:
            self.ends_in -= 1
            self.dead = self.dead or self.ends_in <= 0
        if self.dead:
            raise Died(name)


@dataclass
class Line(httpx.AsyncBaseTransport):
    """A process's network: it may die around a write, lose a request for a while, or be overtaken by something else."""

    world: World
    fate: Fate
    clock: FakeClock
    under_way: list[Late]
    attempt: Attempt | None = None
    overtaken_at: int | None = None
    meanwhile: Callable[[], Awaitable[None]] | None = None
    late_at: int | None = None

    def __post_init__(self) -> None:
        self._inner = SandboxTransport(self.world)

    def calm(self) -> None:
        """As planned from here on."""
        self.overtaken_at = self.late_at = self.meanwhile = self.attempt = None
        self.fate.ends_in = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Forward one request."""
        writes = request.method != "GET"
        if writes:
            self.fate.point("before")
        await self._overtaken()
        if writes and request.url.path.startswith("/multimail") and self._counted("late_at"):
            copy = httpx.Request(request.method, request.url, headers=request.headers, content=await request.aread())
            self.under_way.append(Late(copy, self.attempt, self.clock.monotonic()))
            raise httpx.ReadTimeout("gave up waiting", request=request)
        response = await self._inner.handle_async_request(request)
        if writes:
            self.fate.point("after")
        return response

    async def _overtaken(self) -> None:
        if self.meanwhile is not None and self._counted("overtaken_at"):
            happens, self.meanwhile = self.meanwhile, None
            await happens()

    def _counted(self, name: str) -> bool:
        left = getattr(self, name)
        if left is None:
            return False
        setattr(self, name, left - 1 if left > 1 else None)
        return bool(left == 1)
