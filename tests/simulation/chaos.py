"""What goes wrong in one seed, and how often."""

import random
from collections import Counter
from dataclasses import dataclass, field

# What can happen to one call. `late` arrives long after its sender gave up; `after` means that it was applied.
APPLIED = ("503_after", "500_after", "reset_after", "silent_after", "truncated", "late")
UNAPPLIED = ("503", "500", "429", "429_wait", "503_wait", "reset", "silent", "refused", "page", "409")
KINDS = APPLIED + UNAPPLIED
ANSWER_SECONDS = 12.0  # what the wire waits for one answer
LATE_SECONDS = (13.0, 50.0)  # the desk assumes that nothing is under way for more than a minute


@dataclass
class Chaos:
    """The dice of one seed, and how it is loaded."""

    seed: int
    no_webhooks: bool = False
    counts: Counter[str] = field(default_factory=Counter)
    calm: bool = False

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        dice = self.dice
        self.call_faults = dice.choice([0.0, 0.05, 0.15, 0.3])
        self.kinds = dice.sample(KINDS, dice.randint(3, len(KINDS)))
        self.lost = 1.0 if self.no_webhooks else dice.choice([0.0, 0.0, 0.2, 0.6, 1.0])
        self.doubled = dice.choice([0.0, 0.2, 0.5])
        self.late_webhooks = dice.choice([0.0, 0.3, 0.7])
        self.unacknowledged = dice.choice([0.0, 0.2])
        self.deaths = dice.choice([0.0, 0.001, 0.004])
        self.stalls = dice.choice([0.0, 0.0, 0.004])
        self.meddling = dice.choice([0.0, 0.1, 0.3])
        self.audit_lag = dice.choice([0.0, 0.0, 0.0, 3.0, 20.0])
        self.jumps = dice.random() < 0.5
        self.processes = dice.choice([1, 1, 2, 3])
        self.hands = dice.choice([1, 2, 4])
        self.minutes = dice.choice([2, 4, 8])
        self.actions = dice.randint(3, 9)

    def hit(self, chance: float, name: str) -> bool:
        """Whether something with that chance happens now; counted where it does. Never once it is calm."""
        if self.calm or not chance or self.dice.random() >= chance:
            return False
        self.counts[name] += 1
        return True

    def fault(self) -> str | None:
        """What happens to this call, if anything does."""
        if self.calm or not self.call_faults or self.dice.random() >= self.call_faults:
            return None
        kind = self.dice.choice(self.kinds)
        self.counts[kind] += 1
        return kind
