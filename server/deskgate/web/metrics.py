"""/metrics: numbers for a monitor that speaks Prometheus.

Two kinds. What is in the database is the same whichever process is asked; it is read when somebody asks, and kept for a
while. What a process counts is its own, and begins at nought with each start.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
from mcp.server.auth.middleware.bearer_auth import RequireAuthMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from deskgate import __version__
from deskgate.addresses import LOOPBACK
from deskgate.desk.clock import Clock, parse_time
from deskgate.desk.inbox.events import Events
from deskgate.desk.inbox.worker import Tally
from deskgate.desk.replies import OUTSIDE
from deskgate.desk.store import Store
from deskgate.desk.store.tables import named_queries
from deskgate.web.tallies import BOUNDS, Tallies
from deskgate.web.webhooks.counts import Counts

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

ADMIN = "admin"
BACKLOG_SECONDS = 5.0
# Counting a whole table is not free, and these numbers move slowly.
TOTALS_SECONDS = 60.0


@dataclass
class Metrics:
    """All numbers of one process. `worker` and `webhooks` are what those two count for themselves."""

    store: Store
    clock: Clock
    tools: Tallies = field(default_factory=Tallies)
    services: Tallies = field(default_factory=Tallies)
    worker: Tally | None = None
    webhooks: Counts | None = None
    _read: dict[str, tuple[float, Any]] = field(default_factory=dict)
    _busy: anyio.Lock = field(default_factory=anyio.Lock)

    async def page(self, accept: str) -> tuple[bytes, str]:
        """The page and its content type, in the form that the monitor accepts."""
        encode, content_type = (await anyio.to_thread.run_sync(_library)).exposition.choose_encoder(accept)
        families = [*await self._of_database(), *self._of_process()]
        return encode(_Registry(families)), content_type

    async def _of_database(self) -> "list[Metric]":
        up = _gauge("deskgate_database_up", "1 where the database answered this scrape")
        try:
            async with self._busy:
                families = list(_backlog(await self._kept("backlog", BACKLOG_SECONDS), self.clock))
                for name, (labels, about) in TOTALS.items():
                    counts: dict[Any, float] = {}
                    for row in await self._kept(name, TOTALS_SECONDS):
                        values = tuple(_LABELS[label](row) for label in labels)
                        counts[values] = counts.get(values, 0) + row["number"]
                    what = name.partition("_")[0]
                    families.append(_counted(f"deskgate_{what}", about, labels, counts, gauge=True))
        except Exception:  # a database in trouble is one of the things that a monitor is there for
            up.add_metric([], 0)
            return [up]
        up.add_metric([], 1)
        return [up, *families]

    async def _kept(self, name: str, seconds: float) -> Any:
        """What was read last, where that is not too long ago."""
        now = self.clock.monotonic()
        read_at, found = self._read.get(name, (now - seconds, None))
        if found is None or now - read_at >= seconds:
            if name == "backlog":
                found = await Events(self.store, self.clock).backlog()
            else:
                found = await self.store.rows(named_queries(__package__, self.store.dialect)[name])
            self._read[name] = now, found
        return found

    def _of_process(self) -> "Iterator[Metric]":
        from prometheus_client.process_collector import ProcessCollector

        yield _counted("deskgate_build", "the version that runs", ("version",), {(__version__,): 1}, gauge=True)
        if self.worker is not None:
            worked = {(name,): number for name, number in vars(self.worker).items()}
            yield _counted("deskgate_worker_events", "events that this process worked on", ("outcome",), worked)
        if self.webhooks is not None:
            counts: dict[Any, float] = {(source, "stored"): many for source, many in self.webhooks.stored.items()}
            counts |= self.webhooks.refused
            yield _counted("deskgate_webhooks", "webhooks that came here", ("source", "outcome"), counts)
        for name, what, tallies in (("tool", "tool", self.tools), ("service", "service", self.services)):
            about = f"calls of a {what}"
            yield _counted(f"deskgate_{name}_calls", about, (name, "outcome"), dict(tallies.outcomes))
            yield _timed(f"deskgate_{name}_call_seconds", f"how long {about} took", name, tallies)
        yield from ProcessCollector(registry=None).collect()


TOTALS: dict[str, tuple[tuple[str, ...], str]] = {
    "replies_by_state": (("state",), "replies on record"),
    "decisions_by_kind": (("decision", "who"), "decisions on record, by what decided"),
    "effects_by_state": (("state",), "changes of tickets that events asked for"),
}


def _who(row: dict[str, Any]) -> str:
    """What kind of decider: a monitor keeps every name for good, and need not know people's."""
    kind = str(row["decided_by"]).partition(":")[0]
    if kind in ("policy", "reviewer"):
        return kind
    return "outside" if row["decided_by"] == OUTSIDE else "caller"


_LABELS: dict[str, Callable[[dict[str, Any]], str]] = {
    "state": lambda row: str(row["state"]),
    "decision": lambda row: str(row["decision"]),
    "who": _who,
}


def _backlog(found: dict[str, Any], clock: Clock) -> "Iterator[Metric]":
    oldest = parse_time(found["oldest"])
    age = max(0.0, (clock.now() - oldest).total_seconds()) if oldest else 0.0
    yield _counted("deskgate_events_open", "events that wait for work", (), {(): found["open"]}, gauge=True)
    yield _counted("deskgate_events_dead", "events that wait for a person", (), {(): found["dead"]}, gauge=True)
    about = "how long the oldest open event has waited"
    yield _counted("deskgate_events_oldest_seconds", about, (), {(): age}, gauge=True)


def _counted(
    name: str, about: str, labels: tuple[str, ...], counts: dict[Any, float], *, gauge: bool = False
) -> "Metric":
    from prometheus_client.metrics_core import CounterMetricFamily

    family = _gauge(name, about, labels) if gauge else CounterMetricFamily(name, about, labels=labels)
    for values, number in counts.items():
        family.add_metric([str(value) for value in values], number)
    return family


def _gauge(name: str, about: str, labels: tuple[str, ...] = ()) -> Any:
    from prometheus_client.metrics_core import GaugeMetricFamily

    return GaugeMetricFamily(name, about, labels=labels)


def _timed(name: str, about: str, label: str, tallies: Tallies) -> "Metric":
    from prometheus_client.metrics_core import HistogramMetricFamily

    family = HistogramMetricFamily(name, about, labels=[label])
    bounds = [*(str(bound) for bound in BOUNDS), "+Inf"]
    for value, timing in tallies.timings.items():
        buckets = list(zip(bounds, accumulate(timing.counts), strict=True))
        family.add_metric([value], buckets, timing.seconds)
    return family


@cache
def _library() -> Any:
    """Imported when the first monitor comes: it takes a fifth of a second."""
    import prometheus_client

    return prometheus_client


class _Registry:
    """What was found, in the shape from which the library writes."""

    def __init__(self, families: "Iterable[Metric]") -> None:
        self._families = families

    def collect(self) -> "Iterable[Metric]":
        """All of it."""
        return self._families


def metrics_routes(metrics: Metrics, *, tokens: bool) -> list[Route]:
    """The route. With tokens it wants one of scope `admin`, whoever asks: behind a proxy on this machine everybody comes
    from here. Without tokens only this machine may ask.
    """

    async def answer(request: Request) -> Response:
        page, content_type = await metrics.page(request.headers.get("accept", ""))
        return Response(page, media_type=content_type)

    app = Route("/metrics", endpoint=answer, methods=["GET"]).app
    return [Route("/metrics", endpoint=RequireAuthMiddleware(app, [ADMIN]) if tokens else _Here(app), methods=["GET"])]


class _Here:
    """Lets in whoever is on this machine."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or say 403."""
        client = scope.get("client")
        here = client is not None and client[0] in LOOPBACK
        await (self._app if here else PlainTextResponse("", status_code=403))(scope, receive, send)
