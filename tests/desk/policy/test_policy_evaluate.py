"""The verdict: truth tables of every condition, the order of rules, what unknown means, and the guard rails."""

from typing import Any

import pytest
from policy_texts import GOOD, LOW_RISK, good, policy, policy_of, rule

from deskgate.desk.policy import Held, Setter, evaluate, explain, guards

YES, NO, UNKNOWN = True, False, None
AGENT, BOT, CUSTOMER = Setter.HUMAN_AGENT, Setter.OUR_API_USER, Setter.END_USER

# condition, facts, what it comes to
TABLE: list[tuple[str, dict[str, Any], bool | None]] = [
    ('priority = ["low", "normal"]', {"priority": "normal"}, YES),
    ('priority = ["low", "normal"]', {"priority": "high"}, NO),
    ('priority = ["none"]', {"priority": "none"}, YES),
    ('priority = ["low", "normal"]', {"priority": None}, UNKNOWN),
    ('status = ["open"]', {"status": "open"}, YES),
    ('status = ["open"]', {"status": "pending"}, NO),
    ('status = ["open"]', {"status": None}, UNKNOWN),
    ('channel = ["email"]', {"channel": "email"}, YES),
    ('channel = ["email"]', {"channel": "web"}, NO),
    ('channel = ["email"]', {"channel": None}, UNKNOWN),
    ("organisation = [7]", {"organisation": 7}, YES),
    ("organisation = [7]", {"organisation": 8}, NO),
    ("organisation = [7]", {"organisation": None}, NO),
    ("organisation = [7]", {"organisation": None, "organisation_known": False}, UNKNOWN),
    ("requester_verified = true", {"requester_verified": True}, YES),
    ("requester_verified = true", {"requester_verified": False}, NO),
    ("requester_verified = true", {"requester_verified": None}, UNKNOWN),
    ("requester_suspended = false", {"requester_suspended": False}, YES),
    ("requester_suspended = false", {"requester_suspended": True}, NO),
    ("requester_suspended = false", {"requester_suspended": None}, UNKNOWN),
    ("first_contact = false", {"first_contact": False}, YES),
    ("first_contact = false", {"first_contact": True}, NO),
    ("first_contact = false", {"first_contact": None}, UNKNOWN),
    ("auto_responder = false", {"auto_responder": False}, YES),
    ("auto_responder = false", {"auto_responder": True}, NO),
    ("auto_responder = false", {"auto_responder": None}, UNKNOWN),
    ('language = ["en", "de"]', {"language": "de"}, YES),
    ('language = ["en"]', {"language": "de"}, NO),
    ('language = ["en"]', {"language": "unknown"}, UNKNOWN),
    ("body_chars_min = 120", {"body_chars": 120}, YES),
    ("body_chars_min = 120", {"body_chars": 119}, NO),
    ("body_chars_min = 120", {"body_chars": None}, UNKNOWN),
    ("body_chars_max = 120", {"body_chars": 120}, YES),
    ("body_chars_max = 120", {"body_chars": 121}, NO),
    ("body_chars_max = 120", {"body_chars": None}, UNKNOWN),
    ('links = ["none"]', {"link_hosts": ()}, YES),
    ('links = ["none"]', {"link_hosts": ("help.example.com",)}, NO),
    ('links = ["none", "known"]', {"link_hosts": ("help.example.com",)}, YES),
    ('links = ["none", "known"]', {"link_hosts": None}, UNKNOWN),
    ('words_any = ["on friday"]', {}, YES),
    ('words_any = ["friday on"]', {}, NO),
    ('words_any = ["refund", "kettle"]', {}, YES),
    ('words_any = ["refund"]', {"body_words": None}, UNKNOWN),
    ('words_none = ["refund"]', {}, YES),
    ('words_none = ["kettle"]', {}, NO),
    ('words_none = ["refund", "friday"]', {}, NO),
    ('words_none = ["refund"]', {"body_words": None}, UNKNOWN),
]  # fmt: skip
TOP = '[links]\nknown_hosts = ["help.example.com", "*.shop.example.com"]\n'


def judged(outcome: str, condition: str, facts: dict[str, Any]) -> tuple[bool, bool | None]:
    (step,) = explain(policy_of(rule(outcome, condition), top=TOP), good(**facts))
    return step.matched, step.answers[0].truth


@pytest.mark.parametrize(("condition", "facts", "truth"), TABLE)
def test_a_condition_comes_to_yes_no_or_unknown(condition: str, facts: dict[str, Any], truth: bool | None) -> None:
    assert judged("approve", condition, facts) == (truth is YES, truth)
    assert judged("refuse", condition, facts) == (truth is YES, truth)
    assert judged("hold", condition, facts) == (truth is not NO, truth)


# condition, tags of the ticket, does an approving, a refusing, a holding rule match
TAGS: list[tuple[str, tuple[tuple[str, Setter], ...], bool, bool, bool]] = [
    ('tags_all = ["a"]', (), NO, NO, NO),
    ('tags_all = ["a"]', (("a", AGENT),), YES, YES, YES),
    ('tags_all = ["a"]', (("a", BOT),), NO, NO, YES),
    ('tags_all = ["a"]', (("a", CUSTOMER),), NO, NO, YES),
    ('tags_all = ["a"]', (("a", Setter.AUTOMATIC),), NO, NO, YES),
    ('tags_all = ["a"]', (("a", Setter.UNKNOWN),), NO, NO, YES),
    ('tags_all = ["a", "b"]', (("a", AGENT),), NO, NO, NO),
    ('tags_all = ["a", "b"]', (("a", AGENT), ("b", BOT)), NO, NO, YES),
    ('tags_all = ["a", "b"]', (("a", AGENT), ("b", AGENT), ("c", BOT)), YES, YES, YES),
    ('tags_any = ["a", "b"]', (), NO, NO, NO),
    ('tags_any = ["a", "b"]', (("b", AGENT),), YES, YES, YES),
    ('tags_any = ["a", "b"]', (("b", BOT),), NO, NO, YES),
    ('tags_none = ["a", "b"]', (), YES, YES, YES),
    ('tags_none = ["a", "b"]', (("b", AGENT),), NO, NO, NO),
    ('tags_none = ["a", "b"]', (("b", BOT),), NO, YES, YES),
    ('tags_none = ["a", "b"]', (("c", AGENT),), YES, YES, YES),
]  # fmt: skip


@pytest.mark.parametrize(("condition", "tags", "approves", "refuses", "holds"), TAGS)
def test_a_tag_helps_only_from_a_human_agent_and_stands_in_the_way_from_anyone(
    condition: str, tags: tuple[tuple[str, Setter], ...], approves: bool, refuses: bool, holds: bool
) -> None:
    found = [judged(outcome, condition, {"tags": tags}) for outcome in ("approve", "refuse", "hold")]
    assert found == [(approves, approves), (refuses, refuses), (holds, holds)]


def test_a_monitored_rule_is_as_strict_as_an_approving_one() -> None:
    text = policy_of(rule("monitored", 'tags_all = ["low-risk"]'), top='monitored_mailbox = "u@example.com"')
    assert evaluate(text, GOOD).outcome == "monitored"
    assert evaluate(text, GOOD).why == 'Rule "r" says monitored.'
    assert evaluate(text, good(tags=(("low-risk", BOT),))).outcome == "hold"
    assert evaluate(text, good(first_contact=True)).outcome == "hold"


def test_the_first_rule_that_matches_decides_and_later_ones_are_not_looked_at() -> None:
    text = policy_of(
        rule("hold", 'words_any = ["refund"]', "one"),
        rule("refuse", 'words_any = ["kettle"]', "two"),
        rule("approve", 'priority = ["normal"]', "three"),
    )
    assert (evaluate(text, GOOD).outcome, evaluate(text, GOOD).rule) == ("refuse", "two")
    assert [(step.rule.name, step.matched) for step in explain(text, GOOD)] == [("one", False), ("two", True)]
    assert evaluate(text, good(body_words=("hello",))).rule == "three"
    assert evaluate(text, good(body_words=("refund", "kettle"))).rule == "one"


def test_where_no_rule_matches_a_person_decides() -> None:
    verdict = evaluate(policy(LOW_RISK), good(priority="urgent"))
    assert (verdict.outcome, verdict.rule, verdict.version) == ("hold", None, "7")
    assert verdict.policy_hash == policy(LOW_RISK).hash
    assert verdict.why == "No rule matched, so a person decides."
    assert evaluate(policy('version = "1"'), GOOD).outcome == "hold"


def test_all_conditions_of_a_rule_have_to_be_true_together() -> None:
    text = policy_of(rule("approve", 'priority = ["normal"]\nchannel = ["web"]'))
    assert evaluate(text, GOOD).outcome == "hold"
    assert evaluate(text, good(channel="web")).outcome == "approve"


def test_an_approval_names_its_rule_its_version_and_the_facts_that_it_used() -> None:
    verdict = evaluate(policy(LOW_RISK), GOOD)
    assert (verdict.outcome, verdict.rule, verdict.version, verdict.guards) == ("approve", "low-risk", "7", ())
    assert verdict.why == 'Rule "low-risk" says approve.'
    assert verdict.facts_used == {
        "tags_all": "low-risk: set by human agent",
        "priority": "normal",
        "requester_verified": "true",
        "first_contact": "false",
    }


def test_an_explanation_says_what_was_found_in_our_own_words() -> None:
    text = policy_of(
        rule(
            "hold",
            'tags_any = ["x"]\nwords_any = ["kettle", "refund"]\norganisation = [3]\n'
            'language = ["de"]\nbody_chars_min = 3\nlinks = ["none"]\nwords_none = ["zebra"]',
        ),
        top=TOP,
    )
    (step,) = explain(text, good(link_hosts=("evil.example",), organisation=None))
    assert {one.key: one.found for one in step.answers} == {
        "tags_any": "x: absent", "words_any": "kettle", "organisation": "none", "language": "en", "body_chars_min": "120",
        "links": "unknown", "words_none": "none of them",
    }  # fmt: skip
    (step,) = explain(
        text, good(organisation_known=False, organisation=None, link_hosts=None, body_words=None, body_chars=None)
    )
    found = {one.key: one.found for one in step.answers}
    assert {found[key] for key in ("organisation", "links", "words_any", "words_none", "body_chars_min")} == {"unknown"}


def test_a_refusal_carries_the_operators_reason() -> None:
    verdict = evaluate(policy_of(rule("refuse", 'words_any = ["kettle"]')), good(first_contact=True))
    assert (verdict.outcome, verdict.reason, verdict.guards) == ("refuse", "No.", ())


GUARDS: list[tuple[dict[str, Any], str]] = [
    ({"requester_verified": False}, "verified"),
    ({"requester_verified": None}, "verified"),
    ({"requester_suspended": True}, "suspended"),
    ({"requester_suspended": None}, "suspended"),
    ({"auto_responder": True}, "automatic answerer"),
    ({"auto_responder": None}, "automatic answerer"),
    ({"first_contact": True}, "reached this address"),
    ({"first_contact": None}, "reached this address"),
    ({"link_hosts": ("evil.example",)}, "host the policy does not know"),
    ({"link_hosts": ("help.example.com", "evil.example")}, "host the policy does not know"),
    ({"link_hosts": None}, "host the policy does not know"),
    ({"markup": True}, "image or HTML"),
    ({"markup": None}, "image or HTML"),
    ({"status": "solved"}, "solved or closed"),
    ({"status": "closed"}, "solved or closed"),
    ({"status": None}, "solved or closed"),
    ({"ticket_moved": True}, "ticket changed"),
    ({"ticket_moved": None}, "ticket changed"),
    ({"held": Held.ALTERED}, "word for word"),
    ({"held": Held.BODY_UNSEEN}, "word for word"),
    ({"held": Held.NOT_HELD}, "word for word"),
    ({"held": None}, "word for word"),
    ({"approvals_recipient": 2}, "this address got"),
    ({"approvals_recipient": 3}, "this address got"),
    ({"approvals_recipient": None}, "this address got"),
    ({"approvals_domain": 20}, "mail domain got"),
    ({"approvals_domain": None}, "mail domain got"),
]


@pytest.mark.parametrize(("facts", "words"), GUARDS)
def test_a_guard_rail_holds_whatever_the_rule_says(facts: dict[str, Any], words: str) -> None:
    # The rule asks nothing of what the guard rail looks at.
    text = policy_of(rule("approve", 'channel = ["email"]'), top=TOP)
    assert evaluate(text, GOOD).outcome == "approve"
    verdict = evaluate(text, good(**facts))
    assert (verdict.outcome, verdict.rule) == ("hold", "r")
    (why,) = verdict.guards
    assert words in why
    assert verdict.why == f'Rule "r" says approve, and a person decides because {why}.'
    assert evaluate(policy_of(rule("hold", "")), good(**facts)).guards == ()


def test_just_below_the_caps_an_approval_is_still_automatic_and_a_cap_of_zero_stops_all() -> None:
    text = policy(LOW_RISK)
    assert evaluate(text, good(approvals_recipient=1, approvals_domain=19)).outcome == "approve"
    none = policy(LOW_RISK.replace("[links]", "[caps]\nper_recipient_per_day = 0\n[links]"))
    assert evaluate(none, GOOD).outcome == "hold"


def test_every_guard_rail_that_stands_in_the_way_is_told() -> None:
    found = guards(policy(LOW_RISK), good(requester_verified=False, first_contact=True, markup=True))
    assert len(found) == 3
    verdict = evaluate(policy_of(rule("approve", 'channel = ["email"]')), good(first_contact=True, markup=True))
    assert verdict.why.count(";") == 1


@pytest.mark.parametrize(
    ("host", "outcome"),
    [
        ("help.example.com", "approve"),
        ("a.shop.example.com", "approve"),
        ("a.b.shop.example.com", "approve"),
        ("shop.example.com", "hold"),
        ("evilshop.example.com", "hold"),
        ("help.example.com.evil.example", "hold"),
        ("xhelp.example.com", "hold"),
        ("example.com", "hold"),
    ],
)
def test_only_hosts_that_the_policy_names_are_known(host: str, outcome: str) -> None:
    assert evaluate(policy(LOW_RISK), good(link_hosts=(host,))).outcome == outcome
