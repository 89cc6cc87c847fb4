"""Edges of looking at a held reply: what counts as altered, as moved, as redirected, and whose text is shown."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from deskgate.desk.digest import Content, Seen, digest_of
from deskgate.desk.errors import RateLimited, TicketNotFound
from deskgate.desk.look import ENDED, look_at
from deskgate.desk.multimail import Mail, Stage
from deskgate.desk.replies import APPROVING, CANCELLING, HELD, REJECTING, Reply
from deskgate.desk.zendesk import Ticket, User

WHEN = datetime(2026, 1, 28, 12, tzinfo=UTC)
MARIA = User(7, "Maria", "maria@example.com", "end-user", verified=True, active=True, suspended=False)
TICKET = Ticket(101, "kettle", "open", None, (), "email", WHEN, WHEN, 7, None, None, MARIA, "2026-01-28T12:00:00Z")
SEEN = Seen.of(TICKET)
REPLY = Reply(
    id="a" * 32,
    ticket_id=101,
    words="w",
    mailbox="support@desk.example.com",
    recipient="maria@example.com",
    subject="Re: kettle",
    body="Hello",
    seen=SEEN.dump(),
    state=HELD,
    drafted_by="one",
    drafted_at="2026-01-28T12:00:00Z",
    thread_id="thr_1",
    message_id="m",
)


def held(**changes: Any) -> Mail:
    """The draft as MultiMail holds it, but for these changes."""
    plain: dict[str, Any] = dict.fromkeys(Mail.__dataclass_fields__)
    plain |= {"message_id": "m", "to": ("maria@example.com",), "cc": (), "subject": "Re: kettle", "body": "Hello"}
    plain |= {"thread_id": "thr_1", "stage": Stage.HELD, "tags": {}, "attachments": ()}
    return Mail(**plain | changes)


def test_a_draft_as_it_was_drafted_has_nothing_to_tell() -> None:
    look = look_at(REPLY, held(), TICKET)
    assert (look.altered, look.moved, look.redirected, look.own_copy, look.unread) == ((), (), False, False, None)
    assert (look.body, look.footer, look.seen, look.attachments) == ("Hello", "", SEEN, ())
    assert look.digest == digest_of(REPLY, Content.of_draft(REPLY), SEEN)


@pytest.mark.parametrize(
    ("changes", "altered"),
    [
        ({"to": ("x@evil.example",)}, ("recipient",)),
        ({"to": ("maria@example.com", "x@evil.example")}, ("recipient",)),
        ({"to": ()}, ("recipient",)),
        ({"to": (" MARIA@Example.com ",)}, ()),
        ({"cc": ("x@evil.example",)}, ("cc",)),
        ({"cc": None}, ()),
        ({"subject": "Re: mug"}, ("subject",)),
        ({"subject": ""}, ("subject",)),
        ({"subject": None}, ()),
        ({"body": "Hello!"}, ("body",)),
        ({"body": ""}, ("body",)),
        ({"body": None}, ()),
        ({"thread_id": "thr_2"}, ("thread",)),
        ({"thread_id": None}, ()),
        ({"attachments": ("x.exe",)}, ("attachments",)),
        (
            {"to": (), "cc": ("x",), "subject": "x", "body": "x", "thread_id": "x", "attachments": ("x",)},
            ("recipient", "cc", "subject", "body", "thread", "attachments"),
        ),
    ],
)
def test_each_part_that_differs_is_named(changes: dict[str, Any], altered: tuple[str, ...]) -> None:
    look = look_at(REPLY, held(**changes), TICKET)
    assert look.altered == altered
    assert look.redirected is bool({"recipient", "cc"} & set(altered))
    assert look.own_copy is ("body" in changes and changes["body"] is None)
    assert look.attachments == changes.get("attachments", ())


def test_a_thread_that_the_draft_did_not_name_is_no_change() -> None:
    look = look_at(replace(REPLY, thread_id=None), held(), TICKET)
    assert (look.altered, look.content.thread) == ((), "")


def test_where_the_service_shows_no_text_ours_stands_there() -> None:
    look = look_at(REPLY, held(body=None), TICKET)
    assert (look.own_copy, look.body, look.content.body) == (True, "Hello", "Hello")


FOOTED = "Hello\n\n---\nHarbour Lane Goods"


@pytest.mark.parametrize(
    ("known", "body", "altered"),
    [
        (None, FOOTED, ()),
        ("---\nHarbour Lane Goods", FOOTED, ()),
        ("", FOOTED, ("body",)),
        ("---\nHarbour Lane Goods", "Hello", ("body",)),
        ("---\nHarbour Lane Goods", "Hello\n\n---\nPay here", ("body",)),
        ("", "Hello", ()),
    ],
)
def test_a_footer_is_the_services_as_long_as_it_stays_as_it_was_first_seen(
    known: str | None, body: str, altered: tuple[str, ...]
) -> None:
    look = look_at(replace(REPLY, footer=known), held(body=body), TICKET)
    # A text that lost its footer is still the draft's own words.
    assert look.altered == (altered if body != "Hello" else ())
    assert look.body == body
    if altered and body != "Hello":
        assert look.content.body == body


@pytest.mark.parametrize(
    ("ticket", "moved"),
    [
        ({"requester_id": 8}, ("the ticket has another requester",)),
        ({"requester": replace(MARIA, email="new@example.com")}, ("the requester's email address changed",)),
        ({"requester": replace(MARIA, email="MARIA@example.com")}, ()),
        ({"requester": replace(MARIA, email=None)}, ("the requester's email address changed",)),
        ({"requester": None}, ("the requester's email address changed",)),
        ({"status": "solved"}, ("the ticket was solved",)),
        ({"status": "closed"}, ("the ticket was closed",)),
        ({"status": "pending"}, ()),
        (
            {"updated_at": datetime(2026, 1, 28, 13, tzinfo=UTC)},
            ("the ticket was updated at 2026-01-28T13:00:00Z, after this was drafted; read it to see how",),
        ),
        (
            {"updated_at": datetime(2026, 1, 28, 13, tzinfo=UTC), "status": "solved", "requester_id": 8},
            ("the ticket has another requester", "the ticket was solved"),
        ),
    ],
)
def test_what_moved_on_the_ticket_is_told(ticket: dict[str, Any], moved: tuple[str, ...]) -> None:
    assert look_at(REPLY, held(), replace(TICKET, **ticket)).moved == moved
    assert ENDED == ("solved", "closed")


def test_a_ticket_that_was_over_when_it_was_answered_did_not_move() -> None:
    solved = replace(TICKET, status="solved")
    assert look_at(replace(REPLY, seen=Seen.of(solved).dump()), held(), solved).moved == ()


@pytest.mark.parametrize(
    ("state", "what"), [(APPROVING, "an approval"), (REJECTING, "a rejection"), (CANCELLING, "a cancellation")]
)
def test_a_deed_whose_answer_was_lost_is_told(state: str, what: str) -> None:
    look = look_at(replace(REPLY, state=state, attempted_at="2026-01-28T12:01:00Z"), held(), TICKET)
    assert look.moved == (f"{what} was begun at 2026-01-28T12:01:00Z and its answer was lost",)


def test_a_ticket_that_is_gone_or_cannot_be_read_is_remembered_as_it_was() -> None:
    gone = look_at(REPLY, held(), None)
    assert isinstance(gone.unread, TicketNotFound)
    assert gone.unread.facts["ticket_id"] == 101
    assert (gone.seen, gone.moved) == (SEEN, ())
    why = RateLimited("Later.")
    unread = look_at(REPLY, held(), why)
    assert unread.unread is why
    assert unread.seen == SEEN
