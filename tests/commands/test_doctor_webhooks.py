"""What `deskgate doctor` finds out about webhooks: registration, events, secret, and MultiMail's own log of deliveries."""

from datetime import timedelta
from typing import Any

import pytest
from checkup import Checkup, faults, one, states

from deskgate.desk.multimail.administration import V1_EVENTS
from fakes import NOON

pytestmark = pytest.mark.anyio

WEBHOOKS = "GET /multimail/v1/webhooks"
DELIVERIES = "GET /multimail/v1/webhook-deliveries"
PUBLIC = "https://desk.acme.example"
URL = f"{PUBLIC}/webhooks/multimail"
OURS: dict[str, Any] = {"id": "w1", "url": URL, "events": list(V1_EVENTS), "mailbox_id": None}
SECRET = "whsec_canary_ours"


async def looked(look: Checkup, *hooks: dict[str, Any], said: str | None = SECRET, **settings: str) -> Any:
    """With a public address and our secret set, over these registrations, whose secret MultiMail says to be `said`."""
    look.routes[WEBHOOKS] = {"subscriptions": list(hooks)}
    for hook in hooks:
        look.routes[f"{WEBHOOKS}/{hook['id']}"] = hook | ({"signing_secret": said} if said else {})
    told = {"DESKGATE_PUBLIC_URL": PUBLIC, "MULTIMAIL_WEBHOOK_SECRET": SECRET, **settings}
    report = await look(**told)
    assert not said or said not in report.dump()
    return report


def delivery(status: str, answer: int | None = 200, *, url: str = URL, hours: float = 1) -> Any:
    moment = (NOON - timedelta(hours=hours)).isoformat().replace("+00:00", "Z")
    return {
        "id": f"d{hours}",
        "event_type": "message.received",
        "url": url,
        "status": status,
        "attempts": 1,
        "response_status": answer,
        "created_at": moment,
        "last_attempt_at": None,
    }


async def test_a_registration_with_all_events_and_the_right_secret_is_in_order(look: Checkup):
    report = await looked(look, OURS)
    assert one(report, "webhooks").text == f"{URL} is registered at MultiMail."
    assert "is what MultiMail signs with" in one(report, "webhook secret").text
    found = states(report)
    assert (found["webhooks"], found["webhook secret"], found["deliveries"]) == ("ok", "ok", "ok")


async def test_no_registration_for_our_address_is_warned_of_and_others_are_named(look: Checkup):
    others = "https://user:pw@hooks.example.com:8443/in?token=hidden#x"
    report = await looked(look, {"id": "w9", "url": others, "events": ["message.received"]})
    check = one(report, "webhooks")
    assert check.state == "warning"
    assert f"None is registered for {URL}" in check.text
    assert "https://hooks.example.com:8443/in (message.received)" in check.text
    assert not {"hidden", "pw@"} & set(check.text.split())
    assert "hidden" not in check.text
    assert check.todo == "Run `deskgate setup webhook`."


async def test_a_desk_without_an_address_of_its_own_needs_none(look: Checkup):
    look.routes[WEBHOOKS] = {"subscriptions": []}
    report = await look()
    assert one(report, "webhooks").state == "ok"
    assert "webhook secret" not in states(report)
    assert "zendesk webhook" not in states(report)


async def test_missing_events_are_named_whichever_vocabulary_they_are_in(look: Checkup):
    events = ["email.received", "message.delivered", "email.pending_approval"]
    check = one(await looked(look, OURS | {"events": events}), "webhooks")
    assert check.state == "warning"
    assert "but not for message.sent, message.bounced, message.complained, oversight.approved" in check.text
    assert "--replace" in (check.todo or "")


async def test_two_registrations_may_share_the_events(look: Checkup):
    first, second = OURS | {"events": list(V1_EVENTS[:3])}, OURS | {"id": "w2", "events": list(V1_EVENTS[3:])}
    check = one(await looked(look, first, second), "webhooks")
    assert check.state == "ok"
    assert "2 times" in check.text


async def test_a_secret_that_is_not_set_is_a_fault(look: Checkup):
    report = await looked(look, OURS, MULTIMAIL_WEBHOOK_SECRET="")
    assert faults(report) == ["webhook secret"]
    assert "not set" in one(report, "webhook secret").text


@pytest.mark.parametrize("held", ["whsec_another", "whsec_another,whsec_third"])
async def test_a_secret_that_multimail_does_not_sign_with_is_a_fault(look: Checkup, held: str):
    report = await looked(look, OURS, said="whsec_canary_theirs", MULTIMAIL_WEBHOOK_SECRET=held)
    assert faults(report) == ["webhook secret"]
    assert "does not hold (1 of 1)" in one(report, "webhook secret").text


async def test_while_secrets_are_exchanged_both_count(look: Checkup):
    report = await looked(look, OURS, MULTIMAIL_WEBHOOK_SECRET=f"whsec_new,{SECRET}")
    assert one(report, "webhook secret").state == "ok"


async def test_a_service_that_does_not_say_the_secret_is_no_fault(look: Checkup):
    check = one(await looked(look, OURS, said=None), "webhook secret")
    assert (check.state, "does not say" in check.text) == ("ok", True)


@pytest.mark.parametrize(
    ("answer", "todo"),
    [
        (401, "--replace"),
        (403, "in front of deskgate"),
        (404, "DESKGATE_PUBLIC_URL"),
        (502, "does not reach it"),
        (503, "MULTIMAIL_WEBHOOK_SECRET"),
        (None, "from the internet"),
        (418, "what answers at that address"),
    ],
)
async def test_failed_deliveries_of_the_last_day_are_one_line_with_what_to_do(
    look: Checkup, answer: int | None, todo: str
):
    look.routes[DELIVERIES] = {
        "deliveries": [
            delivery("failed", answer, hours=1),
            delivery("delivered", hours=2),
            delivery("failed", 500, hours=3),
            delivery("failed", 500, hours=25),
        ],
        "cursor": None,
    }
    check = one(await looked(look, OURS), "deliveries")
    assert check.state == "warning"
    assert "2 of the 3 deliveries of the last day failed; the newest (message.received) went to" in check.text
    assert f"got {answer or 'no answer'}" in check.text
    assert todo in (check.todo or "")


async def test_deliveries_to_somebody_else_are_not_ours_to_judge(look: Checkup):
    look.routes[DELIVERIES] = {"deliveries": [delivery("failed", 500, url="https://x.example/in")], "cursor": None}
    assert one(await looked(look, OURS), "deliveries").state == "ok"


async def test_what_waits_for_another_try_is_no_failure(look: Checkup):
    look.routes[DELIVERIES] = {"deliveries": [delivery("pending", 502)], "cursor": None}
    assert "all 1 deliveries arrived or are on their way" in one(await looked(look, OURS), "deliveries").text


async def test_the_log_is_read_back_one_day_and_no_further(look: Checkup):
    for _ in range(130):
        look.world.receive_mail("ana@example.com", "Hello", "One more.")
        for due in look.world.due_deliveries():
            look.world.delivered(due.id, 200)
    report = await look(DESKGATE_PUBLIC_URL="")
    assert "all 130 deliveries arrived" in one(report, "deliveries").text
    assert len([call for call in look.world.calls("multimail") if call.path == "/v1/webhook-deliveries"]) == 2
    look.clock.advance(25 * 3600)
    assert "nothing to deliver" in one(await look(), "deliveries").text
    assert len([call for call in look.world.calls("multimail") if call.path == "/v1/webhook-deliveries"]) == 3


@pytest.mark.parametrize("route", [WEBHOOKS, DELIVERIES])
async def test_trouble_with_a_list_is_told_and_the_rest_is_still_checked(look: Checkup, route: str):
    look.routes[route] = (500, {"error": "oops"})
    report = await look()
    assert faults(report) == ["webhooks" if route == WEBHOOKS else "deliveries"]
    assert states(report)["deciding key"] == "ok"


async def test_zendesks_side_is_named_where_this_desk_can_be_reached(look: Checkup):
    assert one(await looked(look, OURS), "zendesk webhook").state == "ok"
    check = one(await looked(look, OURS, ZENDESK_WEBHOOK_SECRET=""), "zendesk webhook")
    assert check.state == "warning"
    assert "deskgate setup webhook" in (check.todo or "")
