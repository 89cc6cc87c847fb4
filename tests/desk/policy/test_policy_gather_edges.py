"""Edges of gathering facts: how far back it reads, what it makes of a requester, and a draft without a text."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from policy_texts import good, policy_of, rule

from bench import bench
from deskgate.desk.policy import Facts, Gatherer, Policy, Unsent, evaluate
from deskgate.desk.policy.gather import about_text, about_ticket
from deskgate.desk.policy.provenance import Update
from deskgate.desk.store import Store
from deskgate.desk.zendesk import Ticket, User

pytestmark = pytest.mark.anyio

WHEN = datetime(2026, 1, 28, 12, tzinfo=UTC)
MARIA = User(7, "Maria", "maria@example.com", "end-user", verified=True, active=True, suspended=False)
TICKET = Ticket(101, "kettle", "open", None, (), "email", WHEN, WHEN, 7, None, None, MARIA, "2026-01-28T12:00:00Z")
DRAFT = Unsent("r", "maria@example.com", "Re: kettle", "Dear Maria, your kettle waits.")


class Desk:
    """A Zendesk whose ticket nobody ever changed; it notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    async def ticket(self, ticket_id: int) -> Ticket:
        self.asked.append(("ticket", ticket_id))
        return TICKET

    async def audits(self, ticket_id: int, *, limit: int = 100) -> Sequence[Update]:
        self.asked.append(("audits", ticket_id, limit))
        return ()

    async def users(self, ids: Iterable[int]) -> Mapping[int, User]:
        self.asked.append(("users", *ids))
        return {}

    async def me(self) -> User:
        self.asked.append(("me",))
        return MARIA


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with bench(tmp_path) as here:
        yield here.desk.core.store


ASKING = policy_of(rule("approve", 'tags_all = ["low-risk"]'))


async def gathered(store: Store, policy: Policy, draft: Unsent = DRAFT) -> tuple[Facts, list[tuple[Any, ...]]]:
    source = Desk()
    return await Gatherer(source, store).facts(policy, TICKET, draft, WHEN), source.asked


async def test_the_newest_three_hundred_updates_are_read_and_nobody_is_looked_up_who_did_nothing(store: Store) -> None:
    _, asked = await gathered(store, ASKING)
    assert asked == [("audits", 101, 300)]


async def test_a_policy_that_asks_for_no_history_reads_none(store: Store) -> None:
    facts, asked = await gathered(store, policy_of(rule("hold", 'priority = ["low"]')))
    assert asked == []
    assert facts.auto_responder is None


async def test_without_a_text_nothing_is_known_of_it_and_the_rest_is(store: Store) -> None:
    facts, _ = await gathered(store, ASKING, replace(DRAFT, body=None))
    assert (facts.language, facts.body_chars, facts.body_words, facts.link_hosts, facts.markup) == (
        ("unknown", None, None, None, None)
    )
    assert (facts.status, facts.first_contact, facts.approvals_recipient) == ("open", True, 0)
    assert about_text(replace(DRAFT, body=None)) == {}


@pytest.mark.parametrize(
    ("suspended", "active", "told"),
    [(False, True, False), (True, True, True), (False, False, True), (True, False, True)],
)
def test_a_requester_who_is_suspended_or_was_deleted_is_off(suspended: bool, active: bool, told: bool) -> None:
    requester = replace(MARIA, suspended=suspended, active=active)
    assert about_ticket(replace(TICKET, requester=requester)).requester_suspended is told
    assert about_ticket(replace(TICKET, requester=None)).requester_suspended is None


@pytest.mark.parametrize(("organisation", "outcome"), [(7, "approve"), (8, "hold"), (None, "hold")])
def test_a_ticket_without_an_organisation_is_known_to_have_none(organisation: int | None, outcome: str) -> None:
    told = about_ticket(replace(TICKET, organization_id=organisation))
    facts = good(organisation=told.organisation, organisation_known=told.organisation_known)
    assert evaluate(policy_of(rule("approve", "organisation = [7]")), facts).outcome == outcome
    # What is certainly not there does not hold a reply by a rule that holds that organisation's.
    holding = policy_of(rule("hold", "organisation = [7]", "a"), rule("approve", 'status = ["open"]', "b"))
    assert evaluate(holding, facts).outcome == ("hold" if organisation == 7 else "approve")
