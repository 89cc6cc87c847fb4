"""`deskgate audit`: what was recorded is exported, checked, and shown."""

import json
import sqlite3
from pathlib import Path

import pytest
from audit_office import AtWork, Operator, bench

import databases
from desk.inbox.desk_at_work import REQUESTER, TICKET
from deskgate.cli import _parser

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("database")]


async def test_an_export_verifies_and_a_copy_from_outside_covers_it(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        await AtWork.of(one).sent()
        told = await audit("export", tmp_path / "out")
        assert told.code == 0, told.err
        assert "VERIFY.txt" in told.out
        alone = await audit.verify(tmp_path / "out")
        assert alone.code == 2, alone.out
        vkey = (await audit.keeper.signer()).vkey
        assert vkey in told.err
        checkpoint = audit.outside(tmp_path / "out")
        assert (await audit.verify(tmp_path / "out", "--key", vkey, "--anchor", checkpoint)).code == 0
        pin = tmp_path / "pin"
        assert (await audit.verify(tmp_path / "out", "--pin", pin)).code == 2
        assert (await audit.verify(tmp_path / "out", "--pin", pin)).code == 0
        (first, *_) = (tmp_path / "out" / "audit.jsonl").read_bytes().splitlines()
        assert json.loads(first)["ev"] in ("log.start", "draft.create")
        line = json.loads((tmp_path / "out" / "audit.jsonl").read_bytes().splitlines()[-1])
        assert (line["ev"], line["actor"]["id"]) == ("export", "ines"), "the export stands in itself"


@pytest.mark.parametrize("word", ["--anchor", "--pin"])
async def test_what_lies_in_the_export_is_no_copy_from_outside(tmp_path: Path, word: str) -> None:
    async with bench(tmp_path) as one:
        audit, folder = Operator(one, tmp_path), tmp_path / "out"
        await audit("export", folder)
        (tmp_path / "link").symlink_to(folder / "checkpoint")
        for inside in (folder / "checkpoint", tmp_path / "link"):
            told = await audit.verify(folder, word, inside)
            assert told.code == 3, told.out
            assert "lies in the folder that is checked" in told.out


async def test_an_export_older_than_the_checkpoint_says_which_one_to_ask_for(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        await AtWork.of(one).sent()
        await audit("export", tmp_path / "older")
        await audit("export", tmp_path / "older part", "--ticket", str(TICKET))
        await AtWork.of(one).held()
        await audit("export", tmp_path / "newer")
        for older in ("older", "older part"):
            told = await audit.verify(tmp_path / older, "--anchor", audit.outside(tmp_path / "newer"))
            assert told.code == 1, told.out
            assert "tree.size" in told.out
            assert "either this is older than what you gave" in told.out
            assert "Ask for an export that is made after it." in told.out
        assert "not newer than this folder" in " ".join((tmp_path / "older" / "VERIFY.txt").read_text("utf-8").split())


async def test_records_without_a_checkpoint_are_counted_as_the_logs(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        await audit.keeper.sign()
        await AtWork.of(one).sent()
        size = (await audit.keeper.book.standing()).head.size
        assert f"{size} records of a log of {size}." in (await audit.verify()).out
        await audit("archive", tmp_path / "old")
        await audit("prune", "--yes")
        whole = (await audit.keeper.book.standing()).head.size
        assert f"{whole - size} records of a log of {whole}." in (await audit.verify()).out


async def test_a_wrong_word_to_verify_says_what_to_give_instead(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        await audit("export", tmp_path / "out")
        key = await audit.verify(tmp_path / "out", "--key", tmp_path / "out" / "public-key.vkey")
        assert key.code == 3
        assert "Give the key itself, the line that public-key.vkey holds" in key.out
        pin = await audit.verify(tmp_path / "out", "--pin", tmp_path / "nowhere" / "pin")
        assert pin.code == 3
        assert f"The pin {tmp_path / 'nowhere' / 'pin'} cannot be written" in pin.out
        assert ".new" not in pin.out
        (tmp_path / "x.sqlite3").touch()
        file = await audit.verify(tmp_path / "x.sqlite3")
        assert file.code == 3
        assert f"sqlite:///{tmp_path / 'x.sqlite3'}" in file.out


async def test_the_database_verifies_as_it_is(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        young = await audit.verify()
        assert young.code == 2, young.out
        await AtWork.of(one).sent()
        await audit("export", tmp_path / "out")
        anchor = ("--anchor", tmp_path / "out" / "checkpoint")
        assert (await audit.verify(None, *anchor)).code == 0
        await AtWork.of(one).held()
        later = await audit.verify(None, *anchor)
        assert later.code == 2, later.out
        assert "not covered by a checkpoint yet" in later.out
        await audit.keeper.sign()
        assert "The tail after size" in (await audit.verify(None, *anchor)).out


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        ("UPDATE audit_personal SET text = 'no' WHERE seq = (SELECT MIN(seq) FROM audit_personal)", "personal.commitment"),
        ("UPDATE audit_head SET prev = 'x'", "head.row"),
        ("UPDATE audit_head SET frontier = 'x'", "head.row"),
        ("DELETE FROM audit_records WHERE seq = 2", "record.seq"),
        ("UPDATE audit_records SET ev = 'ticket.read' WHERE seq = 2", "record.columns"),
    ],
)  # fmt: skip
async def test_a_database_that_was_changed_by_hand_is_found_out(tmp_path: Path, statement: str, rule: str) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        await AtWork.of(one).sent()
        await audit.keeper.sign()
        store = one.desk.core.store
        if store.dialect == "sqlite":
            await store.rows("DROP TRIGGER audit_records_stay")
            await store.rows("DROP TRIGGER audit_records_kept")
        else:
            await store.write(("ALTER TABLE audit_records DISABLE TRIGGER USER", {}))
        await store.write((statement, {}))
        told = await audit.verify()
        assert told.code == 1, told.out
        assert rule in told.out


async def test_what_stays_behind_when_the_database_is_put_back_from_a_copy_is_noticed(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        await AtWork.of(one).sent()
        await audit.keeper.sign()
        await one.desk.core.store.write(("DELETE FROM audit_checkpoints", {}))
        told = await audit("export", tmp_path / "out")
        assert told.code == 1
        assert "put back from an older copy" in told.err
        assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "words", [["--ticket", str(TICKET)], ["--requester", REQUESTER.upper()], ["--since", "2026-01-01"]]
)
async def test_a_part_is_exported_with_proofs(tmp_path: Path, words: list[str]) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        desk = AtWork.of(one)
        await desk.sent()
        await desk.sent(104, "Something else.")
        told = await audit("export", tmp_path / "out", *words)
        assert told.code == 0, told.err
        records = [json.loads(line) for line in (tmp_path / "out" / "audit.jsonl").read_bytes().splitlines()]
        tickets = {record.get("obj", {}).get("ticket") for record in records}
        assert TICKET in tickets
        assert (104 in tickets) == (words[0] == "--since")
        assert not (tmp_path / "out" / "personal.jsonl").exists()
        assert (await audit.verify(tmp_path / "out", "--anchor", audit.outside(tmp_path / "out"))).code == 0


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["--ticket", "4711"], 1, "about this ticket, so nothing was exported. Check its number"),
        (["--requester", "maria.lindqist@example.com"], 1, "about this address, so nothing was exported. Check its"),
        (["--since", "2031-01-01"], 1, "No record is of that time, so nothing was exported"),
        (["--until", "2001-01-01"], 1, "No record is of that time, so nothing was exported"),
        (["--since", "2026-03-01", "--until", "2026-02-01"], 2, "--since is not before --until"),
    ],
)  # fmt: skip
async def test_a_part_that_nothing_belongs_to_is_refused_before_anything_is_recorded(
    tmp_path: Path, words: list[str], code: int, told: str
) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        await AtWork.of(one).sent()
        await audit.keeper.sign()
        size = (await audit.keeper.book.standing()).head.size
        refused = await audit("export", tmp_path / "out", *words)
        assert refused.code == code
        assert told in refused.err
        assert refused.out == ""
        assert not (tmp_path / "out").exists()
        assert (await audit.keeper.book.standing()).head.size == size
        assert (await audit("show", "4711")).code == 1


@pytest.mark.parametrize("typed", ["", " ", "e", "@example.com", "maria.lindqvist@"])
async def test_a_part_for_an_address_that_is_empty_or_cut_is_refused_and_is_never_the_whole_log(
    tmp_path: Path, typed: str
) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        await AtWork.of(one).sent()
        assert (await audit("erase", "--requester", REQUESTER, "--yes")).code == 0
        size = (await audit.keeper.book.standing()).head.size
        told = await audit("export", tmp_path / "out", "--requester", typed, "--with-personal")
        assert told.code == 1
        assert "Give the whole address of one person" in told.err
        assert not (tmp_path / "out").exists()
        assert (await audit.keeper.book.standing()).head.size == size, "nothing was recorded"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["export", ""], 2),
        (["export", "out", "--archive", ""], 2),
        (["export", "out", "--ticket", ""], 2),
        (["export", "out", "--since", ""], 2),
        (["prune", "--archive", ""], 2),
        (["verify", ""], 3),
        (["verify", "out", "--anchor", ""], 3),
    ],
)  # fmt: skip
def test_an_empty_word_is_a_wrong_word_and_never_the_folder_that_one_is_in(
    words: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        _parser().parse_args(["audit", *words])
    assert left.value.code == code
    assert "error: argument" in "".join(capsys.readouterr())


@pytest.mark.parametrize("time", ["0001-01-01T00:00+14:00", "9999-12-31T23:59-14:00", "0999-01-01", "1969-12-31"])
@pytest.mark.parametrize(
    "words", [("export", "out", "--since"), ("export", "out", "--until"), ("archive", "out", "--before")]
)
def test_a_time_that_no_record_can_have_is_a_wrong_word(
    words: tuple[str, ...], time: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        _parser().parse_args(["audit", *words, time])
    assert left.value.code == 2
    assert "from 1970 on" in "".join(capsys.readouterr())


@pytest.mark.parametrize("words", [("export",), ("archive",), ("subject-export", "--requester", REQUESTER)])
async def test_a_link_that_leads_nowhere_is_there_already_and_no_new_folder(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    async with bench(tmp_path) as one:
        await AtWork.of(one).sent()
        (tmp_path / "out").symlink_to(tmp_path / "nowhere")
        told = await Operator(one, tmp_path)(*words, tmp_path / "out")
        assert told.code == 1
        assert f"{tmp_path / 'out'} is there already. Name a new folder." in told.err


async def test_the_texts_go_along_only_when_asked_for(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        await AtWork.of(one).sent(body="The kettle is blue.")
        told = await audit("export", tmp_path / "out", "--with-personal")
        assert "erased here later stays in it" in told.err
        assert "The kettle is blue." in (tmp_path / "out" / "personal.jsonl").read_text("utf-8")
        assert (await audit.verify(tmp_path / "out")).code == 2
        again = await audit("export", tmp_path / "out")
        assert again.code == 1
        assert "there already" in again.err


async def test_a_timeline_tells_who_did_what_with_the_texts(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        drafted = await AtWork.of(one).sent(body="The kettle is blue.")
        told = await audit("show", str(TICKET))
        assert told.code == 0
        assert told.out.index("draft.create") < told.out.index("email.decide") < told.out.index("email.send")
        assert "body | The kettle is blue." in told.out
        data = (await audit("show", "--message", drafted["message_id"], "--json")).data
        assert [one["seq"] for one in data] == sorted(one["seq"] for one in data)
        assert data[0]["personal"]["to"] == REQUESTER
        nothing = await audit("show", "999")
        assert nothing.code == 1
        assert "Nothing is recorded" in nothing.err


async def test_what_is_no_export_and_no_database_is_unreadable(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        for target in (tmp_path / "nowhere", f"sqlite:///{tmp_path / 'nowhere.sqlite3'}"):
            assert (await audit.verify(target)).code == 3
        assert not (tmp_path / "nowhere.sqlite3").exists()
        assert (await audit.verify(None, "--key", "no key")).code == 3
        with pytest.raises(SystemExit) as left:
            await audit.verify(None, "--nonsense")
        assert left.value.code == 3


@pytest.mark.parametrize("target", ["mysql://x", "http://foo", "sqlite://x", "postgresql://root@127.0.0.1:1/x"])
async def test_an_address_where_no_database_of_ours_is_gets_one_sentence_that_blames_no_setting(
    target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("psycopg")
    monkeypatch.setattr("deskgate.desk.store.postgres.BUSY_SECONDS", 0.5)
    async with bench(tmp_path) as one:
        told = await Operator(one, tmp_path).verify(target)
    assert told.code == 3
    assert len(told.out.splitlines()) == 1
    assert ("Check that PostgreSQL runs" if "postgres" in target else "Give sqlite:///path/to/file or") in told.out
    assert "DESKGATE_DATABASE_URL" not in told.out
    assert [one for one in caplog.records if one.name.startswith("psycopg")] == []


@pytest.mark.parametrize("what", [b"", b"A letter, and no database." * 100, None])
async def test_a_database_that_is_none_of_ours_is_unreadable_and_not_tampered_with(
    tmp_path: Path, what: bytes | None
) -> None:
    async with bench(tmp_path) as one:
        audit, target = Operator(one, tmp_path), tmp_path / "other.sqlite3"
        if what is None:
            with sqlite3.connect(target) as other:
                other.execute("CREATE TABLE cats (name TEXT)")
            other.close()
        else:
            target.write_bytes(what)
        told = await audit.verify(f"sqlite:///{target}")
        assert told.code == 3, told.out
        assert told.out.startswith("UNREADABLE")
        assert "Check the address" in told.out


async def test_a_data_file_is_found_from_the_folder_that_the_command_is_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bench(tmp_path) as one:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "other.sqlite3").touch()
        told = await Operator(one, tmp_path).verify("sqlite:///other.sqlite3")
        assert told.code == 3
        assert "another program's" in told.out


async def test_a_postgresql_without_our_tables_is_unreadable(tmp_path: Path) -> None:
    if why := databases.missing():
        pytest.skip(why)
    schemas = databases.Schemas()
    try:
        async with bench(tmp_path) as one:
            told = await Operator(one, tmp_path).verify(schemas(tmp_path))
    finally:
        schemas.drop()
    assert told.code == 3, told.out
    assert "Check the address" in told.out


async def test_old_records_are_dropped_after_they_were_archived_and_the_rest_verifies(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        await AtWork.of(one).sent()
        assert "Nothing was archived" in (await audit("prune", "--yes")).err
        told = await audit("archive", tmp_path / "old")
        assert told.code == 0, told.err
        assert (await audit("prune")).code == 1, "nobody was asked"
        pruned = await audit("prune", "--yes")
        assert pruned.code == 0, pruned.err
        assert (await audit.verify(tmp_path / "old")).code == 2
        await AtWork.of(one).sent(body="And another thing.")
        assert f"were archived to {tmp_path / 'old'}" in (await audit("show", str(TICKET))).err
        nothing = await audit("show", "105")
        assert nothing.code == 1
        assert "Nothing is recorded here about it from number" in nothing.err
        assert f"were archived to {tmp_path / 'old'}" in nothing.err
        refused = await audit("export", tmp_path / "new")
        assert refused.code == 1
        assert "--archive" in refused.err
        assert (await audit("export", tmp_path / "new", "--archive", tmp_path / "old")).code == 0
        whole = await audit.verify(tmp_path / "new", "--anchor", tmp_path / "old" / "checkpoint")
        assert whole.code == 2, whole.out
        anchor = ("--anchor", tmp_path / "new" / "checkpoint")
        kept = await audit.verify(None, *anchor)
        assert kept.code == 2, kept.out
        assert "were archived" in kept.out
        assert "--archive" in kept.out
        both = await audit.verify(None, *anchor, "--archive", tmp_path / "old")
        assert both.code == 0, both.out
        assert "INTACT" in both.out
        store = one.desk.core.store
        await store.write(("DELETE FROM audit_checkpoints WHERE size = (SELECT upto FROM audit_archives)", {}))
        assert "archive.root" in (await audit.verify()).out
        await store.write(("UPDATE audit_archives SET prev = 'x'", {}))
        assert "record.chain" in (await audit.verify()).out


async def test_a_damaged_archive_keeps_the_records_here(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        await AtWork.of(one).sent()
        await audit("archive", tmp_path / "old")
        (tmp_path / "old" / "audit.csv").write_text("nothing")
        told = await audit("prune", "--yes")
        assert told.code == 1
        assert "nothing was dropped" in told.err
        assert (await audit("show", str(TICKET))).code == 0
