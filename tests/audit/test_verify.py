"""The verifier as an auditor runs it: one file, without deskgate; its exit codes, its pin, and folders that mean harm."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from trail import NAME, OTHER_KEY, SIGNER, Trail, chained, changed, planted, rules, signed_again, summed, trail

from deskgate.cli import _parser
from deskgate.commands.audit import checked
from deskgate.desk.audit import verify
from deskgate.desk.audit.export import of_tickets
from deskgate.desk.audit.verify import Unreadable, main, verify_folder, verify_log

LOG = trail(40, every=10)
EARLIER = replace(LOG, lines=LOG.lines[:30], checkpoints=LOG.checkpoints[:3], newest=LOG.checkpoints[2])
KEY = ["--key", SIGNER.vkey]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return LOG.export(tmp_path / "export")


@pytest.fixture
def anchor(tmp_path: Path) -> Path:
    path = tmp_path / "anchor"
    path.write_bytes(LOG.newest)
    return path


def alone(arguments: list[str], path: Path) -> subprocess.CompletedProcess[str]:
    """Run the one file in an interpreter that finds `cryptography` and its needs, and no deskgate."""
    with tempfile.TemporaryDirectory() as place:
        only = Path(place) / "only"
        only.mkdir()
        for name in ("cryptography", "cffi", "_cffi_backend", "pycparser"):
            for found in Path(_packages()).glob(f"{name}*"):
                (only / found.name).symlink_to(found)
        start = (
            "import sys, runpy\n"
            f"sys.path = [one for one in sys.path if 'site-packages' not in one] + [{str(only)!r}]\n"
            "try:\n    import deskgate\nexcept ImportError:\n    pass\nelse:\n    sys.exit(99)\n"
            f"sys.argv = {[str(path), *arguments]!r}\n"
            f"runpy.run_path({str(path)!r}, run_name='__main__')\n"
        )
        return subprocess.run(
            [sys.executable, "-I", "-S", "-c", start], cwd=place, capture_output=True, text=True, check=False
        )


def _packages() -> str:
    import cryptography

    return str(Path(cryptography.__file__).parents[1])


def test_the_one_file_runs_without_deskgate(folder: Path, anchor: Path, tmp_path: Path) -> None:
    copy = tmp_path / "verify.py"
    copy.write_bytes(Path(verify.__file__).read_bytes())
    found = alone([str(folder), *KEY, "--anchor", str(anchor)], copy)
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout.startswith("INTACT      40 records of a log of 40.\n")
    (folder / "audit.jsonl").write_bytes(b"")
    found = alone([str(folder), *KEY], copy)
    assert (found.returncode, found.stderr) == (1, "")
    assert "TAMPERED    tree.size, record 0: " in found.stdout


def test_the_one_file_runs_by_its_path(folder: Path, anchor: Path) -> None:
    command = [sys.executable, "-I", verify.__file__, str(folder), *KEY, "--anchor", str(anchor)]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_the_one_file_imports_nothing_of_deskgate() -> None:
    text = Path(verify.__file__).read_text("utf-8")
    assert "import deskgate" not in text
    assert "from deskgate" not in text


def test_without_a_key_and_without_an_anchor_it_says_what_it_cannot_know(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(folder)]) == 2
    told = capsys.readouterr().out
    assert told.startswith("NO FAULT    40 records of a log of 40.\n")
    assert "The tail after size 0 is not covered by a checkpoint from outside." in told
    assert f"The key was taken from the folder; compare it with the log's own: {SIGNER.vkey}" in told


def test_an_anchor_from_paper_is_three_lines(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "paper"
    path.write_bytes(LOG.newest.split(b"\n\n")[0] + b"\n")
    assert main([str(folder), *KEY, "--anchor", str(path)]) == 0


PAPER = LOG.newest.split(b"\n\n")[0]
COPIES = {
    "three lines without an end": PAPER,
    "three lines with an empty one": PAPER + b"\n\n",
    "without its end": LOG.newest[:-1],
    "with the line ends of Windows": LOG.newest.replace(b"\n", b"\r\n"),
    "three lines of Windows": PAPER.replace(b"\n", b"\r\n"),
    "with blanks": LOG.newest.replace(b"\n", b" \t\n"),
    "with a byte order mark": b"\xef\xbb\xbf" + LOG.newest,
    "with empty lines around": b"\n\n" + LOG.newest + b"\n\n",
}


@pytest.mark.parametrize("word", ["--anchor", "--pin"])
@pytest.mark.parametrize("name", COPIES)
def test_a_checkpoint_that_was_copied_by_hand_is_the_same_checkpoint(
    name: str, word: str, folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "copy"
    path.write_bytes(COPIES[name])
    assert main([str(folder), *KEY, word, str(path)]) == 0
    path.write_bytes(COPIES[name].replace(b"\n40", b"\n39"))
    assert main([str(folder), *KEY, word, str(path)]) != 0


@pytest.mark.parametrize("between", [b"", b"\n", b"\r\n \n", b"\xef\xbb\xbf"])
def test_of_a_file_with_many_checkpoints_the_newest_counts_that_is_not_newer_than_the_export(
    between: bytes, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "elsewhere.checkpoints"
    path.write_bytes(between.join(LOG.checkpoints))
    assert main([str(folder), *KEY, "--anchor", str(path)]) == 0
    assert main([str(EARLIER.export(tmp_path / "earlier")), *KEY, "--anchor", str(path)]) == 2
    told = capsys.readouterr().out
    assert "elsewhere.checkpoints goes on to 40 records" in told
    assert "The tail after" not in told, "the export's own checkpoint was among them"
    forged = signed_again(chained([changed(line, lambda one: one.pop("res", 0)) for line in LOG.lines]), SIGNER)
    path.write_bytes(between.join(forged.checkpoints))
    assert main([str(folder), *KEY, "--anchor", str(path)]) == 1
    assert "Records 0 to 39 are not what the checkpoint from outside" in capsys.readouterr().out


def test_a_file_of_which_no_part_is_a_checkpoint_is_unreadable(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad"
    path.write_bytes(LOG.newest.replace(b"\n40\n", b"\nforty\n") * 2)
    assert main([str(folder), *KEY, "--anchor", str(path)]) == 3
    assert "holds no checkpoint" in capsys.readouterr().out
    assert main([str(folder), *KEY, "--anchor", str(tmp_path)]) == 3
    assert f"{tmp_path} cannot be read (Is a directory). Name a file" in capsys.readouterr().out
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert main([str(folder), *KEY, "--anchor", str(tmp_path / "loop")]) == 3
    assert f"{tmp_path / 'loop'} cannot be read (Too many levels" in capsys.readouterr().out


def bad_anchors() -> dict[str, bytes]:
    return {
        "empty": b"",
        "no checkpoint": b"hello\n",
        "a failing signature": LOG.newest.replace(b"\n40\n", b"\n41\n"),
        "cut": LOG.newest[:-9],
    }


@pytest.mark.parametrize("name", bad_anchors())
def test_an_anchor_that_is_no_checkpoint_proves_nothing(name: str, folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "bad"
    path.write_bytes(bad_anchors()[name])
    assert main([str(folder), *KEY, "--anchor", str(path)]) == 3


def test_an_anchor_of_another_log_does_not_cover_this_one(folder: Path) -> None:
    other = LOG.newest.replace(NAME.encode(), b"deskgate.example/other")
    report = verify_folder(folder, keys=[SIGNER.vkey], anchors=[other])
    assert rules(report) == {"anchor.log"}


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nowhere"],
        ["--what"],
        ["{}", "--key", "no key"],
        ["{}", "--anchor", "nowhere"],
        ["{}", "{}"],
        ["{}", "--key"],
    ],
)
def test_what_cannot_be_read_is_three_and_never_two(arguments: list[str], folder: Path) -> None:
    assert main([one.format(folder) for one in arguments]) == 3


def test_a_folder_that_is_no_export_is_unreadable(tmp_path: Path) -> None:
    report = verify_folder(tmp_path)
    assert report.exit_code == 3
    assert "is not an export" in report.unreadable
    assert report.text().startswith("UNREADABLE  ")


def test_another_key_than_the_one_given_is_tampering(folder: Path) -> None:
    report = verify_folder(folder, keys=[OTHER_KEY.vkey])
    assert {"checkpoint.signature", "sums.signature", "policy.key"} <= rules(report)


def test_a_key_of_another_log_is_tampering(folder: Path) -> None:
    other = replace(SIGNER, name="deskgate.example/other")
    assert {"checkpoint.log", "record.log"} <= rules(verify_folder(folder, keys=[other.vkey]))


@pytest.mark.parametrize("name", sorted([*verify.FILES, "SHA256SUMS", "SHA256SUMS.sig"]))
def test_a_missing_file_is_named(name: str, folder: Path) -> None:
    (folder / name).unlink()
    report = verify_folder(folder, keys=[SIGNER.vkey])
    assert report.exit_code == 1
    assert f"{name} is missing." in report.text()


@pytest.mark.parametrize("name", ["audit.jsonl", "audit.csv", "checkpoint", "SHA256SUMS", "policy"])
@pytest.mark.parametrize("kind", ["a link", "a folder", "a pipe"])
def test_what_is_not_a_plain_file_is_not_read(name: str, kind: str, folder: Path, tmp_path: Path) -> None:
    path = folder / name
    path.rename(tmp_path / "moved")
    if kind == "a link":
        path.symlink_to(tmp_path / "moved")
    elif kind == "a folder":
        path.mkdir()
    else:
        os.mkfifo(path)
    assert "file.kind" in rules(verify_folder(folder, keys=[SIGNER.vkey]))


def test_the_command_names_a_checkpoint_that_is_a_pipe_and_does_not_wait_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "checkpoint")
    command = [sys.executable, "-m", "deskgate", "audit", "verify", str(tmp_path)]
    found = subprocess.run(command, capture_output=True, text=True, check=False, timeout=15)
    assert found.returncode == 1, found.stderr
    assert "checkpoint is not a regular file" in found.stdout


@contextmanager
def without_rights() -> Iterator[None]:
    """As a user who is not the operator; root may read everything."""
    me = os.geteuid()
    if me == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(me)


@pytest.mark.parametrize(
    "name", ["audit.jsonl", "audit.csv", "checkpoint", "policy", "SHA256SUMS", "VERIFY.txt", ".", ".."]
)
def test_what_may_not_be_read_is_unreadable_and_not_tampered_with(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder, locked = LOG.export(Path(place) / "export"), (Path(place) / "export" / name).resolve()
        for path in (Path(place), folder, *folder.iterdir()):
            path.chmod(0o755)
        locked.chmod(0o600 if os.geteuid() == 0 else 0)
        with without_rights():
            codes = main([str(folder), *KEY]), checked(str(folder), _parser().parse_args(["audit", "verify"])).exit_code
        locked.chmod(0o700)
    told = capsys.readouterr().out
    assert codes == (3, 3), told
    assert str(locked) in told
    assert "cannot be read (Permission denied)" in told
    assert "TAMPERED" not in told
    assert "missing" not in told


def test_an_endless_line_is_not_read_to_its_end(folder: Path) -> None:
    with (folder / "audit.jsonl").open("ab") as file:
        file.truncate(64 << 20)
    report = verify_folder(folder, keys=[SIGNER.vkey])
    assert {"file.line"} <= rules(report)


def test_a_huge_checkpoint_is_not_read(folder: Path) -> None:
    (folder / "checkpoint").write_bytes(b"x" * (verify.NOTE_LIMIT_BYTES + 1))
    assert {"file.size"} <= rules(verify_folder(folder, keys=[SIGNER.vkey]))


def test_a_last_line_without_its_end_is_refused(folder: Path) -> None:
    path = folder / "audit.jsonl"
    path.write_bytes(path.read_bytes()[:-1])
    assert "file.line" in rules(verify_folder(summed(folder), keys=[SIGNER.vkey]))


def test_files_of_others_are_noted_and_not_read(folder: Path) -> None:
    (folder / "reply.tsr").write_bytes(b"x")
    (folder / "evil\n\x1b[31mname").write_bytes(b"x")
    report = verify_folder(folder, keys=[SIGNER.vkey], anchors=[LOG.newest])
    assert report.exit_code == 0
    strange = "'evil\\n\\x1b[31mname', 'reply.tsr'"
    assert report.facts[-1] == f"2 files are not part of the export and were not looked at: {strange}"


@pytest.mark.parametrize("name", ["VERIFY.txt", "public-key.pem", "public-key.ssh", "allowed_signers"])
def test_a_file_that_only_the_sums_cover_is_named(name: str, folder: Path) -> None:
    with (folder / name).open("a") as file:
        file.write("\n")
    report = verify_folder(folder, keys=[SIGNER.vkey])
    assert [one.sentence for one in report.findings] == [f"{name} is not the file that was exported."]
    assert rules(report) == {"sums.file"}


@pytest.mark.parametrize("entry", ["../outside", "/etc/passwd", "proofs/../../x", "a b"])
def test_the_sums_name_nothing_outside_the_folder(entry: str, folder: Path) -> None:
    sums = (folder / "SHA256SUMS").read_bytes() + f"{'0' * 64}  {entry}\n".encode()
    (folder / "SHA256SUMS").write_bytes(sums)
    (folder / "SHA256SUMS.sig").write_bytes(SIGNER.ssh_sign(sums))
    assert "sums.form" in rules(verify_folder(folder, keys=[SIGNER.vkey]))


@pytest.mark.parametrize(
    ("bend", "rule"),
    [
        (lambda text: text.replace("BEGIN SSH", "BEGIN PGP"), "sums.signature"),
        (lambda text: text.replace("\n", "", 2), "sums.signature"),
        (lambda text: text + "\n", "sums.signature"),
        (lambda _: "", "sums.signature"),
        (lambda _: OTHER_KEY.ssh_sign(b"x").decode(), "sums.signature"),
        (lambda _: SIGNER.ssh_sign(b"x").decode(), "sums.signature"),
    ],
)
def test_a_signature_of_the_sums_in_any_other_form_is_refused(
    bend: Callable[[str], str], rule: str, folder: Path
) -> None:
    path = folder / "SHA256SUMS.sig"
    path.write_text(bend(path.read_text()))
    assert rules(verify_folder(folder, keys=[SIGNER.vkey])) == {rule}


def test_checkpoints_out_of_order_or_of_another_log_are_refused() -> None:
    turned = replace(LOG, checkpoints=LOG.checkpoints[::-1])
    assert "checkpoint.order" in rules(turned.check())
    other = trail(40, every=10, signer=replace(SIGNER, name="deskgate.example/other"))
    assert "checkpoint.signature" in rules(replace(LOG, checkpoints=other.checkpoints).check())
    renamed = [note.replace(NAME.encode(), b"deskgate.example/other") for note in LOG.checkpoints]
    assert "checkpoint.log" in rules(replace(LOG, checkpoints=renamed).check())


def test_a_checkpoint_that_claims_more_than_the_log_has_is_refused() -> None:
    assert rules(replace(EARLIER, checkpoints=LOG.checkpoints).check()) == {"tree.size"}


def test_a_time_that_goes_back_is_refused_though_chain_and_tree_are_right() -> None:
    def older(record: dict[str, object]) -> None:
        record["ts"] = "2020-01-01T00:00:00.000000Z"

    lines = chained([*LOG.lines[:20], changed(LOG.lines[20], older), *LOG.lines[21:]])
    report = signed_again(lines, SIGNER, every=10).check()
    assert [(one.rule, one.seq) for one in report.findings] == [("record.time", 20)]


def test_records_after_the_newest_checkpoint_are_normal_in_a_live_log_and_not_in_an_export(
    folder: Path,
) -> None:
    ahead = Trail(LOG.lines, LOG.checkpoints[:3], LOG.checkpoints[2])
    report = ahead.check(LOG.checkpoints[2])
    assert report.exit_code == 2
    assert report.gaps == ["Records 30 to 39 are not covered by a checkpoint yet."]
    one_more = Trail(LOG.lines[:31], LOG.checkpoints[:3], LOG.checkpoints[2])
    assert one_more.check(LOG.checkpoints[2]).gaps == ["Record 30 is not covered by a checkpoint yet."]
    assert rules(verify_folder(planted(folder, ahead), keys=[SIGNER.vkey])) == {"tree.size"}


def test_a_log_with_unusable_keys_is_an_error_of_the_caller() -> None:
    with pytest.raises(Unreadable):
        verify_log(LOG.lines, LOG.newest, keys=["no key"])


def test_many_faults_are_counted_and_not_all_told() -> None:
    report = replace(LOG, lines=[b"?"] * 500).check()
    assert len(report.findings) == verify.FINDINGS_LIMIT
    assert "more." in report.text()


def test_the_pin_keeps_the_last_checkpoint_and_the_next_export_must_follow(tmp_path: Path) -> None:
    pin = tmp_path / "pin"
    first, second = EARLIER.export(tmp_path / "first"), LOG.export(tmp_path / "second")
    assert main([str(first), *KEY, "--pin", str(pin)]) == 2
    assert pin.read_bytes() == EARLIER.newest
    assert main([str(first), *KEY, "--pin", str(pin)]) == 0
    assert main([str(second), *KEY, "--pin", str(pin)]) == 2
    assert pin.read_bytes() == LOG.newest
    assert main([str(second), *KEY, "--pin", str(pin)]) == 0
    assert main([str(first), *KEY, "--pin", str(pin)]) == 1, "an older backup"
    forged = signed_again(chained([changed(line, lambda one: one.pop("res", 0)) for line in LOG.lines]), SIGNER)
    assert main([str(forged.export(tmp_path / "forged")), *KEY, "--pin", str(pin)]) == 1
    assert pin.read_bytes() == LOG.newest


def test_the_pin_does_not_move_past_what_it_could_not_compare(tmp_path: Path) -> None:
    pin = tmp_path / "pin"
    pin.write_bytes(signed_again(LOG.lines[:25], SIGNER).newest)
    kept = pin.read_bytes()
    folder = LOG.export(tmp_path / "some", of_tickets([43]))
    assert main([str(folder), *KEY, "--pin", str(pin)]) == 2
    assert pin.read_bytes() == kept


def test_a_broken_pin_is_unreadable_and_stays(folder: Path, tmp_path: Path) -> None:
    pin = tmp_path / "pin"
    pin.write_bytes(b"broken")
    assert main([str(folder), *KEY, "--pin", str(pin)]) == 3
    assert pin.read_bytes() == b"broken"


def test_a_policy_file_that_names_another_key_is_refused(folder: Path) -> None:
    (folder / "policy").write_text(f"log {SIGNER.vkey}\nlog {OTHER_KEY.vkey}\nquorum none\n")
    assert rules(verify_folder(summed(folder), keys=[SIGNER.vkey])) == {"policy.key"}
    (folder / "policy").write_text("log nonsense\nquorum none\n")
    assert verify_folder(summed(folder)).exit_code == 1


def test_nothing_in_a_folder_speaks_to_the_terminal(folder: Path) -> None:
    loud = replace(OTHER_KEY, name="\x1b[2Jx\x9b\u202e")
    (folder / "policy").write_text(f"log {loud.vkey}\nquorum none\n", "utf-8")
    told = verify_folder(folder).text()
    assert loud.vkey.replace("\x1b", "?").replace("\x9b", "?").replace("\u202e", "?") in told
    assert told.replace("\n", "").isprintable()


def test_json_that_is_no_checkpoint_line_is_refused(folder: Path) -> None:
    for line in (
        "{}",
        "[]",
        '{"checkpoint":5}',
        '{"checkpoint":"x"}',
        "[" * 50_000,
        json.dumps({"checkpoint": "\ud800"}),
    ):
        (folder / "checkpoints.jsonl").write_text(line + "\n")
        assert rules(verify_folder(summed(folder), keys=[SIGNER.vkey])) <= {"checkpoint.form", "note.form"}
        assert verify_folder(folder, keys=[SIGNER.vkey]).exit_code == 1


@pytest.mark.parametrize("word", ["--anchor", "--pin"])
def test_what_lies_in_the_folder_vouches_for_nothing_in_it(
    folder: Path, word: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    assert main([".", *KEY, word, "checkpoint"]) == 3
    assert "lies in the folder that is checked" in capsys.readouterr().out
    assert (folder / "checkpoint").read_bytes() == LOG.newest


def test_a_pin_that_cannot_be_written_is_told_by_its_name(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pin = tmp_path / "nowhere" / "pin"
    assert main([str(folder), *KEY, "--pin", str(pin)]) == 3
    assert f"The pin {pin} cannot be written" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["audit.csv", "checkpoints.jsonl", "audit.jsonl"])
def test_a_missing_file_is_told_once(folder: Path, name: str) -> None:
    (folder / name).unlink()
    told = verify_folder(folder, keys=[SIGNER.vkey]).text()
    assert told.count(f"{name} is missing.") == 1
    assert "headings" not in told
