"""Threats at the policy, the door that no person stands at."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from policy_desk import KETTLE, policy_desk
from policy_texts import good, policy_of, rule

from deskgate.desk.policy import evaluate
from deskgate.desk.policy.admission import principal_of
from deskgate.desk.principals import DRAFT, Principal

pytestmark = pytest.mark.anyio

# It lets out whatever the guard rails let through.
WIDE = rule("approve", 'priority = ["urgent", "high", "normal", "low", "none"]', "wide")
STRANGER = 33144692240106
CANARY = "bcc7-order-of-sam@example.org"


async def test_t2_a_drafter_with_a_rules_name_is_not_approved_by_that_rule(tmp_path: Path) -> None:
    async with policy_desk(tmp_path, f'version = "1"\n{WIDE}') as d:
        named = Principal(principal_of("wide").id, "agent", frozenset({DRAFT}))
        held = await replace(d.bench.desk, caller=named).draft(101, KETTLE)
        assert (held.state, held.decision) == ("held", None)
        assert d.sent() == []
        assert (await d.draft(body=f"{KETTLE} Again.")).state == "sent", "anybody else's goes out by it"


async def test_t7_a_mail_that_changes_between_the_verdict_and_the_decision_stays_held(tmp_path: Path) -> None:
    async with policy_desk(tmp_path, f'version = "1"\n{WIDE}') as d:
        core = d.bench.desk.core
        before = core.store.write
        edited = []

        async def editing(*steps: Any, **more: Any) -> int:
            """Somebody edits the mail after the verdict, in the moment in which its place within the caps is taken."""
            held = d.bench.world.held_mails()
            if held and "policy_approvals" in str(steps) and not edited:
                edited.append(held[0]["id"])
                d.bench.world.edit_held(held[0]["id"], markdown="Pay here instead.")
            return await before(*steps, **more)

        core.store.write = editing  # type: ignore[method-assign]
        reply = await d.draft()
        assert edited
        assert reply.state == "held"
        assert d.sent() == []


async def test_t8_a_reply_has_its_turn_before_the_policy_once(tmp_path: Path) -> None:
    async with policy_desk(tmp_path, 'version = "1"') as d:
        assert (await d.draft()).state == "held"
        d.path.write_text(f'version = "2"\n{WIDE}')
        d.bench.clock.advance(1)
        for _ in range(3):
            assert (await d.draft()).state == "held", "asking again is no second try"
        assert d.sent() == []
        assert (await d.draft(body=f"{KETTLE} New words.")).state == "sent"


def test_t16_a_thousand_anonymous_tickets_come_to_no_automatic_mail_by_the_widest_rule() -> None:
    policy = policy_of(WIDE)
    strangers = (
        {"requester_verified": False},
        {"requester_verified": None},
        {"requester_suspended": True},
        {"requester_suspended": None},
        {"first_contact": True},
        {"first_contact": None},
        {"auto_responder": True},
        {"auto_responder": None},
    )
    assert evaluate(policy, good()).outcome == "approve"
    for number in range(1000):
        facts = good(ticket_id=number, **strangers[number % len(strangers)])
        assert evaluate(policy, facts).outcome == "hold"


async def test_t16_through_the_door_a_stranger_gets_none_and_the_same_person_verified_gets_as_many_as_the_cap(
    tmp_path: Path,
) -> None:
    async with policy_desk(tmp_path, f'version = "1"\n{WIDE}') as d:
        d.bench.world.edit_user(STRANGER, verified=False)
        await d.acquaint(106)
        states = [(await d.draft(106, f"{KETTLE} {number}")).state for number in range(5)]
        assert states == ["held"] * 5
        d.bench.world.edit_user(STRANGER, verified=True)
        states = [(await d.draft(106, f"{KETTLE} verified {number}")).state for number in range(5)]
        assert states == ["sent", "sent", "held", "held", "held"]


async def test_t16_every_address_with_a_plus_counts_as_one_and_the_domain_has_a_cap_of_its_own(tmp_path: Path) -> None:
    text = f'version = "1"\n[caps]\nper_recipient_per_day = 50\nper_domain_per_day = 3\n{WIDE}'
    async with policy_desk(tmp_path, text) as d:
        states = [(await d.draft(body=f"{KETTLE} {number}")).state for number in range(6)]
        assert states == ["sent"] * 3 + ["held"] * 3


@pytest.mark.parametrize(
    "canary",
    [
        f"Your order is with {CANARY}.",
        "See https://files.desk.example/attachments/token/abcdef/invoice.pdf",
        "https://reset.example/reset-password/abcdef0123456789",
    ],
)
async def test_t23_an_address_or_a_link_of_another_ticket_is_never_sent_automatically(
    tmp_path: Path, canary: str
) -> None:
    async with policy_desk(tmp_path, f'version = "1"\n{WIDE}') as d:
        d.bench.world.edit_ticket(104, comment={"body": canary, "public": True})
        d.bench.clock.advance(1)
        held = await d.draft(101, f"{KETTLE}\n{canary}")
        assert held.state == "held"
        assert any("link or address" in why for why in (await d.last(held))["guards"])
        assert d.sent() == []
        assert (await d.draft(101, f"{KETTLE} Nothing else.")).state == "sent"


@pytest.mark.parametrize(
    "out", ["https://evil.example/?d=1", "evil.example", "//evil.example", "evil\u2024example.com/x"]
)
async def test_t24_a_way_out_that_nobody_knows_is_held_by_the_widest_rule(tmp_path: Path, out: str) -> None:
    async with policy_desk(tmp_path, f'version = "1"\n{WIDE}') as d:
        assert (await d.draft(101, f"{KETTLE}\n{out}")).state == "held"
        assert d.sent() == []
