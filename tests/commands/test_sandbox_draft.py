"""`deskgate sandbox draft`: something to decide on, without any MCP client, through the same gate as any draft."""

import os
from pathlib import Path

import pytest

from deskgate.cli import main
from deskgate.commands.sandbox import AGENT
from deskgate.sandbox.world import World


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith(("ZENDESK_", "MULTIMAIL_", "DESKGATE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DESKGATE_HOME", str(tmp_path))
    world = World.open(tmp_path / "sandbox")
    world.switch("scan_seconds", 0)  # a scan takes its time by the real clock
    world.close()
    return tmp_path


def mails(home: Path) -> tuple[list[str], list[str]]:
    """The states of all mails at MultiMail, and whom a mail went out to."""
    world = World.open(home / "sandbox")
    found = [mail["status"] for mail in world.emails()], [to for mail in world.sent_mails() for to in mail.to]
    world.close()
    return found


def test_a_draft_waits_in_the_queue_until_the_person_at_this_terminal_decides(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sandbox", "draft", "101"]) == 0
    told = capsys.readouterr()
    message_id = told.out.strip()
    assert f"deskgate decide {message_id} approve --sandbox" in told.err
    assert main(["pending", "--sandbox"]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith(message_id))
    assert AGENT in line
    assert mails(home) == (["pending_send_approval"], [])
    assert main(["decide", message_id, "approve", "--yes", "--sandbox"]) == 0
    assert mails(home)[1] == ["maria.lindqvist@example.com"]


@pytest.mark.parametrize("ticket", ["101", "104", "105", "106"])
def test_every_ticket_that_can_be_answered_has_an_example(
    home: Path, capsys: pytest.CaptureFixture[str], ticket: str
) -> None:
    assert main(["sandbox", "draft", ticket]) == 0
    assert f"for ticket {ticket}, " in capsys.readouterr().err


def test_other_words_make_another_reply_and_the_same_words_are_the_same_one(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for body in (["--body", "One."], ["--body", "Two."], ["--body", "One."]):
        assert main(["sandbox", "draft", *body]) == 0
    ids = capsys.readouterr().out.split()
    assert ids[0] == ids[2] != ids[1]
    assert len(mails(home)[0]) == 2


def test_what_was_decided_is_not_offered_again(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sandbox", "draft"]) == 0
    message_id = capsys.readouterr().out.strip()
    assert main(["decide", message_id, "reject", "--yes", "--reason", "Too short", "--sandbox"]) == 0
    capsys.readouterr()
    assert main(["sandbox", "draft"]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert "rejected" in told.err
    assert "--body TEXT" in told.err


@pytest.mark.parametrize(
    ("ticket", "code"), [("102", "no_email_address"), ("103", "ticket_closed"), ("999", "ticket_not_found")]
)
def test_the_gate_refuses_it_as_it_refuses_any_agent(
    home: Path, capsys: pytest.CaptureFixture[str], ticket: str, code: str
) -> None:
    assert main(["sandbox", "draft", ticket]) == 1
    assert capsys.readouterr().err.startswith(f"{code}: ")


def test_an_empty_text_and_an_unknown_fault_are_refused(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sandbox", "draft", "--body", " "]) == 1
    assert capsys.readouterr().err.startswith("bad_input: ")
    assert main(["sandbox", "--fault", "nonsense", "draft"]) == 2
    assert "--fault cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize("beside", [["--port", "8653"], ["--port", "0"], ["--reset"], ["--desk", ""]], ids="-".join)
def test_what_a_draft_cannot_heed_is_refused_before_anything_is_drafted(
    home: Path, capsys: pytest.CaptureFixture[str], beside: list[str]
) -> None:
    assert main(["sandbox", *beside, "draft", "101"]) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"{beside[0]} has no effect on `deskgate sandbox draft`: ")
    assert "DESKGATE_HOME" in told
    assert mails(home) == ([], [])


def test_a_refusal_names_the_command_that_lifts_it_as_it_is_typed_in_the_sandbox(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["suppressions", "add", "maria.lindqvist@example.com", "--reason", "asked", "--sandbox"]) == 0
    capsys.readouterr()
    assert main(["sandbox", "draft", "101"]) == 1
    assert "`deskgate suppressions remove ADDRESS --sandbox`" in capsys.readouterr().err


def test_a_customer_without_a_mail_waits_for_somebody_to_approve_one(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sandbox", "--port", "1", "reply", "101", "Thanks"]) == 1
    assert capsys.readouterr().err == (
        "The customer has nothing to answer: no mail about 101 was delivered so far. First approve a reply to ticket 101: "
        "`deskgate pending --sandbox` shows what waits, `deskgate sandbox draft 101` writes one.\n"
    )


def test_live_settings_are_not_touched_by_it(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESKGATE_SANDBOX", "0")
    assert main(["sandbox", "draft"]) == 0
    assert not (home / "deskgate.sqlite3").exists()
