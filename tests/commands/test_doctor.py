"""What `deskgate doctor` finds, over the pretend world with live settings."""

import sqlite3
from pathlib import Path

import httpx
import pytest
from checkup import Checkup, faults, one, states

from deskgate.desk.replies import Reply
from deskgate.desk.store import open_store, postgres
from deskgate.sandbox import constants
from deskgate.sandbox.transport import SandboxTransport
from deskgate.sandbox.world import World

pytestmark = pytest.mark.anyio

OAUTH = {"ZENDESK_OAUTH_TOKEN": constants.ZENDESK_BEARER}
CLIENT = {
    "ZENDESK_OAUTH_CLIENT_ID": constants.ZENDESK_CLIENT_ID,
    "ZENDESK_OAUTH_CLIENT_SECRET": constants.ZENDESK_CLIENT_SECRET,
}
PENDING = "GET /multimail/v1/oversight/pending"
ALLOWLIST = f"GET /multimail/v1/mailboxes/{constants.MAILBOX_ID}/allowlist"


async def test_a_desk_in_order_has_no_fault_and_every_check_is_there(look: Checkup):
    report = await look()
    assert report.ok
    assert states(report) == {
        "settings": "ok",
        "role": "ok",
        "approval": "ok",
        "data file": "ok",
        "open calls": "ok",
        "zendesk login": "ok",
        "zendesk api token": "warning",
        "zendesk tickets": "ok",
        "multimail": "ok",
        "mailbox": "ok",
        "allowlist": "ok",
        "copies": "ok",
        "sending key": "ok",
        "deciding key": "ok",
        "key scopes": "ok",
        "webhooks": "ok",
        "deliveries": "ok",
    }


async def test_a_check_up_reads_and_changes_nothing(look: Checkup, world: World):
    await look(**CLIENT)
    calls = {(call.method, call.path) for call in world.calls()}
    assert {call for call in calls if call[0] != "GET"} == {("POST", "/oauth/tokens")}
    assert world.emails() == []


async def test_every_warning_and_fault_but_an_unchecked_one_says_what_to_do(look: Checkup, world: World):
    world.set_mode("monitored")
    world.allow("*@example.com")
    report = await look(ZENDESK_TOKEN="zd_wrong_token", MULTIMAIL_OVERSIGHT_TOKEN="mm_wrong_key")
    assert set(faults(report)) == {"zendesk login", "mailbox", "deciding key"}
    for check in report.checks:
        told = check.text.startswith("Not checked") or check.name == "key scopes"
        assert bool(check.todo) == (check.state != "ok" and not told), check


async def test_an_api_token_is_told_its_last_day_and_the_days_left(look: Checkup):
    check = one(await look(), "zendesk api token")
    assert "2027-04-30, in 457 days" in check.text
    assert "ZENDESK_OAUTH_CLIENT_ID" in (check.todo or "")


@pytest.mark.parametrize(("login", "words"), [(OAUTH, "an OAuth token"), (CLIENT, "client credentials")])
async def test_oauth_is_named_and_has_no_last_day(look: Checkup, login: dict[str, str], words: str):
    report = await look(**login)
    assert words in one(report, "zendesk login").text
    assert "Deskgate, whose role is agent" in one(report, "zendesk login").text
    assert "zendesk api token" not in states(report)


@pytest.mark.parametrize(
    ("login", "named"),
    [
        ({"ZENDESK_TOKEN": "zd_wrong_token"}, "ZENDESK_EMAIL and ZENDESK_TOKEN"),
        ({"ZENDESK_OAUTH_TOKEN": "zd_wrong_bearer"}, "ZENDESK_OAUTH_TOKEN"),
        (CLIENT | {"ZENDESK_OAUTH_CLIENT_SECRET": "zd_wrong_secret"}, "ZENDESK_OAUTH_CLIENT_SECRET"),
    ],
)
async def test_a_refused_login_names_its_setting_and_the_rest_is_still_checked(
    look: Checkup, login: dict[str, str], named: str
):
    report = await look(**login)
    assert faults(report) == ["zendesk login"]
    assert named in one(report, "zendesk login").text
    assert one(report, "zendesk tickets").text == "Not checked, because the login did not succeed."
    assert states(report)["deciding key"] == "ok"


async def test_a_login_of_an_end_user_is_a_fault(look: Checkup, world: World):
    world.edit_user(constants.API_USER_ID, role="end-user")
    check = one(await look(**OAUTH), "zendesk login")
    assert check.state == "fault"
    assert "role is end-user" in check.text


async def test_a_name_in_zendesk_cannot_act_on_the_terminal(look: Checkup, world: World):
    world.edit_user(constants.API_USER_ID, name="Ann\x1b[2J\nfault    settings\u202e")
    text = one(await look(), "zendesk login").text
    assert "Ann[2J fault settings" in text
    assert text.isprintable()


@pytest.mark.parametrize("fault", ["plain", "html", "refused", "503", "timeout_before"])
async def test_an_address_without_a_help_desk_says_to_check_the_subdomain(look: Checkup, world: World, fault: str):
    world.faults.add(f"{fault}@zendesk xforever")
    report = await look()
    assert faults(report) == ["zendesk login"]
    assert "ZENDESK_SUBDOMAIN" in (one(report, "zendesk login").todo or "")


async def test_an_address_without_the_api_is_told_as_that(look: Checkup):
    check = one(await look(ZENDESK_BASE_URL=f"{constants.ORIGIN}/zendesk/help"), "zendesk login")
    assert check.text == f"There is no Zendesk API at {constants.ORIGIN}/zendesk/help."


async def test_a_zendesk_that_is_busy_is_not_blamed_on_the_address(look: Checkup, world: World):
    world.faults.add("429:90@zendesk xforever")
    check = one(await look(), "zendesk login")
    assert "90 seconds" in check.text
    assert "ZENDESK_SUBDOMAIN" not in (check.todo or "")


async def test_a_token_that_may_not_read_tickets_is_a_fault_of_its_own(look: Checkup, world: World):
    wish = {
        "grant_type": "client_credentials",
        "client_id": constants.ZENDESK_CLIENT_ID,
        "client_secret": constants.ZENDESK_CLIENT_SECRET,
        "scope": "users:read",
    }
    async with httpx.AsyncClient(transport=SandboxTransport(world)) as client:
        answer = await client.post(f"{constants.ORIGIN}/zendesk/oauth/tokens", json=wish)
    report = await look(ZENDESK_OAUTH_TOKEN=answer.json()["access_token"])
    assert faults(report) == ["zendesk tickets"]
    assert "scopes read and write" in (one(report, "zendesk tickets").todo or "")


async def test_a_login_that_sees_no_ticket_is_warned_of(look: Checkup):
    look.routes["GET /zendesk/api/v2/search"] = {"results": [], "users": [], "count": 0}
    assert one(await look(), "zendesk tickets").state == "warning"


async def test_a_search_that_fails_is_a_fault(look: Checkup, world: World):
    world.faults.add("500@zendesk GET /search xforever")
    assert faults(await look()) == ["zendesk tickets"]


@pytest.mark.parametrize(
    ("mode", "state", "words"),
    [
        ("gated_send", "ok", "every reply waits until somebody approves it."),
        ("gated_all", "ok", "what customers write waits as well"),
        ("monitored", "fault", "go out at once, with a copy"),
        ("autonomous", "fault", "nobody sees them first"),
        ("read_only", "fault", "nothing can be sent"),
    ],
)
async def test_a_mode_says_what_it_means_and_only_a_gated_one_will_do(
    look: Checkup, world: World, mode: str, state: str, words: str
):
    world.set_mode(mode)
    check = one(await look(), "mailbox")
    assert check.state == state
    assert words in check.text
    assert ("not_gated" in check.text) == (state == "fault")


async def test_a_mode_that_nobody_knows_will_not_do(look: Checkup):
    box = {"id": "box", "address": constants.MAILBOX_ADDRESS, "oversight_mode": "gated_sometimes"}
    look.routes["GET /multimail/v1/mailboxes"] = {"mailboxes": [box]}
    check = one(await look(), "mailbox")
    assert (check.state, "does not know this mode" in check.text) == ("fault", True)


async def test_an_unknown_mailbox_is_told_with_those_that_there_are(look: Checkup):
    report = await look(MULTIMAIL_MAILBOX="help@desk.example.com")
    assert faults(report) == ["mailbox"]
    assert constants.MAILBOX_ADDRESS in one(report, "mailbox").text


async def test_each_allowlist_entry_is_a_warning(look: Checkup, world: World):
    world.allow("vip@example.com")
    world.allow("*@example.org")
    report = await look()
    entries = [check for check in report.checks if check.name == "allowlist"]
    assert {check.state for check in entries} == {"warning"}
    assert {check.text.split(":")[0] for check in entries} == {"vip@example.com", "*@example.org"}
    assert report.ok


async def test_a_long_allowlist_is_cut_and_counted(look: Checkup, world: World):
    for number in range(23):
        world.allow(f"c{number}@example.com")
    entries = [check for check in (await look()).checks if check.name == "allowlist"]
    assert len(entries) == 21
    assert entries[-1].text == "3 more entries like these."


async def test_an_allowlist_that_is_not_shown_is_a_fault(look: Checkup):
    look.routes[ALLOWLIST] = (403, {"error": "API key lacks the required scope: read"})
    assert faults(await look()) == ["allowlist"]


async def test_a_sending_key_that_sees_the_queue_holds_both_scopes(look: Checkup):
    look.routes[PENDING] = {"emails": []}
    report = await look()
    assert faults(report) == ["sending key"]
    assert "scope oversight" in one(report, "sending key").text
    assert "revoke" in (one(report, "sending key").todo or "")


async def test_swapped_keys_are_told_as_swapped(look: Checkup):
    report = await look(
        MULTIMAIL_TOKEN=constants.MULTIMAIL_OVERSIGHT_KEY, MULTIMAIL_OVERSIGHT_TOKEN=constants.MULTIMAIL_SEND_KEY
    )
    assert faults(report) == ["sending key", "deciding key"]
    for name in ("sending key", "deciding key"):
        assert "look swapped" in (one(report, name).todo or "")
    assert one(report, "mailbox").text.startswith("Not checked")


async def test_a_wrong_sending_key_leaves_the_deciding_key_to_be_checked(look: Checkup):
    report = await look(MULTIMAIL_TOKEN="mm_wrong_key")
    assert faults(report) == ["sending key"]
    assert "401" in one(report, "sending key").text
    assert "read and send" in (one(report, "sending key").todo or "")
    assert states(report)["deciding key"] == "ok"


async def test_a_deciding_key_without_the_scope_is_a_fault(look: Checkup):
    report = await look(MULTIMAIL_OVERSIGHT_TOKEN=constants.MULTIMAIL_ADMIN_KEY, MULTIMAIL_ADMIN_TOKEN="")
    assert faults(report) == ["deciding key"]
    assert "swapped" not in (one(report, "deciding key").todo or "")


async def test_a_gateway_in_front_is_not_blamed_on_the_keys(look: Checkup, world: World):
    world.faults.add("cloudflare_403@multimail xforever")
    report = await look()
    for name in ("sending key", "deciding key", "admin key"):
        assert "gateway" in one(report, name).text


async def test_a_multimail_that_does_not_answer_leaves_zendesk_to_be_checked(look: Checkup, world: World):
    world.faults.add("503@multimail xforever")
    report = await look()
    assert faults(report) == ["multimail"]
    assert states(report)["zendesk tickets"] == "ok"
    assert one(report, "deciding key").text == "Not checked, because MultiMail did not answer."


async def test_an_agent_without_a_deciding_key_is_in_order_there_even_when_multimail_does_not_answer(
    look: Checkup, world: World
):
    look.leave_out = ("MULTIMAIL_OVERSIGHT_TOKEN",)
    world.faults.add("503@multimail xforever")
    assert one(await look(DESKGATE_ROLE="agent"), "deciding key").state == "ok"


async def test_a_queue_that_cannot_be_read_is_a_fault_of_the_deciding_key(look: Checkup, world: World):
    world.faults.add("500@multimail GET /oversight/pending xforever")
    assert set(faults(await look())) == {"sending key", "deciding key"}


async def test_the_short_form_is_told_with_what_it_does_not_show(look: Checkup, world: World):
    world.switch("forms", "short")
    report = await look()
    assert report.ok
    assert "the short form" in one(report, "multimail").text
    assert "asks for gated_send" in one(report, "mailbox").text
    assert states(report)["sending key"] == "ok"
    assert "allowlist" not in states(report)


async def test_in_the_short_form_a_wrong_sending_key_is_found_by_the_queue(look: Checkup, world: World):
    world.switch("forms", "short")
    report = await look(MULTIMAIL_TOKEN="mm_wrong_key")
    assert faults(report) == ["sending key"]
    assert "(401)" in one(report, "sending key").text


async def test_a_gateway_at_the_queue_is_not_taken_for_a_missing_scope(look: Checkup, world: World):
    world.faults.add("cloudflare_403@multimail GET /oversight/pending")
    check = one(await look(), "sending key")
    assert check.state == "fault"
    assert "gateway" in check.text


async def test_in_the_short_form_a_key_that_sees_the_queue_proves_nothing(look: Checkup, world: World):
    world.switch("forms", "short")
    look.routes["GET /multimail/list_pending"] = {"messages": []}
    assert one(await look(), "sending key").state == "warning"


async def test_an_address_where_neither_form_answers_is_not_taken_for_the_short_form(look: Checkup):
    report = await look(MULTIMAIL_BASE_URL=f"{constants.ORIGIN}/nowhere")
    assert "multimail" in faults(report)
    assert "MULTIMAIL_BASE_URL" in (one(report, "multimail").todo or "")


async def test_a_form_that_the_service_does_not_speak_is_a_fault(look: Checkup, world: World):
    world.switch("forms", "short")
    report = await look(MULTIMAIL_API="v1")
    assert "MULTIMAIL_API=auto" in (one(report, "multimail").todo or "")
    assert "multimail" in faults(report)


async def test_a_deciding_key_in_an_agents_process_is_ignored_and_told(look: Checkup):
    report = await look(DESKGATE_ROLE="agent")
    check = one(report, "deciding key")
    assert (check.state, "ignored" in check.text) == ("warning", True)
    assert "approval" not in states(report)


@pytest.mark.parametrize(("role", "state"), [("agent", "ok"), ("solo", "warning")])
async def test_without_a_deciding_key_an_agent_is_in_order_and_a_solo_desk_is_warned(
    look: Checkup, role: str, state: str
):
    look.leave_out = ("MULTIMAIL_OVERSIGHT_TOKEN",)
    assert one(await look(DESKGATE_ROLE=role), "deciding key").state == state


async def test_unattended_approval_is_warned_of(look: Checkup):
    assert one(await look(DESKGATE_APPROVE="unattended"), "approval").state == "warning"


async def test_a_setting_without_effect_is_told(look: Checkup):
    report = await look(ZENDESK_WEBHOOK_SECRETS="whsec_none")
    told = [check for check in report.checks if check.name == "settings" and check.state == "warning"]
    assert ["ZENDESK_WEBHOOK_SECRET" in check.text for check in told] == [True]


@pytest.mark.parametrize(
    ("status", "state", "words"),
    [("open", "ok", "once a day"), ("solved", "warning", "will close it"), ("closed", "fault", "is closed")],
)
async def test_the_ticket_for_checkpoints_is_told_with_whether_it_stays_open(
    look: Checkup, world: World, status: str, state: str, words: str
):
    world.edit_ticket(104, status="solved")
    world.edit_ticket(104, status=status)
    found = one(await look(DESKGATE_AUDIT_TICKET="104"), "audit ticket")
    assert found.state == state
    assert words in found.text


async def test_a_ticket_for_checkpoints_that_is_not_there_is_a_fault(look: Checkup):
    found = one(await look(DESKGATE_AUDIT_TICKET="999999"), "audit ticket")
    assert found.state == "fault"
    assert "DESKGATE_AUDIT_TICKET" in (found.todo or "")


async def test_the_policy_in_force_and_what_its_outcomes_come_to_are_told(look: Checkup):
    report = await look(DESKGATE_POLICY=str(Path(__file__).parents[2] / "policy.toml.example"))
    assert "is in force" in one(report, "policy").text
    assert "approve: is held, then let out with the deciding key" in one(report, "policy outcomes").text


async def test_without_a_policy_doctor_says_nothing_of_one(look: Checkup):
    assert not [check for check in (await look()).checks if check.name.startswith("policy")]


async def test_a_reply_with_an_open_call_is_told(look: Checkup):
    store = await open_store(f"sqlite:///{look.folder / 'home' / 'deskgate.sqlite3'}")
    reply = Reply(
        id="r1",
        ticket_id=4711,
        words="w",
        mailbox="m",
        recipient="r",
        subject="s",
        body="b",
        seen="{}",
        state="approving",
        drafted_by="someone",
        drafted_at="2026-01-28T11:00:00Z",
        attempted_at="2026-01-28T11:30:00Z",
    )
    await store.add_reply(reply, principal="someone", owner="someone")
    await store.aclose()
    check = one(await look(), "open calls")
    assert check.state == "warning"
    assert "ticket 4711 (approving since 2026-01-28T11:30:00Z)" in check.text


async def test_a_data_folder_that_cannot_be_used_leaves_everything_else_to_be_checked(look: Checkup):
    (look.folder / "home").write_text("a file in the way")
    report = await look()
    assert faults(report) == ["data file"]
    assert "DESKGATE_HOME" in (one(report, "data file").todo or "")
    assert states(report)["deciding key"] == "ok"
    assert (look.folder / "home").read_text() == "a file in the way"


async def test_a_database_server_that_does_not_answer_is_no_matter_of_the_data_folder(
    look: Checkup, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(postgres, "BUSY_SECONDS", 0.2)
    report = await look(DESKGATE_DATABASE_URL="postgresql://someone@127.0.0.1:1/nowhere?connect_timeout=1")
    assert faults(report) == ["data file"]
    check = one(report, "data file")
    assert "Check that PostgreSQL runs" in check.text
    assert "`psql` with the address in DESKGATE_DATABASE_URL" in (check.todo or "")
    assert "DESKGATE_HOME" not in f"{check.text} {check.todo}"
    assert states(report)["deciding key"] == "ok"


async def test_a_data_file_that_is_none_is_a_fault(look: Checkup):
    (look.folder / "home").mkdir()
    (look.folder / "home" / "deskgate.sqlite3").write_bytes(b"this is a letter, not a database" * 100)
    assert faults(await look()) == ["data file"]


async def test_a_data_file_of_a_newer_version_is_a_fault(look: Checkup):
    (look.folder / "home").mkdir()
    connection = sqlite3.connect(look.folder / "home" / "deskgate.sqlite3")
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    report = await look()
    assert faults(report) == ["data file"]
    assert "newer deskgate" in one(report, "data file").text


MAILBOXES = "GET /multimail/v1/mailboxes"
BOX = {
    "id": constants.MAILBOX_ID,
    "address": constants.MAILBOX_ADDRESS,
    "oversight_mode": "gated_send",
    "auto_cc": None,
    "auto_bcc": None,
    "is_active": 1,
}


async def test_a_mailbox_that_copies_every_mail_openly_is_warned_of(look: Checkup):
    look.routes[MAILBOXES] = {"mailboxes": [BOX | {"auto_cc": "boss@example.com"}]}
    check = one(await look(), "copies")
    assert check.state == "warning"
    assert "boss@example.com (auto_cc)" in check.text
    assert "digest_mismatch" in check.text
    assert "auto_cc" in (check.todo or "")


async def test_a_hidden_copy_is_warned_of_even_without_the_admin_key(look: Checkup):
    look.leave_out = ("MULTIMAIL_ADMIN_TOKEN",)
    look.routes[MAILBOXES] = {"mailboxes": [BOX | {"auto_bcc": "archive@example.com"}]}
    check = one(await look(), "copies")
    assert check.state == "warning"
    assert "archive@example.com (auto_bcc)" in check.text


async def test_both_copies_are_two_lines(look: Checkup):
    look.routes[MAILBOXES] = {"mailboxes": [BOX | {"auto_cc": "a@example.com", "auto_bcc": "b@example.com"}]}
    assert [check.state for check in (await look()).checks if check.name == "copies"] == ["warning", "warning"]
