"""`deskgate doctor` as it is typed: its output and its exit codes."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from checkup import ENVIRONMENT

from deskgate.cli import main
from deskgate.sandbox.world import World


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith(("ZENDESK_", "MULTIMAIL_", "DESKGATE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DESKGATE_HOME", str(tmp_path))
    return tmp_path


def test_in_the_sandbox_it_ends_well_and_speaks_in_whole_sentences(home: Path):
    command = [sys.executable, "-m", "deskgate", "doctor", "--sandbox", "--smoke", "101"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | {"DESKGATE_HOME": str(home)}
    )
    assert (done.returncode, done.stderr) == (0, "")
    *lines, blank, summary = done.stdout.splitlines()
    assert (blank, summary) == ("", "no faults, 1 warning.")
    assert all(line.startswith(("ok  ", "warning  ", " " * 9)) for line in lines)
    assert all(line.endswith(".") for line in lines)
    assert "It was cancelled again" in lines[-1]
    assert not any(value in done.stdout for name, value in ENVIRONMENT.items() if "TOKEN" in name)


def test_a_fault_ends_with_1_and_what_to_do(home: Path, capsys: pytest.CaptureFixture[str]):
    world = World.open(home / "sandbox")
    world.set_mode("autonomous")
    world.close()
    assert main(["doctor", "--sandbox"]) == 1
    lines = capsys.readouterr().out.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("fault"))
    assert "mode autonomous" in lines[at]
    assert "What to do: `deskgate setup mailbox --sandbox` sets it to gated_send." in lines[at + 1]
    assert lines[-1] == "1 fault, 1 warning."


def test_a_failed_smoke_test_ends_with_1(home: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["doctor", "--sandbox", "--smoke", "103"]) == 1
    assert "ticket_closed" in capsys.readouterr().out


def test_for_scripts_it_is_one_json_document(home: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["doctor", "--sandbox", "--json", "--smoke", "101"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["ok"] is True
    assert set(found["checks"][0]) == {"name", "state", "text", "todo"}
    assert [(step["name"], step["state"]) for step in found["smoke"]] == [
        ("draft", "ok"),
        ("queue", "ok"),
        ("cancel", "ok"),
    ]


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_unusable_settings_end_with_2_and_one_line_each(
    home: Path, capsys: pytest.CaptureFixture[str], form: list[str]
):
    assert main(["doctor", *form]) == 2
    out = capsys.readouterr().out
    if form:
        found = json.loads(out)
        assert (found["ok"], found["smoke"]) == (False, [])
        texts = [check["text"] for check in found["checks"]]
    else:
        texts = [line for line in out.splitlines() if line.startswith("fault")]
    wanted = (
        "ZENDESK_SUBDOMAIN is missing",
        "No Zendesk login",
        "MULTIMAIL_TOKEN is missing",
        "MULTIMAIL_MAILBOX is missing",
    )
    assert len(texts) == len(wanted)
    for words in wanted:
        assert any(words in text for text in texts), words


def test_a_terminal_without_a_letter_of_a_name_does_not_end_it(home: Path):
    world = World.open(home / "sandbox")
    world.edit_user(33144692240001, name="Zoë Łukasz")
    world.close()
    command = [sys.executable, "-m", "deskgate", "doctor", "--sandbox"]
    environment = os.environ | {"DESKGATE_HOME": str(home), "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Zo\\xeb \\u0141ukasz" in done.stdout


def test_a_reader_who_leaves_early_ends_neither_the_check_up_nor_the_smoke_test(home: Path):
    read_end, write_end = os.pipe()
    os.close(read_end)
    command = [sys.executable, "-m", "deskgate", "doctor", "--sandbox", "--smoke", "101"]
    done = subprocess.run(command, stdout=write_end, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write_end)
    assert (done.returncode, done.stderr) == (0, "")
    world = World.open(home / "sandbox")
    assert [mail["status"] for mail in world.emails()] == ["cancelled"]
    world.close()


def test_the_operators_page_explains_every_line_and_every_setting(home: Path, capsys: pytest.CaptureFixture[str]):
    root = Path(__file__).parents[2]
    page = (root / "docs" / "operating.md").read_text("utf-8")
    sources = [root / "server/deskgate/commands/doctor.py", *(root / "server/deskgate/desk/checks").glob("*.py")]
    pattern = r'(?:Check\(\s*|name(?:, \w+)? = |unchecked\(|refused\()"([a-z ]+)"'
    names = {name for source in sources for name in re.findall(pattern, source.read_text("utf-8"))}
    steps = {"draft", "queue", "cancel"}
    assert {"settings", "data file", "sending key", "key scopes", "webhooks", *steps} <= names
    assert [name for name in sorted(names - steps) if f"| `{name}` |" not in page] == []
    listed = re.findall(r"^#?([A-Z]+_[A-Z_]+)=", (root / ".env.example").read_text("utf-8"), re.MULTILINE)
    assert [name for name in listed if f"`{name}`" not in page] == []
