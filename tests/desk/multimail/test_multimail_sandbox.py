"""The client against the pretend MultiMail, with its switches in the positions that the vendor leaves open."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from mail_service import ANA, TEXT, draft, wire

from deskgate.desk.errors import Forbidden, OutcomeUnknown
from deskgate.desk.multimail import Outbox, Oversight, Stage, connect
from deskgate.sandbox.constants import MAILBOX_ADDRESS, MULTIMAIL_OVERSIGHT_KEY, MULTIMAIL_SEND_KEY, ORIGIN
from deskgate.sandbox.transport import SandboxTransport
from deskgate.sandbox.world import World
from fakes import FakeClock

pytestmark = pytest.mark.anyio


class Life:
    """A world, its clock, and both sides over it."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock()
        self.world = World.open(folder, self.clock.now)

    def sides(
        self, api: str, send_key: str = MULTIMAIL_SEND_KEY, oversight_key: str = MULTIMAIL_OVERSIGHT_KEY
    ) -> tuple[Outbox, Oversight]:
        transport: httpx.AsyncBaseTransport = SandboxTransport(self.world)
        base_url = f"{ORIGIN}/multimail"
        sending = wire(transport, self.clock, send_key, base_url)
        deciding = wire(transport, self.clock, oversight_key, base_url)
        outbox, oversight = connect(sending, deciding, mailbox=MAILBOX_ADDRESS, api=api, clock=self.clock)
        assert oversight is not None
        return outbox, oversight


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    made = Life(tmp_path)
    yield made
    made.world.close()


@pytest.mark.parametrize("pattern", [ANA, "*@example.com"])
async def test_a_recipient_who_would_skip_the_queue_is_seen_beforehand(life: Life, pattern: str):
    outbox, _ = life.sides("v1")
    assert (await outbox.gate()).problem(ANA) is None
    life.world.allow(pattern)
    assert (await outbox.gate()).problem(ANA) is not None
    assert (await outbox.gate()).problem("someone@example.org") is None


async def test_what_the_gate_warns_of_is_real(life: Life):
    outbox, _ = life.sides("v1")
    life.world.allow(ANA)
    await outbox.submit(draft())
    life.clock.advance(1)
    assert [mail.to for mail in life.world.sent_mails()] == [[ANA]]


@pytest.mark.parametrize("api", ["v1", "short"])
async def test_a_mail_is_scanned_then_held_then_delivered(life: Life, api: str):
    outbox, oversight = life.sides(api)
    life.world.switch("delivery_seconds", 60.0)
    accepted = await outbox.submit(draft())
    assert (await outbox.read(accepted.message_id)).stage is Stage.SCANNING
    assert await oversight.pending() == []
    life.clock.advance(1)
    assert (await outbox.read(accepted.message_id)).stage is Stage.HELD
    await oversight.decide(accepted.message_id, approve=True)
    assert (await outbox.read(accepted.message_id)).stage is Stage.SENT
    life.clock.advance(61)
    mail = await outbox.read(accepted.message_id)
    assert (mail.stage, mail.delivered_at is not None) == (Stage.DELIVERED, True)


@pytest.mark.parametrize("api", ["v1", "short"])
async def test_a_mail_to_a_suppressed_address_is_seen_to_bounce(life: Life, api: str):
    outbox, oversight = life.sides(api)
    life.world.suppress(ANA)
    accepted = await outbox.submit(draft())
    life.clock.advance(1)
    await oversight.decide(accepted.message_id, approve=True)
    mail = await outbox.read(accepted.message_id)
    assert (mail.stage, mail.bounce_type) == (Stage.BOUNCED, "suppressed")


@pytest.mark.parametrize("api", ["v1", "short"])
async def test_a_footer_below_the_body_does_not_hide_the_lost_mail(life: Life, api: str):
    life.world.switch("footer_in_body", True)
    outbox, oversight = life.sides(api)
    accepted = await outbox.submit(draft())
    life.clock.advance(1)
    [held] = await oversight.pending()
    assert (held.body or "").startswith(TEXT + "\n")
    assert held.body != TEXT
    found = await outbox.find(draft())
    assert found is not None
    assert found.message_id == accepted.message_id


async def test_the_short_form_without_bodies_still_knows_its_marks(life: Life):
    life.world.switch("short_body", False)
    outbox, oversight = life.sides("short")
    accepted = await outbox.submit(draft())
    life.clock.advance(1)
    [held] = await oversight.pending()
    assert (held.message_id, held.body, held.key, held.ticket_id) == (accepted.message_id, None, "d_1", 101)


@pytest.mark.parametrize("way", ["replace", "merge"])
async def test_tags_add_up_whichever_way_the_service_writes_them(life: Life, way: str):
    life.world.switch("tags_put", way)
    outbox, _ = life.sides("v1")
    accepted = await outbox.submit(draft())
    await outbox.tag(accepted.message_id, {"vip": "true"})
    await outbox.tag(accepted.message_id, draft().marks)
    expected = {"vip": "true", "zendesk_ticket_id": "101", "deskgate_draft": "d_1"}
    assert (await outbox.read(accepted.message_id)).tags == expected


async def test_the_same_mail_handed_over_again_under_its_key_is_one_mail(life: Life):
    outbox, _ = life.sides("v1")
    first = await outbox.submit(draft())
    again = await outbox.submit(draft())
    assert (again.message_id, again.thread_id, again.repeated) == (first.message_id, first.thread_id, True)
    assert len(life.world.emails()) == 1


async def test_the_same_words_under_another_key_within_a_minute_are_not_taken_for_it(life: Life):
    life.world.switch("same_content_send", "409")
    outbox, _ = life.sides("v1")
    first = await outbox.submit(draft())
    await outbox.tag(first.message_id, draft().marks)
    with pytest.raises(OutcomeUnknown):
        await outbox.submit(draft(key="d_2"))
    assert len(life.world.emails()) == 1


@pytest.mark.parametrize("api", ["v1", "short"])
async def test_neither_key_does_the_work_of_the_other(life: Life, api: str):
    outbox, _ = life.sides(api)
    accepted = await outbox.submit(draft())
    life.clock.advance(1)
    swapped_outbox, swapped_oversight = life.sides(api, MULTIMAIL_OVERSIGHT_KEY, MULTIMAIL_SEND_KEY)
    with pytest.raises(Forbidden):
        await swapped_outbox.submit(draft(key="d_2"))
    with pytest.raises(Forbidden):
        await swapped_oversight.decide(accepted.message_id, approve=True)
    assert life.world.sent_mails() == []
    assert len(life.world.emails()) == 1
