"""The pretend world on a real loopback port."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import anyio
import httpx
import pytest

from deskgate.sandbox.constants import API_USER_EMAIL, ZENDESK_TOKEN
from deskgate.sandbox.player import Turn, play
from deskgate.sandbox.serve import serve
from deskgate.sandbox.world import World

pytestmark = pytest.mark.anyio

PROGRAM = """
import anyio, sys
from pathlib import Path
from deskgate.sandbox.faults import parse_fault
from deskgate.sandbox.serve import serve
from deskgate.sandbox.world import World
def announce(text):
    sys.stdout.write(text + "\\n<end>\\n")
    sys.stdout.flush()
faults = [parse_fault(text) for text in sys.argv[2:]]
world = World.open(Path(sys.argv[1]))
world.point_webhooks("")
world.close()
anyio.run(serve, Path(sys.argv[1]), "127.0.0.1", 0, announce, faults)
"""


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    folder = tmp_path_factory.mktemp("served")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    started = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder), "503:7@GET /users/me"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert started.stdout is not None
    lines = {}
    for line in started.stdout:
        if line == "<end>\n":
            break
        if line.startswith("export "):
            name, _, value = line.removeprefix("export ").strip().partition("=")
            lines[name] = value
    yield started, {**lines, "folder": str(folder)}
    if started.poll() is None:
        started.kill()
    started.communicate()


@pytest.fixture
async def client(process: tuple[subprocess.Popen[str], dict[str, str]]) -> AsyncIterator[httpx.AsyncClient]:
    login = (f"{API_USER_EMAIL}/token", ZENDESK_TOKEN)
    origin = process[1]["ZENDESK_BASE_URL"].removesuffix("/zendesk")
    async with httpx.AsyncClient(base_url=origin, auth=login, timeout=5) as opened:
        yield opened


async def test_the_announced_lines_connect(client: httpx.AsyncClient) -> None:
    answer = await client.get("/zendesk/api/v2/tickets/101.json", params={"include": "users"})
    assert answer.json()["ticket"]["id"] == 101


async def test_it_can_start_with_a_plan_of_faults(client: httpx.AsyncClient) -> None:
    answers = [await client.get("/zendesk/api/v2/users/me") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [503, 200]
    assert answers[0].headers["retry-after"] == "7"


async def test_links_lead_back_to_the_port(client: httpx.AsyncClient) -> None:
    body = (await client.get("/zendesk/api/v2/tickets/105/comments", params={"page[size]": 2})).json()
    assert body["links"]["next"].startswith(f"{str(client.base_url).rstrip('/')}/zendesk/api/v2/tickets/105/comments?")
    assert len((await client.get(body["links"]["next"])).json()["comments"]) == 2


@pytest.mark.parametrize(("kind", "applied"), [("reset_before", 0), ("reset_after", 1), ("refused", 0)])
async def test_a_reset_is_seen_as_a_dropped_connection(client: httpx.AsyncClient, kind: str, applied: int) -> None:
    path = "/zendesk/api/v2/tickets/106"
    await client.post("/sandbox/faults", json={"fault": f"{kind}@PUT /tickets/106"})
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        await client.put(path, json={"ticket": {"comment": {"body": kind, "public": False}}})
    comments = (await client.get(f"{path}/comments")).json()["comments"]
    assert sum(one["body"] == kind for one in comments) == applied


async def test_silence_lasts_until_the_caller_gives_up(client: httpx.AsyncClient) -> None:
    await client.post("/sandbox/faults", json={"fault": "timeout_after@GET /tickets/104"})
    with pytest.raises(httpx.ReadTimeout):
        await client.get("/zendesk/api/v2/tickets/104", timeout=0.1)
    assert (await client.get("/zendesk/api/v2/tickets/104")).status_code == 200


async def test_half_a_body_arrives_whole_as_http(client: httpx.AsyncClient) -> None:
    await client.post("/sandbox/faults", json={"fault": "truncated@GET /tickets/104"})
    answer = await client.get("/zendesk/api/v2/tickets/104")
    assert answer.status_code == 200
    with pytest.raises(ValueError, match="line 1"):
        answer.json()


async def test_an_encoded_path_arrives_as_it_was_sent(client: httpx.AsyncClient) -> None:
    await client.get("/multimail/v1/suppression/a%2Fb%40example.com")
    calls = (await client.get("/sandbox/calls")).json()["calls"]
    assert calls[-1]["path"] == "/v1/suppression/a%2Fb%40example.com"


async def test_a_customer_can_answer_beside_the_running_sandbox(
    client: httpx.AsyncClient, process: tuple[subprocess.Popen[str], dict[str, str]]
) -> None:
    lines = process[1]
    send = {"from": lines["MULTIMAIL_MAILBOX"], "to": "odalys@example.com", "subject": "Re", "body": "Hi"}
    send |= {"thread_id": "zd-106"}
    await client.put("/sandbox/switches/scan_seconds", json={"value": 0})
    key = {"authorization": f"Bearer {lines['MULTIMAIL_TOKEN']}"}
    sent = (await client.post("/multimail/send_email", json=send, headers=key, auth=None)).json()
    folder = Path(lines["folder"])
    with pytest.raises(LookupError):
        await anyio.to_thread.run_sync(play, folder, Turn(106, "too early"))
    decider = {"authorization": f"Bearer {lines['MULTIMAIL_OVERSIGHT_TOKEN']}"}
    decision = {"message_id": sent["message_id"], "decision": "approve"}
    await client.post("/multimail/decide_email", json=decision, headers=decider, auth=None)
    email_id = await anyio.to_thread.run_sync(play, folder, Turn(106, "got in, thank you!"))
    params = {"direction": "inbound"}
    inbox = await client.get("/multimail/check_inbox", headers=key, params=params, auth=None)
    assert [one["message_id"] for one in inbox.json()["messages"]] == [email_id]


async def test_it_listens_on_loopback_only(tmp_path: Path) -> None:
    for host in ("0.0.0.0", "192.0.2.1", "example.com"):
        with pytest.raises(ValueError, match="loopback only"):
            await serve(tmp_path, host, 0, lambda text: None)


async def test_a_taken_port_is_told(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="in use"):
            await serve(tmp_path, "127.0.0.1", taken.getsockname()[1], lambda text: None)


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_stops_it_cleanly(tmp_path: Path, stop: signal.Signals) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-c", PROGRAM, str(tmp_path)]
    async with await anyio.open_process(command, env=environment, stderr=subprocess.PIPE) as started:
        assert started.stdout is not None
        heard = b""
        while b"<end>" not in heard:
            heard += await started.stdout.receive()
        started.send_signal(stop)
        with anyio.fail_after(10):
            assert await started.wait() == 0
    world = World.open(tmp_path)
    try:
        assert world.ticket(101)["id"] == 101
    finally:
        world.close()
