"""/metrics and /readyz: what a monitor and a load balancer are told, and who may ask."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp import Client
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families

from bench import ERAS, Bench, Caller, Person, bench
from desk.inbox.desk_at_work import TICKET, AtWork
from deskgate.desk.heard import HeardWire
from deskgate.desk.inbox.worker import HUNG_SECONDS
from deskgate.desk.wire import Again
from deskgate.protocol.http import build_http_app
from deskgate.protocol.server import build_server
from deskgate.web.callers import KnownTokens
from deskgate.web.health import STALE_SECONDS, Readiness
from deskgate.web.metrics import BACKLOG_SECONDS, TOTALS_SECONDS, Metrics
from deskgate.web.token_file import issue
from deskgate.web.webhooks.counts import Counts
from fakes import FakeClock, Script

pytestmark = pytest.mark.anyio

HERE, ELSEWHERE = "127.0.0.1", "192.0.2.7"
LABELS = {"source": "multimail", "outcome": "stored"}


@dataclass
class Monitored:
    """A bench whose numbers are asked for over HTTP."""

    one: Bench
    metrics: Metrics
    readiness: Readiness
    at: AtWork
    app: Any
    server: Any

    def http(self, client: str = HERE, **headers: str) -> httpx.AsyncClient:
        """Somebody who comes from that address."""
        way = httpx.ASGITransport(self.app, client=(client, 5000))
        return httpx.AsyncClient(transport=way, base_url="http://127.0.0.1:8642", headers=headers)

    async def numbers(self, **headers: str) -> dict[tuple[str, ...], float]:
        """All samples by name and the values of their labels."""
        async with self.http(**headers) as http:
            answer = await http.get("/metrics")
        assert answer.status_code == 200, answer.text
        families = text_string_to_metric_families(answer.text)
        return {
            (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
            for family in families
            for sample in family.samples
        }


@asynccontextmanager
async def monitored(folder: Path, tokens: Path | None = None) -> AsyncIterator[Monitored]:
    async with bench(folder) as one:
        at = AtWork.of(one)
        metrics = Metrics(one.desk.core.store, one.clock, worker=at.worker.tally, webhooks=Counts())
        readiness = Readiness(one.desk.core.store, one.clock, at.worker.alive)
        verifier = await KnownTokens.open(tokens, one.clock) if tokens else None
        server = build_server(one.desk, verifier=verifier, watch=metrics.tools.add)
        app = build_http_app(server, HERE, 8642, clock=one.clock, readiness=readiness, metrics=metrics)
        yield Monitored(one, metrics, readiness, at, app, server)


@pytest.mark.usefixtures("database")
async def test_a_monitor_sees_the_queue_the_replies_and_the_decisions(tmp_path: Path) -> None:
    async with monitored(tmp_path) as desk:
        before = await desk.numbers()
        assert before["deskgate_database_up",] == 1
        assert before["deskgate_events_open",] == before["deskgate_events_oldest_seconds",] == 0
        await desk.at.sent()
        await desk.at.work()
        await desk.at.worker.events.add("multimail", "broken", b"{")
        await desk.at.work()
        await desk.at.held()
        await desk.at.worker.events.add("multimail", "new", b"{}")
        desk.one.clock.advance(TOTALS_SECONDS)
        after = await desk.numbers()
        assert after["deskgate_events_open",] == 1
        assert after["deskgate_events_oldest_seconds",] == TOTALS_SECONDS
        assert after["deskgate_events_dead",] == after["deskgate_worker_events_total", "buried"] == 1
        assert after["deskgate_worker_events_total", "done"] >= 1
        assert after["deskgate_replies", "held"] == 1
        assert after["deskgate_decisions", "approve", "caller"] == 1
        assert after["deskgate_effects", "done"] == 1


async def test_what_is_in_the_database_is_not_read_again_at_every_scrape(tmp_path: Path) -> None:
    async with monitored(tmp_path) as desk:
        await desk.numbers()
        await desk.at.held()
        desk.one.clock.advance(-10)
        await desk.at.worker.events.add("multimail", "new", b"{}")
        seen = await desk.numbers()
        assert ("deskgate_replies", "held") not in seen
        assert seen["deskgate_events_open",] == 0
        desk.one.clock.advance(BACKLOG_SECONDS)
        assert (await desk.numbers())["deskgate_events_open",] == 1


async def test_webhooks_are_counted_by_what_became_of_them(tmp_path: Path) -> None:
    async with monitored(tmp_path) as desk:
        assert desk.metrics.webhooks is not None
        desk.metrics.webhooks.stored["multimail"] += 3
        desk.metrics.webhooks.refused["zendesk", "wrong_signature"] += 2
        seen = await desk.numbers()
        assert seen["deskgate_webhooks_total", "stored", "multimail"] == 3
        assert seen["deskgate_webhooks_total", "wrong_signature", "zendesk"] == 2


@pytest.mark.parametrize("era", ERAS)
async def test_tool_calls_are_counted_by_name_and_outcome(tmp_path: Path, era: Any) -> None:
    async with monitored(tmp_path) as desk:
        async with Client(desk.server, mode=era, elicitation_callback=Person()) as client:
            caller = Caller(client)
            drafted = await caller.ok("draft_gated_reply", ticket_id=TICKET, body="Hello")
            desk.one.clock.advance(5)
            await caller.ok("decide_reply", message_id=drafted["message_id"], decision="approve")
            assert await caller.fails("read_zendesk_ticket", ticket_id=999999) == "ticket_not_found"
            assert (await caller.call("delete_everything")).is_error
        seen = await desk.numbers()
        assert seen["deskgate_tool_calls_total", "ok", "draft_gated_reply"] == 1
        assert seen["deskgate_tool_calls_total", "ok", "decide_reply"] == 1
        assert seen.get(("deskgate_tool_calls_total", "asked", "decide_reply"), 0) == (1 if era == "auto" else 0)
        assert seen["deskgate_tool_calls_total", "ticket_not_found", "read_zendesk_ticket"] == 1
        assert seen["deskgate_tool_calls_total", "error", "unknown"] == 1
        assert not any("delete_everything" in key for key in seen)
        assert seen["deskgate_tool_call_seconds_count", "draft_gated_reply"] == 1
        assert seen["deskgate_tool_call_seconds_bucket", "+Inf", "draft_gated_reply"] == 1


async def test_calls_to_the_services_are_timed_with_their_outcome(tmp_path: Path) -> None:
    async with monitored(tmp_path) as desk:
        clock, script = FakeClock(), Script(httpx.Response(200, json={}), httpx.Response(404, json={}))
        wire = HeardWire("Zendesk", "https://a.example", None, clock, transport=script, heard=desk.metrics.services.add)
        await wire.call("GET", "/a", again=Again.READ)
        with pytest.raises(Exception, match="bad_input"):
            await wire.call("GET", "/a", again=Again.READ)
        seen = await desk.numbers()
        assert seen["deskgate_service_calls_total", "ok", "Zendesk"] == 1
        assert seen["deskgate_service_calls_total", "bad_input", "Zendesk"] == 1
        assert seen["deskgate_service_call_seconds_bucket", "0.01", "Zendesk"] == 2


async def test_a_database_in_trouble_is_a_number_and_no_error(tmp_path: Path) -> None:
    async with monitored(tmp_path) as desk:
        await desk.one.desk.core.store.rows("DROP TABLE effects")
        seen = await desk.numbers()
        assert seen["deskgate_database_up",] == 0
        assert seen["deskgate_worker_events_total", "done"] == 0


async def test_both_forms_of_the_page_can_be_read_by_the_library_that_monitors_use(tmp_path: Path) -> None:
    async with monitored(tmp_path) as desk, desk.http() as http:
        await desk.at.held()
        modern = await http.get("/metrics", headers={"accept": "application/openmetrics-text; version=1.0.0"})
        assert modern.headers["content-type"].startswith("application/openmetrics-text")
        assert any(family.name == "deskgate_replies" for family in open_metrics(modern.text))


async def test_without_tokens_only_this_machine_may_ask_for_numbers(tmp_path: Path) -> None:
    async with monitored(tmp_path) as desk:
        for client, status in ((HERE, 200), ("::1", 200), (ELSEWHERE, 403)):
            async with desk.http(client) as http:
                assert (await http.get("/metrics")).status_code == status
                assert (await http.get("/metrics", headers={"host": "evil.example"})).status_code == 421


async def test_with_tokens_numbers_are_for_admins_even_on_this_machine(tmp_path: Path) -> None:
    path = tmp_path / "tokens.jsonl"
    new = partial(issue, path, created="2026-01-28T12:00:00Z")
    admin, bot = (new(name, "agent", [scope])[1] for name, scope in (("monitor", "admin"), ("bot", "draft")))
    async with monitored(tmp_path, path) as desk:
        for client in (HERE, ELSEWHERE):
            async with desk.http(client) as http:
                for secret, status in (("", 401), ("dg_nobody", 401), (bot, 403), (admin, 200)):
                    answer = await http.get("/metrics", headers={"authorization": f"Bearer {secret}"})
                    assert answer.status_code == status
                    assert ("deskgate_replies" in answer.text) == (status == 200)


async def test_a_process_is_ready_while_its_database_answers_and_its_worker_works(tmp_path: Path) -> None:
    async with monitored(tmp_path) as desk, desk.http() as http:

        async def answer() -> tuple[int, str]:
            got = await http.get("/readyz")
            return got.status_code, got.json().get("reason", "")

        assert await answer() == (503, "the database does not answer")
        await desk.readiness.look()
        assert await answer() == (503, "the worker does not work")
        desk.at.worker._seen_at = desk.one.clock.monotonic()
        assert await answer() == (200, "")
        desk.one.clock.advance(STALE_SECONDS + 1)
        assert await answer() == (503, "the database does not answer")
        desk.one.clock.advance(HUNG_SECONDS)
        await desk.readiness.look()
        assert await answer() == (503, "the worker does not work")
        assert (await http.get("/healthz")).status_code == 200
        assert (await http.get("/readyz", headers={"host": "evil.example"})).status_code == 421


async def test_a_process_whose_database_is_gone_is_not_ready(tmp_path: Path) -> None:
    async with monitored(tmp_path) as desk:
        await desk.readiness.look()
        await desk.one.desk.core.store.aclose()
        desk.one.clock.advance(STALE_SECONDS + 1)
        await desk.readiness.look()
        assert desk.readiness.trouble() == "the database does not answer"
