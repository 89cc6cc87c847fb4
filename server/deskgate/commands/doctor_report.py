"""What a check-up found, as people and scripts get it."""

import json
import os
import sys
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from deskgate.cli import say
from deskgate.desk.checks import FAULT, OK, WARNING, Check
from deskgate.desk.checks.line import unchecked

NAME_WIDTH = 18
INDENT = " " * (9 + NAME_WIDTH)


@dataclass
class Report:
    """What was found. `smoke` has the steps of the smoke test, where one was asked for."""

    checks: list[Check] = field(default_factory=list)
    smoke: list[Check] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether no fault was found."""
        return all(check.state != FAULT for check in (*self.checks, *self.smoke))

    def dump(self) -> str:
        """For scripts."""
        parts = {"checks": self.checks, "smoke": self.smoke}
        return json.dumps(
            {"ok": self.ok, **{name: [asdict(check) for check in part] for name, part in parts.items()}}, indent=2
        )


def unusable(faults: list[str]) -> list[Check]:
    """Each sentence says itself what to do; where to read more is said once."""
    lines = [Check("settings", FAULT, fault) for fault in faults]
    lines[-1] = replace(lines[-1], todo="Settings are environment variables; `deskgate settings` explains all of them.")
    return lines


def broken_policy(place: Path | None, faults: list[str]) -> list[Check]:
    """The policy's lines where its file cannot be used; each fault says itself what is wrong."""
    if not faults:
        return []
    text = f"The file {place} cannot be used, so nothing but doctor starts: {' '.join(faults)}"
    todo = "Repair the file, or take DESKGATE_POLICY away: then every reply is held for a person."
    return [Check("policy", FAULT, text, todo), unchecked("policy outcomes", "the policy's file cannot be used")]


def conclude(report: Report, *, as_json: bool) -> None:
    """The last lines, or the whole report for a script."""
    if as_json:
        _line(report.dump())
        return
    states = [check.state for check in (*report.checks, *report.smoke)]
    _line("")
    _line(f"{_counted(states.count(FAULT), 'fault')}, {_counted(states.count(WARNING), 'warning')}.")


def _counted(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"


def show(check: Check) -> None:
    """One line as soon as it is known."""
    _line(f"{check.state:<9}{check.name:<{NAME_WIDTH}}{check.text}")
    if check.todo and check.state != OK:
        _line(f"{INDENT}What to do: {check.todo}")


def _line(text: str) -> None:
    """Neither a letter that this terminal lacks nor a reader who left (`doctor | head`) may end the check-up."""
    encoding = sys.stdout.encoding or "utf-8"
    try:
        say(text.encode(encoding, "backslashreplace").decode(encoding))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
