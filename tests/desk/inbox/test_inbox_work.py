"""What comes of what arrives: one change on the ticket for each thing that happened, and no more."""

from pathlib import Path

import pytest

from bench import bench
from desk.inbox.desk_at_work import REQUESTER, TICKET, AtWork
from deskgate.desk.core import Core
from deskgate.desk.inbox import handle
from deskgate.desk.inbox.arriving import Letter
from deskgate.desk.inbox.reconcile import reconcile
from deskgate.desk.suppression import suppressed

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("database")]


async def test_a_customers_answer_is_one_private_note_that_reopens_and_tags_the_ticket(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        at = AtWork.of(one)
        await at.sent()
        await at.work()
        one.world.edit_ticket(TICKET, status="pending")
        one.world.receive_reply(TICKET, "Still broken, sorry.", quoted=True)
        await at.work()
        (note,) = [each for each in at.notes() if "Still broken" in each]
        assert note.startswith(f"Answer by email from {REQUESTER}, the ticket's requester.\n\nStill broken, sorry.\n")
        assert "The whole mail, with what it quotes" in note
        ticket = one.world.ticket(TICKET)
        assert ticket["status"] == "open"
        assert "customer-reply" in ticket["tags"]
        assert await at.states() == {"done": sum((await at.states()).values())}


async def test_an_answer_that_came_before_any_worker_ever_looked_comes_onto_its_ticket(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        at = AtWork.of(one)
        one.world.receive_mail("stranger@example.net", "From before the desk", "Old matter.")
        one.clock.advance(3600)
        await at.sent()
        one.clock.advance(3600)
        one.world.receive_reply(TICKET, "Thanks, all is well!")
        one.clock.advance(3600)
        for _ in range(2):  # without any webhook
            await at.worker.owe()
            await reconcile(one.desk.core, at.worker.events)
            while await at.worker.step():
                pass
            one.clock.advance(3600)
        assert len([each for each in at.notes() if "Thanks, all is well!" in each]) == 1
        assert len(await one.desk.core.store.rows("SELECT * FROM arrivals")) == 1


async def test_an_answer_with_what_no_database_takes_comes_onto_its_ticket(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        at = AtWork.of(one)
        await at.sent()
        one.world.receive_reply(TICKET, "Still \0 broken.")
        await at.work()
        assert [each for each in at.notes() if "Still \ufffd broken." in each]
        assert await at.states() == {"done": sum((await at.states()).values())}


async def test_what_went_out_is_told_on_the_ticket_once_with_who_wrote_and_who_approved_it(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        at = AtWork.of(one)
        await at.sent(body="Your kettle is on its way.")
        for _ in range(3):
            await at.work()
            one.clock.advance(60)
        (note,) = at.notes()
        assert note.startswith(f"Sent by email to {REQUESTER} at ")
        assert "Your kettle is on its way." in note
        assert "Drafted by " in note
        assert "approved by " in note


async def test_the_same_report_many_times_over_changes_the_ticket_once(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        at = AtWork.of(one)
        await at.sent()
        email = one.world.receive_reply(TICKET, "Hello again")
        for shape in ("registered", "2", "3"):
            body = {
                "registered": f'{{"event":"message.received","data":{{"email_id":"{email}"}}}}',
                "2": f'{{"event_type":"inbound","message_id":"{email}","timestamp":"2026-01-28T12:00:00Z"}}',
                "3": f'{{"type":"email.received","message_id":"{email}","body_text":"Hello again"}}',
            }[shape]
            await at.worker.events.add("multimail", shape, body.encode())
        await at.work()
        assert len([each for each in at.notes() if "Hello again" in each]) == 1


async def test_somebody_else_who_answers_is_named_as_such(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        at = AtWork.of(one)
        await at.sent()
        one.world.receive_reply(TICKET, "I am her brother", sender="brother@example.net")
        await at.work()
        (note,) = [each for each in at.notes() if "brother" in each]
        assert "NOT the ticket's requester" in note


async def test_an_automatic_answer_is_shown_and_reopens_nothing(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        at = AtWork.of(one)
        await at.sent()
        await at.work()
        one.world.edit_ticket(TICKET, status="solved")
        one.world.receive_reply(TICKET, "I am out of the office until Monday.", automatic=True)
        await at.work()
        (note,) = [each for each in at.notes() if "out of the office" in each]
        assert note.startswith("Automatic answer by email")
        assert one.world.ticket(TICKET)["status"] == "solved"
        assert "customer-reply" not in one.world.ticket(TICKET)["tags"]


async def test_an_answer_to_a_closed_ticket_goes_on_in_a_follow_up_and_so_does_the_next_one(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        at = AtWork.of(one)
        await at.sent()
        await at.work()
        one.world.edit_ticket(TICKET, status="solved")
        one.world.edit_ticket(TICKET, status="closed")
        one.world.receive_reply(TICKET, "It broke again.")
        await at.work()
        (follow_up,) = one.world.ticket(TICKET)["followup_ids"]
        assert any("It broke again." in each for each in at.notes(follow_up))
        assert one.world.ticket(follow_up)["status"] == "open"
        one.clock.advance(30)
        one.world.receive_reply(TICKET, "And again.")
        await at.work()
        assert any("And again." in each for each in at.notes(follow_up))
        assert one.world.ticket(TICKET)["followup_ids"] == [follow_up]


async def test_an_answer_on_another_thread_of_a_closed_ticket_joins_its_follow_up(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        at = AtWork.of(one)
        threads = []
        for body in ("Your kettle is on its way.", "And your cup."):
            await at.sent(body=body)
            rows = await one.desk.core.store.rows("SELECT thread_id FROM replies ORDER BY drafted_at DESC LIMIT 1")
            threads.append(rows[0]["thread_id"])
        assert len(set(threads)) == 2
        await at.work()
        one.world.edit_ticket(TICKET, status="solved")
        one.world.edit_ticket(TICKET, status="closed")
        for thread in threads:
            one.world.receive_reply(thread, f"It broke again ({thread}).")
            await at.work()
        (follow_up,) = one.world.ticket(TICKET)["followup_ids"]
        assert [sum(thread in note for note in at.notes(follow_up)) for thread in threads] == [1, 1]


async def test_an_answer_on_a_thread_that_was_never_told_finds_its_ticket_by_our_mail_on_it(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        at = AtWork.of(one)
        await at.sent()
        await at.work()
        (known,) = await one.desk.core.store.rows("SELECT thread_id FROM replies")
        await one.desk.core.store.write(("UPDATE replies SET thread_id = NULL", {}))
        one.world.receive_reply(known["thread_id"], "Which cup?")
        await at.work()
        assert len([each for each in at.notes() if "Which cup?" in each]) == 1


async def test_a_follow_up_takes_the_answers_in_the_order_in_which_they_came(tmp_path: Path) -> None:
    """The third one comes in when the first has just moved the conversation, and the second still waits its turn."""
    async with bench(tmp_path) as one:
        at = AtWork.of(one)
        await at.sent()
        await at.work()
        one.world.edit_ticket(TICKET, status="solved")
        one.world.edit_ticket(TICKET, status="closed")
        await at.work()
        words = ("It broke.", "It broke twice.", "It broke three times.")
        for each in words:
            one.clock.advance(1)
            one.world.receive_reply(TICKET, each)
        await at.carry()
        first, second = await at.worker.events.claim(), await at.worker.events.claim()
        assert first is not None
        assert second is not None
        await at.worker.events.route(first, f"ticket:{TICKET}")
        await at.worker.events.route(second, f"ticket:{TICKET}")
        third = await at.worker.events.claim()
        assert third is not None
        await handle.handle(one.desk.core, at.worker.events, first)
        await handle.handle(one.desk.core, at.worker.events, third)
        await at.work()
        (follow_up,) = one.world.ticket(TICKET)["followup_ids"]
        told = "\n".join(at.notes(follow_up))
        assert sorted(words, key=told.index) == list(words)


async def test_two_answers_to_a_closed_ticket_at_the_same_moment_share_one_follow_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bench(tmp_path) as one:
        at = AtWork.of(one)
        await at.sent()
        await at.work()
        one.world.edit_ticket(TICKET, status="solved")
        one.world.edit_ticket(TICKET, status="closed")
        await at.work()
        one.world.receive_reply(TICKET, "It broke again.")
        one.clock.advance(1)
        one.world.receive_reply(TICKET, "And again.")
        await at.carry()
        first = await at.worker.events.claim()
        looked = handle.ticket_of_letter

        async def overtaken(core: Core, letter: Letter) -> int | None:
            """The other hand finishes the first mail just after this one has looked up its ticket."""
            nonlocal first
            found = await looked(core, letter)
            if first is not None and letter.words == "And again.":
                event, first = first, None
                await handle.handle(core, at.worker.events, event)
            return found

        monkeypatch.setattr(handle, "ticket_of_letter", overtaken)
        await at.work()
        assert first is None
        (follow_up,) = one.world.ticket(TICKET)["followup_ids"]
        assert [sum(text in note for note in at.notes(follow_up)) for text in ("It broke again.", "And again.")] == [
            1,
            1,
        ]


async def test_a_plain_wish_to_get_no_more_mail_stops_drafts_takes_back_what_waits_and_tags_the_ticket(
    tmp_path: Path,
) -> None:
    async with bench(tmp_path) as one:
        at = AtWork.of(one)
        await at.sent()
        waiting = await at.held()
        one.clock.advance(10)
        one.world.receive_reply(TICKET, "Please unsubscribe me")
        await at.work()
        assert "email-unsubscribed" in one.world.ticket(TICKET)["tags"]
        assert one.world.held_mails() == []
        async with one.client() as caller:
            tracked = await caller.ok("track_reply", message_id=waiting["message_id"])
            assert tracked["replies"][0]["state"] == "cancelled"
            assert await caller.fails("draft_gated_reply", ticket_id=TICKET, body="One more thing") == "suppressed"


async def test_a_stranger_cannot_unsubscribe_the_customer(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        at = AtWork.of(one)
        await at.sent()
        one.world.receive_reply(TICKET, "unsubscribe", sender="stranger@example.net")
        await at.work()
        assert "email-unsubscribed" not in one.world.ticket(TICKET)["tags"]
        await at.held()
        assert len(one.world.held_mails()) == 1


async def test_a_mail_that_comes_back_is_told_on_the_ticket(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        at = AtWork.of(one)
        await at.sent()
        await at.work()
        one.world.bounce(TICKET)
        await at.work()
        assert any("could not be delivered" in each for each in at.notes())
        assert "email-bounced" in one.world.ticket(TICKET)["tags"]


async def test_a_complaint_stops_all_mail_to_that_address(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        at = AtWork.of(one)
        await at.sent()
        await at.work()
        one.world.complain(TICKET)
        await at.work()
        assert any("marked the email" in each for each in at.notes())
        async with one.client() as caller:
            assert await caller.fails("draft_gated_reply", ticket_id=TICKET, body="Sorry!") == "suppressed"


async def test_a_mail_that_belongs_to_no_ticket_is_kept_and_touches_none(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        at = AtWork.of(one)
        one.world.receive_mail("stranger@example.net", f"Re: ticket {TICKET}", "Please refund me.")
        await at.work()
        assert at.notes() == []
        (row,) = await one.desk.core.store.rows("SELECT * FROM arrivals")
        assert (row["ticket_id"], row["sender"]) == (None, "stranger@example.net")


async def test_a_ticket_that_changed_marks_what_waits_for_it(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        at = AtWork.of(one)
        waiting = await at.held()
        await at.work()
        one.clock.advance(30)
        one.world.edit_ticket(TICKET, status="solved")
        await at.work()
        reply = await one.desk.core.store.reply_of_message(waiting["message_id"])
        assert reply is not None
        assert reply.stale is not None
        assert "solved" in reply.stale


async def test_an_event_that_cannot_be_read_is_buried_and_can_be_replayed(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        at = AtWork.of(one)
        await at.worker.events.add("multimail", "x", b"\xff not json")
        await at.work()
        (dead,) = await at.worker.events.listed("dead")
        assert dead["trouble"] == "unreadable: not_utf8"
        assert await at.worker.events.replay(dead["number"])
        await at.work()
        assert await at.states() == {"dead": 1}


async def test_events_of_one_ticket_are_worked_on_in_order_even_when_the_first_has_to_wait(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        at = AtWork.of(one)
        await at.sent()
        await at.work()
        first = one.world.receive_reply(TICKET, "First words")
        second = one.world.receive_reply(TICKET, "Second words")
        assert first != second
        await at.work()
        texts = [each for each in at.notes() if "words" in each]
        assert ["First words" in each for each in texts] == [True, False]


async def test_with_every_webhook_lost_the_reconciler_finds_the_same_things_once(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        at = AtWork.of(one)
        await at.worker.owe()
        one.world.point_webhooks("")
        await at.sent()
        one.world.receive_reply(TICKET, "Words that no webhook told")
        for _ in range(3):
            await at.worker.ask()
            await at.work()
            one.clock.advance(1_000)
        assert len([each for each in at.notes() if "Words that no webhook told" in each]) == 1
        assert len([each for each in at.notes() if each.startswith("Sent by email")]) == 1


async def test_who_left_by_the_link_in_the_mail_gets_no_more_of_them(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        at = AtWork.of(one)
        await at.sent()
        waiting = await at.held()
        one.world.suppress(REQUESTER)
        await at.worker.ask()
        await at.work()
        assert "email-unsubscribed" in one.world.ticket(TICKET)["tags"]
        async with one.client() as caller:
            tracked = await caller.ok("track_reply", message_id=waiting["message_id"])
            assert tracked["replies"][0]["state"] == "cancelled"
            assert await caller.fails("draft_gated_reply", ticket_id=TICKET, body="One more thing") == "suppressed"


async def test_a_hard_bounce_stops_mail_to_the_address_and_is_never_told_as_a_wish_of_the_customer(
    tmp_path: Path,
) -> None:
    async with bench(tmp_path) as one:
        at = AtWork.of(one)
        await at.sent()
        await at.work()
        one.world.bounce(TICKET)
        for _ in range(2):
            await at.work()
            await at.worker.ask()
        assert len([note for note in at.notes() if "could not be delivered" in note]) == 1
        assert not [note for note in at.notes() if "asks to get no more" in note]
        assert "email-unsubscribed" not in one.world.ticket(TICKET)["tags"]
        (kept,) = await suppressed(one.desk.core.store)
        assert (kept.address, kept.reason) == (REQUESTER, "a mail to it came back")
        async with one.client() as caller:
            assert await caller.fails("draft_gated_reply", ticket_id=TICKET, body="One more thing") == "suppressed"


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("HardBounce", "a mail to it came back"),
        ("spam_complaint", "marked a mail as spam"),
        ("something new", "suppressed at MultiMail"),
    ],
)
async def test_only_the_word_for_leaving_is_read_as_a_wish_to_leave(tmp_path: Path, word: str, reason: str) -> None:
    async with bench(tmp_path) as one:
        at = AtWork.of(one)
        await at.sent()
        await at.work()
        before = at.notes()
        one.world.suppress(REQUESTER, word)
        await at.worker.ask()
        await at.work()
        assert at.notes() == before
        assert [kept.reason for kept in await suppressed(one.desk.core.store)] == [reason]


async def test_after_ninety_days_the_bodies_are_dropped_and_a_replay_still_changes_nothing(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        at = AtWork.of(one)
        await at.sent()
        email = one.world.receive_reply(TICKET, "Old words")
        body = f'{{"event":"message.received","data":{{"email_id":"{email}"}}}}'.encode()
        await at.worker.events.add("multimail", "old", body)
        await at.work()
        one.clock.advance(91 * 86_400)
        await at.worker.ask()
        kept = await one.desk.core.store.rows("SELECT body FROM inbox_events WHERE event_id = 'old'")
        assert [bytes(row["body"]) for row in kept] == [b""]
        assert not await at.worker.events.add("multimail", "old", body)
        await at.worker.events.add("multimail", "another id", body)
        await at.work()
        assert len([each for each in at.notes() if "Old words" in each]) == 1
