"""The pretend MultiMail in its v1 form, held against the vendor's own OpenAPI text."""

import json
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from fakes import FakeClock

from deskgate.sandbox.constants import MAILBOX_ID
from deskgate.sandbox.world import World

pytestmark = pytest.mark.anyio

BOX = f"/v1/mailboxes/{MAILBOX_ID}"
SPEC: dict[str, Any] = json.loads((Path(__file__).parents[1] / "contract" / "multimail-openapi.json").read_text())
MARIA = "maria.lindqvist@example.com"


def as_json_schema(node: Any) -> Any:
    """OpenAPI 3.0 spells `or null` in its own way, and documents no field as required."""
    if isinstance(node, list):
        return [as_json_schema(one) for one in node]
    if not isinstance(node, dict):
        return node
    schema = {name: as_json_schema(value) for name, value in node.items()}
    if node.get("nullable") is True and isinstance(node.get("type"), str):
        schema["type"] = [node["type"], "null"]
        if "enum" in node:
            schema["enum"] = [*node["enum"], None]
    if "properties" in node:
        schema["additionalProperties"] = node.get("additionalProperties", False)
    return schema


def check(answer: httpx.Response, path: str, method: str) -> Any:
    """The answer's body, after the vendor's schema for it has found nothing wrong and nothing unknown."""
    described = SPEC["paths"][path][method]["responses"][str(answer.status_code)]
    schema = as_json_schema(described["content"]["application/json"]["schema"])
    schema["components"] = as_json_schema(SPEC["components"])
    jsonschema.validate(answer.json(), schema)
    return answer.json()


async def send(sender: httpx.AsyncClient, **more: object) -> httpx.Response:
    body = {"to": [MARIA], "subject": "Re: Order", "markdown": "Hello Maria", **more}
    return await sender.post(f"{BOX}/send", json=body)


async def held(sender: httpx.AsyncClient, clock: FakeClock, **more: object) -> str:
    email_id = str((await send(sender, **more)).json()["id"])
    clock.advance(0.3)
    return email_id


async def decide(decider: httpx.AsyncClient, email_id: str, action: str = "approve") -> httpx.Response:
    return await decider.post("/v1/oversight/decide", json={"email_id": email_id, "action": action})


async def pending(decider: httpx.AsyncClient) -> list[dict[str, Any]]:
    answer = await decider.get("/v1/oversight/pending")
    return list(check(answer, "/v1/oversight/pending", "get")["emails"])


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


async def test_reading_marks_a_customers_mail_as_read(
    world: World, sender: httpx.AsyncClient, decider: httpx.AsyncClient, clock: FakeClock
) -> None:
    await decide(decider, await held(sender, clock))
    inbound = world.receive_reply(101, "thank you")
    unread = {"status": "unread", "direction": "inbound"}
    listed = await sender.get(f"{BOX}/emails", params=unread)
    (summary,) = check(listed, "/v1/mailboxes/{mailboxId}/emails", "get")["emails"]
    assert (summary["id"], summary["from"], summary["subject"]) == (inbound, MARIA, "Order")
    assert (await sender.get(f"{BOX}/emails/{inbound}")).json()["status"] == "unread"
    assert (await sender.get(f"{BOX}/emails", params=unread)).json()["emails"] == []
    assert (await sender.get(f"{BOX}/emails/{inbound}")).json()["status"] == "read"


async def test_a_cursor_walks_the_mailbox_from_the_newest(sender: httpx.AsyncClient) -> None:
    ids = [(await send(sender, markdown=str(number))).json()["id"] for number in range(5)]
    walked: list[str] = []
    cursor = None
    while True:
        params = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        body = (await sender.get(f"{BOX}/emails", params=params)).json()
        walked += [one["id"] for one in body["emails"]]
        cursor = body["cursor"]
        if cursor is None:
            break
    assert walked == ids[::-1]


@pytest.mark.parametrize(
    ("params", "count"),
    [
        ({"since_id": "first"}, 2),
        ({"subject_contains": "order"}, 3),
        ({"subject_contains": "parcel"}, 0),
        ({"direction": "inbound"}, 0),
        ({"status": "pending_scan"}, 3),
        ({"sender": "support@"}, 3),
        ({"date_after": "2026-01-28T12:00:05Z"}, 2),
        ({"date_before": "2026-01-28"}, 0),
        ({"has_attachments": "true"}, 0),
        ({"limit": 1}, 1),
    ],
)
async def test_filters_narrow_the_list(
    sender: httpx.AsyncClient, clock: FakeClock, world: World, params: dict[str, Any], count: int
) -> None:
    world.switch("scan_seconds", 3600)
    first = (await send(sender)).json()["id"]
    clock.advance(10)
    await send(sender)
    await send(sender)
    wanted = {name: first if value == "first" else value for name, value in params.items()}
    assert len((await sender.get(f"{BOX}/emails", params=wanted)).json()["emails"]) == count


@pytest.mark.parametrize("params", [{"limit": 0}, {"limit": 101}, {"limit": "x"}, {"cursor": "x"}, {"date_after": "x"}])
async def test_a_bad_filter_is_a_400(sender: httpx.AsyncClient, params: dict[str, Any]) -> None:
    assert (await sender.get(f"{BOX}/emails", params=params)).status_code == 400


@pytest.mark.parametrize(("position", "after"), [("replace", {"b": "2"}), ("merge", {"a": "1", "b": "2"})])
async def test_tags_replace_or_merge_as_the_switch_says(
    world: World, sender: httpx.AsyncClient, position: str, after: dict[str, str]
) -> None:
    world.switch("tags_put", position)
    path = f"{BOX}/emails/{(await send(sender)).json()['id']}/tags"
    await sender.put(path, json={"tags": {"a": "1"}})
    assert (await sender.put(path, json={"tags": {"b": "2"}})).json() == {"tags": after}
    assert (await sender.get(path)).json() == {"tags": after}
    assert (await sender.put(path, json={"tags": ["a"]})).status_code == 400


async def test_one_tag_can_be_removed_whatever_its_name(sender: httpx.AsyncClient) -> None:
    path = f"{BOX}/emails/{(await send(sender)).json()['id']}/tags"
    await sender.put(path, json={"tags": {"a/b c": "1"}})
    assert (await sender.delete(f"{path}/a%2Fb%20c")).json() == {"deleted": True}
    assert (await sender.delete(f"{path}/a%2Fb%20c")).json() == {"deleted": False}


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


async def test_times_are_epoch_numbers_here_and_texts_there(
    sender: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    await send(sender)
    (box,) = check(await sender.get("/v1/mailboxes"), "/v1/mailboxes", "get")["mailboxes"]
    assert isinstance(box["created_at"], int)
    assert box["is_active"] == 1
    entries = check(await admin.get("/v1/audit-log"), "/v1/audit-log", "get")["entries"]
    assert entries[0]["created_at"] == "2026-01-28T12:00:00.000Z"
    assert entries[0]["action"] == "email.send"


async def test_the_vendors_log_pages_from_the_newest(sender: httpx.AsyncClient, admin: httpx.AsyncClient) -> None:
    ids = [(await send(sender, markdown=str(number))).json()["id"] for number in range(3)]
    first = (await admin.get("/v1/audit-log", params={"limit": 2})).json()
    second = (await admin.get("/v1/audit-log", params={"limit": 2, "cursor": first["cursor"]})).json()
    assert [one["resource_id"] for one in first["entries"] + second["entries"]] == ids[::-1]
    assert second["cursor"] is None


async def test_health_needs_no_key(sender: httpx.AsyncClient) -> None:
    answer = await sender.get("/health", headers={"authorization": ""})
    assert answer.json() == {"status": "ok"}
