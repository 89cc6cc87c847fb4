"""The thirteen attacks on a log of 200 records, on the log itself and on an export whose sums were made again."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from trail import (
    NAME,
    OTHER_KEY,
    SIGNER,
    Trail,
    chained,
    changed,
    frontier,
    planted,
    rules,
    signed_again,
    trail,
    with_lines,
)

from deskgate.desk.audit.note import checkpoint_of
from deskgate.desk.audit.verify import verify_folder

CLEAN = trail(200)
ANCHOR = CLEAN.newest


def lie(record: dict[str, Any]) -> None:
    record["actor"] = {"id": "somebody else", "kind": "human"}


def edited(at: int = 57) -> list[bytes]:
    return [*CLEAN.lines[:at], changed(CLEAN.lines[at], lie), *CLEAN.lines[at + 1 :]]


def without(at: int = 57) -> list[bytes]:
    return [*CLEAN.lines[:at], *CLEAN.lines[at + 1 :]]


def swapped() -> list[bytes]:
    lines = list(CLEAN.lines)
    lines[57], lines[58] = lines[58], lines[57]
    return lines


def inserted() -> list[bytes]:
    extra = changed(CLEAN.lines[56], lambda record: record.update(seq=57))
    return [*CLEAN.lines[:57], extra, *CLEAN.lines[57:]]


def rewritten(start: int = 0) -> list[bytes]:
    return chained([*CLEAN.lines[:start], *(changed(line, lie) for line in CLEAN.lines[start:])], start)


def older() -> Trail:
    return replace(CLEAN, lines=CLEAN.lines[:100], checkpoints=CLEAN.checkpoints[:2], newest=CLEAN.checkpoints[1])


def without_checkpoints() -> Trail:
    return Trail(rewritten(), [], b"")


@dataclass(frozen=True)
class Attack:
    """What is done, the rule and record that tell, and whether it can be told without a checkpoint from outside."""

    name: str
    made: Callable[[], Trail]
    rule: str
    seq: int | None
    needs_anchor: bool = False


ATTACKS = [
    Attack("edit_one_record", lambda: with_lines(CLEAN, edited()), "record.chain", 57),
    Attack("delete_one_record", lambda: with_lines(CLEAN, without()), "record.seq", 58),
    Attack("swap_two_records", lambda: with_lines(CLEAN, swapped()), "record.seq", 58),
    Attack("insert_one_record", lambda: with_lines(CLEAN, inserted()), "record.seq", 57),
    Attack("cut_the_tail", lambda: with_lines(CLEAN, CLEAN.lines[:180]), "tree.size", 180),
    Attack("roll_back_to_an_older_backup", older, "tree.size", 100, needs_anchor=True),
    Attack("edit_and_chain_anew", lambda: with_lines(CLEAN, chained(edited())), "tree.root", 50),
    Attack("delete_and_chain_anew", lambda: with_lines(CLEAN, chained(without())), "tree.root", 50),
    Attack("rewrite_all_and_drop_the_checkpoints", without_checkpoints, "note.form", None),
    Attack("rewrite_all_with_another_key", lambda: signed_again(rewritten(), OTHER_KEY), "checkpoint.signature", None),
    Attack("rewrite_all_with_the_stolen_key", lambda: signed_again(rewritten(), SIGNER), "tree.root", 0, True),
    Attack(
        "fork_after_150_with_the_stolen_key",
        lambda: signed_again(rewritten(150), SIGNER),
        "tree.root",
        150,
        True,
    ),
    Attack("empty_the_file", lambda: with_lines(CLEAN, []), "tree.size", 0),
]
EACH = pytest.mark.parametrize("attack", ATTACKS, ids=[one.name for one in ATTACKS])


def test_there_are_thirteen() -> None:
    assert len(ATTACKS) == 13
    assert [one.name for one in ATTACKS if one.needs_anchor] == [
        "roll_back_to_an_older_backup",
        "rewrite_all_with_the_stolen_key",
        "fork_after_150_with_the_stolen_key",
    ]


@EACH
def test_an_attack_on_the_log_is_named_or_not_called_intact(attack: Attack) -> None:
    report = attack.made().check()
    if attack.needs_anchor:
        assert report.exit_code == 2
        assert "could have rewritten" in report.gaps[-1]
    else:
        assert report.exit_code == 1
        assert (attack.rule, attack.seq) in {(one.rule, one.seq) for one in report.findings}


@EACH
def test_an_attack_on_the_log_is_caught_by_a_checkpoint_from_outside(attack: Attack) -> None:
    report = attack.made().check(ANCHOR)
    assert report.exit_code == 1
    assert attack.rule in rules(report)


@EACH
def test_an_attack_on_an_export_is_named_or_not_called_intact(attack: Attack, tmp_path: Path) -> None:
    folder = planted(CLEAN.export(tmp_path / "export"), attack.made())
    report = verify_folder(folder, keys=[SIGNER.vkey])
    assert report.exit_code == (2 if attack.needs_anchor else 1)
    assert attack.needs_anchor or attack.rule in rules(report)
    assert not rules(report) & {"sums.file", "sums.signature", "csv.row"}, "the test wants the other rules to catch it"


@EACH
def test_an_attack_on_an_export_is_caught_by_a_checkpoint_from_outside(attack: Attack, tmp_path: Path) -> None:
    folder = planted(CLEAN.export(tmp_path / "export"), attack.made())
    report = verify_folder(folder, keys=[SIGNER.vkey], anchors=[ANCHOR])
    assert report.exit_code == 1
    assert attack.rule in rules(report)


@pytest.mark.parametrize("attack", [one for one in ATTACKS if not one.needs_anchor], ids=lambda one: one.name)
def test_without_the_key_nobody_makes_the_sums_again(attack: Attack, tmp_path: Path) -> None:
    folder = planted(CLEAN.export(tmp_path / "export"), attack.made(), OTHER_KEY)
    assert "sums.signature" in rules(verify_folder(folder, keys=[SIGNER.vkey]))


def test_a_clean_log_and_its_export_pass(tmp_path: Path) -> None:
    folder = CLEAN.export(tmp_path / "export")
    assert CLEAN.check().exit_code == 2
    assert CLEAN.check(ANCHOR).exit_code == 0
    assert verify_folder(folder, keys=[SIGNER.vkey]).exit_code == 2
    assert verify_folder(folder, keys=[SIGNER.vkey], anchors=[ANCHOR]).exit_code == 0


def test_an_older_anchor_says_from_where_on_nothing_is_known() -> None:
    forked = signed_again(rewritten(150), SIGNER)
    report = forked.check(CLEAN.checkpoints[1])
    assert report.exit_code == 2
    assert report.gaps[0] == (
        "The tail after size 100 is not covered by a checkpoint from outside. Whoever holds the signing key could have "
        "rewritten records 100 to 199 or cut off what came after them, and it would not show."
    )


def test_a_log_signed_by_another_key_is_not_intact_even_if_nobody_names_the_key(tmp_path: Path) -> None:
    forged = signed_again(rewritten(), OTHER_KEY)
    folder = forged.export(tmp_path / "export")
    report = verify_folder(folder)
    assert report.exit_code == 2
    assert OTHER_KEY.vkey in report.facts[0]


def test_a_checkpoint_that_the_log_signed_twice_differently_shows() -> None:
    root = frontier(rewritten()[:100]).root()
    split = checkpoint_of(NAME, 100, root, SIGNER)
    assert CLEAN.check(split).exit_code == 1
    assert replace(CLEAN, checkpoints=[split, *CLEAN.checkpoints]).check(ANCHOR).exit_code == 1
