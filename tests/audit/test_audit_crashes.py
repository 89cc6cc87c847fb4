"""No record, no action; and wherever a process dies, the states and the records agree."""

import os
from pathlib import Path
from typing import Any

import anyio
import pytest
from agreement import agree, records_of
from audit_day import ANSWER, SECOND, DiskFull, day, faulty

from bench import Bench, bench
from desk.inbox.desk_at_work import AtWork
from deskgate.desk import Confirmation
from deskgate.desk.audit import journal
from deskgate.desk.audit.said import Said, Who
from deskgate.desk.store import open_store
from deskgate.sandbox.world import World
from fakes import FakeClock
from story.dying import BODY, NOTE, TICKET, Died, Life

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("database")]


@pytest.mark.parametrize("refused", ["INSERT INTO audit_records", "INSERT INTO audit_personal", "UPDATE audit_head"])
async def test_without_its_record_nothing_happens(tmp_path: Path, refused: str) -> None:
    async with bench(tmp_path) as one:
        drafted = await one.desk.draft(TICKET, BODY)
        one.clock.advance(5)
        look = await one.desk.look(drafted.message_id or "")
        assert look is not None
        tables = faulty(one)
        before = await _everything(one)
        tables.refused = refused
        yes = Confirmation(by="a person in the chat", digest=look.digest)
        with pytest.raises(DiskFull):
            await one.desk.draft(TICKET, SECOND)
        with pytest.raises(DiskFull):
            await one.desk.note(TICKET, NOTE)
        if refused != "INSERT INTO audit_personal":  # a decision without a reason, a showing: nothing stands beside it
            with pytest.raises(DiskFull):
                await one.desk.asks_person(look, "approve")
            with pytest.raises(DiskFull):
                await one.desk.cancel(drafted.message_id or "")
            with pytest.raises(DiskFull):
                await one.desk.decide(drafted.message_id or "", "approve", confirmation=yes)
        with pytest.raises(DiskFull):
            await one.desk.decide(drafted.message_id or "", "reject", confirmation=yes, reason="not so")
        assert await _everything(one) == before
        tables.refused = None
        await one.desk.decide(drafted.message_id or "", "approve", confirmation=yes)
        await agree(one.desk.core.store)


async def test_a_record_that_has_no_form_stops_the_action(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def formless(*_: Any) -> Any:
        raise ValueError("no canonical form")

    async with bench(tmp_path) as one:
        before = await _everything(one)
        with monkeypatch.context() as patched:
            patched.setattr(journal, "append", formless)
            with pytest.raises(ValueError, match="no canonical form"):
                await one.desk.draft(TICKET, BODY)
        assert await _everything(one) == before
        await one.desk.draft(TICKET, BODY)
        await agree(one.desk.core.store)


async def test_an_answer_whose_record_cannot_be_written_is_no_answer_yet(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        work = AtWork.of(one)
        await work.sent()
        await work.work()
        one.world.receive_reply(TICKET, ANSWER)
        one.clock.advance(10)
        tables = faulty(one)
        await work.carry()
        before = len(work.notes())
        tables.refused = "INSERT INTO audit_records"
        assert await work.worker.step()
        assert await one.desk.core.store.rows("SELECT * FROM arrivals") == []
        assert len(work.notes()) == before
        tables.refused = None
        one.clock.advance(300)
        await work.work()
        assert len(work.notes()) == before + 1
        await agree(one.desk.core.store)


async def test_many_who_write_at_once_leave_a_log_without_gaps(database: str) -> None:
    stores = [await open_store(database, FakeClock()) for _ in range(3)]
    async with anyio.create_task_group() as group:
        for number in range(30):
            group.start_soon(stores[number % 3].tell, Said("key.use", Who("system", f"worker {number}")))
    records = await records_of(stores[0])
    assert {record["actor"]["id"] for record in records} == {f"worker {number}" for number in range(30)}
    for store in stores:
        await store.aclose()


async def _everything(one: Bench) -> tuple[Any, ...]:
    tables = ("replies", "drafters", "notes", "showings", "audit_records", "audit_personal", "audit_head")
    rows = [await one.desk.core.store.rows(f"SELECT * FROM {name}") for name in tables]
    mails = [(mail["id"], mail["status"]) for mail in one.world.emails()]
    return rows, mails, [comment["body"] for comment in one.world.comments(TICKET)]


async def _lived(folder: Path, ends_at: int | None) -> Life:
    """One life to its end, and what comes after it, each time held against the log."""
    clock = FakeClock()
    world = World.open(folder / "world", clock.now)
    life = Life(ends_at)
    try:
        async with bench(folder, world=world, clock=clock) as one:
            inner = one.desk.core.store.tables
            faulty(one, life)
            try:
                await day(one)
            except Died:
                pass
            except BaseExceptionGroup as group:
                _, others = group.split(Died)
                if others is not None:
                    raise others from None
            one.desk.core.store.tables = inner
            await agree(one.desk.core.store)
        if ends_at is not None:
            clock.advance(300)
            async with bench(folder, world=world, clock=clock) as one:
                await day(one)
                records = await agree(one.desk.core.store)
            assert [mail.body for mail in world.sent_mails()] == [BODY]
            assert [record["ev"] for record in records].count("email.send") == 1
    finally:
        world.close()
    return life


# Of the points at which a process may die, some by default; `DESKGATE_EVERY_POINT=1` takes all of them.
EVERY = {"sqlite": 4, "postgres": 20}


async def test_wherever_a_process_dies_the_states_and_the_records_agree(tmp_path: Path, database: str) -> None:
    whole = await _lived(tmp_path / "whole", None)
    assert len(whole.points) > 60
    step = 1 if os.environ.get("DESKGATE_EVERY_POINT") else EVERY[database.partition(":")[0].removesuffix("ql")]
    for ends_at in range(1 + (step > 1), len(whole.points) + 1, step):
        await _lived(tmp_path / str(ends_at), ends_at)
