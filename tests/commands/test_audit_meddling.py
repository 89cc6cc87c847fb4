"""`deskgate audit verify` on a database whose rows somebody put in, changed or took away: named, and never a traceback."""

import json
from pathlib import Path
from typing import Any

import pytest
from audit_office import AtWork, Operator, bench

from bench import Bench
from desk.inbox.desk_at_work import REQUESTER, TICKET
from deskgate.desk.audit.book import Book, Standing
from deskgate.desk.audit.note import Signer

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("database")]

FAR = 5_000


async def meddle(one: Bench, statement: str, **values: Any) -> None:
    """As somebody who owns the database."""
    store = one.desk.core.store
    if store.dialect == "sqlite":
        await store.rows("DROP TRIGGER IF EXISTS audit_records_stay")
        await store.rows("DROP TRIGGER IF EXISTS audit_records_kept")
    else:
        await store.write(("ALTER TABLE audit_records DISABLE TRIGGER USER", {}))
    await store.write((statement, values))


async def ghost(one: Bench, seq: int, ev: str = "email.decide") -> None:
    """A record that says that Ines approved something, under a number that the log does not count."""
    (row,) = await one.desk.core.store.rows("SELECT line FROM audit_records WHERE ev = 'draft.create'")
    record = json.loads(bytes(row["line"]))
    record |= {"seq": seq, "ev": ev, "actor": {"kind": "human", "id": "ghost"}, "obj": {"ticket": TICKET}}
    await meddle(
        one,
        "INSERT INTO audit_records (seq, line, ev, ts, ticket_id) VALUES (:seq, :line, :ev, :ts, :ticket)",
        seq=seq,
        line=json.dumps(record, sort_keys=True, separators=(",", ":")).encode(),
        ev=ev,
        ts=record["ts"],
        ticket=TICKET,
    )


@pytest.mark.parametrize("ev", ["email.decide", "key.rotate"])
@pytest.mark.parametrize("seq", [-7, FAR])
async def test_records_that_the_log_does_not_count_are_a_finding_and_are_shown_to_nobody(
    tmp_path: Path, seq: int, ev: str
) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        await AtWork.of(one).sent()
        assert (await audit("export", tmp_path / "before")).code == 0
        await ghost(one, seq, ev)
        told = await audit.verify(None, "--anchor", tmp_path / "before" / "checkpoint")
        assert told.code == 1, told.out
        assert f"record.seq, record {seq}: Records that the log does not count were put in: 1" in told.out
        shown = await audit("show", str(TICKET))
        assert shown.code == 0, shown.err
        assert "ghost" not in shown.out
        async with one.client("auto") as caller:
            for about in ({}, {"ticket_id": TICKET}):
                trail = await caller.ok("read_audit_trail", **about)
                assert "ghost" not in json.dumps(trail)
        exported = await audit("export", tmp_path / "after", "--ticket", str(TICKET))
        assert exported.code == 0, exported.err
        assert "ghost" not in (tmp_path / "after" / "audit.jsonl").read_text("utf-8")


async def test_a_record_put_in_among_the_archived_ones_is_a_finding_and_is_not_shown(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        await AtWork.of(one).sent()
        assert (await audit("archive", tmp_path / "old")).code == 0
        await ghost(one, FAR)
        assert (await audit("prune", "--yes")).code == 0
        await meddle(one, f"UPDATE audit_records SET seq = 3, ev = 'key.rotate' WHERE seq = {FAR}")
        told = await audit.verify()
        assert told.code == 1, told.out
        assert "ghost" not in (await audit("show", str(TICKET))).out


@pytest.mark.parametrize("seq", [-4, 100_000])
async def test_texts_of_records_that_the_log_does_not_count_are_a_finding(tmp_path: Path, seq: int) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        await AtWork.of(one).sent()
        await audit.keeper.sign()
        forged = "INSERT INTO audit_personal (name, seq, secret, text) VALUES ('zz', :seq, :secret, 'forged')"
        await meddle(one, forged, seq=seq, secret=b"x")
        told = await audit.verify()
        assert told.code == 1, told.out
        assert f"personal.order, record {seq}: " in told.out


CHANGES = {
    "a line as text": ("UPDATE audit_records SET line = 'x' WHERE seq = 3", "record.form"),
    "a line as its own text": ("UPDATE audit_records SET line = CAST(line AS TEXT) WHERE seq = 3", "record.form"),
    "a line as a number": ("UPDATE audit_records SET line = 100000000000 WHERE seq = 3", "record.form"),
    "the first line as a number": ("UPDATE audit_records SET line = 7 WHERE seq = 0", "head.row"),
    "a checkpoint as text": ("UPDATE audit_checkpoints SET note = 'x'", "note.form"),
    "a checkpoint as a number": ("UPDATE audit_checkpoints SET note = 100000000000", "note.form"),
    "a secret as text": ("UPDATE audit_personal SET secret = 'zz'", "personal.commitment"),
    "a secret as a number": ("UPDATE audit_personal SET secret = 100000000000", "personal.commitment"),
    "a text as bytes": ("UPDATE audit_personal SET text = x'ff00'", "personal.commitment"),
    "a text that is not UTF-8": ("UPDATE audit_personal SET text = CAST(x'ff' AS TEXT)", "personal.commitment"),
    "a text as a number": ("UPDATE audit_personal SET text = 5", "personal.commitment"),
    "a size that is broken": ("UPDATE audit_head SET size = size + 0.5", "head.row"),
    "a size as text": ("UPDATE audit_head SET size = 'abc'", "head.row"),
    "a size that is huge": ("UPDATE audit_head SET size = 9000000000000000000", "head.row"),
    "a name of the log that is none": ("UPDATE audit_head SET log = x'00'", "head.row"),
    "an archive of nonsense": (
        "INSERT INTO audit_archives (upto, root, folder, archived_at, frontier, prev) VALUES (1, 'x', 'f', 't', '{}', 'p')",
        "archive.row",
    ),
    "an archive of bytes": (
        "INSERT INTO audit_archives (upto, root, folder, archived_at, frontier, prev) VALUES (1, x'00', x'', x'', x'', x'')",
        "archive.row",
    ),
    "a head without its row": ("DELETE FROM audit_head", "UNREADABLE"),
}


@pytest.mark.parametrize(("statement", "rule"), CHANGES.values(), ids=CHANGES)
async def test_whatever_stands_in_a_column_of_the_audit_trail_the_answer_is_a_finding(
    tmp_path: Path, statement: str, rule: str
) -> None:
    async with bench(tmp_path) as one:
        if one.desk.core.store.dialect != "sqlite":
            pytest.skip("PostgreSQL keeps to the types of its columns")
        audit = Operator(one, tmp_path)
        await audit.keeper.sign()
        await AtWork.of(one).sent()
        await audit.keeper.sign()
        await meddle(one, statement)
        told = await audit.verify()
        assert told.code == (3 if rule == "UNREADABLE" else 1), told.out
        assert rule in told.out


NO_LONGER_THE_TEXT = {
    "no words": "UPDATE audit_personal SET text = 'no words'",
    "a list": "UPDATE audit_personal SET text = '[]'",
    "a number": """UPDATE audit_personal SET text = '{"to": 5}'""",
    "another mail": "UPDATE audit_personal SET text = REPLACE(text, 'blue', 'free of charge')",
    "another person": "UPDATE audit_personal SET person = 'x@example.com'",
    "a second one": """INSERT INTO audit_personal (name, seq, secret, text)
        SELECT '0', seq, secret, text FROM audit_personal LIMIT 1""",
}


@pytest.mark.parametrize("statement", NO_LONGER_THE_TEXT.values(), ids=NO_LONGER_THE_TEXT)
async def test_a_text_that_was_changed_is_shown_at_no_door_and_each_says_so(tmp_path: Path, statement: str) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        await AtWork.of(one).sent(body="The kettle is blue.")
        await audit.keeper.sign()
        await meddle(one, statement)
        told = await audit("show", str(TICKET))
        assert told.code == 1
        assert told.out == ""
        assert "cannot be read: it was changed" in told.err
        async with one.client("auto") as caller:
            trail = await caller.ok("read_audit_trail", ticket_id=TICKET)
        assert trail["verifies"] is False
        assert "cannot be read: it was changed" in trail["notice"]


async def test_a_timeline_with_a_record_that_was_changed_says_so(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        await AtWork.of(one).sent()
        await audit.keeper.sign()
        assert "does not fit" not in (await audit("show", str(TICKET))).err
        (row,) = await one.desk.core.store.rows("SELECT seq, line FROM audit_records WHERE ev = 'draft.create'")
        line = bytes(row["line"]).replace(b'"agent"', b'"human"')
        await meddle(one, "UPDATE audit_records SET line = :line WHERE seq = :seq", seq=row["seq"], line=line)
        told = await audit("show", str(TICKET), "--sandbox")
        assert told.code == 1
        assert f"The audit trail does not fit. Record {row['seq']} is not what the log goes on from" in told.err
        assert "`deskgate audit verify --sandbox`" in told.err
        as_json = await audit("show", str(TICKET), "--json")
        assert (as_json.code, bool(as_json.data)) == (1, True)
        assert "does not fit" in as_json.err


async def test_a_change_of_key_that_was_forged_vouches_for_no_archive(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        await AtWork.of(one).sent()
        assert (await audit("archive", tmp_path / "old")).code == 0
        old = await audit.keeper.signer()
        assert (await audit("rotate-key", "--yes")).code == 0
        (row,) = await one.desk.core.store.rows("SELECT seq, line FROM audit_records WHERE ev = 'key.rotate'")
        line = bytes(row["line"]).replace(old.vkey.encode(), Signer.new(old.name).vkey.encode())
        await meddle(one, "UPDATE audit_records SET line = :line WHERE seq = :seq", seq=row["seq"], line=line)
        told = await audit("prune", "--yes")
        assert told.code == 1
        assert "changes of key does not hold, so nothing was dropped" in told.err
        assert await one.desk.core.store.rows("SELECT 1 AS one FROM audit_records WHERE ev = 'draft.create'")


@pytest.mark.parametrize("part", [100, 5_000, 0.5, 0.9])
async def test_a_data_file_that_was_cut_off_is_unreadable(tmp_path: Path, part: float) -> None:
    async with bench(tmp_path) as one:
        if one.desk.core.store.dialect != "sqlite":
            pytest.skip("a file")
        audit = Operator(one, tmp_path)
        await AtWork.of(one).sent()
        await one.desk.core.store.rows(f"VACUUM INTO '{tmp_path / 'copy'}'")
        whole = (tmp_path / "copy").read_bytes()
        (tmp_path / "cut").write_bytes(whole[: part if isinstance(part, int) else int(part * len(whole))])
        told = await audit.verify(f"sqlite:///{tmp_path / 'cut'}")
        assert told.code == 3, told.out
        assert told.out.startswith("UNREADABLE")


TEXTS = {
    "all are gone": ("DELETE FROM audit_personal", "personal.missing"),
    "one is gone": ("DELETE FROM audit_personal WHERE seq = (SELECT MAX(seq) FROM audit_personal)", "personal.missing"),
    "another person's": ("UPDATE audit_personal SET person = 'x@example.com'", "personal.commitment"),
    "nobody's": ("UPDATE audit_personal SET person = NULL", "personal.commitment"),
    "of another ticket": ("UPDATE audit_personal SET ticket_id = 1", "personal.columns"),
    "of no ticket": ("UPDATE audit_personal SET ticket_id = NULL", "personal.columns"),
}


@pytest.mark.parametrize(("statement", "rule"), TEXTS.values(), ids=TEXTS)
async def test_texts_that_went_or_changed_hands_without_an_erasure_are_a_finding(
    tmp_path: Path, statement: str, rule: str
) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        await AtWork.of(one).sent()
        await audit("export", tmp_path / "before")
        await meddle(one, statement)
        told = await audit.verify(None, "--anchor", tmp_path / "before" / "checkpoint")
        assert told.code == 1, told.out
        assert rule in told.out


async def test_an_erasure_accounts_for_the_texts_before_it_and_for_no_others(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        await AtWork.of(one).sent()
        assert (await audit("erase", "--requester", REQUESTER, "--yes")).code == 0
        await AtWork.of(one).sent(104, "Another matter.")
        await audit.keeper.sign()
        told = await audit.verify()
        assert told.code == 2, told.out
        assert "records were erased, as the log says" in told.out
        await meddle(one, "DELETE FROM audit_personal WHERE seq = (SELECT MAX(seq) FROM audit_personal)")
        told = await audit.verify()
        assert told.code == 1, told.out
        assert "personal.missing: 1 text is gone" in told.out


@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        ("DELETE FROM audit_holds", "does not stand in the database"),
        ("UPDATE audit_holds SET released_at = set_at", "does not stand in the database"),
        ("UPDATE audit_holds SET person = 'x@example.com'", "stands in the database that no record set"),
        ("UPDATE audit_holds SET released_at = NULL", "stands in the database that no record set"),
    ],
)
async def test_a_legal_hold_that_was_taken_off_or_put_on_by_hand_is_a_finding(
    tmp_path: Path, statement: str, finding: str
) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        for _ in range(2):
            await audit("hold", "set", REQUESTER, "--reason", "case 7")
            assert "hold.row" not in (await audit.verify()).out
            if "NULL" not in statement:
                break
            await audit("hold", "release", REQUESTER)
            assert "hold.row" not in (await audit.verify()).out
        await meddle(one, statement)
        told = await audit.verify()
        assert told.code == 1, told.out
        assert "hold.row" in told.out
        assert finding in told.out


async def test_an_erasure_while_a_check_goes_on_is_no_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        await AtWork.of(one).sent()
        await audit.keeper.sign()
        standing, looks = Book.standing, list[Standing]()

        async def earlier(book: Book) -> Standing:
            looks.append(await standing(book))
            return looks[0]

        monkeypatch.setattr(Book, "standing", earlier)
        assert (await audit.verify()).code == 2
        monkeypatch.undo()
        assert (await audit("erase", "--requester", REQUESTER, "--yes")).code == 0
        given = iter(looks)

        async def then(book: Book) -> Standing:
            return next(given, None) or await standing(book)

        monkeypatch.setattr(Book, "standing", then)
        told = await audit.verify()
        assert "personal." not in told.out
