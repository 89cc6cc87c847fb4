"""Deciding on the page: what goes out is what was seen, and only by somebody who may let it out."""

from pathlib import Path

import pytest
from approvals_bench import Desk, opened

pytestmark = pytest.mark.anyio

CUSTOMER = 33144692240101


async def test_a_reply_that_was_looked_at_is_approved_and_the_very_words_arrive(desk: Desk) -> None:
    reply = await desk.draft("Dear Maria,\n\nit is at Kvarnen Livs.")
    ines = await desk.reviewer("ines")
    done = await ines.look_and_approve(reply.id)
    assert "Approved. The mail goes to the customer." in done.text
    assert [(mail.to, mail.body) for mail in desk.sent] == [
        (["maria.lindqvist@example.com"], "Dear Maria,\n\nit is at Kvarnen Livs.")
    ]
    row = await desk.bench.desk.core.store.reply(reply.id)
    assert (row.decision, row.decided_by) == ("approve", "reviewer:ines")


async def test_a_reply_that_was_never_opened_is_not_approved_even_with_the_right_digest(desk: Desk) -> None:
    reply = await desk.draft()
    ines, tomasz = await desk.reviewer("ines"), await desk.reviewer("tomasz")
    digest = (await tomasz.get(f"/approvals/{reply.id}")).value("digest")
    refused = await ines.approve(reply.id, digest)
    assert refused.status == 409
    assert "not_seen" in refused.text
    assert desk.sent == []


async def test_having_read_a_mail_in_an_earlier_session_does_not_count(desk: Desk) -> None:
    reply = await desk.draft()
    before = await desk.reviewer("ines")
    digest = (await before.get(f"/approvals/{reply.id}")).value("digest")
    again = await desk.reviewer("ines")
    assert "not_seen" in (await again.approve(reply.id, digest)).text
    assert desk.sent == []


async def test_a_mail_edited_between_look_and_approval_is_not_sent(desk: Desk) -> None:
    reply = await desk.draft()
    ines = await desk.reviewer()
    digest = (await ines.get(f"/approvals/{reply.id}")).value("digest")
    desk.bench.world.edit_held(reply.message_id, markdown="Send your password to evil.example.net")
    refused = await ines.approve(reply.id, digest)
    assert refused.status == 409
    assert "The mail is not the one you saw" in refused.text
    assert desk.sent == []
    shown = await ines.get(f"/approvals/{reply.id}")
    assert shown.mail == "Send your password to evil.example.net"
    assert "the body that MultiMail holds is not the one that was drafted" in shown.text


async def test_a_mail_addressed_to_somebody_else_has_no_approve_button_and_is_refused(desk: Desk) -> None:
    reply = await desk.draft()
    desk.bench.world.edit_held(reply.message_id, to=["other@example.net"])
    ines = await desk.reviewer()
    page = await ines.get(f"/approvals/{reply.id}")
    assert "data-approve" not in page.html
    assert "Not addressed to the requester alone" in page.text
    refused = await ines.approve(reply.id, page.value("digest"))
    assert refused.status == 409
    assert desk.sent == []


async def test_a_new_public_comment_after_the_look_stops_the_approval_and_a_second_look_allows_it(desk: Desk) -> None:
    reply = await desk.draft()
    ines = await desk.reviewer()
    page = await ines.get(f"/approvals/{reply.id}")
    desk.bench.clock.advance(60)
    said = {"body": "I have it now, thanks!", "public": True}
    desk.bench.world.edit_ticket(101, author_id=CUSTOMER, comment=said)
    refused = await ines.approve(reply.id, page.value("digest"))
    assert refused.status == 409
    assert "The ticket changed meanwhile" in refused.text
    assert desk.sent == []
    again = await ines.get(f"/approvals/{reply.id}")
    assert "I have it now, thanks!" in again.text
    assert "Stale:" in again.text
    await ines.approve(reply.id, again.value("digest"))
    assert len(desk.sent) == 1


async def test_a_look_counts_for_as_long_as_was_set_and_no_longer(tmp_path: Path) -> None:
    async with opened(tmp_path, DESKGATE_SEEN_HOURS="2") as desk:
        reply = await desk.draft()
        ines = await desk.reviewer()
        digest = (await ines.get(f"/approvals/{reply.id}")).value("digest")
        desk.bench.clock.advance(2 * 3600 + 1)
        assert "not_seen" in (await ines.approve(reply.id, digest)).text
        assert desk.sent == []
        digest = (await ines.get(f"/approvals/{reply.id}")).value("digest")
        desk.bench.clock.advance(2 * 3600 - 60)
        await ines.approve(reply.id, digest)
        assert len(desk.sent) == 1


@pytest.mark.parametrize("drafter", [{"by": "ines"}, {"by": "agent-7", "owner": "ines"}, {"by": "reviewer:ines"}])
async def test_nobody_approves_what_they_or_their_agent_wrote(desk: Desk, drafter: dict[str, str]) -> None:
    reply = await desk.draft(**drafter)
    ines = await desk.reviewer("ines")
    page = await ines.get(f"/approvals/{reply.id}")
    assert "data-approve" not in page.html
    assert "another reviewer has to approve it" in page.text
    refused = await ines.approve(reply.id, page.value("digest"))
    assert refused.status == 403
    assert "These are your own words" in refused.text
    assert desk.sent == []


async def test_two_reviewers_who_agree_send_one_mail_and_both_are_told(desk: Desk) -> None:
    reply = await desk.draft()
    ines, tomasz = await desk.reviewer("ines"), await desk.reviewer("tomasz")
    digests = [(await one.get(f"/approvals/{reply.id}")).value("digest") for one in (ines, tomasz)]
    await ines.approve(reply.id, digests[0])
    second = await tomasz.approve(reply.id, digests[1])
    assert "It was already approved by reviewer:ines." in second.text
    assert len(desk.sent) == 1


async def test_the_second_of_two_reviewers_who_disagree_is_told_who_was_first(desk: Desk) -> None:
    reply = await desk.draft()
    ines, tomasz = await desk.reviewer("ines"), await desk.reviewer("tomasz")
    digest = (await tomasz.get(f"/approvals/{reply.id}")).value("digest")
    await ines.get(f"/approvals/{reply.id}")
    await ines.post(f"/approvals/{reply.id}/reject", {"reason": "wrong shop"})
    second = await tomasz.approve(reply.id, digest)
    assert second.status == 409
    assert "Somebody decided before you" in second.text
    assert "reviewer:ines" in second.text
    assert desk.sent == []


async def test_a_rejection_needs_a_reason_and_keeps_it(desk: Desk) -> None:
    reply = await desk.draft()
    ines = await desk.reviewer()
    await ines.get(f"/approvals/{reply.id}")
    refused = await ines.post(f"/approvals/{reply.id}/reject", {"reason": "  "})
    assert refused.status == 400
    done = await ines.post(f"/approvals/{reply.id}/reject", {"reason": "It is the wrong shop."})
    assert "Rejected. Nothing was sent to the customer." in done.text
    row = await desk.bench.desk.core.store.reply(reply.id)
    assert (row.state, row.reason) == ("rejected", "It is the wrong shop.")
    assert "It is the wrong shop." in (await ines.get(f"/approvals/{reply.id}")).text


async def test_batch_approval_takes_only_what_was_opened_one_by_one(desk: Desk) -> None:
    read = await desk.draft("It is at Kvarnen Livs.")
    unread = await desk.draft("Your money comes back.", ticket=104)
    ines = await desk.reviewer()
    await ines.get(f"/approvals/{read.id}")
    queue = await ines.get("/approvals/")
    assert queue.html.count('class="badge read">read</span></th>') == 1
    done = await ines.post("/approvals/batch", {"decision": "approve", "reply": [read.id, unread.id]})
    assert "Approved. The mail goes to the customer." in done.text
    assert "not_seen" in done.text
    assert [mail.body for mail in desk.sent] == ["It is at Kvarnen Livs."]


async def test_batch_approval_holds_back_a_mail_that_changed_after_it_was_opened(desk: Desk) -> None:
    reply = await desk.draft()
    ines = await desk.reviewer()
    await ines.get(f"/approvals/{reply.id}")
    desk.bench.world.edit_held(reply.message_id, markdown="Something else.")
    assert 'class="badge read">read</span></th>' not in (await ines.get("/approvals/")).html
    done = await ines.post("/approvals/batch", {"decision": "approve", "reply": [reply.id]})
    assert "digest_mismatch" in done.text
    assert desk.sent == []


async def test_batch_rejection_takes_all_ticked_with_one_reason(desk: Desk) -> None:
    replies = [await desk.draft(f"Number {number}.", ticket=ticket) for number, ticket in enumerate((101, 104, 105))]
    ines = await desk.reviewer()
    ticked = [reply.id for reply in replies[:2]]
    done = await ines.post("/approvals/batch", {"decision": "reject", "reply": ticked, "reason": "out of date"})
    assert done.text.count("Rejected. Nothing was sent to the customer.") == 2
    states = [(await desk.bench.desk.core.store.reply(reply.id)).state for reply in replies]
    assert states == ["rejected", "rejected", "held"]


@pytest.mark.parametrize("fields", [{"decision": "approve"}, {"decision": "send", "reply": ["x"]}, {"reply": ["x"]}])
async def test_a_batch_without_ticks_or_decision_changes_nothing(desk: Desk, fields: dict[str, object]) -> None:
    await desk.draft()
    ines = await desk.reviewer()
    assert (await ines.post("/approvals/batch", fields)).status == 400
    assert desk.sent == []


async def test_loading_the_page_after_a_decision_again_decides_nothing(desk: Desk) -> None:
    reply = await desk.draft()
    ines = await desk.reviewer()
    done = await ines.look_and_approve(reply.id)
    calls = len(desk.bench.world.calls("multimail"))
    again = await ines.get(str(done.answer.url.raw_path, "ascii"))
    assert "Approved. The mail goes to the customer." in again.text
    assert all(call.method == "GET" for call in desk.bench.world.calls("multimail")[calls:])


async def test_what_came_of_one_reviewers_form_is_not_shown_to_another(desk: Desk) -> None:
    reply = await desk.draft()
    ines, tomasz = await desk.reviewer("ines"), await desk.reviewer("tomasz")
    done = await ines.look_and_approve(reply.id)
    assert "Approved." not in (await tomasz.get(str(done.answer.url.raw_path, "ascii"))).text


async def test_a_lost_answer_is_told_with_a_way_on_and_no_second_mail_comes_of_it(desk: Desk) -> None:
    reply = await desk.draft()
    ines = await desk.reviewer()
    digest = (await ines.get(f"/approvals/{reply.id}")).value("digest")
    desk.bench.world.faults.add("reset_before@multimail POST /oversight xforever")
    first = await ines.approve(reply.id, digest)
    desk.bench.world.faults.clear()
    assert first.status == 502
    assert "MultiMail’s answer was lost" in first.text
    assert f'href="/approvals/{reply.id}"' in first.html
    assert "an approval was begun" in (await ines.get(f"/approvals/{reply.id}")).text
    assert (await ines.approve(reply.id, digest)).status == 200
    assert len(desk.sent) == 1


async def test_without_a_deciding_key_the_page_shows_and_decides_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path, role="agent") as desk:
        reply = await desk.draft()
        ines = await desk.reviewer()
        page = await ines.get(f"/approvals/{reply.id}")
        assert "No deciding key is set" in (await ines.get("/approvals/")).text
        assert 'class="decide"' not in page.html
        refused = await ines.post(f"/approvals/{reply.id}/reject", {"reason": "no"})
        assert (refused.status, desk.sent) == (403, [])
