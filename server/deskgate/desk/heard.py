"""A wire that says how each call ended and how long it took, retries and waits included."""

from collections.abc import Callable
from typing import Any

from deskgate.desk.errors import DeskError
from deskgate.desk.wire import Answer, Wire

Heard = Callable[[str, str, float], None]


class HeardWire(Wire):
    """See `Wire`. `heard` is told the service, the outcome (`ok`, an error's code, or `left`) and the seconds."""

    def __init__(self, *given: Any, heard: Heard, **named: Any) -> None:
        super().__init__(*given, **named)
        self._heard = heard

    async def call(self, *given: Any, **named: Any) -> Answer:
        """As `Wire.call`."""
        outcome, begun = "left", self._clock.monotonic()
        try:
            answer = await super().call(*given, **named)
            outcome = "ok"
        except DeskError as error:
            outcome = error.code
            raise
        finally:
            self._heard(self.service, outcome, self._clock.monotonic() - begun)
        return answer
