"""`--sandbox` goes with every command, before or after any of its words, and stands in every --help."""

import argparse
import contextlib
import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from deskgate.cli import _parser, main
from deskgate.commands.words import Parser


def parsers(parser: argparse.ArgumentParser, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Parser]]:
    """Every command and every part of one, with the words that lead there."""
    assert isinstance(parser, Parser)
    yield words, parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, below in action.choices.items():
                yield from parsers(below, (*words, name))


EVERY = list(parsers(_parser()))
TYPED = [
    "serve",
    "sandbox",
    "sandbox draft 101",
    "sandbox reply 101 Thanks",
    "demo",
    "doctor",
    "settings",
    "setup mailbox",
    "setup webhook",
    "pending",
    "decide ID approve",
    "reviewer invite ines",
    "reviewer list",
    "reviewer revoke ines",
    "policy test 101",
    "token new bot --kind agent --scope draft",
    "token revoke 1f3a9c02",
    "token list",
    "events list",
    "events show 1",
    "events replay 1",
    "store migrate",
    "store check",
    "store backup copy.sqlite3",
    "suppressions list",
    "suppressions add a@example.com --reason phone",
    "suppressions remove a@example.com",
    "audit show 101",
    "audit export folder",
    "audit verify",
    "audit erase --requester a@example.com",
    "audit scrub",
    "audit subject-export folder --requester a@example.com",
    "audit hold set a@example.com --reason court",
    "audit hold release a@example.com",
    "audit hold list",
    "audit compare",
    "audit archive folder",
    "audit prune",
    "audit rotate-key",
]


def test_every_command_is_tried_here() -> None:
    whole = {
        words for words, parser in EVERY if not any(one[: len(words)] == words and one != words for one, _ in EVERY)
    }
    tried = {words for words in whole if any(tuple(line.split())[: len(words)] == words for line in TYPED)}
    assert tried == whole


@pytest.mark.parametrize("line", TYPED)
def test_it_may_stand_before_or_after_any_word_that_is_a_command(line: str) -> None:
    words = line.split()
    commands = max(len(given) for given, _ in EVERY if tuple(words[: len(given)]) == given)
    for at in (*range(commands + 1), len(words)):
        given = [*words[:at], "--sandbox", *words[at:]]
        assert _parser().parse_args(given).sandbox is True, given
    assert _parser().parse_args(words).sandbox is None, "then DESKGATE_SANDBOX says so"


@pytest.mark.parametrize("words", [words for words, _ in EVERY], ids=" ".join)
def test_every_help_tells_of_it(words: tuple[str, ...]) -> None:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), pytest.raises(SystemExit):
        main([*words, "--help"])
    assert "--sandbox" in out.getvalue()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith(("ZENDESK_", "MULTIMAIL_", "DESKGATE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DESKGATE_HOME", str(tmp_path))
    monkeypatch.setenv("DESKGATE_TOKENS", str(tmp_path / "tokens.jsonl"))
    return tmp_path


@pytest.mark.parametrize("line", ["events --sandbox list", "--sandbox events list", "events list --sandbox"])
def test_wherever_it_stands_the_pretend_world_is_read(
    home: Path, capsys: pytest.CaptureFixture[str], line: str
) -> None:
    assert main(line.split()) == 0
    assert capsys.readouterr().out == "Nothing has arrived so far.\n"
    assert (home / "sandbox" / "deskgate.sqlite3").exists()


NEW = ["token", "new", "bot", "--kind", "agent", "--scope", "draft"]


def test_a_token_made_in_the_pretend_world_is_on_its_record(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*NEW, "--sandbox"]) == 0
    assert "audit trail" not in capsys.readouterr().err
    assert main(["token", "list", "--sandbox"]) == 0
    assert "bot" in capsys.readouterr().out
    assert (home / "sandbox" / "deskgate.sqlite3").exists()
    assert not (home / "deskgate.sqlite3").exists()


def test_a_token_that_is_on_no_record_says_what_to_do(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(NEW) == 0
    told = capsys.readouterr().err
    assert "not in the audit trail, because the settings of the server are not set here" in told
    assert "ZENDESK_SUBDOMAIN" in told
    assert "add --sandbox" in told
