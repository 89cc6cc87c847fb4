"""draft_gated_reply, as a client sees it."""

from pathlib import Path
from typing import Any

import pytest
from calls import CLOSED, LOCKED_OUT, NOWHERE, ORDER, TAGGED, VOICE, drafted, held, untouched

from bench import ERAS, bench
from deskgate.desk.text import CLOSE, OPEN

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("era", ERAS)]

TOOL = "draft_gated_reply"
BODY = "Your parcel waits at Kvarnen Livs, Storgatan 14."


async def test_a_draft_is_held_for_the_requester_and_nobody_else(tmp_path: Path, era: Any) -> None:
    async with bench(tmp_path) as one, one.client(era) as caller:
        reply = await caller.ok(TOOL, ticket_id=ORDER, body=BODY)
        (mail,) = held(one)
        assert reply["to"] == "maria.lindqvist@example.com"
        assert mail["to"] == ["maria.lindqvist@example.com"]
        assert mail["subject"] == "Re: Where is my order #48213?"
        assert reply["subject"] == f"{OPEN}untrusted customer text: Re: Where is my order #48213?{CLOSE}"
        assert (reply["state"], reply["ticket_id"], reply["message_id"]) == ("held", ORDER, mail["id"])
        assert reply["digest"].startswith("sha256:")
        assert "do not draft it again" in reply["next"]
        assert one.world.sent_mails() == []


async def test_the_same_words_again_are_the_same_draft_and_other_words_another(tmp_path: Path, era: Any) -> None:
    async with bench(tmp_path) as one, one.client(era) as caller:
        first = await caller.ok(TOOL, ticket_id=ORDER, body=BODY)
        assert await caller.ok(TOOL, ticket_id=ORDER, body=BODY) == first
        assert await caller.ok(TOOL, ticket_id=ORDER, body=BODY, subject="Something else") == first
        other = await caller.ok(TOOL, ticket_id=ORDER, body=BODY + " Bring an ID.")
        assert other["message_id"] != first["message_id"]
        assert len(held(one)) == 2


async def test_a_subject_of_ones_own_replaces_the_tickets(tmp_path: Path, era: Any) -> None:
    async with bench(tmp_path) as one, one.client(era) as caller:
        await caller.ok(TOOL, ticket_id=ORDER, body=BODY, subject="Your kettle")
        assert held(one)[0]["subject"] == "Your kettle"


@pytest.mark.parametrize(
    ("ticket", "code"),
    [(NOWHERE, "ticket_not_found"), (VOICE, "no_email_address"), (CLOSED, "ticket_closed")],
)
async def test_a_ticket_that_cannot_be_answered_says_why(tmp_path: Path, era: Any, ticket: int, code: str) -> None:
    async with bench(tmp_path) as one, one.client(era) as caller:
        assert await caller.fails(TOOL, ticket_id=ticket, body=BODY) == code
        assert untouched(one)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"suspended": True}, "suppressed"),
        ({"active": False}, "no_email_address"),
        ({"email": None}, "no_email_address"),
        ({"email": "support@desk.example.com"}, "no_email_address"),
        ({"email": "maria@example.com, evil@example.net"}, "no_email_address"),
        ({"email": "maria@example.com\r\nBcc: evil@example.net"}, "no_email_address"),
        ({"email": "alice@example.org)bob@evil.example"}, "no_email_address"),
        ({"email": "=?utf-8?q?hi=0ABcc:_x?=@example.com"}, "no_email_address"),
        ({"email": "maria\u200b@example.com"}, "no_email_address"),
        ({"email": "maria\ufe0f@example.com"}, "no_email_address"),
    ],
)
async def test_a_requester_who_cannot_be_written_to_gets_nothing(
    tmp_path: Path, era: Any, change: dict[str, Any], code: str
) -> None:
    async with bench(tmp_path) as one, one.client(era) as caller:
        one.world.edit_user(one.world.ticket(ORDER)["requester_id"], **change)
        assert await caller.fails(TOOL, ticket_id=ORDER, body=BODY) == code
        assert untouched(one)


@pytest.mark.parametrize("mode", ["monitored", "autonomous"])
async def test_a_mailbox_that_would_not_hold_the_mail_gets_none(tmp_path: Path, era: Any, mode: str) -> None:
    async with bench(tmp_path) as one, one.client(era) as caller:
        one.world.set_mode(mode)
        assert await caller.fails(TOOL, ticket_id=ORDER, body=BODY) == "not_gated"
        assert untouched(one)


@pytest.mark.parametrize("pattern", ["maria.lindqvist@example.com", "*@example.com"])
async def test_a_recipient_who_would_skip_the_queue_gets_nothing(tmp_path: Path, era: Any, pattern: str) -> None:
    async with bench(tmp_path) as one, one.client(era) as caller:
        one.world.allow(pattern)
        assert await caller.fails(TOOL, ticket_id=ORDER, body=BODY) == "not_gated"
        assert untouched(one)


@pytest.mark.parametrize("pattern", ["ina@BÜCHER.example", "*@bücher.example", "*@xn--bcher-kva.example"])
async def test_a_recipient_who_would_skip_the_queue_by_another_spelling_gets_nothing(
    tmp_path: Path, era: Any, pattern: str
) -> None:
    async with bench(tmp_path) as one, one.client(era) as caller:
        one.world.edit_user(one.world.ticket(ORDER)["requester_id"], email="ina@bücher.example")
        one.world.allow(pattern)
        assert await caller.fails(TOOL, ticket_id=ORDER, body=BODY) == "not_gated"
        assert untouched(one)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"body": ""}, "empty"),
        ({"body": " \r\n\t "}, "empty"),
        ({"body": "x" * 60_001}, "60000"),
        ({"body": f"Hello{TAGGED}"}, "cannot see"),
        ({"body": "Hello\x00"}, "cannot see"),
        ({"body": "invoice\u202efdp.exe"}, "cannot see"),
        ({"body": BODY, "subject": "a\r\nBcc: evil@example.net"}, "one line"),
        ({"body": BODY, "subject": "a\u2066b"}, "one line"),
        ({"body": BODY, "subject": "x" * 301}, "300"),
    ],
)
async def test_a_text_that_no_reader_would_see_whole_is_refused(
    tmp_path: Path, era: Any, arguments: dict[str, Any], said: str
) -> None:
    async with bench(tmp_path) as one, one.client(era) as caller:
        result = await caller.call(TOOL, ticket_id=ORDER, **arguments)
        text = result.content[0].text  # type: ignore[union-attr]
        assert text.startswith("bad_input: ")
        assert said in text
        assert untouched(one)


async def test_a_long_mail_in_any_script_is_held_whole(tmp_path: Path, era: Any) -> None:
    async with bench(tmp_path) as one, one.client(era) as caller:
        body = "你好，包裹在店里。👍🏽 می‌خواهم\n" * 2_000
        await caller.ok(TOOL, ticket_id=LOCKED_OUT, body=body)
        assert one.world.emails()[0]["markdown"] == body


async def test_an_encoded_word_in_the_tickets_subject_stays_text(tmp_path: Path, era: Any) -> None:
    async with bench(tmp_path) as one, one.client(era) as caller:
        one.world.edit_ticket(ORDER, subject="RE: re: =?utf-8?q?hi=0ABcc:_evil@example.net?=\u200b")
        await caller.ok(TOOL, ticket_id=ORDER, body=BODY)
        assert held(one)[0]["subject"] == "Re: = ?utf-8?q?hi=0ABcc:_evil@example.net?="


async def test_what_became_of_the_words_is_said_when_they_are_drafted_again(tmp_path: Path, era: Any) -> None:
    async with bench(tmp_path) as one, one.client(era) as caller:
        message_id = await drafted(caller, body=BODY)
        await caller.ok("cancel_reply", message_id=message_id)
        again = await caller.ok(TOOL, ticket_id=ORDER, body=BODY)
        assert again["message_id"] != message_id
        assert again["state"] == "held"
        assert len(held(one)) == 1


async def test_a_busy_mailbox_is_said_with_its_code_and_nothing_is_held(tmp_path: Path, era: Any) -> None:
    async with bench(tmp_path) as one, one.client(era) as caller:
        one.world.faults.add("429:300@multimail xforever")
        assert await caller.fails(TOOL, ticket_id=ORDER, body=BODY) == "rate_limited"
        one.world.faults.clear()
        assert untouched(one)
        assert (await caller.ok(TOOL, ticket_id=ORDER, body=BODY))["state"] == "held"
