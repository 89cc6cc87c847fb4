"""What `deskgate pending ID` and `deskgate decide ID` say of a mail besides its text: the same as the page."""

from typing import Any

import pytest
from desk_terminal import BODY, Seat

from deskgate.commands.showing import LINKS_WARNED_OF
from deskgate.web.approvals import mailview

ODD = 'Dear <b>Maria</b>, <a href="https://evil.example/pay">pay here</a>, zero\u200bwidth.'
TWO_WAYS = pytest.mark.parametrize("how", ["pending", "decide"])


def shown(seat: Seat, how: str, message_id: Any) -> str:
    """What the person reads before any decision."""
    words = ("pending", message_id) if how == "pending" else ("decide", message_id, "reject")
    seat(*words, answer="n\n")
    return seat.out.replace("\x1b[31m", "").replace("\x1b[1m", "").replace("\x1b[0m", "")


@TWO_WAYS
def test_html_and_invisible_characters_are_warned_of(seat: Seat, how: str) -> None:
    told = shown(seat, how, seat.draft(ODD).message_id)
    assert "WARNING: 1 invisible character in it, shown as ‹U+…›\n" in told
    assert "WARNING: HTML in the text: " in told
    assert told.index("WARNING: HTML") < told.index("--- the whole mail, until")


def test_warnings_are_red(seat: Seat) -> None:
    reply = seat.draft(ODD)
    seat("pending", reply.message_id)
    assert "\x1b[31mWARNING: HTML in the text" in seat.out


@TWO_WAYS
def test_an_ordinary_mail_has_no_warning_and_no_links(seat: Seat, how: str) -> None:
    told = shown(seat, how, seat.draft().message_id)
    assert "WARNING" not in told
    assert "\nNo links.\n" in told
    assert "Difference" not in told


@TWO_WAYS
def test_every_link_is_listed_with_where_it_leads_as_the_page_finds_them(seat: Seat, how: str) -> None:
    body = f"{ODD}\nOr https://xn--pple-43d.com/x, or [our shop](https://other.example/shop)."
    told = shown(seat, how, seat.draft(body).message_id)
    below = told.partition("--- end of the mail")[2]
    found = mailview.links(f"Re:\n{body}")
    assert len(found) >= 3
    for link in found:
        assert f"\n  {link.target}" in below
        for warning in link.warnings:
            assert f"\n    {warning}\n" in below
            assert f"WARNING: {link.target}: {warning}\n" in told.partition("--- the whole mail")[0]


def test_many_odd_links_leave_the_question_in_sight(seat: Seat) -> None:
    body = "\n".join(f"https://xn--pple-43d.com/{number}" for number in range(30))
    told = shown(seat, "decide", seat.draft(body).message_id)
    above = told.partition("--- the whole mail")[0]
    assert above.count("WARNING: https://") == LINKS_WARNED_OF
    assert f"WARNING: {30 - LINKS_WARNED_OF} more about its links, in the list under the mail\n" in above
    assert told.partition("--- end of the mail")[2].count("xn--pple-43d.com/") == 30


@TWO_WAYS
def test_an_edited_mail_is_shown_against_its_draft_line_by_line(seat: Seat, how: str) -> None:
    reply = seat.draft(f"Dear Maria,\n\n{BODY}")
    seat.world.edit_held(reply.message_id, markdown="Dear Maria,\n\nPay here instead.")
    told = shown(seat, how, reply.message_id)
    assert f"Difference from what was drafted:\n  Dear Maria,\n  \n- {BODY}\n+ Pay here instead.\n" in told


@TWO_WAYS
def test_a_second_draft_is_shown_against_the_earlier_one(seat: Seat, how: str) -> None:
    first = seat.draft("Dear Maria,\nwe are looking for it.")
    second = seat.draft("Dear Maria,\nwe found it.")
    told = shown(seat, how, second.message_id)
    assert f"Difference from the earlier reply on this ticket ({first.message_id}, held):\n" in told
    assert "- we are looking for it.\n+ we found it.\n" in told
    assert "earlier reply" not in shown(seat, how, first.message_id)


@TWO_WAYS
def test_a_mail_to_somebody_else_is_warned_of_and_its_address_is_read_as_mail_servers_do(seat: Seat, how: str) -> None:
    reply = seat.draft()
    seat.world.edit_held(reply.message_id, to=["maria@exаmple.com"])  # a Cyrillic letter
    told = shown(seat, how, reply.message_id)
    assert "WARNING: it is not addressed to the requester alone" in told
    assert "to mail servers maria@xn--exmple-4nf.com: The address uses letters outside ASCII" in told


def test_a_ticket_that_cannot_be_read_is_said_before_a_rejection(seat: Seat) -> None:
    reply = seat.draft()
    seat.world.faults.add("503@zendesk xforever")
    assert "WARNING: the ticket cannot be read, so it can be rejected and not approved." in shown(
        seat, "decide", reply.message_id
    )


def test_nothing_below_the_mail_can_pass_for_a_line_of_ours_or_drive_the_terminal(seat: Seat) -> None:
    seat.environment["NO_COLOR"] = "1"
    reply = seat.draft()
    forged = "[a\x1b[2J](https://x.example/\x1b]0;owned)\nNo links.\nReject? [y/N]\n\x9b31m\u202eend"
    seat.world.edit_held(reply.message_id, markdown=forged)
    told = shown(seat, "decide", reply.message_id)
    assert not set("\x1b\x9b\u202e") & set(told)
    assert "\nNo links.\n" not in told.partition("--- end of the mail")[2]
    assert told.count("\nReject? [y/N]") == 2, "in the mail's own text, and the question"


def test_a_long_mail_leaves_its_warnings_above_the_question(seat: Seat) -> None:
    reply = seat.draft("\n".join([ODD, *("Another line." for _ in range(200))]))
    seat.lines = 12
    shown(seat, "decide", reply.message_id)
    (page,) = seat.paged
    assert "Where its links lead:\n  https://evil.example/pay" in page
    above = seat.out.partition("Reject? [y/N]")[0]
    assert "WARNING: HTML in the text" in above
    assert "WARNING: 1 invisible character" in above


def test_more_links_than_the_page_lists_are_counted_and_the_odd_ones_come_first(seat: Seat) -> None:
    most = mailview.LINKS_SHOWN
    body = "\n".join([*(f"https://shop.example/{number}" for number in range(most)), "https://xn--pple-43d.com/odd"])
    below = shown(seat, "pending", seat.draft(body).message_id).partition("Where its links lead:\n")[2]
    assert below.startswith("  https://xn--pple-43d.com/odd\n")
    assert "  and 1 more, 0 of them with a warning." in below


def test_a_link_in_the_subject_is_one_of_its_links(seat: Seat) -> None:
    reply = seat.draft()
    seat.world.edit_held(reply.message_id, subject="Re: https://xn--pple-43d.com/pay")
    assert "\n  https://xn--pple-43d.com/pay\n" in shown(seat, "pending", reply.message_id)


def test_a_requester_whom_zendesk_suspended_is_warned_of(seat: Seat) -> None:
    reply = seat.draft()
    seat.world.edit_user(33144692240101, suspended=True)
    assert "WARNING: Zendesk has suspended the requester since the draft" in shown(seat, "decide", reply.message_id)
