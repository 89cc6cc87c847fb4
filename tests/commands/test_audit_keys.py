"""The log's key and its checkpoints: who signs, when, and where copies go."""

import json
import stat
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
from audit_office import AtWork, Operator, bench

from deskgate.desk.audit.keeper import EVERY, EVERY_RECORDS, Keeper, LogForked, keep_checkpoints
from deskgate.desk.audit.keys import KeyUnusable
from deskgate.desk.audit.note import parse_checkpoint, parse_note
from deskgate.desk.audit.said import SYSTEM, Said
from deskgate.desk.audit.verify import notes_in

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("database")]


def sizes(notes: list[bytes]) -> list[int]:
    return [parse_checkpoint(parse_note(note).text).size for note in notes]


async def signed(keeper: Keeper) -> list[int]:
    """The sizes of the checkpoints that are kept."""
    rows = await keeper.store.rows("SELECT size FROM audit_checkpoints ORDER BY size")
    return [row["size"] for row in rows]


async def recorded(keeper: Keeper, count: int = 1) -> None:
    lock = (keeper.book.sql["lock_head"], {})
    await keeper.store.write(lock, said=[Said("ticket.read", SYSTEM, {"ticket": 1})] * count)


async def test_the_key_is_made_at_first_need_private_and_named_by_the_first_record(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        keeper = Operator(one, tmp_path).keeper
        signer = await keeper.signer()
        path = keeper.key_path(signer.name)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        (row,) = await keeper.store.rows("SELECT line FROM audit_records")
        record = json.loads(bytes(row["line"]))
        assert (record["seq"], record["ev"], record["dec"]["key"]) == (0, "log.start", signer.vkey)
        assert (await keeper.signer()).vkey == signer.vkey
        assert len(await keeper.book.keys()) == 1


async def test_two_first_starts_at_once_make_one_key(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        folders = [tmp_path / "here", tmp_path / "there"]
        keepers = [Keeper(one.desk.core.store, one.clock, folder) for folder in folders]
        found: list[str] = []

        async def begin(keeper: Keeper) -> None:
            try:
                found.append((await keeper.signer()).vkey)
            except KeyUnusable as error:
                found.append(error.sentence)

        async with anyio.create_task_group() as group:
            for keeper in keepers:
                group.start_soon(begin, keeper)
        keys = [path for folder in folders for path in folder.glob("*.key")]
        assert len(keys) == 1
        assert len(await keepers[0].book.keys()) == 1
        assert sum("does not" in one or "not in this data folder" in one for one in found) == 1


async def test_a_process_without_the_key_leaves_signing_to_the_others(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        ours = Operator(one, tmp_path).keeper
        await ours.signer()
        other = Keeper(one.desk.core.store, one.clock, tmp_path / "elsewhere")
        with pytest.raises(KeyUnusable, match="copy that file"):
            await other.sign()
        await other.sign_off()
        assert await signed(ours) == []
        path = ours.key_path((await ours.signer()).name)
        (tmp_path / "elsewhere").mkdir()
        there = tmp_path / "elsewhere" / path.name
        there.write_bytes(path.read_bytes())
        there.chmod(0o600)
        await other.sign()
        assert await signed(ours) == [1]


async def test_a_checkpoint_is_due_after_a_minute_or_many_records_and_never_for_nothing(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        keeper = Operator(one, tmp_path).keeper
        await keeper.sign_if_due()
        assert await signed(keeper) == [1], "the first one at once"
        await keeper.sign_if_due()
        await recorded(keeper)
        await keeper.sign_if_due()
        assert await signed(keeper) == [1]
        one.clock.advance(EVERY.total_seconds())
        await keeper.sign_if_due()
        assert await signed(keeper) == [1, 2]
        one.clock.advance(EVERY.total_seconds())
        await keeper.sign_if_due()
        assert await signed(keeper) == [1, 2]
        await recorded(keeper, EVERY_RECORDS)
        await keeper.sign_if_due()
        assert await signed(keeper) == [1, 2, 2 + EVERY_RECORDS]


async def test_a_checkpoint_from_the_future_keeps_no_record_waiting(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        keeper = Operator(one, tmp_path).keeper
        await keeper.sign()
        await one.desk.core.store.write(("UPDATE audit_checkpoints SET signed_at = '2099-01-01T00:00:00Z'", {}))
        await keeper.sign_if_due()
        assert await signed(keeper) == [1]
        await recorded(keeper)
        await keeper.sign_if_due()
        assert await signed(keeper) == [1, 2]


async def test_the_last_records_are_signed_at_the_end(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        keeper = Operator(one, tmp_path).keeper
        await keeper.sign()
        await recorded(keeper)
        await keeper.sign_off()
        await keeper.sign_off()
        assert await signed(keeper) == [1, 2]


async def test_trouble_with_signing_is_told_once_and_work_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with bench(tmp_path) as one:
        ours = Operator(one, tmp_path).keeper
        await ours.signer()
        await recorded(ours)
        other = Keeper(one.desk.core.store, one.clock, tmp_path / "elsewhere")
        async with anyio.create_task_group() as group:
            group.start_soon(keep_checkpoints, other)
            while len(one.clock.sleeps) < 4:
                await anyio.lowlevel.checkpoint()
            group.cancel_scope.cancel()
        assert [record.message.count("not in this data folder") for record in caplog.records] == [1]


async def test_every_checkpoint_is_appended_elsewhere_once_and_the_file_covers_the_log(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        audit, anchor = Operator(one, tmp_path), tmp_path / "elsewhere.checkpoints"
        await AtWork.of(one).sent()
        for number in range(3):
            assert (await audit("export", tmp_path / f"out{number}", anchor=anchor)).code == 0
        notes = list(notes_in(anchor))
        assert sizes(notes) == await signed(audit.keeper)
        assert (await audit.verify(None, "--anchor", anchor)).code == 0
        assert (await audit.verify(tmp_path / "out2", "--anchor", anchor)).code == 0
        older = await audit.verify(tmp_path / "out0", "--anchor", anchor)
        assert older.code == 2
        assert "made earlier, or its end was cut off" in older.out
        (tmp_path / "not.one").write_text("hello\n")
        assert (await audit.verify(tmp_path / "out2", "--anchor", tmp_path / "not.one")).code == 3
        assert (await audit.verify(tmp_path / "out2", "--anchor", tmp_path / "nowhere")).code == 3


async def test_a_copy_elsewhere_that_cannot_be_written_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        told = await audit("export", tmp_path / "out", anchor=tmp_path / "no" / "such" / "folder")
        assert told.code == 0
        assert "could not be appended" in caplog.text


async def test_a_key_is_changed_and_whoever_trusts_either_key_can_check(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        await AtWork.of(one).sent()
        await audit("export", tmp_path / "before")
        old = (await audit.keeper.signer()).vkey
        told = await audit("rotate-key", "--yes")
        new = told.out.strip()
        assert new != old
        assert (await audit.keeper.signer()).vkey == new
        await AtWork.of(one).held()
        await audit("export", tmp_path / "after")
        for key in (old, new):
            for target in (tmp_path / "after", None):
                done = await audit.verify(target, "--key", key, "--anchor", audit.outside(tmp_path / "after"))
                assert done.code == 0, done.out
        note = parse_note((tmp_path / "after" / "checkpoint").read_bytes())
        assert len(note.signatures) == 1, "the old key signs no more"


async def test_without_a_yes_no_key_is_changed(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        old = (await audit.keeper.signer()).vkey
        told = await audit("rotate-key")
        assert told.code == 1
        assert "Nothing was changed. Without a person to ask, say --yes." in told.err
        assert (await audit.keeper.signer()).vkey == old


async def test_a_server_that_runs_while_the_key_is_changed_signs_with_the_new_one(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        server = audit.keeper
        await server.sign()
        new = (await audit("rotate-key", "--yes")).out.strip()
        await recorded(server)
        await server.sign()
        assert (await audit.verify(None, "--key", new)).code == 2


async def test_nothing_is_signed_over_a_log_that_lost_what_was_signed(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        keeper = Operator(one, tmp_path).keeper
        await recorded(keeper, 3)
        await keeper.sign()
        rows = await keeper.store.rows("SELECT * FROM audit_head")
        await keeper.store.write(("UPDATE audit_head SET size = 2, frontier = :two", {"two": rows[0]["frontier"][:44]}))
        with pytest.raises(LogForked):
            await keeper.sign()
