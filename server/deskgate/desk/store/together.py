"""Writes of one process that would wait for the same row, one after the other, share a transaction instead.

Every record of the audit trail locks the trail's head until it is on the disk. So whoever gets on takes everybody along who
waits by then. Each write is still made as a whole or not at all, and is durable before anybody is told.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import anyio

from deskgate.desk.store.tables import Step, StoreUnusable, Tail

log = logging.getLogger("deskgate.store")

INTERRUPTED = "The database was left in the midst of a write, whose outcome is not known. Look before you try again."


@dataclass(eq=False)
class Write:
    """Somebody's transaction, and what came of it; as long as that is not known, that is what it tells."""

    steps: tuple[Step, ...]
    tails: Sequence[Tail]
    changed: int = 1
    error: Exception | None = field(default_factory=lambda: StoreUnusable(INTERRUPTED))

    def result(self) -> int:
        """The rows that its first step changed.

        Raises:
            Exception: what came of it instead.
        """
        if self.error is not None:
            raise self.error
        return self.changed


class Together:
    """`shared` makes several writes in one transaction or none of them; `alone` makes one, as often as it takes."""

    def __init__(
        self, shared: Callable[[Sequence[Write]], Awaitable[None]], alone: Callable[[Write], Awaitable[None]]
    ) -> None:
        self._shared, self._alone = shared, alone
        self._turn = anyio.Lock(fast_acquire=True)
        self._waiting: list[Write] = []

    async def make(self, mine: Write) -> None:
        """Wait for a turn, and make all that waits by then; or find that somebody took mine along."""
        self._waiting.append(mine)
        async with self._turn:
            if mine in self._waiting:
                writes, self._waiting = self._waiting, []
                if len(writes) == 1 or not await self._made(writes):
                    await self._one_by_one(writes)

    async def _made(self, writes: Sequence[Write]) -> bool:
        """Whether they were made, or it cannot be known; else none of them was, and each may be tried by itself."""
        try:
            await self._shared(writes)
        except StoreUnusable as error:
            for one in writes:
                one.error = error
        except Exception as error:  # one of them is to blame, and the others should not suffer
            log.debug("writes go one by one: %s", type(error).__name__)
            return False
        return True

    async def _one_by_one(self, writes: Sequence[Write]) -> None:
        for one in writes:
            try:
                await self._alone(one)
            except Exception as error:  # whoever waits for it gets it
                one.error = error
