"""`deskgate serve` as hosts run it: a process with a pipe at each end."""

import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp_frames import LEGACY, MODERN, enveloped, request, tool
from real_port import Upstream, upstream
from real_process import Pipe, deskgate

from bench import ERAS, Caller, Person
from deskgate.desk.replies import HELD, SENDING, Reply
from deskgate.desk.store import open_store

pytestmark = pytest.mark.anyio

DRAFT = {"ticket_id": 101, "body": "The parcel is on its way."}
SIGNALS = (signal.SIGINT, signal.SIGTERM)

# Says something in three ways when it is imported, then stands aside for the real module of its name.
NOISY = """
import importlib, os, sys
sys.stdout.write("a library's banner")
os.write(1, b"written past Python\\n")
os.system("echo a child")
sys.path.remove(os.path.dirname(__file__))
del sys.modules[__name__]
sys.modules[__name__] = importlib.import_module(__name__)
"""


async def record(folder: Path) -> list[Reply]:
    store = await open_store(f"sqlite:///{folder / 'deskgate.sqlite3'}")
    try:
        return await store.replies_of_ticket(101)
    finally:
        await store.aclose()


async def test_a_module_that_prints_while_it_is_imported_does_not_reach_the_protocol(tmp_path: Path) -> None:
    noisy = tmp_path / "noisy"
    noisy.mkdir()
    (noisy / "anyio.py").write_text(NOISY)
    async with deskgate(tmp_path, "serve", "--sandbox", environment={"PYTHONPATH": str(noisy)}) as pipe:
        first = await pipe.shake_hands()
        assert first["result"]["serverInfo"]["name"] == "deskgate"
        await pipe.hang_up()
        assert await pipe.rest() == b""
        assert await pipe.leaves() == 0
    assert "a library's banner" in pipe.stderr
    assert "written past Python" in pipe.stderr
    assert "a child" in pipe.stderr


async def test_a_module_that_prints_during_a_call_does_not_reach_the_protocol(tmp_path: Path) -> None:
    noisy = tmp_path / "noisy"
    noisy.mkdir()
    (noisy / "email_validator.py").write_text(NOISY)
    async with deskgate(tmp_path, "serve", "--sandbox", environment={"PYTHONPATH": str(noisy)}) as pipe:
        await pipe.shake_hands()
        answered = await pipe.answer(tool(1, "draft_gated_reply", **DRAFT))
        assert answered["result"]["structuredContent"]["state"] == HELD
        await pipe.hang_up()
        assert await pipe.rest() == b""
        assert await pipe.leaves() == 0
    assert "a library's banner" in pipe.stderr


async def test_a_host_that_gives_almost_no_environment_is_served(tmp_path: Path) -> None:
    data = tmp_path / "data"
    given = {"XDG_DATA_HOME": str(data), "DESKGATE_HOME": ""}
    async with deskgate(tmp_path, "serve", "--sandbox", environment=given, bare=True) as pipe:
        await pipe.shake_hands()
        found = await pipe.answer(tool(1, "read_zendesk_ticket", ticket_id=101))
        assert found["result"]["structuredContent"]["ticket"]["id"] == 101
        await pipe.hang_up()
        assert await pipe.leaves() == 0
    assert (data / "deskgate" / "sandbox" / "deskgate.sqlite3").is_file()
    assert pipe.stderr == ""


@pytest.mark.parametrize("door", [(), ("--transport", "http", "--port", "0")])
async def test_missing_settings_stop_the_start_with_one_sentence_each(tmp_path: Path, door: tuple[str, ...]) -> None:
    async with deskgate(tmp_path, "serve", *door) as pipe:
        assert await pipe.rest() == b""
        assert await pipe.leaves() == 2
    said = [line for line in pipe.stderr.splitlines() if line.startswith("  - ")]
    for name in ("ZENDESK_SUBDOMAIN", "MULTIMAIL_TOKEN", "MULTIMAIL_MAILBOX", "No Zendesk login"):
        assert sum(line.startswith(f"  - {name}") for line in said) == 1, pipe.stderr
    assert "Traceback" not in pipe.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--sandbox", "--fault", "nonsense"), "--fault cannot be read"),
        (("--fault", "503"), "it goes with --sandbox"),
    ],
)
async def test_trouble_that_cannot_be_rehearsed_stops_the_start(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    told = {
        "ZENDESK_SUBDOMAIN": "example",
        "ZENDESK_OAUTH_TOKEN": "none",
        "MULTIMAIL_TOKEN": "sends",
        "MULTIMAIL_MAILBOX": "support@example.com",
    }
    async with deskgate(tmp_path, "serve", *words, environment=told) as pipe:
        assert await pipe.rest() == b""
        assert await pipe.leaves() == 2
    assert said in pipe.stderr
    assert "Traceback" not in pipe.stderr


async def test_the_end_of_input_ends_the_server_after_the_last_answer(tmp_path: Path) -> None:
    async with deskgate(tmp_path, "serve", "--sandbox") as pipe:
        await pipe.shake_hands()
        answered = await pipe.answer(request(1, "tools/list"))
        await pipe.hang_up()
        assert await pipe.rest() == b""
        assert await pipe.leaves() == 0
    assert answered["id"] == 1
    assert pipe.stderr == ""


async def test_end_of_input_before_any_frame_is_a_clean_end(tmp_path: Path) -> None:
    async with deskgate(tmp_path, "serve", "--sandbox") as pipe:
        await pipe.hang_up()
        assert await pipe.rest() == b""
        assert await pipe.process.wait() == 0
    assert pipe.stderr == ""


@pytest.mark.parametrize("sign", SIGNALS)
async def test_a_signal_ends_an_idle_server_cleanly(tmp_path: Path, sign: signal.Signals) -> None:
    async with deskgate(tmp_path, "serve", "--sandbox") as pipe:
        await pipe.shake_hands()
        await pipe.answer(request(1, "ping"))
        pipe.process.send_signal(sign)
        assert await pipe.leaves() == 0
        assert await pipe.rest() == b""
    assert pipe.stderr == ""
    # The last one to close a WAL database removes the log; what is left says that nobody closed it.
    assert not (tmp_path / "sandbox" / "deskgate.sqlite3-wal").exists()


async def drafting(pipe: Pipe, world: Upstream) -> None:
    """Bring the process into the middle of a draft: MultiMail has the request and has not answered."""
    world.gate.shut("/send")
    await pipe.shake_hands()
    await pipe.send(tool(1, "draft_gated_reply", **DRAFT))
    await world.gate.waiting()


@pytest.mark.parametrize("sign", SIGNALS)
async def test_a_signal_during_a_draft_waits_for_the_answer_and_records_it(
    tmp_path: Path, sign: signal.Signals
) -> None:
    async with (
        upstream(tmp_path / "world") as world,
        deskgate(tmp_path, "serve", environment=world.environment) as pipe,
    ):
        await drafting(pipe, world)
        pipe.process.send_signal(sign)
        world.gate.opened.set()
        assert await pipe.leaves() == 0
        (reply,) = await record(tmp_path)
        (mail,) = world.world.held_mails()
        assert (reply.state, reply.message_id) == (HELD, mail["id"])


async def test_a_host_that_hangs_up_during_a_draft_leaves_it_recorded(tmp_path: Path) -> None:
    async with (
        upstream(tmp_path / "world") as world,
        deskgate(tmp_path, "serve", environment=world.environment) as pipe,
    ):
        await drafting(pipe, world)
        await pipe.hang_up()
        world.gate.opened.set()
        assert await pipe.leaves() == 0
        (reply,) = await record(tmp_path)
        (mail,) = world.world.held_mails()
        assert (reply.state, reply.message_id) == (HELD, mail["id"])


async def test_a_service_that_never_answers_cannot_keep_it_from_leaving(tmp_path: Path) -> None:
    async with (
        upstream(tmp_path / "world") as world,
        deskgate(tmp_path, "serve", environment=world.environment) as pipe,
    ):
        await drafting(pipe, world)
        pipe.process.send_signal(signal.SIGTERM)
        assert await pipe.leaves() == 1
        (reply,) = await record(tmp_path)
        assert reply.state == SENDING


async def test_a_signal_during_a_call_that_only_reads_does_not_wait_for_it(tmp_path: Path) -> None:
    async with (
        upstream(tmp_path / "world") as world,
        deskgate(tmp_path, "serve", environment=world.environment) as pipe,
    ):
        world.gate.shut("/tickets/101")
        await pipe.shake_hands()
        await pipe.send(tool(1, "read_zendesk_ticket", ticket_id=101))
        await world.gate.waiting()
        pipe.process.send_signal(signal.SIGTERM)
        assert await pipe.leaves() == 0
        assert await pipe.rest() == b""


async def test_a_process_killed_during_a_draft_is_understood_by_the_next_one(tmp_path: Path) -> None:
    async with upstream(tmp_path / "world") as world:
        async with deskgate(tmp_path, "serve", environment=world.environment) as pipe:
            await drafting(pipe, world)
            pipe.process.kill()
            await pipe.process.wait()
            world.gate.opened.set()
        (begun,) = await record(tmp_path)
        assert (begun.state, begun.message_id) == (SENDING, None)
        async with deskgate(tmp_path, "serve", environment=world.environment) as pipe:
            await pipe.shake_hands()
            answered = await pipe.answer(tool(1, "draft_gated_reply", **DRAFT))
        (mail,) = world.world.held_mails()
        assert answered["result"]["structuredContent"]["message_id"] == mail["id"]
        (reply,) = await record(tmp_path)
        assert (reply.id, reply.state) == (begun.id, HELD)


async def test_a_probe_and_then_a_handshake_on_one_pipe_are_both_answered(tmp_path: Path) -> None:
    async with deskgate(tmp_path, "serve", "--sandbox") as pipe:
        probed = await pipe.answer(enveloped(0, "server/discover"))
        assert MODERN in probed["result"]["supportedVersions"]
        shaken = await pipe.shake_hands()
        assert shaken["result"]["protocolVersion"] == LEGACY
        listed = await pipe.answer(request(1, "tools/list"))
        assert len(listed["result"]["tools"]) == 10


async def test_a_refused_probe_and_then_a_handshake_on_one_pipe_are_both_answered(tmp_path: Path) -> None:
    async with deskgate(tmp_path, "serve", "--sandbox") as pipe:
        refused = await pipe.answer(enveloped(0, "server/discover", version="2099-01-01"))
        assert refused["error"]["code"] == -32022
        assert refused["error"]["data"] == {"supported": [MODERN], "requested": "2099-01-01"}
        shaken = await pipe.shake_hands()
        assert shaken["result"]["protocolVersion"] == LEGACY


@pytest.mark.parametrize("era", ERAS)
async def test_the_list_of_tools_stays_below_ten_thousand_bytes_on_the_pipe(tmp_path: Path, era: str) -> None:
    async with deskgate(tmp_path, "serve", "--sandbox") as pipe:
        if era == "legacy":
            await pipe.shake_hands()
        await pipe.send(request(1, "tools/list") if era == "legacy" else enveloped(1, "tools/list"))
        line = await pipe.line()
        assert b'"decide_reply"' in line
        assert len(line) < 10_000


@pytest.mark.parametrize("era", ERAS)
async def test_a_person_at_the_other_end_of_the_pipe_is_asked(tmp_path: Path, era: Any) -> None:
    person = Person()
    started = StdioServerParameters(
        command=sys.executable,
        args=["-m", "deskgate", "serve", "--sandbox"],
        env={"DESKGATE_HOME": str(tmp_path)},
    )
    async with Client(started, mode=era, elicitation_callback=person, read_timeout_seconds=30) as client:
        assert client.protocol_version == (LEGACY if era == "legacy" else MODERN)
        caller = Caller(client)
        held = await caller.ok("draft_gated_reply", **DRAFT)
        done = await caller.ok("decide_reply", message_id=held["message_id"], decision="approve")
        assert done["state"] in {"sent", "delivered"}
    (asked,) = person.asked
    assert DRAFT["body"] in asked
    assert held["digest"] in asked
