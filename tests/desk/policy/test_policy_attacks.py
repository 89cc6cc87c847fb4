"""The policy over the pretend world: what it lets out, and every way to trick it that the threat model names."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from policy_desk import KETTLE, PolicyDesk, policy_desk
from policy_texts import LOW_RISK, policy_of, rule

from bench import Person
from deskgate.desk import Principal
from deskgate.desk.errors import Forbidden, UpstreamUnavailable
from deskgate.desk.multimail import Mail, Outbox
from deskgate.desk.policy import Setter, Unsent, automatic, evaluate
from deskgate.sandbox.constants import API_USER_ID
from deskgate.sandbox.faults import parse_fault

pytestmark = pytest.mark.anyio

TOMASZ = 33144692240003
MARIA = 33144692240101


async def test_the_low_risk_rule_lets_a_reply_out_and_the_record_names_rule_version_and_facts(tmp_path: Path) -> None:
    async with policy_desk(tmp_path) as d:
        d.tag("low-risk")
        reply = await d.draft()
        assert (reply.state, reply.decided_by, reply.decision) == ("sent", "policy:low-risk", "approve")
        assert reply.decided_digest == reply.digest
        assert d.sent() == [KETTLE]
        row = await d.last(reply)
        assert (row["rule"], row["policy_version"], row["outcome"], row["effect"]) == (
            "low-risk",
            "7",
            "approve",
            "approved",
        )
        assert row["facts"]["tags"]["low-risk"] == "human agent"
        assert row["facts"]["asked"]["tags_all"] == "low-risk: set by human agent"
        assert row.pop("person") == "maria.lindqvist@example.com", "by which it is found when she is to be forgotten"
        assert "kettle" not in json.dumps(row).casefold()
        assert "maria" not in json.dumps(row).casefold()


async def test_an_agent_over_mcp_gets_the_sent_reply_back_and_nobody_was_asked(tmp_path: Path) -> None:
    async with policy_desk(tmp_path) as d:
        d.tag("low-risk")
        person = Person()
        async with d.bench.client(person=person) as c:
            assert (await c.ok("draft_gated_reply", ticket_id=101, body=KETTLE))["state"] == "sent"
        assert person.asked == []


async def test_without_the_tag_a_person_decides(tmp_path: Path) -> None:
    async with policy_desk(tmp_path) as d:
        reply = await d.draft()
        assert reply.state == "held"
        row = await d.last(reply)
        assert (row["rule"], row["outcome"], row["effect"]) == (None, "hold", "held")


TAGGINGS: list[tuple[dict[str, Any], str]] = [
    ({"author_id": API_USER_ID, "channel": "api"}, "our API user"),
    ({"author_id": API_USER_ID}, "our API user"),
    ({"author_id": TOMASZ, "channel": "rule"}, "automatic"),
    ({"author_id": TOMASZ, "channel": "api"}, "automatic"),
    ({"author_id": TOMASZ, "channel": "email"}, "automatic"),
    ({"author_id": MARIA}, "end user"),
]


@pytest.mark.parametrize(("how", "setter"), TAGGINGS)
async def test_t4_a_tag_that_no_human_agent_set_by_hand_lets_nothing_out(
    tmp_path: Path, how: dict[str, Any], setter: str
) -> None:
    async with policy_desk(tmp_path) as d:
        d.tag("low-risk", **how)
        reply = await d.draft()
        assert reply.state == "held"
        assert (await d.last(reply))["facts"]["tags"]["low-risk"] == setter
        assert d.sent() == []


async def test_t4_the_tag_set_through_our_own_client_lets_nothing_out_even_when_an_agent_saves_the_ticket(
    tmp_path: Path,
) -> None:
    async with policy_desk(tmp_path) as d:
        await d.bench.desk.zendesk.add_tags(101, ["low-risk"])
        d.bench.clock.advance(5)
        d.tag("seen")
        reply = await d.draft()
        assert reply.state == "held"
        assert (await d.last(reply))["facts"]["tags"] | {"delivery": "", "order_48213": ""} == {
            "delivery": "", "order_48213": "", "low-risk": "our API user", "seen": "human agent",
        }  # fmt: skip


async def test_t5_a_customer_whose_words_ask_for_the_tag_gets_no_automatic_reply(tmp_path: Path) -> None:
    async with policy_desk(tmp_path) as d:
        d.bench.world.edit_ticket(101, author_id=MARIA, channel="email", tags=["delivery", "low-risk"],
                                  comment={"body": "low-risk low-risk", "public": True})  # fmt: skip
        assert (await d.draft()).state == "held"
        # and where Zendesk's automatic tagging put it on at the ticket's creation
        made = await create(d, MARIA, ["low-risk"], "low-risk please")
        assert (await d.draft(made, "Dear Maria, it is on its way.")).state == "held"
        assert d.sent() == []


async def create(d: PolicyDesk, requester_id: int, tags: list[str], words: str) -> int:
    """A new ticket, as the sandbox's Zendesk makes it for its API."""
    from deskgate.sandbox.zendesk.tickets import _create

    with d.bench.world.moment() as moment:
        wish = {"subject": words, "requester_id": requester_id, "tags": tags, "comment": {"body": words}}
        return int(_create(moment, wish, TOMASZ)["ticket"]["id"])


async def test_t6_a_mail_that_claims_another_ticket_is_judged_by_our_own_record(tmp_path: Path) -> None:
    async with policy_desk(tmp_path) as d:
        d.tag("low-risk")
        reply = await d.draft(104, "Dear Sam, we look into it.")
        assert reply.state == "held"
        await d.bench.desk.core.outbox.tag(reply.message_id or "", {"zendesk_ticket_id": "101"})
        core = d.bench.desk.core
        assert core.policies is not None
        d.bench.clock.advance(1)
        assert (await automatic(core, core.policies, reply)).state == "held"
        assert (await d.last(reply))["ticket_id"] == 104
        assert d.sent() == []


async def test_t16_a_thousand_tickets_in_a_strangers_name_get_no_automatic_reply(tmp_path: Path) -> None:
    async with policy_desk(tmp_path) as d:
        core, stranger = d.bench.desk.core, 33144692240106
        assert core.policies is not None
        policy = await core.policies.holder.current()
        d.tag("low-risk", ticket_id=106)
        ticket = await core.zendesk.ticket(106)
        assert ticket.requester is not None
        told = await core.policies.gatherer.facts(
            policy, ticket, Unsent("x", "odalys@example.com", "Re: x", "Hello"), d.bench.clock.now()
        )
        assert dict(told.tags)["low-risk"] is Setter.HUMAN_AGENT
        outcomes = {
            evaluate(policy, replace(told, ticket_id=number, first_contact=number % 2 == 0)).outcome
            for number in range(1000)
        }
        assert outcomes == {"hold"}
        for number in range(20):
            made = await create(d, stranger, [], f"hello {number}")
            d.tag("low-risk", ticket_id=made)
            d.bench.world.edit_ticket(made, priority="low")
            assert (await d.draft(made, f"Answer {number}")).state == "held"
        assert d.sent() == []


async def test_a_verified_stranger_is_written_to_by_a_person_first(tmp_path: Path) -> None:
    async with policy_desk(tmp_path, acquainted=False) as d:
        d.tag("low-risk")
        reply = await d.draft()
        assert reply.state == "held"
        assert (await d.last(reply))["facts"]["first_contact"] is True
        text = policy_of(
            rule("approve", 'tags_all = ["low-risk"]')
        )  # a rule that says nothing about it changes nothing
        assert text.rules[0].lets_out
        d.path.write_text('version = "8"\n' + rule("approve", 'tags_all = ["low-risk"]'))
        other = await d.draft(body="Dear Maria, once more.")
        assert other.state == "held"
        assert any("reached this address" in why for why in (await d.last(other))["guards"])


async def test_t17_an_auto_responder_gets_no_automatic_reply(tmp_path: Path) -> None:
    async with policy_desk(tmp_path) as d:
        d.bench.world.edit_ticket(101, author_id=MARIA, channel="email",
                                  comment={"body": "Automatic reply: I am away until Monday.", "public": True})  # fmt: skip
        d.tag("low-risk")
        reply = await d.draft()
        assert reply.state == "held"
        assert (await d.last(reply))["facts"]["auto_responder"] is True


async def test_t17_a_loop_ends_at_the_cap_of_the_address_whatever_its_spelling(tmp_path: Path) -> None:
    async with policy_desk(tmp_path) as d:
        d.tag("low-risk")
        states = []
        for number in range(5):
            d.bench.clock.advance(60)
            states.append((await d.draft(body=f"{KETTLE} ({number} thanks)")).state)
        assert states == ["sent", "sent", "held", "held", "held"]
        d.bench.clock.advance(24 * 3600)
        assert (await d.draft(body=f"{KETTLE} (tomorrow)")).state == "sent"


async def test_the_cap_of_a_domain_counts_all_its_addresses(tmp_path: Path) -> None:
    text = LOW_RISK.replace("[links]", "[caps]\nper_domain_per_day = 1\n[links]")
    async with policy_desk(tmp_path, text) as d:
        odalys = 33144692240106
        d.bench.world.edit_user(odalys, verified=True)
        await d.acquaint(106)
        d.bench.world.edit_ticket(106, priority="low")
        d.tag("low-risk")
        d.tag("low-risk", ticket_id=106)
        assert (await d.draft()).state == "sent"
        held = await d.draft(106, "Dear Odalys, done.")
        assert held.state == "held"
        assert any("mail domain" in why for why in (await d.last(held))["guards"])


async def test_t24_a_draft_with_an_unknown_link_or_an_image_waits_for_a_person(tmp_path: Path) -> None:
    async with policy_desk(tmp_path) as d:
        d.tag("low-risk")
        for body in (
            f"{KETTLE}\nhttps://evil.example/?d=secret",
            f"{KETTLE} ![x](https://help.example.com/pixel.png)",
            f"{KETTLE} <b>hello</b>",
            f"{KETTLE} write to desk@evil.example",
        ):
            assert (await d.draft(body=body)).state == "held", body
        assert d.sent() == []
        assert (await d.draft(body=f"{KETTLE}\nhttps://help.example.com/kettle")).state == "sent"


async def test_t24_a_link_in_the_subject_or_in_the_services_footer_counts_too(tmp_path: Path) -> None:
    async with policy_desk(tmp_path) as d:
        d.tag("low-risk")
        reply = await d.bench.desk.draft(101, KETTLE, "See evil.example")
        assert reply.state == "held"
        core = d.bench.desk.core
        assert core.policies is not None
        d.path.write_text('version = "hold"')
        other, plain = await d.draft(body=f"{KETTLE} Again."), await d.draft(body=f"{KETTLE} Thrice.")
        for mail, footer in ((other, "See https://evil.example"), (plain, "Harbour Lane Goods")):
            d.bench.world.edit_held(mail.message_id or "", markdown=f"{mail.body}\n\n---\n{footer}")
        d.path.write_text(LOW_RISK)
        d.bench.clock.advance(1)
        assert (await automatic(core, core.policies, other)).state == "held"
        assert any("host" in why for why in (await d.last(other))["guards"])
        assert (await automatic(core, core.policies, plain)).state == "held"
        assert any("footer" in why for why in (await d.last(plain))["guards"])


async def test_t7_a_footer_goes_out_automatically_only_once_a_person_has_approved_just_this_one(tmp_path: Path) -> None:
    async with policy_desk(tmp_path) as d:
        d.tag("low-risk")
        core = d.bench.desk.core
        assert core.policies is not None
        d.path.write_text('version = "hold"')
        replies = [await d.draft(body=f"{KETTLE} {word}.") for word in ("One", "Two", "Three")]
        for mail, footer in zip(replies, ("Harbour Lane Goods", "Harbour Lane Goods", "Call +1 900 555"), strict=True):
            d.bench.world.edit_held(mail.message_id or "", markdown=f"{mail.body}\n\n---\n{footer}")
        first, second, strange = replies
        reviewer = Principal("ines", "human", frozenset({"decide"}))
        look = await replace(d.bench.desk, caller=reviewer).look(first.message_id or "")
        assert look is not None
        await replace(d.bench.desk, caller=reviewer).decide(first.message_id or "", "approve", digest=look.digest)
        d.path.write_text(LOW_RISK)
        d.bench.clock.advance(1)
        assert (await automatic(core, core.policies, second)).state == "sent"
        assert (await automatic(core, core.policies, strange)).state == "held"


@pytest.mark.parametrize("meanwhile", ["escalated", "tag gone", "policy"])
async def test_what_changes_while_a_draft_is_handed_over_and_scanned_counts(tmp_path: Path, meanwhile: str) -> None:
    async with policy_desk(tmp_path) as d:
        d.tag("low-risk")
        submit = Outbox.submit

        async def slowly(outbox: Outbox, draft: Any) -> Any:
            accepted = await submit(outbox, draft)
            d.bench.clock.advance(2)
            if meanwhile == "escalated":
                d.tag("escalated")
            elif meanwhile == "tag gone":
                d.bench.world.edit_ticket(101, tags=[])
            else:
                d.path.write_text('version = "hold"')
            return accepted

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Outbox, "submit", slowly)
            assert (await d.draft()).state == "held"
        assert d.sent() == []


async def test_a_held_mail_that_was_altered_or_a_ticket_that_moved_waits_for_a_person(tmp_path: Path) -> None:
    async with policy_desk(tmp_path) as d:
        core = d.bench.desk.core
        assert core.policies is not None
        altered, moved = await d.draft(body=f"{KETTLE} One."), await d.draft(body=f"{KETTLE} Two.")
        d.bench.world.edit_held(altered.message_id or "", markdown="Send money.")
        d.bench.clock.advance(60)
        d.tag("low-risk")
        assert (await automatic(core, core.policies, moved)).state == "held"
        assert any("ticket changed" in why for why in (await d.last(moved))["guards"])
        assert (await automatic(core, core.policies, altered)).state == "held"
        assert d.sent() == []


async def test_a_mail_that_was_altered_between_the_draft_and_the_policy_is_not_let_out(tmp_path: Path) -> None:
    async with policy_desk(tmp_path) as d:
        core = d.bench.desk.core
        assert core.policies is not None
        d.path.write_text('version = "hold"')
        d.tag("low-risk")
        altered = await d.draft()
        redirected = await d.draft(body=f"{KETTLE} Two.")
        whole = await d.draft(body=f"{KETTLE} Three.")
        d.bench.world.edit_held(altered.message_id or "", markdown="Send money.")
        d.bench.world.edit_held(redirected.message_id or "", to=["evil@evil.example"])
        d.path.write_text(LOW_RISK)
        d.bench.clock.advance(1)
        for reply in (altered, redirected):
            assert (await automatic(core, core.policies, reply)).state == "held"
            assert any("word for word" in why for why in (await d.last(reply))["guards"])
        assert (await automatic(core, core.policies, whole)).state == "sent"
        assert d.sent() == [whole.body]


async def test_a_service_that_does_not_show_the_body_gets_no_automatic_approval(tmp_path: Path) -> None:
    class Bodiless:
        """A MultiMail whose lists carry no bodies."""

        def __init__(self, outbox: Outbox) -> None:
            self._outbox = outbox

        def __getattr__(self, name: str) -> Any:
            return getattr(self._outbox, name)

        async def read(self, message_id: str) -> Mail:
            return replace(await self._outbox.read(message_id), body=None)

        async def at(self, _mailbox: str) -> Any:
            return self

    async with policy_desk(tmp_path) as d:
        d.tag("low-risk")
        core = replace(d.bench.desk.core, outbox=Bodiless(d.bench.desk.core.outbox))
        reply = await replace(d.bench.desk, core=core).draft(101, KETTLE)
        assert reply.state == "held"
        assert (await d.last(reply))["facts"]["held"] == "body not shown by MultiMail"
        assert any("word for word" in why for why in (await d.last(reply))["guards"])


async def test_a_refusing_rule_stops_a_draft_before_anything_is_sent(tmp_path: Path) -> None:
    text = 'version = "1"\n' + rule("refuse", 'words_any = ["password"]', "secrets")
    async with policy_desk(tmp_path, text) as d:
        held = len(d.bench.world.emails())
        with pytest.raises(
            Forbidden, match=r'The policy refuses this draft \(rule "secrets"\): No\. Nothing was sent\.'
        ):
            await d.draft(body="Your password is kettle")
        async with d.bench.client() as c:
            assert await c.fails("draft_gated_reply", ticket_id=101, body="Your password is mug") == "forbidden"
        assert len(d.bench.world.emails()) == held
        assert await d.bench.desk.replies_of(101)
        rows = await d.bench.desk.core.policies.gatherer.tables.rows(  # type: ignore[union-attr]
            "SELECT effect, outcome FROM policy_evaluations WHERE rule = 'secrets'"
        )
        assert rows == [{"effect": "refused", "outcome": "refuse"}] * 2


async def test_a_process_without_the_deciding_key_approves_nothing(tmp_path: Path) -> None:
    async with policy_desk(tmp_path) as d:
        d.tag("low-risk")
        core = replace(d.bench.desk.core, oversight=None)
        reply = await replace(d.bench.desk, core=core).draft(101, KETTLE)
        assert reply.state == "held"
        assert (await d.last(reply))["effect"] == "held"


async def test_zendesk_failing_while_facts_are_gathered_leaves_the_reply_to_a_person(tmp_path: Path) -> None:
    async with policy_desk(tmp_path) as d:
        d.tag("low-risk")

        class Broken:
            """A Zendesk whose histories cannot be read."""

            def __getattr__(self, name: str) -> Any:
                async def fail(*_args: Any, **_more: Any) -> Any:
                    raise UpstreamUnavailable

                return fail

        policies = d.bench.desk.core.policies
        assert policies is not None
        policies.gatherer.source = Broken()
        reply = await d.draft()
        assert reply.state == "held"
        assert (await d.last(reply))["facts"]["tags"]["low-risk"] == "unknown"


async def test_a_reply_gets_one_automatic_try_and_a_lost_decision_stays_with_a_person(tmp_path: Path) -> None:
    async with policy_desk(tmp_path) as d:
        core = d.bench.desk.core
        assert core.policies is not None
        d.path.write_text('version = "hold"')
        d.tag("low-risk")
        reply = await d.draft()
        d.path.write_text(LOW_RISK)
        d.bench.clock.advance(1)
        d.bench.world.faults.add(parse_fault("500@multimail POST decide x6"))
        after = await automatic(core, core.policies, reply)
        assert after.state in ("held", "approving")
        assert (await d.last(reply))["effect"].startswith("failed:")
        d.bench.world.faults.clear()
        d.bench.clock.advance(3600)
        again = await core.store.reply(reply.id)
        assert again is not None
        assert (await automatic(core, core.policies, replace(again, state="held"))).state == "held"
        assert d.sent() == []
        assert (await d.approve(reply)).state == "sent"


async def test_what_one_evaluation_asks_upstream_is_three_calls_and_who_we_are_once(tmp_path: Path) -> None:
    async with policy_desk(tmp_path) as d:

        def asked() -> list[str]:
            return [call.path for call in d.bench.world.calls("zendesk")]

        d.tag("low-risk")
        before = len(asked())
        core = d.bench.desk.core
        assert core.policies is not None
        policy, ticket = await core.policies.holder.current(), await core.zendesk.ticket(101)
        draft = Unsent("x", "maria.lindqvist@example.com", "Re: x", KETTLE)
        core.policies.gatherer._own_id = None
        for _ in range(2):
            await core.policies.gatherer.facts(policy, ticket, draft, d.bench.clock.now())
        names = [path.rsplit("/", 1)[-1] for path in asked()[before + 1 :]]
        assert names == ["audits", "show_many", "me", "audits", "show_many"]


async def test_a_policy_that_looks_at_no_history_asks_zendesk_for_nothing(tmp_path: Path) -> None:
    async with policy_desk(tmp_path, 'version = "1"\n' + rule("hold", 'words_any = ["x"]')) as d:
        before = len(d.bench.world.calls("zendesk"))
        await d.draft()
        paths = [call.path.rsplit("/", 1)[-1] for call in d.bench.world.calls("zendesk")[before:]]
        assert paths == ["101"]
