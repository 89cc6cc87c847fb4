"""A server signs the audit trail: it makes the key at its first start, and covers the last records when it leaves."""

import signal
import sys
from pathlib import Path

import anyio
import pytest
from mcp_frames import request
from real_process import deskgate

from deskgate.desk.audit.verify import read_record

pytestmark = pytest.mark.anyio


async def command(folder: Path, *words: str) -> tuple[int, str]:
    environment = {"DESKGATE_HOME": str(folder), "PATH": ""}
    line = [sys.executable, "-m", "deskgate", "audit", *words]
    done = await anyio.run_process(line, check=False, env=environment)
    return done.returncode, (done.stdout + done.stderr).decode()


@pytest.mark.parametrize("way", ["hang up", "signal"])
async def test_what_a_client_did_is_signed_when_the_server_has_left(tmp_path: Path, way: str) -> None:
    for start in (1, 2):
        async with deskgate(tmp_path, "serve", "--sandbox") as pipe:
            await pipe.shake_hands()
            told = await pipe.answer(
                request(1, "tools/call", name="note_zendesk_ticket", arguments={"ticket_id": 101, "note": f"{start}"})
            )
            assert not told["result"].get("isError"), told
            if way == "signal":
                pipe.process.send_signal(signal.SIGTERM)
            else:
                await pipe.hang_up()
            assert await pipe.leaves() == 0
        (key,) = (tmp_path / "sandbox").glob("audit-*.key")
        assert key.stat().st_mode & 0o077 == 0
        code, text = await command(tmp_path, "verify", "--sandbox", "--pin", str(tmp_path / "pin"))
        assert code == 2, text
        assert "not covered by a checkpoint yet" not in text
    code, text = await command(tmp_path, "verify", "--sandbox", "--pin", str(tmp_path / "pin"))
    assert code == 0, text
    code, text = await command(tmp_path, "export", str(tmp_path / "out"), "--sandbox")
    assert code == 0, text
    lines = (tmp_path / "out" / "audit.jsonl").read_bytes().splitlines()
    assert sum(read_record(line)["ev"] == "log.start" for line in lines) == 1
