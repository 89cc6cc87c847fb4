"""Edges of the decision core, at the desk itself: what is recorded, what is said the second time, a lost answer."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench import Bench, bench
from deskgate.desk import Confirmation, Desk, Principal
from deskgate.desk.errors import (
    AlreadyDecided,
    BadInput,
    ConfirmationNeeded,
    DigestMismatch,
    Forbidden,
    OutcomeUnknown,
    RateLimited,
    SelfApproval,
    UpstreamUnavailable,
)
from deskgate.desk.principals import DECIDE, DRAFT

pytestmark = pytest.mark.anyio

BODY = "Dear Maria, your kettle is at Kvarnen Livs."
INES = Principal("reviewer:ines", "human", frozenset({DECIDE}), owner="ines")


async def waiting(here: Bench, by: Principal | None = None) -> Any:
    """A reply that an agent drafted and that waits."""
    agent = by or Principal("agent-7", "agent", frozenset({DRAFT}))
    reply = await replace(here.desk, caller=agent).draft(101, BODY)
    here.clock.advance(5)
    return reply


def ines(here: Bench, **core: Any) -> Desk:
    return replace(here.desk, caller=INES, core=replace(here.desk.core, **core))


async def test_an_approval_is_recorded_with_all_that_it_was(tmp_path: Path) -> None:
    async with bench(tmp_path) as here:
        reply = await waiting(here)
        done = await ines(here).decide(reply.message_id, "approve", reason="fine")
        now = here.desk.core.now()
        told = (done.state, done.decision, done.decided_by, done.decided_at, done.decided_digest, done.reason)
        assert told == ("sent", "approve", "reviewer:ines", now, reply.digest, "fine")
        assert (done.body_checked, done.sent_at, done.attempted_at) == (True, now, now)
        assert await here.desk.core.store.reply(reply.id) == done
        assert [mail.body for mail in here.world.sent_mails()] == [BODY]


async def test_a_rejection_is_recorded_with_what_was_there_and_sends_nothing(tmp_path: Path) -> None:
    async with bench(tmp_path) as here:
        reply = await waiting(here)
        look = await ines(here).look(reply.message_id)
        assert look is not None
        done = await ines(here).decide(reply.message_id, "reject", reason="no")
        told = (done.state, done.decision, done.decided_digest, done.reason, done.sent_at)
        assert told == ("rejected", "reject", look.digest, "no", None)
        assert here.world.sent_mails() == []
        assert await ines(here).look(reply.message_id) is None


@pytest.mark.parametrize("first", ["approve", "reject"])
async def test_the_same_again_is_the_same_answer_and_the_other_is_too_late(tmp_path: Path, first: Any) -> None:
    other: Any = {"approve": "reject", "reject": "approve"}[first]
    async with bench(tmp_path) as here:
        reply = await waiting(here)
        await ines(here).decide(reply.message_id, first)
        calls = len(here.world.calls())
        again = await ines(here).decide(reply.message_id, first)
        assert again.decision == first
        with pytest.raises(AlreadyDecided, match=rf"already decided \({first}\) by reviewer:ines at "):
            await ines(here).decide(reply.message_id, other)
        assert len(here.world.calls()) == calls, "the record alone answers"


async def test_a_cancelled_reply_is_decided_neither_way(tmp_path: Path) -> None:
    async with bench(tmp_path) as here:
        reply = await waiting(here)
        await here.desk.cancel(reply.message_id)
        for decision in ("approve", "reject"):
            with pytest.raises(AlreadyDecided, match="was cancelled"):
                await ines(here).decide(reply.message_id, decision)  # type: ignore[arg-type]


async def test_an_id_that_nobody_drafted_is_bad_input_everywhere(tmp_path: Path) -> None:
    async with bench(tmp_path) as here:
        with pytest.raises(BadInput):
            await ines(here).look("nowhere")
        with pytest.raises(BadInput):
            await ines(here).decide("nowhere", "reject")


async def test_without_scope_or_key_nothing_is_decided(tmp_path: Path) -> None:
    async with bench(tmp_path) as here:
        reply = await waiting(here)
        drafter = replace(INES, scopes=frozenset({DRAFT}))
        with pytest.raises(Forbidden, match="may draft but not decide"):
            await replace(here.desk, caller=drafter).decide(reply.message_id, "reject")
        with pytest.raises(Forbidden, match="No deciding key"):
            await ines(here, oversight=None).decide(reply.message_id, "reject")
        assert len(here.world.held_mails()) == 1


@pytest.mark.parametrize(("kind", "asks", "word", "refused"), [
    ("agent", True, False, True),
    ("agent", True, True, False),
    ("agent", False, False, False),
    ("human", True, False, False),
    ("policy", True, False, False),
])  # fmt: skip
async def test_only_an_agent_needs_a_persons_word_and_only_where_it_is_asked_for(
    tmp_path: Path, kind: Any, asks: bool, word: bool, refused: bool
) -> None:
    async with bench(tmp_path) as here:
        reply = await waiting(here)
        desk = replace(here.desk, caller=Principal("other", kind, frozenset({DECIDE})))
        desk = replace(desk, core=replace(desk.core, asks=asks))
        said = Confirmation("a person", reply.digest) if word else None
        if refused:
            with pytest.raises(ConfirmationNeeded):
                await desk.decide(reply.message_id, "approve", confirmation=said)
        else:
            done = await desk.decide(reply.message_id, "approve", confirmation=said)
            assert done.decided_by == ("a person" if word else "other")


@pytest.mark.parametrize(("solo", "word", "refused"), [(True, True, False), (True, False, True), (False, True, True)])
async def test_only_one_person_alone_with_a_word_approves_their_own(
    tmp_path: Path, solo: bool, word: bool, refused: bool
) -> None:
    async with bench(tmp_path) as here:
        both = Principal("me", "agent", frozenset({DRAFT, DECIDE}), solo=solo)
        reply = await waiting(here, both)
        desk = replace(here.desk, caller=both, core=replace(here.desk.core, asks=False))
        said = Confirmation("a person", reply.digest) if word else None
        if refused:
            with pytest.raises(SelfApproval):
                await desk.decide(reply.message_id, "approve", confirmation=said)
            assert here.world.sent_mails() == []
            assert (await desk.decide(reply.message_id, "reject")).state == "rejected"
        else:
            done = await desk.decide(reply.message_id, "approve", confirmation=said, reason="mine")
            assert (done.state, done.reason) == ("sent", "mine")


async def test_the_word_counts_for_what_it_was_given_for(tmp_path: Path) -> None:
    async with bench(tmp_path) as here:
        reply = await waiting(here)
        other = Confirmation("a person", "sha256:0")
        with pytest.raises(DigestMismatch):
            await ines(here).decide(reply.message_id, "approve", digest=reply.digest, confirmation=other)
        assert here.world.sent_mails() == []


async def test_a_scan_is_waited_for_eight_times_and_no_longer(tmp_path: Path) -> None:
    async with bench(tmp_path) as here:
        reply = await waiting(here)

        class Scanning:
            """MultiMail still scans for so many looks."""

            def __init__(self, limit: int) -> None:
                self.limit, self.looks = limit, 0

            def __getattr__(self, name: str) -> Any:
                return getattr(here.desk.core.outbox, name)

            async def at(self, _mailbox: str) -> Any:
                return self

            async def read(self, message_id: str) -> Any:
                from deskgate.desk.multimail import Stage

                self.looks += 1
                mail = await here.desk.core.outbox.read(message_id)
                return replace(mail, stage=Stage.SCANNING if self.looks <= self.limit else mail.stage)

        for limit, done in ((8, False), (7, True)):
            scanning = Scanning(limit)
            here.clock.sleeps.clear()
            desk = ines(here, outbox=scanning)
            if done:
                assert (await desk.decide(reply.message_id, "approve")).state == "sent"
                assert here.clock.sleeps == [0.4] * 7
            else:
                with pytest.raises(UpstreamUnavailable, match="still scanning"):
                    await desk.decide(reply.message_id, "approve")
                assert (scanning.looks, here.clock.sleeps) == (8, [0.4] * 8)


class Answers:
    """A deciding side that answers as it is told, call by call; `None`: as it is."""

    def __init__(self, here: Bench, *answers: Exception | None) -> None:
        self.here, self.answers, self.calls = here, list(answers), 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.here.desk.core.oversight, name)

    async def decide(self, message_id: str, *, approve: bool, reason: str | None = None) -> Any:
        self.calls += 1
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            raise answer
        assert self.here.desk.core.oversight is not None
        return await self.here.desk.core.oversight.decide(message_id, approve=approve, reason=reason)


@pytest.mark.parametrize("decision", ["approve", "reject"])
async def test_a_lost_answer_is_looked_up_and_the_decision_made_once_more(tmp_path: Path, decision: Any) -> None:
    async with bench(tmp_path) as here:
        reply = await waiting(here)
        side = Answers(here, OutcomeUnknown("lost"))
        done = await ines(here, oversight=side).decide(reply.message_id, decision)
        assert (done.decision, side.calls) == (decision, 2)


async def test_two_lost_answers_leave_the_reply_in_the_queue_with_its_decision_begun(tmp_path: Path) -> None:
    async with bench(tmp_path) as here:
        reply = await waiting(here)
        side = Answers(here, OutcomeUnknown("lost"), OutcomeUnknown("lost"))
        with pytest.raises(OutcomeUnknown, match="still listed as held"):
            await ines(here, oversight=side).decide(reply.message_id, "approve")
        assert side.calls == 2
        row = await here.desk.core.store.reply(reply.id)
        assert row is not None
        assert (row.state, row.decision, row.decided_by) == ("approving", "approve", "reviewer:ines")
        with pytest.raises(OutcomeUnknown, match="may still arrive"):
            await ines(here).decide(reply.message_id, "reject")
        assert (await ines(here).decide(reply.message_id, "approve")).state == "sent"
        assert len(here.world.sent_mails()) == 1


async def test_a_refusal_that_had_no_effect_leaves_the_row_as_it_was(tmp_path: Path) -> None:
    async with bench(tmp_path) as here:
        reply = await waiting(here)
        with pytest.raises(RateLimited):
            await ines(here, oversight=Answers(here, RateLimited("later"))).decide(reply.message_id, "approve")
        row = await here.desk.core.store.reply(reply.id)
        assert row is not None
        assert (row.state, row.decision, row.decided_by, row.decided_digest) == ("held", None, None, None)
        assert (await ines(here).decide(reply.message_id, "reject")).state == "rejected"


async def test_where_looking_up_fails_too_the_outcome_is_unknown(tmp_path: Path) -> None:
    async with bench(tmp_path) as here:
        reply = await waiting(here)

        class Lost(Answers):
            async def decide(self, message_id: str, *, approve: bool, reason: str | None = None) -> Any:
                here.world.faults.add("503", service="multimail", times=None)
                raise OutcomeUnknown("lost")

        with pytest.raises(OutcomeUnknown, match="looking it up failed"):
            await ines(here, oversight=Lost(here)).decide(reply.message_id, "approve")
        here.world.faults.clear()
        assert here.world.sent_mails() == []
