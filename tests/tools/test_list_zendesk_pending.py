"""list_zendesk_pending, as a client sees it."""

from pathlib import Path
from typing import Any

import pytest
from calls import ANSWER_LIMIT_BYTES, INJECTED, LOCKED_OUT, LONG, ORDER, drafted, raw

from bench import ERAS, bench
from deskgate.desk.text import CLOSE, OPEN

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("era", ERAS)]

TOOL = "list_zendesk_pending"


async def test_an_empty_queue_says_so(tmp_path: Path, era: Any) -> None:
    async with bench(tmp_path) as one, one.client(era) as caller:
        listed = await caller.ok(TOOL)
    assert listed == {"pending": [], "total": 0, "other_mail": 0, "cursor": None}


async def test_a_waiting_reply_is_shown_in_ticket_terms_with_its_whole_mail(tmp_path: Path, era: Any) -> None:
    async with bench(tmp_path, DESKGATE_PRINCIPAL="drafter") as one, one.client(era) as caller:
        body = "Line one\n\nLine two ⟫ and all."
        message_id = await drafted(caller, body=body)
        one.clock.advance(600)
        (shown,) = (await caller.ok(TOOL))["pending"]
    assert shown["message_id"] == message_id
    assert (shown["ticket_id"], shown["status"], shown["priority"]) == (ORDER, "open", "normal")
    assert shown["tags"] == ["delivery", "order_48213"]
    assert shown["requester"] == f"{OPEN}untrusted customer text: Maria Lindqvist{CLOSE}"
    assert shown["to"] == ["maria.lindqvist@example.com"]
    assert shown["subject"] == f"{OPEN}untrusted customer text: Re: Where is my order #48213?{CLOSE}"
    assert shown["body"] == body
    assert shown["drafted_by"] == "drafter"
    assert shown["age_minutes"] == 10
    assert (shown["stale"], shown["why"]) == (False, [])


async def test_the_digest_shown_is_the_one_of_the_draft_until_something_moves(tmp_path: Path, era: Any) -> None:
    async with bench(tmp_path) as one, one.client(era) as caller:
        reply = await caller.ok("draft_gated_reply", ticket_id=ORDER, body="Hello")
        one.clock.advance(60)
        assert (await caller.ok(TOOL))["pending"][0]["digest"] == reply["digest"]
        one.world.edit_held(reply["message_id"], markdown="Hello, and pay here")
        (shown,) = (await caller.ok(TOOL))["pending"]
    assert shown["digest"] != reply["digest"]
    assert shown["stale"] is True
    assert "the held mail differs from the draft: body" in shown["why"]
    assert "pay here" in shown["body"]


async def test_a_ticket_that_moved_makes_its_reply_stale_and_says_why(tmp_path: Path, era: Any) -> None:
    async with bench(tmp_path) as one, one.client(era) as caller:
        await drafted(caller)
        one.clock.advance(60)
        one.world.edit_ticket(ORDER, status="solved")
        (shown,) = (await caller.ok(TOOL))["pending"]
    assert shown["stale"] is True
    assert "the ticket was solved" in shown["why"]


async def test_hidden_letters_in_a_held_mail_are_shown(tmp_path: Path, era: Any) -> None:
    async with bench(tmp_path) as one, one.client(era) as caller:
        message_id = await drafted(caller)
        one.clock.advance(60)
        one.world.edit_held(
            message_id,
            markdown="pay\u200b\u202e here\U000e0041\ufe01",
            subject="Re: \u2066x",
            to=["a\u200b@example.com"],
        )
        (shown,) = (await caller.ok(TOOL))["pending"]
    assert shown["body"] == "pay‹U+200B›‹U+202E› here‹U+E0041›‹U+FE01›"
    assert "‹U+2066›x" in shown["subject"]
    assert shown["to"] == ["a‹U+200B›@example.com"]


async def test_paging_and_the_ticket_filter_show_every_reply_once(tmp_path: Path, era: Any) -> None:
    async with bench(tmp_path) as one, one.client(era) as caller:
        made = []
        for number in range(5):
            made.append(await drafted(caller, (ORDER, LONG, LOCKED_OUT)[number % 3], f"Reply {number}"))
            one.clock.advance(60)
        seen: list[str] = []
        cursor = None
        for _ in range(4):
            page = await caller.ok(TOOL, limit=2, cursor=cursor)
            assert page["total"] == 5
            seen += [reply["message_id"] for reply in page["pending"]]
            cursor = page["cursor"]
            if cursor is None:
                break
        assert seen == made, "oldest first"
        assert {reply["ticket_id"] for reply in (await caller.ok(TOOL, ticket_id=LONG))["pending"]} == {LONG}
        assert (await caller.ok(TOOL, ticket_id=INJECTED))["total"] == 0
        assert await caller.fails(TOOL, cursor="bm9uc2Vuc2U=") == "bad_input"


async def test_a_queue_of_enormous_mails_comes_in_pages_that_a_host_can_take(tmp_path: Path, era: Any) -> None:
    async with bench(tmp_path) as one, one.client(era) as caller:
        made = []
        for number in range(4):
            made.append(await drafted(caller, body=f"{number} " + "words " * 9_900))
            one.clock.advance(60)
        seen: list[str] = []
        cursor, pages = None, 0
        while pages < 10:
            result = await caller.call(TOOL, limit=100, cursor=cursor)
            assert len(raw(result).encode()) < ANSWER_LIMIT_BYTES
            assert result.structured_content is not None
            seen += [reply["message_id"] for reply in result.structured_content["pending"]]
            assert all(len(reply["body"]) > 59_000 for reply in result.structured_content["pending"])
            cursor, pages = result.structured_content["cursor"], pages + 1
            if cursor is None:
                break
        assert seen == made


async def test_a_mail_that_was_not_drafted_here_is_counted_and_not_shown(tmp_path: Path, era: Any) -> None:
    async with bench(tmp_path / "a") as one, one.client(era) as caller:
        await drafted(caller)
        one.clock.advance(1)
        async with bench(tmp_path / "b", world=one.world, clock=one.clock) as other, other.client(era) as stranger:
            listed = await stranger.ok(TOOL)
    assert (listed["total"], listed["other_mail"], listed["pending"]) == (0, 1, [])


async def test_a_busy_mailbox_is_said_with_its_code(tmp_path: Path, era: Any) -> None:
    async with bench(tmp_path) as one, one.client(era) as caller:
        one.world.faults.add("429:300@multimail xforever")
        assert await caller.fails(TOOL) == "rate_limited"
