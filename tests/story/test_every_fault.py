"""Every remote call of the story × every fault: nothing happens twice, no failure is told as a success.

By default a sample; `DESKGATE_FAULTS=all` plays every case. Both compare with docs/faults.md.
"""

import os
import re
from pathlib import Path

import pytest

from story.faults_table import DOCUMENT, Report, heading, report, sample_of
from story.trial import FAULTS, FORMS, STEPS, Step, theatre

pytestmark = pytest.mark.anyio

ALL = os.environ.get("DESKGATE_FAULTS") == "all"


@pytest.fixture(scope="session", params=FORMS)
def states(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A wire form and the folder where its states are kept."""
    return request.param, tmp_path_factory.mktemp(request.param)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name.replace(" ", "-"))
async def test_no_fault_at_this_step_doubles_loses_or_belies_anything(states: tuple[str, Path], step: Step) -> None:
    form, folder = states
    async with theatre(folder, form, "auto") as here:
        found = await report(here, step, list if ALL else sample_of)
    assert not found.wrong, "\n".join(found.wrong)
    published = _section(form, step)
    if ALL:
        assert found.text().strip() == published.strip()
    else:
        assert _unpublished(found, published) == []


@pytest.mark.parametrize("form", FORMS)
async def test_a_person_who_is_asked_in_the_midst_of_a_call_is_safe_from_faults_too(form: str, tmp_path: Path) -> None:
    steps = [step for step in STEPS if step.tool == "decide_reply"]
    async with theatre(tmp_path, form, "legacy") as here:
        found = [await report(here, step, _only_decisions) for step in steps]
    assert [line for one in found for line in one.wrong] == []
    assert all(one.cases for one in found)


def test_the_published_table_has_every_step_and_no_other() -> None:
    published = re.findall(r"^### .*$", DOCUMENT.read_text("utf-8"), re.MULTILINE)
    assert published == [heading(form, step) for form in FORMS for step in STEPS]


def _only_decisions(cases: list[tuple[str, int | None, str]]) -> list[tuple[str, int | None, str]]:
    return [case for case in cases if "decide" in case[2] and case[1] is not None]


def _section(form: str, step: Step) -> str:
    text = DOCUMENT.read_text("utf-8")
    start = text.index(heading(form, step))
    end = re.compile(r"^##", re.MULTILINE).search(text, start + 3)
    return text[start : end.start() if end else len(text)]


def _unpublished(found: Report, published: str) -> list[str]:
    """What was seen and does not stand in the table."""
    rows = [line.strip("|").split("|") for line in published.splitlines() if line.startswith("|")]
    columns = [cell.strip().strip("`") for cell in rows[0][1:]]
    assert columns == [at.partition(" ")[2] for at in found.routes]
    cells = {
        (fault.strip(), at): cell.strip().partition(" / ")
        for row in rows[2:]
        for fault in row[0].split(";")
        for at, cell in zip(found.routes, row[1:], strict=True)
    }
    assert {fault for fault, _ in cells} == set(FAULTS)
    news: list[str] = []
    for (fault, at), tolds in found.once.items():
        news += [f"{fault} at {at}: {told}" for told in tolds if told not in cells[fault, at][0].split(", ")]
    for (fault, at), told in found.always.items():
        once, slash, always = cells[fault, at]
        news += [f"{fault} at {at} for ever: {told}"] if told != (always if slash else once) else []
    return news
