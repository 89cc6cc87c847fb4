"""Several writers of one token file at the same time."""

import os
import subprocess
import sys
from pathlib import Path

from deskgate.web.token_file import read_tokens

WRITERS = 4


def test_writers_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "tokens.jsonl"
    words = [sys.executable, "-m", "deskgate", "token", "new", "support-bot", "--kind", "agent", "--scope", "draft"]
    told = {**os.environ, "DESKGATE_TOKENS": str(path)}
    running = [
        subprocess.Popen(words, env=told, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(WRITERS)
    ]
    secrets = {one.communicate(timeout=60)[0] for one in running}
    assert [one.returncode for one in running] == [0] * WRITERS
    assert len(secrets) == WRITERS
    assert len(read_tokens(path)) == WRITERS
