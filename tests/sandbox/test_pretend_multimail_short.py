"""The pretend MultiMail in its short form, over the same mails."""

from typing import Any

import httpx
import pytest

from deskgate.sandbox.constants import MAILBOX_ADDRESS, MAILBOX_ID
from deskgate.sandbox.world import World
from fakes import FakeClock

pytestmark = pytest.mark.anyio

MARIA = "maria.lindqvist@example.com"


async def send(sender: httpx.AsyncClient, **more: object) -> httpx.Response:
    body = {
        "from": MAILBOX_ADDRESS,
        "to": MARIA,
        "subject": "Re: Order",
        "body": "Hello\n\nMaria",
        "thread_id": "zd-101",
        "oversight_mode": "gated_send",
        "metadata": {"zendesk_ticket_id": 101, "zendesk_status": "open"},
        **more,
    }
    return await sender.post("/send_email", json=body)


async def decide(decider: httpx.AsyncClient, message_id: str, decision: str = "approve") -> httpx.Response:
    return await decider.post("/decide_email", json={"message_id": message_id, "decision": decision})


async def delivered(sender: httpx.AsyncClient, decider: httpx.AsyncClient, clock: FakeClock, **more: object) -> str:
    message_id = str((await send(sender, **more)).json()["message_id"])
    clock.advance(0.3)
    assert (await decide(decider, message_id)).status_code == 200
    return message_id


async def pending(decider: httpx.AsyncClient) -> list[dict[str, Any]]:
    return list((await decider.get("/list_pending")).json()["messages"])


async def test_the_callers_thread_and_metadata_come_back(
    world: World, sender: httpx.AsyncClient, decider: httpx.AsyncClient, clock: FakeClock
) -> None:
    sent = await send(sender)
    assert sent.status_code == 202
    message_id = sent.json()["message_id"]
    assert sent.json() == {"message_id": message_id, "status": "pending_scan", "thread_id": "zd-101"}
    clock.advance(0.3)
    assert await pending(decider) == [
        {
            "message_id": message_id,
            "to": MARIA,
            "subject": "Re: Order",
            "created_at": "2026-01-28T12:00:00.000Z",
            "metadata": {"zendesk_ticket_id": 101, "zendesk_status": "open"},
            "body": "Hello\n\nMaria",
        }
    ]
    answer = await decide(decider, message_id)
    assert answer.json() == {"message_id": message_id, "status": "approved_and_sent"}
    assert [mail.thread_id for mail in world.sent_mails()] == ["zd-101"]


async def test_the_list_can_be_as_bare_as_the_vendors_page(
    world: World, sender: httpx.AsyncClient, decider: httpx.AsyncClient, clock: FakeClock
) -> None:
    world.switch("short_body", False)
    await send(sender, metadata=None)
    clock.advance(0.3)
    (message,) = await pending(decider)
    assert set(message) == {"message_id", "to", "subject", "created_at"}


async def test_a_reply_on_the_thread_answers_the_customers_last_mail(
    world: World, sender: httpx.AsyncClient, decider: httpx.AsyncClient, clock: FakeClock
) -> None:
    await delivered(sender, decider, clock)
    world.receive_reply("zd-101", "thank you")
    body = {"thread_id": "zd-101", "body": "gladly", "idempotency_key": "r"}
    reply = (await sender.post("/reply_email", json=body)).json()
    assert reply["thread_id"] == "zd-101"
    clock.advance(0.3)
    await decide(decider, reply["message_id"])
    first, second = world.sent_mails()
    assert second.to == [MARIA]
    assert second.in_reply_to != first.message_id
    assert second.in_reply_to is not None
    again = await sender.post("/reply_email", json=body)
    assert (again.status_code, again.json()["status"]) == (200, "already_sent")


async def test_a_reply_before_any_answer_follows_our_own_mail(
    world: World, sender: httpx.AsyncClient, decider: httpx.AsyncClient, clock: FakeClock
) -> None:
    await delivered(sender, decider, clock)
    reply = (await sender.post("/reply_email", json={"thread_id": "zd-101", "body": "one more thing"})).json()
    clock.advance(0.3)
    await decide(decider, reply["message_id"])
    first, second = world.sent_mails()
    assert (second.to, second.in_reply_to) == ([MARIA], first.message_id)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"thread_id": "zd-999"}, 404),
        ({"message_id": "nothing"}, 404),
        ({"to": "spy@example.net"}, 400),
        ({"body": ""}, 400),
        ({"body": "Hello\n\nMaria"}, 202),
    ],
)
async def test_a_reply_that_fits_no_thread_is_refused(
    sender: httpx.AsyncClient, change: dict[str, object], status: int
) -> None:
    await send(sender)
    answer = await sender.post("/reply_email", json={"thread_id": "zd-101", "body": "hello again", **change})
    assert answer.status_code == status


async def test_the_same_reply_within_a_minute_is_a_conflict(sender: httpx.AsyncClient) -> None:
    await send(sender)
    body = {"thread_id": "zd-101", "body": "gladly"}
    assert (await sender.post("/reply_email", json=body)).status_code == 202
    assert (await sender.post("/reply_email", json=body)).status_code == 409


@pytest.mark.parametrize(
    "change",
    [
        {"to": [MARIA]},
        {"to": f"{MARIA}\nBcc: spy@example.net"},
        {"subject": ""},
        {"oversight_mode": "gatedsend"},
        {"metadata": "x"},
    ],
)
async def test_a_malformed_mail_is_a_400(sender: httpx.AsyncClient, change: dict[str, object]) -> None:
    assert (await send(sender, **change)).status_code == 400


async def test_a_sender_that_is_no_mailbox_is_not_found(sender: httpx.AsyncClient) -> None:
    assert (await send(sender, **{"from": "ceo@desk.example.com"})).status_code == 404


async def test_the_keys_have_the_same_reach_as_in_v1(
    sender: httpx.AsyncClient, decider: httpx.AsyncClient, clock: FakeClock
) -> None:
    message_id = (await send(sender)).json()["message_id"]
    clock.advance(0.3)
    answers = [await decide(sender, message_id), await sender.get("/list_pending"), await send(decider)]
    assert [answer.status_code for answer in answers] == [403, 403, 403]


async def test_cancelling_by_message(sender: httpx.AsyncClient, decider: httpx.AsyncClient, clock: FakeClock) -> None:
    message_id = (await send(sender)).json()["message_id"]
    for _ in range(2):
        answer = await sender.post("/cancel_message", json={"message_id": message_id})
        assert answer.json() == {"message_id": message_id, "status": "cancelled"}
    gone = await delivered(sender, decider, clock, body="another")
    assert (await sender.post("/cancel_message", json={"message_id": gone})).status_code == 409
    assert (await sender.post("/cancel_message", json={"message_id": "x"})).status_code == 404


async def test_tags_are_a_list_here_and_a_map_in_v1(sender: httpx.AsyncClient) -> None:
    message_id = (await send(sender)).json()["message_id"]
    tags = {"message_id": message_id, "tags": ["zendesk:101", "customer-reply"]}
    assert (await sender.post("/tag_email", json=tags)).json() == tags
    v1 = await sender.get(f"/v1/mailboxes/{MAILBOX_ID}/emails/{message_id}/tags")
    assert v1.json() == {"tags": {"zendesk": "101", "customer-reply": "true"}}


async def test_the_inbox_lists_both_directions_and_can_be_narrowed(
    world: World, sender: httpx.AsyncClient, decider: httpx.AsyncClient, clock: FakeClock
) -> None:
    sent = await delivered(sender, decider, clock)
    inbound = world.receive_reply(101, "thank you")

    async def ids(**params: str) -> list[str]:
        answer = await sender.get("/check_inbox", params=params)
        return [one["message_id"] for one in answer.json()["messages"]]

    assert await ids() == [inbound, sent]
    assert await ids(mailbox=MAILBOX_ADDRESS, direction="inbound") == [inbound]
    assert await ids(thread_id="zd-101") == [inbound, sent]
    assert await ids(message_id=sent) == [sent]
    assert await ids(message_id="x") == []
    message = (await sender.get("/check_inbox", params={"message_id": inbound})).json()["messages"][0]
    assert (message["from"], message["body"], message["status"]) == (MARIA, "thank you", "unread")


@pytest.mark.parametrize(("forms", "v1", "short"), [("both", 200, 200), ("v1", 200, 404), ("short", 404, 200)])
async def test_either_form_can_be_missing(
    world: World, sender: httpx.AsyncClient, forms: str, v1: int, short: int
) -> None:
    world.switch("forms", forms)
    answers = [await sender.get("/v1/mailboxes"), await sender.get("/check_inbox"), await sender.get("/health")]
    assert [answer.status_code for answer in answers] == [v1, short, 200]
