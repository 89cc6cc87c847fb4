"""`deskgate doctor` with a policy file that cannot be used: it says so on the policy's line, and goes on."""

import json
import os
from pathlib import Path

import pytest
from checkup import Checkup, faults, one, states

from deskgate.cli import main


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    path = tmp_path / "policy.toml"
    path.write_text("version = [\n")
    return path


@pytest.mark.anyio
async def test_a_broken_policy_file_is_one_fault_and_everything_else_is_looked_at(look: Checkup, broken: Path) -> None:
    sound, report = await look(), await look(DESKGATE_POLICY=str(broken))
    assert faults(report) == ["policy"]
    check = one(report, "policy")
    assert str(broken) in check.text
    assert "not TOML" in check.text
    assert "Repair the file" in (check.todo or "")
    assert one(report, "policy outcomes").text.startswith("Not checked, because ")
    assert states(report).keys() == states(sound).keys() | {"policy", "policy outcomes"}


@pytest.mark.anyio
async def test_a_policy_file_that_is_not_there_is_the_same_fault(look: Checkup, tmp_path: Path) -> None:
    report = await look(DESKGATE_POLICY=str(tmp_path / "nowhere.toml"))
    assert faults(report) == ["policy"]
    assert "cannot be read" in one(report, "policy").text


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_it_ends_with_1_as_with_any_fault(
    broken: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], form: list[str]
) -> None:
    for name in [name for name in os.environ if name.startswith(("ZENDESK_", "MULTIMAIL_", "DESKGATE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DESKGATE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DESKGATE_POLICY", str(broken))
    assert main(["doctor", "--sandbox", *form]) == 1
    out = capsys.readouterr().out
    if form:
        assert [check["name"] for check in json.loads(out)["checks"] if check["state"] == "fault"] == ["policy"]
    else:
        assert "\nfault    policy  " in out
        assert "\nok       deciding key  " in out
        assert "\n1 fault, " in out
    assert main(["serve", "--sandbox"]) == 2, "nothing but doctor starts with it"


@pytest.mark.anyio
async def test_names_of_events_are_shown_whole(look: Checkup) -> None:
    text = one(await look(DESKGATE_PUBLIC_URL="https://desk.example.com"), "webhooks").text
    for event in ("message.received", "oversight.approved", "message.complained"):
        assert event in text
