"""Modes, allowlist, suppression, operator codes: what decides whether a mail is held."""

from typing import Any

import httpx
import pytest

from deskgate.sandbox.constants import MAILBOX_ADDRESS, MAILBOX_ID
from deskgate.sandbox.world import World
from fakes import FakeClock

pytestmark = pytest.mark.anyio

BOX = f"/v1/mailboxes/{MAILBOX_ID}"
MARIA = "maria.lindqvist@example.com"


async def send(sender: httpx.AsyncClient, **more: object) -> httpx.Response:
    return await sender.post(f"{BOX}/send", json={"to": [MARIA], "subject": "s", "markdown": "m", **more})


def gone_and_held(world: World, clock: FakeClock) -> tuple[int, int]:
    clock.advance(0.3)
    return len(world.sent_mails()), len(world.held_mails())


@pytest.mark.parametrize(
    ("mode", "outcome"),
    [("gated_all", (0, 1)), ("gated_send", (0, 1)), ("monitored", (1, 0)), ("autonomous", (1, 0))],
)
async def test_the_mailbox_decides_what_is_held(
    world: World, sender: httpx.AsyncClient, clock: FakeClock, mode: str, outcome: tuple[int, int]
) -> None:
    world.set_mode(mode)
    assert (await send(sender)).status_code == 202
    assert gone_and_held(world, clock) == outcome


async def test_a_read_only_mailbox_sends_nothing(world: World, sender: httpx.AsyncClient) -> None:
    world.set_mode("read_only")
    answer = await send(sender)
    assert answer.status_code == 403
    assert "read_only" in answer.json()["error"]


@pytest.mark.parametrize(
    ("pattern", "more", "outcome"),
    [
        (MARIA, {}, (1, 0)),
        (MARIA.upper(), {}, (1, 0)),
        ("*@example.com", {}, (1, 0)),
        ("*@example.org", {}, (0, 1)),
        (MARIA, {"cc": ["other@example.net"]}, (0, 1)),
        (MARIA, {"bcc": ["other@example.net"]}, (0, 1)),
    ],
)
async def test_an_allowlisted_recipient_skips_the_queue(
    world: World,
    sender: httpx.AsyncClient,
    clock: FakeClock,
    pattern: str,
    more: dict[str, object],
    outcome: tuple[int, int],
) -> None:
    world.allow(pattern)
    await send(sender, **more)
    assert gone_and_held(world, clock) == outcome


@pytest.mark.parametrize(
    ("mailbox", "wish", "outcome"),
    [
        ("autonomous", "gated_send", (0, 1)),
        ("gated_send", "autonomous", (0, 1)),
        ("monitored", "autonomous", (1, 0)),
        ("autonomous", None, (1, 0)),
    ],
)
async def test_the_short_forms_own_mode_can_only_tighten(
    world: World,
    sender: httpx.AsyncClient,
    clock: FakeClock,
    mailbox: str,
    wish: str | None,
    outcome: tuple[int, int],
) -> None:
    world.set_mode(mailbox)
    mail = {"from": MAILBOX_ADDRESS, "to": MARIA, "subject": "s", "body": "b", "oversight_mode": wish}
    assert (await sender.post("/send_email", json=mail)).status_code == 202
    assert gone_and_held(world, clock) == outcome


async def test_gated_all_holds_what_comes_in_until_it_is_approved(
    world: World, sender: httpx.AsyncClient, decider: httpx.AsyncClient, clock: FakeClock
) -> None:
    world.set_mode("autonomous")
    await send(sender)
    clock.advance(0.3)
    world.set_mode("gated_all")
    inbound = world.receive_reply(101, "hello")
    (held,) = (await decider.get("/v1/oversight/pending")).json()["emails"]
    assert (held["id"], held["direction"], held["status"]) == (inbound, "inbound", "pending_inbound_approval")
    decision = {"email_id": inbound, "action": "approve"}
    assert (await decider.post("/v1/oversight/decide", json=decision)).json() == {"status": "approved"}
    assert (await sender.get(f"{BOX}/emails/{inbound}")).json()["status"] == "unread"


@pytest.mark.parametrize("answer", ["400", "403", "422"])
async def test_a_suppressed_address_can_be_refused_at_once(
    world: World, sender: httpx.AsyncClient, answer: str
) -> None:
    world.switch("suppressed", answer)
    world.suppress(MARIA.upper())
    refused = await send(sender)
    assert refused.status_code == int(answer)
    assert "suppressed" in refused.json()["error"]


async def test_a_suppressed_address_bounces_later(world: World, sender: httpx.AsyncClient, clock: FakeClock) -> None:
    world.set_mode("autonomous")
    world.suppress(MARIA)
    email_id = (await send(sender)).json()["id"]
    clock.advance(0.3)
    email = (await sender.get(f"{BOX}/emails/{email_id}")).json()
    assert (email["delivered_at"], email["bounce_type"]) == (None, "suppressed")
    assert email["bounced_at"] == "2026-01-28T12:00:00.300Z"
    assert world.sent_mails() == []


async def test_delivery_can_take_its_time(world: World, sender: httpx.AsyncClient, clock: FakeClock) -> None:
    world.set_mode("autonomous")
    world.switch("delivery_seconds", 30)
    world.switch("sent_status", "sent")
    email_id = (await send(sender)).json()["id"]
    clock.advance(1)
    email = (await sender.get(f"{BOX}/emails/{email_id}")).json()
    assert (email["status"], email["delivered_at"]) == ("sent", None)
    clock.advance(30)
    assert (await sender.get(f"{BOX}/emails/{email_id}")).json()["delivered_at"] == "2026-01-28T12:00:31.000Z"


async def test_an_unsubscribe_link_needs_a_post(world: World, sender: httpx.AsyncClient, clock: FakeClock) -> None:
    world.set_mode("autonomous")
    email_id = (await send(sender)).json()["id"]
    path = f"/v1/unsubscribe/{email_id}"
    assert (await sender.get(path)).headers["content-type"].startswith("text/html")
    world.switch("suppressed", "400")
    assert (await send(sender)).status_code == 202
    assert (await sender.post(path, headers={"authorization": ""})).json() == {"status": "unsubscribed"}
    assert (await send(sender)).status_code == 400


async def test_the_suppression_list_is_the_admins(world: World, admin: httpx.AsyncClient) -> None:
    world.suppress(MARIA, "bounce")
    (entry,) = (await admin.get("/v1/suppression")).json()["suppressions"]
    assert (entry["email_address"], entry["reason"]) == (MARIA, "bounce")
    assert (await admin.delete(f"/v1/suppression/{MARIA}")).status_code == 200
    assert (await admin.delete(f"/v1/suppression/{MARIA}")).status_code == 404


@pytest.mark.parametrize(
    ("path", "wish", "purpose"),
    [
        ("/v1/mailboxes", {"address_local": "sales", "oversight_mode": "autonomous"}, "create mailbox"),
        ("/create_mailbox", {"address": "sales@desk.example.com", "display_name": "Sales"}, "create mailbox"),
        (f"{BOX}/allowlist", {"pattern": "*@example.com", "note": "friends"}, "allow"),
    ],
)
async def test_what_widens_the_door_takes_a_code_from_the_operator(
    world: World, admin: httpx.AsyncClient, path: str, wish: dict[str, Any], purpose: str
) -> None:
    first = await admin.post(path, json=wish)
    assert (first.status_code, first.json()["status"]) == (202, "pending_approval")
    ((what, code),) = world.operator_codes().items()
    assert what.startswith(purpose)
    assert (await admin.post(path, json={**wish, "approval_code": "WRONG"})).status_code == 403
    assert (await admin.post(path, json={**wish, "approval_code": code})).status_code == 201
    assert (await admin.post(path, json={**wish, "approval_code": code})).status_code == 409


async def test_a_new_mailbox_is_gated_whatever_was_asked(world: World, admin: httpx.AsyncClient) -> None:
    wish = {"address_local": "sales", "oversight_mode": "autonomous"}
    await admin.post("/v1/mailboxes", json=wish)
    code = world.operator_codes()["create mailbox sales@desk.example.com"]
    made = (await admin.post("/v1/mailboxes", json={**wish, "approval_code": code})).json()
    assert (await admin.get(f"/v1/mailboxes/{made['id']}")).json()["oversight_mode"] == "gated_send"


async def test_a_mode_gets_stricter_by_patch_and_looser_by_code(
    world: World, admin: httpx.AsyncClient, sender: httpx.AsyncClient
) -> None:
    async def mode() -> str:
        return str((await admin.get(BOX)).json()["oversight_mode"])

    assert (await admin.patch(BOX, json={"oversight_mode": "autonomous"})).status_code == 400
    assert (await admin.patch(BOX, json={"oversight_mode": "gated_all"})).json() == {"status": "updated"}
    assert await mode() == "gated_all"
    assert (await sender.post(f"{BOX}/upgrade", json={"code": "A7X-29K"})).status_code == 404
    asked = await sender.post(f"{BOX}/request-upgrade", json={"target_mode": "monitored"})
    assert asked.json() == {"status": "upgrade_requested"}
    assert (await sender.post(f"{BOX}/upgrade", json={"code": "wrong"})).status_code == 403
    (code,) = world.operator_codes().values()
    assert (await sender.post(f"{BOX}/upgrade", json={"code": code})).json() == {"status": "upgraded"}
    assert await mode() == "monitored"


async def test_the_allowlist_can_be_read_by_who_sends(
    world: World, sender: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    entry_id = world.allow("*@example.com")
    body = (await sender.get(f"{BOX}/allowlist")).json()
    assert (body["count"], body["mailbox_id"], body["entries"][0]["pattern"]) == (1, MAILBOX_ID, "*@example.com")
    path = f"{BOX}/allowlist/{entry_id}"
    assert (await admin.delete(path)).status_code == 202
    (code,) = world.operator_codes().values()
    gone = await admin.request("DELETE", path, json={"approval_code": code})
    assert gone.json() == {"status": "deleted"}
    assert (await sender.get(f"{BOX}/allowlist")).json()["count"] == 0


async def test_a_footer_shows_in_what_is_held_and_in_what_is_delivered(
    world: World, sender: httpx.AsyncClient, clock: FakeClock
) -> None:
    world.switch("footer_in_body", True)
    await send(sender, markdown="Hello")
    assert gone_and_held(world, clock) == (0, 1)
    (held,) = world.held_mails()
    assert held["body_markdown"].startswith("Hello\n\n---\nHarbour Lane Goods\n")
    world.allow(MARIA)
    await send(sender, markdown="Hello")
    clock.advance(0.3)
    (mail,) = world.sent_mails()
    assert mail.body == held["body_markdown"]


async def test_a_held_mail_can_be_changed_behind_everyones_back(
    world: World, sender: httpx.AsyncClient, clock: FakeClock
) -> None:
    email_id = (await send(sender)).json()["id"]
    clock.advance(0.3)
    world.edit_held(email_id, markdown="altered", to=["spy@example.net"])
    (held,) = world.held_mails()
    assert (held["body_markdown"], held["to"]) == ("altered", ["spy@example.net"])
    with pytest.raises(LookupError):
        world.edit_held("nothing", markdown="x")
