"""`deskgate events`: an operator sees what arrived and has it worked on again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from at_terminal import Told, typed

from bench import Bench, bench
from desk.inbox.desk_at_work import TICKET, AtWork
from deskgate.commands.events import act

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("database")]

ESCAPE = b'{"event":"\x1b[2Jmessage.received"'


class Desk:
    """A desk at work whose operator types `deskgate events …`."""

    def __init__(self, one: Bench) -> None:
        self.one = one
        self.at = AtWork.of(one)

    async def __call__(self, *words: str) -> Told:
        return await typed(lambda terminal, told: act(self.one.desk.core.store, terminal, told), "events", *words)

    async def answered(self) -> int:
        """A customer's answer that is on its ticket; gives the event's number."""
        await self.at.sent()
        await self.at.work()
        self.one.world.receive_reply(TICKET, "Still broken, sorry.")
        await self.at.work()
        rows = await self.one.desk.core.store.rows("SELECT event_number FROM effects WHERE kind = 'received'")
        return int(rows[0]["event_number"])

    async def buried(self) -> int:
        """An event that cannot be read."""
        await self.at.worker.events.add("multimail", "broken", ESCAPE)
        await self.at.work()
        (row,) = await self.at.worker.events.listed("dead")
        return int(row["number"])


@asynccontextmanager
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with bench(tmp_path) as one:
        yield Desk(one)


async def test_an_empty_inbox_says_so(tmp_path: Path) -> None:
    async with desk(tmp_path) as events:
        assert (await events("list")).out == "Nothing has arrived so far.\n"
        assert (await events("list", "--state", "dead")).out == "No event is dead.\n"
        assert (await events("list", "--json")).data == []


async def test_the_list_tells_what_became_of_each_event_and_what_to_do_about_a_dead_one(tmp_path: Path) -> None:
    async with desk(tmp_path) as events:
        answered, dead = await events.answered(), await events.buried()
        told = await events("list")
        lines = told.out.splitlines()
        assert lines[0].split() == ["NUMBER", "STATE", "FROM", "RECEIVED", "TRIES", "ABOUT", "REMARK"]
        assert lines[1].split()[:3] == [str(dead), "dead", "multimail"]
        assert "unreadable" in lines[1]
        assert any(line.split()[:2] == [str(answered), "done"] and f"ticket:{TICKET}" in line for line in lines)
        assert "`deskgate events replay --dead`" in told.err
        only = (await events("list", "--state", "dead", "--json")).data
        assert [row["number"] for row in only] == [dead]
        assert "body" not in only[0]
        assert len((await events("list", "--limit", "1")).out.splitlines()) == 2


async def test_one_event_is_shown_with_what_it_did_and_without_anybodys_words(tmp_path: Path) -> None:
    async with desk(tmp_path) as events:
        number = await events.answered()
        told = await events("show", str(number))
        assert f"event {number}, done" in told.out
        assert f"about     ticket:{TICKET}" in told.out
        assert f"on ticket {TICKET}: done, " in told.out
        assert "--body shows it" in told.out
        assert "email_id" not in told.out
        whole = await events("show", str(number), "--body")
        assert "email_id" in whole.out or "message_id" in whole.out
        data = (await events("show", str(number), "--json")).data
        assert [effect["state"] for effect in data["effects"]] == ["done"]
        assert "body" not in data


async def test_what_arrived_cannot_drive_the_terminal(tmp_path: Path) -> None:
    async with desk(tmp_path) as events:
        number = await events.buried()
        for words in (("--body",), ("--body", "--json")):
            told = await events("show", str(number), *words)
            assert "\x1b" not in told.out
            assert "[2Jmessage.received" in told.out


async def test_an_event_that_is_replayed_changes_its_ticket_no_second_time(tmp_path: Path) -> None:
    async with desk(tmp_path) as events:
        number = await events.answered()
        before = events.at.notes()
        assert (await events("replay", str(number))).code == 0
        assert (await events("list", "--state", "new", "--json")).data[0]["number"] == number
        await events.at.work()
        assert events.at.notes() == before
        (done,) = [row for row in (await events("list", "--json")).data if row["number"] == number]
        assert done["state"] == "done"


async def test_all_dead_events_are_replayed_at_once(tmp_path: Path) -> None:
    async with desk(tmp_path) as events:
        number = await events.buried()
        told = await events("replay", "--dead")
        assert (told.code, told.out) == (
            0,
            f"Event {number} will be worked on again. What it did already is not done twice.\n",
        )
        assert (await events("replay", "--dead")).out == "No event is dead.\n"


async def test_what_cannot_be_replayed_says_why(tmp_path: Path) -> None:
    async with desk(tmp_path) as events:
        number = await events.answered()
        store = events.one.desk.core.store
        assert await events.at.worker.events.add("multimail", "open", b"{}")
        (opened,) = await events.at.worker.events.listed("new")
        told = await events("replay", str(opened["number"]), "999999")
        assert told.code == 1
        assert f"Event {opened['number']} cannot be replayed: it is still open." in told.err
        assert "Event 999999 cannot be replayed: there is none of that number." in told.err
        await store.write(("UPDATE inbox_events SET body = :nothing WHERE number = :n", {"nothing": b"", "n": number}))
        assert "its body was dropped" in (await events("replay", str(number))).err
        flagged = "UPDATE inbox_events SET state = 'flagged' WHERE number = :n"
        await store.write((flagged, {"n": number}))
        assert "another body" in (await events("replay", str(number))).err


async def test_words_that_say_nothing_are_refused(tmp_path: Path) -> None:
    async with desk(tmp_path) as events:
        assert (await events("replay")).code == 2
        assert (await events("replay", "1", "--dead")).code == 2
        assert (await events("show", "999999")).code == 1
