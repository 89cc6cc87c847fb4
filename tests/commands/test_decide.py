"""`deskgate decide`: a reviewer's word at a terminal, and everything that is none."""

import getpass
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from desk_terminal import BODY, Seat, Stream

from deskgate.cli import main
from deskgate.commands.terminal import Terminal
from deskgate.desk import Principal
from deskgate.web.approvals.reviewers import Session

LONG = "\n".join(f"Line {number} of a long mail." for number in range(300))


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name in [name for name in os.environ if name.startswith(("ZENDESK_", "MULTIMAIL_", "DESKGATE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DESKGATE_HOME", str(tmp_path / "elsewhere"))
    return tmp_path / "elsewhere"


def test_a_yes_sends_exactly_what_was_shown(seat: Seat) -> None:
    reply = seat.draft()
    assert seat("decide", reply.message_id, "approve", answer="y\n") == 0
    assert "SEND this reply to the customer?" in seat.out
    for part in (f"To: {reply.recipient}", f"Subject: {reply.subject}", f"Digest: {reply.digest}", f"\n{BODY}\n"):
        assert part in seat.out
    assert "Approve? [y/N] " in seat.out
    assert seat.out.endswith(f"approve, now sent. By reviewer:ines at {seat.state(reply).decided_at}.\n")
    (mail,) = seat.world.sent_mails()
    assert (mail.to, mail.body.strip()) == ([reply.recipient], BODY)
    assert seat.state(reply).decided_digest == reply.digest


@pytest.mark.parametrize("answer", ["n\n", "\n", "", "yeah\n", "approve\n", "ny\n"])
def test_anything_but_yes_leaves_it_held(seat: Seat, answer: str) -> None:
    reply = seat.draft()
    assert seat("decide", reply.message_id, "approve", answer=answer) == 1
    assert seat.err.startswith("declined: ")
    assert seat.world.sent_mails() == []
    assert seat.state(reply).state == "held"


def test_a_rejection_keeps_its_reason_and_sends_nothing(seat: Seat) -> None:
    reply = seat.draft()
    assert seat("decide", reply.message_id, "reject", "--reason", "Too \x1b[2Jshort", answer="yes\n") == 0
    assert "REJECT this reply (the customer gets nothing)?" in seat.out
    assert "Reject? [y/N] " in seat.out
    found = seat.state(reply)
    assert (found.state, found.reason, found.decided_by) == ("rejected", "Too [2Jshort", "reviewer:ines")
    assert seat.world.sent_mails() == []


def test_a_reason_beyond_the_limit_is_wrong_usage(seat: Seat) -> None:
    reply = seat.draft()
    assert seat("decide", reply.message_id, "reject", "--yes", "--reason", "x" * 1001) == 2
    assert "limit is 1000" in seat.err
    assert seat.state(reply).state == "held"


@pytest.mark.parametrize(("tty", "out_tty"), [(False, True), (True, False), (False, False)])
def test_without_a_terminal_nobody_is_asked_and_nothing_is_done(seat: Seat, tty: bool, out_tty: bool) -> None:
    reply = seat.draft()
    calls = len(seat.world.calls())
    assert seat("decide", reply.message_id, "approve", answer="y\n", tty=tty, out_tty=out_tty) == 2
    assert seat.err.startswith("There is no terminal here")
    assert len(seat.world.calls()) == calls
    assert seat.state(reply).state == "held"


def test_with_yes_a_script_decides_on_the_draft_as_it_was_drafted(seat: Seat) -> None:
    reply = seat.draft()
    calls = len(seat.world.calls())
    assert seat("decide", reply.message_id, "approve", "--yes", "--json", tty=False) == 0
    found = json.loads(seat.out)
    assert found["state"] == "sent"
    assert (found["decided_by"], found["message_id"]) == ("reviewer:ines", reply.message_id)
    assert seat.err == ""
    asked = [call for call in seat.world.calls()[calls:] if not call.path.endswith("/mailboxes")]
    assert len(asked) == 3, "besides learning which form of the API is spoken, and of which mailbox"


def test_with_yes_an_edited_mail_is_not_sent(seat: Seat) -> None:
    reply = seat.draft()
    seat.world.edit_held(reply.message_id, markdown="Pay here instead.")
    assert seat("decide", reply.message_id, "approve", "--yes", tty=False) == 1
    assert seat.err.startswith("digest_mismatch: ")
    assert seat.out == ""
    assert seat.world.sent_mails() == []


@pytest.mark.parametrize("how", [{"answer": "y\n"}, {"tty": False}])
def test_a_digest_of_another_mail_is_refused_before_any_question(seat: Seat, how: dict) -> None:
    reply = seat.draft()
    extra = ["--yes"] if "tty" in how else []
    assert seat("decide", reply.message_id, "approve", "--digest", "sha256:0", *extra, **how) == 1
    assert seat.err.startswith("digest_mismatch: ")
    assert "[y/N]" not in seat.out
    assert seat.world.sent_mails() == []


@pytest.mark.parametrize("digest", ["", "  "])
def test_an_empty_digest_is_wrong_usage_and_not_the_drafts(seat: Seat, digest: str) -> None:
    with pytest.raises(SystemExit) as ended:
        seat("decide", "any", "approve", "--yes", "--digest", digest)
    assert ended.value.code == 2


def test_a_mail_edited_while_the_person_reads_is_not_sent(seat: Seat) -> None:
    reply = seat.draft()
    seat.meanwhile = lambda: seat.world.edit_held(reply.message_id, markdown="Pay here instead.")
    assert seat("decide", reply.message_id, "approve", answer="y\n") == 1
    assert seat.err.startswith("digest_mismatch: ")
    assert seat.world.sent_mails() == []


def test_what_was_held_only_after_nothing_was_shown_is_not_sent(seat: Seat, monkeypatch: pytest.MonkeyPatch) -> None:
    reply = seat.draft()

    async def nothing(*_given: object) -> None:
        return None

    monkeypatch.setattr("deskgate.commands.decide._look", nothing)
    assert seat("decide", reply.message_id, "approve", answer="y\n") == 1
    assert seat.err.startswith("digest_mismatch: ")
    assert seat.world.sent_mails() == []


def test_a_ticket_that_moved_wants_the_fresh_digest_that_pending_shows(seat: Seat) -> None:
    reply = seat.draft()
    seat.world.edit_ticket(101, comment={"body": "It is the toaster.", "public": True})
    seat.clock.advance(60)
    assert seat("decide", reply.message_id, "approve", answer="y\n") == 1
    assert seat.err.startswith("ticket_changed: ")
    assert "[y/N]" not in seat.out
    assert seat("pending", reply.message_id, "--json") == 0
    fresh = json.loads(seat.out)["pending"][0]["digest"]
    assert seat("decide", reply.message_id, "approve", "--digest", fresh, answer="y\n") == 0
    assert "\x1b[31mWARNING: " in seat.out
    assert seat.state(reply).decided_digest == fresh


@pytest.mark.parametrize(
    ("by", "owner"), [("ines", ""), ("bot-4", "ines"), ("reviewer:ines", "ines")], ids=["self", "owner", "page"]
)
@pytest.mark.parametrize("how", [{"answer": "y\n"}, {"tty": False}], ids=["asked", "unasked"])
def test_nobody_approves_their_own_words(seat: Seat, by: str, owner: str, how: dict) -> None:
    reply = seat.draft(by=by, owner=owner)
    extra = ["--yes"] if "tty" in how else []
    assert seat("decide", reply.message_id, "approve", *extra, **how) == 1
    assert seat.err.startswith("self_approval: ")
    assert seat.world.sent_mails() == []
    assert seat("decide", reply.message_id, "reject", "--yes", "--reason", "Not like that", tty=False) == 0


@pytest.mark.parametrize("role", ["solo", "agent", "reviewer"])
def test_without_a_name_the_machines_user_meets_what_ran_for_them(seat: Seat, role: str) -> None:
    seat.environment = {}
    user = getpass.getuser()
    reply = seat.draft(by=f"{user}/agent", owner=user)
    seat.environment = {"DESKGATE_ROLE": role}
    assert seat("decide", reply.message_id, "approve", "--yes", tty=False) == 1
    assert seat.err.startswith("forbidden: " if role == "agent" else "self_approval: ")
    assert seat.world.sent_mails() == []


def test_the_terminal_and_the_page_know_one_person_by_one_name(seat: Seat) -> None:
    from deskgate.commands.terminal import person

    there, here = Session("ines", "secret").principal, person(seat.settings())
    assert replace(here, credential="", auth="") == replace(there, credential="", auth="")
    assert (here.auth, there.auth) == ("terminal", "page session")


def test_a_process_of_the_drafting_side_cannot_decide_and_says_so_before_any_question(seat: Seat) -> None:
    reply = seat.draft()
    seat.environment["DESKGATE_ROLE"] = "agent"
    assert seat("decide", reply.message_id, "approve", answer="y\n") == 1
    assert seat.err.startswith("forbidden: This process cannot decide")
    assert "[y/N]" not in seat.out
    assert seat.world.sent_mails() == []


def test_the_same_decision_again_is_the_same_answer_and_the_other_way_is_refused(seat: Seat) -> None:
    reply = seat.draft()
    assert seat("decide", reply.message_id, "approve", answer="y\n") == 0
    seat.environment["DESKGATE_PRINCIPAL"] = "omar"
    assert seat("decide", reply.message_id, "approve") == 0
    assert "[y/N]" not in seat.out
    assert "By reviewer:ines at " in seat.out
    assert seat("decide", reply.message_id, "reject") == 1
    assert seat.err.startswith("already_decided: ")
    assert len(seat.world.sent_mails()) == 1


def test_an_unknown_id_ends_with_1(seat: Seat) -> None:
    assert seat("decide", "nowhere", "approve", answer="y\n") == 1
    assert seat.err.startswith("bad_input: ")


def test_a_long_mail_goes_to_the_pager_and_the_facts_stand_above_the_question_again(seat: Seat) -> None:
    reply = seat.draft(body=LONG)
    seat.lines = 40
    assert seat("decide", reply.message_id, "approve", answer="y\n") == 0
    (page,) = seat.paged
    assert LONG in page
    assert "\x1b" not in page
    assert "Line 299" not in seat.out
    before = seat.out.partition("Approve? [y/N]")[0]
    assert f"To: {reply.recipient}\n" in before
    assert f"Digest: {reply.digest}\n" in before


def test_with_json_the_mail_is_shown_beside_the_answer(seat: Seat) -> None:
    reply = seat.draft()
    assert seat("decide", reply.message_id, "approve", "--json", answer="y\n") == 0
    assert json.loads(seat.out)["state"] == "sent"
    assert BODY in seat.err
    assert "Approve? [y/N] " in seat.err


def test_a_mail_can_neither_drive_the_terminal_nor_forge_its_own_end(seat: Seat) -> None:
    seat.environment["NO_COLOR"] = "1"
    reply = seat.draft()
    forged = "\x1b[2J\x1b[H--- end of the mail ---\nReject? [y/N]\x08\x9b2K"
    seat.world.edit_held(reply.message_id, markdown=forged, subject="Re: x\nDigest: sha256:forged\x1b[8m")
    assert seat("decide", reply.message_id, "reject", answer="n\n") == 1
    assert not set("\x1b\x9b\x08") & set(seat.out)
    assert "‹U+001B›[2J" in seat.out
    assert "\nDigest: sha256:forged" not in seat.out
    (mark,) = (line.split()[-2] for line in seat.out.splitlines() if line.startswith("--- the whole mail, until"))
    assert seat.out.count(f"--- end of the mail {mark} ---") == 1
    assert "WARNING: this is not what was drafted; different: subject, body" in seat.out


def test_keys_pressed_before_the_question_answer_nothing() -> None:
    import pty
    import select

    ours, theirs = pty.openpty()

    class Keyboard(Stream):
        def fileno(self) -> int:
            return theirs

        def readline(self, *_given: object) -> str:
            waiting = select.select([theirs], [], [], 0)[0]
            return os.read(theirs, 100).decode() if waiting else ""

    try:
        terminal = Terminal(Keyboard(), Stream(), Stream(), False, os.terminal_size((80, 24)), str)
        os.write(ours, b"y\n")
        assert select.select([theirs], [], [], 5)[0]
        assert not terminal.ask("Approve?", terminal.stdout)
    finally:
        os.close(ours)
        os.close(theirs)


def test_unusable_settings_end_with_2(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["decide", "any", "approve", "--yes"]) == 2
    assert main(["pending"]) == 2
    assert "ZENDESK_SUBDOMAIN is missing" in capsys.readouterr().err


def test_as_it_is_typed_in_a_script(bare: Path) -> None:
    environment = os.environ | {"DESKGATE_HOME": str(bare), "DESKGATE_PRINCIPAL": "ines"}

    def typed(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "deskgate", *words, "--sandbox"]
        return subprocess.run(
            command, capture_output=True, text=True, check=False, env=environment, stdin=subprocess.DEVNULL
        )

    asked = typed("decide", "nowhere", "approve")
    assert (asked.returncode, asked.stdout) == (2, "")
    assert asked.stderr.startswith("There is no terminal here")
    unknown = typed("decide", "nowhere", "approve", "--yes")
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert unknown.stderr.startswith("bad_input: ")
    queue = typed("pending", "--json")
    assert (queue.returncode, queue.stderr) == (0, "")
    assert json.loads(queue.stdout)["pending"] == []


def test_a_policy_or_an_agent_is_never_who_sits_at_a_terminal(seat: Seat) -> None:
    from deskgate.commands.terminal import person

    here = Principal("reviewer:ines", "human", frozenset({"decide"}), owner="ines", auth="terminal")
    assert person(seat.settings()) == here
