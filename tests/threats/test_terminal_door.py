"""Threats at the terminal."""

from pathlib import Path

import pytest
from desk_terminal import BODY, Seat
from hostile_texts import HIDDEN, MARKUP, TRICKS, mail

from deskgate.desk.multimail.mail import Draft
from deskgate.sandbox.world import World
from fakes import FakeClock


@pytest.fixture
def seat(tmp_path: Path) -> Seat:
    clock = FakeClock()
    return Seat(tmp_path / "home", World.open(tmp_path / "world", clock.now), clock, {"DESKGATE_PRINCIPAL": "ines"})


@pytest.mark.parametrize("to", [["evil@evil.example"], ["maria.lindqvist@example.com", "evil@evil.example"]])
@pytest.mark.parametrize("how", [{"answer": "y\n"}, {"tty": False}], ids=["asked", "unasked"])
def test_t1_a_mail_that_was_readdressed_is_not_approved(seat: Seat, to: list[str], how: dict) -> None:
    reply = seat.draft()
    seat.world.edit_held(reply.message_id, to=to)
    extra = ["--yes"] if "tty" in how else []
    assert seat("decide", reply.message_id, "approve", *extra, **how) == 1
    assert seat.err.startswith("digest_mismatch: The held mail is no longer addressed")
    assert seat.world.sent_mails() == []


def test_t6_a_held_mail_that_names_another_ticket_is_decided_by_our_record(seat: Seat) -> None:
    reply = seat.draft()
    seat.at_desk(lambda desk: desk.core.outbox.tag(reply.message_id, {"zendesk_ticket_id": "104"}))
    seat.world.edit_ticket(101, comment={"body": "I have it.", "public": True})
    seat.clock.advance(60)
    assert seat("decide", reply.message_id, "approve", "--yes", tty=False) == 1
    assert seat.err.startswith("ticket_changed: Since this was seen: 1 new public comment")
    assert seat.world.sent_mails() == []


@pytest.mark.parametrize("digest", [False, True])
def test_t8_yesterdays_digest_in_a_script_approves_nothing(seat: Seat, digest: bool) -> None:
    reply = seat.draft()
    seat("pending", reply.message_id)
    seat.clock.advance(24 * 3600)
    given = ["--digest", reply.digest] if digest else []
    assert seat("decide", reply.message_id, "approve", "--yes", *given, tty=False) == 1
    assert seat.err.startswith("digest_mismatch: This mail was not shown to you within the last 24 hours")
    assert seat.world.sent_mails() == []
    # Asked at the terminal, the person is shown it first.
    assert seat("decide", reply.message_id, "approve", answer="y\n") == 0


def test_t8_a_question_that_was_left_standing_for_a_day_is_no_approval(seat: Seat) -> None:
    reply = seat.draft()
    seat.meanwhile = lambda: seat.clock.advance(24 * 3600)
    assert seat("decide", reply.message_id, "approve", answer="y\n") == 1
    assert seat.err.startswith("digest_mismatch: ")
    assert seat.world.sent_mails() == []


@pytest.mark.parametrize("colour", [{}, {"NO_COLOR": "1"}])
def test_t10_three_hundred_tricks_are_marked_at_the_terminal(seat: Seat, colour: dict[str, str]) -> None:
    seat.environment |= colour
    seat.lines = 5000
    reply = seat.draft()
    seat.world.edit_held(reply.message_id, markdown=mail())
    assert seat("decide", reply.message_id, "reject", answer="n\n") == 1
    lines = seat.out.split("\n")
    first = next(n for n, line in enumerate(lines) if line.startswith("--- the whole mail")) + 1
    shown = lines[first : first + len(TRICKS)]
    for trick, line in zip(TRICKS, shown, strict=True):
        assert line != trick.passes_for
        assert "‹U+" in line
        assert not set(HIDDEN) & set(line)
    assert lines[first + len(TRICKS) :][: len(MARKUP)] == MARKUP


def test_t10_the_pager_gets_the_same_marks(seat: Seat) -> None:
    seat.lines = 40
    reply = seat.draft()
    seat.world.edit_held(reply.message_id, markdown=mail())
    assert seat("decide", reply.message_id, "reject", answer="n\n") == 1
    (page,) = seat.paged
    assert page.count("‹U+") >= len(TRICKS)
    assert not set(HIDDEN) & set(page)


def test_t22_a_guess_and_somebody_elses_mail_get_the_same_answer(seat: Seat) -> None:
    reply = seat.draft()
    theirs = Draft("evil@evil.example", "evil", "evil", 104, "open", "a-key-of-theirs")
    foreign = seat.at_desk(lambda desk: desk.core.outbox.submit(theirs)).message_id
    seat.clock.advance(60)
    told = []
    for message_id in (foreign, reply.message_id[:-4] + "0000"):
        codes = [seat("decide", message_id, "approve", "--yes", tty=False), seat.err]
        codes += [seat("decide", message_id, "reject", "--reason", "no", "--yes", tty=False), seat.err]
        codes += [seat("decide", message_id, "approve", answer="y\n"), seat.err, seat.out]
        codes += [seat("pending", message_id), seat.err, seat.out]
        told.append(codes)
    assert told[0] == told[1]
    assert "evil" not in str(told)
    assert seat("pending") == 0
    assert BODY not in seat.out
    assert seat.world.sent_mails() == []
