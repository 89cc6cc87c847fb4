"""`deskgate setup mailbox`, as an operator sees it: at a terminal, from a script, with lost answers and wrong codes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from checkup import ENVIRONMENT, Overlay
from setting_up import Operator

from contract.strict import strict
from deskgate.cli import main
from deskgate.sandbox.constants import MAILBOX_ADDRESS, MAILBOX_ID
from deskgate.sandbox.faults import KINDS, Fault
from deskgate.sandbox.world import World
from fakes import FakeClock

HELP = "help@desk.example.com"
CREATE = {"v1": "POST /v1/mailboxes", "short": "POST /create_mailbox"}
MAILBOXES = "GET /multimail/v1/mailboxes"


@pytest.fixture
def operator(tmp_path: Path) -> Iterator[Operator]:
    clock = FakeClock()
    world = World.open(tmp_path / "sandbox", clock.now)
    yield Operator(tmp_path, world, clock)
    world.close()


def addresses(operator: Operator) -> list[str]:
    with operator.world.moment() as moment:
        return [row["address"] for row in moment.store.rows("mailboxes")]


def mode(operator: Operator, address: str = MAILBOX_ADDRESS) -> str:
    with operator.world.moment() as moment:
        return str(moment.store.one("mailbox_by_address", address=address)["oversight_mode"])


def overlay(operator: Operator, **changes: Any) -> None:
    """The support mailbox as MultiMail lists it, with these fields."""
    row = {"id": MAILBOX_ID, "address": MAILBOX_ADDRESS, "oversight_mode": "gated_send", "is_active": 1} | changes
    operator.transport = Overlay(operator.world, {MAILBOXES: {"mailboxes": [row]}})


def test_a_mailbox_that_is_there_is_named_with_its_mode_and_nothing_is_changed(operator: Operator):
    assert operator("mailbox") == 0
    assert f"{MAILBOX_ADDRESS} is there, in mode gated_send (every reply waits until" in operator.out
    assert f"\nMULTIMAIL_MAILBOX={MAILBOX_ADDRESS}\n" in operator.out
    assert operator.writes() == []


def test_at_a_terminal_the_code_is_asked_for_and_the_mailbox_made_once(operator: Operator):
    assert operator("mailbox", "--address", HELP, "--display-name", "Help", answers=(operator.code,)) == 0
    assert "it has mailed a code to the account's oversight address" in operator.out
    assert f"{HELP} was created, in mode gated_send" in operator.out
    assert f"\nMULTIMAIL_MAILBOX={HELP}\n" in operator.out
    assert addresses(operator).count(HELP) == 1
    before = operator.writes()
    assert operator("mailbox", "--address", HELP, answers=()) == 0
    assert f"{HELP} is there" in operator.out
    assert operator.writes() == before


def test_without_a_terminal_it_ends_with_the_command_to_come_back_with(operator: Operator):
    assert operator("mailbox", "--address", HELP, "--display-name", "Our help") == 2
    again = f"deskgate setup mailbox --address {HELP} --display-name 'Our help' --sandbox --code CODE"
    assert again in operator.err
    assert operator.code() in operator.out, "the sandbox mails nobody, so it says the code"
    assert HELP not in addresses(operator)
    assert operator("mailbox", "--address", HELP, "--code", operator.code()) == 0
    assert HELP in addresses(operator)


def test_outside_the_sandbox_no_code_is_shown(operator: Operator):
    operator.sandbox, operator.environment = False, ENVIRONMENT
    assert operator("mailbox", "--address", HELP) == 2
    assert operator.code() not in operator.out + operator.err
    assert "--sandbox" not in operator.err


def test_a_wrong_code_is_asked_for_again(operator: Operator):
    assert operator("mailbox", "--address", HELP, answers=("AAA-AAA", operator.code)) == 0
    assert "does not take this code" in operator.err
    assert HELP in addresses(operator)


def test_typing_nothing_stops(operator: Operator):
    assert operator("mailbox", "--address", HELP, answers=("",)) == 2
    assert operator("mailbox", "--address", HELP, answers=()) == 2
    assert HELP not in addresses(operator)


def test_a_wrong_code_on_the_command_line_ends_with_1_and_says_how_to_get_another(operator: Operator):
    assert operator("mailbox", "--address", HELP) == 2
    assert operator("mailbox", "--address", HELP, "--code", "AAA-AAA") == 1
    assert "run the same without --code" in operator.err
    assert HELP not in addresses(operator)


def test_a_local_part_is_enough_on_multimails_own_domain(operator: Operator):
    assert operator("mailbox", "--address", "help", answers=(operator.code,)) == 0
    assert f"MULTIMAIL_MAILBOX={HELP}" in operator.out
    assert operator("mailbox", "--address", "help") == 0
    assert addresses(operator).count(HELP) == 1


@pytest.mark.parametrize("loose", ["monitored", "autonomous"])
def test_a_mailbox_that_lets_mails_out_is_offered_to_be_gated(operator: Operator, loose: str):
    operator.world.set_mode(loose)
    assert operator("mailbox", answers=("n",)) == 1
    assert mode(operator) == loose
    assert operator.writes() == []
    assert operator("mailbox") == 1, "without anybody to ask nothing is changed"
    assert mode(operator) == loose
    assert operator("mailbox", answers=("y",)) == 0
    assert mode(operator) == "gated_send"
    assert operator.writes() == [f"PATCH /v1/mailboxes/{MAILBOX_ID}"]
    assert "is in mode gated_send" in operator.out


def test_for_a_script_yes_gates_it(operator: Operator):
    operator.world.set_mode("autonomous")
    assert operator("mailbox", "--yes", "--json") == 0
    assert json.loads(operator.out)["status"] == "gated"
    assert mode(operator) == "gated_send"


def test_a_change_of_mode_is_believed_only_when_the_service_shows_it(operator: Operator):
    overlay(operator, oversight_mode="autonomous")
    assert operator("mailbox", "--yes", "--json") == 1
    assert json.loads(operator.out)["mailbox"]["mode"] == "autonomous"


@pytest.mark.parametrize(("strict_mode", "code"), [("gated_all", 0), ("read_only", 1)])
def test_a_stricter_mode_is_never_loosened(operator: Operator, strict_mode: str, code: int):
    operator.world.set_mode(strict_mode)
    assert operator("mailbox", "--yes", answers=("y",)) == code
    assert mode(operator) == strict_mode
    assert operator.writes() == []


def test_an_unknown_mode_is_said_and_not_touched(operator: Operator):
    overlay(operator, oversight_mode="turbo")
    assert operator("mailbox", "--yes") == 1
    assert "turbo (which deskgate does not know)" in operator.err
    assert operator.writes() == []


def test_a_copy_to_somebody_is_warned_of(operator: Operator):
    overlay(operator, auto_cc="boss@example.com", auto_bcc="archive@example.com")
    assert operator("mailbox") == 0
    assert "auto_cc" in operator.err
    assert "auto_bcc" in operator.err


def test_a_deleted_mailbox_is_not_made_again(operator: Operator):
    overlay(operator, is_active=0)
    assert operator("mailbox", "--code", "AAA-AAA") == 1
    assert "was deleted at MultiMail" in operator.err
    assert operator.writes() == []


REFUSALS = [
    (403, "API key lacks the required scope: admin", "lacks a right"),
    (403, "Plan mailbox limit reached", "plan does not allow"),
    (403, "error code: 1020", "not about the key"),
    (403, "Invalid approval code", "does not take this code"),
    (401, "Invalid API key", "does not accept the credential"),
    (400, "Invalid address format", "does not take this address"),
    (409, "Address already in use", "belongs to somebody else"),
]


@pytest.mark.parametrize(("status", "error", "said"), REFUSALS)
def test_a_refusal_is_told_by_its_cause(operator: Operator, status: int, error: str, said: str):
    operator.transport = Overlay(operator.world, {"POST /multimail/v1/mailboxes": (status, {"error": error})})
    assert operator("mailbox", "--address", HELP, "--code", "A7X-29K", "--json") == 1
    assert said in operator.err
    assert json.loads(operator.out)["ok"] is False


@pytest.mark.parametrize(
    "body", [{}, {"id": "appr_1"}, {"status": "pending_approval"}, {"message": "Check your email."}]
)
def test_whatever_a_202_says_it_is_no_mailbox_yet(operator: Operator, body: dict[str, str]):
    operator.transport = Overlay(operator.world, {"POST /multimail/v1/mailboxes": (202, body)})
    assert operator("mailbox", "--address", HELP) == 2
    assert "was created" not in operator.out


def test_an_admin_key_that_may_not_read_is_told(operator: Operator):
    operator.transport = Overlay(
        operator.world, {MAILBOXES: (403, {"error": "API key lacks the required scope: read"})}
    )
    assert operator("mailbox") == 1
    assert "does not allow this" in operator.err


def test_for_a_script_there_is_one_document_and_the_sentences_go_elsewhere(operator: Operator):
    assert operator("mailbox", "--json") == 0
    assert json.loads(operator.out) == {
        "ok": True,
        "status": "there",
        "mailbox": {"id": MAILBOX_ID, "address": MAILBOX_ADDRESS, "mode": "gated_send"},
        "environment": {"MULTIMAIL_MAILBOX": MAILBOX_ADDRESS},
    }
    assert "is there" in operator.err
    assert operator("mailbox", "--address", HELP, "--json") == 2
    assert json.loads(operator.out) == {"ok": False, "status": "code_wanted", "mailbox": None}


@pytest.mark.parametrize("address", ["two words", "a@b@c", "a,b@c.example"])
def test_what_is_no_address_is_refused_before_anything_is_asked(operator: Operator, address: str):
    assert operator("mailbox", "--address", address) == 2
    assert operator.world.calls("multimail") == []


def test_a_name_that_is_no_address_creates_nothing(operator: Operator):
    operator.sandbox, operator.environment = False, ENVIRONMENT | {"MULTIMAIL_MAILBOX": "01KWR0NG"}
    assert operator("mailbox", "--code", "AAA-AAA") == 1
    assert operator.writes() == []


def test_without_an_admin_key_it_says_which_key_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DESKGATE_HOME", str(tmp_path))
    assert main(["setup", "mailbox", "--address", HELP]) == 2
    assert capsys.readouterr().err == (
        "MULTIMAIL_ADMIN_TOKEN is missing: setup needs a MultiMail key with the scopes read and admin. Set it for this one "
        "command and forget it.\n"
    )


def test_nothing_but_the_admin_key_has_to_be_there(operator: Operator):
    needed = ("MULTIMAIL_BASE_URL", "MULTIMAIL_ADMIN_TOKEN")
    operator.sandbox, operator.environment = False, {name: ENVIRONMENT[name] for name in needed}
    assert operator("mailbox", "--address", MAILBOX_ADDRESS) == 0


@pytest.mark.parametrize("form", ["v1", "short"])
def test_every_request_keeps_the_contract(operator: Operator, form: str):
    operator.transport, checked = strict(operator.world, form)
    assert operator("mailbox", "--address", HELP, answers=(operator.code,)) == 0
    assert operator("mailbox", "--address", HELP) == 0
    if form == "v1":
        operator.world.set_mode("monitored")
        assert operator("mailbox", "--yes") == 0
    assert checked.violations == []
    assert operator.writes().count(CREATE[form]) == (2 if form == "v1" else 3)
    assert addresses(operator).count(HELP) == 1


def test_the_short_form_says_what_it_cannot_show(operator: Operator):
    operator.transport, _ = strict(operator.world, "short")
    assert operator("mailbox", "--address", HELP, answers=(operator.code,)) == 0
    assert "the short form of the API does not show it" in operator.out
    assert operator("mailbox", "--address", HELP, "--json") == 0
    assert json.loads(operator.out)["status"] == "there"
    assert "no list of mailboxes to look it up in" in operator.err
    assert operator("mailbox", "--address", "local-part") == 1


@pytest.mark.parametrize("step", ["asking", "with the code"])
@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("form", ["v1", "short"])
def test_trouble_on_the_way_makes_no_second_mailbox_and_claims_none(
    operator: Operator, form: str, kind: str, step: str
):
    operator.transport, _ = strict(operator.world, form)
    fault = Fault(kind, "multimail", "POST", CREATE[form].removeprefix("POST "), 1, seconds=0.0)
    code: tuple[str, ...] = ()
    if step == "with the code":
        assert operator("mailbox", "--address", HELP) == 2
        code = ("--code", operator.code())
    operator.world.faults.add(fault)
    done = operator("mailbox", "--address", HELP, *code)
    made = addresses(operator).count(HELP)
    assert made <= 1
    assert (f"{HELP} was created" in operator.out) <= (made == 1), "it claims what did not happen"
    if done == 0:
        assert made == 1
    operator.world.faults.clear()
    assert operator("mailbox", "--address", HELP, answers=(operator.code,)) == 0
    assert addresses(operator).count(HELP) == 1


def test_an_answer_lost_after_the_mailbox_was_made_is_looked_up_and_not_asked_again(operator: Operator):
    assert operator("mailbox", "--address", HELP) == 2
    operator.world.faults.add("reset_after@multimail POST /v1/mailboxes")
    assert operator("mailbox", "--address", HELP, "--code", operator.code()) == 0
    assert f"{HELP} was created" in operator.out
    assert operator.writes().count("POST /v1/mailboxes") == 2, "one to ask, one with the code, and no third"


def test_a_lost_first_answer_is_no_reason_to_ask_for_a_second_code(operator: Operator):
    operator.world.faults.add("timeout_after@multimail POST /v1/mailboxes")
    assert operator("mailbox", "--address", HELP, answers=(operator.code,)) == 0
    assert "MultiMail's answer was lost. Nothing was made" in operator.out
    assert operator.writes().count("POST /v1/mailboxes") == 2


def test_a_mailbox_that_shows_late_is_still_the_one_that_was_made(operator: Operator):
    assert operator("mailbox", "--address", HELP) == 2
    code, posts = operator.code(), []

    def late(request: Any) -> None:
        posts.extend([request.url.path] if request.method == "POST" else [])
        stale = {"mailboxes": [{"id": MAILBOX_ID, "address": MAILBOX_ADDRESS, "oversight_mode": "gated_send"}]}
        if len(posts) == 1:
            overlay.routes[MAILBOXES] = stale
        if len(posts) == 2:
            overlay.routes.pop(MAILBOXES, None)

    operator.transport = overlay = Overlay(operator.world, {}, late)
    operator.world.faults.add("reset_after@multimail POST /v1/mailboxes")
    assert operator("mailbox", "--address", HELP, "--code", code) == 0
    assert len(posts) == 2
    assert f"{HELP} was created" in operator.out
    assert addresses(operator).count(HELP) == 1
