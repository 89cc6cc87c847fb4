"""The customer's side of the mailbox, and how a client reads what came in."""

from typing import Any

import httpx
import pytest
from v1_calls import BOX, MARIA, check, decide, held, send

from deskgate.sandbox.constants import MAILBOX_ADDRESS, ORIGIN
from deskgate.sandbox.world import World
from fakes import FakeClock

pytestmark = pytest.mark.anyio

SEND = {
    "from": MAILBOX_ADDRESS,
    "to": MARIA,
    "subject": "Re: Order",
    "body": "Line one\nLine two",
    "thread_id": "zd-101",
}
LISTING = "/v1/mailboxes/{mailboxId}/emails"


@pytest.fixture
async def delivered(world: World, sender: httpx.AsyncClient, decider: httpx.AsyncClient, clock: FakeClock) -> str:
    """The id of a mail about ticket 101 that Maria has."""
    email_id = str((await sender.post("/send_email", json=SEND)).json()["message_id"])
    clock.advance(0.3)
    await decide(decider, email_id)
    return email_id


async def read(sender: httpx.AsyncClient, email_id: str) -> dict[str, Any]:
    answer = await sender.get(f"{BOX}/emails/{email_id}")
    return dict(check(answer, f"{LISTING}/{{emailId}}", "get"))


async def test_an_absence_notice_is_told_by_its_subject_alone(
    world: World, sender: httpx.AsyncClient, delivered: str
) -> None:
    plain = await read(sender, world.receive_reply(101, "Thank you"))
    notice = await read(sender, world.receive_reply(101, "I am away", automatic=True))
    assert (plain["subject"], notice["subject"]) == ("Order", "Automatic reply: Order")
    assert set(plain) == set(notice)
    assert not {"headers", "direction", "bcc"} & set(notice)


async def test_an_answer_may_quote_the_mail_it_answers_and_copy_others(
    world: World, sender: httpx.AsyncClient, delivered: str
) -> None:
    told = await read(sender, world.receive_reply(101, "Thank you", quoted=True, cc=["son@example.com"]))
    assert told["markdown"] == (
        f"Thank you\n\nOn Wed, 28 Jan 2026 at 12:00 <{MAILBOX_ADDRESS}> wrote:\n\n> Line one\n> Line two\n"
    )
    assert told["cc"] == ["son@example.com"]


async def test_a_mail_out_of_the_blue_begins_a_thread_of_its_own(
    world: World, sender: httpx.AsyncClient, delivered: str
) -> None:
    told = await read(sender, world.receive_mail("stranger@example.net", "Hello", "Where is it?"))
    assert (told["from"], told["subject"]) == ("stranger@example.net", "Hello")
    assert told["thread_id"] not in (None, "zd-101")
    joined = await read(sender, world.receive_mail("stranger@example.net", "Hello", "again", thread_id="zd-101"))
    assert joined["thread_id"] == "zd-101"


async def test_a_hard_bounce_ends_the_mail_and_suppresses_its_reader(
    world: World, sender: httpx.AsyncClient, admin: httpx.AsyncClient, delivered: str
) -> None:
    assert world.bounce(101) == delivered
    told = await read(sender, delivered)
    assert (told["bounce_type"], told["delivered_at"] is None, told["bounced_at"] is None) == (
        "hard_bounce",
        False,
        False,
    )
    (entry,) = (await admin.get("/v1/suppression")).json()["suppressions"]
    assert (entry["email_address"], entry["reason"]) == (MARIA, "bounce")
    with pytest.raises(LookupError):
        world.receive_reply(101, "I never got it")


async def test_a_soft_bounce_suppresses_nobody_and_a_complaint_does(
    world: World, admin: httpx.AsyncClient, delivered: str
) -> None:
    assert world.complain("zd-101") == delivered
    assert [one["reason"] for one in (await admin.get("/v1/suppression")).json()["suppressions"]] == ["spam_complaint"]
    await admin.delete(f"/v1/suppression/{MARIA}")
    world.bounce(delivered, "soft_bounce")
    assert (await admin.get("/v1/suppression")).json()["suppressions"] == []


async def test_who_unsubscribes_is_on_the_list_and_gets_no_mail_and_no_webhook_says_so(
    world: World,
    sender: httpx.AsyncClient,
    decider: httpx.AsyncClient,
    admin: httpx.AsyncClient,
    clock: FakeClock,
    delivered: str,
) -> None:
    before = len(world.deliveries())
    assert (await sender.post(f"/v1/unsubscribe/{delivered}")).status_code == 200
    assert len(world.deliveries()) == before
    listed = check(await admin.get("/v1/suppression"), "/v1/suppression", "get")["suppressions"]
    assert [(one["email_address"], one["reason"]) for one in listed] == [(MARIA, "manual_unsubscribe")]
    email_id = await held(sender, clock)
    await decide(decider, email_id)
    assert (await read(sender, email_id))["bounce_type"] == "suppressed"
    for status in ("400", "403", "422"):
        world.switch("suppressed", status)
        refused = await send(sender, markdown=status)
        assert refused.status_code == int(status)


async def test_a_reader_who_comes_back_finds_what_came_since_and_nothing_else(
    world: World, sender: httpx.AsyncClient, clock: FakeClock
) -> None:
    seen = world.receive_mail(MARIA, "0", "text")
    ids = []
    for number in range(1, 8):
        clock.advance(number % 2)  # some arrive in the same instant
        ids.append(world.receive_mail(MARIA, str(number), "text"))
        await send(sender, markdown=str(number))
    found: list[str] = []
    params: dict[str, str] = {"since_id": seen, "direction": "inbound", "limit": "3"}
    pages = 0
    while True:
        told = check(await sender.get(f"{BOX}/emails", params=params), LISTING, "get")
        found += [one["id"] for one in told["emails"]]
        pages += 1
        if told["cursor"] is None:
            break
        params["cursor"] = told["cursor"]
    assert (found, pages) == (ids[::-1], 3)
    params = {"since_id": ids[-1], "direction": "inbound"}
    assert (await sender.get(f"{BOX}/emails", params=params)).json() == {"emails": [], "cursor": None}


async def test_the_short_forms_reader_finds_the_same(world: World, sender: httpx.AsyncClient, delivered: str) -> None:
    ids = [world.receive_reply(101, str(number)) for number in range(5)]
    params: dict[str, str] = {"since_id": ids[0], "direction": "inbound", "limit": "3", "mailbox": MAILBOX_ADDRESS}
    first = (await sender.get("/check_inbox", params=params)).json()
    second = (await sender.get("/check_inbox", params={**params, "cursor": first["cursor"]})).json()
    told = [*first["messages"], *second["messages"]]
    assert [one["message_id"] for one in told] == ids[:0:-1]
    assert second["cursor"] is None
    assert {(one["from"], one["thread_id"], one["direction"]) for one in told} == {(MARIA, "zd-101", "inbound")}
    assert [one["body"] for one in told] == ["4", "3", "2", "1"]


async def test_since_an_unknown_mail_everything_is_new(world: World, sender: httpx.AsyncClient) -> None:
    world.receive_mail(MARIA, "Hello", "text")
    told = (await sender.get(f"{BOX}/emails", params={"since_id": "01NEVER"})).json()
    assert len(told["emails"]) == 1


async def test_all_of_it_can_be_played_over_http(world: World, sender: httpx.AsyncClient, delivered: str) -> None:
    base = f"{ORIGIN}/sandbox"
    wish = {"ticket": 101, "text": "Away", "automatic": True, "cc": ["son@example.com"], "quoted": True}
    await sender.post(f"{base}/reply", json=wish)
    newest = world.emails()[-1]
    assert (newest["subject"], newest["cc"]) == ("Automatic reply: Order", '["son@example.com"]')
    mail = {"sender": "stranger@example.net", "subject": "Hello", "text": "again", "thread": "zd-101"}
    made = (await sender.post(f"{base}/mail", json=mail)).json()["email_id"]
    assert (world.emails()[-1]["id"], world.emails()[-1]["thread_id"]) == (made, "zd-101")
    assert (await sender.post(f"{base}/complain", json={"thread": "zd-101"})).json() == {"email_id": delivered}
    assert (await sender.post(f"{base}/bounce", json={"email": delivered})).json() == {"email_id": delivered}
    assert (await sender.post(f"{base}/bounce", json={"email": delivered})).status_code == 404
    assert (await sender.post(f"{base}/bounce", json={})).status_code == 400
    log = (await sender.get(f"{base}/deliveries")).json()["deliveries"]
    assert [one["event_type"] for one in log[-2:]] == ["message.complained", "message.bounced"]


async def test_webhooks_can_be_moved_added_and_ended_over_http(world: World, sender: httpx.AsyncClient) -> None:
    path = f"{ORIGIN}/sandbox/webhooks"
    moved = (await sender.put(path, json={"desk": "http://127.0.0.1:9000"})).json()["webhooks"]
    assert {hook["url"].rpartition("/webhooks/")[0] for hook in moved} == {"http://127.0.0.1:9000"}
    wish = {"service": "multimail", "url": "http://127.0.0.1:9001/hook", "form": "short", "secret": "whsec_mine"}
    made = (await sender.post(path, json={**wish, "events": ["email.received"]})).json()
    assert (made["secret"], made["form"], made["events"]) == ("whsec_mine", "short", ["email.received"])
    assert len((await sender.get(path)).json()["webhooks"]) == 3
    assert (await sender.delete(f"{path}/{made['id']}")).json() == {"status": "deleted"}
    assert (await sender.delete(f"{path}/{made['id']}")).status_code == 404
    assert (await sender.post(path, json={**wish, "url": "http://desk.example.com"})).status_code == 400
    assert (await sender.put(path, json={"desk": ""})).json() == {"webhooks": []}
