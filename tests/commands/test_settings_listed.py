"""`deskgate settings`: the list of all settings is at hand, however deskgate was installed."""

import tomllib
from pathlib import Path

import pytest

from deskgate.cli import main
from deskgate.commands.settings_listed import IN_CHECKOUT, IN_WHEEL
from deskgate.setting_names import KNOWN

ROOT = Path(__file__).parents[2]


def test_every_setting_is_printed_with_what_it_means(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["settings"]) == 0
    out = capsys.readouterr().out
    assert out == (ROOT / ".env.example").read_text("utf-8")
    assert [name for name in sorted(KNOWN) if f"{name}=" not in out] == []


def test_a_wheel_carries_the_list() -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["force-include"] == {IN_CHECKOUT: f"deskgate/{IN_WHEEL}"}


def test_settings_that_are_missing_lead_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in KNOWN:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DESKGATE_HOME", str(tmp_path))
    assert main(["serve"]) == 2
    assert "`deskgate settings`" in capsys.readouterr().err
    assert main(["doctor"]) == 2
    assert "`deskgate settings`" in capsys.readouterr().out
