"""Edges of what the policy does to a held reply: how long it waits, whose look it is, and what it gives back."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from policy_desk import KETTLE, PolicyDesk, policy_desk
from test_policy_monitored import TEXT, add_mailbox

from audit.agreement import agree
from bench import bench
from deskgate.desk import Desk, Reply
from deskgate.desk.policy import Policies, automatic, evaluations_of
from deskgate.desk.policy.records import had_turn
from deskgate.desk.wire import Missing
from deskgate.sandbox.faults import parse_fault

pytestmark = pytest.mark.anyio


def policies(d: PolicyDesk) -> Policies:
    found = d.bench.desk.core.policies
    assert found is not None
    return found


async def held_before_the_policy(d: PolicyDesk) -> tuple[Desk, Reply]:
    """A desk without a policy, and the reply that was held there."""
    desk = replace(d.bench.desk, core=replace(d.bench.desk.core, policies=None))
    reply = await desk.draft(101, KETTLE)
    assert reply.state == "held"
    d.bench.clock.advance(5)
    d.bench.clock.sleeps.clear()
    return desk, reply


def meanwhile(
    d: PolicyDesk, monkeypatch: pytest.MonkeyPatch, act: Callable[[], Awaitable[object]], **changes: Any
) -> None:
    """While the policy gathers its facts for the next time, something else happens."""
    gatherer = policies(d).gatherer
    gather = gatherer.facts

    async def facts(*given: Any) -> Any:
        found = await gather(*given)
        monkeypatch.setattr(gatherer, "facts", gather)
        await act()
        return replace(found, **changes)

    monkeypatch.setattr(gatherer, "facts", facts)


async def test_a_reply_that_is_held_already_is_looked_at_once_and_without_waiting(tmp_path: Path) -> None:
    async with policy_desk(tmp_path) as d:
        d.tag("low-risk")
        _, reply = await held_before_the_policy(d)
        assert (await d.draft()).state == "sent"
        assert d.bench.clock.sleeps == []
        path = f"/emails/{reply.message_id}"
        reads = [call for call in d.bench.world.calls("multimail") if call.method == "GET" and call.path.endswith(path)]
        assert len(reads) == 3, "to bring the row up to date, to judge, and to decide"


@pytest.mark.parametrize(("seconds", "sent"), [(3.15, True), (3.25, False)])
async def test_a_scan_is_waited_for_three_seconds_and_a_fifth_and_then_a_person_decides(
    tmp_path: Path, seconds: float, sent: bool
) -> None:
    async with policy_desk(tmp_path) as d:
        d.tag("low-risk")
        d.bench.world.switch("scan_seconds", seconds)
        d.bench.clock.sleeps.clear()
        reply = await d.draft()
        assert (reply.state == "sent") is sent
        assert d.bench.clock.sleeps == [0.4] * 8
        row = await d.last(reply)
        assert (row["facts"]["held"], row["effect"]) == (("as drafted", "approved") if sent else ("not held", "held"))
        assert d.sent() == ([KETTLE] if sent else [])


async def test_a_mail_that_multimail_lists_no_more_is_not_taken_for_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with policy_desk(tmp_path) as d:
        d.tag("low-risk")
        reply = (await held_before_the_policy(d))[1]

        async def missing(_message_id: str) -> Any:
            raise Missing("There is no such mail.")

        async def gone() -> None:
            monkeypatch.setattr(d.bench.desk.core.outbox, "read", missing)

        meanwhile(d, monkeypatch, gone)
        assert (await d.draft()).state == "held"
        row = await d.last(reply)
        assert (row["outcome"], row["facts"]["held"]) == ("hold", "not held")
        assert d.sent() == []


async def test_a_mail_that_somebody_edited_is_on_record_as_altered(tmp_path: Path) -> None:
    async with policy_desk(tmp_path) as d:
        d.tag("low-risk")
        reply = (await held_before_the_policy(d))[1]
        d.bench.world.edit_held(reply.message_id or "", markdown="Send money.")
        assert (await d.draft()).state == "held"
        row = await d.last(reply)
        assert (row["facts"]["held"], row["outcome"]) == ("altered", "hold")
        assert row["guards"] == ["what MultiMail holds is not known to be the draft, word for word"]


async def test_what_the_rule_looks_at_is_on_record_as_shown_to_the_rule(tmp_path: Path) -> None:
    async with policy_desk(tmp_path) as d:
        d.tag("low-risk")
        reply = await d.draft()
        records = await agree(d.bench.desk.core.store)
        shown = [one for one in records if one["ev"] == "email.show" and one["obj"].get("reply") == reply.id]
        assert [(one["actor"]["kind"], one["actor"]["id"]) for one in shown] == [("policy", "policy:low-risk")]


async def test_of_two_processes_with_one_reply_only_one_applies_the_policy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with policy_desk(tmp_path) as d:
        d.tag("low-risk")
        reply = (await held_before_the_policy(d))[1]

        async def another_process() -> None:
            told = {"DESKGATE_POLICY": str(d.path), "DESKGATE_PRINCIPAL": "agent"}
            async with bench(tmp_path, world=d.bench.world, clock=d.bench.clock, transport=None, **told) as other:
                assert (await other.desk.draft(101, KETTLE)).state == "sent"

        meanwhile(d, monkeypatch, another_process)
        assert (await d.draft()).id == reply.id
        assert d.sent() == [KETTLE]
        assert len(await evaluations_of(d.bench.desk.core.store, reply.id)) == 1


async def test_a_ticket_that_cannot_be_read_leaves_the_reply_held_and_its_turn_for_later(tmp_path: Path) -> None:
    async with policy_desk(tmp_path) as d:
        d.tag("low-risk")
        reply = (await held_before_the_policy(d))[1]
        d.bench.world.faults.add(parse_fault("503@zendesk GET tickets x99"))
        assert await d.draft() == reply
        assert not await had_turn(d.bench.desk.core.store, reply.id)
        d.bench.world.faults.clear()
        assert (await d.draft()).state == "sent"


async def test_a_place_that_is_gone_at_the_last_moment_leaves_the_reply_held_and_on_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with policy_desk(tmp_path) as d:
        d.tag("low-risk")
        gatherer = policies(d).gatherer
        gather = gatherer.facts

        async def facts(*given: Any) -> Any:  # as if every other approval had come in between
            return replace(await gather(*given), approvals_recipient=0, approvals_domain=0)

        monkeypatch.setattr(gatherer, "facts", facts)
        replies = [await d.draft(body=f"{KETTLE} ({number})") for number in range(3)]
        assert [reply.state for reply in replies] == ["sent", "sent", "held"]
        assert [(await d.last(reply))["effect"] for reply in replies] == ["approved", "approved", "held"]
        records = [one for one in await agree(d.bench.desk.core.store) if one["obj"].get("reply") == replies[2].id]
        assert [one["res"]["status"] for one in records if one["ev"] == "policy.eval"] == ["held"]


async def test_an_approval_whose_answer_was_lost_is_given_back_as_the_row_is_by_then(tmp_path: Path) -> None:
    async with policy_desk(tmp_path) as d:
        d.tag("low-risk")
        d.bench.world.faults.add(parse_fault("timeout_before@multimail POST decide x9"))
        reply = await d.draft()
        assert (reply.state, reply.decided_by) == ("approving", "policy:low-risk")
        assert reply == await d.bench.desk.core.store.reply(reply.id)
        assert (await d.last(reply))["effect"] == "failed:outcome_unknown"
        assert d.sent() == []


async def test_a_reply_that_is_on_its_way_is_not_on_record_as_gone_out(tmp_path: Path) -> None:
    async with policy_desk(tmp_path, TEXT) as d:
        add_mailbox(d)
        d.tag("low-risk")
        d.bench.world.switch("scan_seconds", 60)
        leaving = await d.draft()
        assert leaving.state == "sending"
        assert (await d.last(leaving))["effect"] == "approving"
        d.bench.clock.advance(60)
        assert (await d.draft()).state in ("sent", "delivered")
        assert (await d.last(leaving))["effect"] == "approved"


async def test_only_the_one_turn_says_what_became_of_a_reply_that_was_to_leave(tmp_path: Path) -> None:
    async with policy_desk(tmp_path, TEXT) as d:
        add_mailbox(d)
        d.tag("low-risk")
        d.bench.world.switch("scan_seconds", 60)
        leaving = await d.draft()
        core = d.bench.desk.core
        for state in ("held", "sent"):
            assert (await automatic(core, policies(d), replace(leaving, state=state, message_id=None))).state == state
            assert (await d.last(leaving))["effect"] == "approving"


async def test_without_a_deciding_key_what_a_rule_approves_is_held_and_takes_no_place(tmp_path: Path) -> None:
    async with policy_desk(tmp_path) as d:
        d.tag("low-risk")
        desk = replace(d.bench.desk, core=replace(d.bench.desk.core, oversight=None))
        reply = await desk.draft(101, KETTLE)
        assert reply.state == "held"
        row = await d.last(reply)
        assert (row["outcome"], row["effect"]) == ("hold", "held")
        assert "this process has no deciding key" in row["guards"]
        assert await d.bench.desk.core.store.rows("SELECT reply_id FROM policy_approvals") == []
