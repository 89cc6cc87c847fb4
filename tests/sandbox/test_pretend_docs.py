"""docs/sandbox.md says what the sandbox does."""

import json
import re
from pathlib import Path

from deskgate.sandbox.app import APPLIED
from deskgate.sandbox.constants import SANDBOX_ENVIRONMENT
from deskgate.sandbox.control import ROUTES
from deskgate.sandbox.faults import KINDS
from deskgate.sandbox.multimail.events import CLIENT, EVERY_NAME
from deskgate.sandbox.switches import SWITCHES
from deskgate.sandbox.zendesk.trigger import TEMPLATE

PAGE = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text("utf-8")


def table(heading: str) -> dict[str, list[str]]:
    """The rows of the first table under a heading, by their first cell."""
    lines = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0].splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return {row[0].strip("`"): row[1:] for row in rows[2:]}


def test_every_switch_stands_on_the_page_with_its_default_and_positions() -> None:
    rows = table("Switches")
    assert list(rows) == list(SWITCHES)
    for name, switch in SWITCHES.items():
        default = switch.default if isinstance(switch.default, str) else json.dumps(switch.default)
        assert rows[name][0] == f"`{default}`"
        if switch.choices:
            assert tuple(re.findall(r"`([^`]+)`", rows[name][1])) == switch.choices


def test_every_fault_stands_on_the_page_and_whether_it_is_applied() -> None:
    rows = table("Rehearse trouble")
    assert list(rows) == list(KINDS)
    assert {kind for kind, row in rows.items() if row[-1] == "yes"} == APPLIED


def test_every_environment_line_stands_on_the_page() -> None:
    rows = table("Start it")
    for name, value in SANDBOX_ENVIRONMENT("http://127.0.0.1:8643").items():
        assert rows[name][0].startswith(f"`{value}`")


def test_every_control_route_that_the_page_names_is_served() -> None:
    named = PAGE.partition("## Other control routes\n")[2].partition("\n## ")[0]
    routes = [
        (method, path)
        for methods, path in re.findall(r"((?:`?[A-Z]+`?,? )+)/sandbox(/[a-zA-Z/]+)", named)
        for method in re.findall(r"[A-Z]+", methods)
    ]
    assert len(routes) == 18
    assert [route for route in routes if ROUTES.find(*route) is None] == []


def test_the_page_has_every_event_name_and_the_triggers_text() -> None:
    rows = table("Webhooks")
    told = {name for row in rows.values() for cell in row for name in re.findall(r"`([a-z_.]+)`", cell)}
    assert told == EVERY_NAME
    assert len(rows) == len(CLIENT)
    assert json.dumps(TEMPLATE) in PAGE
