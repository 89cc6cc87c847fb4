"""`deskgate decide … reject`: nobody sends a reply back without saying why."""

import pytest
from desk_terminal import Seat


@pytest.mark.parametrize("given", [[], ["--reason", ""], ["--reason", " \t "], ["--reason", "\u200b\u2060"]])
def test_a_script_that_gives_no_reason_rejects_nothing_and_is_told_how(seat: Seat, given: list[str]) -> None:
    reply = seat.draft()
    calls = len(seat.world.calls())
    assert seat("decide", reply.message_id, "reject", "--yes", *given, tty=False) == 2
    assert seat.err.startswith("A rejection needs a reason: ")
    assert "--reason" in seat.err
    assert len(seat.world.calls()) == calls
    assert seat.state(reply).state == "held"


@pytest.mark.parametrize("given", ["", "  ", "\u200b"])
def test_an_empty_reason_is_refused_before_any_question(seat: Seat, given: str) -> None:
    reply = seat.draft()
    assert seat("decide", reply.message_id, "reject", "--reason", given, answer="y\n") == 2
    assert "[y/N]" not in seat.out
    assert seat.state(reply).state == "held"


def test_a_person_who_gave_none_is_asked_why_after_their_yes(seat: Seat) -> None:
    reply = seat.draft()
    assert seat("decide", reply.message_id, "reject", answer="y\nThe order number is wrong \n") == 0
    question, why = seat.out.index("Reject? [y/N]"), seat.out.index("Why? Whoever wrote it reads this:")
    assert question < why
    found = seat.state(reply)
    assert (found.state, found.reason) == ("rejected", "The order number is wrong")


@pytest.mark.parametrize("typed", ["", "\n", "   \n", "\u200b\n"])
def test_a_person_who_says_nothing_then_leaves_it_held(seat: Seat, typed: str) -> None:
    reply = seat.draft()
    assert seat("decide", reply.message_id, "reject", answer=f"y\n{typed}") == 1
    assert seat.err.startswith("bad_input: A rejection needs a reason: ")
    assert "Nothing was changed." in seat.err
    assert seat.state(reply).state == "held"


def test_a_typed_reason_beyond_the_limit_leaves_it_held(seat: Seat) -> None:
    reply = seat.draft()
    assert seat("decide", reply.message_id, "reject", answer=f"y\n{'x' * 1001}\n") == 1
    assert "the limit is 1000" in seat.err
    assert seat.state(reply).state == "held"


def test_a_no_is_not_asked_why(seat: Seat) -> None:
    reply = seat.draft()
    assert seat("decide", reply.message_id, "reject", answer="n\nbecause\n") == 1
    assert "Why?" not in seat.out
    assert seat.state(reply).state == "held"


@pytest.mark.parametrize("given", [[], ["--reason", ""]])
def test_an_approval_needs_no_reason(seat: Seat, given: list[str]) -> None:
    reply = seat.draft()
    assert seat("decide", reply.message_id, "approve", "--yes", *given, tty=False) == 0
    assert seat.state(reply).reason is None


def test_what_is_decided_already_is_not_asked_about(seat: Seat) -> None:
    reply = seat.draft()
    assert seat("decide", reply.message_id, "approve", answer="y\n") == 0
    assert seat("decide", reply.message_id, "reject") == 1
    assert "Why?" not in seat.out
    assert seat.err.startswith("already_decided: ")
