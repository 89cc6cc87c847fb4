"""Virtual time: an event loop that never waits, and the clocks that read it."""

import asyncio
import selectors
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import anyio

T = TypeVar("T")

MORNING = datetime(2026, 1, 28, 8, 0, 0, tzinfo=UTC)


class _Nowhere(selectors.SelectSelector):
    """Nothing ever comes from outside: to wait is to move the time."""

    def __init__(self, wait: Callable[[float], None]) -> None:
        super().__init__()
        self._wait = wait

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Let that much time pass."""
        if timeout is None:
            raise RuntimeError("everybody waits and nothing will ever happen")
        self._wait(timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """One thread, no clock: the time is wherever the next timer stands."""

    def __init__(self) -> None:
        self._virtual = 0.0
        super().__init__(_Nowhere(self._pass))

    def _pass(self, seconds: float) -> None:
        self._virtual += max(0.0, seconds)

    def time(self) -> float:
        """Seconds since the loop began."""
        return self._virtual


def run(work: Callable[..., Awaitable[T]], *given: Any) -> T:
    """Run it to its end in virtual time."""
    return anyio.run(partial(work, *given), backend_options={"loop_factory": VirtualLoop})


class VirtualClock:
    """Reads the loop's time. `skew` is how far this machine's wall clock is off; the steady clock is never off."""

    def __init__(self, loop: asyncio.AbstractEventLoop, begin: datetime = MORNING) -> None:
        self._loop = loop
        self._begin = begin
        self.skew = 0.0

    def now(self) -> datetime:
        """The wall clock, in UTC."""
        return self._begin + timedelta(seconds=self._loop.time() + self.skew)

    def monotonic(self) -> float:
        """Seconds since the loop began."""
        return self._loop.time()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await anyio.sleep(seconds)
