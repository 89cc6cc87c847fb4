"""examples/nginx-many.conf and deskgate@.service, run: two processes on one PostgreSQL behind a load balancer."""

import re
import shutil
import signal
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import anyio.abc
import httpx
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_frames import tool
from nginx_front import EXAMPLES, certificate, free_port, needs_nginx, nginx
from open_doors import ACCEPT, TokenFile, bearer, legacy_session
from real_port import Upstream, upstream
from real_process import Pipe, deskgate

import databases
from bench import Caller, Person
from deskgate.sandbox.constants import HUMAN_AGENT_ID

TICKET = 101
SETTLED_SECONDS = 30.0
PAUSE_SECONDS = 0.05
# Zendesk takes 30 updates of one ticket by one user in ten minutes.
TICKET_UPDATES = 25

pytestmark = [
    pytest.mark.anyio,
    needs_nginx,
    pytest.mark.skipif(databases.missing() is not None, reason=databases.missing() or ""),
]


@dataclass
class Process:
    """One `deskgate serve`, which can be stopped and started again on its port."""

    folder: Path
    port: int
    environment: dict[str, str]
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    pipe: Pipe | None = None

    async def start(self) -> None:
        """Start it, and wait until it is ready for requests."""
        words = ("serve", "--transport", "http", "--port", str(self.port))
        self.pipe = await self.stack.enter_async_context(deskgate(self.folder, *words, environment=self.environment))
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", trust_env=False) as http:
            await until(lambda: answers(http, "/readyz"))

    async def stop(self) -> None:
        """SIGTERM, and wait for the end."""
        assert self.pipe is not None
        self.pipe.process.send_signal(signal.SIGTERM)
        assert await self.pipe.leaves() == 0

    async def calls(self, admin: str) -> int:
        """How many tool calls it has answered since its start."""
        url = f"http://127.0.0.1:{self.port}/metrics"
        async with httpx.AsyncClient(trust_env=False, headers=bearer(admin)) as http:
            page = (await http.get(url)).text
        return sum(int(float(one)) for one in re.findall(r"^deskgate_tool_calls_total\{.*\} (\S+)", page, re.MULTILINE))


@dataclass
class Cluster:
    """Two processes behind nginx, and the world they work for."""

    public: str
    trust: ssl.SSLContext
    processes: list[Process]
    outer: Upstream
    tokens: dict[str, str]

    @asynccontextmanager
    async def client(self, who: str, era: Any = "auto", person: Person | None = None) -> AsyncIterator[Caller]:
        """An MCP client with that principal's token, outside."""
        http = httpx2.AsyncClient(headers=bearer(self.tokens[who]), timeout=20, verify=self.trust, trust_env=False)
        async with http:
            way = streamable_http_client(f"{self.public}/mcp", http_client=http)
            async with Client(way, mode=era, elicitation_callback=person, read_timeout_seconds=20) as client:
                yield Caller(client)

    def http(self, who: str = "") -> httpx.AsyncClient:
        """A plain HTTP client, outside."""
        headers = {**ACCEPT, **(bearer(self.tokens[who]) if who else {})}
        return httpx.AsyncClient(base_url=self.public, verify=self.trust, trust_env=False, headers=headers, timeout=20)

    async def calls(self) -> list[int]:
        """How many tool calls each process has answered."""
        return [await process.calls(self.tokens["monitor"]) for process in self.processes]

    async def carry(self, answered: list[int]) -> None:
        """Bring the world's webhooks to the public address, for ever."""
        async with self.http() as http:
            while True:
                for due in self.outer.world.due_deliveries(10):
                    path = httpx.URL(due.url).path
                    got = await http.post(path, content=due.body, headers=due.headers)
                    answered.append(got.status_code)
                    self.outer.world.delivered(due.id, got.status_code)
                await anyio.sleep(PAUSE_SECONDS)

    def notes(self, word: str) -> list[str]:
        """The private notes on the ticket that hold this word."""
        ours = [one for one in self.outer.world.comments(TICKET) if not one["public"]]
        return [one["body"] for one in ours if one["author_id"] != HUMAN_AGENT_ID and word in one["body"]]


@asynccontextmanager
async def cluster(folder: Path) -> AsyncIterator[Cluster]:
    schemas = databases.Schemas()
    tokens = TokenFile(folder / "tokens.jsonl")
    secrets = {name: tokens.new(name, scope) for name, scope in (("bot", "draft"), ("lead", "decide"))}
    secrets["monitor"] = tokens.new("monitor", "admin")
    certificate(folder)
    port = free_port()
    public = f"https://localhost:{port}"
    trust = ssl.create_default_context(cafile=folder / "fullchain.pem")
    try:
        async with upstream(folder / "world") as outer, AsyncExitStack() as running:
            environment = {
                **outer.environment,
                "DESKGATE_DATABASE_URL": schemas(folder),
                "DESKGATE_TOKENS": str(tokens.path),
                "DESKGATE_PUBLIC_URL": public,
                "DESKGATE_RECONCILE_SECONDS": "0",
            }
            outer.world.point_webhooks("http://127.0.0.1:8651")
            processes = [Process(folder, free_port(), environment) for _ in range(2)]
            for process in processes:
                await running.enter_async_context(process.stack)
            async with anyio.create_task_group() as group:
                for process in processes:
                    group.start_soon(process.start)
            ports = {
                f"127.0.0.1:{old}": f"127.0.0.1:{one.port}" for old, one in zip((8651, 8652), processes, strict=True)
            }
            with nginx(folder, "nginx-many.conf", port, ports):
                found = Cluster(public, trust, processes, outer, secrets)
                async with found.http() as http:
                    await until(lambda: answers(http, "/healthz"))
                yield found
    finally:
        schemas.drop()


async def answers(http: httpx.AsyncClient, path: str) -> bool:
    try:
        return (await http.get(path)).status_code == 200
    except httpx.TransportError:
        return False


async def until(true: Callable[[], Any]) -> None:
    with anyio.fail_after(SETTLED_SECONDS):
        while not await true():  # noqa: ASYNC110 - other processes send no events
            await anyio.sleep(PAUSE_SECONDS)


async def sent(desk: Cluster, era: Any = "auto") -> None:
    """A reply that goes from draft to inbox through the load balancer."""
    async with desk.client("bot", era) as caller:
        held = await caller.ok("draft_gated_reply", ticket_id=TICKET, body="The parcel is on its way.")
    await anyio.sleep(1.1)  # Zendesk's times have whole seconds: the ticket's own note is older than the decision
    person = Person()
    async with desk.client("lead", era, person) as caller:
        await caller.ok("decide_reply", message_id=held["message_id"], decision="approve")
    assert len(person.asked) == 1


async def test_both_eras_draft_and_decide_over_two_processes(tmp_path: Path) -> None:
    async with cluster(tmp_path) as desk:
        await sent(desk)
        async with desk.client("bot", "legacy") as bot, desk.client("bot", "auto") as modern:
            before = await desk.calls()
            for _ in range(4):
                await bot.ok("list_zendesk_pending")
            grown = [now - then for now, then in zip(await desk.calls(), before, strict=True)]
            assert sorted(grown) == [0, 4], "a session of the older era is at home in one process"
            before = await desk.calls()
            for _ in range(8):
                await modern.ok("list_zendesk_pending")
            grown = [now - then for now, then in zip(await desk.calls(), before, strict=True)]
            assert sum(grown) == 8
            assert min(grown) >= 1, "any process answers the newer era"
        async with desk.client("lead", "legacy", Person()) as lead:
            await lead.ok("list_zendesk_pending")
        assert len(desk.outer.world.sent_mails()) == 1
        async with desk.http("monitor") as http:
            assert [(await http.get(path)).status_code for path in ("/metrics", "/readyz")] == [404, 404]


async def test_a_rolling_restart_loses_no_call_no_webhook_and_does_nothing_twice(tmp_path: Path) -> None:
    async with cluster(tmp_path) as desk:
        await sent(desk)
        answered: list[int] = []
        drafted: list[str] = []
        done = anyio.Event()

        async def agent() -> None:
            async with desk.client("bot") as caller:
                while not done.is_set():
                    body = f"Draft number {len(drafted)}."
                    drafted.append((await caller.ok("draft_gated_reply", ticket_id=104, body=body))["message_id"])
                    await anyio.sleep(
                        PAUSE_SECONDS * 10
                    )  # slower than the limit of tool calls, however long a start takes

        async def customer() -> None:
            written = 0
            while not done.is_set() and written < TICKET_UPDATES:
                desk.outer.world.receive_reply(TICKET, f"Answer <{written}>.")
                written += 1
                await anyio.sleep(PAUSE_SECONDS * 8)
            await until(lambda: told(written))
            for number in range(written):
                assert len(desk.notes(f"Answer <{number}>.")) == 1

        async def told(written: int) -> bool:
            return len(desk.notes("Answer <")) == written

        async with desk.http("bot") as http, anyio.create_task_group() as group:
            session = await legacy_session(http)
            group.start_soon(desk.carry, answered)
            async with anyio.create_task_group() as busy:
                busy.start_soon(agent)
                busy.start_soon(customer)
                for process in desk.processes:
                    await process.stop()
                    await process.start()
                done.set()
            gone = await http.post("/mcp", headers=session, json=tool(1, "list_zendesk_pending"))
            assert gone.status_code == 404, "an older client has to begin a new session"
            await legacy_session(http)
            group.cancel_scope.cancel()
        assert set(answered) == {202}
        assert len(set(drafted)) == len(drafted) == len(desk.outer.world.held_mails())
        assert len(drafted) > 3


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="runs where systemd is installed")
async def test_the_unit_is_one_that_systemd_understands(tmp_path: Path) -> None:
    unit = (EXAMPLES / "deskgate@.service").read_text()
    program = "/opt/deskgate/bin/deskgate"
    assert program in unit
    found = tmp_path / "deskgate@.service"
    found.write_text(unit.replace(program, shutil.which("true") or "/bin/true").replace("/usr/bin/curl", "/bin/true"))
    checked = await anyio.run_process(
        ["systemd-analyze", "verify", str(tmp_path / "deskgate@8651.service")], check=False
    )
    assert checked.returncode == 0, checked.stderr.decode()
    assert checked.stderr == b""
