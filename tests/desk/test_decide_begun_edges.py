"""Edges of deciding where the matter is closed, was closed elsewhere, or where MultiMail shows the mail no more."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from bench import Bench, bench
from deskgate.desk import Desk, Principal, Reply
from deskgate.desk.errors import AlreadyDecided, Forbidden, OutcomeUnknown
from deskgate.desk.look import look_at, with_footers
from deskgate.desk.principals import DECIDE, DRAFT
from deskgate.desk.replies import FAILED, OUTSIDE, SENDING
from deskgate.desk.wire import Missing
from story.deciding import at_multimail

pytestmark = pytest.mark.anyio

TICKET = 101
INES = Principal("reviewer:ines", "human", frozenset({DECIDE}), owner="ines")


@dataclass
class Held:
    """A reply that an agent drafted, and a reviewer's desk."""

    here: Bench
    desk: Desk
    reply: Reply

    @property
    def message_id(self) -> str:
        return self.reply.message_id or ""

    async def row(self) -> Reply:
        found = await self.desk.core.store.reply(self.reply.id)
        assert found is not None
        return found


@asynccontextmanager
async def held(folder: Path) -> AsyncIterator[Held]:
    async with bench(folder) as here:
        agent = Principal("agent-7", "agent", frozenset({DRAFT}))
        reply = await replace(here.desk, caller=agent).draft(TICKET, "Dear Maria, your kettle is at Kvarnen Livs.")
        here.clock.advance(5)
        yield Held(here, replace(here.desk, caller=INES), reply)


async def test_to_look_at_what_was_decided_shows_nothing_and_finds_out_what_became_of_it(tmp_path: Path) -> None:
    async with held(tmp_path) as one:
        assert (await one.desk.decide(one.message_id, "approve")).state == "sent"
        one.here.clock.advance(60)
        assert await one.desk.look(one.message_id) is None
        assert (await one.row()).state == "delivered"


@pytest.mark.parametrize(
    ("there", "here", "other"), [("approve", "approve", "reject"), ("reject", "reject", "approve")]
)
async def test_what_somebody_decided_at_multimail_is_the_answer_to_the_same_decision_here(
    tmp_path: Path, there: str, here: Any, other: Any
) -> None:
    async with held(tmp_path) as one:
        await at_multimail(one.here, "v1", one.message_id, there)
        done = await one.desk.decide(one.message_id, here)
        assert (done.id, done.decision, done.decided_by) == (one.reply.id, there, OUTSIDE)
        with pytest.raises(AlreadyDecided, match=rf"already decided \({there}\) by {OUTSIDE}"):
            await one.desk.decide(one.message_id, other)


@pytest.mark.parametrize("decision", ["approve", "reject"])
async def test_what_was_cancelled_at_multimail_is_decided_neither_way(tmp_path: Path, decision: Any) -> None:
    async with held(tmp_path) as one:
        await one.here.desk.core.outbox.cancel(one.message_id)
        for _ in range(2):  # found out, then known
            with pytest.raises(AlreadyDecided, match=r"This reply was cancelled\. Draft a new one"):
                await one.desk.decide(one.message_id, decision)
        assert (await one.row()).state == "cancelled"


async def test_a_desk_without_a_deciding_key_begins_nothing(tmp_path: Path) -> None:
    async with held(tmp_path) as one:
        calls = len(one.here.world.calls())
        desk = replace(one.desk, core=replace(one.desk.core, oversight=None))
        with pytest.raises(Forbidden, match="No deciding key"):
            await desk.decide(one.message_id, "approve")
        assert await one.row() == one.reply
        assert len(one.here.world.calls()) == calls


@pytest.mark.parametrize("decision", ["approve", "reject"])
async def test_a_draft_that_came_to_nothing_is_not_decided(tmp_path: Path, decision: Any) -> None:
    async with held(tmp_path) as one:
        assert await one.desk.core.store.save_reply(replace(one.reply, state=FAILED))
        with pytest.raises(OutcomeUnknown, match="never got a clear answer"):
            await one.desk.decide(one.message_id, decision)


async def test_what_leaves_by_a_rules_decision_was_decided_so(tmp_path: Path) -> None:
    async with held(tmp_path) as one:
        leaving = replace(one.reply, state=SENDING, decision="approve", decided_by="policy:notices")
        assert await one.desk.core.store.save_reply(leaving)
        assert (await one.desk.decide(one.message_id, "approve")).decided_by == "policy:notices"
        with pytest.raises(AlreadyDecided, match=r"already decided \(approve\) by policy:notices"):
            await one.desk.decide(one.message_id, "reject")


@pytest.mark.parametrize("decision", ["approve", "reject"])
async def test_a_mail_that_multimail_shows_no_more_is_for_a_person_to_look_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, decision: Any
) -> None:
    async with held(tmp_path) as one:

        async def missing(_message_id: str) -> Any:
            raise Missing("There is no such mail.")

        monkeypatch.setattr(one.desk.core.outbox, "read", missing)
        with pytest.raises(OutcomeUnknown, match="no longer lists this reply as held and does not say why"):
            await one.desk.decide(one.message_id, decision)
        assert await one.row() == one.reply
        assert await one.desk.look(one.message_id) is None


async def test_a_caller_who_leaves_while_the_mail_is_read_decides_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with held(tmp_path) as one:
        reading, given = anyio.Event(), await one.desk.core.zendesk.ticket(TICKET)
        scope = anyio.CancelScope()

        async def for_ever(_message_id: str) -> Any:
            reading.set()
            await anyio.sleep_forever()

        async def leaves(_ticket_id: int) -> Any:
            with anyio.CancelScope(shield=True):  # an answer that was there before the caller left
                await reading.wait()
                scope.cancel()
                for _ in range(10):
                    await anyio.lowlevel.checkpoint()
            return given

        monkeypatch.setattr(one.desk.core.outbox, "read", for_ever)
        monkeypatch.setattr(one.desk.core.zendesk, "ticket", leaves)
        with scope:
            await one.desk.decide(one.message_id, "reject")
        assert scope.cancelled_caught
        assert await one.row() == one.reply


async def test_the_queue_keeps_the_footers_of_all_but_of_one_that_changed_while_it_was_looked_at(
    tmp_path: Path, database: str
) -> None:
    async with held(tmp_path) as one:
        store = one.desk.core.store
        agent = replace(one.here.desk, caller=Principal("agent-7", "agent", frozenset({DRAFT})))
        second = await agent.draft(TICKET, "Dear Maria, your invoice is on its way.")
        one.here.clock.advance(5)
        mails = {mail.message_id: mail for mail in await one.desk.core.outbox.pending()}
        looks = [look_at(reply, mails[reply.message_id or ""], None) for reply in (await one.row(), second)]
        changed = await store.save_reply(replace(await one.row(), thread_id="thr_new"))
        assert changed is not None
        first, other = await with_footers(one.desk.core, looks)
        assert (first, other.reply.footer, other.reply.version) == (looks[0], "", second.version + 1)
        assert (await one.row(), await store.reply(second.id)) == (changed, other.reply)
        records = await store.rows("SELECT reply_id FROM audit_records ORDER BY seq DESC LIMIT 2")
        assert [row["reply_id"] for row in records] == [second.id, one.reply.id]
