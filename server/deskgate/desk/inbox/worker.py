"""The hands of the desk: they take events from the inbox and work on them until each is done or buried.

Any number of workers, in any number of processes, may share one database. What one of them was doing when it died is free
again when its lease ends.
"""

import contextlib
import logging
import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta

import anyio

from deskgate.desk.clock import iso
from deskgate.desk.core import Core
from deskgate.desk.errors import BadInput, DeskError, TicketNotFound
from deskgate.desk.inbox import anchoring
from deskgate.desk.inbox.arriving import NotShown
from deskgate.desk.inbox.beginning import beginning
from deskgate.desk.inbox.events import Event, Events, LeaseLostError
from deskgate.desk.inbox.handle import OURS, HopelessError, handle
from deskgate.desk.inbox.heeding import heed
from deskgate.desk.inbox.reconcile import reconcile
from deskgate.desk.store.tables import named_queries

log = logging.getLogger("deskgate.worker")

HANDS = 4
REST_SECONDS = 1.0
HUNG_SECONDS = 300.0
# A process that is told to stop has a few seconds; who gets the event next looks up what was begun.
LET_GO_SECONDS = 1.0
FIRST_PAUSE_SECONDS = 2.0
LONGEST_PAUSE_SECONDS = 900.0
# With full jitter about half of the longest pauses: some four hours, longer than most outages.
TRIES = 20
OWED_AT_ONCE = 100
# What went out is asked for each second among the newest replies, and at times among all: a mail can be found out late.
LATELY = timedelta(days=1)
SWEEP_SECONDS = 600.0
# No later try makes these any better, so a person should see them soon.
HOPELESS = (TicketNotFound, BadInput)
HOPELESS_TRIES = 3

ZENDESK, MULTIMAIL = "Zendesk", "MultiMail"
# Which services answer again when an event of that source is done.
SERVICES = {
    OURS: (ZENDESK,),
    "zendesk": (ZENDESK,),
    "multimail": (ZENDESK, MULTIMAIL),
    "reconcile": (ZENDESK, MULTIMAIL),
}

BREAK_AFTER = 5
BREAK_SECONDS = 30.0


@dataclass
class Breaker:
    """Leaves a service alone for a while after it failed several times in a row."""

    failures: int = 0
    closed_until: float = 0.0

    def failed(self, now: float) -> None:
        """One more failure; from `BREAK_AFTER` on it opens."""
        self.failures += 1
        if self.failures >= BREAK_AFTER:
            self.closed_until = now + BREAK_SECONDS

    def worked(self) -> None:
        """It answers again."""
        self.failures = 0
        self.closed_until = 0.0

    def wait(self, now: float) -> float:
        """Seconds for which nothing should be tried; 0 where it may."""
        return max(0.0, self.closed_until - now)


@dataclass
class Tally:
    """What this process has done so far, for its metrics."""

    done: int = 0
    postponed: int = 0
    buried: int = 0
    lost: int = 0


@dataclass
class Worker:
    """Works on the inbox of one database.

    `reconcile_seconds` is how often MultiMail is asked for what no webhook told; 0: never. `chance` spreads the pauses; a
    simulation brings its own.
    """

    core: Core
    reconcile_seconds: float = 0.0
    chance: random.Random = field(default_factory=random.SystemRandom)
    tally: Tally = field(default_factory=Tally)
    _breakers: defaultdict[str, Breaker] = field(default_factory=lambda: defaultdict(Breaker))
    _seen_at: float | None = None
    _heeded: int = 0
    _sweep_at: float = float("-inf")
    _knock: anyio.Event = field(default_factory=anyio.Event)

    def __post_init__(self) -> None:
        self.events = Events(self.core.store, self.core.clock)

    def knock(self) -> None:
        """Something has arrived: do not wait for the end of the rest."""
        self._knock.set()

    def alive(self) -> bool:
        """Whether one of its hands reached for work lately; the longest work takes less than `HUNG_SECONDS`."""
        now = self.core.clock.monotonic()
        return self._seen_at is not None and now - self._seen_at < HUNG_SECONDS

    async def run(self, hands: int = HANDS) -> None:
        """Work until cancelled. What is under way then is either finished or free again later."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._keep_owing)
            if self.reconcile_seconds:
                group.start_soon(self._keep_asking, self.reconcile_seconds)
            for _ in range(hands):
                group.start_soon(self._work)

    async def _work(self) -> None:
        while True:
            self._seen_at = self.core.clock.monotonic()
            try:
                worked = await self.step()
            except Exception as error:  # the database, mostly: nobody else is there to begin again
                log.warning("the inbox could not be worked on: %s", type(error).__name__)
                worked = False
            if not worked:
                await self._rest()

    async def _rest(self) -> None:
        knock = self._knock
        with anyio.move_on_after(REST_SECONDS):
            await knock.wait()
        if knock.is_set() and self._knock is knock:
            self._knock = anyio.Event()

    async def _keep_owing(self) -> None:
        while True:
            try:
                await self.heed()
                if await self.owe():
                    self.knock()
            except Exception as error:  # as above
                log.warning("what is owed could not be listed: %s", type(error).__name__)
            await anyio.sleep(REST_SECONDS)

    async def _keep_asking(self, seconds: float) -> None:
        while True:
            try:
                if await self.ask():
                    self.knock()
            except Exception as error:  # as above; the next round asks for the same again
                log.info("MultiMail could not be asked for what is new: %s", type(error).__name__)
            await anyio.sleep(seconds)

    async def ask(self) -> int:
        """One round of reconciling; gives how many events were new."""
        return await reconcile(self.core, self.events)

    async def step(self) -> bool:
        """Work on one event; false where none is due, or what it needs is left alone for a while."""
        now = self.core.clock.monotonic()
        if self._breakers[ZENDESK].wait(now):  # whatever arrives ends on a ticket
            return False
        event = await self.events.claim(mails=not self._breakers[MULTIMAIL].wait(now))
        if event is None:
            return False
        try:
            await self._handled(event)
        except anyio.get_cancelled_exc_class():
            with anyio.move_on_after(LET_GO_SECONDS, shield=True):
                with contextlib.suppress(LeaseLostError):
                    await self.events.let_go(event)
            raise
        return True

    async def _handled(self, event: Event) -> None:
        try:
            await handle(self.core, self.events, event)
        except LeaseLostError:
            self.tally.lost += 1
        except HopelessError as error:
            await self._over(event, str(error))
        except DeskError as error:
            await self._failed(event, error)
        except Exception as error:  # a fault of ours must not hold up the lane for ever
            log.exception("event %d: something unexpected", event.number)
            await self._failed(event, DeskError(f"something unexpected happened ({type(error).__name__})"))
        else:
            self.tally.done += 1
            for service in SERVICES[event.source]:
                self._breakers[service].worked()

    async def _failed(self, event: Event, error: DeskError) -> None:
        if error.code == "upstream_unavailable" and not isinstance(error, NotShown):
            self._breakers[str(error.facts.get("service"))].failed(self.core.clock.monotonic())
        tries = HOPELESS_TRIES if isinstance(error, HOPELESS) else TRIES
        if event.tries >= tries:
            await self._over(event, str(error))
            return
        pause = self._pause(event.tries, error)
        log.info("event %d: %s, again in %.0f s", event.number, error.code, pause)
        self.tally.postponed += 1
        try:
            await self.events.postpone(event, str(error), pause)
        except LeaseLostError:
            self.tally.lost += 1

    async def _over(self, event: Event, trouble: str) -> None:
        log.warning("event %d is given up (deskgate events show %d): %s", event.number, event.number, trouble)
        try:
            await self.events.bury(event, trouble)
            self.tally.buried += 1
        except LeaseLostError:
            self.tally.lost += 1

    def _pause(self, tries: int, error: DeskError) -> float:
        asked = error.facts.get("retry_after_seconds")
        longest = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**tries)
        if isinstance(asked, int | float):
            return min(float(asked), LONGEST_PAUSE_SECONDS)
        return self.chance.uniform(1.0, longest)

    async def heed(self) -> None:
        """Take off at once who asked for no more mail."""
        self._heeded = await heed(self.core, self._heeded)

    async def owe(self) -> int:
        """Put into the inbox what follows from the state of our replies and is not on its ticket yet; gives how much.

        Owed is derived and never queued by whoever decides: a decision stays as short as it is, and nothing that happened
        between two writes can be forgotten.
        """
        queries = named_queries("deskgate.desk.inbox", self.core.store.dialect)
        now, began = self.core.clock.now(), await beginning(self.core)
        sweeps = self.core.clock.monotonic() >= self._sweep_at
        since = iso(began if sweeps else max(began, now - LATELY))
        owed = 0
        for what in ("sent", "bounced"):
            found = await self.core.store.rows(queries[f"owed_{what}"], since=since, limit=OWED_AT_ONCE)
            for row in found:
                owed += await self.events.add(OURS, f"{what}:{row['id']}", b"{}")
        anchor = await anchoring.due(self.core) if sweeps else None
        if anchor is not None:
            owed += await self.events.add(OURS, anchor, b"{}")
        if sweeps and owed < OWED_AT_ONCE:
            self._sweep_at = self.core.clock.monotonic() + SWEEP_SECONDS
        return owed
