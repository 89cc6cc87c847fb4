"""The pretend MultiMail in its v1 form: sending, replying, deciding."""

import httpx
import pytest
from v1_calls import BOX, MARIA, check, decide, held, pending, send

from deskgate.sandbox.world import World
from fakes import FakeClock

pytestmark = pytest.mark.anyio


async def test_a_mail_is_scanned_held_approved_and_delivered(
    world: World, sender: httpx.AsyncClient, decider: httpx.AsyncClient, clock: FakeClock
) -> None:
    sent = check(await send(sender), "/v1/mailboxes/{mailboxId}/send", "post")
    assert sent["status"] == "pending_scan"
    assert await pending(decider) == []
    clock.advance(0.3)
    (waiting,) = await pending(decider)
    assert (waiting["id"], waiting["to"], waiting["body_markdown"]) == (sent["id"], [MARIA], "Hello Maria")
    assert "metadata" not in waiting
    assert "thread_id" not in waiting
    assert world.sent_mails() == []
    decided = check(await decide(decider, sent["id"]), "/v1/oversight/decide", "post")
    assert decided["status"] == "approved_and_sent"
    assert await pending(decider) == []
    read = await sender.get(f"{BOX}/emails/{sent['id']}")
    email = check(read, "/v1/mailboxes/{mailboxId}/emails/{emailId}", "get")
    assert email["approved_at"] == email["delivered_at"] == "2026-01-28T12:00:00.300Z"
    assert email["approved_by"] == "key_sandbox_oversight"
    (mail,) = world.sent_mails()
    assert (mail.to, mail.body, mail.thread_id) == ([MARIA], "Hello Maria", sent["thread_id"])


async def test_what_is_rejected_never_leaves(
    world: World, sender: httpx.AsyncClient, decider: httpx.AsyncClient, clock: FakeClock
) -> None:
    email_id = await held(sender, clock)
    assert (await decide(decider, email_id, "reject")).json() == {"status": "rejected"}
    clock.advance(3600)
    assert (await sender.get(f"{BOX}/emails/{email_id}")).json()["status"] == "rejected"
    assert world.sent_mails() == []


async def test_cancelling_works_until_it_is_too_late(
    sender: httpx.AsyncClient, decider: httpx.AsyncClient, clock: FakeClock
) -> None:
    first = await held(sender, clock)
    for _ in range(2):
        answer = await sender.post(f"{BOX}/emails/{first}/cancel")
        assert (answer.status_code, answer.json()) == (200, {"id": first, "status": "cancelled"})
    assert (await decide(decider, first)).status_code == 404
    second = await held(sender, clock, markdown="another")
    await decide(decider, second)
    assert (await sender.post(f"{BOX}/emails/{second}/cancel")).status_code == 409
    assert (await sender.post(f"{BOX}/emails/nothing/cancel")).status_code == 404


async def test_no_key_both_sends_and_decides(
    sender: httpx.AsyncClient, decider: httpx.AsyncClient, admin: httpx.AsyncClient, clock: FakeClock
) -> None:
    email_id = await held(sender, clock)
    answers = [
        await decide(sender, email_id),
        await decide(admin, email_id),
        await sender.get("/v1/oversight/pending"),
        await send(decider),
        await send(admin),
        await decider.get(f"{BOX}/emails"),
        await sender.get("/v1/audit-log"),
    ]
    assert [answer.status_code for answer in answers] == [403] * 7
    assert all(isinstance(answer.json()["error"], str) for answer in answers)
    assert (await sender.get(f"{BOX}/emails/{email_id}")).json()["status"] == "pending_send_approval"


async def test_a_key_that_nobody_knows_is_a_401(sender: httpx.AsyncClient) -> None:
    answer = await sender.get("/v1/mailboxes", headers={"authorization": "Bearer mm_live_other"})
    assert (answer.status_code, answer.json()) == (401, {"error": "Invalid API key"})


async def test_an_idempotency_key_holds_for_a_day(sender: httpx.AsyncClient, clock: FakeClock) -> None:
    first = (await send(sender, idempotency_key="k")).json()
    again = await send(sender, idempotency_key="k", markdown="something else")
    assert check(again, "/v1/mailboxes/{mailboxId}/send", "post") == {
        "id": first["id"],
        "status": "already_sent",
        "idempotent": True,
    }
    clock.advance(24 * 3600 + 1)
    assert (await send(sender, idempotency_key="k")).status_code == 202


async def test_the_same_reply_within_a_minute_is_a_conflict(
    world: World, sender: httpx.AsyncClient, decider: httpx.AsyncClient, clock: FakeClock
) -> None:
    await decide(decider, await held(sender, clock))
    inbound = world.receive_reply(101, "thank you")
    path = f"{BOX}/reply/{inbound}"
    assert (await sender.post(path, json={"markdown": "gladly"})).status_code == 202
    assert (await sender.post(path, json={"markdown": "gladly"})).status_code == 409
    assert (await sender.post(path, json={"markdown": "other"})).status_code == 202
    clock.advance(61)
    assert (await sender.post(path, json={"markdown": "gladly"})).status_code == 202


@pytest.mark.parametrize(("position", "status"), [("accept", 202), ("409", 409)])
async def test_the_same_new_mail_again_is_as_the_switch_says(
    world: World, sender: httpx.AsyncClient, position: str, status: int
) -> None:
    world.switch("same_content_send", position)
    await send(sender)
    assert (await send(sender)).status_code == status


async def test_a_reply_goes_to_the_writer_and_carries_the_thread(
    world: World, sender: httpx.AsyncClient, decider: httpx.AsyncClient, clock: FakeClock
) -> None:
    first = await held(sender, clock)
    await decide(decider, first)
    inbound = world.receive_reply(101, "thank you")
    answer = await sender.post(f"{BOX}/reply/{inbound}", json={"markdown": "gladly", "idempotency_key": "r"})
    reply = check(answer, "/v1/mailboxes/{mailboxId}/reply/{emailId}", "post")
    clock.advance(0.3)
    await decide(decider, reply["id"])
    opening, closing = world.sent_mails()
    assert closing.to == [MARIA]
    assert closing.thread_id == opening.thread_id == reply["thread_id"]
    assert closing.subject == "Re: Order"
    assert closing.in_reply_to not in (None, opening.message_id)
    thread = await sender.get(f"{BOX}/threads/{reply['thread_id']}")
    shown = check(thread, "/v1/mailboxes/{mailboxId}/threads/{threadId}", "get")
    assert [one["direction"] for one in shown["emails"]] == ["outbound", "inbound", "outbound"]
    assert shown["has_unanswered_inbound"] is False


@pytest.mark.parametrize(("position", "status"), [("400", 400), ("accept", 202)])
async def test_replying_to_ones_own_mail_is_as_the_switch_says(
    world: World, sender: httpx.AsyncClient, clock: FakeClock, position: str, status: int
) -> None:
    world.switch("reply_to_own", position)
    email_id = await held(sender, clock)
    assert (await sender.post(f"{BOX}/reply/{email_id}", json={"markdown": "ps"})).status_code == status


@pytest.mark.parametrize("field", ["thread_id", "metadata", "oversight_mode", "body"])
async def test_unknown_fields_are_refused_until_the_switch_lets_them_pass(
    world: World, sender: httpx.AsyncClient, field: str
) -> None:
    answer = await send(sender, **{field: "zd-101"})
    assert (answer.status_code, answer.json()) == (400, {"error": f"Unknown field: {field}"})
    world.switch("strict_fields", False)
    accepted = await send(sender, **{field: "zd-101"})
    assert accepted.status_code == 202
    assert accepted.json()["thread_id"] != "zd-101"


@pytest.mark.parametrize(
    "change",
    [
        {"to": MARIA},
        {"to": []},
        {"to": ["not an address"]},
        {"to": [f"{MARIA}, spy@example.net"]},
        {"to": [f"{MARIA}\r\nBcc: spy@example.net"]},
        {"subject": "x" * 999},
        {"subject": None},
        {"markdown": ""},
        {"markdown": "x" * 262_145},
        {"cc": ["nobody"]},
        {"attachments": [{"name": "a"}]},
        {"attachments": [{"name": "a", "content_base64": "%", "content_type": "text/plain"}]},
        {"send_at": "2026-03-15T14:00:00Z"},
    ],
)
async def test_a_malformed_mail_is_a_400(sender: httpx.AsyncClient, change: dict[str, object]) -> None:
    answer = await send(sender, **change)
    assert answer.status_code == 400
    assert isinstance(answer.json()["error"], str)


@pytest.mark.parametrize("position", ["404", "409", "200"])
@pytest.mark.parametrize(("action", "word"), [("approve", "approved_and_sent"), ("reject", "rejected")])
async def test_deciding_twice_is_as_the_switch_says(
    world: World,
    sender: httpx.AsyncClient,
    decider: httpx.AsyncClient,
    clock: FakeClock,
    position: str,
    action: str,
    word: str,
) -> None:
    world.switch("decide_twice", position)
    email_id = await held(sender, clock)
    await decide(decider, email_id, action)
    again = await decide(decider, email_id)
    assert again.status_code == int(position)
    assert position != "200" or again.json()["status"] == word
    assert len(world.sent_mails()) == (action == "approve")


async def test_what_is_still_being_scanned_cannot_be_decided(
    sender: httpx.AsyncClient, decider: httpx.AsyncClient
) -> None:
    email_id = (await send(sender)).json()["id"]
    assert (await decide(decider, email_id)).status_code == 404


@pytest.mark.parametrize("body", [b"", b"[]", b"x", b'{"email_id": 5, "action": "approve"}'])
async def test_a_decision_that_cannot_be_read_is_a_400(decider: httpx.AsyncClient, body: bytes) -> None:
    assert (await decider.post("/v1/oversight/decide", content=body)).status_code == 400
