"""`deskgate pending`: what a reviewer at a terminal sees of the queue."""

import json
import os

import pytest
from desk_terminal import BODY, Seat, Stream

from audit.agreement import records_of
from deskgate import settings
from deskgate.commands.terminal import Line, Terminal, width

REQUESTER_OF_101 = 33144692240101
ATTACK = "\x1b]0;owned\x07\x1b[2J\x9b31m\r\u202eapproved"


def test_an_empty_queue_is_said_in_words(seat: Seat) -> None:
    assert seat("pending") == 0
    assert seat.out == "No reply waits for a decision.\n"
    assert seat.err == ""


def test_the_table_speaks_of_the_ticket(seat: Seat) -> None:
    reply = seat.draft()
    seat.clock.advance(3 * 3600)
    assert seat("pending") == 0
    heading, line, blank, *foot = seat.out.splitlines()
    assert heading.replace("\x1b[1m", "").replace("\x1b[0m", "").split("  ")[0] == "ID"
    ticket, person = seat.world.ticket(101), seat.world.user(REQUESTER_OF_101)
    cells = [cell.strip() for cell in line.split("  ") if cell.strip()]
    assert cells == [
        reply.message_id,
        "101",
        ticket["status"],
        ticket["priority"] or "-",
        "3 h",
        person["name"],
        "agent-7",
        "-",
    ]
    assert blank == ""
    assert foot == [
        "1 of 1 waiting reply.",
        "To decide: `deskgate decide ID approve --sandbox`, or `deskgate decide ID reject --sandbox`",
    ]
    assert BODY not in seat.out


def test_a_ticket_narrows_it(seat: Seat) -> None:
    first, second = seat.draft(ticket=101), seat.draft(ticket=104)
    assert seat("pending", "--ticket", "104") == 0
    assert second.message_id in seat.out
    assert first.message_id not in seat.out


def test_a_ticket_that_moved_is_stale_and_says_why(seat: Seat) -> None:
    seat.draft()
    seat.world.edit_ticket(101, status="solved")
    assert seat("pending") == 0
    line, why = seat.out.splitlines()[1:3]
    assert line.startswith("\x1b[31m")
    assert "stale" in line
    assert why == "    the ticket was solved"


@pytest.mark.parametrize("how", [["--full"], ["MESSAGE"]])
def test_the_whole_mail_is_shown_where_it_is_asked_for(seat: Seat, how: list[str]) -> None:
    reply = seat.draft(body=f"{BODY}\nZero\u200bwidth.")
    typed = [reply.message_id if word == "MESSAGE" else word for word in how]
    assert seat("pending", *typed) == 0
    assert f"To: {reply.recipient}\nSubject: {reply.subject}\n" in seat.out
    assert f"Digest: {reply.digest}\n" in seat.out
    assert f"{BODY}\nZero‹U+200B›width." in seat.out


SHOWING = ["--full"], ["--json"], ["MESSAGE"]


@pytest.mark.parametrize("how", [[], *SHOWING], ids=["table", "full", "json", "one"])
def test_only_a_mail_whose_text_was_on_the_screen_is_on_record_as_shown(seat: Seat, how: list[str]) -> None:
    chosen, other = seat.draft("First words.", 101), seat.draft("Second words.", 104)
    assert seat("pending", *(chosen.message_id if word == "MESSAGE" else word for word in how)) == 0
    records = seat.at_desk(lambda desk: records_of(desk.core.store))
    shown = {one["obj"]["reply"] for one in records if one["ev"] == "email.show"}
    assert shown == {one.id for one in (chosen, other) if one.body in seat.out}
    assert bool(shown) == bool(how)


def test_reading_the_queue_keeps_no_older_look_at_a_mail_alive(seat: Seat) -> None:
    reply = seat.draft()
    assert seat("pending", reply.message_id) == 0
    seat.clock.advance(24 * 3600)
    assert seat("pending") == 0
    assert seat("decide", reply.message_id, "approve", "--digest", reply.digest, "--yes") == 1
    assert "was not shown to you within the last 24 hours" in seat.err


def test_what_multimail_appended_is_found_by_deskgate_and_not_done_by_whoever_lists(seat: Seat) -> None:
    seat.draft()
    seat("pending")
    records = seat.at_desk(lambda desk: records_of(desk.core.store))
    found = [one["actor"] for one in records if one["ev"] == "email.pending"][-1]
    assert (found["kind"], found["id"]) == ("system", "deskgate")


def test_one_of_several_is_shown_alone(seat: Seat) -> None:
    first, second = seat.draft("First words.", 101), seat.draft("Second words.", 104)
    assert seat("pending", second.message_id) == 0
    assert "Second words." in seat.out
    assert "First words." not in seat.out
    assert first.message_id not in seat.out


def test_an_id_that_does_not_wait_ends_with_1(seat: Seat) -> None:
    assert seat("pending", "nowhere") == 1
    assert seat.out == ""
    assert seat.err.startswith("bad_input: No reply with that id waits")


def test_for_scripts_it_is_one_json_document_with_whole_mails(seat: Seat) -> None:
    reply = seat.draft()
    assert seat("pending", "--json") == 0
    found = json.loads(seat.out)
    assert found["total"] == 1
    (only,) = found["pending"]
    assert (only["message_id"], only["body"], only["digest"]) == (reply.message_id, BODY, reply.digest)
    assert "\x1b" not in seat.out


@pytest.mark.parametrize("how", [[], ["--full"], ["--json"]])
def test_no_text_from_outside_drives_the_terminal(seat: Seat, how: list[str]) -> None:
    seat.environment["NO_COLOR"] = "1"
    reply = seat.draft(by="agent\x1b[2J")
    seat.world.edit_user(REQUESTER_OF_101, name=f"Zoë {ATTACK}")
    seat.world.edit_held(reply.message_id, subject=f"Re: {ATTACK}\nTo: nobody", markdown=ATTACK)
    assert seat("pending", *how) == 0
    assert reply.message_id in seat.out
    assert [char for char in "\x1b\x07\x9b\r\u202e" if char in seat.out + seat.err] == []
    assert "\nTo: nobody" not in seat.out


@pytest.mark.parametrize("kind", ["stdin", "stdout", "stderr"])
def test_the_last_door_marks_whatever_comes_to_it(kind: str) -> None:
    streams = {name: Stream() for name in ("stdin", "stdout", "stderr")}
    paged: list[str] = []
    terminal = Terminal(**streams, colour=False, size=os.terminal_size((80, 4)), page=paged.append)
    terminal.show([Line(ATTACK)], streams["stdout"])
    terminal.show([Line(ATTACK)] * 9, streams["stdout"])
    terminal.give(ATTACK)
    terminal.complain(ATTACK)
    terminal.ask(ATTACK, streams["stdout"])
    everything = "".join([*paged, *(stream.getvalue() for stream in streams.values())])
    assert everything.count("‹U+001B›") == 2 * 13
    assert not set("\x1b\x07\x9b\r\u202e") & set(everything)


def test_what_does_not_fit_goes_to_the_pager_without_colours(seat: Seat) -> None:
    seat.draft()
    seat.world.edit_ticket(101, status="solved")
    seat.lines = 5
    assert seat("pending") == 0
    assert seat.out == ""
    (page,) = seat.paged
    assert page.startswith("ID  ")
    assert "\x1b" not in page


def test_a_long_line_counts_as_the_rows_it_takes(seat: Seat) -> None:
    seat.draft(body="many words " * 500)
    seat.lines = 40
    assert seat("pending", "--full") == 0
    assert len(seat.paged) == 1


def test_into_a_pipe_it_is_neither_paged_nor_coloured(seat: Seat) -> None:
    seat.draft()
    seat.lines = 5
    assert seat("pending", tty=False) == 0
    assert seat.out.startswith("ID  ")
    assert "\x1b" not in seat.out
    assert seat.paged == []


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)
def test_no_color_is_respected(seat: Seat, environment: dict[str, str], coloured: bool) -> None:
    seat.draft()
    seat.environment |= environment
    assert seat.settings().colour is coloured
    assert seat("pending") == 0
    assert ("\x1b" in seat.out) is coloured


def test_any_value_of_no_color_counts_but_the_empty_one(seat: Seat) -> None:
    given = {"DESKGATE_HOME": str(seat.folder)}
    assert settings.read({**given, "NO_COLOR": " "}, sandbox=True).colour is False


def test_letters_of_two_columns_and_of_none_keep_the_table_straight() -> None:
    assert [width(text) for text in ("abc", "日本", "é")] == [3, 4, 1]


def test_a_service_that_is_away_ends_with_1_and_its_code(seat: Seat) -> None:
    from deskgate.sandbox.faults import parse_fault

    seat.draft()
    seat.world.faults.replace([parse_fault("503@multimail xforever")])
    assert seat("pending") == 1
    assert seat.err.startswith("upstream_unavailable: ")
