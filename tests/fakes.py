"""Stand-ins for the two things a test must own: time, and the network."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import anyio.lowlevel
import httpx

NOON = datetime(2026, 1, 28, 12, 0, 0, tzinfo=UTC)


class FakeClock:
    """A clock that stands still until it is told to move; a sleep moves it at once and is recorded in `sleeps`."""

    def __init__(self, now: datetime = NOON) -> None:
        self._now = now
        self._seconds = 1000.0
        self.sleeps: list[float] = []

    def now(self) -> datetime:
        """The wall clock, in UTC."""
        return self._now

    def monotonic(self) -> float:
        """Seconds from an arbitrary start."""
        return self._seconds

    async def sleep(self, seconds: float) -> None:
        """Move the clock by that many seconds and let other tasks run."""
        self.sleeps.append(seconds)
        self.advance(seconds)
        await anyio.lowlevel.checkpoint()

    def advance(self, seconds: float) -> None:
        """Move the clock without a sleep."""
        self._now += timedelta(seconds=seconds)
        self._seconds += seconds


Step = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


class Script(httpx.MockTransport):
    """A network that answers with the given steps in order and keeps every request in `requests`.

    A step is an answer, an exception to raise, or a function of the request. A request beyond the last step is a
    failed test, so a repeat that nobody expected cannot pass unseen.
    """

    def __init__(self, *steps: Step) -> None:
        self.requests: list[httpx.Request] = []
        self._steps = list(steps)
        super().__init__(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if not self._steps:
            raise AssertionError(f"unexpected request {request.method} {request.url}")
        step = self._steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return step if isinstance(step, httpx.Response) else step(request)

    @property
    def unused(self) -> int:
        """How many steps were never asked for."""
        return len(self._steps)
