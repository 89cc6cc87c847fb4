"""A customer whose address every side spells in its own way is one person everywhere."""

from pathlib import Path

import pytest

from bench import Bench, bench
from desk.inbox.desk_at_work import TICKET, AtWork

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("database")]

AS_ZENDESK, AS_MAIL = "Ina@bücher.example", "Ina@xn--bcher-kva.example"


def move_in(one: Bench, address: str) -> None:
    """The ticket's requester has this address in Zendesk."""
    one.world.edit_user(one.world.ticket(TICKET)["requester_id"], email=address)


@pytest.mark.parametrize("sender", [AS_ZENDESK, AS_MAIL, AS_MAIL.upper()])
async def test_whoever_has_a_domain_in_other_letters_can_ask_for_no_more_mail(tmp_path: Path, sender: str) -> None:
    async with bench(tmp_path) as one:
        at = AtWork.of(one)
        move_in(one, AS_ZENDESK)
        await at.sent()
        waiting = await at.held()
        one.world.receive_reply(TICKET, "Please unsubscribe me.", sender=sender)
        await at.work()
        assert "email-unsubscribed" in one.world.ticket(TICKET)["tags"]
        async with one.client() as caller:
            (arrived,) = (await caller.ok("check_inbox", ticket_id=TICKET))["mails"]
            assert arrived["from_requester"]
            (tracked,) = (await caller.ok("track_reply", message_id=waiting["message_id"]))["replies"]
            assert tracked["state"] == "cancelled"
            assert await caller.fails("draft_gated_reply", ticket_id=TICKET, body="One more thing") == "suppressed"


@pytest.mark.parametrize("listed", [AS_ZENDESK.upper(), AS_MAIL])
async def test_multimails_own_list_means_the_same_person_in_every_spelling(tmp_path: Path, listed: str) -> None:
    async with bench(tmp_path) as one:
        at = AtWork.of(one)
        move_in(one, AS_ZENDESK)
        await at.sent()
        waiting = await at.held()
        one.world.suppress(listed)
        await at.worker.ask()
        await at.work()
        assert "email-unsubscribed" in one.world.ticket(TICKET)["tags"]
        async with one.client() as caller:
            (tracked,) = (await caller.ok("track_reply", message_id=waiting["message_id"]))["replies"]
        assert tracked["state"] == "cancelled"
