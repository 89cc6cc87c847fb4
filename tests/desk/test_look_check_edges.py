"""Edges of holding a decision against what was seen: what a look remembers, and what stands in an approval's way."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bench import Bench, bench
from deskgate.desk import Desk, Principal, Reply
from deskgate.desk.errors import DigestMismatch, Suppressed, TicketChanged, TicketNotFound, UpstreamUnavailable
from deskgate.desk.look import Look, check, look_at, show, show_all
from deskgate.desk.principals import DECIDE, DRAFT
from deskgate.desk.suppression import add

pytestmark = pytest.mark.anyio

TICKET = 101
BODY = "Dear Maria, your kettle is at Kvarnen Livs."
INES = Principal("reviewer:ines", "human", frozenset({DECIDE}), owner="ines")
FOOTED = f"{BODY}\n\n---\nHarbour Lane Goods"


@dataclass
class Held:
    """A reply that an agent drafted, and a reviewer's desk."""

    here: Bench
    desk: Desk
    reply: Reply

    @property
    def message_id(self) -> str:
        return self.reply.message_id or ""

    async def look(self) -> Look:
        """The reviewer looks at it as it is held now."""
        found = await self.desk.look(self.message_id)
        assert found is not None
        return found

    async def row(self) -> Reply:
        found = await self.desk.core.store.reply(self.reply.id)
        assert found is not None
        return found

    def later(self, **changes: object) -> None:
        """A minute later somebody works on the ticket."""
        self.here.clock.advance(60)
        self.here.world.edit_ticket(TICKET, **changes)  # type: ignore[arg-type]
        self.here.clock.advance(60)


@asynccontextmanager
async def held(folder: Path) -> AsyncIterator[Held]:
    async with bench(folder) as here:
        agent = Principal("agent-7", "agent", frozenset({DRAFT}))
        reply = await replace(here.desk, caller=agent).draft(TICKET, BODY)
        here.clock.advance(5)
        yield Held(here, replace(here.desk, caller=INES), reply)


async def test_what_somebody_was_shown_stays_good_while_the_ticket_moves_out_of_the_customers_sight(
    tmp_path: Path,
) -> None:
    async with held(tmp_path) as one:
        one.later(tags=["vip"])
        shown = await one.look()
        assert shown.digest != one.reply.digest
        one.later(tags=["vip", "seen"])
        assert (await one.look()).digest != shown.digest
        done = await one.desk.decide(one.message_id, "approve", digest=shown.digest)
        assert (done.state, done.decided_digest) == ("sent", shown.digest)


async def test_what_somebody_was_shown_is_held_against_the_words_that_came_since(tmp_path: Path) -> None:
    async with held(tmp_path) as one:
        one.later(comment={"body": "Any news?", "public": True})
        shown = await one.look()
        one.later(comment={"body": "It came!", "public": True})
        with pytest.raises(TicketChanged, match=r"1 new public comment\(s\)") as error:
            await one.desk.decide(one.message_id, "approve", digest=shown.digest)
        assert error.value.facts["changes"] == ["1 new public comment(s) on the ticket"]
        with pytest.raises(TicketChanged, match=r"2 new public comment\(s\)"):
            await one.desk.decide(one.message_id, "approve")
        assert one.here.world.sent_mails() == []


async def test_a_digest_that_nobody_was_shown_is_none(tmp_path: Path) -> None:
    async with held(tmp_path) as one:
        with pytest.raises(DigestMismatch, match=r"as it is held now\. Nothing was sent"):
            await one.desk.decide(one.message_id, "approve", digest="sha256:0")
        one.here.world.edit_held(one.message_id, markdown="Pay here.", subject="Pay")
        with pytest.raises(DigestMismatch, match=r"\(different: subject, body\)\. Nothing was sent"):
            await one.desk.decide(one.message_id, "approve")
        assert one.here.world.sent_mails() == []


async def test_a_ticket_that_did_not_move_is_not_asked_for_its_comments(tmp_path: Path) -> None:
    async with held(tmp_path) as one:
        before = len(one.here.world.calls("zendesk"))
        await one.desk.decide(one.message_id, "approve")
        asked = [call.path for call in one.here.world.calls("zendesk")[before:]]
        assert len(asked) == 1, asked
        assert "comments" not in asked[0]


async def test_a_ticket_that_cannot_be_read_is_the_reason_why_nothing_is_approved(tmp_path: Path) -> None:
    async with held(tmp_path) as one:
        one.here.world.faults.add("503", service="zendesk", times=None)
        look = await one.look()
        assert isinstance(look.unread, UpstreamUnavailable)
        with pytest.raises(UpstreamUnavailable):
            await check(one.desk.core, look, look.digest)
        with pytest.raises(UpstreamUnavailable):
            await one.desk.decide(one.message_id, "approve")
        one.here.world.faults.clear()
        assert one.here.world.sent_mails() == []
        mail = await one.desk.core.outbox.read(one.message_id)
        with pytest.raises(TicketNotFound):
            await check(one.desk.core, look_at(one.reply, mail, None), None)


async def test_nobody_is_written_to_who_asked_for_no_more_mail_since_the_draft(tmp_path: Path) -> None:
    async with held(tmp_path) as one:
        store = one.desk.core.store
        told = {"reason": "asked", "source": "operator:ines", "ticket_id": TICKET, "since": one.desk.core.now()}
        await store.tell(add(store, one.reply.recipient, **told))  # type: ignore[arg-type]
        with pytest.raises(Suppressed):
            await one.desk.decide(one.message_id, "approve")
        assert one.here.world.sent_mails() == []
        assert (await one.desk.decide(one.message_id, "reject")).state == "rejected"


async def test_nobody_is_written_to_whom_zendesk_has_suspended_since_the_draft(tmp_path: Path) -> None:
    async with held(tmp_path) as one:
        assert not (await one.look()).suspended
        one.here.world.edit_user(33144692240101, suspended=True)
        assert (await one.look()).suspended
        with pytest.raises(Suppressed, match="suspended this requester since the draft"):
            await one.desk.decide(one.message_id, "approve")
        assert one.here.world.sent_mails() == []
        assert (await one.desk.decide(one.message_id, "reject")).state == "rejected"


async def test_a_mail_in_another_thread_is_not_approved_even_by_the_digest_that_shows_it_there(tmp_path: Path) -> None:
    async with held(tmp_path) as one:
        one.here.world.edit_held(one.message_id, thread_id="thr_of_somebody_else")
        look = await one.look()
        assert look.altered == ("thread",)
        with pytest.raises(DigestMismatch, match="moved to another thread"):
            await one.desk.decide(one.message_id, "approve", digest=look.digest)
        assert one.here.world.sent_mails() == []


async def test_a_check_gives_the_ticket_as_it_was_seen(tmp_path: Path) -> None:
    async with held(tmp_path) as one:
        one.later(tags=["vip"])
        shown = await one.look()
        one.later(tags=["vip", "seen"])
        now = await one.look()
        seen = await check(one.desk.core, now, shown.digest)
        assert seen == shown.seen
        assert seen != now.seen
        assert (await check(one.desk.core, now, None)).updated_at < seen.updated_at


async def test_a_block_under_the_text_is_remembered_as_it_was_first_shown_and_once(tmp_path: Path) -> None:
    async with held(tmp_path) as one:
        one.here.world.edit_held(one.message_id, markdown=FOOTED)
        before = (await one.row()).version
        first = await one.look()
        assert first.reply == await one.row()
        assert (first.footer, first.reply.footer, first.reply.version) == (
            ("---\nHarbour Lane Goods", "---\nHarbour Lane Goods", before + 1)
        )
        assert (await one.look()).reply.version == before + 1
        one.here.world.edit_held(one.message_id, markdown=f"{BODY}\n\n---\nPay here")
        assert (await one.look()).altered == ("body",)
        assert (await one.row()).footer == "---\nHarbour Lane Goods"


async def test_where_multimail_shows_no_text_no_block_under_it_is_remembered(tmp_path: Path) -> None:
    async with held(tmp_path) as one:
        core = one.desk.core
        mail = replace(await core.outbox.read(one.message_id), body=None)
        look = await show(core, look_at(one.reply, mail, await core.zendesk.ticket(TICKET)), INES)
        assert look.own_copy
        assert (await one.row()) == one.reply


async def test_a_row_that_another_process_changed_meanwhile_is_shown_all_the_same(tmp_path: Path) -> None:
    async with held(tmp_path) as one:
        core = one.desk.core
        look = look_at(one.reply, await core.outbox.read(one.message_id), await core.zendesk.ticket(TICKET))
        assert await core.store.save_reply(replace(one.reply, stale="by another"))
        assert await show(core, look, INES) == look
        assert await show_all(core, [], INES) == []
