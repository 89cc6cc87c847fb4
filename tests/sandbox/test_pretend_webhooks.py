"""MultiMail's webhooks: registering them in both forms, and what they report of a mail's life."""

import httpx
import pytest
from v1_calls import MARIA, check, decide, held, send
from webhook_calls import body, carry, multimail_signature, names

from deskgate.sandbox.constants import MAILBOX_ADDRESS, MAILBOX_ID
from deskgate.sandbox.multimail.events import CLIENT
from deskgate.sandbox.world import World
from fakes import FakeClock

pytestmark = pytest.mark.anyio

URL = "https://desk.example.com/webhooks/multimail"
WISH = {"url": URL, "events": ["message.received", "oversight.pending"]}
SHORT_SEND = {
    "from": MAILBOX_ADDRESS,
    "to": MARIA,
    "subject": "Re: Order",
    "body": "Hello Maria",
    "thread_id": "zd-101",
}
SHORT_SEND |= {"metadata": {"zendesk_ticket_id": 101}}


async def registered(admin: httpx.AsyncClient, world: World, **more: object) -> httpx.Response:
    first = await admin.post("/v1/webhooks", json={**WISH, **more})
    assert (first.status_code, first.json()["status"]) == (202, "pending_approval")
    code = world.operator_codes()[f"create webhook {ask_url(more)}"]
    return await admin.post("/v1/webhooks", json={**WISH, **more, "approval_code": code})


def ask_url(more: dict[str, object]) -> str:
    return str(more.get("url", URL))


async def test_a_webhook_is_registered_with_the_operators_code(world: World, admin: httpx.AsyncClient) -> None:
    told = check(await registered(admin, world, mailbox_id=MAILBOX_ID), "/v1/webhooks", "post")
    assert (told["url"], told["events"], told["mailbox_id"]) == (URL, WISH["events"], MAILBOX_ID)
    assert told["signing_secret"].startswith("whsec_")
    assert told["signing_secret"] in [hook["secret"] for hook in world.webhooks()]


async def test_a_wrong_code_registers_nothing(world: World, admin: httpx.AsyncClient) -> None:
    await admin.post("/v1/webhooks", json=WISH)
    assert (await admin.post("/v1/webhooks", json={**WISH, "approval_code": "AAA-AAA"})).status_code == 403
    assert URL not in [hook["url"] for hook in world.webhooks()]


async def test_the_list_keeps_the_secret_and_the_detail_shows_it(world: World, admin: httpx.AsyncClient) -> None:
    made = (await registered(admin, world)).json()
    listed = check(await admin.get("/v1/webhooks"), "/v1/webhooks", "get")["subscriptions"]
    assert made["id"] in [one["id"] for one in listed]
    assert all("signing_secret" not in one for one in listed)
    shown = check(await admin.get(f"/v1/webhooks/{made['id']}"), "/v1/webhooks/{id}", "get")
    assert shown == made


async def test_a_deleted_webhook_hears_nothing_more(world: World, admin: httpx.AsyncClient) -> None:
    world.point_webhooks("")
    made = (await registered(admin, world)).json()
    world.receive_mail(MARIA, "Hello", "first")
    gone = check(await admin.delete(f"/v1/webhooks/{made['id']}"), "/v1/webhooks/{id}", "delete")
    assert gone == {"status": "deleted"}
    world.receive_mail(MARIA, "Hello", "second")
    assert world.due_deliveries() == []
    assert [one["status"] for one in world.deliveries()] == ["failed"]
    for method in ("GET", "DELETE"):
        assert (await admin.request(method, f"/v1/webhooks/{made['id']}")).status_code == 404


async def test_the_other_services_webhook_is_none_of_multimails(world: World, admin: httpx.AsyncClient) -> None:
    (other,) = [hook for hook in world.webhooks() if hook["service"] == "zendesk"]
    for method in ("GET", "DELETE"):
        assert (await admin.request(method, f"/v1/webhooks/{other['id']}")).status_code == 404
    listed = (await admin.get("/v1/webhooks")).json()["subscriptions"]
    assert other["id"] not in [one["id"] for one in listed]
    world.edit_ticket(101, status="solved")
    assert (await admin.get("/v1/webhook-deliveries")).json()["deliveries"] == []


@pytest.mark.parametrize(
    "change",
    [
        {"url": "http://desk.example.com/hook"},
        {"url": "ftp://desk.example.com/hook"},
        {"url": "https://"},
        {"url": "http://[::1"},
        {"url": ""},
        {"events": []},
        {"events": "message.received"},
        {"events": ["message.recieved"]},
        {"colour": "red"},
    ],
)
async def test_what_cannot_be_a_webhook_is_refused(admin: httpx.AsyncClient, change: dict[str, object]) -> None:
    assert (await admin.post("/v1/webhooks", json={**WISH, **change})).status_code == 400


@pytest.mark.parametrize(
    "place", ["http://127.0.0.1:9000/hook", "http://localhost:9000/hook", "http://[::1]:9000/hook"]
)
async def test_plain_http_is_enough_on_this_machine(world: World, admin: httpx.AsyncClient, place: str) -> None:
    assert (await registered(admin, world, url=place)).status_code == 201


@pytest.mark.parametrize("path", ["/v1/webhooks", "/v1/webhook-deliveries"])
async def test_webhooks_are_the_admin_keys_alone(
    sender: httpx.AsyncClient, decider: httpx.AsyncClient, path: str
) -> None:
    assert [(await client.get(path)).status_code for client in (sender, decider)] == [403, 403]


async def test_the_short_form_registers_by_the_mailboxes_address(world: World, admin: httpx.AsyncClient) -> None:
    wish = {"url": URL, "events": ["email.received"], "mailbox": MAILBOX_ADDRESS}
    assert (await admin.post("/webhooks", json=wish)).status_code == 202
    code = world.operator_codes()[f"create webhook {URL}"]
    answer = await admin.post("/webhooks", json={**wish, "approval_code": code})
    assert answer.status_code == 201
    assert answer.json()["mailbox"] == MAILBOX_ADDRESS
    assert answer.json()["signing_secret"].startswith("whsec_")
    assert (await admin.post("/webhooks", json={**wish, "mailbox": "no@desk.example.com"})).status_code == 404


async def test_every_step_of_a_mail_is_reported_once_and_in_order(
    world: World, sender: httpx.AsyncClient, decider: httpx.AsyncClient, clock: FakeClock
) -> None:
    email_id = str((await send(sender)).json()["id"])
    assert world.due_deliveries() == []
    clock.advance(0.3)
    assert names(carry(world)) == ["oversight.pending"]
    await decide(decider, email_id)
    assert names(carry(world)) == ["oversight.approved", "message.sent", "message.delivered"]
    world.receive_reply(email_id, "thank you")
    assert names(carry(world)) == ["message.received"]
    world.complain(email_id)
    world.bounce(email_id)
    assert names(carry(world)) == ["message.complained", "message.bounced"]
    assert world.due_deliveries() == []


async def test_a_rejected_mail_is_reported_and_a_cancelled_one_is_not(
    world: World, sender: httpx.AsyncClient, decider: httpx.AsyncClient, clock: FakeClock
) -> None:
    rejected, cancelled = [await held(sender, clock, markdown=text) for text in ("one", "two")]
    assert names(carry(world)) == ["oversight.pending"] * 2
    await decide(decider, rejected, "reject")
    await sender.post(f"/v1/mailboxes/{MAILBOX_ID}/emails/{cancelled}/cancel")
    assert [(one.event_type, body(one)["data"]["email_id"]) for one in carry(world)] == [
        ("oversight.rejected", rejected)
    ]


async def test_in_a_mailbox_that_holds_what_comes_in_a_mail_is_received_when_it_is_released(
    world: World, decider: httpx.AsyncClient
) -> None:
    world.set_mode("gated_all")
    email_id = world.receive_mail(MARIA, "Hello", "text")
    (told,) = carry(world)
    assert (told.event_type, body(told)["data"]["direction"]) == ("oversight.pending", "inbound")
    await decide(decider, email_id)
    assert names(carry(world)) == ["oversight.approved", "message.received"]


async def test_nothing_is_reported_of_what_was_refused(world: World, sender: httpx.AsyncClient) -> None:
    await send(sender, to=["nobody"])
    with pytest.raises(LookupError):
        world.receive_reply(101, "too early")
    assert world.deliveries() == []


async def test_the_usual_body_is_signed_and_names_the_mail_but_not_its_thread_or_text(world: World) -> None:
    email_id = world.receive_mail(MARIA, "Order", "Where is it?")
    (told,) = carry(world)
    assert told.url == "http://127.0.0.1:8642/webhooks/multimail"
    assert body(told) == {
        "event": "message.received",
        "timestamp": "2026-01-28T12:00:00.000Z",
        "data": {
            "email_id": email_id,
            "from": MARIA,
            "to": [MAILBOX_ADDRESS],
            "subject": "Order",
            "direction": "inbound",
            "has_attachments": False,
        },
    }
    assert told.headers["x-multimail-signature"] == f"sha256={multimail_signature(told)}"
    assert told.headers["content-type"] == "application/json"


@pytest.mark.parametrize(("position", "prefix"), [("bare", ""), ("prefixed", "sha256=")])
async def test_the_signature_is_spelt_as_the_switch_says(world: World, position: str, prefix: str) -> None:
    world.switch("webhook_signature", position)
    world.receive_mail(MARIA, "Grüße", "über alles")
    (told,) = carry(world)
    assert told.headers["x-multimail-signature"] == prefix + multimail_signature(told)
    world.switch("webhook_signature", "none")
    world.receive_mail(MARIA, "Hello", "text")
    assert "x-multimail-signature" not in carry(world)[0].headers


@pytest.mark.parametrize(
    ("vocabulary", "received", "pending", "approved", "delivered"),
    [
        ("A", "message.received", "oversight.pending", "oversight.approved", "message.delivered"),
        ("B", "email.received", "oversight.pending", "oversight.approved", "message.delivered"),
        ("C", "message.received", "oversight.pending", "message.approved", "message.delivered"),
        ("D", "inbound", "oversight.pending", "oversight.approved", "delivery"),
        ("short", "email.received", "email.pending_approval", "email.approved", "email.delivered"),
    ],
)
async def test_the_switch_chooses_the_vocabulary(
    world: World,
    sender: httpx.AsyncClient,
    decider: httpx.AsyncClient,
    clock: FakeClock,
    vocabulary: str,
    received: str,
    pending: str,
    approved: str,
    delivered: str,
) -> None:
    world.switch("webhook_names", vocabulary)
    email_id = await held(sender, clock)
    await decide(decider, email_id)
    world.receive_mail(MARIA, "Hello", "text")
    told = names(carry(world))
    assert (told[0], told[1], told[3], told[4]) == (pending, approved, delivered, received)


async def test_the_second_form_is_flat_and_names_the_mailbox(
    world: World, sender: httpx.AsyncClient, clock: FakeClock
) -> None:
    world.switch("webhook_form", "2")
    email_id = world.receive_mail(MARIA, "Order", "Where is it?", thread_id="thr_1")
    assert body(carry(world)[0]) == {
        "event_type": "message.received",
        "mailbox": MAILBOX_ADDRESS,
        "message_id": email_id,
        "thread_id": "thr_1",
        "timestamp": "2026-01-28T12:00:00.000Z",
        "from": MARIA,
        "subject": "Order",
    }
    world.set_mode("autonomous")
    world.suppress(MARIA)
    await send(sender)
    clock.advance(0.3)
    assert body(carry(world)[-1])["bounce_code"] == "suppressed"


async def test_a_webhook_of_the_short_form_gets_the_short_forms_bodies(
    world: World, sender: httpx.AsyncClient, decider: httpx.AsyncClient, clock: FakeClock
) -> None:
    world.point_webhooks("")
    world.register_webhook("multimail", URL, form="short", events=["email.pending_approval", "email.received"])
    message_id = (await sender.post("/send_email", json=SHORT_SEND)).json()["message_id"]
    clock.advance(0.3)
    (pending,) = carry(world)
    assert body(pending) == {
        "type": "email.pending_approval",
        "message_id": message_id,
        "thread_id": "zd-101",
        "to": MARIA,
        "subject": "Re: Order",
        "metadata": {"zendesk_ticket_id": 101},
    }
    await decide(decider, message_id)
    world.receive_reply(101, "Thank you")
    (received,) = carry(world)
    told = body(received)
    assert (told["type"], told["from"], told["body_text"]) == ("email.received", MARIA, "Thank you")
    assert (told["thread_id"], "metadata" in told) == ("zd-101", False)


async def test_the_short_form_tells_when_a_mail_arrived_or_came_back(
    world: World, sender: httpx.AsyncClient, decider: httpx.AsyncClient, clock: FakeClock
) -> None:
    world.switch("webhook_form", "3")
    email_id = await held(sender, clock)
    await decide(decider, email_id)
    delivered = body(carry(world)[-1])
    assert delivered["delivered_at"] == "2026-01-28T12:00:00.300Z"
    clock.advance(60)
    world.bounce(email_id, "soft_bounce")
    bounced = body(carry(world)[-1])
    assert (bounced["bounced_at"], bounced["bounce_type"]) == ("2026-01-28T12:01:00.300Z", "soft_bounce")


async def test_only_what_was_asked_for_is_reported_under_any_of_its_names(world: World) -> None:
    world.point_webhooks("")
    world.register_webhook("multimail", URL, events=["email.received"])
    world.register_webhook("multimail", f"{URL}/other", events=["message.bounced"])
    world.receive_mail(MARIA, "Hello", "text")
    assert [(one.url, one.event_type) for one in carry(world)] == [(URL, "message.received")]


async def test_a_webhook_of_one_mailbox_hears_nothing_of_another(world: World, admin: httpx.AsyncClient) -> None:
    wish = {"address_local": "other"}
    await admin.post("/v1/mailboxes", json=wish)
    code = world.operator_codes()["create mailbox other@desk.example.com"]
    other = (await admin.post("/v1/mailboxes", json={**wish, "approval_code": code})).json()["id"]
    world.point_webhooks("")
    await registered(admin, world, mailbox_id=other)
    world.receive_mail(MARIA, "Hello", "text")
    assert world.due_deliveries() == []


async def test_the_vendors_log_shows_what_became_of_each_delivery(
    world: World, admin: httpx.AsyncClient, clock: FakeClock
) -> None:
    for status in (202, 500, None):
        world.receive_mail(MARIA, "Hello", "text")
        carry(world, status)
        clock.advance(1)
    answer = await admin.get("/v1/webhook-deliveries", params={"limit": 2})
    first = check(answer, "/v1/webhook-deliveries", "get")
    rows = first["deliveries"]
    assert [(row["status"], row["response_status"], row["attempts"]) for row in rows] == [
        ("pending", None, 1),
        ("pending", 500, 1),
    ]
    rest = (await admin.get("/v1/webhook-deliveries", params={"cursor": first["cursor"]})).json()
    assert [(row["status"], row["response_status"]) for row in rest["deliveries"]] == [("delivered", 202)]
    assert rest["cursor"] is None
    assert rest["deliveries"][0]["event_type"] == "message.received"


def test_the_clients_names_are_what_the_first_webhook_listens_for(world: World) -> None:
    (first,) = [hook for hook in world.webhooks() if hook["service"] == "multimail"]
    assert (first["events"], first["form"]) == ([*CLIENT.values()], "v1")
