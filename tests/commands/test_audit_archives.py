"""`deskgate audit archive` and `prune`, again and again: the log verifies at every step between them."""

from hashlib import sha256
from pathlib import Path

import pytest
from audit_office import AtWork, Operator, bench

from desk.inbox.desk_at_work import REQUESTER, TICKET
from deskgate.desk.audit.note import parse_checkpoint, parse_note
from deskgate.desk.audit.tree import Frontier, leaf_hash

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("database")]

NOTED = """INSERT INTO audit_archives (upto, root, folder, archived_at, frontier, prev)
VALUES (:upto, :root, :folder, :at, :frontier, :prev)"""


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
        assert (await audit("rotate-key", "--yes")).code == 0
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


@pytest.mark.parametrize("wrong", ["another", "empty", "nowhere"])
async def test_a_folder_that_is_not_the_archive_is_refused_by_its_name(tmp_path: Path, wrong: str) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        await AtWork.of(one).sent()
        await audit("export", tmp_path / "another", "--ticket", str(TICKET))
        (tmp_path / "empty").mkdir()
        await audit("archive", tmp_path / "a1")
        await audit("prune", "--yes")
        size = (await audit.keeper.book.standing()).head.size
        for command in ("export", "archive"):
            told = await audit(command, tmp_path / "out", "--archive", str(tmp_path / wrong))
            assert told.code == 1
            assert f"{tmp_path / wrong} is not the archive of the first" in told.err
            assert f"archived to {tmp_path / 'a1'}" in told.err
        assert (await audit.keeper.book.standing()).head.size == size, "nothing was recorded"


@pytest.mark.parametrize("words", [("--ticket", str(TICKET)), ("--requester", REQUESTER)])
async def test_a_part_whose_records_are_all_archived_is_exported_from_the_archive(
    tmp_path: Path, words: tuple[str, str]
) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        await AtWork.of(one).sent()
        await audit("archive", tmp_path / "a1")
        await audit("prune", "--yes")
        told = await audit("export", tmp_path / "out", *words, "--archive", str(tmp_path / "a1"))
        assert told.code == 0, told.err
        assert b'"ev":"email.send"' in (tmp_path / "out" / "audit.jsonl").read_bytes()
        assert (await audit.verify(tmp_path / "out")).code == 2


async def test_a_prune_with_nothing_new_says_so_and_does_not_ask(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        await AtWork.of(one).sent()
        await audit("archive", tmp_path / "a1")
        first = await audit("prune", "--yes")
        assert "are only in" in first.out
        again = await audit("prune")
        assert again.code == 0
        assert "There is nothing to drop" in again.out
        assert str(tmp_path / "a1") in again.out
        await audit("archive", tmp_path / "a2", "--archive", str(tmp_path / "a1"))
        assert "are only in" in (await audit("prune", "--yes")).out


async def test_the_command_that_drops_what_was_archived_can_be_typed_as_it_stands(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        told = await Operator(one, tmp_path)("archive", tmp_path / "a1", "--sandbox")
        assert "`deskgate audit prune --sandbox`" in told.out


async def test_records_that_were_taken_away_under_an_archive_that_nobody_made_are_a_finding(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        await AtWork.of(one).sent()
        upto = parse_checkpoint(parse_note(await audit.keeper.sign()).text).size
        await AtWork.of(one).sent(body="And another thing.")
        await audit("export", tmp_path / "all")
        lines = [line + b"\n" for line in (tmp_path / "all" / "audit.jsonl").read_bytes().splitlines()[:upto]]
        tree = Frontier()
        for line in lines:
            tree = tree.append(leaf_hash(line[:-1]))
        made = {"upto": upto, "root": tree.root().hex(), "folder": "/mnt/archive", "at": "2026-01-01T00:00:00Z"}
        made |= {"frontier": tree.dump(), "prev": sha256(lines[-1][:-1]).hexdigest()}
        await one.desk.core.store.write((NOTED, made))
        gone = "DELETE FROM audit_records WHERE seq < :upto AND ev NOT IN ('log.start', 'key.rotate')"
        await one.desk.core.store.write((gone, {"upto": upto}))
        told = await audit.verify(None, "--anchor", tmp_path / "all" / "checkpoint")
        assert told.code == 1, told.out
        assert "archive.record" in told.out


async def test_the_archive_beside_the_database_is_checked_with_it_as_one_log(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        await AtWork.of(one).sent()
        await audit("archive", tmp_path / "old")
        await audit("prune", "--yes")
        await AtWork.of(one).sent(body="And another thing.")
        note = tmp_path / "anchor"
        note.write_bytes(await audit.keeper.sign())
        given = ("--anchor", tmp_path / "old" / "checkpoint", "--anchor", note, "--archive", tmp_path / "old")
        whole = await audit.verify(None, *given)
        assert whole.code == 0, whole.out
        assert "Texts of" not in whole.out, "they are compared as well"
        lines = (tmp_path / "old" / "audit.jsonl").read_bytes()
        (tmp_path / "old" / "audit.jsonl").write_bytes(lines.replace(b'"agent"', b'"human"', 1))
        changed = await audit.verify(None, *given)
        assert changed.code == 1, changed.out
        assert "record.chain" in changed.out
        nowhere = await audit.verify(None, "--archive", tmp_path / "nowhere")
        assert nowhere.code == 3, nowhere.out
        unread = await audit.verify(None, "--archive", tmp_path / ("x" * 300))
        assert unread.code == 3, unread.out
        assert "cannot be read (File name too long)" in unread.out


@pytest.mark.parametrize("changes", [1, 2])
async def test_an_archive_from_before_a_change_of_key_is_pruned_and_checked_with_the_key_of_its_time(
    tmp_path: Path, changes: int
) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        await AtWork.of(one).sent()
        await audit("archive", tmp_path / "old")
        old = (await audit.keeper.signer()).vkey
        for _ in range(changes):
            changed = await audit("rotate-key", "--yes")
        assert "archives from before are checked with that one" in changed.err
        checked = await audit.verify(tmp_path / "old", "--key", (await audit.keeper.signer()).vkey)
        assert checked.code == 1, "an archive by somebody else would look like this"
        assert "give the key of its time" in checked.out
        assert (await audit.verify(tmp_path / "old", "--key", old)).code == 2
        pruned = await audit("prune", "--yes")
        assert pruned.code == 0, pruned.err
        await holds(audit, tmp_path / "after", "--archive", tmp_path / "old")


async def test_an_archive_that_a_newer_one_followed_is_told_by_name_and_is_no_tampering(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        await AtWork.of(one).sent()
        await audit("archive", tmp_path / "a1")
        await audit("archive", tmp_path / "a2")
        older = await audit("prune", "--yes", "--archive", str(tmp_path / "a1"))
        assert older.code == 1
        assert f"They were archived to {tmp_path / 'a2'}: name that folder" in older.err
        assert (await audit("prune", "--yes")).code == 0
        told = await audit.verify(None, "--archive", tmp_path / "a1")
        assert told.code == 3, told.out
        assert f"They are in {tmp_path / 'a2'}: name that folder" in told.out
        lines = (tmp_path / "a2" / "audit.jsonl").read_bytes().splitlines(keepends=True)
        (tmp_path / "a2" / "audit.jsonl").write_bytes(b"".join(lines[:-1]))
        cut = await audit.verify(None, "--archive", tmp_path / "a2")
        assert cut.code == 1, "an archive that lost what its own checkpoint counts was cut off"
