"""What this process counts while it works, in plain numbers: a monitor's library is imported when a monitor comes."""

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field

# Seconds. A tool that asks Zendesk takes tenths of a second; 25 s is the longest that one call to a service may take.
BOUNDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 60.0)


@dataclass
class Timing:
    """How long something took: how many took at most each of `BOUNDS` and no less, and all seconds together."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    seconds: float = 0.0

    def add(self, seconds: float) -> None:
        """One more."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.seconds += seconds


@dataclass
class Tallies:
    """Calls by name and outcome, and how long they took by name."""

    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    timings: dict[str, Timing] = field(default_factory=dict)

    def add(self, name: str, outcome: str, seconds: float) -> None:
        """One more call."""
        self.outcomes[name, outcome] += 1
        self.timings.setdefault(name, Timing()).add(seconds)
