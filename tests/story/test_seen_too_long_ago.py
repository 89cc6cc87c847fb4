"""What was seen counts for a while and no longer, whichever door the approval comes through."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bench import Bench, Person, bench
from deskgate import settings
from deskgate.settings import SettingsError
from fakes import FakeClock

pytestmark = pytest.mark.anyio

HOUR = 3600
BODY = "Dear Maria, your kettle is at Kvarnen Livs."
UNATTENDED = {"DESKGATE_APPROVE": "unattended", "DESKGATE_PRINCIPAL": "night-shift"}


@asynccontextmanager
async def desks(folder: Path, **reviewing: str) -> AsyncIterator[tuple[Bench, Bench]]:
    """A drafting process and a reviewing one that asks nobody."""
    async with bench(folder, role="agent", DESKGATE_PRINCIPAL="agent-7") as agent:
        how = {**UNATTENDED, **reviewing}
        async with bench(folder, world=agent.world, clock=agent.clock, role="reviewer", **how) as reviewer:
            yield agent, reviewer


@pytest.mark.usefixtures("database")
async def test_a_digest_that_was_shown_a_day_ago_approves_nothing_until_it_is_shown_again(tmp_path: Path) -> None:
    async with desks(tmp_path) as (agent, reviewer), agent.client() as drafter, reviewer.client() as c:
        reply = await drafter.ok("draft_gated_reply", ticket_id=101, body=BODY)
        message_id = reply["message_id"]
        agent.clock.advance(1)
        (shown,) = (await c.ok("list_zendesk_pending"))["pending"]
        agent.clock.advance(24 * HOUR)
        approve = {"message_id": message_id, "decision": "approve", "digest": shown["digest"]}
        refused = await c.call("decide_reply", **approve)
        assert refused.content[0].text.startswith("digest_mismatch: This mail was not shown to you within the last 24")
        assert await c.fails("decide_reply", message_id=message_id, decision="approve") == "digest_mismatch"
        assert agent.world.sent_mails() == []
        (again,) = (await c.ok("list_zendesk_pending"))["pending"]
        assert again["digest"] == shown["digest"]
        agent.clock.advance(24 * HOUR - 1)
        assert (await c.ok("decide_reply", **approve))["state"] == "sent"


async def test_what_others_are_shown_keeps_nobody_elses_look_alive(tmp_path: Path) -> None:
    async with desks(tmp_path) as (agent, reviewer), agent.client() as drafter, reviewer.client() as c:
        reply = await drafter.ok("draft_gated_reply", ticket_id=101, body=BODY)
        await c.ok("list_zendesk_pending")
        agent.clock.advance(23 * HOUR)
        await drafter.ok("list_zendesk_pending")
        agent.clock.advance(HOUR)
        approve = {"message_id": reply["message_id"], "decision": "approve"}
        assert await c.fails("decide_reply", **approve, digest=reply["digest"]) == "digest_mismatch"
        assert agent.world.sent_mails() == []


@pytest.mark.parametrize(("hours", "after", "sent"), [("2", 2, False), ("2", 1, True), ("168", 167, True)])
async def test_whoever_was_never_shown_a_draft_has_as_long_from_its_drafting(
    tmp_path: Path, hours: str, after: int, sent: bool
) -> None:
    async with desks(tmp_path, DESKGATE_SEEN_HOURS=hours) as (agent, reviewer), reviewer.client() as c:
        reply = await agent.desk.draft(101, BODY)
        agent.clock.advance(after * HOUR)
        result = await c.call("decide_reply", message_id=reply.message_id, decision="approve")
        assert result.is_error is not sent
        assert len(agent.world.sent_mails()) == sent


async def test_rejecting_is_possible_however_long_ago_it_was_seen(tmp_path: Path) -> None:
    async with desks(tmp_path) as (agent, reviewer), reviewer.client() as c:
        reply = await agent.desk.draft(101, BODY)
        agent.clock.advance(90 * HOUR)
        done = await c.ok("decide_reply", message_id=reply.message_id, decision="reject", reason="old")
        assert done["state"] == "rejected"


async def test_a_person_in_the_chat_is_shown_the_mail_first_so_an_old_draft_can_be_approved(tmp_path: Path) -> None:
    async with bench(tmp_path) as one, one.client(person=Person()) as c:
        reply = await c.ok("draft_gated_reply", ticket_id=101, body=BODY)
        one.clock.advance(90 * HOUR)
        one.world.edit_ticket(101, tags=["waiting"])
        done = await c.ok("decide_reply", message_id=reply["message_id"], decision="approve")
        assert done["state"] == "sent"


async def test_a_question_that_stood_in_the_chat_for_a_day_is_no_approval_any_more(tmp_path: Path) -> None:
    class Slow(Person):
        """Somebody who comes back the next day and clicks."""

        clock: FakeClock

        async def __call__(self, context: Any, params: Any) -> Any:
            self.clock.advance(24 * HOUR)
            return await super().__call__(context, params)

    person = Slow()
    # In the newer era the question's own state is good for ten minutes by the machine's clock, less than any setting.
    async with bench(tmp_path) as one, one.client("legacy", person) as c:
        person.clock = one.clock
        reply = await c.ok("draft_gated_reply", ticket_id=101, body=BODY)
        approve = {"message_id": reply["message_id"], "decision": "approve"}
        assert await c.fails("decide_reply", **approve) == "digest_mismatch"
        assert len(person.asked) == 1
        assert one.world.sent_mails() == []


@pytest.mark.parametrize("value", ["0", "169", "1.5", "-1", "24h", "٣", "1e1"])
def test_the_time_is_a_whole_number_of_hours_up_to_a_week(tmp_path: Path, value: str) -> None:
    with pytest.raises(SettingsError) as refused:
        settings.read({"DESKGATE_HOME": str(tmp_path), "DESKGATE_SEEN_HOURS": value}, sandbox=True)
    assert refused.value.faults == ["DESKGATE_SEEN_HOURS must be a whole number from 1 to 168."]
    assert settings.read({"DESKGATE_HOME": str(tmp_path)}, sandbox=True).seen_hours == 24
