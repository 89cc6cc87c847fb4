"""cancel_reply, as a client sees it."""

from pathlib import Path
from typing import Any

import pytest
from calls import drafted, held

from bench import ERAS, Person, bench

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("era", ERAS)]

TOOL = "cancel_reply"


async def test_a_held_reply_is_taken_back_and_the_customer_gets_nothing(tmp_path: Path, era: Any) -> None:
    async with bench(tmp_path) as one, one.client(era) as caller:
        message_id = await drafted(caller)
        assert len(held(one)) == 1
        done = await caller.ok(TOOL, message_id=message_id, reason="a better one comes")
        assert done == {"message_id": message_id, "ticket_id": 101, "state": "cancelled"}
        assert held(one) == []
        assert one.world.sent_mails() == []
        (life,) = (await caller.ok("track_reply", message_id=message_id))["replies"]
        assert (life["state"], life["reason"]) == ("cancelled", "a better one comes")


async def test_cancelling_again_changes_nothing(tmp_path: Path, era: Any) -> None:
    async with bench(tmp_path) as one, one.client(era) as caller:
        message_id = await drafted(caller)
        first = await caller.ok(TOOL, message_id=message_id)
        before = len(one.world.calls())
        assert await caller.ok(TOOL, message_id=message_id) == first
        assert len(one.world.calls()) == before


@pytest.mark.parametrize("decision", ["approve", "reject"])
async def test_what_was_decided_cannot_be_taken_back(tmp_path: Path, era: Any, decision: str) -> None:
    async with bench(tmp_path) as one, one.client(era, Person()) as caller:
        message_id = await drafted(caller)
        await caller.ok("decide_reply", message_id=message_id, decision=decision)
        assert await caller.fails(TOOL, message_id=message_id) == "already_decided"
        assert len(one.world.sent_mails()) == (decision == "approve")


async def test_a_cancelled_reply_cannot_be_approved(tmp_path: Path, era: Any) -> None:
    async with bench(tmp_path) as one, one.client(era, Person()) as caller:
        message_id = await drafted(caller)
        await caller.ok(TOOL, message_id=message_id)
        assert await caller.fails("decide_reply", message_id=message_id, decision="approve") == "already_decided"
        assert one.world.sent_mails() == []


async def test_a_mail_of_somebody_else_cannot_be_named(tmp_path: Path, era: Any) -> None:
    async with bench(tmp_path / "a") as one, one.client(era) as caller:
        message_id = await drafted(caller)
        async with bench(tmp_path / "b", world=one.world, clock=one.clock) as other, other.client(era) as stranger:
            assert await stranger.fails(TOOL, message_id=message_id) == "bad_input"
        assert len(held(one)) == 1


async def test_hidden_letters_in_a_reason_are_not_kept(tmp_path: Path, era: Any) -> None:
    async with bench(tmp_path) as one, one.client(era) as caller:
        message_id = await drafted(caller)
        await caller.ok(TOOL, message_id=message_id, reason="wrong\u200b\x00 \U000e0041order\u202e")
        (life,) = (await caller.ok("track_reply", message_id=message_id))["replies"]
    assert life["reason"] == "wrong order"


async def test_a_busy_mailbox_leaves_the_reply_held_and_says_so(tmp_path: Path, era: Any) -> None:
    async with bench(tmp_path) as one, one.client(era) as caller:
        message_id = await drafted(caller)
        one.clock.advance(1)
        one.world.faults.add("429:300@multimail xforever")
        assert await caller.fails(TOOL, message_id=message_id) == "rate_limited"
        one.world.faults.clear()
        assert len(held(one)) == 1
        assert (await caller.ok(TOOL, message_id=message_id))["state"] == "cancelled"
