"""What a stored webhook says: every vocabulary, all three shapes, and nothing that could mean two things."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from deskgate.desk.inbox.payloads import MailEvent, TicketEvent, Unreadable, read_multimail, read_trigger

NOON = datetime(2026, 1, 28, 12, tzinfo=UTC)
KINDS = {
    "received": ("message.received", "email.received", "inbound"),
    "pending": ("oversight.pending", "email.pending_approval"),
    "approved": ("oversight.approved", "message.approved", "email.approved"),
    "rejected": ("oversight.rejected", "message.rejected", "email.rejected"),
    "sent": ("message.sent", "email.sent"),
    "delivered": ("message.delivered", "email.delivered", "delivery"),
    "bounced": ("message.bounced", "email.bounced", "bounce"),
    "complained": ("message.complained", "email.complained", "complaint"),
    "unsubscribed": ("message.unsubscribed", "email.unsubscribed"),
    "unknown": ("open", "message.opened", "Message.Received", "message.received ", "received", "DELIVERY", "sent"),
}


def body(value: Any) -> bytes:
    return json.dumps(value).encode()


def mail(value: Any) -> MailEvent:
    """The event of a body that must be readable."""
    event = read_multimail(value if isinstance(value, bytes) else body(value))
    assert isinstance(event, MailEvent), event
    return event


def reason(value: Any, read: Any = read_multimail) -> str:
    """Why a body cannot be read."""
    found = read(value if isinstance(value, bytes) else body(value))
    assert isinstance(found, Unreadable), found
    return found.reason


@pytest.mark.parametrize("key", ["event", "event_type", "type"])
@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, names in KINDS.items() for name in names])
def test_every_name_means_one_thing_under_every_key(kind: str, name: str, key: str) -> None:
    event = mail({key: name, "message_id": "01K"})
    assert (event.kind, event.name, event.email_id) == (kind, name, "01K")


def test_the_first_shape_is_read() -> None:
    event = mail(
        {
            "event": "message.received",
            "timestamp": "2026-01-28T12:00:00.000Z",
            "data": {
                "email_id": "em_1",
                "from": "Maria <maria@example.org>",
                "to": ["support@desk.example.com", "other@example.org"],
                "subject": "Order",
                "direction": "inbound",
                "has_attachments": False,
            },
        }
    )
    assert event == MailEvent(
        kind="received",
        name="message.received",
        email_id="em_1",
        sender="Maria <maria@example.org>",
        to=("support@desk.example.com", "other@example.org"),
        subject="Order",
        at=NOON,
    )


def test_the_second_shape_is_read() -> None:
    event = mail(
        {
            "event_type": "bounce",
            "mailbox": "support@desk.example.com",
            "message_id": "01K",
            "thread_id": "thr_1",
            "timestamp": "2026-01-28T12:00:00Z",
            "bounce_code": "hard_bounce",
            "diagnostic": "550 no such user",
        }
    )
    assert (event.kind, event.email_id, event.thread_id, event.at) == ("bounced", "01K", "thr_1", NOON)
    assert (event.bounce_type, event.diagnostic) == ("hard_bounce", "550 no such user")
    assert event.mailbox == "support@desk.example.com"
    assert mail({"event_type": "bounce", "message_id": "1", "bounce_code": 550}).bounce_type == "550"


def test_the_third_shape_is_read_and_its_metadata_routes_nothing() -> None:
    event = mail(
        {
            "type": "email.received",
            "message_id": "msg_1",
            "thread_id": "zd-101",
            "from": "maria@example.org",
            "to": "support@desk.example.com",
            "subject": "Re: Order",
            "body_text": "It came.\n\n> Has it come?",
            "metadata": {"zendesk_ticket_id": 999},
        }
    )
    assert (event.thread_id, event.to, event.body) == (
        "zd-101",
        ("support@desk.example.com",),
        "It came.\n\n> Has it come?",
    )
    assert event.metadata == {"zendesk_ticket_id": 999}
    assert "999" not in repr(event)
    assert not hasattr(event, "ticket_id")


@pytest.mark.parametrize(
    ("given", "at"),
    [
        ({"timestamp": "2026-01-28T13:00:00+01:00"}, NOON),
        ({"timestamp": 1769601600000}, NOON),
        ({"timestamp": 1769601600}, NOON),
        ({"delivered_at": "2026-01-28T12:00:00Z"}, NOON),
        ({"bounced_at": "2026-01-28T12:00:00Z"}, NOON),
        ({"timestamp": "yesterday"}, None),
        ({"timestamp": True}, None),
        ({"timestamp": [1]}, None),
        ({"timestamp": 10**17}, None),
        ({"timestamp": 1e308}, None),
        ({}, None),
    ],
)
def test_the_time_is_read_in_every_form_or_left_open(given: dict[str, Any], at: datetime | None) -> None:
    assert mail({"type": "email.sent", "message_id": "1", **given}).at == at


def test_a_field_of_an_unexpected_type_is_as_if_it_were_not_there() -> None:
    odd = {key: {"a": 1} for key in ("thread_id", "from", "subject", "body_text", "bounce_type", "mailbox")}
    event = mail({"type": "email.sent", "message_id": "1", "to": [1, "a@example.org", None], "metadata": [], **odd})
    assert event == MailEvent(kind="sent", name="email.sent", email_id="1", to=("a@example.org",))


@pytest.mark.parametrize(
    "odd",
    ["", " ", "a b", "a\nb", "ä", "x" * 201, "../inbox", "a/b", "a\\b", ".", "..", 7, True, None, ["1"], {"a": 1}],
)
def test_a_known_event_without_a_usable_id_cannot_be_worked_on(odd: Any) -> None:
    assert reason({"type": "email.sent", "message_id": odd}) == "no_id"
    assert mail({"type": "email.opened", "message_id": odd}).email_id is None


def test_two_names_that_disagree_are_a_contradiction_and_an_unknown_one_beside_a_known_one_is_none() -> None:
    two = {"event": "message.sent", "type": "email.received", "message_id": "1"}
    assert reason(two) == "contradiction"
    assert mail({"event": "message.sent", "type": "email.sent", "message_id": "1"}).kind == "sent"
    event = mail({"event": "message.sent", "type": "event", "message_id": "1"})
    assert (event.kind, event.name) == ("sent", "message.sent")


def test_two_ids_that_disagree_are_a_contradiction() -> None:
    outer = {"event": "message.sent", "email_id": "1", "data": {"email_id": "2"}}
    assert reason(outer) == "contradiction"
    assert mail({**outer, "data": {"email_id": "1"}}).email_id == "1"
    both = {"event": "message.sent", "data": {"email_id": "1", "message_id": "<a@example.org>"}}
    assert mail(both).email_id == "1", "the second is the mail's own header"


@pytest.mark.parametrize("read", [read_multimail, read_trigger])
@pytest.mark.parametrize(
    ("why", "given"),
    [
        ("empty", b""),
        ("empty", b" \r\n\t"),
        ("not_utf8", b'{"type":"\xff"}'),
        ("not_utf8", b'{"type":"\xed\xa0\x80"}'),
        ("not_utf8", b'{"type":"\xc0\x80"}'),
        ("not_utf8", '{"type":"email.sent"}'.encode("utf-16")),
        ("not_utf8", '{"type":"ä"}'.encode("latin-1")),
        ("not_json", '{"type":"email.sent"}'.encode("utf-16-le")),
        ("not_json", b'\xef\xbb\xbf{"type":"email.sent"}'),
        ("not_json", b"type=email.sent"),
        ("not_json", b'{"type":"email.sent"'),
        ("not_json", b'{"type":"email.sent"}{}'),
        ("not_json", b'{"type":"email.sent",}'),
        ("not_json", b'{"type":"email\x00.sent"}'),
        ("not_json", b"{'type':'email.sent'}"),
        ("not_an_object", b"[]"),
        ("not_an_object", b'"email.sent"'),
        ("not_an_object", b"null"),
        ("not_an_object", b"1"),
        ("duplicate_key", b'{"type":"email.sent","type":"email.received","ticket_id":1}'),
        ("duplicate_key", b'{"type":"email.sent","t\\u0079pe":"email.sent"}'),
        ("duplicate_key", b'{"a":[{"b":{"c":1,"c":1}}]}'),
        ("bad_number", b'{"a":NaN}'),
        ("bad_number", b'{"a":-Infinity}'),
        ("bad_number", b'{"a":1e999}'),
        ("bad_number", b'{"a":' + b"9" * 19 + b"}"),
        ("bad_number", b'{"a":' + b"9" * 100_000 + b"}"),
        ("bad_number", b'{"a":0.' + b"1" * 100_000 + b"}"),
        ("bad_text", b'{"a":"\\u0000"}'),
        ("bad_text", b'{"\\u0000":1}'),
        ("bad_text", b'{"a":["\\ud800"]}'),
        ("bad_text", b'{"a":{"b\\udfff":1}}'),
        ("too_deep", b'{"a":' + b"[" * 40 + b"]" * 40 + b"}"),
        ("too_deep", b"[" * 500_000),
        ("too_deep", b'{"a":' * 100_000),
        ("too_much", b'{"a":[' + b",".join([b"0"] * 20_000) + b"]}"),
    ],
)
def test_a_body_that_could_mean_two_things_or_cannot_be_kept_is_unreadable(why: str, given: bytes, read: Any) -> None:
    assert reason(given, read) == why


def test_a_whole_surrogate_pair_is_a_letter() -> None:
    assert mail(b'{"type":"email.sent","message_id":"1","subject":"\\ud83d\\ude00"}').subject == "\U0001f600"


def test_a_body_without_a_name_is_unreadable() -> None:
    for given in ({}, {"message_id": "1"}, {"type": 7}, {"type": ""}, {"data": {"type": "email.sent"}}):
        assert reason(given) == "no_event_name"


def test_a_ticket_event_is_read_whether_its_values_are_text_or_not() -> None:
    given = {"status": "Gelöst", "updated_at": "2026-01-28T12:00:00Z"}
    expected = TicketEvent(101, "Gelöst", NOON, 33144692240002)
    assert read_trigger(body({"ticket_id": "101", "author_id": "33144692240002", **given})) == expected
    assert read_trigger(body({"ticket_id": 101, "author_id": 33144692240002, **given})) == expected
    assert read_trigger(b'{"ticket_id": 101, "else": [1]}') == TicketEvent(101)


@pytest.mark.parametrize(
    "odd", ["", "1.0", "-1", "+1", " 1", "0", "１２", "x", "9" * 19, 0, -1, 1.5, True, None, [1], {}]
)
def test_a_ticket_that_is_not_a_positive_number_is_unreadable(odd: Any) -> None:
    assert reason({"ticket_id": odd}, read_trigger) == "no_id"
