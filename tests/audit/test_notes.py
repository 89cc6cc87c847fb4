"""Signed notes, checkpoints and proof files are read strictly, and keys follow each other only with both signatures."""

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from trail import (
    ANNA,
    NAME,
    OTHER_KEY,
    SIGNER,
    START,
    Trail,
    chained,
    changed,
    entry,
    frontier,
    planted,
    rules,
    signed_again,
)

from deskgate.desk.audit.keys import (
    KeyUnusable,
    activate_next,
    create_key,
    current_key,
    load_key,
    next_path,
    prepare_next,
)
from deskgate.desk.audit.note import Signer, checkpoint_of, checkpoint_text, private_of, rotation_note, sign
from deskgate.desk.audit.record import Actor, Entry, Head, append
from deskgate.desk.audit.verify import (
    EMPTY_ROOT,
    ROTATED,
    ROTATIONS_LIMIT,
    Broken,
    Key,
    Unreadable,
    key_of,
    keyring,
    parse_checkpoint,
    parse_note,
    parse_proof,
    parse_vkey,
    signers,
    unbase64,
    verify_folder,
    verify_log,
)

# The example of the C2SP signed-note specification.
EXAMPLE_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
EXAMPLE = (
    "This is an example message.\n"
    "\n"
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
).encode()
ROOT = base64.b64encode(bytes(32)).decode()
POINT = checkpoint_of(NAME, 3, bytes(32), SIGNER)


def known(data: bytes, *keys: Key) -> list[Key]:
    return signers(parse_note(data), keys or (SIGNER.key,))


def test_the_example_of_the_specification_verifies() -> None:
    key = parse_vkey(EXAMPLE_KEY)
    assert key.vkey == EXAMPLE_KEY
    assert known(EXAMPLE, key) == [key]
    assert parse_note(EXAMPLE).text == b"This is an example message.\n"


def test_every_changed_byte_of_the_example_is_refused() -> None:
    key = parse_vkey(EXAMPLE_KEY)
    for at in range(len(EXAMPLE)):
        for flip in (1, 2, 4, 8, 16, 32, 64, 128):
            with pytest.raises(Broken):
                known(EXAMPLE[:at] + bytes([EXAMPLE[at] ^ flip]) + EXAMPLE[at + 1 :], key)


def test_what_we_sign_reads_back() -> None:
    point = parse_checkpoint(parse_note(POINT).text)
    assert (point.origin, point.size, point.root) == (NAME, 3, bytes(32))
    assert known(POINT) == [SIGNER.key]
    assert known(checkpoint_of(NAME, 3, bytes(32), SIGNER, OTHER_KEY), OTHER_KEY.key) == [OTHER_KEY.key]


def test_unknown_signatures_are_ignored_and_sixteen_of_them_are_read() -> None:
    strangers = [Signer.new(f"witness.example/{number}") for number in range(20)]
    assert known(sign(checkpoint_text(NAME, 3, bytes(32)), *strangers, SIGNER)) == [SIGNER.key]


def test_a_known_key_that_fails_spoils_the_note_even_beside_one_that_verifies() -> None:
    wrong = POINT.decode().split("\n\n")[1].encode()
    other = checkpoint_of(NAME, 4, bytes(32), OTHER_KEY)
    with pytest.raises(Broken, match="does not fit"):
        known(other + wrong, SIGNER.key, OTHER_KEY.key)


def test_a_note_without_a_known_signature_is_refused() -> None:
    with pytest.raises(Broken, match="No key"):
        known(POINT, OTHER_KEY.key)


def test_the_right_key_under_another_name_is_unknown() -> None:
    with pytest.raises(Broken, match="No key"):
        known(POINT, key_of("deskgate.example/other", SIGNER.key.public))


def test_a_wrong_key_with_the_right_name_and_a_colliding_id_is_refused() -> None:
    with pytest.raises(Broken, match="does not fit"):
        known(POINT, replace(OTHER_KEY.key, id=SIGNER.key.id))


def bent(old: str, new: str, data: bytes = POINT) -> bytes:
    assert old in data.decode()
    return data.decode().replace(old, new, 1).encode()


NOT_NOTES: dict[str, bytes] = {
    "empty": b"",
    "no signature": checkpoint_text(NAME, 3, bytes(32)).encode(),
    "an empty signature block": checkpoint_text(NAME, 3, bytes(32)).encode() + b"\n",
    "no final newline": POINT[:-1],
    "two final newlines": POINT + b"\n",
    "a carriage return": POINT.replace(b"\n", b"\r\n"),
    "a NUL": bent("3\n", "3\0\n"),
    "a tab": bent("3\n", "3\t\n"),
    "not UTF-8": POINT.replace(b"3\n", b"\xff\n", 1),
    "a hyphen for the dash": bent("—", "-"),
    "two spaces": bent("— ", "—  "),
    "no name": bent(f"— {NAME}", "— "),
    "a plus in the name": bent(f"— {NAME}", "— deskgate+example"),
    "an unusual space in the name": bent(f"— {NAME}", "— desk\u00a0gate"),
    "truncated base64": POINT[:-3] + b"\n",
    "no padding": POINT.replace(b"=\n", b"\n"),
    "another alphabet": POINT[:-6] + b"_-" + POINT[-4:],
    "only a key id": bent(POINT.decode().split(" ")[-1], base64.b64encode(SIGNER.key.id).decode() + "\n"),
    "too large": b"x" * 200_000 + b"\n" + POINT,
    "too many signatures": POINT + POINT.split(b"\n\n")[1] * 64,
}


@pytest.mark.parametrize("data", NOT_NOTES.values(), ids=NOT_NOTES.keys())
def test_what_is_not_exactly_a_note_is_refused(data: bytes) -> None:
    with pytest.raises(Broken):
        known(data)


def test_base64_that_an_encoder_would_not_write_is_refused() -> None:
    assert unbase64("AAA=") == b"\0\0"
    for text in ("AAB=", "AAA", "AA A=", "AAA=\n", "AAA==", "A", "ÄAA="):
        with pytest.raises(ValueError, match=r"."):
            unbase64(text)


NOT_CHECKPOINTS = {
    "leading zero": f"{NAME}\n03\n{ROOT}\n",
    "plus sign": f"{NAME}\n+3\n{ROOT}\n",
    "negative": f"{NAME}\n-3\n{ROOT}\n",
    "other digits": f"{NAME}\n٣\n{ROOT}\n",
    "no size": f"{NAME}\n\n{ROOT}\n",
    "too many digits": f"{NAME}\n{'9' * 19}\n{ROOT}\n",
    "short root": f"{NAME}\n3\n{ROOT[:-4]}\n",
    "truncated root": f"{NAME}\n3\n{ROOT[:-1]}\n",
    "no root": f"{NAME}\n3\n",
    "no name": f"\n3\n{ROOT}\n",
    "a space in the name": f"{NAME} x\n3\n{ROOT}\n",
    "no final newline": f"{NAME}\n3\n{ROOT}",
    "an empty extension line": f"{NAME}\n3\n{ROOT}\n\nmore\n",
}


@pytest.mark.parametrize("text", NOT_CHECKPOINTS.values(), ids=NOT_CHECKPOINTS.keys())
def test_what_is_not_exactly_a_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(Broken):
        parse_checkpoint(text.encode())


def test_extension_lines_are_allowed_and_signed_with_the_rest() -> None:
    data = sign(f"{NAME}\n3\n{ROOT}\nextension\n", SIGNER)
    assert known(data) == [SIGNER.key]
    assert parse_checkpoint(parse_note(data).text).size == 3
    with pytest.raises(Broken):
        known(bent("extension", "extensioN", data))


def test_the_checkpoint_of_an_empty_log_has_size_zero() -> None:
    assert parse_checkpoint(f"{NAME}\n0\n{ROOT}\n".encode()).size == 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        EXAMPLE_KEY[:-1],
        EXAMPLE_KEY.replace("530d903a", "530d903b"),
        EXAMPLE_KEY.replace("example.com/foo", "example.com/bar"),
        EXAMPLE_KEY.replace("AekyeRrm", "BOkyeRrm"),
        EXAMPLE_KEY.replace("/foo", " foo"),
        "+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
    ],
)
def test_what_is_no_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        parse_vkey(text)


PROOF = f"c2sp.org/tlog-proof@v1\nindex 1\n{ROOT}\n\n".encode() + POINT
NOT_PROOFS = {
    "another version": PROOF.replace(b"@v1", b"@v2"),
    "no index": PROOF.replace(b"index 1\n", b""),
    "a leading zero": PROOF.replace(b"index 1", b"index 01"),
    "a negative index": PROOF.replace(b"index 1", b"index -1"),
    "a short hash": PROOF.replace(ROOT.encode(), ROOT[:-4].encode(), 1),
    "truncated base64": PROOF.replace(ROOT.encode(), ROOT[:-1].encode(), 1),
    "no checkpoint": PROOF.split(b"\n\n")[0],
    "a hundred hashes": PROOF.replace(ROOT.encode(), b"\n".join([ROOT.encode()] * 100), 1),
}


def test_a_proof_file_reads_back_with_or_without_its_extra_line() -> None:
    assert parse_proof(PROOF) == (1, [bytes(32)], POINT)
    assert parse_proof(PROOF.replace(b"index", b"extra AAAA\nindex")) == (1, [bytes(32)], POINT)


@pytest.mark.parametrize("data", NOT_PROOFS.values(), ids=NOT_PROOFS.keys())
def test_what_is_not_exactly_a_proof_is_refused(data: bytes) -> None:
    with pytest.raises(Broken):
        parse_proof(data)


def test_a_new_key_file_is_its_owners_alone_and_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "audit-key"
    signer = create_key(path, NAME)
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_key(path).vkey == signer.vkey
    with pytest.raises(KeyUnusable, match="never overwritten"):
        create_key(path, NAME)
    assert load_key(path).vkey == signer.vkey
    assert str(signer.seed) not in repr(signer)


def test_a_key_file_that_others_may_read_or_that_holds_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "audit-key"
    with pytest.raises(KeyUnusable, match="no signing key"):
        load_key(path)
    create_key(path, NAME)
    path.chmod(0o640)
    with pytest.raises(KeyUnusable, match="Others may read"):
        load_key(path)
    path.chmod(0o600)
    good = path.read_text()
    for bad in ("", "PRIVATE+KEY+x", good.replace("deskgate", "deskgatf"), good[:-8] + "\n"):
        path.write_text(bad)
        with pytest.raises(KeyUnusable, match="does not hold"):
            load_key(path)
    assert private_of(good).name == NAME


@pytest.mark.parametrize("name", ["", "has space", "Plus+", "semi;colon", "$(id)", "-dash", "a" * 101, "Großer"])
def test_a_log_bears_no_name_that_a_shell_would_read(name: str) -> None:
    with pytest.raises(ValueError, match="small letters"):
        Signer.new(name)


@pytest.mark.parametrize("crash_before", ["record", "activation"])
def test_a_change_of_key_survives_a_crash_at_each_step(tmp_path: Path, crash_before: str) -> None:
    path = tmp_path / "audit-key"
    old = create_key(path, NAME)
    new = prepare_next(path, NAME)
    recorded = old.vkey if crash_before == "record" else new.vkey
    assert current_key(path, recorded).vkey == recorded
    assert next_path(path).exists() is (crash_before == "record")
    if crash_before == "record":
        assert prepare_next(path, NAME).vkey == new.vkey
        activate_next(path)
        assert current_key(path, new.vkey).vkey == new.vkey


def test_a_key_that_is_not_the_logs_is_not_used(tmp_path: Path) -> None:
    create_key(tmp_path / "audit-key", NAME)
    with pytest.raises(KeyUnusable, match="is not the log's"):
        current_key(tmp_path / "audit-key", OTHER_KEY.vkey)


def rotated(note: str | None = None) -> tuple[Trail, list[bytes]]:
    """Ten records under one key, the change, five under the next; checkpoints at 5, 10, 11 (both keys), 16."""
    head, lines, points = Head(NAME), [], []
    for number in range(16):
        rotation = note or rotation_note(SIGNER, OTHER_KEY, head.size, head.root)
        change = Entry("key.rotate", ANNA, dec={"rotation": rotation})
        added = append(head, change if number == 10 else entry(number)[0], START)
        head = added.head
        lines.append(added.line)
        by: Sequence[Signer] = [SIGNER] if head.size <= 10 else [OTHER_KEY, SIGNER] if head.size == 11 else [OTHER_KEY]
        if head.size in (5, 10, 11, 16):
            points.append(checkpoint_of(NAME, head.size, head.root, *by))
    return Trail(lines, points, points[-1], OTHER_KEY), [lines[10]]


@pytest.mark.parametrize("key", [SIGNER.vkey, OTHER_KEY.vkey], ids=["the old key", "the new key"])
def test_either_key_is_enough_after_a_change(key: str, tmp_path: Path) -> None:
    one, rotations = rotated()
    report = verify_log(
        one.lines, one.newest, keys=[key], checkpoints=one.checkpoints, rotations=rotations, anchors=[one.newest]
    )
    assert report.exit_code == 0
    for wanted in (None, lambda seq, line: seq in (2, 3)):
        folder = one.export(tmp_path / ("all" if wanted is None else "some"), wanted)
        assert verify_folder(folder, keys=[key], anchors=[one.newest]).exit_code == 0


def test_after_a_change_the_old_key_signs_no_more() -> None:
    one, rotations = rotated()
    late = checkpoint_of(NAME, 16, parse_checkpoint(parse_note(one.newest).text).root, SIGNER)
    for key in (SIGNER.vkey, OTHER_KEY.vkey):
        report = verify_log(one.lines, late, keys=[key], rotations=rotations)
        assert rules(report) == {"checkpoint.signature"}


def test_before_a_change_the_new_key_signed_nothing() -> None:
    one, rotations = rotated()
    early = checkpoint_of(NAME, 5, parse_checkpoint(parse_note(one.checkpoints[0]).text).root, OTHER_KEY)
    report = verify_log(one.lines, one.newest, keys=[OTHER_KEY.vkey], checkpoints=[early], rotations=rotations)
    assert rules(report) == {"checkpoint.signature"}


KEYS = f"{SIGNER.vkey}\n{OTHER_KEY.vkey}"


def _signed_by_one() -> str:
    text = parse_note(rotation_note(SIGNER, OTHER_KEY, 10, bytes(32)).encode()).text.decode()
    return sign(text, OTHER_KEY).decode()


def _signed_by_both(text: str) -> str:
    return sign(text, SIGNER, OTHER_KEY).decode()


BAD_ROTATIONS: dict[str, Any] = {
    "one signature": _signed_by_one(),
    "another log": _signed_by_both(f"deskgate key rotation v1\nother\n{KEYS}\n10\n{ROOT}\n"),
    "another text": _signed_by_both(f"something else\n{NAME}\n{KEYS}\n10\n{ROOT}\n"),
    "another place": _signed_by_both(f"deskgate key rotation v1\n{NAME}\n{KEYS}\n9\n{ROOT}\n"),
    "no place": _signed_by_both(f"deskgate key rotation v1\n{NAME}\n{KEYS}\n"),
    "half a root": _signed_by_both(f"deskgate key rotation v1\n{NAME}\n{KEYS}\n10\n{ROOT[:20]}\n"),
    "no note": "nothing",
}


@pytest.mark.parametrize("note", BAD_ROTATIONS.values(), ids=BAD_ROTATIONS.keys())
def test_a_change_of_key_that_not_both_keys_signed_is_tampering(note: str) -> None:
    one, rotations = rotated(note)
    report = verify_log(one.lines, one.newest, keys=[SIGNER.vkey], rotations=rotations)
    assert {"key.rotation", "checkpoint.signature"} <= rules(report)


def test_a_stranger_cannot_tie_a_key_to_the_logs() -> None:
    stranger = Signer.new(NAME)
    change = Entry(
        "key.rotate", Actor("system", "x"), dec={"rotation": rotation_note(stranger, stranger, 0, EMPTY_ROOT)}
    )
    line = append(Head(NAME), change, START).line
    ring = keyring(NAME, [SIGNER.key], [line])
    assert [key.vkey for key, _, _ in ring.spans] == [SIGNER.vkey]


def test_a_record_that_only_has_the_words_of_a_change_within_is_no_alarm(tmp_path: Path) -> None:
    line = append(Head(NAME), Entry("webhook.reject", ANNA, dec={"inputs": {"ev": "key.rotate"}}), START).line
    head = frontier([line])
    one = Trail([line], [], checkpoint_of(NAME, 1, head.root(), SIGNER))
    assert ROTATED in line
    assert verify_folder(one.export(tmp_path / "x"), keys=[SIGNER.vkey], anchors=[one.newest]).exit_code == 0


def test_a_record_keeps_a_change_of_key_as_it_was_signed() -> None:
    one, rotations = rotated()
    made = rotation_note(SIGNER, OTHER_KEY, 10, frontier(one.lines[:10]).root())
    assert json.loads(rotations[0])["dec"]["rotation"] == made


def told_anew(one: Trail, before: int, size: int, signer: Signer) -> Trail:
    """Another story with the genuine change of key as record number `before`, signed by whoever stole that key."""
    lines = [changed(line, lambda record: record["actor"].update(id="mallory")) for line in one.lines[:before]]
    lines = chained([*lines, one.lines[10], *one.lines[11:]])[: max(size, before + 1)]
    return replace(signed_again(lines[:size], signer), lines=lines)


@pytest.mark.parametrize(
    ("before", "size", "signer", "rule"),
    [
        pytest.param(4, 5, SIGNER, "key.rotation", id="retired key, change moved"),
        pytest.param(10, 10, SIGNER, "tree.root", id="retired key, change not covered"),
        pytest.param(10, 11, SIGNER, "checkpoint.signature", id="retired key, change covered"),
        pytest.param(10, 16, OTHER_KEY, "tree.root", id="new key"),
    ],
)
def test_the_thief_of_either_key_cannot_tell_anew_what_came_before_the_change(
    before: int, size: int, signer: Signer, rule: str, tmp_path: Path
) -> None:
    one, _ = rotated()
    forged = told_anew(one, before, size, signer)
    trusted = OTHER_KEY if signer == SIGNER else SIGNER
    rotations = [line for line in forged.lines if ROTATED in line]
    report = verify_log(
        forged.lines, forged.newest, keys=[trusted.vkey], checkpoints=forged.checkpoints, rotations=rotations
    )
    assert rule in rules(report), report.text()
    folder = planted(one.export(tmp_path / "export"), forged, signer)
    assert rule in rules(verify_folder(folder, keys=[trusted.vkey]))


def test_a_selection_shows_by_a_checkpoint_that_what_came_before_the_change_was_not_told_anew(tmp_path: Path) -> None:
    one, _ = rotated()
    forged = told_anew(one, 10, 16, OTHER_KEY)
    for number, points in enumerate((forged.checkpoints, [])):
        given = replace(forged, checkpoints=points, signer=OTHER_KEY)
        folder = given.export(tmp_path / str(number), lambda seq, line: seq in (2, 3))
        found = rules(verify_folder(folder, keys=[SIGNER.vkey]))
        assert found & {"tree.root", "tree.consistency"}, found


def test_a_log_of_nothing_but_changes_of_key_is_refused_at_once() -> None:
    def lines() -> Iterator[bytes]:
        one, other = Signer.new(NAME), Signer.new(NAME)
        for seq in range(ROTATIONS_LIMIT + 1):
            note = rotation_note(one, other, seq, bytes(32))
            yield append(Head(NAME, seq), Entry("key.rotate", ANNA, dec={"rotation": note}), START).line
        raise AssertionError("read beyond the bound")

    with pytest.raises(Broken, match="More than"):
        keyring(NAME, [SIGNER.key], lines())
