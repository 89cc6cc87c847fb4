"""The demo, where a step does not hold; that all of them do is what `make demo` shows."""

import argparse
from pathlib import Path

import pytest

from deskgate.commands import demo
from deskgate.commands.demo_world import DemoFailed


def test_a_demo_that_stops_says_in_a_sentence_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def nothing_came(_caller: object) -> None:
        raise DemoFailed("nothing came.")

    monkeypatch.setenv("DESKGATE_HOME", str(tmp_path))
    monkeypatch.setattr(demo, "_read", nothing_came)
    assert demo.run(argparse.Namespace()) == 1
    assert capsys.readouterr().err.endswith("\nThe demo stopped: nothing came.\n")
