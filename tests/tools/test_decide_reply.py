"""decide_reply, as a client sees it."""

from pathlib import Path
from typing import Any

import pytest
from calls import ORDER, drafted, held

from bench import ERAS, Person, bench

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("era", ERAS)]

TOOL = "decide_reply"
BODY = "Your parcel waits at Kvarnen Livs, Storgatan 14."


async def test_an_approval_sends_exactly_what_the_person_was_shown(tmp_path: Path, era: Any) -> None:
    person = Person()
    async with bench(tmp_path, DESKGATE_PRINCIPAL="desk one") as one, one.client(era, person) as caller:
        reply = await caller.ok("draft_gated_reply", ticket_id=ORDER, body=BODY)
        done = await caller.ok(TOOL, message_id=reply["message_id"], decision="approve", reason="checked")
        (mail,) = one.world.sent_mails()
    (asked,) = person.asked
    assert asked.startswith("SEND this reply to the customer?")
    for part in (BODY, "To: maria.lindqvist@example.com", "Subject: Re: Where is my order #48213?", reply["digest"]):
        assert part in asked
    assert (mail.to, mail.body.strip()) == (["maria.lindqvist@example.com"], BODY)
    assert (done["state"], done["decision"]) == ("sent", "approve")
    assert done["decided_by"] == "a person in the chat of desk one"
    assert done["decided_at"].endswith("Z")


async def test_a_rejection_sends_nothing_and_asks_in_other_words(tmp_path: Path, era: Any) -> None:
    person = Person()
    async with bench(tmp_path) as one, one.client(era, person) as caller:
        message_id = await drafted(caller)
        done = await caller.ok(TOOL, message_id=message_id, decision="reject", reason="too short")
        assert one.world.sent_mails() == []
        assert held(one) == []
        assert (await caller.ok("track_reply", message_id=message_id))["replies"][0]["reason"] == "too short"
    assert (done["state"], done["decision"]) == ("rejected", "reject")
    assert person.asked[0].startswith("REJECT this reply")


@pytest.mark.parametrize(
    "person",
    [Person(action="decline"), Person(action="cancel"), Person(content={"confirm": False})],
    ids=["declined", "closed", "unticked"],
)
@pytest.mark.parametrize("decision", ["approve", "reject"])
async def test_a_person_who_does_not_confirm_leaves_the_reply_held(
    tmp_path: Path, era: Any, person: Person, decision: str
) -> None:
    async with bench(tmp_path) as one, one.client(era, person) as caller:
        message_id = await drafted(caller)
        assert await caller.fails(TOOL, message_id=message_id, decision=decision) == "declined"
        assert len(held(one)) == 1
        assert one.world.sent_mails() == []


async def test_an_answer_that_does_not_fit_the_question_decides_nothing(tmp_path: Path, era: Any) -> None:
    async with bench(tmp_path) as one, one.client(era, Person(content={"confirm": "IGNORE"})) as caller:
        message_id = await drafted(caller)
        assert await caller.fails(TOOL, message_id=message_id, decision="approve") in ("bad_input", "declined")
        assert one.world.sent_mails() == []
        assert len(held(one)) == 1


async def test_a_client_that_cannot_ask_is_told_what_to_do_and_decides_nothing(tmp_path: Path, era: Any) -> None:
    async with bench(tmp_path) as one, one.client(era) as caller:
        message_id = await drafted(caller)
        for decision in ("approve", "reject"):
            result = await caller.call(TOOL, message_id=message_id, decision=decision)
            assert result.content[0].text.startswith("confirmation_needed: ")  # type: ignore[union-attr]
        assert "elicitation" in result.content[0].text  # type: ignore[union-attr]
        assert len(held(one)) == 1


async def test_nobody_approves_unattended_what_they_drafted(tmp_path: Path, era: Any) -> None:
    async with bench(tmp_path, DESKGATE_APPROVE="unattended") as one, one.client(era) as caller:
        message_id = await drafted(caller)
        assert await caller.fails(TOOL, message_id=message_id, decision="approve") == "self_approval"
        assert one.world.sent_mails() == []
        assert (await caller.ok(TOOL, message_id=message_id, decision="reject"))["state"] == "rejected"


async def test_another_principal_approves_unattended_and_is_named(tmp_path: Path, era: Any) -> None:
    async with bench(tmp_path, role="agent", DESKGATE_PRINCIPAL="writer") as one, one.client(era) as caller:
        message_id = await drafted(caller)
        apart = {"DESKGATE_APPROVE": "unattended", "DESKGATE_PRINCIPAL": "checker"}
        async with (
            bench(tmp_path, world=one.world, clock=one.clock, role="reviewer", **apart) as two,
            two.client(era) as reviewer,
        ):
            done = await reviewer.ok(TOOL, message_id=message_id, decision="approve")
        assert len(one.world.sent_mails()) == 1
    assert done["decided_by"] == "checker"


async def test_the_other_decision_comes_too_late_and_the_same_one_changes_nothing(tmp_path: Path, era: Any) -> None:
    async with bench(tmp_path) as one, one.client(era, Person()) as caller:
        message_id = await drafted(caller)
        first = await caller.ok(TOOL, message_id=message_id, decision="approve")
        assert await caller.fails(TOOL, message_id=message_id, decision="reject") == "already_decided"
        assert await caller.ok(TOOL, message_id=message_id, decision="approve") == {**first, "state": "delivered"}
        assert len(one.world.sent_mails()) == 1


async def test_a_mail_that_was_changed_in_the_queue_is_not_approved_unseen(tmp_path: Path, era: Any) -> None:
    person = Person()
    async with bench(tmp_path) as one, one.client(era, person) as caller:
        message_id = await drafted(caller)
        one.clock.advance(1)
        one.world.edit_held(message_id, markdown="Pay at https://evil.example.net")
        assert await caller.fails(TOOL, message_id=message_id, decision="approve") == "digest_mismatch"
        assert await caller.fails(TOOL, message_id=message_id, decision="approve", digest="sha256:" + "0" * 64) == (
            "digest_mismatch"
        )
        assert (person.asked, one.world.sent_mails()) == ([], [])
        fresh = (await caller.ok("list_zendesk_pending"))["pending"][0]["digest"]
        await caller.ok(TOOL, message_id=message_id, decision="approve", digest=fresh)
        assert "Pay at https://evil.example.net" in person.asked[0]
        assert "WARNING: this is not what was drafted; different: body" in person.asked[0]


async def test_a_mail_that_was_readdressed_in_the_queue_cannot_be_approved_at_all(tmp_path: Path, era: Any) -> None:
    async with bench(tmp_path) as one, one.client(era, Person()) as caller:
        message_id = await drafted(caller)
        one.clock.advance(1)
        for change in (
            {"to": ["evil@example.net"]},
            {"to": ["maria.lindqvist@example.com"], "cc": ["evil@example.net"]},
        ):
            one.world.edit_held(message_id, **change)
            fresh = (await caller.ok("list_zendesk_pending"))["pending"][0]["digest"]
            for digest in (None, fresh):
                code = await caller.fails(TOOL, message_id=message_id, decision="approve", digest=digest)
                assert code == "digest_mismatch"
        assert (await caller.ok(TOOL, message_id=message_id, decision="reject"))["state"] == "rejected"
        assert one.world.sent_mails() == []


async def test_a_ticket_that_changed_wants_to_be_looked_at_first(tmp_path: Path, era: Any) -> None:
    async with bench(tmp_path) as one, one.client(era, Person()) as caller:
        message_id = await drafted(caller)
        one.clock.advance(60)
        who = one.world.ticket(ORDER)["requester_id"]
        one.world.edit_ticket(ORDER, author_id=who, comment={"body": "Found it, thank you!", "public": True})
        assert await caller.fails(TOOL, message_id=message_id, decision="approve") == "ticket_changed"
        assert one.world.sent_mails() == []


async def test_a_mail_cannot_imitate_the_end_of_the_question(tmp_path: Path, era: Any) -> None:
    person = Person(action="decline")
    async with bench(tmp_path) as one, one.client(era, person) as caller:
        body = "Hello\n--- end of the mail ---\n\nThe rest is a formality.\u200b"
        reply = await caller.ok("draft_gated_reply", ticket_id=ORDER, body=body)
        await caller.fails(TOOL, message_id=reply["message_id"], decision="approve")
    (asked,) = person.asked
    mark = reply["digest"][-12:]
    assert asked.endswith(f"formality.‹U+200B›\n--- end of the mail {mark} ---")
    assert asked.count(f"until {mark} ---") == 1


async def test_an_unknown_reply_or_word_is_refused(tmp_path: Path, era: Any) -> None:
    async with bench(tmp_path) as one, one.client(era, Person()) as caller:
        assert await caller.fails(TOOL, message_id="no-such-id", decision="approve") == "bad_input"
        message_id = await drafted(caller)
        for word in ("APPROVE", "yes", "", "approve "):
            assert await caller.fails(TOOL, message_id=message_id, decision=word) == "bad_input"
        assert one.world.sent_mails() == []


async def test_a_refused_deciding_key_is_said_as_forbidden(tmp_path: Path, era: Any) -> None:
    async with bench(tmp_path) as one, one.client(era, Person()) as caller:
        message_id = await drafted(caller)
        one.world.faults.add("cloudflare_403@multimail POST /decide xforever")
        assert await caller.fails(TOOL, message_id=message_id, decision="approve") == "forbidden"
        assert one.world.sent_mails() == []
