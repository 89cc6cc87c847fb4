"""What is in doubt: lost drafts, lost decisions, a gate or a ticket that moved meanwhile."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench import Person, bench
from deskgate.desk import Confirmation
from deskgate.desk.errors import DigestMismatch
from story.deciding import COLLEAGUE, FORMS, approve, at_multimail, draft
from story.dying import BODY, TICKET, decisions, mails
from story.trial import truth

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("mode", ["monitored", "autonomous", "read_only"])
async def test_a_mailbox_that_stopped_holding_gets_no_mail(mode: str, tmp_path: Path) -> None:
    async with bench(tmp_path) as here, here.client("auto", Person()) as asked:
        here.world.set_mode(mode)
        assert await asked.fails("draft_gated_reply", ticket_id=TICKET, body=BODY) in {"not_gated", "forbidden"}
        assert mails(here.world) == []


@pytest.mark.parametrize("change", ["mode", "allowlist"])
async def test_a_draft_that_was_lost_is_not_sent_again_through_a_gate_that_opened_since(
    change: str, tmp_path: Path
) -> None:
    async with bench(tmp_path) as here, here.client("auto", Person()) as asked:
        here.world.faults.add("timeout_before", path="/send", times=None)
        assert await asked.fails("draft_gated_reply", ticket_id=TICKET, body=BODY) == "outcome_unknown"
        here.world.faults.clear()
        if change == "mode":
            here.world.set_mode("monitored")
        else:
            here.world.allow("*@example.com")
        assert await asked.fails("draft_gated_reply", ticket_id=TICKET, body=BODY) == "not_gated"
        assert mails(here.world) == []


@pytest.mark.parametrize("form", FORMS)
async def test_a_lost_draft_goes_to_the_new_requester_or_to_nobody(form: str, tmp_path: Path) -> None:
    async with bench(tmp_path) as here, here.client("auto", Person()) as asked:
        here.world.switch("forms", form)
        here.world.faults.add("timeout_before", path="/send", times=None)
        assert await asked.fails("draft_gated_reply", ticket_id=TICKET, body=BODY) == "outcome_unknown"
        here.world.faults.clear()
        here.world.edit_ticket(TICKET, requester_id=COLLEAGUE)
        assert await asked.fails("draft_gated_reply", ticket_id=TICKET, body=BODY) == "outcome_unknown"
        here.clock.advance(15 * 60)
        drafted = await asked.ok("draft_gated_reply", ticket_id=TICKET, body=BODY)
        assert drafted["to"] == "odalys@example.com"
        assert len(mails(here.world)) == 1


@pytest.mark.parametrize("form", FORMS)
async def test_a_decision_in_doubt_stays_in_the_queue_and_can_be_made_cancelled_or_rejected_later(
    form: str, tmp_path: Path
) -> None:
    for way in ("approve", "reject", "cancel"):
        async with bench(tmp_path / way) as here, here.client("auto", Person()) as asked:
            here.world.switch("forms", form)
            drafted = await draft(here, asked)
            message_id = drafted["message_id"]
            here.world.faults.add("timeout_before", path="decide", times=None)
            assert await asked.fails("decide_reply", message_id=message_id, decision="approve") == "outcome_unknown"
            here.world.faults.clear()
            (waiting,) = (await asked.ok("list_zendesk_pending"))["pending"]
            assert waiting["stale"]
            assert "an approval was begun" in waiting["why"][0]
            if way == "reject":  # the approval might still be on its way
                told = await asked.fails("decide_reply", message_id=message_id, decision="reject")
                assert told == "outcome_unknown"
                here.clock.advance(61)
            if way == "cancel":
                done = await asked.ok("cancel_reply", message_id=message_id)
            else:
                done = await asked.ok("decide_reply", message_id=message_id, decision=way)
            assert done["state"] in {"sent", "rejected", "cancelled"}
            assert len(decisions(here.world)) == (0 if way == "cancel" else 1)
            (life,) = (await asked.ok("track_reply", message_id=message_id))["replies"]
            assert life["state"] == truth(mails(here.world)[0])


@pytest.mark.parametrize("form", FORMS)
async def test_an_approval_that_lands_after_all_is_told_with_the_name_of_who_made_it(form: str, tmp_path: Path) -> None:
    async with bench(tmp_path) as here, here.client("auto", Person()) as asked:
        here.world.switch("forms", form)
        drafted = await draft(here, asked)
        message_id = drafted["message_id"]
        here.world.faults.add("timeout_before", path="decide", times=None)
        assert await asked.fails("decide_reply", message_id=message_id, decision="approve") == "outcome_unknown"
        here.world.faults.clear()
        here.world.faults.add("refused", path="decide", times=None)  # a second try that certainly has no effect
        assert await asked.fails("decide_reply", message_id=message_id, decision="approve") == "upstream_unavailable"
        here.world.faults.clear()
        await at_multimail(here, form, message_id, "approve")  # the first one arrives late
        (life,) = (await asked.ok("track_reply", message_id=message_id))["replies"]
        assert life["state"] == "delivered"
        assert "person in the chat" in life["decided_by"]


async def test_a_mail_edited_between_two_tries_of_one_approval_is_not_approved_by_the_second(tmp_path: Path) -> None:
    async with bench(tmp_path) as here:
        drafted = await here.desk.draft(TICKET, BODY)
        here.clock.advance(2)
        shown = await here.desk.look(drafted.message_id or "")
        assert shown is not None
        oversight = here.desk.core.oversight
        assert oversight is not None

        class Meddling:
            """A deciding side whose first call is lost while somebody edits the mail."""

            calls = 0

            async def decide(self, message_id: str, *, approve: bool, reason: str | None = None) -> Any:
                self.calls += 1
                if self.calls == 1:
                    here.world.edit_held(message_id, markdown="Your money is gone.")
                    here.world.faults.add("timeout_before", path="decide")
                return await oversight.decide(message_id, approve=approve, reason=reason)

            async def pending(self) -> Any:
                return await oversight.pending()

        desk = replace(here.desk, core=replace(here.desk.core, oversight=Meddling()))
        yes = Confirmation("a person", shown.digest)
        with pytest.raises(Exception, match="changed since"):
            await desk.decide(drafted.message_id or "", "approve", confirmation=yes)
        with pytest.raises(DigestMismatch):
            await here.desk.decide(drafted.message_id or "", "approve", confirmation=yes)
        assert decisions(here.world) == []


@pytest.mark.parametrize("twice", ["404", "409", "200"])
async def test_whatever_multimail_answers_to_a_second_decision_it_is_looked_up(twice: str, tmp_path: Path) -> None:
    async with bench(tmp_path) as here, here.client("auto", Person()) as asked:
        here.world.switch("decide_twice", twice)
        drafted = await draft(here, asked)
        here.world.faults.add("reset_after", path="/oversight/decide")
        done = await approve(asked, drafted["message_id"])
        assert done["decision"] == "approve"
        assert decisions(here.world) == ["oversight.approve"]
        told = await asked.fails("decide_reply", message_id=drafted["message_id"], decision="reject")
        assert told == "already_decided"


async def test_a_conflict_that_cancels_nothing_is_not_told_as_decided(tmp_path: Path) -> None:
    async with bench(tmp_path) as here, here.client("auto", Person()) as asked:
        drafted = await draft(here, asked)
        here.world.faults.add("409", path="/cancel")
        assert await asked.fails("cancel_reply", message_id=drafted["message_id"]) == "upstream_unavailable"
        assert [row.state for row in await here.desk.replies_of(TICKET)] == ["held"]
        assert (await asked.ok("cancel_reply", message_id=drafted["message_id"]))["state"] == "cancelled"
