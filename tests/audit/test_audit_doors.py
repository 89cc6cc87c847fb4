"""What the doors put on record: refused webhooks, changed settings, tokens, callers by their token, complaints."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from agreement import agree, records_of
from mcp import Client
from mcp.types import Implementation

from bench import ERAS, bench
from desk.inbox.desk_at_work import TICKET, AtWork
from deskgate import cli, settings
from deskgate.commands.settings_told import tell_settings
from deskgate.desk.audit.said import SYSTEM, Said, acting, fingerprint
from deskgate.desk.inbox.events import Events
from deskgate.desk.store import open_store
from deskgate.web.callers import KnownTokens, principal_of
from deskgate.web.token_file import issue
from deskgate.web.webhooks.counts import Counts
from deskgate.web.webhooks.refusals import Refusals
from fakes import FakeClock

pytestmark = pytest.mark.anyio


@pytest.fixture
def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("DESKGATE_HOME", str(tmp_path))
    monkeypatch.setenv("DESKGATE_SANDBOX", "1")
    monkeypatch.setenv("DESKGATE_TOKENS", str(tmp_path / "tokens.jsonl"))
    return tmp_path


async def told(home: Path) -> list[dict[str, Any]]:
    store = await open_store(settings.read({"DESKGATE_HOME": str(home)}, sandbox=True).database)
    try:
        return await records_of(store)
    finally:
        await store.aclose()


async def test_refused_webhooks_are_counted_and_told_once_a_minute_for_each_door_and_reason(database: str) -> None:
    store, counts = await open_store(database), Counts()
    refusals = Refusals(store, FakeClock(), counts)
    await refusals.tell()
    assert await records_of(store) == []
    for _ in range(1_000):
        counts.refused["zendesk", "wrong_signature"] += 1
    counts.refused["multimail", "old"] += 1
    await refusals.tell()
    await refusals.tell()
    counts.refused["multimail", "old"] += 2
    await refusals.tell()
    found = [(one["obj"]["door"], one["dec"]["reason"], one["res"]["count"]) for one in await records_of(store)]
    assert found == [("multimail", "old", 1), ("zendesk", "wrong_signature", 1_000), ("multimail", "old", 2)]
    await store.aclose()


async def test_refusals_that_cannot_be_told_now_are_told_with_the_next(database: str) -> None:
    store, counts = await open_store(database), Counts()
    refusals = Refusals(store, FakeClock(), counts)
    counts.refused["multimail", "old"] += 1
    whole = store.tables

    class Away:
        dialect = whole.dialect

        async def write(self, *_: Any, **__: Any) -> int:
            raise OSError

    store.tables = Away()  # type: ignore[assignment]  # the one door that is used here
    await refusals.tell()
    store.tables = whole
    counts.refused["multimail", "old"] += 1
    await refusals.tell()
    assert [one["res"]["count"] for one in await records_of(store)] == [2]
    await store.aclose()


async def test_a_start_with_other_settings_names_what_changed_and_no_value(tmp_path: Path, database: str) -> None:
    async with bench(tmp_path) as one:
        same = settings.read({"DESKGATE_HOME": str(tmp_path)}, sandbox=True)
        for _ in range(2):
            await tell_settings(same, one.desk)
        other = replace(same, seen_hours=2, multimail=replace(same.multimail, oversight_token="mm_live_another"))
        for _ in range(2):
            await tell_settings(other, one.desk)
        records = await agree(one.desk.core.store)
        assert [(record["ev"], record["res"]["status"]) for record in records] == [
            ("config.change", "first"),
            ("config.change", "changed"),
        ]
        assert records[1]["dec"]["changed"] == ["multimail.oversight_token", "seen_hours"]
        assert records[1]["dec"]["values"]["multimail.oversight_token"] == fingerprint("mm_live_another")
        lines = json.dumps(records)
        for value in (same.multimail.token, same.multimail.mailbox, "mm_live_another", str(tmp_path)):
            assert value not in lines


async def test_tokens_that_are_made_and_revoked_are_told_afterwards(at_home: Path) -> None:
    import anyio.to_thread

    new = ["token", "new", "support-bot", "--kind", "agent", "--scope", "draft", "--owner", "alice"]
    assert await anyio.to_thread.run_sync(cli.main, new) == 0
    (made,) = await told(at_home)
    assert (made["ev"], made["obj"]["principal"], made["dec"]["owner"]) == ("token.new", "support-bot", "alice")
    assert made["actor"]["kind"] == "human"
    line = json.loads((at_home / "tokens.jsonl").read_text().splitlines()[-1])
    assert made["obj"]["credential"] == line["sha256"][:12]
    assert await anyio.to_thread.run_sync(cli.main, ["token", "revoke", made["obj"]["token"]]) == 0
    assert [record["ev"] for record in await told(at_home)] == ["token.new", "token.revoke"]


async def test_without_complete_settings_a_token_is_made_and_it_is_said_that_no_record_was(
    at_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import anyio.to_thread

    monkeypatch.delenv("DESKGATE_SANDBOX")
    new = ["token", "new", "support-bot", "--kind", "agent", "--scope", "draft"]
    assert await anyio.to_thread.run_sync(cli.main, new) == 0
    assert "not in the audit trail" in capsys.readouterr().err


async def test_who_comes_with_a_token_stands_in_the_records_by_the_tokens_fingerprint(
    tmp_path: Path, database: str
) -> None:
    path = tmp_path / "tokens.jsonl"
    token, secret = issue(path, "support-bot", "agent", ["draft"], created="2026-01-28T12:00:00Z", owner="alice")
    async with bench(tmp_path) as one:
        access = await (await KnownTokens.open(path, one.clock)).verify_token(secret)
        assert access is not None
        await replace(one.desk, caller=principal_of(access)).draft(TICKET, "Your kettle is on its way.")
        first, *_ = await agree(one.desk.core.store)
        assert first["actor"] == {
            "kind": "agent",
            "id": "support-bot",
            "behalf": "alice",
            "auth": "bearer token",
            "credential": token.sha256[:12],
        }
        assert secret not in json.dumps(first)


async def test_a_complaint_is_told_once_with_what_follows_from_it(tmp_path: Path, database: str) -> None:
    async with bench(tmp_path) as one:
        work = AtWork.of(one)
        sent = await work.sent()
        held = await work.held()
        await work.work()
        body = json.dumps({"event": "message.complained", "data": {"email_id": sent["message_id"]}}).encode()
        for name in ("first", "second"):
            await work.worker.events.add("multimail", name, body)
            await work.work()
        records = await agree(one.desk.core.store)
        names = [record["ev"] for record in records]
        assert (names.count("email.complained"), names.count("suppress.add")) == (1, 1)
        cancelled = [record for record in records if record["ev"] == "email.cancel"]
        assert {record["obj"]["message"] for record in cancelled} == {held["message_id"]}
        assert {record["actor"]["id"] for record in cancelled} == {"deskgate"}
        assert cancelled[0]["actor"]["kind"] == "policy"


async def test_an_event_that_is_given_up_and_replayed_is_told(tmp_path: Path, database: str) -> None:
    async with bench(tmp_path) as one:
        events = Events(one.desk.core.store, one.clock)
        await events.add("multimail", "bad", b"no json")
        await AtWork.of(one).worker.step()
        await agree(one.desk.core.store)
        assert await events.replay(1)
        records = await agree(one.desk.core.store)
        assert [record["res"]["status"] for record in records] == ["buried", "replayed"]


async def test_who_acts_ends_with_what_they_did(tmp_path: Path, database: str) -> None:
    async with bench(tmp_path) as one:
        await one.desk.draft(TICKET, "Your kettle is on its way.")
        assert acting() is SYSTEM
        await one.desk.core.store.tell(Said("key.use", acting()))
        assert (await records_of(one.desk.core.store))[-1]["actor"]["id"] == "deskgate"


@pytest.mark.parametrize("era", ERAS)
async def test_the_program_that_a_caller_came_with_is_on_record_as_it_calls_itself(tmp_path: Path, era: Any) -> None:
    async with bench(tmp_path) as one:
        named = Implementation(name="Desk Bot", version="4.2" + "x" * 200)
        async with Client(one.server, mode=era, client_info=named) as client:
            drafted = await client.call_tool("draft_gated_reply", {"ticket_id": TICKET, "body": "On its way."})
            assert not drafted.is_error
        records = await records_of(one.desk.core.store)
        named_in = [record["actor"]["client"] for record in records if record["ev"] == "draft.create"]
        assert set(named_in) == {("Desk Bot 4.2" + "x" * 200)[:80]}
        await one.desk.draft(TICKET, "From no program.")
        last = [one for one in await records_of(one.desk.core.store) if one["ev"] == "draft.create"][-1]
        assert "client" not in last["actor"]
