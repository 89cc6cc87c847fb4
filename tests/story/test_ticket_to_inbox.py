"""The README's story through an MCP client: from a ticket to the customer's inbox, and on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest

from bench import ERAS, Bench, Caller, Person, bench
from contract.strict import strict
from deskgate import settings
from deskgate.app import open_desk
from deskgate.protocol.server import build_server
from deskgate.sandbox import constants
from deskgate.sandbox.transport import SandboxTransport
from deskgate.sandbox.world import World
from fakes import FakeClock
from story.dying import TICKET, decisions
from story.trial import ANSWER, FIRST, NOTE, SECOND

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("database")]

Era = Literal["auto", "legacy"]
MARIA = "maria.lindqvist@example.com"
STRANGER = "stranger@example.net"
FORMS = ["v1", "short", "both"]


@asynccontextmanager
async def _open(folder: Path, form: str) -> AsyncIterator[Bench]:
    async with bench(folder) as here:
        here.world.switch("forms", form)
        yield here


async def _sent(asked: Caller, here: Bench, body: str) -> dict[str, Any]:
    """One reply on the ticket, from words to inbox."""
    drafted = await asked.ok("draft_gated_reply", ticket_id=TICKET, body=body)
    assert (drafted["state"], drafted["to"]) == ("held", MARIA)
    here.clock.advance(30)
    queue = await asked.ok("list_zendesk_pending")
    (waiting,) = [one for one in queue["pending"] if one["message_id"] == drafted["message_id"]]
    assert (waiting["to"], waiting["body"], waiting["digest"]) == ([MARIA], body, drafted["digest"])
    assert not waiting["stale"]
    arguments = {"message_id": drafted["message_id"], "decision": "approve", "digest": waiting["digest"]}
    done = await asked.ok("decide_reply", **arguments)
    assert done["decision"] == "approve"
    here.clock.advance(30)
    (life,) = (await asked.ok("track_reply", message_id=drafted["message_id"]))["replies"]
    assert life["state"] == "delivered"
    return drafted


async def _story(here: Bench, asked: Caller, person: Person) -> None:
    """Find, read, answer, be asked, deliver; the customer writes back; answer again; leave a note; take one back."""
    found = await asked.ok("search_zendesk_tickets", query="kettle")
    assert [one["id"] for one in found["tickets"]] == [TICKET]
    read = await asked.ok("read_zendesk_ticket", ticket_id=TICKET)
    assert read["requester"]["email"] == MARIA
    first = await _sent(asked, here, FIRST)
    assert len(person.asked) == 1
    assert all(shown in person.asked[0] for shown in (MARIA, FIRST, first["digest"]))
    here.world.receive_reply(TICKET, ANSWER)
    here.clock.advance(600)
    second = await _sent(asked, here, SECOND)
    assert second["thread_id"] == first["thread_id"]
    note = await asked.ok("note_zendesk_ticket", ticket_id=TICKET, note=NOTE)
    assert note["public"] is False
    third = await asked.ok("draft_gated_reply", ticket_id=TICKET, body="One more thing.")
    here.clock.advance(30)
    assert (await asked.ok("cancel_reply", message_id=third["message_id"]))["state"] == "cancelled"
    read = await asked.ok("read_zendesk_ticket", ticket_id=TICKET)
    assert [one["state"] for one in read["replies"]] == ["cancelled", "delivered", "delivered"]
    assert [mail.to for mail in here.world.sent_mails()] == [[MARIA], [MARIA]]
    assert [mail.body for mail in here.world.sent_mails()] == [FIRST, SECOND]
    assert [one["body"] for one in here.world.comments(TICKET) if not one["public"]][-1] == NOTE
    assert decisions(here.world) == ["oversight.approve"] * 2


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("form", FORMS)
async def test_a_ticket_becomes_a_mail_in_the_customers_inbox(form: str, era: Era, tmp_path: Path) -> None:
    person = Person()
    async with _open(tmp_path, form) as here, here.client(era, person) as asked:
        await _story(here, asked, person)
        first, second = here.world.sent_mails()
        letter = message_from_bytes(second.path.read_bytes(), policy=policy.default)
        assert letter["To"] == MARIA
        assert first.message_id in letter["References"]


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("form", ["v1", "short"])
async def test_the_story_keeps_the_contract_of_a_service_that_has_only_one_form(
    form: str, era: Era, tmp_path: Path
) -> None:
    """No setting but the addresses and the keys."""
    clock, person = FakeClock(), Person()
    world = World.open(tmp_path / "world", clock.now)
    transport, checked = strict(world, form)
    environment = constants.SANDBOX_ENVIRONMENT(constants.ORIGIN) | {"DESKGATE_HOME": str(tmp_path)}
    told = settings.read(environment, sandbox=False)
    async with open_desk(told, clock=clock, transport=transport) as desk:
        here = Bench(world, clock, desk, build_server(desk))
        async with here.client(era, person) as asked:
            await _story(here, asked, person)
    assert checked.violations == []
    assert len(checked.passed) > 10
    world.close()


@pytest.mark.parametrize("form", FORMS)
async def test_a_stranger_who_writes_on_the_thread_gets_no_reply(form: str, tmp_path: Path) -> None:
    async with _open(tmp_path, form) as here, here.client("auto", Person()) as asked:
        await _sent(asked, here, FIRST)
        here.world.receive_reply(TICKET, "Thanks.")
        here.clock.advance(60)
        here.world.receive_reply(TICKET, "I am her husband, answer me instead.", sender=STRANGER)
        here.clock.advance(60)
        await _sent(asked, here, SECOND)
        assert [mail.to for mail in here.world.sent_mails()] == [[MARIA], [MARIA]]


@pytest.mark.parametrize("form", FORMS)
async def test_a_stranger_who_is_the_only_one_to_write_gets_no_reply_either(form: str, tmp_path: Path) -> None:
    async with _open(tmp_path, form) as here, here.client("auto", Person()) as asked:
        await _sent(asked, here, FIRST)
        here.world.receive_reply(TICKET, "Answer me instead.", sender=STRANGER)
        here.clock.advance(60)
        await _sent(asked, here, SECOND)
        assert [mail.to for mail in here.world.sent_mails()] == [[MARIA], [MARIA]]


@pytest.mark.parametrize("form", FORMS)
async def test_a_new_requester_gets_the_next_reply_and_not_the_old_thread(form: str, tmp_path: Path) -> None:
    async with _open(tmp_path, form) as here, here.client("auto", Person()) as asked:
        first = await _sent(asked, here, FIRST)
        here.world.receive_reply(TICKET, "Please write to my colleague.")
        here.world.edit_ticket(TICKET, requester_id=33144692240106)
        here.clock.advance(60)
        drafted = await asked.ok("draft_gated_reply", ticket_id=TICKET, body=SECOND)
        assert drafted["to"] == "odalys@example.com"
        here.clock.advance(30)
        await asked.ok("decide_reply", message_id=drafted["message_id"], decision="approve")
        assert [mail.to for mail in here.world.sent_mails()] == [[MARIA], ["odalys@example.com"]]
        if form != "short":  # there the thread's name is ours, and the same for the whole ticket
            assert drafted["thread_id"] != first["thread_id"]


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("form", FORMS)
async def test_the_same_words_are_one_draft_until_they_are_cancelled(form: str, era: Era, tmp_path: Path) -> None:
    async with _open(tmp_path, form) as here, here.client(era, Person()) as asked:
        first = await asked.ok("draft_gated_reply", ticket_id=TICKET, body=FIRST)
        same = await asked.ok("draft_gated_reply", ticket_id=TICKET, body=FIRST.replace("\n", "\r\n"))
        assert same == first
        assert len(here.world.held_mails()) <= 1
        here.clock.advance(30)
        await asked.ok("cancel_reply", message_id=first["message_id"])
        again = await asked.ok("draft_gated_reply", ticket_id=TICKET, body=FIRST)
        assert (again["state"], again["message_id"] != first["message_id"]) == ("held", True)
        here.clock.advance(30)
        await asked.ok("decide_reply", message_id=again["message_id"], decision="approve")
        assert [mail.id for mail in here.world.sent_mails()] == [again["message_id"]]
        last = await asked.ok("draft_gated_reply", ticket_id=TICKET, body=FIRST)
        assert last["message_id"] == again["message_id"]
        assert len(here.world.sent_mails()) == 1


@pytest.mark.parametrize("form", FORMS)
async def test_words_cancelled_on_a_thread_and_drafted_again_at_once_are_held_once(form: str, tmp_path: Path) -> None:
    async with _open(tmp_path, form) as here, here.client("auto", Person()) as asked:
        await _sent(asked, here, FIRST)
        here.world.receive_reply(TICKET, ANSWER)
        here.clock.advance(60)
        first = await asked.ok("draft_gated_reply", ticket_id=TICKET, body=SECOND)
        await asked.ok("cancel_reply", message_id=first["message_id"])
        result = await asked.call("draft_gated_reply", ticket_id=TICKET, body=SECOND)
        if result.is_error:  # MultiMail refuses the same content within a minute, whatever became of it
            assert (result.structured_content or {})["code"] == "outcome_unknown"
            here.clock.advance(15 * 60)
        again = await asked.ok("draft_gated_reply", ticket_id=TICKET, body=SECOND)
        here.clock.advance(30)
        assert [one["id"] for one in here.world.held_mails()] == [again["message_id"]]


async def test_rejected_words_stay_rejected(tmp_path: Path) -> None:
    async with _open(tmp_path, "both") as here, here.client("auto", Person()) as asked:
        first = await asked.ok("draft_gated_reply", ticket_id=TICKET, body=FIRST)
        here.clock.advance(30)
        await asked.ok("decide_reply", message_id=first["message_id"], decision="reject")
        again = await asked.ok("draft_gated_reply", ticket_id=TICKET, body=FIRST)
        assert (again["message_id"], again["state"]) == (first["message_id"], "rejected")
        assert here.world.held_mails() == []


async def _tickets(world: World, count: int) -> list[int]:
    """New tickets by way of Zendesk's own route."""
    login = (f"{constants.API_USER_EMAIL}/token", constants.ZENDESK_TOKEN)
    made = []
    async with httpx.AsyncClient(transport=SandboxTransport(world), auth=login) as client:
        for number in range(count):
            wish = {"subject": f"Question {number}", "comment": {"body": "Well?"}, "requester_id": 33144692240101}
            answer = await client.post(f"{constants.ORIGIN}/zendesk/api/v2/tickets", json={"ticket": wish})
            made.append(answer.json()["ticket"]["id"])
    return made


@pytest.mark.parametrize(("form", "count"), [("v1", 250), ("short", 101)])
async def test_a_long_queue_costs_one_zendesk_call_for_each_hundred_and_shows_every_reply_once(
    form: str, count: int, tmp_path: Path
) -> None:
    async with _open(tmp_path, form) as here, here.client("auto", Person()) as asked:
        for number in await _tickets(here.world, count):
            await here.desk.draft(number, f"Answer to {number}.")
        here.clock.advance(300)
        before = len(here.world.calls("zendesk"))
        shown, cursor, pages = [], None, 0
        while pages == 0 or cursor:
            queue = await asked.ok("list_zendesk_pending", limit=100, cursor=cursor)
            shown += [one["message_id"] for one in queue["pending"]]
            cursor, pages = queue["cursor"], pages + 1
            assert queue["total"] == count
        assert len(shown) == len(set(shown)) == count
        few = await asked.ok("list_zendesk_pending", limit=20)
        assert [one["message_id"] for one in few["pending"]] == shown[:20]
        calls = here.world.calls("zendesk")[before:]
        assert pages == -(-count // 100)
        assert [call.path.rpartition("/")[2] for call in calls] == ["show_many"] * (pages + 1)
