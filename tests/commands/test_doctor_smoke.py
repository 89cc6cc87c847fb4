"""`deskgate doctor --smoke`: a reply is held, seen and taken back; whatever goes wrong, nothing is left unsaid."""

import re

import anyio
import httpx
import pytest
from checkup import Checkup

from deskgate.commands.doctor import Report
from deskgate.desk.checks import Check
from deskgate.sandbox.world import World

pytestmark = pytest.mark.anyio

TICKET = 101


def steps(report: Report) -> dict[str, str]:
    return {step.name: step.state for step in report.smoke}


def step(report: Report, name: str) -> Check:
    (found,) = (step for step in report.smoke if step.name == name)
    return found


def nothing_left(world: World) -> None:
    """Nothing waits, nothing went out, nobody decided."""
    assert world.held_mails() == []
    assert world.sent_mails() == []
    assert not [call for call in world.calls() if "decide" in call.path]


@pytest.mark.parametrize("form", ["v1", "short"])
async def test_a_reply_is_held_seen_and_cancelled(look: Checkup, world: World, form: str):
    world.switch("forms", form)
    report = await look(smoke=TICKET)
    assert report.ok
    assert steps(report) == {"draft": "ok", "queue": "ok", "cancel": "ok"}
    (mail,) = world.emails()
    assert mail["status"] == "cancelled"
    assert mail["markdown"].startswith("deskgate smoke test ")
    nothing_left(world)


async def test_an_agents_process_can_make_the_smoke_test_without_the_deciding_key(look: Checkup, world: World):
    look.leave_out = ("MULTIMAIL_OVERSIGHT_TOKEN",)
    report = await look(smoke=TICKET, DESKGATE_ROLE="agent")
    assert steps(report) == {"draft": "ok", "queue": "ok", "cancel": "ok"}
    nothing_left(world)


async def test_each_run_is_a_mail_of_its_own(look: Checkup, world: World):
    assert (await look(smoke=TICKET)).ok
    assert (await look(smoke=TICKET)).ok
    first, second = world.emails()
    assert first["markdown"] != second["markdown"]


async def test_without_a_ticket_nothing_is_drafted(look: Checkup, world: World):
    assert (await look()).smoke == []
    assert world.emails() == []


async def test_each_step_is_told_as_it_ends(look: Checkup):
    told: list[Check] = []
    report = await look(smoke=TICKET, tell=told.append)
    assert [check.name for check in told][-3:] == ["smoke: draft", "smoke: queue", "smoke: cancel"]
    assert len(told) == len(report.checks) + 3


@pytest.mark.parametrize(
    ("ticket", "code"),
    [(103, "ticket_closed"), (102, "no_email_address"), (999, "ticket_not_found"), (0, "ticket_not_found")],
)
async def test_a_ticket_that_cannot_be_answered_ends_it_before_anything_is_sent(
    look: Checkup, world: World, ticket: int, code: str
):
    report = await look(smoke=ticket)
    assert not report.ok
    assert steps(report) == {"draft": "fault"}
    assert code in step(report, "draft").text
    assert world.emails() == []


async def test_a_mailbox_that_does_not_hold_mails_is_never_sent_from(look: Checkup, world: World):
    world.set_mode("monitored")
    report = await look(smoke=TICKET)
    assert "not_gated" in step(report, "draft").text
    assert world.emails() == []


async def test_a_reviewers_process_does_not_draft_even_here(look: Checkup, world: World):
    report = await look(smoke=TICKET, DESKGATE_ROLE="reviewer")
    assert steps(report) == {"draft": "fault"}
    assert world.emails() == []


async def test_without_a_record_nothing_is_drafted(look: Checkup, world: World):
    (look.folder / "home").write_text("a file in the way")
    report = await look(smoke=TICKET)
    assert steps(report) == {"draft": "fault"}
    assert world.emails() == []


@pytest.mark.parametrize("form", ["v1", "short"])
@pytest.mark.parametrize("fault", ["reset_after", "503_after", "html_after", "truncated"])
async def test_a_lost_answer_to_the_draft_still_ends_with_one_cancelled_mail(
    look: Checkup, world: World, form: str, fault: str
):
    world.switch("forms", form)
    world.faults.add(f"{fault}@multimail POST /send")
    report = await look(smoke=TICKET)
    assert report.ok, report.smoke
    assert [mail["status"] for mail in world.emails()] == ["cancelled"]
    nothing_left(world)


async def test_a_queue_that_cannot_be_read_is_told_and_the_mail_is_cancelled(look: Checkup, world: World):
    look.before = lambda request: (
        world.faults.add("500@multimail GET /oversight/pending xforever") if request.method == "POST" else None
    )
    report = await look(smoke=TICKET)
    assert steps(report) == {"draft": "ok", "queue": "fault", "cancel": "ok"}
    nothing_left(world)


async def test_a_scan_without_an_end_is_waited_for_half_a_minute_and_the_mail_is_cancelled(look: Checkup, world: World):
    world.switch("scan_seconds", 86_400)
    before = look.clock.monotonic()
    report = await look(smoke=TICKET)
    assert steps(report) == {"draft": "ok", "queue": "fault", "cancel": "ok"}
    assert "within 30 s" in step(report, "queue").text
    assert 20 < look.clock.monotonic() - before < 40
    nothing_left(world)


async def test_a_slow_scan_is_waited_for(look: Checkup, world: World):
    world.switch("scan_seconds", 12)
    report = await look(smoke=TICKET)
    assert report.ok
    assert "seen after 1" in step(report, "queue").text


async def test_a_mail_that_was_let_out_is_told_with_its_recipient(look: Checkup, world: World):
    def let_out(request: httpx.Request) -> None:
        if request.url.path.endswith("/send"):
            world.set_mode("autonomous")

    look.before = let_out
    report = await look(smoke=TICKET)
    assert steps(report) == {"draft": "ok", "queue": "fault", "cancel": "fault"}
    (sent,) = world.sent_mails()
    assert f"The mail went out to {sent.to[0]}" in step(report, "queue").text


async def test_a_held_mail_that_somebody_rewrote_is_told_and_cancelled(look: Checkup, world: World):
    def rewrite(request: httpx.Request) -> None:
        for mail in world.held_mails():
            world.edit_held(mail["id"], subject="You have won")

    look.before = rewrite
    report = await look(smoke=TICKET)
    assert steps(report) == {"draft": "ok", "queue": "fault", "cancel": "ok"}
    assert "subject" in step(report, "queue").text
    nothing_left(world)


async def test_a_mail_that_cannot_be_cancelled_is_named_by_its_words(look: Checkup, world: World):
    world.faults.add("500@multimail POST /cancel xforever")
    report = await look(smoke=TICKET)
    assert steps(report) == {"draft": "ok", "queue": "ok", "cancel": "fault"}
    words = re.search(r"'(smoke test \w+)'", step(report, "cancel").todo or "")
    (held,) = world.held_mails()
    assert words is not None
    assert words[1] in held["body_markdown"]


async def test_a_cancellation_that_fails_once_is_made_again(look: Checkup, world: World):
    world.faults.add("500@multimail POST /cancel")
    assert (await look(smoke=TICKET)).ok
    nothing_left(world)


async def test_an_interrupted_run_takes_the_mail_back(look: Checkup, world: World):
    told: list[str] = []
    with anyio.CancelScope() as scope:

        def interrupt(check: Check) -> None:
            told.append(f"{check.name}: {check.state}")
            if check.name == "smoke: draft":
                scope.cancel()

        await look(smoke=TICKET, tell=interrupt)
    assert scope.cancelled_caught
    assert told[-2:] == ["smoke: draft: ok", "smoke: cancel: ok"]
    nothing_left(world)


async def test_a_draft_whose_fate_stays_unknown_is_named_by_its_words(look: Checkup, world: World):
    world.switch("forms", "short")

    def lose_everything(request: httpx.Request) -> None:
        if request.url.path.endswith("/send_email"):
            world.faults.add("reset_after@multimail POST /send_email")
            world.faults.add("500@multimail GET xforever")

    look.before = lose_everything
    report = await look(smoke=TICKET)
    assert steps(report) == {"draft": "fault", "cancel": "fault"}
    words = re.search(r"'(smoke test \w+)'", step(report, "cancel").todo or "")
    (held,) = world.held_mails()
    assert words is not None
    assert words[1] in held["body_markdown"]
