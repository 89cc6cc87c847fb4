"""What a figure is: several values of one thing, of which the smallest, the middle and the largest are published."""

import statistics
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One row of the table."""

    what: str
    unit: str
    values: tuple[float, ...]
    digits: int = 1

    @property
    def median(self) -> float:
        """The value to quote."""
        return statistics.median(self.values)

    def row(self) -> str:
        """As a line of a Markdown table."""
        low, middle, high = (f"{value:.{self.digits}f}" for value in (min(self.values), self.median, max(self.values)))
        return f"| {self.what} | {len(self.values)} | {low} | **{middle}** | {high} | {self.unit} |"


def differences(what: str, unit: str, ones: Iterable[float], others: Iterable[float]) -> Figure:
    """Each value less its own partner, so that a machine whose speed drifts compares like with like."""
    return Figure(what, unit, tuple(one - other for one, other in zip(ones, others, strict=True)), digits=2)


def ratios(what: str, ones: Iterable[float], others: Iterable[float]) -> Figure:
    """Each value over its own partner."""
    return Figure(what, "×", tuple(one / other for one, other in zip(ones, others, strict=True)), digits=3)


@asynccontextmanager
async def timed(into: list[float], work: list[float] | None = None) -> AsyncIterator[None]:
    """Append how many milliseconds the block took, and how many of them this process worked."""
    begun, worked = time.perf_counter(), time.process_time()
    yield
    into.append((time.perf_counter() - begun) * 1000)
    if work is not None:
        work.append((time.process_time() - worked) * 1000)
