"""To whom a reply may go."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskgate.desk.errors import DeskError, NoEmailAddress, Suppressed, TicketClosed
from deskgate.desk.recipients import plain_address, recipient_of
from deskgate.desk.text import marked
from deskgate.desk.zendesk import Ticket, User

MAILBOX = "support@desk.example.com"
WHEN = datetime(2026, 1, 28, tzinfo=UTC)
MARIA = User(7, "Maria", "maria@example.com", "end-user", verified=True, active=True, suspended=False)
TICKET = Ticket(101, "kettle", "open", None, (), "email", WHEN, WHEN, 7, None, None, MARIA, "2026-01-28T00:00:00Z")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("maria@example.com", "maria@example.com"),
        ("Maria.Lindqvist+shop@EXAMPLE.com", "Maria.Lindqvist+shop@example.com"),
        ("jörg@exämple.com", "jörg@xn--exmple-cua.com"),
        ("maria@exаmple.com", "maria@xn--exmple-4nf.com"),
        ("maria@ｅxample.com", "maria@example.com"),
    ],
)
def test_one_plain_address_is_taken_and_a_look_alike_domain_shows_what_it_is(text: str, address: str) -> None:
    assert plain_address(text) == address
    assert plain_address(address) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "maria",
        "maria@",
        "@example.com",
        "maria@localhost",
        "maria@[127.0.0.1]",
        "maria@@example.com",
        "maria@example..com",
        "maria@example.com ",
        " maria@example.com",
        "Maria <maria@example.com>",
        "<maria@example.com>",
        "mailto:maria@example.com",
        "maria@example.com,evil@example.net",
        "maria@example.com; evil@example.net",
        "maria@example.com evil@example.net",
        "maria@example.com\r\nBcc: evil@example.net",
        "maria@example.com\nevil@example.net",
        "maria@example.com\x00",
        "maria@example.com%0d%0aBcc:evil@example.net",
        "alice@example.org)bob@evil.example",
        "alice@example.org(bob@evil.example)",
        '"maria lindqvist"@example.com',
        '"maria@example.com"@evil.example',
        '"x\r\nBcc: evil@example.net"@example.com',
        "maria\u200b@example.com",
        "maria\u202e@example.com",
        "maria\ufe0f@example.com",
        "maria\u115f@example.com",
        "maria@exam\u00adple.com ",
        "maria@example.com\u2028evil@example.net",
        "=?utf-8?q?hi=0ABcc:_x?=@example.com",
        "a" * 65 + "@example.com",
        "maria@" + "a" * 250 + ".com",
        "a" * 100_000,
        "maria\ud800@example.com",
        "support@desk.example.com, maria@example.com",
    ],
)
def test_anything_but_one_plain_address_is_none(text: str) -> None:
    assert plain_address(text) is None


@given(
    st.text(max_size=60)
    | st.lists(st.sampled_from(["a", "@", ".", "com", "\r\n", ",", '"', "<", ">", "\u200b", " "])).map("".join)
)
def test_no_text_makes_two_addresses_or_hides_one(text: str) -> None:
    address = plain_address(text)
    if address is not None:
        assert address.count("@") == 1
        assert marked(address) == address
        assert not set(address) & set(" \t\r\n,;<>()\"'\x00")
        assert address.rpartition("@")[2].isascii()


@pytest.mark.parametrize(
    ("ticket", "error"),
    [
        (replace(TICKET, status="closed"), TicketClosed),
        (replace(TICKET, requester=None), NoEmailAddress),
        (replace(TICKET, requester=replace(MARIA, active=False)), NoEmailAddress),
        (replace(TICKET, requester=replace(MARIA, suspended=True)), Suppressed),
        (replace(TICKET, requester=replace(MARIA, email=None)), NoEmailAddress),
        (replace(TICKET, requester=replace(MARIA, email="a@example.com, b@example.com")), NoEmailAddress),
        (replace(TICKET, requester=replace(MARIA, email="Support@Desk.example.com")), NoEmailAddress),
    ],
)
def test_a_ticket_without_anybody_to_write_to_says_why(ticket: Ticket, error: type[DeskError]) -> None:
    with pytest.raises(error) as caught:
        recipient_of(ticket, MAILBOX)
    assert "@" not in caught.value.sentence, "an address is never part of a sentence"


def test_a_reply_goes_to_the_requester() -> None:
    assert recipient_of(TICKET, MAILBOX) == "maria@example.com"
