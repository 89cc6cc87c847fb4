"""Any bytes at all: an event or a reason, always the same one, never a crash, never something half read."""

import json
import math
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from deskgate.desk.inbox.payloads import NAMES, MailEvent, TicketEvent, Unreadable, read_multimail, read_trigger

NAME = st.sampled_from([*NAMES, "open", "zendesk", ""])
LEAF = st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats() | st.text(max_size=20)
VALUE = st.recursive(
    LEAF,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(max_size=8), below, max_size=4),
    max_leaves=6,
)
MAIL_KEYS = ("event", "event_type", "type", "data", "email_id", "message_id", "thread_id", "from", "to", "subject")
OTHER_KEYS = (
    "metadata",
    "timestamp",
    "body_text",
    "bounce_type",
    "bounce_code",
    "ticket_id",
    "author_id",
    "updated_at",
)
KEY = st.sampled_from(MAIL_KEYS + OTHER_KEYS)
PAYLOAD = st.dictionaries(KEY, VALUE | NAME | st.dictionaries(KEY, VALUE | NAME, max_size=6), max_size=10)
how = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def encoded(value: Any) -> bytes:
    return json.dumps(value).encode()


@how
@given(st.binary(max_size=300) | PAYLOAD.map(encoded))
@example(b"\xff\xfe")
@example(b'{"type": "email.sent", "message_id": "1"}')
def test_any_body_gives_an_event_or_a_reason(body: bytes) -> None:
    for read, kind in ((read_multimail, MailEvent), (read_trigger, TicketEvent)):
        first = read(body)
        assert isinstance(first, kind | Unreadable)
        assert read(body) == first


@how
@given(PAYLOAD)
def test_what_is_read_stands_in_the_body_and_can_be_stored_anywhere(payload: dict[str, Any]) -> None:
    event = read_multimail(encoded(payload))
    if isinstance(event, Unreadable):
        return
    assert NAMES.get(event.name, "unknown") == event.kind
    assert event.name in [payload.get(key) for key in ("event", "event_type", "type")]
    texts = [event.email_id, event.thread_id, event.sender, event.subject, event.body, event.bounce_type, *event.to]
    for text in filter(None, texts):
        assert "\0" not in text
        text.encode("utf-8")
    if event.kind != "unknown":
        assert event.email_id


@how
@given(PAYLOAD, st.integers(0, 10_000), st.integers(1, 255))
def test_a_changed_byte_never_breaks_the_reader(payload: dict[str, Any], at: int, change: int) -> None:
    body = bytearray(encoded(payload))
    body[at % len(body)] ^= change
    assert isinstance(read_multimail(bytes(body)), MailEvent | Unreadable)
    assert isinstance(read_trigger(bytes(body)), TicketEvent | Unreadable)


@how
@given(PAYLOAD.filter(bool))
def test_a_key_that_comes_twice_is_refused_wherever_it_stands(payload: dict[str, Any]) -> None:
    pairs = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in payload.items()]
    outer = "{" + ", ".join([*pairs, pairs[0]]) + "}"
    for text in (outer, '{"x": [' + outer + "]}"):
        found = read_multimail(text.encode())
        assert isinstance(found, Unreadable)
        # Something else may be wrong with it, and was found first.
        assert found.reason == "duplicate_key" or "Infinity" in text or "NaN" in text or _long_number(payload)


def _long_number(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_long_number(one) for one in value.values())
    if isinstance(value, list):
        return any(_long_number(one) for one in value)
    if isinstance(value, float):
        return not math.isfinite(value)
    return isinstance(value, int) and abs(value) >= 10**18


@how
@given(st.integers(1, 10**18 - 1), st.booleans())
def test_a_ticket_id_survives_as_number_and_as_text(number: int, text: bool) -> None:
    assert read_trigger(encoded({"ticket_id": str(number) if text else number})) == TicketEvent(number)
