"""Reading mails whatever names, envelopes and times they come in."""

from datetime import UTC, datetime
from typing import Any

import pytest
from mail_service import ADDRESS, ANA, BOX, TEXT, outbox_of, oversight_of

from deskgate.desk.errors import UpstreamUnavailable
from deskgate.desk.multimail import Stage
from deskgate.desk.wire import Missing

pytestmark = pytest.mark.anyio

EMAIL = f"GET /v1/mailboxes/{BOX}/emails/m_1"
NINE = "2026-01-28T09:00:00Z"
FULL: dict[str, Any] = {
    "id": "m_1",
    "from": ADDRESS,
    "to": [ANA],
    "cc": [],
    "subject": "Re: Parcel",
    "received_at": NINE,
    "thread_id": "t_1",
    "markdown": TEXT,
    "status": "pending_send_approval",
    "approved_at": None,
    "approved_by": None,
    "delivered_at": None,
    "bounced_at": None,
    "bounce_type": None,
    "tags": {"zendesk_ticket_id": "101", "deskgate_draft": "d_1"},
}


async def read(**changes: Any):
    outbox, _ = outbox_of({EMAIL: FULL | changes})
    return await outbox.read("m_1")


@pytest.mark.parametrize(
    ("facts", "stage"),
    [
        ({"status": "pending_scan"}, Stage.SCANNING),
        ({"status": "pending_send_approval"}, Stage.HELD),
        ({"status": "pending_approval"}, Stage.HELD),
        ({"status": "rejected"}, Stage.REJECTED),
        ({"status": "rejected", "approved_at": NINE}, Stage.REJECTED),
        ({"status": "cancelled"}, Stage.CANCELLED),
        ({"status": "send_failed", "approved_at": NINE}, Stage.FAILED),
        ({"status": "approved_and_sent"}, Stage.SENT),
        ({"status": "read", "approved_at": NINE}, Stage.SENT),
        ({"status": None, "approved_at": NINE}, Stage.SENT),
        ({"status": "read", "approved_at": NINE, "delivered_at": NINE}, Stage.DELIVERED),
        ({"status": "who_knows", "delivered_at": 1769590800000}, Stage.DELIVERED),
        ({"status": "read", "delivered_at": NINE, "bounced_at": NINE}, Stage.BOUNCED),
        ({"status": "who_knows"}, Stage.UNKNOWN),
        ({"status": "who_knows", "approved_at": NINE}, Stage.UNKNOWN),
        ({"status": "scheduled", "approved_at": NINE}, Stage.UNKNOWN),
        ({"status": "already_sent"}, Stage.UNKNOWN),
        ({"status": None}, Stage.UNKNOWN),
        ({"status": "read"}, Stage.UNKNOWN),
        ({"status": "read", "approved_at": "no time"}, Stage.UNKNOWN),
        ({"status": {"odd": 1}}, Stage.UNKNOWN),
        ({"status": "unread", "from": ANA}, Stage.INBOUND),
        ({"status": "pending_inbound_approval", "from": ANA}, Stage.INBOUND),
        ({"status": "who_knows", "from": ANA}, Stage.INBOUND),
        ({"status": "unread", "from": None}, Stage.INBOUND),
    ],
)
async def test_a_stage_is_what_status_and_times_prove_together(facts: dict[str, Any], stage: Stage):
    assert (await read(**facts)).stage is stage


async def test_a_mail_is_read_whole():
    mail = await read(cc=["Cee <cee@example.org>"], approved_at=1769590800000, approved_by="key_7", extra={"odd": True})
    assert (mail.message_id, mail.sender, mail.to, mail.cc) == ("m_1", ADDRESS, (ANA,), ("cee@example.org",))
    assert (mail.subject, mail.body, mail.thread_id) == ("Re: Parcel", TEXT, "t_1")
    assert mail.created_at == mail.approved_at == datetime(2026, 1, 28, 9, tzinfo=UTC)
    assert (mail.approved_by, mail.ticket_id, mail.key) == ("key_7", 101, "d_1")


@pytest.mark.parametrize(
    ("sender", "direction"),
    [(ADDRESS, "outbound"), (f"Desk <{ADDRESS.upper()}>", "outbound"), (ANA, "inbound"), (None, None)],
)
async def test_a_direction_that_the_answer_does_not_name_follows_from_the_sender(sender: Any, direction: Any):
    assert (await read(**{"from": sender})).direction == direction


@pytest.mark.parametrize(
    ("to", "read_as"),
    [
        (ANA, (ANA,)),
        ("ana@example.com, Ben <ben@example.com>", (ANA, "ben@example.com")),
        ([ANA, {"email": "ben@example.com"}], (ANA, "ben@example.com")),
        ('"ana@example.com" <mallory@example.net>', ("mallory@example.net",)),
        ("not an address", ("not an address",)),
        ("ana@example.com, mallory", ("ana@example.com, mallory",)),
        (["", None], ()),
        (None, ()),
    ],
)
async def test_recipients_come_as_text_or_list_and_none_is_ever_hidden(to: Any, read_as: tuple[str, ...]):
    assert (await read(to=to)).to == read_as


async def test_cc_is_none_where_the_form_does_not_say():
    outbox, _ = outbox_of({EMAIL: {name: value for name, value in FULL.items() if name != "cc"}})
    assert (await outbox.read("m_1")).cc is None
    assert (await read(cc=None)).cc == ()


@pytest.mark.parametrize("wrap", [lambda mail: {"email": mail}, lambda mail: {"data": mail}, lambda mail: mail])
async def test_one_mail_may_come_in_a_wrapper(wrap: Any):
    outbox, _ = outbox_of({EMAIL: wrap(FULL)})
    assert (await outbox.read("m_1")).subject == "Re: Parcel"


async def test_half_a_surrogate_pair_does_not_break_what_stores_it_and_nul_stays_where_it_is_shown():
    mail = await read(subject="\ud800 Re", markdown="a\udc00\0\n😀")
    assert (mail.subject, mail.body) == ("\ufffd Re", "a\ufffd\0\n😀")


@pytest.mark.parametrize("mail_id", ["m_2", None, {"odd": 1}])
async def test_another_mail_than_the_one_asked_for_is_no_answer(mail_id: Any):
    with pytest.raises(UpstreamUnavailable):
        await read(id=mail_id)


async def test_a_mail_that_is_not_there_is_missing():
    outbox, _ = outbox_of({})
    with pytest.raises(Missing):
        await outbox.read("m_1")


@pytest.mark.parametrize("ticket", [True, -5, 1.5, "zd-101", "1" * 30, "١٠١", None, ["101"]])
async def test_a_ticket_mark_that_is_no_number_is_no_ticket(ticket: Any):
    outbox, _ = outbox_of({EMAIL: FULL | {"tags": {"zendesk_ticket_id": ticket}}})
    assert (await outbox.read("m_1")).ticket_id is None


HELD = {"id": "m_1", "to": [ANA], "subject": "Re: Parcel", "body_markdown": TEXT, "direction": "outbound"}


@pytest.mark.parametrize(
    "answer",
    [
        {"emails": [HELD]},
        {"pending": [HELD]},
        {"messages": [HELD]},
        {"data": [HELD]},
        {"data": {"emails": [HELD]}},
        {"emails": [], "pending": [HELD]},
        [HELD],
    ],
)
async def test_a_pending_list_is_read_in_every_envelope_that_clients_know(answer: Any):
    oversight, _ = oversight_of({"GET /v1/oversight/pending": [answer] if isinstance(answer, list) else answer})
    [mail] = await oversight.pending()
    assert (mail.message_id, mail.body, mail.stage) == ("m_1", TEXT, Stage.HELD)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"items": []},
        {"emails": None},
        {"emails": {"m_1": HELD}},
        {"emails": ["m_1"]},
        {"emails": [{"to": ANA}]},
        "[]",
    ],
)
async def test_a_pending_list_in_an_unknown_form_is_an_error_and_never_empty(answer: Any):
    oversight, _ = oversight_of({"GET /v1/oversight/pending": answer})
    with pytest.raises(UpstreamUnavailable):
        await oversight.pending()


async def test_an_empty_pending_list_is_empty():
    oversight, _ = oversight_of({"GET /v1/oversight/pending": {"emails": []}})
    assert await oversight.pending() == []


async def test_inbound_mails_that_are_held_are_not_ours_to_decide():
    inbound = HELD | {"id": "in_1", "direction": "inbound", "status": "pending_inbound_approval"}
    unnamed = {"id": "in_2", "status": "pending_inbound_approval"}
    oversight, _ = oversight_of({"GET /v1/oversight/pending": {"emails": [inbound, unnamed, HELD]}})
    assert [mail.message_id for mail in await oversight.pending()] == ["m_1"]


async def test_the_short_form_carries_its_marks_as_metadata():
    held = {
        "message_id": "m_1",
        "to": ANA,
        "subject": "Re: Parcel",
        "created_at": NINE,
        "metadata": {"zendesk_ticket_id": 101, "deskgate_draft": "d_1"},
    }
    oversight, _ = oversight_of({"GET /list_pending": {"messages": [held, {"message_id": "m_2"}]}}, api="short")
    first, second = await oversight.pending()
    assert (first.ticket_id, first.key, first.to, first.stage) == (101, "d_1", (ANA,), Stage.HELD)
    assert (first.body, first.cc, first.thread_id) == (None, None, None)
    assert (second.ticket_id, second.key, second.to) == (None, None, ())
