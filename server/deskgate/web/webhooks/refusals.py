"""Refused webhooks, for the audit trail. Strangers cause them, so they are counted and not told one by one."""

import logging
from collections import Counter
from dataclasses import dataclass, field

from deskgate.desk.audit.said import SYSTEM, Said
from deskgate.desk.clock import Clock
from deskgate.desk.inbox.accept import Source
from deskgate.desk.store import Store
from deskgate.web.webhooks.counts import Counts, Reason

log = logging.getLogger("deskgate.webhooks")

EVERY_SECONDS = 60.0


@dataclass
class Refusals:
    """Tells what was refused at the doors of this process: one record a minute for each door and reason, at most.

    A refusal lets nothing in, so it does not wait for its record; what a crash takes with it is the count of a minute.
    """

    store: Store
    clock: Clock
    counts: Counts
    _told: Counter[tuple[Source, Reason]] = field(default_factory=Counter)

    async def run(self) -> None:
        """Tell until cancelled."""
        while True:
            await self.clock.sleep(EVERY_SECONDS)
            await self.tell()

    async def tell(self) -> None:
        """What was refused since the last time. Where it cannot be written it is told with the next."""
        fresh = self.counts.refused - self._told
        said = [
            Said("webhook.reject", SYSTEM, {"door": source}, {"reason": reason}, {"status": "refused", "count": count})
            for (source, reason), count in sorted(fresh.items())
        ]
        if not said:
            return
        try:
            await self.store.tell(*said)
        except Exception as error:  # the database, mostly
            log.warning("refused webhooks could not be put on record: %s", type(error).__name__)
        else:
            self._told += fresh
