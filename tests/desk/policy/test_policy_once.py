"""A draft whose answer was lost, and every repeat of a draft: judged by the policy once, like a first one."""

from pathlib import Path

import pytest
from policy_desk import KETTLE, PolicyDesk, policy_desk
from policy_texts import LOW_RISK, rule

from deskgate.desk.errors import Forbidden, OutcomeUnknown
from deskgate.desk.policy import evaluations_of
from deskgate.sandbox.faults import parse_fault

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("database")]


async def lose(d: PolicyDesk, kind: str) -> None:
    """Draft, and never hear what became of it."""
    d.bench.world.faults.add(parse_fault(f"{kind}@multimail POST send x9"))
    d.bench.world.faults.add(parse_fault(f"{kind}@multimail POST reply x9"))
    d.bench.world.faults.add(parse_fault("500@multimail GET emails x9"))
    with pytest.raises(OutcomeUnknown):
        await d.draft()
    d.bench.world.faults.clear()


@pytest.mark.parametrize("kind", ["timeout_after", "timeout_before"])
async def test_a_draft_whose_answer_was_lost_is_judged_when_it_is_asked_for_again(tmp_path: Path, kind: str) -> None:
    async with policy_desk(tmp_path) as d:
        d.tag("low-risk")
        await lose(d, kind)
        reply = await d.draft()
        assert (reply.state, reply.decided_by) == ("sent", "policy:low-risk")
        assert d.sent() == [KETTLE]


@pytest.mark.parametrize("kind", ["timeout_after", "timeout_before"])
async def test_a_lost_draft_is_held_where_the_ticket_moved_meanwhile(tmp_path: Path, kind: str) -> None:
    async with policy_desk(tmp_path) as d:
        d.tag("low-risk")
        await lose(d, kind)
        d.bench.clock.advance(60)
        d.tag("another")
        reply = await d.draft()
        assert reply.state == "held"
        assert any("ticket changed" in why for why in (await d.last(reply))["guards"])


async def test_a_lost_draft_that_a_rule_refuses_by_now_is_not_handed_over_again(tmp_path: Path) -> None:
    async with policy_desk(tmp_path) as d:
        await lose(d, "timeout_before")
        d.path.write_text('version = "8"\n' + rule("refuse", 'words_any = ["kettle"]'))
        before = len(d.bench.world.emails())
        with pytest.raises(Forbidden):
            await d.draft()
        assert len(d.bench.world.emails()) == before
        d.path.write_text(LOW_RISK)
        d.bench.clock.advance(1)
        d.tag("low-risk")
        assert (await d.draft()).state == "held"


async def test_asking_for_the_same_draft_again_and_again_is_judged_once(tmp_path: Path) -> None:
    async with policy_desk(tmp_path) as d:
        held = await d.draft()
        d.tag("low-risk")
        asked = len(d.bench.world.calls("zendesk"))
        for _ in range(3):
            assert (await d.draft()).state == "held"
        assert len(d.bench.world.calls("zendesk")) == asked, "what had its turn is not looked into again"
        assert len(await evaluations_of(d.bench.desk.core.policies.gatherer.tables, held.id)) == 1  # type: ignore[union-attr]
        assert d.sent() == []


async def test_a_reply_that_was_held_before_there_was_a_policy_gets_its_one_turn(tmp_path: Path) -> None:
    from dataclasses import replace

    async with policy_desk(tmp_path) as d:
        d.tag("low-risk")
        core = d.bench.desk.core
        held = await replace(d.bench.desk, core=replace(core, policies=None)).draft(101, KETTLE)
        assert held.state == "held"
        assert (await d.draft()).decided_by == "policy:low-risk"
