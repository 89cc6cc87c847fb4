"""The pretend MultiMail in its v1 form: lists, threads, tags, the log."""

from typing import Any

import httpx
import pytest
from v1_calls import BOX, MARIA, check, decide, held, send

from deskgate.sandbox.world import World
from fakes import FakeClock

pytestmark = pytest.mark.anyio


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


@pytest.mark.parametrize(
    "params", [{"limit": 0}, {"limit": 101}, {"limit": "²"}, {"cursor": "x"}, {"cursor": "9" * 30}, {"date_after": "x"}]
)
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
