"""The table of threats is whole, and everything that it names is there."""

import ast
from functools import cache
from pathlib import Path

import pytest
from controls import CONTROLS
from table import CELLS, DOORS, THREATS, Proof

HOME = Path(__file__).resolve().parent.parent.parent
PROOFS = [(where, proof) for where, cell in CELLS.items() if isinstance(cell, tuple) for proof in cell]


def test_every_threat_is_answered_at_every_door() -> None:
    assert set(CELLS) == {(threat, door) for threat in THREATS for door in DOORS}
    for where, cell in CELLS.items():
        if isinstance(cell, str):
            assert cell.startswith("does not apply: "), where
            assert len(cell) > 50, where
            assert "\n" not in cell, where
        else:
            assert cell, where
            assert all(proof.tests for proof in cell), where


def test_no_threat_is_without_any_proof_and_no_control_without_a_test() -> None:
    assert {threat for (threat, _), _ in PROOFS} == set(THREATS)
    assert {proof.control for _, proof in PROOFS} == set(CONTROLS)


@pytest.mark.parametrize("name", CONTROLS)
def test_the_source_of_every_control_stands_there_once(name: str) -> None:
    texts: dict[str, str] = {}
    for edit in CONTROLS[name].edits:
        text = texts.get(edit.file) or (HOME / edit.file).read_text("utf-8")
        assert text.count(edit.text) == 1, f"{edit.file} changed: repair the control {name!r} in table.py"
        assert edit.text != edit.without
        texts[edit.file] = text.replace(edit.text, edit.without)
    for file, text in texts.items():
        if file.endswith(".py"):
            ast.parse(text)


@pytest.mark.parametrize(
    ("where", "proof"), PROOFS, ids=[f"{'-'.join(where)}-{proof.control}" for where, proof in PROOFS]
)
def test_every_test_that_the_table_names_exists(where: tuple[str, str], proof: Proof) -> None:
    for test in proof.tests:
        file, _, name = test.partition("::")
        assert name.partition("[")[0] in _tests(file), f"{where}: {test}"


@cache
def _tests(file: str) -> frozenset[str]:
    tree = ast.parse((HOME / file).read_text("utf-8"))
    return frozenset(
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    )


def test_the_published_table_names_every_control() -> None:
    text = (HOME / "docs" / "threats.md").read_text("utf-8")
    assert [control.what for control in CONTROLS.values() if f"| {control.what} |" not in text] == []
    assert [threat for threat in THREATS if f"| {threat} " not in text] == []
