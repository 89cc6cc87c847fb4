"""Replies that leave at once: only by a rule, only from a mailbox that is exactly monitored, once, and never unlooked at."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from policy_desk import KETTLE, PolicyDesk, policy_desk
from policy_texts import rule

from deskgate.commands.doctor import examine
from deskgate.desk.errors import AlreadyDecided, DeskError, OutcomeUnknown, Suppressed
from deskgate.desk.policy import evaluations_of
from deskgate.desk.policy.trial import trial
from deskgate.desk.suppression import add
from deskgate.sandbox.constants import MAILBOX_ADDRESS
from deskgate.sandbox.faults import parse_fault
from deskgate.sandbox.transport import SandboxTransport
from deskgate.settings import read

pytestmark = pytest.mark.anyio

UPDATES = "updates@desk.example.com"
UPDATES_ID = "01KSANDB0X0MA1LB0X00000002"
NOTICES = rule("monitored", 'tags_all = ["low-risk"]', "notices")
TEXT = f'version = "7"\nmonitored_mailbox = "{UPDATES}"\n{NOTICES}'


def add_mailbox(d: PolicyDesk, mode: str = "monitored") -> None:
    """An operator made a second mailbox and set its mode."""
    with d.bench.world.moment() as moment:
        moment.store.run(
            "mailbox_put", id=UPDATES_ID, address=UPDATES, display_name=None, oversight_mode="gated_send",
            signature_block=None, created_at=moment.now_ms,
        )  # fmt: skip
    d.bench.world.set_mode(mode, UPDATES_ID)


def senders(d: PolicyDesk) -> list[str]:
    """From which mailbox each mail after the first was taken in."""
    mails = d.bench.world.sent_mails()[1:]
    with d.bench.world.moment() as moment:
        rows = [moment.store.one("email", id=mail.id) for mail in mails]
    return [row["sender"] for row in rows]


def handed_over(d: PolicyDesk) -> int:
    """How many mails were asked to be sent so far."""
    return sum(call.method == "POST" and call.path.endswith("/send") for call in d.bench.world.calls("multimail"))


async def test_a_monitored_rule_sends_from_the_monitored_mailbox_and_the_record_names_rule_and_digest(
    tmp_path: Path,
) -> None:
    async with policy_desk(tmp_path, TEXT) as d:
        add_mailbox(d)
        d.tag("low-risk")
        calls = len(d.bench.world.calls("multimail"))
        reply = await d.draft()
        assert reply.state in ("sent", "delivered")
        asked = [call.path for call in d.bench.world.calls("multimail")[calls:]]
        assert not [path for path in asked if "/threads/" in path], "no answer to anybody's mail"
        assert (reply.mailbox, reply.decision, reply.decided_by) == (UPDATES, "approve", "policy:notices")
        assert reply.decided_digest == reply.digest
        assert reply.body_checked
        assert reply.reason == 'Rule "notices" says monitored.'
        assert (d.sent(), senders(d)) == ([KETTLE], [UPDATES])
        row = await d.last(reply)
        assert (row["rule"], row["outcome"], row["effect"]) == ("notices", "monitored", "approved")
        again = await d.draft()
        assert again.id == reply.id
        assert d.sent() == [KETTLE]


@pytest.mark.parametrize("mode", ["read_only", "gated_all", "gated_send", "autonomous"])
async def test_a_mailbox_in_any_other_mode_sends_nothing_and_the_reply_is_held_as_usual(
    tmp_path: Path, mode: str
) -> None:
    async with policy_desk(tmp_path, TEXT) as d:
        add_mailbox(d, mode)
        d.tag("low-risk")
        reply = await d.draft()
        assert (reply.state, reply.mailbox, reply.decision) == ("held", MAILBOX_ADDRESS, None)
        assert d.sent() == []
        row = await d.last(reply)
        assert (row["outcome"], row["effect"]) == ("hold", "held")
        assert "not in MultiMail's mode monitored" in row["guards"][-1]
        assert (await d.approve(reply)).state == "sent"
        assert senders(d) == [MAILBOX_ADDRESS]


@pytest.mark.parametrize(
    ("mailbox", "why"),
    [
        ("nobody@desk.example.com", "could not be looked at (bad_input)"),
        (MAILBOX_ADDRESS, "is the one whose mails are held"),
    ],
)
async def test_a_mailbox_that_is_not_there_or_is_the_held_one_sends_nothing(
    tmp_path: Path, mailbox: str, why: str
) -> None:
    async with policy_desk(tmp_path, TEXT.replace(UPDATES, mailbox)) as d:
        add_mailbox(d)
        d.tag("low-risk")
        reply = await d.draft()
        assert (reply.state, reply.mailbox) == ("held", MAILBOX_ADDRESS)
        assert why in (await d.last(reply))["guards"][-1]


async def test_the_short_form_of_multimail_sends_nothing_at_once(tmp_path: Path) -> None:
    async with policy_desk(tmp_path, TEXT) as d:
        add_mailbox(d)
        d.tag("low-risk")
        core = d.bench.desk.core
        core.outbox._forms.known = "short"
        reply = await d.draft()
        assert (reply.state, reply.decision) == ("held", None)
        assert "short form" in (await d.last(reply))["guards"][-1]
        assert d.sent() == []


UNSAFE: dict[str, dict[str, Any]] = {
    "a link": {"body": f"{KETTLE}\nhttps://evil.example/x"},
    "markup": {"body": f"{KETTLE} <b>x</b>"},
    "an unverified requester": {"user": {"verified": False}},
    "a suspended requester": {"user": {"suspended": True}},
    "a solved ticket": {"ticket": {"status": "solved"}},
    "an auto-responder": {
        "ticket": {"author_id": 33144692240101, "channel": "email",
                   "comment": {"body": "Automatic reply: I am away.", "public": True}}
    },
    "a tag of our own": {"tag": False},
}  # fmt: skip


@pytest.mark.parametrize("case", UNSAFE)
async def test_every_guard_rail_of_an_automatic_approval_holds_a_monitored_reply_too(tmp_path: Path, case: str) -> None:
    how = UNSAFE[case]
    async with policy_desk(tmp_path, TEXT) as d:
        add_mailbox(d)
        d.bench.world.edit_user(33144692240101, **how.get("user", {}))
        if "ticket" in how:
            d.bench.world.edit_ticket(101, **how["ticket"])
        if how.get("tag", True):
            d.tag("low-risk")
        else:
            await d.bench.desk.zendesk.add_tags(101, ["low-risk"])
        try:
            reply = await d.draft(body=how.get("body", KETTLE))
        except DeskError:
            assert case == "a suspended requester"
        else:
            assert (reply.state, reply.mailbox) == ("held", MAILBOX_ADDRESS)
        assert d.sent() == []


async def test_a_stranger_gets_no_monitored_reply_and_the_caps_count_it(tmp_path: Path) -> None:
    async with policy_desk(tmp_path, TEXT, acquainted=False) as d:
        add_mailbox(d)
        d.tag("low-risk")
        assert (await d.draft(body="Hello.")).state == "held"
        await d.acquaint()
        states = []
        for number in range(3):
            d.bench.clock.advance(60)
            states.append((await d.draft(body=f"{KETTLE} ({number})")).state == "held")
        assert states == [False, False, True]
        d.path.write_text('version = "8"\n' + rule("approve", 'tags_all = ["low-risk"]'))
        assert (await d.draft(body=f"{KETTLE} (again)")).state == "held"


async def test_the_last_place_within_the_caps_is_taken_once_however_many_see_it_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with policy_desk(tmp_path, TEXT) as d:
        add_mailbox(d)
        d.tag("low-risk")
        gatherer = d.bench.desk.core.policies.gatherer  # type: ignore[union-attr]
        look = gatherer.facts

        async def facts(*given: Any) -> Any:
            return replace(await look(*given), approvals_recipient=0, approvals_domain=0)

        monkeypatch.setattr(gatherer, "facts", facts)
        replies = [await d.draft(body=f"{KETTLE} ({number})") for number in range(3)]
        assert [reply.mailbox for reply in replies] == [UPDATES, UPDATES, MAILBOX_ADDRESS]
        assert "caps" in (await d.last(replies[2]))["guards"][-1]


async def test_a_ticket_that_moves_while_the_policy_looks_is_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with policy_desk(tmp_path, TEXT) as d:
        add_mailbox(d)
        d.tag("low-risk")
        gatherer = d.bench.desk.core.policies.gatherer  # type: ignore[union-attr]
        look = gatherer.facts

        async def facts(*given: Any) -> Any:
            found = await look(*given)
            d.bench.clock.advance(5)
            d.bench.world.edit_ticket(101, comment={"body": "It came!", "public": True})
            return found

        monkeypatch.setattr(gatherer, "facts", facts)
        reply = await d.draft()
        assert reply.state == "held"
        assert d.sent() == []


async def test_a_mailbox_that_copies_its_mails_sends_nothing_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with policy_desk(tmp_path, TEXT) as d:
        add_mailbox(d)
        d.tag("low-risk")
        outbox = await d.bench.desk.core.outbox.at(UPDATES)
        gate = await outbox.gate()

        async def copying() -> Any:
            return replace(gate, bcc=("archive@example.net",))

        monkeypatch.setattr(outbox, "gate", copying)
        reply = await d.draft()
        assert reply.state == "held"
        assert "copies its mails" in (await d.last(reply))["guards"][-1]


async def test_a_mode_that_is_changed_at_the_last_moment_leaves_the_reply_to_a_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with policy_desk(tmp_path, TEXT) as d:
        add_mailbox(d)
        d.tag("low-risk")
        outbox = await d.bench.desk.core.outbox.at(UPDATES)
        submit = outbox.submit

        async def late(draft: Any) -> Any:
            d.bench.world.set_mode("gated_send", UPDATES_ID)
            return await submit(draft)

        monkeypatch.setattr(outbox, "submit", late)
        reply = await d.draft()
        assert (reply.state, reply.mailbox, reply.decision, reply.decided_by) == ("held", UPDATES, None, None)
        assert (await d.last(reply))["effect"] == "held"
        assert d.sent() == []
        monkeypatch.undo()
        d.path.write_text('version = "8"\n' + rule("approve", 'tags_all = ["low-risk"]'))
        again = await d.draft()
        assert (again.id, again.state) == (reply.id, "held")
        assert len(await evaluations_of(d.bench.desk.core.store, reply.id)) == 1
        assert (await d.bench.desk.pending(limit=5)).items[0].reply.id == reply.id
        assert (await d.approve(reply)).state == "sent"
        assert (d.sent(), senders(d)) == ([KETTLE], [UPDATES])


async def test_a_lost_answer_is_looked_up_and_no_second_mail_leaves(tmp_path: Path) -> None:
    async with policy_desk(tmp_path, TEXT) as d:
        add_mailbox(d)
        d.tag("low-risk")
        d.bench.world.faults.add(parse_fault("timeout_after@multimail POST send x9"))
        d.bench.world.faults.add(parse_fault("500@multimail GET emails x9"))
        with pytest.raises(OutcomeUnknown):
            await d.draft()
        d.bench.world.faults.clear()
        reply = await d.draft()
        assert reply.state in ("sent", "delivered")
        assert (reply.decided_by, reply.decided_digest) == ("policy:notices", reply.digest)
        assert (d.sent(), senders(d)) == ([KETTLE], [UPDATES])
        assert (await d.last(reply))["effect"] == "approved"


async def lost_before(d: PolicyDesk) -> None:
    """A send that never reached MultiMail, and nobody can tell."""
    d.bench.world.faults.add(parse_fault("timeout_before@multimail POST send x9"))
    d.bench.world.faults.add(parse_fault("500@multimail GET emails x9"))
    with pytest.raises(OutcomeUnknown):
        await d.draft()
    d.bench.world.faults.clear()


async def test_a_send_that_never_arrived_is_made_again_with_the_same_key(tmp_path: Path) -> None:
    async with policy_desk(tmp_path, TEXT) as d:
        add_mailbox(d)
        d.tag("low-risk")
        await lost_before(d)
        assert d.sent() == []
        reply = await d.draft()
        assert reply.state in ("sent", "delivered")
        assert (d.sent(), senders(d)) == ([KETTLE], [UPDATES])


AGAINST = ["the ticket moved", "the mode", "the rule", "the policy is gone", "the key's life"]


@pytest.mark.parametrize("what", AGAINST)
async def test_a_send_that_was_lost_is_not_made_again_where_anything_is_against_it_by_now(
    tmp_path: Path, what: str
) -> None:
    async with policy_desk(tmp_path, TEXT) as d:
        add_mailbox(d)
        d.tag("low-risk")
        await lost_before(d)
        before, desk = handed_over(d), d.bench.desk
        if what == "the ticket moved":
            d.bench.clock.advance(60)
            d.bench.world.edit_ticket(101, comment={"body": "It came!", "public": True})
        elif what == "the mode":
            d.bench.world.set_mode("autonomous", UPDATES_ID)
        elif what == "the rule":
            d.path.write_text('version = "8"\n' + rule("approve", 'tags_all = ["low-risk"]', "notices"))
        elif what == "the policy is gone":
            desk = replace(desk, core=replace(desk.core, policies=None))
        else:
            d.bench.clock.advance(23 * 3600)
        with pytest.raises(OutcomeUnknown, match="Look in MultiMail whether it went out"):
            await desk.draft(101, KETTLE)
        assert handed_over(d) == before
        assert d.sent() == []


async def test_a_send_that_was_lost_is_not_made_again_to_somebody_who_left_meanwhile(tmp_path: Path) -> None:
    async with policy_desk(tmp_path, TEXT) as d:
        add_mailbox(d)
        d.tag("low-risk")
        await lost_before(d)
        before, store = handed_over(d), d.bench.desk.core.store
        (known,) = [one for one in await d.bench.desk.replies_of(101) if one.body == KETTLE]
        wish = add(store, known.recipient, reason="asked", source="test", ticket_id=101, since="2026-01-28")
        await store.tell(wish)
        with pytest.raises(Suppressed):
            await d.draft()
        assert await store.save_reply(replace(known, attempted_at="2027")) is None, "and the database says no, too"
        assert (handed_over(d), d.sent()) == (before, [])


async def test_a_mail_that_multimail_refuses_for_certain_leaves_the_words_free_and_says_so(tmp_path: Path) -> None:
    async with policy_desk(tmp_path, TEXT) as d:
        add_mailbox(d)
        d.tag("low-risk")
        d.bench.world.faults.add(parse_fault("cloudflare_403@multimail POST send"))
        with pytest.raises(DeskError):
            await d.draft()
        (failed,) = [one for one in await d.bench.desk.replies_of(101) if one.body == KETTLE]
        assert (failed.state, failed.decision) == ("failed", None)
        assert (await d.last(failed))["effect"].startswith("failed:")


async def test_nobody_can_decide_against_a_reply_that_left_and_agreeing_changes_nothing(tmp_path: Path) -> None:
    async with policy_desk(tmp_path, TEXT) as d:
        add_mailbox(d)
        d.tag("low-risk")
        reply = await d.draft()
        with pytest.raises(AlreadyDecided):
            await d.bench.desk.cancel(reply.message_id or "")
        assert (await d.approve(reply)).decided_by == "policy:notices"
        assert d.sent() == [KETTLE]


async def test_a_later_reply_does_not_go_on_in_the_thread_of_another_mailbox(tmp_path: Path) -> None:
    async with policy_desk(tmp_path, TEXT) as d:
        add_mailbox(d)
        d.tag("low-risk")
        left = await d.draft()
        d.path.write_text('version = "8"')
        d.bench.clock.advance(60)
        held = await d.draft(body="Dear Maria, one thing more.")
        assert held.state == "held"
        assert left.thread_id
        assert not [call.path for call in d.bench.world.calls("multimail") if left.thread_id in call.path]


async def test_a_persons_correction_does_not_leave_at_once(tmp_path: Path) -> None:
    async with policy_desk(tmp_path, 'version = "hold"') as d:
        add_mailbox(d)
        d.tag("low-risk")
        old = await d.draft()
        await d.bench.desk.cancel(old.message_id or "")
        d.path.write_text(TEXT)
        corrected = await d.bench.desk.draft(101, f"{KETTLE} Yours, Ines", corrects=old)
        assert (corrected.state, corrected.mailbox) == ("held", MAILBOX_ADDRESS)
        assert "in the place of a reply that was held" in (await d.last(corrected))["guards"][-1]
        assert (await d.draft(body=f"{KETTLE} Straight.")).mailbox == UPDATES


async def test_the_trial_says_what_then_happens_in_each_mode(tmp_path: Path) -> None:
    async with policy_desk(tmp_path, TEXT) as d:
        add_mailbox(d)
        d.tag("low-risk")
        core = d.bench.desk.core
        assert core.policies is not None
        policy = await core.policies.holder.current()
        for mode, outcome in (("monitored", "monitored"), ("autonomous", "hold")):
            d.bench.world.set_mode(mode, UPDATES_ID)
            told = await trial(core, policy, core.policies.gatherer, 101, f"{KETTLE} {mode}")
            assert told.verdict.outcome == outcome
            assert (told.verdict.outcome == "hold") == ("person decides because" in "\n".join(told.lines()))
            assert ((await d.draft(body=f"{KETTLE} {mode}")).state == "held") is (outcome == "hold")


async def test_the_trial_of_an_approving_rule_knows_that_this_process_cannot_decide(tmp_path: Path) -> None:
    async with policy_desk(tmp_path, 'version = "7"\n' + rule("approve", 'tags_all = ["low-risk"]')) as d:
        d.tag("low-risk")
        core = d.bench.desk.core
        assert core.policies is not None
        policy = await core.policies.holder.current()
        told = await trial(replace(core, oversight=None), policy, core.policies.gatherer, 101, KETTLE)
        assert (told.verdict.outcome, told.verdict.guards) == ("hold", ("this process has no deciding key",))
        assert (await trial(core, policy, core.policies.gatherer, 101, KETTLE)).verdict.outcome == "approve"


async def test_the_check_up_says_whether_mails_could_leave_from_the_monitored_mailbox(tmp_path: Path) -> None:
    async with policy_desk(tmp_path, TEXT) as d:
        told = read({"DESKGATE_HOME": str(tmp_path), "DESKGATE_POLICY": str(d.path)}, sandbox=True)

        async def said() -> str:
            report = await examine(told, transport=SandboxTransport(d.bench.world), clock=d.bench.clock)
            (line,) = [check for check in report.checks if check.name == "policy outcomes"]
            return f"{line.state}: {line.text}"

        assert "monitored: waits for a person, because the monitored mailbox could not be looked at" in await said()
        add_mailbox(d, "gated_send")
        assert (await said()).startswith("warning: ")
        d.bench.world.set_mode("monitored", UPDATES_ID)
        assert (await said()).startswith("ok: ")
        assert f"monitored: leaves at once from {UPDATES}, with a copy" in await said()
