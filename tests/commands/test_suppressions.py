"""`deskgate suppressions`: an operator keeps the list of those who get no mail."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from at_terminal import Told, typed

from bench import Bench, bench
from desk.inbox.desk_at_work import REQUESTER, TICKET, AtWork
from deskgate.commands.suppressions import act

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("database")]


def at(one: Bench) -> Callable[..., Awaitable[Told]]:
    def type_it(*words: str) -> Awaitable[Told]:
        return typed(lambda terminal, told: act(one.desk.core.store, terminal, told, "ines"), "suppressions", *words)

    return type_it


async def test_an_address_that_was_added_gets_no_drafts_until_it_is_removed(tmp_path: Path) -> None:
    async with bench(tmp_path) as one, one.client() as caller:
        suppressions = at(one)
        told = await suppressions(
            "add", REQUESTER.upper().replace("EXAMPLE.COM", "example.com"), "--reason", "asked by phone"
        )
        assert told.code == 0
        assert told.err == ""
        assert await caller.fails("draft_gated_reply", ticket_id=TICKET, body="Hello") == "suppressed"
        (row,) = (await suppressions("list", "--json")).data
        assert (row["address"], row["reason"], row["source"]) == (REQUESTER, "asked by phone", "operator:ines")
        assert "asked by phone" in (await suppressions("list")).out
        assert (await suppressions("remove", REQUESTER)).code == 0
        await caller.ok("draft_gated_reply", ticket_id=TICKET, body="Hello")
        assert (await suppressions("list")).out == "Nobody is on the list.\n"


async def test_what_waits_for_that_address_stays_held_and_the_operator_hears_of_it(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        held = await AtWork.of(one).held()
        told = await at(one)("add", REQUESTER, "--reason", "asked by phone")
        assert "1 reply to this address not yet sent can no longer be approved" in told.err
        assert len(one.world.held_mails()) == 1
        async with one.client() as caller:
            tracked = await caller.ok("track_reply", message_id=held["message_id"])
        assert tracked["replies"][0]["state"] == "held"


async def test_an_address_is_on_the_list_in_every_spelling_of_its_domain(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        suppressions = at(one)
        assert (await suppressions("add", "ina@bücher.example", "--reason", "asked")).code == 0
        assert "already" in (await suppressions("add", "Ina@XN--BCHER-KVA.example", "--reason", "again")).out
        assert (await suppressions("remove", "INA@BÜCHER.example")).code == 0
        assert (await suppressions("list")).out == "Nobody is on the list.\n"


async def test_adding_twice_and_removing_what_is_not_there_change_nothing(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        suppressions = at(one)
        assert (await suppressions("add", REQUESTER, "--reason", "first")).code == 0
        assert "already" in (await suppressions("add", REQUESTER, "--reason", "second")).out
        assert [row["reason"] for row in (await suppressions("list", "--json")).data] == ["first"]
        assert (await suppressions("remove", "nobody@example.com")).code == 1
        assert (await suppressions("add", "not an address", "--reason", "x")).code == 1
