"""What an export holds: files that other programs read, selections that prove themselves, tables that do not calculate."""

import csv
import json
import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from trail import NAME, OTHER_KEY, SIGNER, START, Trail, changed, frontier, rules, signed_again, summed, trail

from deskgate.desk.audit import export as exporting
from deskgate.desk.audit.export import LogDamaged, of_period, of_records, of_tickets, write_export
from deskgate.desk.audit.leaflet import leaflet
from deskgate.desk.audit.record import Actor, Entry, Head, append
from deskgate.desk.audit.verify import (
    csv_row,
    leaf_hash,
    parse_proof,
    read_record,
    verify_folder,
    verify_inclusion,
)
from deskgate.desk.errors import BadInput

LOG = trail(60, every=20)
KEYS = [SIGNER.vkey]


def run(command: str, folder: Path, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "TMPDIR": str(tmp_path), "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        ["/bin/sh", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def commands(folder: Path) -> list[str]:
    text = (folder / "VERIFY.txt").read_text("utf-8").replace("\\\n", "")
    return re.findall(r"^\$ (.+)$", text, re.MULTILINE)


def test_every_command_of_the_leaflet_works_as_written(tmp_path: Path) -> None:
    folder = LOG.export(tmp_path / "export")
    said = commands(folder)
    assert [one.split()[0] for one in said] == ["sha256sum", "ssh-keygen", "sed", "grep", "openssl", "sed", "(printf"]
    answers = [run(one, folder, tmp_path) for one in said]
    assert [(one.returncode, one.stderr) for one in answers] == [(0, "")] * 7
    assert "FAILED" not in answers[0].stdout
    assert f'Good "file" signature for {NAME}' in answers[1].stdout
    assert "Verified Successfully" in answers[4].stdout
    assert answers[5].stdout.split()[0] == json.loads(LOG.lines[1])["prev"]
    assert answers[6].stdout.split()[0] == leaf_hash(LOG.lines[0]).hex()


def test_openssl_refuses_another_checkpoint_and_ssh_keygen_other_sums(tmp_path: Path) -> None:
    folder = LOG.export(tmp_path / "export")
    said = commands(folder)
    (folder / "checkpoint").write_bytes(LOG.newest.replace(b"\n60\n", b"\n61\n"))
    assert [run(one, folder, tmp_path).returncode for one in said[2:5]] == [0, 0, 1]
    assert run(said[0], folder, tmp_path).returncode == 1
    (folder / "SHA256SUMS").write_bytes((folder / "SHA256SUMS").read_bytes() + b"\n")
    assert run(said[1], folder, tmp_path).returncode != 0


def test_the_leaflet_finds_this_keys_signature_among_two(tmp_path: Path) -> None:
    head = frontier(LOG.lines)
    both = exporting.Source(LOG.lines, _both(head.root()), LOG.checkpoints, OTHER_KEY, keys=[SIGNER.key])
    folder = write_export(tmp_path / "export", both).folder
    assert [run(one, folder, tmp_path).returncode for one in commands(folder)] == [0] * 7


def _both(root: bytes) -> bytes:
    from deskgate.desk.audit.note import checkpoint_of

    return checkpoint_of(NAME, 60, root, SIGNER, OTHER_KEY)


def test_the_leaflet_says_how_much_of_the_log_it_is() -> None:
    assert f"It holds 3 of the 60 records of the log {NAME}." in leaflet(SIGNER.key, 3, 60)


def test_a_whole_export_has_every_line_as_it_was_hashed(tmp_path: Path) -> None:
    folder = LOG.export(tmp_path / "export")
    assert (folder / "audit.jsonl").read_bytes() == b"".join(line + b"\n" for line in LOG.lines)
    assert (folder / "checkpoint").read_bytes() == LOG.newest
    assert (folder / "policy").read_text() == f"log {SIGNER.vkey}\nquorum none\n"
    assert not (folder / "proofs").exists()
    assert folder.stat().st_mode & 0o777 == 0o700


SELECTIONS = {
    "a ticket": (of_tickets([43]), [3, 10, 17, 24, 31, 38, 45, 52, 59]),
    "a period": (of_period("2026-01-05T08:00:10", "2026-01-05T08:00:14"), [10, 11, 12, 13]),
    "a customer's records": (of_records([0, 1, 30, 59]), [0, 1, 30, 59]),
    "nothing": (of_records([]), []),
}


@pytest.mark.parametrize("name", SELECTIONS)
def test_a_selection_proves_itself(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, seqs = SELECTIONS[name]
    for limit in (10_000, 0):
        monkeypatch.setattr(exporting, "EACH_LIMIT", limit)
        folder = LOG.export(tmp_path / str(limit), {**SELECTIONS, name: (_fresh(name), seqs)}[name][0])
        found = [json.loads(line)["seq"] for line in (folder / "audit.jsonl").read_text().splitlines()]
        assert found == seqs
        ends = [seq for seq in seqs if seq + 1 not in seqs]
        proofs = sorted(int(path.stem) for path in (folder / "proofs").iterdir())
        assert proofs == (seqs if limit else ends)
        assert verify_folder(folder, keys=KEYS).exit_code == 2
        report = verify_folder(folder, keys=KEYS, anchors=[LOG.newest])
        assert report.exit_code == 0
        assert "This is a selection of records. That none was left out of it cannot be shown." in report.facts


def _fresh(name: str) -> exporting.Wanted:
    return of_records(SELECTIONS[name][1]) if name in ("a customer's records", "nothing") else SELECTIONS[name][0]


def test_a_selections_proof_file_stands_alone(tmp_path: Path) -> None:
    folder = LOG.export(tmp_path / "export", of_tickets([43]))
    index, hashes, note = parse_proof((folder / "proofs" / "17.tlog-proof").read_bytes())
    assert (index, note) == (17, LOG.newest)
    assert verify_inclusion(leaf_hash(LOG.lines[17]), 17, 60, hashes, frontier(LOG.lines).root())


def test_an_earlier_checkpoint_from_outside_fits_a_selection_by_its_proof_of_consistency(tmp_path: Path) -> None:
    folder = LOG.export(tmp_path / "export", of_tickets([43]))
    report = verify_folder(folder, keys=KEYS, anchors=[LOG.checkpoints[0]])
    assert report.exit_code == 2
    assert report.covered == 20
    forged = signed_again([changed(line, lambda one: one.pop("res", 0)) for line in LOG.lines], SIGNER, every=20)
    assert rules(verify_folder(folder, keys=KEYS, anchors=[forged.checkpoints[0]])) == {"tree.root"}
    unknown = signed_again(LOG.lines[:30], SIGNER).newest
    report = verify_folder(folder, keys=KEYS, anchors=[unknown])
    assert report.exit_code == 2
    assert "could not be compared" in report.gaps[0]


def _proof_of_another_record(folder: Path) -> None:
    (folder / "proofs" / "17.tlog-proof").write_bytes((folder / "proofs" / "10.tlog-proof").read_bytes())


def _proof_gone(folder: Path) -> None:
    (folder / "proofs" / "17.tlog-proof").unlink()


def _last_proof_gone(folder: Path) -> None:
    (folder / "proofs" / "59.tlog-proof").unlink()


def _proof_of_an_older_checkpoint(folder: Path) -> None:
    path = folder / "proofs" / "17.tlog-proof"
    path.write_bytes(path.read_bytes().replace(LOG.newest, LOG.checkpoints[0]))


def _hash_bent(folder: Path) -> None:
    path = folder / "proofs" / "17.tlog-proof"
    lines = path.read_text("utf-8").split("\n")
    lines[2] = lines[3]
    path.write_text("\n".join(lines), "utf-8")


def _record_bent(folder: Path) -> None:
    path = folder / "audit.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"delivered"', b'"bounced"', 1))


def _records_turned_round(folder: Path) -> None:
    path = folder / "audit.jsonl"
    path.write_bytes(b"\n".join(reversed(path.read_bytes().splitlines())) + b"\n")


def _consistency_gone(folder: Path) -> None:
    path = folder / "checkpoints.jsonl"
    path.write_text(re.sub(r'"consistency":\[[^]]+\]', '"consistency":[]', path.read_text("utf-8")), "utf-8")


def _consistency_is_no_list(folder: Path) -> None:
    path = folder / "checkpoints.jsonl"
    path.write_text(re.sub(r'"consistency":\[[^]]+\]', '"consistency":5', path.read_text("utf-8")), "utf-8")


@pytest.mark.parametrize(
    ("bend", "rule"),
    [
        (_proof_of_another_record, "proof.other"),
        (_proof_gone, "proof.missing"),
        (_last_proof_gone, "proof.missing"),
        (_proof_of_an_older_checkpoint, "proof.other"),
        (_hash_bent, "proof.inclusion"),
        (_record_bent, "proof.inclusion"),
        (_records_turned_round, "record.seq"),
        (_consistency_gone, "tree.consistency"),
        (_consistency_is_no_list, "checkpoint.form"),
    ],
)
def test_a_selection_with_a_wrong_proof_is_refused_even_under_right_sums(
    bend: Callable[[Path], None], rule: str, tmp_path: Path
) -> None:
    folder = LOG.export(tmp_path / "export", of_tickets([43]))
    bend(folder)
    assert rule in rules(verify_folder(summed(folder), keys=KEYS))


def hostile(text: str) -> list[str]:
    line = append(
        Head(NAME), Entry("email.decide", Actor("human", text), {"message": text}, {"verdict": text}), START
    ).line
    row = csv_row(read_record(line), "0" * 64)
    assert "\n" not in row
    assert row.isprintable()
    return next(csv.reader([row]))


STARTS = ["=", "+", "-", "@", "\t", "\r", "\n", " =", "\t=", "＝", "＋", "－", "＠", "\xa0=", "x;=", "x,@", "x|-"]
STARTS += [f"{one}=" for one in "\u200b\ufeff\u3000\x0b\u2003\u00ad\u2028\x00"] + ["x;\u200b=", " \u3000\u200b+"]


@pytest.mark.parametrize("start", STARTS)
def test_no_cell_of_the_table_calculates(start: str) -> None:
    cells = hostile(f"{start}cmd|' /C calc'!A0")
    for cell in (cells[4], cells[7], cells[8]):
        parts = re.split(r"[;,|]", cell)
        assert all(part.strip()[:1] not in {*"=+-@", "＝", "＋", "－", "＠"} for part in parts[:2] if part.strip())
        assert len(cells) == 12


def test_quotes_and_line_ends_stay_in_their_cell() -> None:
    cells = hostile('a "quote", and\nlines\u2028here\u202e')
    assert cells[4] == 'a "quote", and lines here '
    assert hostile("plain")[4] == "plain"


def test_the_table_says_what_the_records_say(tmp_path: Path) -> None:
    folder = LOG.export(tmp_path / "export")
    with (folder / "audit.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 60
    assert rows[2]["actor"] == "anna"
    assert rows[2]["verdict"] == "approve"
    assert rows[2]["ticket"] == "42"
    assert rows[1]["record_sha256"] == json.loads(LOG.lines[2])["prev"]


def test_a_table_that_says_something_else_is_refused_even_under_right_sums(tmp_path: Path) -> None:
    folder = LOG.export(tmp_path / "export")
    path = folder / "audit.csv"
    path.write_text(path.read_text("utf-8").replace("approve", "reject", 1), "utf-8")
    report = verify_folder(summed(folder), keys=KEYS)
    assert [(one.rule, one.seq) for one in report.findings] == [("csv.row", 2)]
    path.write_text(path.read_text("utf-8").replace("reject", "approve", 1) + "more\n", "utf-8")
    assert rules(verify_folder(summed(folder), keys=KEYS)) == {"csv.row"}


def test_erased_personal_data_is_nowhere_and_the_log_still_verifies(tmp_path: Path) -> None:
    before = LOG.export(tmp_path / "before", with_personal=True)
    assert "customer8@example.com" in (before / "personal.jsonl").read_text("utf-8")
    assert verify_folder(before, keys=KEYS, anchors=[LOG.newest]).exit_code == 0
    key = next(row.key for seq, row in LOG.personal if seq == 8)
    erased = replace(LOG, personal=tuple(one for one in LOG.personal if one[0] != 8))
    after = erased.export(tmp_path / "after", with_personal=True)
    report = verify_folder(after, keys=KEYS, anchors=[LOG.newest])
    assert report.exit_code == 0
    assert "Personal data of 1 records is not in this folder (erased, or not part of this export)." in report.facts
    for path in after.rglob("*"):
        for trace in (b"customer8@", b"customer 8,", key.hex().encode(), key):
            assert trace not in path.read_bytes(), path


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("Dear customer 8", "Dear customer 9", "personal.commitment"),
        ('"seq":8', '"seq":9', "personal.order"),
        ('"row":"', '"row":"0', "personal.commitment"),
        ('"person":"', '"person":"x', "personal.commitment"),
        ('{"key"', 'null\n{"key"', "personal.form"),
        ('"key":"', '"key":"zz', "personal.commitment"),
        ('"seq":8', '"seq":}', "personal.form"),
        ('{"key"', '["key"', "personal.form"),
    ],
)
def test_another_text_than_the_sealed_one_is_refused_even_under_right_sums(
    old: str, new: str, rule: str, tmp_path: Path
) -> None:
    folder = LOG.export(tmp_path / "export", with_personal=True)
    path = folder / "personal.jsonl"
    path.write_text(path.read_text("utf-8").replace(old, new, 1), "utf-8")
    assert rule in rules(verify_folder(summed(folder), keys=KEYS))


def test_a_log_that_does_not_fit_its_checkpoint_is_not_exported_and_nothing_is_left(tmp_path: Path) -> None:
    damaged = [
        replace(LOG, lines=LOG.lines[:-1]),
        replace(LOG, lines=[b"{}", *LOG.lines[1:]]),
        replace(LOG, newest=LOG.checkpoints[0]),
    ]
    for one in damaged:
        with pytest.raises(LogDamaged):
            one.export(tmp_path / "export")
    assert list(tmp_path.iterdir()) == []


def test_a_line_that_is_no_record_stops_a_selection(tmp_path: Path) -> None:
    for line in (b"{}", b'{"ticket":43}', b"[" * 50_000):
        for wanted in (of_tickets([43]), of_period("2026", "2027"), of_records([0])):
            with pytest.raises(LogDamaged):
                replace(LOG, lines=[line, *LOG.lines[1:]]).export(tmp_path / "export", wanted)
    assert list(tmp_path.iterdir()) == []


def test_a_checkpoint_newer_than_the_export_stops_a_selection(tmp_path: Path) -> None:
    newer = trail(80, every=20).checkpoints
    with pytest.raises(LogDamaged):
        replace(LOG, checkpoints=newer).export(tmp_path / "export", of_tickets([43]))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "export").mkdir()
    with pytest.raises(BadInput, match="there already"):
        LOG.export(tmp_path / "export")


def test_an_empty_log_exports_and_a_log_of_one(tmp_path: Path) -> None:
    for size in (0, 1):
        one = trail(size)
        folder = one.export(tmp_path / str(size))
        assert verify_folder(folder, keys=KEYS).exit_code == 2
        assert verify_folder(folder, keys=KEYS, anchors=[one.newest]).exit_code == 0
    forged = Trail([], [], trail(1).newest)
    assert rules(forged.check()) == {"tree.size"}


def test_a_tickets_records_are_also_those_that_name_only_a_reply_on_it() -> None:
    about = [
        {"reply": "b2", "ticket": 8},
        {"message": "m1", "reply": "a1", "ticket": 7},
        {"reply": "a1"},
        {"reply": "b2"},
        {"corrects": "a1", "reply": "c3"},
        {"reply": "a1", "ticket": 8},
        {"ticket": 71},
        {"note": "a1"},
    ]
    made = read_record(LOG.lines[0])
    records = [made | {"obj": one, "seq": seq} for seq, one in enumerate(about)]
    lines = [json.dumps(one, sort_keys=True, separators=(",", ":")).encode() for one in records]
    wanted = of_tickets([7])
    assert [seq for seq, line in enumerate(lines) if wanted(seq, line)] == [1, 2, 4]
