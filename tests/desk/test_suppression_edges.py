"""Edges of the list of those who get no mail: what goes on record, what stays beside it, and whom an entry means."""

import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from audit.agreement import agree
from bench import bench
from deskgate.desk.audit.said import Who, acting_as
from deskgate.desk.errors import Suppressed
from deskgate.desk.replies import Reply
from deskgate.desk.store import Store
from deskgate.desk.suppression import add, check_not_suppressed, held_for, lift, suppressed, suppression_of

pytestmark = pytest.mark.anyio

MARIA = "maria@example.com"
SINCE, LATER = "2026-01-28T12:00:00Z", "2026-01-29T12:00:00Z"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with bench(tmp_path) as here:
        yield here.desk.core.store


async def take_off(store: Store, address: str, *, reason: str = "asked", since: str = SINCE) -> None:
    with acting_as(Who("human", "operator:ines")):
        await store.tell(add(store, address, reason=reason, source="operator:ines", ticket_id=101, since=since))


async def beside(store: Store) -> list[tuple[dict[str, Any], str]]:
    """What stands beside the log, oldest first: the texts, and whose they are."""
    rows = await store.rows("SELECT text, person FROM audit_personal ORDER BY seq")
    return [(json.loads(row["text"]), row["person"]) for row in rows]


async def test_a_wish_for_no_more_mail_is_on_record_with_its_source_and_without_the_address(store: Store) -> None:
    await take_off(store, " Maria@Example.COM ")
    (record,) = await agree(store)
    told = (record["ev"], record["actor"]["id"], record["obj"], record["dec"], record["res"])
    source = {"source": "operator:ines"}
    assert told == ("suppress.add", "operator:ines", {"ticket": 101}, source, {"status": "done"})
    assert "maria" not in json.dumps(record).casefold()
    assert await beside(store) == [({"address": MARIA, "reason": "asked"}, MARIA)]


async def test_letting_them_get_mail_again_is_on_record_too(store: Store) -> None:
    await take_off(store, MARIA)
    wish = lift(store, " MARIA@example.com", now=LATER)
    assert await store.write(wish.step, said=wish.said) == 1
    record = (await agree(store))[-1]
    assert (record["ev"], record["res"]) == ("suppress.remove", {"status": "done"})
    assert (await beside(store))[-1] == ({"address": MARIA}, MARIA)
    assert await suppressed(store) == []
    await check_not_suppressed(store, MARIA, ticket_id=101)


async def test_what_changes_nothing_is_not_on_record(store: Store) -> None:
    wish = lift(store, MARIA, now=LATER)
    assert await store.write(wish.step, said=wish.said) == 0
    assert await agree(store) == []
    await take_off(store, MARIA)
    await take_off(store, MARIA, reason="again", since=LATER)
    assert len(await agree(store)) == 1
    (kept,) = await suppressed(store)
    assert asdict(kept) == {
        "address": MARIA, "reason": "asked", "since": SINCE, "source": "operator:ines", "ticket_id": 101,
    }  # fmt: skip


async def test_whoever_is_off_is_off_in_every_spelling_and_nobody_else_is(store: Store) -> None:
    await take_off(store, MARIA)
    for spelling in (MARIA, "MARIA@EXAMPLE.COM", " maria@example.com "):
        with pytest.raises(Suppressed, match=rf"\(asked, since {SINCE}\)") as error:
            await check_not_suppressed(store, spelling, ticket_id=7)
        assert error.value.facts == {"ticket_id": 7}
    assert await suppression_of(store, "mario@example.com") is None


@pytest.mark.parametrize("spelling", ["änne@example.com", "ÄNNE@example.com", "A\u0308nne@EXAMPLE.com"])
async def test_what_waits_for_somebody_is_found_in_letters_outside_ascii_too(store: Store, spelling: str) -> None:
    waiting = Reply(
        id="1", ticket_id=101, words="w", mailbox="support@desk.example.com", recipient="Änne@example.com",
        subject="Re: kettle", body="Hello", seen="{}", state="held", drafted_by="one", drafted_at=SINCE,
    )  # fmt: skip
    assert await store.add_reply(waiting, principal="one", owner="team")
    assert await held_for(store, spelling) == 1
    assert await held_for(store, "anne@example.com") == 0


async def test_lifting_is_on_record_where_it_is_told_by_itself(store: Store) -> None:
    await take_off(store, MARIA)
    await store.tell(lift(store, MARIA, now=LATER))
    assert [record["ev"] for record in await agree(store)] == ["suppress.add", "suppress.remove"]


@pytest.mark.parametrize(
    ("source", "off"), [("unsubscribed:1", False), ("received:1", False), ("operator:ines", True), ("reconcile", True)]
)
async def test_a_wish_that_an_operator_lifted_is_not_taken_up_again_by_its_own_event(
    store: Store, source: str, off: bool
) -> None:
    async def wished(by: str) -> None:
        await store.tell(add(store, MARIA, reason="asked", source=by, ticket_id=101, since=SINCE))

    await wished(source)
    await store.tell(lift(store, MARIA, now=LATER))
    await wished(source)
    assert (await suppression_of(store, MARIA) is not None) == off
    await wished("unsubscribed:2")
    assert await suppression_of(store, MARIA) is not None
