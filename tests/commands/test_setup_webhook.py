"""`deskgate setup webhook`: registered once, its secret shown once, replaced without a gap, and Zendesk's part in steps."""

import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from checkup import ENVIRONMENT, Overlay
from setting_up import Operator

from contract.strict import strict
from deskgate.desk.multimail.administration import SHORT_EVENTS, V1_EVENTS
from deskgate.sandbox.constants import MAILBOX_ADDRESS, MAILBOX_ID
from deskgate.sandbox.faults import KINDS, Fault
from deskgate.sandbox.world import World
from fakes import FakeClock

PUBLIC = "https://desk.acme.example"
URL = f"{PUBLIC}/webhooks/multimail"
CREATE = {"v1": "POST /v1/webhooks", "short": "POST /webhooks"}
LIVE = {name: value for name, value in ENVIRONMENT.items() if not name.endswith("WEBHOOK_SECRET")}
SECRET_LINE = re.compile(r"^MULTIMAIL_WEBHOOK_SECRET=(whsec_\w+)$", re.MULTILINE)


@pytest.fixture
def operator(tmp_path: Path) -> Iterator[Operator]:
    clock = FakeClock()
    world = World.open(tmp_path / "sandbox", clock.now)
    yield Operator(tmp_path, world, clock, LIVE | {"DESKGATE_PUBLIC_URL": PUBLIC}, sandbox=False)
    world.close()


def hooks(operator: Operator, url: str = URL) -> list[dict[str, Any]]:
    return [one for one in operator.world.webhooks() if one["service"] == "multimail" and one["url"] == url]


def registered(operator: Operator, *more: str) -> str:
    """The secret of a webhook that was registered just now."""
    assert operator("webhook", *more, answers=(operator.code,)) == 0
    operator.clock.advance(60)
    found = SECRET_LINE.search(operator.out)
    assert found is not None
    return found[1]


def test_at_a_terminal_it_is_registered_and_its_secret_shown_once(operator: Operator, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    secret = registered(operator)
    [hook] = hooks(operator)
    assert hook["secret"] == secret
    assert operator.out.count(secret) == 1
    assert "Put it there and nowhere else" in operator.err
    assert secret not in operator.err
    assert secret not in caplog.text
    events = hook["events"] if isinstance(hook["events"], list) else json.loads(hook["events"])
    assert (tuple(events), hook["mailbox_id"]) == (V1_EVENTS, MAILBOX_ID)


def test_a_second_run_changes_nothing_and_does_not_show_the_secret_again(operator: Operator):
    secret = registered(operator)
    before = operator.writes()
    assert operator("webhook", answers=()) == 0
    assert f"{URL} is registered at MultiMail already" in operator.out
    assert "MULTIMAIL_WEBHOOK_SECRET is not set, and the signing secret is not shown again" in operator.err
    assert secret not in operator.out + operator.err
    assert operator.writes() == before
    operator.environment["MULTIMAIL_WEBHOOK_SECRET"] = secret
    assert operator("webhook") == 0
    assert operator.err == ""
    assert secret not in operator.out


def test_without_a_terminal_it_ends_with_the_command_to_come_back_with(operator: Operator):
    assert operator("webhook") == 2
    assert f"deskgate setup webhook --url {URL} --code CODE" in operator.err
    assert hooks(operator) == []
    assert operator("webhook", "--code", "AAA-AAA") == 1
    assert operator("webhook", "--code", operator.code()) == 0
    assert len(hooks(operator)) == 1


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("https://other.example", "https://other.example/webhooks/multimail"),
        ("https://other.example/", "https://other.example/webhooks/multimail"),
        ("https://other.example/desk/webhooks/multimail", "https://other.example/desk/webhooks/multimail"),
    ],
)
def test_an_address_on_the_command_line_wins(operator: Operator, given: str, url: str):
    assert operator("webhook", "--url", given, answers=(operator.code,)) == 0
    assert len(hooks(operator, url)) == 1
    assert url.replace("multimail", "zendesk") in operator.out


@pytest.mark.parametrize(
    "given", ["http://other.example", "ftp://x.example", "desk", "https://u:p@x.example", "https://x/?a=1"]
)
def test_an_address_that_cannot_be_posted_to_is_refused_before_anything_is_asked(operator: Operator, given: str):
    assert operator("webhook", "--url", given) == 2
    assert "https://" in operator.err
    assert operator.world.calls("multimail") == []


@pytest.mark.parametrize("path", ["/desk", "/approvals", "/webhooks", "/webhooks/zendesk", "/webhooks/multimail/x"])
def test_an_address_that_deskgate_does_not_serve_is_refused_before_anything_is_asked(operator: Operator, path: str):
    assert operator("webhook", "--url", f"https://other.example{path}", "--json") == 2
    assert f"deskgate does not serve {path}: MultiMail's events come in at /webhooks/multimail." in operator.err
    assert json.loads(operator.out)["status"] == "wrong_address"
    assert operator.world.calls("multimail") == []


def test_without_an_address_it_asks_for_one(operator: Operator):
    del operator.environment["DESKGATE_PUBLIC_URL"]
    assert operator("webhook", "--json") == 2
    assert "DESKGATE_PUBLIC_URL" in operator.err
    assert json.loads(operator.out)["status"] == "no_address"


@pytest.mark.parametrize("mailbox", ["", "nobody@desk.example.com"])
def test_without_a_mailbox_it_says_what_comes_first(operator: Operator, mailbox: str):
    operator.environment["MULTIMAIL_MAILBOX"] = mailbox
    assert operator("webhook") == 1
    assert "First: `deskgate setup mailbox`" in operator.err
    assert operator.writes() == []


def test_a_replacement_is_made_before_the_old_one_goes(operator: Operator):
    old = registered(operator)
    [first] = hooks(operator)
    before = len(operator.writes())
    assert operator("webhook", "--replace", answers=(operator.code, "y")) == 0
    [second] = hooks(operator)
    assert second["id"] != first["id"]
    assert SECRET_LINE.findall(operator.out) == [second["secret"]]
    assert second["secret"] != old
    assert operator.writes()[before:] == [
        "POST /v1/webhooks",
        "POST /v1/webhooks",
        f"DELETE /v1/webhooks/{first['id']}",
    ]
    assert "MULTIMAIL_WEBHOOK_SECRET=NEW,OLD" in operator.err


def test_the_old_one_stays_until_somebody_says_that_the_new_secret_is_in_use(operator: Operator):
    registered(operator)
    [first] = hooks(operator)
    assert operator("webhook", "--replace", answers=(operator.code, "n")) == 0
    assert len(hooks(operator)) == 2
    assert "deskgate setup webhook --yes" in operator.err
    operator.clock.advance(60)
    assert operator("webhook") == 0
    assert len(hooks(operator)) == 2
    assert "registered 2 times" in operator.out
    assert operator("webhook", "--yes") == 0
    [left] = hooks(operator)
    assert left["id"] != first["id"], "the newest stays"


def test_an_old_one_that_cannot_be_removed_is_named(operator: Operator):
    registered(operator)
    [first] = hooks(operator)
    operator.world.faults.add("500@multimail DELETE xforever")
    assert operator("webhook", "--replace", answers=(operator.code, "y")) == 0
    assert f"{first['id']} could not be removed" in operator.err
    assert len(SECRET_LINE.findall(operator.out)) == 1


def test_events_that_are_missing_are_named(operator: Operator):
    operator.world.register_webhook("multimail", URL, events=["message.received", "email.pending_approval"])
    assert operator("webhook") == 0
    assert "does not get these events: message.sent, message.delivered," in operator.err
    assert "oversight.pending" not in operator.err, "under whichever name"
    assert operator.writes() == []


@pytest.mark.parametrize("spelling", [f"{URL}/", "https://DESK.acme.example:443/webhooks/multimail"])
def test_another_spelling_of_the_address_is_the_same_address(operator: Operator, spelling: str):
    operator.world.register_webhook("multimail", spelling, events=list(V1_EVENTS))
    assert operator("webhook") == 0
    assert "is registered at MultiMail already" in operator.out


def test_a_registration_for_another_mailbox_is_not_ours(operator: Operator):
    row = {"id": "w1", "url": URL, "events": list(V1_EVENTS), "mailbox_id": "01OTHER", "created_at": None}
    operator.transport = Overlay(operator.world, {"GET /multimail/v1/webhooks": {"subscriptions": [row]}})
    assert operator("webhook") == 2
    row["mailbox_id"] = MAILBOX_ID
    assert operator("webhook") == 0


def test_for_a_script_the_secret_stands_in_the_document_alone(operator: Operator):
    assert operator("webhook") == 2
    assert operator("webhook", "--json", "--code", operator.code()) == 0
    found = json.loads(operator.out)
    [hook] = hooks(operator)
    assert (found["ok"], found["status"]) == (True, "created")
    assert found["environment"] == {"MULTIMAIL_WEBHOOK_SECRET": hook["secret"]}
    assert hook["secret"] not in operator.err
    assert found["zendesk"]["url"] == f"{PUBLIC}/webhooks/zendesk"


def test_the_steps_for_zendesk_end_with_a_body_to_paste(operator: Operator):
    registered(operator)
    assert f"Endpoint URL {PUBLIC}/webhooks/zendesk, request method POST, request format JSON" in operator.out
    body = json.loads(operator.out.rstrip().splitlines()[-1])
    assert body == {
        "ticket_id": "{{ticket.id}}",
        "status": "{{ticket.status}}",
        "updated_at": "{{ticket.updated_at_with_timestamp}}",
        "author_id": "{{current_user.id}}",
    }


def test_in_the_sandbox_it_works_without_any_setting(operator: Operator):
    operator.sandbox, operator.environment = True, {}
    assert operator("webhook") == 0
    assert "http://127.0.0.1:8642/webhooks/multimail is registered at MultiMail already" in operator.out
    assert operator("webhook", "--url", PUBLIC, answers=(operator.code,)) == 0
    assert "the pretend desk keeps its own secret" in operator.err


@pytest.mark.parametrize("form", ["v1", "short"])
def test_every_request_keeps_the_contract(operator: Operator, form: str):
    operator.transport, checked = strict(operator.world, form)
    registered(operator)
    assert operator("webhook", "--replace", answers=(operator.code, "y")) == 0
    assert operator("webhook") == 0 or form == "short"
    assert checked.violations == []
    assert {one["mailbox_id"] for one in hooks(operator)} == {MAILBOX_ID}


def test_the_short_form_registers_its_own_events_and_says_that_it_cannot_look_it_up(operator: Operator):
    operator.transport, _ = strict(operator.world, "short")
    secret = registered(operator)
    assert f"is registered at MultiMail for {MAILBOX_ADDRESS}: {', '.join(SHORT_EVENTS)}." in operator.out
    operator.environment["MULTIMAIL_WEBHOOK_SECRET"] = secret
    before = operator.writes()
    assert operator("webhook") == 0
    assert "no list to look it up in" in operator.err
    assert operator.writes() == before
    assert operator("webhook", "--replace", answers=(operator.code,)) == 0
    assert "removes no webhook" in operator.err


@pytest.mark.parametrize("step", ["asking", "with the code"])
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_trouble_on_the_way_registers_nothing_twice_and_loses_no_secret(operator: Operator, kind: str, step: str):
    code: tuple[str, ...] = ()
    if step == "with the code":
        assert operator("webhook") == 2
        code = ("--code", operator.code())
    operator.world.faults.add(Fault(kind, "multimail", "POST", "/v1/webhooks", 1, seconds=0.0))
    done = operator("webhook", *code)
    found = hooks(operator)
    assert len(found) <= 1
    shown = SECRET_LINE.findall(operator.out)
    assert shown == ([found[0]["secret"]] if done == 0 else [])
    assert (done == 0) == bool(found), "what was made is said, and nothing else"


def test_a_lost_answer_whose_webhook_does_not_tell_its_secret_is_said(operator: Operator):
    assert operator("webhook") == 2
    code = operator.code()

    def without_secret(request: Any) -> None:
        for one in hooks(operator):
            row = {name: one[name] for name in ("id", "url", "mailbox_id")} | {"events": list(V1_EVENTS)}
            overlay.routes[f"GET /multimail/v1/webhooks/{one['id']}"] = row

    overlay = Overlay(operator.world, {}, without_secret)
    operator.transport = overlay
    operator.world.faults.add("reset_after@multimail POST /v1/webhooks")
    assert operator("webhook", "--code", code) == 1
    assert "held no signing secret" in operator.err
    assert len(hooks(operator)) == 1


def test_an_answer_lost_while_replacing_gives_the_new_secret_and_not_the_old(operator: Operator):
    old = registered(operator)
    assert operator("webhook", "--replace") == 2
    operator.world.faults.add("reset_after@multimail POST /v1/webhooks")
    assert operator("webhook", "--replace", "--code", operator.code()) == 0
    [shown] = SECRET_LINE.findall(operator.out)
    assert shown != old
    assert {one["secret"] for one in hooks(operator)} == {old, shown}


def test_a_webhook_that_shows_late_is_not_registered_twice(operator: Operator):
    assert operator("webhook") == 2
    code, posts = operator.code(), []

    def late(request: Any) -> None:
        posts.extend([request.url.path] if request.method == "POST" else [])
        if len(posts) == 1:
            overlay.routes["GET /multimail/v1/webhooks"] = {"subscriptions": []}
        if len(posts) == 2:
            overlay.routes.clear()

    operator.transport = overlay = Overlay(operator.world, {}, late)
    operator.world.faults.add("timeout_after@multimail POST /v1/webhooks")
    assert operator("webhook", "--code", code) == 0
    [hook] = hooks(operator)
    assert SECRET_LINE.findall(operator.out) == [hook["secret"]]
