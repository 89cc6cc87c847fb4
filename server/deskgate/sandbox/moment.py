"""One instant of the pretend world: what a request handler may see and change."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import Random

from deskgate.sandbox.ids import new_id
from deskgate.sandbox.store import Store
from deskgate.sandbox.switches import Value
from deskgate.sandbox.times import epoch_ms, whole_seconds


@dataclass(frozen=True)
class Moment:
    """An open transaction, the time it happens at, and the position of every switch."""

    store: Store
    now: datetime
    switches: Mapping[str, Value]
    folder: Path
    random: Random

    @property
    def now_ms(self) -> int:
        """Now, in milliseconds since 1970."""
        return epoch_ms(self.now)

    @property
    def now_text(self) -> str:
        """Now, as Zendesk writes it."""
        return whole_seconds(self.now)

    def new_id(self, at_ms: int | None = None) -> str:
        """A new identifier that tells the time: now, unless said otherwise."""
        return new_id(self.now_ms if at_ms is None else at_ms, self.random)

    def is_on(self, name: str) -> bool:
        """Whether a yes-or-no switch is on."""
        return self.switches[name] is True

    def choice(self, name: str) -> str:
        """The position of a switch that names its positions."""
        return str(self.switches[name])

    def amount(self, name: str) -> float:
        """The number that a switch is set to."""
        return float(self.switches[name])
