"""The real program, killed while it takes webhooks in: what it acknowledged is there, and a repeat is the same event."""

import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.abc
import httpx
import pytest
from hooks import MULTIMAIL_SECRET, of_multimail

from deskgate.desk.store import open_store

pytestmark = pytest.mark.anyio

LIMIT_SECONDS = 30.0
SENDERS = 8
BEFORE_THE_KILL = 100
SETTINGS = {
    "ZENDESK_SUBDOMAIN": "example",
    "ZENDESK_OAUTH_TOKEN": "none",
    "MULTIMAIL_TOKEN": "sends",
    "MULTIMAIL_MAILBOX": "support@example.com",
    "MULTIMAIL_WEBHOOK_SECRET": f"{MULTIMAIL_SECRET},another",
}


@asynccontextmanager
async def serving(folder: Path, database: str) -> AsyncIterator[tuple[str, anyio.abc.Process]]:
    """`deskgate serve --transport http` on a free port; gives its origin."""
    ours = ("DESKGATE_", "ZENDESK_", "MULTIMAIL_")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    told = {**inherited, **SETTINGS, "DESKGATE_HOME": str(folder), "DESKGATE_DATABASE_URL": database}
    command = [sys.executable, "-m", "deskgate", "serve", "--transport", "http", "--port", "0"]
    async with await anyio.open_process(
        command, env=told, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        heard = ""
        try:
            with anyio.fail_after(LIMIT_SECONDS):
                assert process.stderr is not None
                while not (found := re.search(r"(http://[0-9.:]+)/mcp", heard)):
                    heard += (await process.stderr.receive()).decode()
            yield found[1], process
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def test_what_was_acknowledged_survives_kill_and_is_stored_once(tmp_path: Path, database: str) -> None:
    acknowledged: set[bytes] = set()
    number = 0
    enough = anyio.Event()

    async def sender(origin: str) -> None:
        nonlocal number
        async with httpx.AsyncClient(base_url=origin, trust_env=False, timeout=LIMIT_SECONDS) as http:
            while True:
                number += 1
                body = b'{"event":"message.received","data":{"email_id":"%d"}}' % number
                try:
                    answer = await http.post("/webhooks/multimail", content=body, headers=of_multimail(body))
                except httpx.HTTPError:
                    return
                assert answer.status_code == 202
                acknowledged.add(body)
                if len(acknowledged) == BEFORE_THE_KILL:
                    enough.set()

    async with serving(tmp_path, database) as (origin, process), anyio.create_task_group() as group:
        for _ in range(SENDERS):
            group.start_soon(sender, origin)
        with anyio.fail_after(LIMIT_SECONDS):
            await enough.wait()
        process.kill()
    store = await open_store(database)
    there = [bytes(row["body"]) for row in await store.rows("SELECT body FROM inbox_events")]
    await store.aclose()
    assert acknowledged <= set(there)
    assert len(there) == len(set(there))
    async with serving(tmp_path, database) as (origin, _), httpx.AsyncClient(base_url=origin, trust_env=False) as http:
        for body in list(acknowledged)[:20]:
            answer = await http.post("/webhooks/multimail", content=body, headers=of_multimail(body))
            assert answer.status_code == 202
    store = await open_store(database)
    assert len(await store.rows("SELECT number FROM inbox_events")) == len(there)
    await store.aclose()
