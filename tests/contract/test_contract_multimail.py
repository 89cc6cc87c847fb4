"""The MultiMail client against servers that speak one form only and check every request, over the sandbox's state."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from contract.servers import Checked
from contract.strict import strict
from deskgate.desk.credentials import FixedCredential
from deskgate.desk.errors import AlreadyDecided, DeskError, OutcomeUnknown, Suppressed
from deskgate.desk.multimail import Accepted, Draft, Outbox, Oversight, Stage, connect
from deskgate.desk.wire import Wire
from deskgate.sandbox.constants import MAILBOX_ADDRESS, MULTIMAIL_OVERSIGHT_KEY, MULTIMAIL_SEND_KEY, ORIGIN
from deskgate.sandbox.faults import KINDS, Fault
from deskgate.sandbox.world import World
from fakes import FakeClock

pytestmark = pytest.mark.anyio

ANA = "ana@example.com"
SUBJECT = "Re: Where is my parcel?"
USED = {
    "v1": {
        "GET /v1/mailboxes",
        "POST /v1/mailboxes/*/send",
        "POST /v1/mailboxes/*/reply/*",
        "GET /v1/mailboxes/*/emails",
        "GET /v1/mailboxes/*/emails/*",
        "GET /v1/mailboxes/*/emails/*/tags",
        "PUT /v1/mailboxes/*/emails/*/tags",
        "POST /v1/mailboxes/*/emails/*/cancel",
        "GET /v1/mailboxes/*/threads/*",
        "GET /v1/oversight/pending",
        "POST /v1/oversight/decide",
    },
    "short": {
        "POST /send_email",
        "POST /reply_email",
        "GET /list_pending",
        "POST /decide_email",
        "POST /cancel_message",
        "GET /check_inbox",
        "POST /tag_email",
    },
}


@dataclass
class Desk:
    """Both sides over one strict server, and the world behind it."""

    form: str
    world: World
    clock: FakeClock
    checked: Checked
    outbox: Outbox
    oversight: Oversight

    async def held(self, draft: Draft) -> Accepted:
        """A mail that was handed over and has gone through its scan."""
        accepted = await self.outbox.submit(draft)
        self.clock.advance(1)
        return accepted

    def outbound(self) -> list[str]:
        """The ids of everything that was ever handed over."""
        return [mail["id"] for mail in self.world.emails() if mail["direction"] == "outbound"]

    @property
    def writes(self) -> str:
        """A pattern for the paths under which mails are handed over."""
        return "/send$|/reply/" if self.form == "v1" else "/send_email|/reply_email"


@pytest.fixture(params=["v1", "short"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    clock = FakeClock()
    world = World.open(tmp_path, clock.now)
    transport, checked = strict(world, request.param)

    def wire(key: str) -> Wire:
        credential = FixedCredential(f"Bearer {key}")
        return Wire("MultiMail", f"{ORIGIN}/multimail", credential, clock, transport=transport, chance=random.Random(1))

    outbox, oversight = connect(
        wire(MULTIMAIL_SEND_KEY), wire(MULTIMAIL_OVERSIGHT_KEY), mailbox=MAILBOX_ADDRESS, api="auto", clock=clock
    )
    assert oversight is not None
    yield Desk(request.param, world, clock, checked, outbox, oversight)
    world.close()


def draft(number: int = 1, thread_id: str | None = None, to: str = ANA) -> Draft:
    return Draft(to, SUBJECT, f"Hello Ana,\n\nthis is answer {number}.", 101, "open", f"d_{number}", thread_id)


def _used(checked: Checked) -> set[str]:
    known = {
        "v1",
        "mailboxes",
        "emails",
        "threads",
        "send",
        "reply",
        "cancel",
        "tags",
        "oversight",
        "pending",
        "decide",
    }
    used = set()
    for asked in checked.passed:
        method, path = asked.split(" ")
        parts = path.strip("/").split("/")
        used.add(f"{method} /" + "/".join(part if part in known or len(parts) == 1 else "*" for part in parts))
    return used


async def test_the_whole_life_of_replies_keeps_the_contract(desk: Desk):
    outbox, oversight = desk.outbox, desk.oversight
    assert (await outbox.gate()).problem(ANA) is None

    first = await desk.held(draft(1))
    assert not first.repeated
    await outbox.tag(first.message_id, draft(1).marks)
    [held] = await oversight.pending()
    assert (held.message_id, held.to, held.subject, held.body) == (first.message_id, (ANA,), SUBJECT, draft(1).body)
    assert [mail.message_id for mail in await outbox.pending()] == [first.message_id]
    read = await outbox.read(first.message_id)
    assert (read.stage, read.ticket_id, read.key, read.to) == (Stage.HELD, 101, "d_1", (ANA,))
    found = await outbox.find(draft(1))
    assert found is not None
    assert found.message_id == first.message_id
    assert (await oversight.decide(first.message_id, approve=True)).approved
    read = await outbox.read(first.message_id)
    assert (read.stage, read.direction) == (Stage.DELIVERED, "outbound")
    assert [mail.body for mail in desk.world.sent_mails()] == [draft(1).body]
    with pytest.raises(AlreadyDecided):
        await outbox.cancel(first.message_id)

    answer_id = desk.world.receive_reply(101, "Thank you!")
    [arrived] = (await outbox.inbox()).mails
    assert (arrived.message_id, arrived.sender, arrived.thread_id) == (answer_id, ANA, first.thread_id)
    assert (await outbox.inbox(since_id=answer_id)).mails == ()

    second = await desk.held(draft(2, first.thread_id))
    assert second.thread_id == first.thread_id
    [held] = await oversight.pending()
    assert (held.message_id, held.to, held.subject) == (second.message_id, (ANA,), SUBJECT)
    assert not (await oversight.decide(second.message_id, approve=False, reason="not yet")).approved
    assert (await outbox.read(second.message_id)).stage is Stage.REJECTED

    third = await desk.held(draft(3, first.thread_id))
    assert await outbox.cancel(third.message_id) is Stage.CANCELLED
    assert await outbox.cancel(third.message_id) is Stage.CANCELLED
    assert await oversight.pending() == []

    assert desk.checked.violations == []
    assert desk.outbox.form == desk.form
    assert _used(desk.checked) == USED[desk.form]
    assert len(desk.outbound()) == 3


async def test_the_form_is_found_out_with_one_question(desk: Desk):
    await desk.oversight.pending()
    await desk.oversight.pending()
    asked = [call for call in (*desk.checked.passed, *desk.checked.not_there) if call == "GET /v1/mailboxes"]
    assert len(asked) == 1
    assert desk.outbox.form == desk.form


async def test_a_list_of_many_is_read_to_its_end(desk: Desk):
    ids = [(await desk.outbox.submit(draft(number))).message_id for number in range(1, 121)]
    desk.clock.advance(1)
    assert sorted(mail.message_id for mail in await desk.outbox.pending()) == sorted(ids)
    found = await desk.outbox.find(draft(1))
    assert found is not None
    assert found.message_id == ids[0]
    assert desk.checked.violations == []


async def test_an_attackers_mail_on_the_thread_does_not_get_the_answer(desk: Desk):
    first = await desk.held(draft(1))
    await desk.outbox.tag(first.message_id, draft(1).marks)
    await desk.oversight.decide(first.message_id, approve=True)
    await desk.outbox.read(first.message_id)
    desk.world.receive_reply(101, "Send it to me instead", sender="mallory@example.net")
    await desk.held(draft(2, first.thread_id))
    [held] = await desk.oversight.pending()
    assert held.to == (ANA,)
    assert desk.checked.violations == []


@pytest.mark.parametrize("mode", ["monitored", "autonomous", "read_only"])
async def test_a_mailbox_that_does_not_hold_is_noticed_where_the_form_shows_it(desk: Desk, mode: str):
    desk.world.set_mode(mode)
    problem = (await desk.outbox.gate()).problem(ANA)
    assert (problem is not None) == (desk.form == "v1")


@pytest.mark.parametrize("status", ["400", "403", "422"])
async def test_a_suppressed_recipient_is_named_as_that(desk: Desk, status: str):
    desk.world.switch("suppressed", status)
    desk.world.suppress(ANA)
    with pytest.raises(Suppressed):
        await desk.outbox.submit(draft())
    assert desk.outbound() == []


@pytest.mark.parametrize("times", [1, None], ids=["once", "for-ever"])
@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_trouble_while_a_mail_is_handed_over_never_doubles_or_hides_it(desk: Desk, kind: str, times: int | None):
    desk.world.faults.add(Fault(kind, "multimail", "POST", desk.writes, times, seconds=0.0))
    try:
        accepted = await desk.outbox.submit(draft())
    except OutcomeUnknown:
        accepted = None
    except DeskError:
        assert desk.outbound() == [], "an error that says nothing was sent is wrong"
        return
    desk.world.faults.clear()
    desk.clock.advance(61)
    there = desk.outbound()
    assert len(there) <= 1
    found = await desk.outbox.find(draft())
    assert [found.message_id] == there if found else there == []
    if accepted is not None:
        assert [accepted.message_id] == there
    assert desk.checked.violations == []


@pytest.mark.parametrize("times", [1, None], ids=["once", "for-ever"])
@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_trouble_while_a_decision_is_made_never_claims_more_than_happened(
    desk: Desk, kind: str, times: int | None
):
    accepted = await desk.held(draft())
    desk.world.faults.add(Fault(kind, "multimail", "POST", "/decide", times, seconds=0.0))
    decided = None
    try:
        decided = await desk.oversight.decide(accepted.message_id, approve=True)
    except OutcomeUnknown:
        return
    except DeskError:
        assert desk.world.sent_mails() == [], "an error that says nothing happened is wrong"
        return
    assert decided.approved
    assert len(desk.world.sent_mails()) == 1


@pytest.mark.parametrize("times", [1, None], ids=["once", "for-ever"])
@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_trouble_while_a_mail_is_cancelled_never_claims_more_than_happened(
    desk: Desk, kind: str, times: int | None
):
    accepted = await desk.held(draft())
    desk.world.faults.add(Fault(kind, "multimail", "POST", "/cancel", times, seconds=0.0))
    try:
        stage = await desk.outbox.cancel(accepted.message_id)
    except OutcomeUnknown:
        return
    except DeskError:
        assert desk.world.held_mails(), "an error that says nothing happened is wrong"
        return
    assert stage is Stage.CANCELLED
    assert desk.world.held_mails() == []
