"""Take every control away, one at a time, and see the tests that the table names go red; write docs/threats.md.

    python tests/threats/remove_controls.py               all of them
    python tests/threats/remove_controls.py digest age    some, without writing the page

It works on a copy of the tree in a folder of its own.
"""

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
HOME = HERE.parent.parent
sys.path.insert(0, str(HERE))

from apart import imported, in_a_process  # noqa: E402
from controls import CONTROLS, Edit  # noqa: E402
from table import CELLS, DOORS, THREATS, Cell, Proof  # noqa: E402

PARTS = ("pyproject.toml", "policy.toml.example", "README.md", ".env.example", "server", "tools", "tests", "docs")
LIMIT_SECONDS = 900
PAGE = HOME / "docs" / "threats.md"


def copied(home: Path) -> Path:
    """The tree as it is now, in a folder of its own."""
    copy = Path(tempfile.mkdtemp(prefix="deskgate-threats-"))
    for name in PARTS:
        if (home / name).is_dir():
            shutil.copytree(home / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(home / name, copy / name)
    return copy


class Reds:
    """A pytest plugin: which tests fail. Of the tests `once`, no more cases are run after the first red one."""

    def __init__(self, once: list[str]) -> None:
        self.once = set(once)
        self.red: list[str] = []

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if "postgres" not in item.nodeid]

    def pytest_runtest_protocol(self, item: pytest.Item) -> bool | None:
        test = item.nodeid.partition("[")[0]
        return True if test in self.once and any(name.startswith(f"{test}[") for name in self.red) else None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.red.append(report.nodeid)


def red_tests(copy: Path, tests: list[str], once: list[str]) -> set[str]:
    """Which of these tests fail in the copy, by id with the parameters."""
    answer = copy / "red.json"
    answer.unlink(missing_ok=True)

    def act() -> int:
        os.chdir(copy)
        sys.dont_write_bytecode = True
        reds = Reds(once)
        code = pytest.main(["-q", "-p", "no:cacheprovider", f"--rootdir={copy}", *tests], plugins=[reds])
        import deskgate
        import deskgate_tools

        ours = all(str(one.__file__).startswith(str(copy)) for one in (deskgate, deskgate_tools))
        if code in (0, 1) and ours:
            answer.write_text(json.dumps(sorted(set(reds.red))))
        return int(code)

    in_a_process(act, LIMIT_SECONDS)
    if not answer.exists():
        raise RuntimeError("the tests could not be run, or the copy was not what they imported")
    return set(json.loads(answer.read_text()))


def proofs() -> dict[str, list[str]]:
    """The tests of each control, in all cells together."""
    found: dict[str, list[str]] = {}
    for cell in CELLS.values():
        for proof in cell if isinstance(cell, tuple) else ():
            found.setdefault(proof.control, []).extend(proof.tests)
    return {control: list(dict.fromkeys(tests)) for control, tests in found.items()}


def without(copy: Path, edits: Iterable[Edit]) -> dict[Path, str]:
    """Take a control away; gives the texts to put back."""
    kept: dict[Path, str] = {}
    for edit in edits:
        file = copy / edit.file
        text = file.read_text("utf-8")
        kept.setdefault(file, text)
        if text.count(edit.text) != 1:
            raise RuntimeError(f"{edit.file} does not hold this once: {edit.text}")
        file.write_text(text.replace(edit.text, edit.without), "utf-8")
    return kept


def covered(test: str, red: set[str]) -> bool:
    """Whether the test, or one of its cases, is red."""
    return any(one == test or one.startswith(f"{test}[") for one in red)


def main(wanted: list[str]) -> int:
    """0 where everything is as the table says."""
    copy = copied(HOME)
    imported()
    sys.path[:0] = [str(copy / "server"), str(copy / "tools")]
    chosen = {name: tests for name, tests in proofs().items() if not wanted or name in wanted}
    say(f"in {copy}: {len(chosen)} controls")
    every = sorted({test for tests in chosen.values() for test in tests})
    wrong = [f"red with every control in place: {test}" for test in sorted(red_tests(copy, every, []))]
    for name, tests in chosen.items():
        kept = without(copy, CONTROLS[name].edits)
        try:
            red = red_tests(copy, tests, tests)
        finally:
            for file, text in kept.items():
                file.write_text(text, "utf-8")
        green = [test for test in tests if not covered(test, red)]
        wrong += [f"green without {name!r}: {test}" for test in green]
        say(f"{'ok ' if not green else 'NOT'} {name}: {len(tests) - len(green)} of {len(tests)} tests red")
    for line in wrong:
        say(line)
    if not wanted and not wrong:
        PAGE.write_text(page(), "utf-8")
    shutil.rmtree(copy)
    return 1 if wrong else 0


def page() -> str:
    """The table for people."""
    tests = proofs()
    lines = [
        "# Threats, doors, controls, and what proves them",
        "",
        "Written by `make threats`, which takes each control out of a copy of the source, one at a time, and runs the tests",
        "named here: with the control all of them pass, without it each fails (of a test with several cases, at",
        "least one). That the table is whole, and that every control and test it names still exists, is itself a test.",
        "",
        "A number is a control in the list below. A dash means that the threat has no way through that door; why stands",
        "under the list.",
        "",
        "| Threat | " + " | ".join(DOORS.values()) + " |",
        "|---|" + "---|" * len(DOORS),
    ]
    numbers = {name: number for number, name in enumerate(tests, 1)}
    for threat, title in THREATS.items():
        cells = [_short(CELLS[threat, door], numbers) for door in DOORS]
        lines.append(f"| {threat} {title} | " + " | ".join(cells) + " |")
    lines += ["", "## Controls", "", "| | Control | Source | Tests that fail without it |", "|---|---|---|---|"]
    for name, number in numbers.items():
        files = ", ".join(dict.fromkeys(f"`{edit.file}`" for edit in CONTROLS[name].edits))
        named = "<br>".join(f"`{test}`" for test in tests[name])
        lines.append(f"| {number} | {CONTROLS[name].what} | {files} | {named} |")
    lines += ["", "## Where a threat has no way through a door", ""]
    reasons: dict[str, list[str]] = {}
    for (threat, door), cell in CELLS.items():
        if isinstance(cell, str):
            reasons.setdefault(cell.removeprefix("does not apply: "), []).append(f"{threat} at {DOORS[door]}")
    lines += [f"- {'; '.join(places)}: {reason}." for reason, places in reasons.items()]
    return "\n".join([*lines, "", *LIMITS, ""])


LIMITS = (
    "## What this does not prove",
    "",
    "- T23: what a rule lets out is searched for links and mail addresses of any kind, and those are held. Plain words of",
    "  another ticket (an order number, a name) are not recognised; a policy that must not risk that does not let out texts",
    "  that it has no `words_any` or `body_chars_max` for, and the mail's recipient is in any case the ticket's requester.",
    "- T10: look-alike letters in a text are named on the page (for links and addresses); the chat and the terminal mark",
    "  hidden characters and show recipients in punycode, and show look-alike letters within a text as they are.",
    "- T22: everybody with a token may list the queue, ids and texts included; what is bound to one principal are sessions,",
    "  questions, and what came of a form. Ids are random and open nothing by themselves.",
    "- T2: a program that answers the question in the chat in the person's place cannot be told from the person.",
)


def _short(cell: Cell, numbers: dict[str, int]) -> str:
    return "–" if isinstance(cell, str) else ", ".join(str(numbers[proof.control]) for proof in _each(cell))


def _each(cell: tuple[Proof, ...]) -> list[Proof]:
    return list({proof.control: proof for proof in cell}.values())


def say(text: str) -> None:
    """To whoever runs this."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
