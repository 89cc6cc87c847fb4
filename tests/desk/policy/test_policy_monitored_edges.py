"""Edges of replies that leave at once: every reason why one does not, told as it is, and what its record says meanwhile."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from policy_desk import KETTLE, PolicyDesk, policy_desk
from policy_texts import LOW_RISK
from test_policy_monitored import TEXT, UPDATES, add_mailbox, handed_over, lost_before

from deskgate.desk.clock import parse_time
from deskgate.desk.errors import OutcomeUnknown
from deskgate.desk.policy.monitored import KEY_LIFE, way_out
from deskgate.sandbox.constants import MAILBOX_ADDRESS
from deskgate.sandbox.faults import parse_fault

pytestmark = pytest.mark.anyio

MARIA = 33144692240101


def after_the_facts(d: PolicyDesk, monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Something happens between the facts and the second look at the ticket."""
    gatherer = d.bench.desk.core.policies.gatherer  # type: ignore[union-attr]
    gather = gatherer.facts

    async def facts(*given: Any) -> Any:
        found = await gather(*given)
        act()
        return found

    monkeypatch.setattr(gatherer, "facts", facts)


async def held_because(d: PolicyDesk, why: str) -> None:
    """The draft is held at the gated mailbox, and this alone is the reason on record."""
    reply = await d.draft()
    assert (reply.state, reply.mailbox, reply.decision) == ("held", MAILBOX_ADDRESS, None)
    row = await d.last(reply)
    assert (row["outcome"], row["guards"], row["effect"]) == ("hold", [why], "held")
    assert d.sent() == []


async def test_a_requester_with_the_monitored_mailboxs_own_address_gets_nothing_at_once(tmp_path: Path) -> None:
    async with policy_desk(tmp_path, TEXT, acquainted=False) as d:
        d.bench.world.edit_user(MARIA, email=UPDATES.upper())
        await d.acquaint()
        add_mailbox(d)
        d.tag("low-risk")
        await held_because(d, "the requester's address is the monitored mailbox itself")


async def test_a_ticket_that_cannot_be_read_once_more_leaves_the_reply_to_a_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with policy_desk(tmp_path, TEXT) as d:
        add_mailbox(d)
        d.tag("low-risk")
        fault = parse_fault("503@zendesk GET tickets/101 x9")
        after_the_facts(d, monkeypatch, lambda: d.bench.world.faults.add(fault))
        await held_because(d, "the ticket could not be read once more (upstream_unavailable)")


async def test_a_ticket_that_moved_between_the_two_looks_is_the_reason_on_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with policy_desk(tmp_path, TEXT) as d:
        add_mailbox(d)
        d.tag("low-risk")

        def customer_writes() -> None:
            d.bench.clock.advance(5)
            d.bench.world.edit_ticket(101, comment={"body": "It came!", "public": True})

        after_the_facts(d, monkeypatch, customer_writes)
        await held_because(d, "the ticket changed since the draft")


async def test_what_leaves_at_once_is_on_record_with_a_ticket_that_did_not_move(tmp_path: Path) -> None:
    async with policy_desk(tmp_path, TEXT) as d:
        add_mailbox(d)
        d.tag("low-risk")
        facts = (await d.last(await d.draft()))["facts"]
        assert facts["ticket_moved"] is False
        assert "held" not in facts, "nothing holds it, so nothing is known of that"


async def test_a_text_that_nobody_has_seen_at_multimail_is_not_on_record_as_compared(tmp_path: Path) -> None:
    async with policy_desk(tmp_path, TEXT) as d:
        add_mailbox(d)
        d.tag("low-risk")
        await lost_before(d)
        (lost,) = [one for one in await d.bench.desk.core.store.replies_of_ticket(101) if one.body == KETTLE]
        assert (lost.state, lost.decision, lost.body_checked) == ("sending", "approve", False)
        assert (await d.draft()).body_checked


@pytest.mark.parametrize(("age", "leaves"), [(KEY_LIFE - timedelta(seconds=1), True), (KEY_LIFE, False)])
async def test_a_lost_send_is_repeated_up_to_the_last_second_of_the_keys_life(
    tmp_path: Path, age: timedelta, leaves: bool
) -> None:
    async with policy_desk(tmp_path, TEXT) as d:
        add_mailbox(d)
        d.tag("low-risk")
        await lost_before(d)
        (lost,) = [one for one in await d.bench.desk.core.store.replies_of_ticket(101) if one.body == KETTLE]
        drafted = parse_time(lost.drafted_at)
        assert drafted is not None
        d.bench.clock.advance((drafted + age - d.bench.clock.now()).total_seconds())
        before = handed_over(d)
        if leaves:
            assert (await d.draft()).state in ("sent", "delivered")
        else:
            with pytest.raises(OutcomeUnknown, match="cannot be sent again safely"):
                await d.draft()
        assert handed_over(d) - before == leaves


async def test_a_policy_that_names_no_monitored_mailbox_has_no_way_out_and_says_so(tmp_path: Path) -> None:
    async with policy_desk(tmp_path, TEXT) as d:
        add_mailbox(d)
        core = d.bench.desk.core
        assert core.policies is not None
        policy = await core.policies.holder.current()
        gate = await way_out(core, policy)
        assert not isinstance(gate, str)
        assert gate.mailbox == UPDATES
        assert await way_out(core, replace(policy, monitored_mailbox=None)) == "the policy names no monitored mailbox"
        d.path.write_text(LOW_RISK)
        assert await way_out(core, await core.policies.holder.current()) == "the policy names no monitored mailbox"
