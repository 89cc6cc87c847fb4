"""Faults that the simulation found, one test each."""

import json
from pathlib import Path
from typing import Any

import pytest

from bench import bench
from desk.inbox.desk_at_work import REQUESTER, TICKET, AtWork
from deskgate.desk.errors import Suppressed
from deskgate.desk.inbox.heeding import AT_ONCE, heed
from deskgate.desk.inbox.worker import BREAK_AFTER
from deskgate.desk.suppression import suppression_of
from deskgate.desk.wire import Missing

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("database")]

# The wire reads six times before it gives up.
READS = 6


async def test_an_answer_waits_for_an_earlier_one_that_could_not_be_read_yet(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        at = AtWork.of(one)
        await at.sent()
        await at.work()
        first = one.world.receive_reply(TICKET, "First words")
        one.world.receive_reply(TICKET, "Second words")
        one.world.faults.add("503", service="multimail", method="GET", path=first, times=READS)
        for _ in range(4):
            await at.work()
            one.clock.advance(5)
        texts = [each for each in at.notes() if "words" in each]
        assert ["First words" in each for each in texts] == [True, False]


async def test_an_answer_that_can_never_be_read_does_not_hold_up_the_others_for_long(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        at = AtWork.of(one)
        await at.sent()
        await at.work()
        await at.worker.events.add("multimail", "gone", b'{"event":"message.received","data":{"email_id":"01GONE"}}')
        one.world.receive_reply(TICKET, "Second words")
        for _ in range(60):
            await at.work()
            one.clock.advance(5)
        assert any("Second words" in each for each in at.notes())


async def test_what_went_out_by_a_clock_that_is_behind_is_told_all_the_same(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        at = AtWork.of(one)
        await at.work()  # from here on the desk tells what goes out
        one.clock.advance(-300)
        await at.sent(body="Your kettle is on its way.")
        one.world.point_webhooks("")
        await one.desk.core.store.write(("DELETE FROM inbox_events WHERE source = 'multimail'", {}))
        one.clock.advance(60)
        await at.worker.owe()
        while await at.worker.step():
            pass
        assert len([each for each in at.notes() if "kettle" in each]) == 1


async def test_a_note_that_its_audits_showed_only_after_the_look_is_not_written_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bench(tmp_path) as one:
        at = AtWork.of(one)
        await at.sent()
        zendesk = one.desk.core.zendesk
        looked: list[int] = []
        find, audits = zendesk.find_note, zendesk.audits

        async def early(ticket_id: int, marker: str) -> Any:
            looked.append(ticket_id)
            return None if len(looked) == 1 and not asked else await find(ticket_id, marker)

        asked: list[int] = []

        async def late(ticket_id: int, *, limit: int = 100) -> Any:
            asked.append(ticket_id)
            return await audits(ticket_id, limit=limit)

        one.world.faults.add("reset_after", service="zendesk", method="PUT")
        monkeypatch.setattr(zendesk, "find_note", early)
        monkeypatch.setattr(zendesk, "audits", late)
        for _ in range(4):
            await at.work()
            one.clock.advance(10)
        assert len(at.notes()) == 1


async def test_an_event_that_meets_a_fault_of_ours_is_given_up_after_a_while_and_not_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bench(tmp_path) as one:
        at = AtWork.of(one)
        await at.worker.events.add("multimail", "odd", b'{"event":"message.received","data":{"email_id":"01ODD"}}')

        async def broken(*_given: Any) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr("deskgate.desk.inbox.worker.handle", broken)
        for _ in range(40):
            await at.worker.step()
            one.clock.advance(1_000)
        (dead,) = await at.worker.events.listed("dead")
        assert "ZeroDivisionError" in dead["trouble"]


async def test_a_note_never_lands_in_the_second_of_its_own_stamp(tmp_path: Path) -> None:
    """Else the ticket would bear the same stamp afterwards, and a lost answer would look as if nothing had landed."""
    async with bench(tmp_path) as one:
        one.world.edit_ticket(TICKET, status="pending")
        zendesk = one.desk.core.zendesk
        before = await zendesk.ticket(TICKET)
        await zendesk.write_note(TICKET, "Somebody answered.", marker="m" * 32, stamp=before.stamp)
        assert (await zendesk.ticket(TICKET)).stamp != before.stamp


async def test_mails_that_multimail_does_not_show_hold_up_nobody_else(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        at = AtWork.of(one)
        await at.sent()
        await at.work()
        for number in range(8):
            told = b'{"event":"message.received","data":{"email_id":"01NOPE%d"}}' % number
            await at.worker.events.add("multimail", f"nope {number}", told)
        one.world.receive_reply(TICKET, "Where is it?")
        await at.work()
        assert any("Where is it?" in each for each in at.notes())
        assert (await at.states())["new"] == 8


async def test_a_mail_that_multimail_shows_later_comes_onto_its_ticket_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bench(tmp_path) as one:
        at = AtWork.of(one)
        await at.sent()
        await at.work()
        read = one.desk.core.outbox.read

        async def unknown(_email_id: str) -> Any:
            raise Missing(404)

        monkeypatch.setattr(one.desk.core.outbox, "read", unknown)
        one.world.receive_reply(TICKET, "First words")
        await at.work()
        assert not any("First words" in each for each in at.notes())
        monkeypatch.setattr(one.desk.core.outbox, "read", read)
        one.clock.advance(60)
        await at.work()
        assert len([each for each in at.notes() if "First words" in each]) == 1


async def test_while_multimail_is_down_the_tickets_are_told_what_went_out(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        at = AtWork.of(one)
        await at.work()
        one.world.faults.add("503", service="multimail", method="GET", times=10_000)
        for number in range(6):
            told = b'{"event":"message.received","data":{"email_id":"01MAIL%d"}}' % number
            await at.worker.events.add("multimail", f"mail {number}", told)
        while at.worker.tally.postponed < BREAK_AFTER:
            await at.worker.step()
            one.clock.advance(1)
        assert not await at.worker.step(), "MultiMail is left alone by now"
        one.world.faults.replace([])
        one.world.point_webhooks("")
        await at.sent()
        await at.worker.owe()
        assert await at.worker.step()
        assert any(each.startswith("Sent by email") for each in at.notes())
        assert not await at.worker.step(), "and MultiMail still is"


async def test_while_zendesk_is_down_it_is_left_alone_for_half_a_minute_and_then_asked_again(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        at = AtWork.of(one)
        await at.sent()
        one.world.receive_reply(TICKET, "Where is it?")
        await at.carry()
        one.world.faults.add("503", service="zendesk", times=10_000)
        worked = 0
        for _ in range(100):
            await at.worker.owe()
            worked += await at.worker.step()
            one.clock.advance(2)
        assert 5 <= worked < 15
        one.world.faults.replace([])
        one.clock.advance(3600)
        await at.work()
        assert any("Where is it?" in each for each in at.notes())


@pytest.mark.parametrize(
    ("event", "words"), [("message.unsubscribed", "no more email"), ("message.complained", "spam")]
)
async def test_who_asks_for_no_more_mail_is_heeded_at_once_though_their_ticket_waits_and_zendesk_is_down(
    tmp_path: Path, event: str, words: str
) -> None:
    async with bench(tmp_path) as one:
        at = AtWork.of(one)
        sent = await at.sent()
        await at.work()
        one.world.receive_reply(TICKET, "Where is it?")
        one.world.faults.add("503", service="zendesk", times=10_000)
        await at.work()
        await at.worker.events.add("multimail", "odd", b"{not json")
        told = json.dumps({"event": event, "data": {"email_id": sent["message_id"]}}).encode()
        await at.worker.events.add("multimail", "left", told)
        await at.worker.heed()
        store = one.desk.core.store
        assert await suppression_of(store, REQUESTER) is not None
        one.world.faults.replace([])
        with pytest.raises(Suppressed):
            await one.desk.draft(TICKET, "One more thing.")
        for _ in range(10):
            one.clock.advance(1_000)
            await at.work()
        assert len([each for each in at.notes() if REQUESTER in each and words in each]) == 1
        records = await store.rows("SELECT seq FROM audit_records WHERE ev = 'suppress.add'")
        assert len(records) == 1


async def test_of_many_events_only_what_may_be_a_wish_is_read_and_all_of_those_are(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        at = AtWork.of(one)
        sent = await at.sent()
        for number in range(AT_ONCE + 5):
            told = b'{"event":"message.complained","data":{"email_id":"01NOBODY%d"}}' % number
            await at.worker.events.add("multimail", f"e{number}", told)
        wish = json.dumps({"event": "message.unsubscribed", "data": {"email_id": sent["message_id"]}}).encode()
        await at.worker.events.add("multimail", "wish", wish)
        await at.worker.heed()
        assert await suppression_of(one.desk.core.store, REQUESTER) is not None


async def test_what_is_stored_late_is_heeded_too_and_what_was_looked_at_is_not_read_for_ever(
    tmp_path: Path,
) -> None:
    async with bench(tmp_path) as one:
        at = AtWork.of(one)
        for number in range(3):
            await at.worker.events.add("multimail", f"e{number}", b'{"event":"message.sent","data":{"email_id":"01X"}}')
        assert await heed(one.desk.core, 0) == 0, "one that began before these may still appear"
        one.clock.advance(10)
        assert await heed(one.desk.core, 0) == 3


async def test_a_mail_that_is_found_out_to_have_gone_out_long_ago_is_told_within_ten_minutes(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        at = AtWork.of(one)
        await at.worker.owe()
        one.world.point_webhooks("")
        await at.sent()
        store, (reply,) = one.desk.core.store, await one.desk.replies_of(TICKET)
        one.clock.advance(3 * 24 * 3600)
        await at.worker.owe()
        await store.write(("DELETE FROM inbox_events", {}))  # as if only now somebody had found that it went out
        told = 0
        for _ in range(11):
            told += await at.worker.owe()
            one.clock.advance(60)
        assert told == 1
        assert await at.worker.step()
        assert any(reply.body in each for each in at.notes())


async def test_a_round_that_a_clock_ahead_began_and_nobody_ended_does_not_keep_the_others_from_asking(
    tmp_path: Path,
) -> None:
    async with bench(tmp_path) as one:
        at = AtWork.of(one)
        await at.sent()
        one.world.point_webhooks("")
        store = one.desk.core.store
        ahead = {"name": "reconciling", "value": "2126-01-28T12:00:00Z", "now": ""}
        await store.write(("INSERT INTO marks (name, value, set_at) VALUES (:name, :value, :now)", ahead))
        one.world.receive_reply(TICKET, "Where is it?")
        await at.worker.ask()
        await at.work()
        assert any("Where is it?" in each for each in at.notes())
