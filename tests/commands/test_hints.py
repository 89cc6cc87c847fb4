"""Hints can be typed as they stand: in the pretend world they name `--sandbox`, elsewhere they do not."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from at_terminal import typed
from checkup import Checkup
from desk_terminal import Seat
from setting_up import Operator

from bench import bench
from deskgate.cli import _parser
from deskgate.commands import reviewer, token
from deskgate.commands.events import act as events
from deskgate.commands.serving import served
from deskgate.desk.checks import Check
from deskgate.desk.checks.webhooks import SETUP
from deskgate.desk.hints import typed_here
from deskgate.web.approvals.pages import Pages
from deskgate.web.approvals.reviewers import Reviewers
from fakes import FakeClock

COMMAND = re.compile(r"`deskgate ([^`]+)`")


@pytest.mark.parametrize(
    ("sentence", "here"),
    [
        ("Run `deskgate setup webhook`.", "Run `deskgate setup webhook --sandbox`."),
        ("`deskgate pending` or `deskgate doctor`", "`deskgate pending --sandbox` or `deskgate doctor --sandbox`"),
        ("Is there: `deskgate sandbox draft`", "Is there: `deskgate sandbox draft`"),
        ("`deskgate doctor --sandbox`", "`deskgate doctor --sandbox`"),
        ("deskgate is no command here", "deskgate is no command here"),
    ],
)
def test_a_command_in_a_sentence_names_the_sandbox_once_and_only_there(sentence: str, here: str) -> None:
    assert typed_here(sentence, sandbox=True) == here
    assert typed_here(sentence, sandbox=False) == sentence


def test_the_footer_of_the_queue_can_be_typed(seat: Seat) -> None:
    reply = seat.draft()
    assert seat("pending") == 0
    approve, reject = COMMAND.findall(seat.out)
    assert _parser().parse_args(approve.replace("ID", str(reply.message_id)).split()).sandbox is True
    assert _parser().parse_args(reject.replace("ID", str(reply.message_id)).split()).decision == "reject"


def test_a_mail_that_names_a_command_is_shown_as_it_is(seat: Seat) -> None:
    reply = seat.draft("Type `deskgate pending` and see.")
    assert seat("pending", reply.message_id) == 0
    assert "Type `deskgate pending` and see." in seat.out


@pytest.mark.parametrize("extra", [["--yes"], []])
def test_a_ticket_that_changed_names_the_command_and_the_flag_to_go_on_with(seat: Seat, extra: list[str]) -> None:
    reply = seat.draft()
    seat.world.edit_ticket(101, comment={"body": "It is the toaster.", "public": True})
    seat.clock.advance(60)
    assert seat("decide", reply.message_id, "approve", *extra, answer="y\n") == 1
    look, decide = COMMAND.findall(seat.err)
    assert look == f"pending {reply.message_id} --sandbox"
    assert decide == f"decide {reply.message_id} approve --digest DIGEST --sandbox"
    assert seat(*look.split()[:-1]) == 0
    digest = seat.out.split("Digest: ")[1].split("\n")[0]
    assert seat(*decide.replace("DIGEST", digest).split()[:-1], *extra, answer="y\n") == 0


def test_an_edited_mail_names_the_command_that_shows_it(seat: Seat) -> None:
    reply = seat.draft()
    seat.world.edit_held(reply.message_id, markdown="Pay here instead.")
    assert seat("decide", reply.message_id, "approve", "--yes", tty=False) == 1
    assert seat.err.startswith("digest_mismatch: ")
    assert f"`deskgate pending {reply.message_id} --sandbox`" in seat.err


@pytest.mark.parametrize("words", [("decide", "nonsense", "approve", "--yes"), ("pending", "nonsense")])
def test_an_unknown_id_names_a_command_and_no_tool(seat: Seat, words: tuple[str, ...]) -> None:
    assert seat(*words, tty=False) == 1
    assert "`deskgate pending --sandbox`" in seat.err
    assert "list_zendesk_pending" not in seat.err


@pytest.mark.anyio
async def test_a_client_that_cannot_ask_is_told_what_a_person_types_in_the_sandbox(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        for sandbox, words in ((True, "approve --sandbox`"), (False, "approve`")):
            error = replace(one.desk.core, sandbox=sandbox).unasked()
            assert f"`deskgate decide MESSAGE_ID {words}" in error.sentence


def test_the_page_for_those_not_signed_in_says_what_its_operator_types(clock: FakeClock) -> None:
    for template in ("sign_in_needed.html", "link_useless.html"):
        for sandbox, line in ((True, "invite NAME --sandbox</code>"), (False, "invite NAME</code>")):
            body = bytes(
                Pages(clock, sandbox=sandbox).render(template, expired=False, here="/approvals/").body
            ).decode()
            assert f"deskgate reviewer {line}" in body


@pytest.mark.anyio
async def test_the_check_up_of_the_pretend_world_names_it_in_what_to_do(look: Checkup, tmp_path: Path) -> None:
    from deskgate import settings
    from deskgate.commands.doctor import examine
    from deskgate.sandbox.transport import SandboxTransport

    for one in look.world.webhooks():
        look.world.drop_webhook(one["id"])
    pretend = settings.read({"DESKGATE_HOME": str(tmp_path / "home")}, sandbox=True)
    heard: list[Check] = []
    report = await examine(pretend, transport=SandboxTransport(look.world), clock=look.clock, tell=heard.append)
    (check,) = (one for one in report.checks if one.name == "webhooks")
    assert check.todo == "Run `deskgate setup webhook --sandbox`."
    assert check in heard
    live = await look(DESKGATE_PUBLIC_URL="https://desk.example.com")
    assert SETUP in {one.todo for one in live.checks}


def test_setting_up_the_pretend_world_goes_on_there(operator: Operator) -> None:
    assert operator("webhook", "--replace", "--url", "https://desk.example.com") == 2
    assert "--sandbox --code CODE" in operator.err


@pytest.fixture
def operator(look: Checkup) -> Operator:
    return Operator(look.folder / "home", look.world, look.clock)


@pytest.mark.anyio
async def test_events_reviewers_and_tokens_name_the_sandbox_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with bench(tmp_path) as one:
        store = one.desk.core.store
        told = await typed(lambda terminal, words: events(store, terminal, words), "events", "show", "9", "--sandbox")
        assert "`deskgate events list --sandbox`" in told.err
        words = _parser().parse_args(["reviewer", "list"])
        await reviewer.act(Reviewers(store, one.clock), words, None, sandbox=True)
        assert "`deskgate reviewer invite NAME --sandbox`" in capsys.readouterr().out
    given = _parser().parse_args(["token", "list", "--sandbox"])
    assert "; `deskgate token new --sandbox` makes it." in token.missing(tmp_path / "none", given)


def test_serving_says_how_a_reviewer_gets_in_there(seat: Seat) -> None:
    told = served(seat.settings(), "http://127.0.0.1:9000", "http://127.0.0.1:9000/approvals")
    (invite,) = COMMAND.findall(told)
    words = _parser().parse_args(invite.replace("NAME", "ines").split())
    assert (words.sandbox, words.port) == (True, 9000)
    assert reviewer.page_of(words, None) == "http://127.0.0.1:9000"
