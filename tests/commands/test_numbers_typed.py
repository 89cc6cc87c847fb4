"""Numbers on the command line: what a slip of the finger is told."""

import pytest

from deskgate.cli import main

OF_TICKETS = (
    ["audit", "show"],
    ["audit", "export", "folder", "--ticket"],
    ["sandbox", "draft"],
    ["sandbox", "reply"],
    ["doctor", "--smoke"],
    ["pending", "--ticket"],
    ["policy", "test"],
)


@pytest.mark.parametrize("words", OF_TICKETS, ids=" ".join)
@pytest.mark.parametrize("typed", ["1O1", "#101", "\u0661\u0660\u0661", "1e2", "9" * 30])
def test_a_mistyped_ticket_number_is_said_to_be_none(
    capsys: pytest.CaptureFixture[str], words: list[str], typed: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*words, typed])
    assert ended.value.code == 2
    assert f"{typed!r} is not the number of a ticket: that is digits alone, like 101" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["events", "show", "l2"], "'l2' is not a number: give the digits alone, as the list shows them"),
        (["events", "replay", "3", "4,"], "'4,' is not a number: give the digits alone, as the list shows them"),
        (["events", "list", "--limit", "ten"], "it is a number from 1 to 10000"),
        (["serve", "--port", "864z"], "a port is a number from 0 to 65535"),
    ],
    ids=str,
)
def test_other_numbers_are_told_in_words_too(capsys: pytest.CaptureFixture[str], words: list[str], told: str) -> None:
    with pytest.raises(SystemExit):
        main(words)
    assert told in capsys.readouterr().err
