"""Webhooks on a real port: the sandbox posts what is due to this machine, and plays the customer from outside."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.lowlevel
import httpx
import pytest
from receiver import listening
from v1_calls import MARIA

from deskgate.cli import main
from deskgate.sandbox import carrier
from deskgate.sandbox.outbox import Delivery
from deskgate.sandbox.player import Turn, play
from deskgate.sandbox.serve import serve
from deskgate.sandbox.world import World

pytestmark = pytest.mark.anyio


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DESKGATE_HOME", str(tmp_path))
    return tmp_path / "sandbox"


@pytest.fixture
def real(home: Path) -> Iterator[World]:
    """The world of that home, on the machine's clock."""
    world = World.open(home)
    world.switch("scan_seconds", 0)
    world.switch("webhook_backoff_seconds", 0)
    yield world
    world.close()


@asynccontextmanager
async def carried(world: World) -> AsyncIterator[None]:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(carrier.carry, world)
        yield
        tasks.cancel_scope.cancel()


async def closed(world: World, count: int) -> list[tuple[str, int | None]]:
    """What became of the first deliveries, once none of them is pending any more."""
    with anyio.fail_after(20):
        while True:
            rows = world.deliveries()
            if len(rows) >= count and all(row["status"] != "pending" for row in rows[:count]):
                return [(row["status"], row["response_status"]) for row in rows]
            await anyio.lowlevel.checkpoint()


def deliver(world: World, ticket_id: int = 101) -> None:
    """A mail about a ticket that the customer has in their inbox."""
    from deskgate.sandbox.constants import MULTIMAIL_SEND_KEY
    from deskgate.sandbox.exchange import Ask

    world.set_mode("autonomous")
    wish = {"from": "support@desk.example.com", "to": MARIA, "subject": "Re: Order", "body": "It is here."}
    wish["thread_id"] = f"zd-{ticket_id}"
    headers = {"authorization": f"Bearer {MULTIMAIL_SEND_KEY}"}
    answer = world.answer("multimail", Ask("POST", "/send_email", headers=headers, body=json.dumps(wish).encode()))
    assert answer.status == 202
    assert len(world.sent_mails()) == 1


async def test_what_is_due_is_posted_and_what_was_refused_is_posted_again(real: World) -> None:
    with listening(500, 302) as receiver:
        real.point_webhooks(receiver.origin)
        async with carried(real):
            real.receive_mail(MARIA, "Hello", "text")
            calls = [await receiver.next() for _ in range(3)]
            assert await closed(real, 1) == [("delivered", 202)]
    assert len({call.body for call in calls}) == 1
    assert {call.path for call in calls} == {"/webhooks/multimail"}
    assert calls[0].headers["x-multimail-signature"].startswith("sha256=")
    assert json.loads(calls[0].body)["event"] == "message.received"


async def test_one_address_gets_its_deliveries_in_order_and_both_services_are_heard(real: World) -> None:
    with listening() as receiver:
        real.point_webhooks(receiver.origin)
        for number in range(25):
            real.receive_mail(MARIA, str(number), "text")
            real.edit_ticket(101, status="solved" if number % 2 else "pending")
        async with carried(real):
            calls = [await receiver.next() for _ in range(50)]
    mails = [json.loads(call.body)["data"]["subject"] for call in calls if call.path == "/webhooks/multimail"]
    assert mails == [str(number) for number in range(25)]
    zendesk = [call for call in calls if call.path == "/webhooks/zendesk"]
    assert [json.loads(call.body)["status"] for call in zendesk] == ["Pending", "Solved"] * 12 + ["Pending"]
    assert {call.headers["user-agent"] for call in zendesk} == {"Zendesk Webhook"}


async def test_nobody_at_home_is_no_answer(real: World) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        real.point_webhooks(f"http://127.0.0.1:{taken.getsockname()[1]}")
        real.receive_mail(MARIA, "Hello", "text")
        async with carried(real):
            assert await closed(real, 1) == [("failed", None)]


async def test_nothing_is_posted_to_another_machine(real: World, monkeypatch: pytest.MonkeyPatch) -> None:
    posted: list[str] = []

    async def post(_: httpx.AsyncClient, delivery: Delivery) -> int:
        posted.append(delivery.url)
        return 202

    monkeypatch.setattr(carrier, "_post", post)
    real.register_webhook("multimail", "https://desk.example.com/webhooks/multimail")
    real.receive_mail(MARIA, "Hello", "text")
    async with carried(real):
        assert sorted(await closed(real, 2), key=str) == [("delivered", 202), ("failed", None)]
    assert posted == ["http://127.0.0.1:8642/webhooks/multimail"]


async def test_the_customer_answers_from_another_process_and_the_sandbox_reports_it(home: Path, real: World) -> None:
    deliver(real)
    with listening() as receiver:
        real.point_webhooks(receiver.origin)
        async with carried(real):
            for _ in range(2):
                await receiver.next()
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
            command = [sys.executable, "-m", "deskgate", "sandbox", "reply", "101", "Thank you", "--automatic"]
            done = await anyio.run_process(command, env=environment)
            told = json.loads((await receiver.next()).body)
    newest = real.emails()[-1]
    assert newest["id"] in done.stdout.decode() + done.stderr.decode()
    assert (told["event"], told["data"]["email_id"]) == ("message.received", newest["id"])
    assert newest["subject"] == "Automatic reply: Order"


async def test_a_sandbox_that_listens_is_asked_where_this_home_has_no_such_mail(home: Path, tmp_path: Path) -> None:
    other = World.open(tmp_path / "other")
    other.switch("scan_seconds", 0)
    other.point_webhooks("")
    deliver(other)
    started = anyio.Event()
    said: list[str] = []

    def announce(text: str) -> None:
        said.append(text)
        started.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(serve, tmp_path / "other", "127.0.0.1", 0, announce)
        await started.wait()
        port = int(said[0].partition("http://127.0.0.1:")[2].partition(" ")[0])
        turns = (Turn(101, "Thank you", sender="son@example.com"), Turn(101, bounce=True))
        ids = [await anyio.to_thread.run_sync(play, home, turn, port) for turn in turns]
        with pytest.raises(LookupError):
            await anyio.to_thread.run_sync(play, home, Turn(102, "nobody wrote to me"), port)
        tasks.cancel_scope.cancel()
    mails = other.emails()
    assert ids == [mails[1]["id"], mails[0]["id"]]
    assert (mails[1]["sender"], mails[0]["bounce_type"]) == ("son@example.com", "hard_bounce")
    other.close()
    assert home not in list(home.parent.iterdir())


async def test_the_command_says_what_it_did(home: Path, real: World, capsys: pytest.CaptureFixture[str]) -> None:
    deliver(real)
    spoken = ["sandbox", "reply", "101"]
    assert main([*spoken, "Thank you", "--from", "son@example.com", "--quoted"]) == 0
    newest = real.emails()[-1]
    assert newest["id"] in "".join(capsys.readouterr())
    assert newest["sender"] == "son@example.com"
    assert "> It is here." in newest["markdown"]
    assert main([*spoken, "--bounce"]) == 0
    assert "came back" in "".join(capsys.readouterr())
    assert main([*spoken, "again"]) == 1
    assert "nothing to answer" in "".join(capsys.readouterr())
    assert main(spoken) == 2
    assert main([*spoken, "text", "--bounce"]) == 2
    assert main(["sandbox", "--desk", "8642"]) == 2


async def test_the_command_moves_the_webhooks_before_it_serves(home: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-m", "deskgate", "sandbox", "--port", "0", "--desk", "http://127.0.0.1:9/"]
    async with await anyio.open_process(command, env=environment, stderr=subprocess.STDOUT) as process:
        assert process.stdout is not None
        heard = b""
        with anyio.fail_after(30):
            while b"Ctrl-C" not in heard:
                heard += await process.stdout.receive()
        base = "http://127.0.0.1:" + heard.decode().partition("http://127.0.0.1:")[2].partition(" ")[0]
        async with httpx.AsyncClient(base_url=base) as client:
            hooks = (await client.get("/sandbox/webhooks")).json()["webhooks"]
        process.terminate()
    assert {hook["url"] for hook in hooks} == {
        f"http://127.0.0.1:9/webhooks/{name}" for name in ("multimail", "zendesk")
    }
    assert b"export MULTIMAIL_WEBHOOK_SECRET=" in heard
    assert b"export ZENDESK_WEBHOOK_SECRET=" in heard
