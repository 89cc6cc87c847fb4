"""How long to wait before a second try, and when to stop trying."""

import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from deskgate.desk.clock import Clock

RETRY_AFTER_BOUND_SECONDS = 10.0
FIRST_PAUSE_SECONDS = 0.4
LONGEST_PAUSE_SECONDS = 6.0
TRIES = 6


class Patience:
    """The deadline of one call, and full-jitter pauses within it."""

    def __init__(self, clock: Clock, deadline_seconds: float, chance: random.Random) -> None:
        self._clock = clock
        self._end = clock.monotonic() + deadline_seconds
        self._chance = chance
        self._tries = 1

    def left(self) -> float:
        """Seconds until the deadline, never below a hundredth."""
        return max(0.01, self._end - self._clock.monotonic())

    async def wait(self, asked_seconds: float | None) -> bool:
        """Pause before the next try; false, at once, when there should be no next try.

        `asked_seconds` is the service's own Retry-After. It is honoured up to `RETRY_AFTER_BOUND_SECONDS`; beyond
        that nobody should sit in a tool call, and the caller is told the seconds instead.
        """
        if self._tries >= TRIES or (asked_seconds or 0) > RETRY_AFTER_BOUND_SECONDS:
            return False
        longest = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**self._tries)
        pause = asked_seconds or self._chance.uniform(0, longest)
        if pause >= self.left():
            return False
        self._tries += 1
        await self._clock.sleep(pause)
        return True


def retry_after_seconds(value: str | None, now: datetime) -> float | None:
    """Read a Retry-After header: seconds, or an HTTP date; `None` where it is absent or makes no sense."""
    if not value:
        return None
    text = value.strip()
    if text.isascii() and text.replace(".", "", 1).isdigit():
        return min(float(text), 86_400.0)
    try:
        then = parsedate_to_datetime(text)
        then = then if then.tzinfo else then.replace(tzinfo=UTC)
        return min(max(0.0, (then - now).total_seconds()), 86_400.0)
    except (ValueError, TypeError, OverflowError):
        return None
