"""Edges of explaining a verdict: the whole text that a person reads, the whole value that a script reads."""

from dataclasses import replace
from pathlib import Path

import pytest
from policy_desk import KETTLE, policy_desk
from policy_texts import GOOD, good, policy_of, rule

from deskgate.desk.policy import Facts, Policy, Setter, evaluate, explain
from deskgate.desk.policy.check import outcomes_check
from deskgate.desk.policy.trial import Trial, trial

pytestmark = pytest.mark.anyio

POLICY = policy_of(
    rule("approve", 'language = ["de"]\nrequester_verified = true', "german"),
    rule("hold", 'tags_any = ["vip"]', "vip"),
    rule("approve", 'tags_all = ["low-risk"]\nlinks = ["none"]', "low-risk"),
    rule("hold", 'status = ["new"]', "never"),
    rule("hold", 'status = ["new"]', "never-2"),
)


def tried(policy: Policy, facts: Facts) -> Trial:
    return Trial(policy, facts, explain(policy, facts), evaluate(policy, facts))


FACTS = good(tags=(("low-risk", Setter.HUMAN_AGENT), ("new", Setter.UNKNOWN)), link_hosts=("a.example", "b.example"))
LINES = f"""\
Policy 1 ({POLICY.hash[:19]}), 5 rules.

What is known about ticket 101:
  tags                 low-risk (human agent), new (unknown)
  priority             normal
  status               open
  channel              email
  organisation         7
  requester_verified   true
  requester_suspended  false
  first_contact        false
  auto_responder       false
  language             unknown
  body_chars           120
  link_hosts           a.example, b.example
  markup               false
  ticket_moved         false
  held                 as drafted
  approvals_recipient  0
  approvals_domain     0

Rules, in order:
  1. german (approve) does not match
       requester_verified   yes      true
       language             unknown  unknown
  2. vip (hold) does not match
       tags_any             no       vip: absent
  3. low-risk (approve) does not match
       tags_all             yes      low-risk: set by human agent
       links                no       unknown
  4. never (hold) does not match
       status               no       open
  5. never-2 (hold) does not match
       status               no       open

Outcome: hold. No rule matched, so a person decides.
If a reviewer corrects it, another person has to approve."""


def test_a_person_reads_every_fact_and_every_rule_in_order() -> None:
    assert "\n".join(tried(POLICY, replace(FACTS, language="unknown")).lines()) == LINES


def test_where_there_is_none_it_says_none_and_rules_behind_the_match_are_counted() -> None:
    lines = tried(replace(POLICY, corrections="approve"), good(tags=(), link_hosts=(), language="de")).lines()
    assert "  tags                 none" in lines
    assert "  link_hosts           none" in lines
    assert "  1. german (approve) matches" in lines
    assert "  4 more after that are not looked at." in lines
    assert lines[-2:] == [
        'Outcome: approve. Rule "german" says approve.',
        "If a reviewer corrects it, they may approve it themselves.",
    ]
    everything = tried(policy_of(rule("hold", 'status = ["open"]')), GOOD).lines()
    assert not [line for line in everything if "more after that" in line]


def test_a_script_reads_the_same() -> None:
    policy = policy_of(rule("hold", 'tags_any = ["vip"]', "vip"), rule("approve", 'language = ["de"]', "odd"))
    found = tried(policy, FACTS)
    found = replace(found, verdict=replace(found.verdict, guards=("one", "two")))
    assert found.dump() == {
        "ticket_id": 101,
        "policy": {"version": "1", "hash": found.policy.hash, "corrections": "another_person"},
        "outcome": "hold",
        "rule": None,
        "why": "No rule matched, so a person decides.",
        "guards": ["one", "two"],
        "facts": FACTS.record(),
        "steps": [
            {
                "rule": "vip",
                "outcome": "hold",
                "matched": False,
                "conditions": [{"key": "tags_any", "truth": False, "found": "vip: absent"}],
            },
            {
                "rule": "odd",
                "outcome": "approve",
                "matched": False,
                "conditions": [{"key": "language", "truth": False, "found": "en"}],
            },
        ],
    }


async def test_it_is_assumed_that_the_draft_is_held_as_written_and_the_ticket_stays(tmp_path: Path) -> None:
    async with policy_desk(tmp_path) as d:
        d.tag("low-risk")
        core = d.bench.desk.core
        assert core.policies is not None
        policy = await core.policies.holder.current()
        found = await trial(core, policy, core.policies.gatherer, 101, f"{KETTLE} evil.example")
        record = found.facts.record()
        assert (record["ticket_moved"], record["held"], record["link_hosts"]) == (False, "as drafted", ["evil.example"])
        assert (found.verdict.outcome, len(found.verdict.guards)) == ("hold", 1)
        assert not d.bench.world.held_mails()


def test_the_check_up_warns_where_an_outcome_cannot_come_about() -> None:
    approving = policy_of(rule("approve", "first_contact = false"))
    refusing = policy_of(rule("refuse", "first_contact = true"))
    assert outcomes_check(approving, "gated_send", deciding_key=False).state == "warning"
    assert outcomes_check(approving, "gated_send", deciding_key=True).state == "ok"
    assert outcomes_check(refusing, "gated_send", deciding_key=False).state == "ok"
    assert outcomes_check(refusing, "gated_send", deciding_key=True, obstacle="it is not there").state == "ok"
