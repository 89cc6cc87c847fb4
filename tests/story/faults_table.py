"""docs/faults.md, written from what the trials answer: `PYTHONPATH=tests .venv/bin/python -m story.faults_table`."""

import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import anyio

from deskgate.sandbox.world import Call
from story.trial import FAULTS, FORMS, STEPS, Outcome, Step, Theatre, faulted, route, routes, theatre

DOCUMENT = Path(__file__).parents[2] / "docs" / "faults.md"
HEAD = """# What trouble does

Every remote call of the story, disturbed in every way that the sandbox knows, once and for ever: {cases} cases. After each
one the fault ends and the same tool is called again with the same arguments: at once, after a minute, after a quarter of
an hour. What has to hold every time, and does:

- a success is true: the mail is held, was let out, rejected or cancelled, the note stands on the ticket;
- a failure has one of the documented codes, and only `outcome_unknown` may have taken effect;
- in the end there is exactly one mail with these words, exactly one note, at most one decision with the name of who made
  it, and `track_reply` tells the state that MultiMail has.

`make test` plays every single fault at every call that changes something, and one in eight of the other cases.
`DESKGATE_FAULTS=all make test` plays them all (minutes). Both compare with this page, which is written by
`PYTHONPATH=tests .venv/bin/python -m story.faults_table`.

A row is a kind of fault, a column is a call of the step. `ok`: the tool succeeded all the same. One word is what a single
fault and an unending one both lead to; in `a / b` a single one leads to `a`, an unending one to `b`. Where a step makes a
call several times, a single fault at different ones of them may lead to different answers: `a, b`. `rate_limited` carries
the seconds to wait; waits of up to 10 seconds that a service asks for are sat through inside the call.
"""
STEP_NOTES = {
    "draft": "A lost answer is looked up, in v1 also repeated under the same key. In the short form a mail that does not "
    "show is not sent again for ten minutes.",
    "note": "A lost answer is looked up in the ticket's audits before anything is written again.",
    "approve": "The look before the question, the look at the moment of deciding, and the decision.",
}


@dataclass
class Report:
    """What became of all cases of one step."""

    form: str
    step: Step
    routes: list[str]
    once: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    always: dict[tuple[str, str], str] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    cases: int = 0

    def note(self, fault: str, at: str, what: str, outcome: Outcome) -> None:
        """Count one case."""
        self.cases += 1
        if outcome.wrong:
            self.wrong.append(f"{self.form}: {self.step.name}: {fault} at {at} ({what}): {outcome.wrong}")

    def cell(self, fault: str, at: str) -> str:
        """One cell of the table."""
        once = ", ".join(dict.fromkeys(sorted(self.once[fault, at], key=lambda told: (told != "ok", told))))
        always = self.always[fault, at]
        return once if once == always else f"{once} / {always}"

    def text(self) -> str:
        """The step's table; faults that lead to the same answers share a row."""
        rows: dict[tuple[str, ...], list[str]] = {}
        for fault in FAULTS:
            rows.setdefault(tuple(self.cell(fault, at) for at in self.routes), []).append(fault)
        lines = [heading(self.form, self.step), ""]
        note = STEP_NOTES.get(self.step.name)
        lines += [note, ""] if note else []
        lines += [
            _row("fault", *(f"`{at.partition(' ')[2]}`" for at in self.routes)),
            "|---" * (1 + len(self.routes)) + "|",
        ]
        lines += [_row("; ".join(faults), *cells) for cells, faults in rows.items()]
        return "\n".join(lines) + "\n"


def heading(form: str, step: Step) -> str:
    """The heading of a step's section."""
    return f"### {form}: {step.name} (`{step.tool}`)"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


Case = tuple[str, int | None, str]


def cases_of(calls: list[Call]) -> list[Case]:
    """Every case of a step: a fault, at the nth call or (`None`) at every call to the route for ever, and the route."""
    once = [(fault, nth, route(call)) for fault in FAULTS for nth, call in enumerate(calls)]
    return [*once, *((fault, None, at) for fault in FAULTS for at in routes(calls))]


def sample_of(cases: list[Case]) -> list[Case]:
    """Every single fault at a call that changes something, and of the rest every eighth, shifted from call to call."""
    names = list(FAULTS)
    columns = list(dict.fromkeys((nth, at) for _, nth, at in cases))

    def chosen(case: Case) -> bool:
        fault, nth, at = case
        writes = " GET " not in at and "tag" not in at
        return (writes and nth is not None) or (names.index(fault) + columns.index((nth, at))) % 8 == 0

    return [case for case in cases if chosen(case)]


async def report(here: Theatre, step: Step, choose: Callable[[list[Case]], list[Case]] = list) -> Report:
    """Play the cases of one step."""
    calls = await here.calls_of(step)
    found = Report(here.form, step, routes(calls))
    for fault, nth, at in choose(cases_of(calls)):
        outcome = await here.disturbed(step, faulted(fault, at if nth is None else None), nth=nth)
        if nth is None:
            found.always[fault, at] = outcome.told
        else:
            found.once.setdefault((fault, at), []).append(outcome.told)
        found.note(fault, at, "for ever" if nth is None else f"once, call {nth + 1}", outcome)
    return found


def page(reports: Iterable[Report]) -> str:
    """The whole document."""
    told = list(reports)
    sections = [HEAD.format(cases=sum(one.cases for one in told))]
    for form in FORMS:
        sections.append(f"## MultiMail's form: {form}\n")
        sections += [one.text() for one in told if one.form == form]
    return "\n".join(sections)


async def _every() -> list[Report]:
    reports = []
    for form in FORMS:
        with tempfile.TemporaryDirectory() as folder:
            async with theatre(Path(folder), form, "auto") as here:
                for step in STEPS:
                    reports.append(await report(here, step))
                    sys.stderr.write("".join(f"{line}\n" for line in reports[-1].wrong))
    return reports


if __name__ == "__main__":
    every = anyio.run(_every)
    DOCUMENT.write_text(page(every), "utf-8")
    sys.exit(1 if any(one.wrong for one in every) else 0)
