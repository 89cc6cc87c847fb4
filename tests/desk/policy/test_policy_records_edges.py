"""Edges of the policy's own record: who counts as one address, which day counts, and how a verdict is written down."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from policy_desk import KETTLE, policy_desk
from policy_texts import good, policy_of, rule

from bench import bench
from deskgate.desk.policy import evaluate
from deskgate.desk.policy.records import CAP_WINDOW, Evaluation, approvals_since, begin_approval
from deskgate.desk.store import Store
from fakes import NOON

pytestmark = pytest.mark.anyio

POLICY = policy_of(rule("approve", 'tags_all = ["low-risk"]'), top="[caps]\nper_recipient_per_day = 1")
SECOND = timedelta(seconds=1)


def begun(number: int, recipient: str, *, age: timedelta = timedelta()) -> Evaluation:
    facts = good()
    return Evaluation(f"e{number}", f"r{number}", recipient, NOON - age, evaluate(POLICY, facts), facts, "approving")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with bench(tmp_path) as here:
        yield here.desk.core.store


async def approve(store: Store, number: int, recipient: str, *, age: timedelta = timedelta()) -> bool:
    return await begin_approval(store, POLICY, begun(number, recipient, age=age), recipient)


@pytest.mark.parametrize("spelling", ["Maria@Example.com", "maria+desk@example.com", "MARIA+a+b@EXAMPLE.COM"])
async def test_another_spelling_of_an_address_is_the_same_address(store: Store, spelling: str) -> None:
    assert await approve(store, 1, "maria@example.com")
    assert await approvals_since(store, spelling, NOON) == (1, 1)
    assert not await approve(store, 2, spelling)


@pytest.mark.parametrize(
    ("other", "counted"), [("mario@example.com", (0, 1)), ("maria@example.org", (0, 0)), ("maria", (0, 0))]
)
async def test_another_address_is_another_even_at_the_same_domain(
    store: Store, other: str, counted: tuple[int, int]
) -> None:
    assert await approve(store, 1, "maria@example.com")
    assert await approvals_since(store, other, NOON) == counted
    assert await approve(store, 2, other)


async def test_to_ask_about_an_address_that_no_mail_could_carry_is_no_error(store: Store) -> None:
    assert await approve(store, 1, "maria@example.com")
    assert await approvals_since(store, "\ud800@example.com", NOON) == (0, 1)


async def test_a_place_is_free_again_after_a_day_and_not_a_second_before(store: Store) -> None:
    assert await approve(store, 1, "maria@example.com", age=CAP_WINDOW - SECOND)
    assert await approvals_since(store, "maria@example.com", NOON) == (1, 1)
    assert not await approve(store, 2, "maria@example.com")
    assert await approvals_since(store, "maria@example.com", NOON + SECOND) == (0, 0)
    assert await approve(store, 3, "maria@example.com", age=-SECOND)


def test_the_facts_are_written_in_one_order_with_what_the_rule_asked() -> None:
    text = begun(1, "maria@example.com").row()["facts"]
    facts = json.loads(text)
    assert list(facts) == sorted(facts)
    assert facts["asked"] == {"tags_all": "low-risk: set by human agent"}


async def test_a_first_automatic_reply_counts_none_before_it_and_the_cap_is_told_as_the_reason(tmp_path: Path) -> None:
    async with policy_desk(tmp_path) as d:
        d.tag("low-risk")
        replies = [await d.draft(body=f"{KETTLE} ({number})") for number in range(3)]
        assert [reply.state for reply in replies] == ["sent", "sent", "held"]
        told = [(await d.last(reply))["facts"] for reply in replies]
        assert [(one["approvals_recipient"], one["approvals_domain"]) for one in told] == [(0, 0), (1, 1), (2, 2)]
        why = "this address got as many automatic replies within 24 hours as the policy allows"
        assert (await d.last(replies[2]))["guards"] == [why]
