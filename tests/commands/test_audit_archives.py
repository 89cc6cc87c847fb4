"""`deskgate audit archive` and `prune`, again and again: the log verifies at every step between them."""

from pathlib import Path

import pytest
from audit_office import AtWork, Operator, bench

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("database")]


async def holds(audit: Operator, folder: Path, *archive: object) -> None:
    """The log is signed, verifies, and can be exported to a folder that verifies."""
    await audit.keeper.sign()
    kept = await audit.verify()
    assert kept.code == 2, kept.out
    told = await audit("export", folder, *map(str, archive))
    assert told.code == 0, told.err
    assert (await audit.verify(folder)).code == 2


async def test_a_log_whose_next_archive_waits_for_its_prune_verifies_and_is_exported(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        await AtWork.of(one).sent()
        await audit("archive", tmp_path / "a1")
        await audit("prune", "--yes")
        await AtWork.of(one).sent(body="And another thing.")
        first = ("--archive", tmp_path / "a1")
        assert (await audit("archive", tmp_path / "a2", *map(str, first))).code == 0
        await holds(audit, tmp_path / "before", *first)
        await holds(audit, tmp_path / "before, by the next", "--archive", tmp_path / "a2")
        assert (await audit("prune", "--yes")).code == 0
        assert f"archived to {tmp_path / 'a2'} (" in (await audit.verify()).out
        await holds(audit, tmp_path / "after", "--archive", tmp_path / "a2")
        third = await audit("archive", tmp_path / "a3", "--archive", str(tmp_path / "a2"))
        assert third.code == 0, third.err
        await holds(audit, tmp_path / "third", "--archive", tmp_path / "a2")


async def test_a_log_that_was_archived_twice_before_its_first_prune_verifies(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        await AtWork.of(one).sent()
        await audit("archive", tmp_path / "a1")
        await holds(audit, tmp_path / "once")
        await audit("archive", tmp_path / "a2")
        await holds(audit, tmp_path / "twice")
        assert (await audit("prune", "--yes")).code == 0
        await holds(audit, tmp_path / "pruned", "--archive", tmp_path / "a2")


async def test_records_that_vanish_before_an_archive_that_was_not_pruned_are_missed(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        await AtWork.of(one).sent()
        await audit("archive", tmp_path / "a1")
        await audit("prune", "--yes")
        await AtWork.of(one).sent(body="And another thing.")
        await audit("archive", tmp_path / "a2", "--archive", str(tmp_path / "a1"))
        await one.desk.core.store.write(
            ("DELETE FROM audit_records WHERE seq = (SELECT MIN(upto) + 1 FROM audit_archives)", {})
        )
        told = await audit.verify()
        assert told.code == 1, told.out
        assert "record.seq" in told.out
