"""What every room of the desk shares: the two services, the store, the clock, and one lock per thing being worked on."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio

from deskgate.desk.clock import Clock, iso
from deskgate.desk.errors import ConfirmationNeeded, DeskError
from deskgate.desk.hints import typed_here
from deskgate.desk.multimail import Outbox, Oversight
from deskgate.desk.store import Store
from deskgate.desk.zendesk import Zendesk

if TYPE_CHECKING:
    from deskgate.desk.multimail.suppression_list import Suppressed
    from deskgate.desk.policy import Policies

SHIELD_SECONDS = 60.0


@dataclass(frozen=True)
class Core:
    """Built once per process by `deskgate.app`. `oversight` is `None` where no deciding key is set.

    `suppressed_there` lists the addresses that MultiMail writes to no more, and why; `None` where no key opens that list.
    `policies` is `None` where no policy is set: then every reply is held for a person.
    `page` is the address of the reviewer's page, where it is served.
    `asks` says whether a decision needs a person's confirmation (`DESKGATE_APPROVE=confirm`).
    `sandbox`: both services are pretended, so commands in our sentences need `--sandbox`.
    `seen_hours` is for how long an approval may lean on what was shown.
    `anchor_ticket` is the ticket that gets a copy of the audit trail's checkpoint each day, if one is chosen.
    """

    zendesk: Zendesk
    outbox: Outbox
    oversight: Oversight | None
    store: Store
    clock: Clock
    asks: bool = True
    page: str = ""
    sandbox: bool = False
    seen_hours: int = 24
    anchor_ticket: int | None = None
    policies: "Policies | None" = None
    suppressed_there: "Callable[[], Awaitable[list[Suppressed]]] | None" = None
    _busy: dict[str, tuple[anyio.Lock, int]] = field(default_factory=dict)

    def unasked(self) -> ConfirmationNeeded:
        """What to say where a person has to confirm and this client cannot ask one."""
        sentence = (
            "A person has to confirm every decision, and this client cannot ask one. Nothing was changed. Use a client "
            f"that supports MCP elicitation, or let a person decide: on the reviewer's page ({self.page}, served by "
            "`deskgate serve --transport http`), or in a terminal with `deskgate decide MESSAGE_ID approve`."
        )
        return ConfirmationNeeded(typed_here(sentence, sandbox=self.sandbox), page=self.page)

    def now(self) -> str:
        """The time as it is written into rows and answers."""
        return iso(self.clock.now())

    @asynccontextmanager
    async def alone(self, thing: str) -> AsyncIterator[None]:
        """Hold `thing` (words, a message id) against other calls in this process.

        Between processes the store's unique indexes and row versions do the same work; this spares the services the
        race.
        """
        lock, waiting = self._busy.get(thing, (anyio.Lock(), 0))
        self._busy[thing] = (lock, waiting + 1)
        try:
            async with lock:
                yield
        finally:
            lock, waiting = self._busy.pop(thing)
            if waiting > 1:
                self._busy[thing] = (lock, waiting - 1)


def unbroken() -> anyio.CancelScope:
    """A scope that a leaving client cannot interrupt: a remote write and the record of it belong together.

    Use as `with unbroken():`. It ends by itself after `SHIELD_SECONDS`; what is cut off then stands in the store as
    begun, and is looked up later.
    """
    return anyio.move_on_after(SHIELD_SECONDS, shield=True)


@contextmanager
def as_one_error() -> Iterator[None]:
    """Around a task group: callers of the desk get the first `DeskError` itself, never a group of errors."""
    try:
        yield
    except BaseExceptionGroup as group:
        ours, others = group.split(DeskError)
        if ours is None or others is not None:
            raise
        raise _first(ours) from None


def _first(group: BaseExceptionGroup[DeskError]) -> DeskError:
    found = group.exceptions[0]
    return _first(found) if isinstance(found, BaseExceptionGroup) else found
