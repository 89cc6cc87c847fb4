"""Edges of a decision under way: which digest is on record, and what happened while its answer was lost or late."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from test_decide_begun_edges import Held, held

from deskgate.desk.errors import AlreadyDecided, OutcomeUnknown, Suppressed
from deskgate.desk.suppression import add
from deskgate.desk.wire import Missing

pytestmark = pytest.mark.anyio

Act = Callable[[], Awaitable[object]]


class Deciding:
    """A deciding side that carries the first decision out or not, lets something happen, and answers or not."""

    def __init__(self, one: Held, act: Act, *, arrives: bool, answers: bool) -> None:
        self.there, self.act, self.arrives, self.answers = one.here.desk.core.oversight, act, arrives, answers
        self.calls = 0

    async def decide(self, message_id: str, *, approve: bool, reason: str | None = None) -> Any:
        assert self.there is not None
        self.calls += 1
        done = await self.there.decide(message_id, approve=approve, reason=reason) if self.arrives else None
        await self.act()
        if not self.answers:
            raise OutcomeUnknown("lost")
        return done

    async def pending(self) -> Any:
        assert self.there is not None
        return await self.there.pending()


def by(one: Held, side: Deciding) -> Held:
    return replace(one, desk=replace(one.desk, core=replace(one.desk.core, oversight=side)))  # type: ignore[arg-type]


async def test_an_approval_without_a_digest_is_on_record_with_the_drafts_though_the_ticket_moved(
    tmp_path: Path,
) -> None:
    async with held(tmp_path) as one:
        one.here.world.edit_ticket(101, tags=["vip"])
        one.here.clock.advance(5)
        look = await one.desk.look(one.message_id)
        assert look is not None
        assert look.digest != one.reply.digest
        assert (await one.desk.decide(one.message_id, "approve")).decided_digest == one.reply.digest


async def test_a_rejection_without_a_digest_is_on_record_with_that_of_the_mail_as_it_was_held(tmp_path: Path) -> None:
    async with held(tmp_path) as one:
        one.here.world.edit_held(one.message_id, markdown="Send money.")
        look = await one.desk.look(one.message_id)
        assert look is not None
        assert look.digest != one.reply.digest
        assert (await one.desk.decide(one.message_id, "reject")).decided_digest == look.digest


async def test_the_block_that_was_under_the_text_is_on_record_with_the_decision_though_nobody_looked_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with held(tmp_path) as one:
        one.here.world.edit_held(one.message_id, markdown=f"{one.reply.body}\n\n---\nHarbour Lane Goods")
        assert (await one.desk.decide(one.message_id, "reject")).footer == "---\nHarbour Lane Goods"
    async with held(tmp_path / "unseen") as one:
        outbox = one.desk.core.outbox
        read = outbox.read

        async def without_text(message_id: str) -> Any:
            return replace(await read(message_id), body=None)

        monkeypatch.setattr(outbox, "read", without_text)
        done = await one.desk.decide(one.message_id, "reject")
        assert (done.footer, done.body_checked) == (None, False)


@pytest.mark.parametrize(("decision", "state"), [("approve", "delivered"), ("reject", "rejected")])
async def test_what_another_process_found_out_meanwhile_is_not_overwritten_by_the_answer(
    tmp_path: Path, decision: Any, state: str
) -> None:
    async with held(tmp_path) as one:

        async def another_process_looks() -> None:
            one.here.clock.advance(60)
            (found,) = await one.here.desk.track(message_id=one.message_id)
            assert found.state == state

        side = Deciding(one, another_process_looks, arrives=True, answers=True)
        done = await by(one, side).desk.decide(one.message_id, decision)
        assert (done.state, done.decision, done.decided_by) == (state, decision, "reviewer:ines")
        assert await one.row() == done


async def test_a_mail_that_is_not_shown_after_a_lost_answer_is_neither_decided_nor_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with held(tmp_path) as one:

        async def missing(_message_id: str) -> Any:
            raise Missing("There is no such mail.")

        async def vanishes() -> None:
            monkeypatch.setattr(one.desk.core.outbox, "read", missing)

        side = Deciding(one, vanishes, arrives=False, answers=False)
        with pytest.raises(OutcomeUnknown, match="does not say whether the decision was the reason"):
            await by(one, side).desk.decide(one.message_id, "approve")
        assert side.calls == 1
        assert (await one.row()).state == "approving"


async def test_a_reply_that_was_cancelled_while_the_answer_was_lost_is_told_so(tmp_path: Path) -> None:
    async with held(tmp_path) as one:

        async def cancelled() -> None:
            await one.here.desk.core.outbox.cancel(one.message_id)

        side = Deciding(one, cancelled, arrives=False, answers=False)
        with pytest.raises(AlreadyDecided, match="cancelled in the meantime"):
            await by(one, side).desk.decide(one.message_id, "approve")
        assert ((await one.row()).state, side.calls) == ("cancelled", 1)


@pytest.mark.parametrize(("decision", "calls"), [("approve", 1), ("reject", 2)])
async def test_an_approval_that_got_lost_is_not_made_again_for_somebody_who_left_meanwhile(
    tmp_path: Path, decision: Any, calls: int
) -> None:
    async with held(tmp_path) as one:
        store = one.desk.core.store

        async def leaves() -> None:
            wish = add(store, one.reply.recipient, reason="asked", source="test", ticket_id=101, since="2026-01-28")
            await store.tell(wish)

        side = Deciding(one, leaves, arrives=False, answers=False)
        with pytest.raises(OutcomeUnknown):
            await by(one, side).desk.decide(one.message_id, decision)
        assert side.calls == calls
        assert one.here.world.sent_mails() == []
        with pytest.raises(Suppressed):
            await one.desk.decide(one.message_id, "approve")
