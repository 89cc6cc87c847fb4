"""What `deskgate doctor` reads with the admin key: the scopes of the other keys. For the webhooks see the next file."""

from typing import Any

import pytest
from checkup import Checkup, faults, one, states

pytestmark = pytest.mark.anyio

KEYS = "GET /multimail/v1/api-keys"
WEBHOOKS = "GET /multimail/v1/webhooks"
DELIVERIES = "GET /multimail/v1/webhook-deliveries"
SENDING = {"prefix": "mm_test_sandbox_sen...", "scopes": ["read", "send"], "is_active": True}
DECIDING = {"prefix": "mm_test_sandbox_ove...", "scopes": ["oversight"], "is_active": True}


def scopes(look: Checkup, sending: list[str], deciding: list[str]) -> None:
    look.routes[KEYS] = {"api_keys": [SENDING | {"scopes": sending}, DECIDING | {"scopes": deciding}]}


async def test_keys_with_exactly_their_scopes_are_in_order(look: Checkup):
    scopes(look, ["send", "read"], ["oversight"])
    report = await look()
    found = [check for check in report.checks if check.name == "key scopes"]
    assert [check.state for check in found] == ["ok", "ok"]
    assert "MULTIMAIL_TOKEN has exactly the scopes that it needs: read, send." in found[0].text


@pytest.mark.parametrize(
    ("sending", "deciding", "expected"),
    [
        (["read", "send", "oversight"], ["oversight"], ["fault", "ok"]),
        (["read", "send", "admin"], ["oversight"], ["fault", "ok"]),
        (["read"], ["oversight"], ["fault", "ok"]),
        (["read", "send"], ["oversight", "send"], ["ok", "fault"]),
        (["read", "send"], ["oversight", "admin"], ["ok", "fault"]),
        (["read", "send"], ["read"], ["ok", "fault"]),
        (["read", "send"], ["oversight", "read"], ["ok", "warning"]),
    ],
)
async def test_a_missing_scope_or_one_too_many_is_found_without_sending_anything(
    look: Checkup, sending: list[str], deciding: list[str], expected: list[str]
):
    scopes(look, sending, deciding)
    report = await look()
    assert [check.state for check in report.checks if check.name == "key scopes"] == expected
    assert look.world.emails() == []


@pytest.mark.parametrize(
    "keys",
    [
        [SENDING, SENDING | {"scopes": ["read", "send", "oversight"]}, DECIDING],
        [SENDING | {"prefix": "mm_test_"}, DECIDING],
        [SENDING | {"is_active": False}, DECIDING],
        [SENDING | {"prefix": None}, DECIDING],
    ],
    ids=["two-alike", "too-short", "revoked", "no-prefix"],
)
async def test_a_key_that_cannot_be_told_from_its_beginning_is_not_judged(look: Checkup, keys: list[Any]):
    look.routes[KEYS] = {"api_keys": keys}
    first, second = (check for check in (await look()).checks if check.name == "key scopes")
    assert (first.state, second.state) == ("warning", "ok")
    assert "cannot be told" in first.text


@pytest.mark.parametrize("route", [KEYS, WEBHOOKS, DELIVERIES])
async def test_a_refused_admin_key_is_one_fault(look: Checkup, route: str):
    look.routes[WEBHOOKS] = {"subscriptions": []}
    look.routes[route] = (401, {"error": "Invalid API key"})
    report = await look()
    assert faults(report) == ["admin key"]
    assert "(401)" in one(report, "admin key").text
    assert states(report)["deciding key"] == "ok"


async def test_without_an_admin_key_doctor_says_what_it_leaves_out(look: Checkup):
    look.leave_out = ("MULTIMAIL_ADMIN_TOKEN",)
    report = await look()
    assert one(report, "admin key").state == "ok"
    assert "webhooks" not in states(report)
    assert not [call for call in look.world.calls("multimail") if "api-keys" in call.path]


async def test_a_list_in_an_unknown_form_is_a_fault_and_never_an_empty_list(look: Checkup):
    look.routes[WEBHOOKS] = {"hooks": []}
    look.routes[KEYS] = {"things": []}
    assert faults(await look()) == ["key scopes", "webhooks"]
