"""A copy of the checkpoint on a ticket: where a thief of the log and its key cannot reach it."""

import json
from pathlib import Path

import pytest

from bench import Bench, bench
from desk.inbox.desk_at_work import AtWork
from deskgate.desk.audit.keeper import Keeper
from deskgate.desk.audit.verify import anchor_of, parse_vkey
from deskgate.settings import SettingsError, read

pytestmark = pytest.mark.anyio

KEPT_FOR_IT = 104
SETTING = {"DESKGATE_AUDIT_TICKET": str(KEPT_FOR_IT)}
DAY = 24 * 3600


def copies(at: AtWork, ticket_id: int = KEPT_FOR_IT) -> list[str]:
    return [each for each in at.notes(ticket_id) if each.startswith("Checkpoint of")]


def keeper(one: Bench, folder: Path) -> Keeper:
    return Keeper(one.desk.core.store, one.clock, folder / "keys")


async def test_the_newest_checkpoint_stands_on_the_chosen_ticket_and_a_verifier_takes_it_from_there(
    tmp_path: Path, database: str
) -> None:
    async with bench(tmp_path, **SETTING) as one:
        at = AtWork.of(one)
        await at.sent()
        signer = await keeper(one, tmp_path).signer()
        newest = await keeper(one, tmp_path).sign()
        await at.work()
        (note,) = copies(at)
        lines = note.split("\n")
        first = lines.index(signer.name)
        copied = "\n".join(lines[first : first + 5]) + "\n"
        assert copied.encode() == newest
        claim = anchor_of(copied.encode(), signer.name, [parse_vkey(signer.vkey)])
        told = await one.desk.core.store.rows("SELECT line FROM audit_records WHERE ev = 'checkpoint.anchor'")
        (record,) = [json.loads(bytes(row["line"])) for row in told]
        assert record["obj"] == {"ticket": KEPT_FOR_IT}
        assert record["dec"] == {"size": claim.size, "root": lines[first + 2]}


async def test_it_is_put_there_once_a_day_and_only_where_something_else_happened(tmp_path: Path) -> None:
    async with bench(tmp_path, **SETTING) as one:
        at, other = AtWork.of(one), AtWork.of(one)
        await at.sent()
        await keeper(one, tmp_path).sign()
        for each in (at, other, at):
            await each.work()
        await at.sent(body="And its lid, too.")
        await keeper(one, tmp_path).sign()
        await at.work()
        assert len(copies(at)) == 1
        one.clock.advance(DAY)
        await at.work()
        assert len(copies(at)) == 2
        for _ in range(3):
            one.clock.advance(DAY)
            await keeper(one, tmp_path).sign()
            await at.work()
        assert len(copies(at)) == 2, "its own records are no news"


async def test_without_a_checkpoint_or_a_chosen_ticket_nothing_is_put_anywhere(tmp_path: Path) -> None:
    async with bench(tmp_path, **SETTING) as one:
        at = AtWork.of(one)
        await at.sent()
        await at.work()
        assert copies(at) == []
    async with bench(tmp_path) as one:
        at = AtWork.of(one)
        await keeper(one, tmp_path).sign()
        await at.work()
        assert copies(at) == []


async def test_a_closed_ticket_is_told_among_the_dead_events_and_can_be_replayed_on_another(tmp_path: Path) -> None:
    async with bench(tmp_path, **SETTING) as one:
        at = AtWork.of(one)
        await at.sent()
        await keeper(one, tmp_path).sign()
        one.world.edit_ticket(KEPT_FOR_IT, status="solved")
        one.world.edit_ticket(KEPT_FOR_IT, status="closed")
        for _ in range(4):
            await at.work()
            one.clock.advance(3600)
        (dead,) = await at.worker.events.listed("dead")
        assert "DESKGATE_AUDIT_TICKET is closed" in dead["trouble"]
    async with bench(tmp_path, DESKGATE_AUDIT_TICKET="105") as one:
        at = AtWork.of(one)
        assert await at.worker.events.replay(dead["number"])
        await at.work()
        assert len(copies(at, 105)) == 1


async def test_an_answer_that_is_lost_does_not_put_it_there_twice(tmp_path: Path) -> None:
    async with bench(tmp_path, **SETTING) as one:
        at = AtWork.of(one)
        await at.sent()
        await keeper(one, tmp_path).sign()
        one.world.faults.add("reset_after", service="zendesk", method="PUT", path=str(KEPT_FOR_IT))
        await at.work()
        one.clock.advance(3600)
        await at.work()
        assert len(copies(at)) == 1


@pytest.mark.parametrize("value", ["-1", "x", "1.5", "10000000000000000000"])
def test_a_ticket_that_is_no_number_is_told_before_anything_starts(tmp_path: Path, value: str) -> None:
    with pytest.raises(SettingsError, match="DESKGATE_AUDIT_TICKET must be a whole number"):
        read({"DESKGATE_HOME": str(tmp_path), "DESKGATE_AUDIT_TICKET": value}, sandbox=True)
