"""What a decision is bound to, who may make it, and what is said when it cannot be made."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest
from mcp.types import ElicitRequestFormParams, ElicitResult

from bench import ERAS, Bench, Person, bench
from deskgate.desk import Confirmation
from deskgate.desk.errors import Forbidden, TicketNotFound
from deskgate.desk.look import look_at
from story.deciding import COLLEAGUE, FORMS, approve, at_multimail, draft
from story.dying import BODY, TICKET, decisions, mails

pytestmark = pytest.mark.anyio


EDITS: dict[str, tuple[dict[str, Any], str]] = {
    "subject": ({"subject": "Re: something else"}, "subject"),
    "body": ({"markdown": BODY + "\n\nPS: and a discount of 90 %."}, "body"),
    "one character": ({"markdown": BODY.replace("Ines", "Inés")}, "body"),
    "a footer of somebody's own": ({"markdown": BODY + "\nSend your password to evil@example.net"}, "body"),
}


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("edit", EDITS)
async def test_an_edited_mail_is_approved_only_by_the_digest_of_the_edited_mail(
    edit: str, form: str, era: Literal["auto", "legacy"], tmp_path: Path
) -> None:
    changes, part = EDITS[edit]
    async with bench(tmp_path) as here, here.client(era, Person()) as asked:
        here.world.switch("forms", form)
        drafted = await draft(here, asked)
        here.world.edit_held(drafted["message_id"], **changes)
        for digest in ({}, {"digest": drafted["digest"]}):
            result = await asked.call("decide_reply", message_id=drafted["message_id"], decision="approve", **digest)
            assert result.is_error
            assert (result.structured_content or {})["code"] == "digest_mismatch"
            assert part in (result.structured_content or {})["message"]
        assert here.world.sent_mails() == []
        (waiting,) = (await asked.ok("list_zendesk_pending"))["pending"]
        assert waiting["stale"]
        assert waiting["why"] == [f"the held mail differs from the draft: {part}"]
        await approve(asked, drafted["message_id"], digest=waiting["digest"])
        assert len(here.world.sent_mails()) == 1


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "changes",
    [{"to": ["evil@example.net"]}, {"to": ["maria.lindqvist@example.com", "evil@example.net"]}, {"to": []}],
    ids=["another", "one more", "nobody"],
)
async def test_a_redirected_mail_cannot_be_approved_with_any_digest_and_can_be_rejected(
    changes: dict[str, Any], form: str, tmp_path: Path
) -> None:
    async with bench(tmp_path) as here, here.client("auto", Person()) as asked:
        here.world.switch("forms", form)
        drafted = await draft(here, asked)
        here.world.edit_held(drafted["message_id"], **changes)
        (waiting,) = (await asked.ok("list_zendesk_pending"))["pending"]
        for digest in (drafted["digest"], waiting["digest"]):
            told = await asked.fails(
                "decide_reply", message_id=drafted["message_id"], decision="approve", digest=digest
            )
            assert told == "digest_mismatch"
        assert decisions(here.world) == []
        done = await asked.ok("decide_reply", message_id=drafted["message_id"], decision="reject")
        assert done["state"] == "rejected"
        assert here.world.sent_mails() == []


@pytest.mark.parametrize("form", FORMS)
async def test_a_mail_that_was_moved_to_another_thread_cannot_be_approved_and_can_be_cancelled(
    form: str, tmp_path: Path
) -> None:
    async with bench(tmp_path) as here, here.client("auto", Person()) as asked:
        here.world.switch("forms", form)
        drafted = await draft(here, asked)
        here.world.edit_held(drafted["message_id"], thread_id="thr_of_somebody_else")
        (waiting,) = (await asked.ok("list_zendesk_pending"))["pending"]
        for digest in (drafted["digest"], waiting["digest"]):
            told = await asked.fails(
                "decide_reply", message_id=drafted["message_id"], decision="approve", digest=digest
            )
            assert told == "digest_mismatch"
        assert (await asked.ok("cancel_reply", message_id=drafted["message_id"]))["state"] == "cancelled"


async def test_a_mail_edited_while_the_person_reads_the_question_is_not_sent(tmp_path: Path) -> None:
    for era in ERAS:
        async with bench(tmp_path / era) as here:
            person = Person()

            async def edit_and_say_yes(
                context: Any, asking: ElicitRequestFormParams, here: Bench = here, person: Person = person
            ) -> ElicitResult:
                here.world.edit_held(here.world.held_mails()[0]["id"], markdown=f"Edit {len(person.asked)}")
                return await person(context, asking)

            async with here.client(era, edit_and_say_yes) as asked:  # type: ignore[arg-type]
                drafted = await draft(here, asked)
                told = await asked.fails("decide_reply", message_id=drafted["message_id"], decision="approve")
                assert told == "digest_mismatch"
            assert len(person.asked) == 1
            assert decisions(here.world) == []


def _comment(public: bool) -> Callable[[Bench], Any]:
    return lambda here: here.world.edit_ticket(TICKET, comment={"body": "New facts.", "public": public})


MOVES: dict[str, tuple[Callable[[Bench], Any], str]] = {
    "a public comment": (_comment(public=True), "1 new public comment"),
    "another requester": (lambda here: here.world.edit_ticket(TICKET, requester_id=COLLEAGUE), "another requester"),
    "another address": (
        lambda here: here.world.edit_user(33144692240101, email="maria.new@example.com"),
        "email address changed",
    ),
    "solved": (lambda here: here.world.edit_ticket(TICKET, status="solved"), "was solved"),
    "closed": (lambda here: here.world.edit_ticket(TICKET, status="closed"), "was closed"),
}


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("move", MOVES)
async def test_a_ticket_that_moved_wants_the_digest_that_includes_the_move(
    move: str, era: Literal["auto", "legacy"], tmp_path: Path
) -> None:
    happens, what = MOVES[move]
    async with bench(tmp_path) as here, here.client(era, Person()) as asked:
        drafted = await draft(here, asked)
        happens(here)
        here.clock.advance(60)
        for digest in ({}, {"digest": drafted["digest"]}):
            result = await asked.call("decide_reply", message_id=drafted["message_id"], decision="approve", **digest)
            assert result.is_error
            assert (result.structured_content or {})["code"] == "ticket_changed"
            assert what in (result.structured_content or {})["message"]
        assert decisions(here.world) == []
        (waiting,) = (await asked.ok("list_zendesk_pending"))["pending"]
        assert waiting["stale"]
        assert waiting["digest"] != drafted["digest"]
        done = await approve(asked, drafted["message_id"], digest=waiting["digest"])
        assert done["decision"] == "approve"
        assert [mail.to for mail in here.world.sent_mails()] == [["maria.lindqvist@example.com"]]


@pytest.mark.parametrize("move", MOVES)
async def test_rejecting_and_cancelling_never_mind_what_became_of_the_ticket(move: str, tmp_path: Path) -> None:
    for name, tool, arguments in (
        ("rejected", "decide_reply", {"decision": "reject"}),
        ("cancelled", "cancel_reply", {}),
    ):
        async with bench(tmp_path / name) as here, here.client("auto", Person()) as asked:
            drafted = await draft(here, asked)
            MOVES[move][0](here)
            here.world.edit_held(drafted["message_id"], markdown="Something else altogether.")
            done = await asked.ok(tool, message_id=drafted["message_id"], **arguments)
            assert done["state"] == name


@pytest.mark.parametrize(
    "happens",
    [
        _comment(public=False),
        lambda here: here.world.edit_ticket(TICKET, tags=["vip", "delivery"]),
        lambda here: here.world.edit_ticket(TICKET, priority="urgent"),
        lambda here: here.world.edit_ticket(TICKET, status="pending"),
    ],
    ids=["a private note", "a tag", "a priority", "a status in which work goes on"],
)
async def test_what_the_customer_does_not_see_does_not_make_an_approval_stale(
    happens: Callable[[Bench], Any], tmp_path: Path
) -> None:
    async with bench(tmp_path) as here, here.client("auto", Person()) as asked:
        drafted = await draft(here, asked)
        happens(here)
        here.clock.advance(60)
        await approve(asked, drafted["message_id"], digest=drafted["digest"])
        assert len(here.world.sent_mails()) == 1


@pytest.mark.parametrize("form", FORMS)
async def test_multimails_own_footer_is_shown_and_is_no_alteration(form: str, tmp_path: Path) -> None:
    person = Person()
    async with bench(tmp_path) as here, here.client("auto", person) as asked:
        here.world.switch("forms", form)
        here.world.switch("footer_in_body", True)
        drafted = await draft(here, asked)
        (waiting,) = (await asked.ok("list_zendesk_pending"))["pending"]
        assert not waiting["stale"]
        assert "help of an AI assistant" in waiting["body"]
        await approve(asked, drafted["message_id"], digest=waiting["digest"])
        assert "help of an AI assistant" in person.asked[0]


@pytest.mark.parametrize("listed", [False, True], ids=["unseen", "listed by the drafter"])
async def test_the_digest_of_a_draft_lets_out_nothing_that_somebody_put_under_it(listed: bool, tmp_path: Path) -> None:
    """Not even where the block has the form of MultiMail's own footer, and the drafter has listed it."""
    async with bench(tmp_path) as here, here.client("auto", Person()) as asked:
        drafted = await draft(here, asked)
        fake = f"{BODY}\n\n---\nPay to another account from now on"
        here.world.edit_held(drafted["message_id"], markdown=fake)
        if listed:
            await asked.ok("list_zendesk_pending")
        told = await asked.call(
            "decide_reply", message_id=drafted["message_id"], decision="approve", digest=drafted["digest"]
        )
        assert (told.structured_content or {})["code"] == "digest_mismatch"
        assert "footer under the text" in (told.structured_content or {})["message"]
        assert here.world.sent_mails() == []


async def test_a_requester_who_was_suspended_after_the_draft_gets_no_mail(tmp_path: Path) -> None:
    async with bench(tmp_path) as here, here.client("auto", Person()) as asked:
        drafted = await draft(here, asked)
        requester = here.world.ticket(drafted["ticket_id"])["requester_id"]
        here.world.edit_user(requester, suspended=True)
        assert await asked.fails("decide_reply", message_id=drafted["message_id"], decision="approve") == "suppressed"
        assert here.world.sent_mails() == []
        await asked.ok("decide_reply", message_id=drafted["message_id"], decision="reject")


async def test_a_footer_that_changes_after_it_was_seen_is_an_edit_of_the_body(tmp_path: Path) -> None:
    async with bench(tmp_path) as here, here.client("auto", Person()) as asked:
        here.world.switch("footer_in_body", True)
        drafted = await draft(here, asked)
        await asked.ok("list_zendesk_pending")
        held = mails(here.world)[0]
        with here.world.moment() as moment:
            columns = {name: held[name] for name in ("recipients", "cc", "subject", "thread_id")}
            fake = f"{BODY}\n\n---\nPay to another account from now on"
            moment.store.run("email_rewrite", id=held["id"], markdown=fake, **columns)
        told = await asked.fails(
            "decide_reply", message_id=drafted["message_id"], decision="approve", digest=drafted["digest"]
        )
        assert told == "digest_mismatch"


@pytest.mark.usefixtures("database")
async def test_what_no_database_takes_closes_no_queue_and_keeps_nobody_from_rejecting(tmp_path: Path) -> None:
    async with bench(tmp_path) as here, here.client("auto", Person()) as asked:
        here.world.edit_ticket(TICKET, subject="Where is it\0?")
        drafted = await draft(here, asked)
        here.world.edit_held(drafted["message_id"], markdown=f"{BODY}\n\n---\nSent by \0 us")
        (waiting,) = (await asked.ok("list_zendesk_pending"))["pending"]
        assert "Sent by" in waiting["body"]
        await asked.ok("decide_reply", message_id=drafted["message_id"], decision="reject")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("action", ["approve", "reject"])
async def test_a_decision_made_in_multimail_itself_is_told_truthfully(form: str, action: str, tmp_path: Path) -> None:
    states = {"approve": "delivered", "reject": "rejected"}
    other = {"approve": "reject", "reject": "approve"}[action]
    async with bench(tmp_path) as here, here.client("auto", Person()) as asked:
        here.world.switch("forms", form)
        drafted = await draft(here, asked)
        await at_multimail(here, form, drafted["message_id"], action)
        told = await asked.fails("decide_reply", message_id=drafted["message_id"], decision=other)
        assert told == "already_decided"
        same = await asked.ok("decide_reply", message_id=drafted["message_id"], decision=action)
        assert same["decided_by"] == "somebody at MultiMail, outside deskgate"
        assert await asked.fails("cancel_reply", message_id=drafted["message_id"]) == "already_decided"
        again = await asked.ok("draft_gated_reply", ticket_id=TICKET, body=BODY)
        assert (again["message_id"], again["state"]) == (drafted["message_id"], states[action])
        (life,) = (await asked.ok("track_reply", message_id=drafted["message_id"]))["replies"]
        assert (life["state"], life["decision"]) == (states[action], action)
        assert decisions(here.world) == [f"oversight.{action}"]


@pytest.mark.parametrize("form", FORMS)
async def test_a_draft_again_tells_what_became_of_it_outside(form: str, tmp_path: Path) -> None:
    async with bench(tmp_path) as here, here.client("auto", Person()) as asked:
        here.world.switch("forms", form)
        drafted = await draft(here, asked)
        await at_multimail(here, form, drafted["message_id"], "reject")
        again = await asked.ok("draft_gated_reply", ticket_id=TICKET, body=BODY)
        assert (again["message_id"], again["state"]) == (drafted["message_id"], "rejected")


@pytest.mark.parametrize("form", FORMS)
async def test_a_mail_that_bounced_is_told_as_bounced(form: str, tmp_path: Path) -> None:
    async with bench(tmp_path) as here, here.client("auto", Person()) as asked:
        here.world.switch("forms", form)
        here.world.suppress("maria.lindqvist@example.com")
        drafted = await draft(here, asked)
        await approve(asked, drafted["message_id"])
        (life,) = (await asked.ok("track_reply", message_id=drafted["message_id"]))["replies"]
        assert (life["state"], life["bounce_type"], life["decision"]) == ("bounced", "suppressed", "approve")
        assert here.world.sent_mails() == []


@pytest.mark.parametrize("status", ["400", "403", "422"])
@pytest.mark.parametrize("form", FORMS)
async def test_a_suppressed_address_is_refused_as_such_and_nothing_is_held(
    form: str, status: str, tmp_path: Path
) -> None:
    async with bench(tmp_path) as here, here.client("auto", Person()) as asked:
        here.world.switch("forms", form)
        here.world.switch("suppressed", status)
        here.world.suppress("maria.lindqvist@example.com")
        assert await asked.fails("draft_gated_reply", ticket_id=TICKET, body=BODY) == "suppressed"
        assert mails(here.world) == []


@pytest.mark.parametrize("form", FORMS)
async def test_an_unreadable_ticket_stands_in_the_way_of_approving_and_not_of_rejecting(
    form: str, tmp_path: Path
) -> None:
    person = Person()
    async with bench(tmp_path) as here, here.client("auto", person) as asked:
        here.world.switch("forms", form)
        drafted = await draft(here, asked)
        here.world.faults.add("503", service="zendesk", times=None)
        told = await asked.fails(
            "decide_reply", message_id=drafted["message_id"], decision="approve", digest=drafted["digest"]
        )
        assert told == "upstream_unavailable"
        assert person.asked == []
        done = await asked.ok("decide_reply", message_id=drafted["message_id"], decision="reject")
        assert done["state"] == "rejected"


async def test_a_ticket_that_zendesk_has_no_more_is_shown_with_the_held_mail_and_cannot_be_approved(
    tmp_path: Path,
) -> None:
    async with bench(tmp_path) as here, here.client("auto", Person()) as asked:
        drafted = await draft(here, asked)
        mail = await here.desk.core.outbox.read(drafted["message_id"])
        (row,) = await here.desk.replies_of(TICKET)
        look = look_at(row, mail, None)
        assert (look.body, look.content.to) == (BODY, ("maria.lindqvist@example.com",))
        with pytest.raises(TicketNotFound):
            await here.desk.check(look, look.digest)


@pytest.mark.parametrize("era", ERAS)
async def test_the_agents_process_has_no_deciding_tool_and_no_deciding_connection(
    era: Literal["auto", "legacy"], tmp_path: Path
) -> None:
    async with bench(tmp_path, role="agent") as here, here.client(era, Person()) as asked:
        drafted = await draft(here, asked)
        names = {tool.name for tool in (await asked.client.list_tools()).tools}
        assert "decide_reply" not in names
        assert {"draft_gated_reply", "cancel_reply", "list_zendesk_pending"} <= names
        assert here.desk.core.oversight is None
        with pytest.raises(Forbidden):
            await here.desk.decide(
                drafted["message_id"], "approve", confirmation=Confirmation("somebody", drafted["digest"])
            )
        assert not [call for call in here.world.calls("multimail") if "oversight" in call.path]
        assert decisions(here.world) == []


async def test_unattended_nobody_approves_their_own_draft_and_a_reviewer_does(tmp_path: Path) -> None:
    alone = {"DESKGATE_APPROVE": "unattended"}
    async with bench(tmp_path, DESKGATE_PRINCIPAL="writer", **alone) as here, here.client("auto") as writer:
        drafted = await draft(here, writer)
        told = await writer.fails("decide_reply", message_id=drafted["message_id"], decision="approve")
        assert told == "self_approval"
        assert decisions(here.world) == []
        settings = {"DESKGATE_PRINCIPAL": "reviewer", **alone}
        other = bench(tmp_path, world=here.world, clock=here.clock, role="reviewer", **settings)
        async with other as there, there.client("auto") as reviewer:
            done = await approve(reviewer, drafted["message_id"])
        assert done["decided_by"] == "reviewer"


async def test_who_asks_for_anothers_words_becomes_their_author_too(tmp_path: Path) -> None:
    alone = {"DESKGATE_APPROVE": "unattended"}
    async with bench(tmp_path, DESKGATE_PRINCIPAL="writer", **alone) as here, here.client("auto") as writer:
        drafted = await draft(here, writer)
        settings = {"DESKGATE_PRINCIPAL": "second", **alone}
        other = bench(tmp_path, world=here.world, clock=here.clock, **settings)
        async with other as there, there.client("auto") as second:
            await second.ok("draft_gated_reply", ticket_id=TICKET, body=BODY)
            told = await second.fails("decide_reply", message_id=drafted["message_id"], decision="approve")
        assert told == "self_approval"


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("decision", ["approve", "reject"])
@pytest.mark.parametrize(
    "person",
    [Person(action="decline"), Person(action="cancel"), Person(content={"confirm": False})],
    ids=["declines", "closes the question", "unticks the box"],
)
async def test_a_person_who_does_not_say_yes_decides_nothing(
    person: Person, decision: str, era: Literal["auto", "legacy"], tmp_path: Path
) -> None:
    async with bench(tmp_path) as here, here.client(era, person) as asked:
        drafted = await draft(here, asked)
        told = await asked.fails("decide_reply", message_id=drafted["message_id"], decision=decision)
        assert told == "declined"
        assert decisions(here.world) == []
        assert [row.state for row in await here.desk.replies_of(TICKET)] == ["held"]


@pytest.mark.parametrize("era", ERAS)
async def test_a_client_that_cannot_ask_is_told_so_and_nothing_is_decided(
    era: Literal["auto", "legacy"], tmp_path: Path
) -> None:
    async with bench(tmp_path) as here, here.client(era) as asked:
        drafted = await draft(here, asked)
        for decision in ("approve", "reject"):
            told = await asked.fails("decide_reply", message_id=drafted["message_id"], decision=decision)
            assert told == "confirmation_needed"
        assert decisions(here.world) == []


@pytest.mark.parametrize("form", FORMS)
async def test_an_accepted_answer_that_is_sent_again_decides_once(form: str, tmp_path: Path) -> None:
    async with bench(tmp_path) as here, here.client("auto", Person()) as asked:
        here.world.switch("forms", form)
        drafted = await draft(here, asked)
        arguments = {"message_id": drafted["message_id"], "decision": "approve"}
        session = asked.client.session
        first = await session.call_tool("decide_reply", arguments, allow_input_required=True)
        (key,) = first.input_requests  # type: ignore[union-attr]
        yes = {key: ElicitResult(action="accept", content={"confirm": True})}
        for _ in range(3):
            done = await session.call_tool(
                "decide_reply",
                arguments,
                input_responses=yes,
                request_state=first.request_state,  # type: ignore[union-attr]
                allow_input_required=True,
            )
            assert done.structured_content["decision"] == "approve"  # type: ignore[union-attr]
        deciding = [call for call in here.world.calls("multimail") if "decide" in call.path]
        assert len(deciding) == 1
        assert decisions(here.world) == ["oversight.approve"]
        assert len(here.world.sent_mails()) == 1


async def test_an_answer_to_one_question_is_no_answer_to_another(tmp_path: Path) -> None:
    async with bench(tmp_path) as here, here.client("auto", Person()) as asked:
        drafted = await draft(here, asked)
        session = asked.client.session
        arguments = {"message_id": drafted["message_id"], "decision": "reject"}
        first = await session.call_tool("decide_reply", arguments, allow_input_required=True)
        (key,) = first.input_requests  # type: ignore[union-attr]
        yes = {key: ElicitResult(action="accept", content={"confirm": True})}
        try:
            done = await session.call_tool(
                "decide_reply",
                {**arguments, "decision": "approve"},
                input_responses=yes,
                request_state=first.request_state,  # type: ignore[union-attr]
                allow_input_required=True,
            )
        except Exception as refused:
            assert "state" in str(refused).lower()  # noqa: PT017
        else:
            assert getattr(done, "is_error", True)
        assert decisions(here.world) == []
        assert here.world.sent_mails() == []
