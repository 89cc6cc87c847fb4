"""What a step costs in requests to the two services."""

from pathlib import Path

import pytest

from bench import Person, bench

pytestmark = pytest.mark.anyio


async def test_a_decision_without_a_question_costs_three_upstream_calls(tmp_path: Path) -> None:
    async with bench(tmp_path, DESKGATE_PRINCIPAL="writer") as drafting, drafting.client() as writer:
        drafted = await writer.ok("draft_gated_reply", ticket_id=101, body="It is on its way.")
        drafting.clock.advance(5)
        unattended = bench(
            tmp_path,
            world=drafting.world,
            clock=drafting.clock,
            role="reviewer",
            DESKGATE_APPROVE="unattended",
            DESKGATE_PRINCIPAL="decider",
        )
        async with unattended as deciding, deciding.client() as decider:
            await decider.ok("list_zendesk_pending")
            await decider.ok("track_reply")
            before = len(drafting.world.calls())
            await decider.ok("decide_reply", message_id=drafted["message_id"], decision="approve")
            assert len(drafting.world.calls()) - before == 3


async def test_a_decision_that_asks_a_person_reads_mail_and_ticket_once_more_for_the_question(tmp_path: Path) -> None:
    async with bench(tmp_path) as desk, desk.client("legacy", Person()) as caller:
        drafted = await caller.ok("draft_gated_reply", ticket_id=101, body="It is on its way.")
        desk.clock.advance(5)
        before = len(desk.world.calls())
        await caller.ok("decide_reply", message_id=drafted["message_id"], decision="approve")
        assert len(desk.world.calls()) - before == 5
