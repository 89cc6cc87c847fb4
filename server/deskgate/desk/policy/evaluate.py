"""From a policy and facts to a verdict: pure, total, deterministic. The first rule that matches decides; none means hold.

Unknown is neither true nor false. A rule that lets a mail out, or refuses it, needs every condition to be true. A rule that
holds needs none of them to be false: what cannot be ruled out is held.

A tag helps only when a human agent set it, and stands in the way whoever set it. So nothing that a customer, a trigger or
our own API user does to the tags can turn a hold into an approval.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from typing import Any

from deskgate.desk.policy.facts import UNKNOWN_LANGUAGE, Facts, Held, Setter
from deskgate.desk.policy.links import link_state
from deskgate.desk.policy.rules import Outcome, Policy, Rule
from deskgate.desk.policy.words import has_phrase

ENDED = ("solved", "closed")
NOT_THE_DRAFT = "what MultiMail holds is not known to be the draft, word for word"
NO_DECIDING_KEY = "this process has no deciding key"
NEW_FOOTER = "under the text stands a footer that no person has approved before in this mailbox"


@dataclass(frozen=True)
class Answer:
    """What one condition came to. `truth` is `None` where the fact is not known; `found` says what was looked at."""

    key: str
    truth: bool | None
    found: str


@dataclass(frozen=True)
class Step:
    """One rule that was tried."""

    rule: Rule
    matched: bool
    answers: tuple[Answer, ...]


@dataclass(frozen=True)
class Verdict:
    """What the policy says. `outcome` is after the guard rails; `rule` is the rule that matched, if any.

    `guards` are the reasons that kept an approval from being automatic. `facts_used` is every fact that the deciding rule
    asked for, as it was found. `why` is one sentence in our own words.
    """

    outcome: Outcome
    rule: str | None
    version: str
    policy_hash: str
    facts_used: dict[str, str]
    why: str
    guards: tuple[str, ...] = ()
    reason: str = ""


def evaluate(policy: Policy, facts: Facts) -> Verdict:
    """The verdict on these facts."""
    for step in explain(policy, facts):
        if step.matched:
            return _verdict(policy, facts, step)
    return Verdict("hold", None, policy.version, policy.hash, {}, "No rule matched, so a person decides.")


def held_back(verdict: Verdict, why: str) -> Verdict:
    """The verdict that a rule's outcome comes to where something outside the policy stands in its way."""
    said = f'Rule "{verdict.rule}" says {verdict.outcome}, and a person decides because {why}.'
    return replace(verdict, outcome="hold", guards=(*verdict.guards, why), why=said)


def explain(policy: Policy, facts: Facts) -> tuple[Step, ...]:
    """Every rule up to the one that matched, with what each of its conditions came to."""
    steps: list[Step] = []
    for rule in policy.rules:
        steps.append(_tried(policy, rule, facts))
        if steps[-1].matched:
            break
    return tuple(steps)


def guards(policy: Policy, facts: Facts) -> tuple[str, ...]:
    """Why this mail must not go out without a person, whatever a rule says."""
    checks = (
        (facts.requester_verified is True, "the requester is not known to be verified"),
        (facts.requester_suspended is False, "the requester is suspended, or it is not known whether"),
        (facts.auto_responder is False, "the requester looks like an automatic answerer, or it is not known whether"),
        (facts.first_contact is False, "no reply of ours reached this address before, or it is not known whether"),
        (
            _links(policy, facts) in ("none", "known"),
            "the text has a link or address whose host the policy does not know",
        ),
        (facts.markup is False, "the text has an image or HTML, or it is not known whether"),
        (
            facts.status is not None and facts.status not in ENDED,
            "the ticket is solved or closed, or its status unknown",
        ),
        (facts.ticket_moved is False, "the ticket changed since the draft, or it is not known whether"),
        (facts.held is Held.AS_DRAFTED, NEW_FOOTER if facts.held is Held.NEW_FOOTER else NOT_THE_DRAFT),
        (
            facts.approvals_recipient is not None and facts.approvals_recipient < policy.per_recipient_per_day,
            "this address got as many automatic replies within 24 hours as the policy allows",
        ),
        (
            facts.approvals_domain is not None and facts.approvals_domain < policy.per_domain_per_day,
            "this mail domain got as many automatic replies within 24 hours as the policy allows",
        ),
    )
    return tuple(why for safe, why in checks if not safe)


def _verdict(policy: Policy, facts: Facts, step: Step) -> Verdict:
    rule = step.rule
    used = {answer.key: answer.found for answer in step.answers}
    found = guards(policy, facts) if rule.lets_out else ()
    outcome: Outcome = "hold" if found else rule.outcome
    why = f'Rule "{rule.name}" says {rule.outcome}'
    if found:
        why += f", and a person decides because {'; '.join(found)}"
    return Verdict(outcome, rule.name, policy.version, policy.hash, used, why + ".", found, rule.reason)


def _tried(policy: Policy, rule: Rule, facts: Facts) -> Step:
    asked = ((entry.name, getattr(rule.when, entry.name)) for entry in fields(rule.when))
    answers = tuple(_JUDGES[key](policy, rule, facts, wanted) for key, wanted in asked if wanted is not None)
    truths = [answer.truth for answer in answers]
    matched = False not in truths if rule.outcome == "hold" else all(truth is True for truth in truths)
    return Step(rule, matched, answers)


def _tags_that_count(rule: Rule, facts: Facts, *, helping: bool) -> frozenset[str]:
    """The tags that one side of a rule sees: those set by a human agent where seeing one helps a mail out, else all."""
    trusted = frozenset(tag for tag, setter in facts.tags if setter is Setter.HUMAN_AGENT)
    return trusted if helping else frozenset(tag for tag, _ in facts.tags)


def _present(rule: Rule, facts: Facts) -> frozenset[str]:
    return _tags_that_count(rule, facts, helping=rule.outcome != "hold")


def _absent(rule: Rule, facts: Facts) -> frozenset[str]:
    return _tags_that_count(rule, facts, helping=not rule.lets_out)


def _setters(facts: Facts, wanted: Iterable[str]) -> str:
    known = dict(facts.tags)
    return ", ".join(f"{tag}: {f'set by {known[tag].value}' if tag in known else 'absent'}" for tag in wanted)


def _tags_all(_policy: Policy, rule: Rule, facts: Facts, wanted: Any) -> Answer:
    return Answer("tags_all", set(wanted) <= _present(rule, facts), _setters(facts, wanted))


def _tags_any(_policy: Policy, rule: Rule, facts: Facts, wanted: Any) -> Answer:
    return Answer("tags_any", bool(set(wanted) & _present(rule, facts)), _setters(facts, wanted))


def _tags_none(_policy: Policy, rule: Rule, facts: Facts, wanted: Any) -> Answer:
    return Answer("tags_none", not set(wanted) & _absent(rule, facts), _setters(facts, wanted))


def _listed(key: str) -> "Judge":
    def judge(_policy: Policy, _rule: Rule, facts: Facts, wanted: Any) -> Answer:
        value = getattr(facts, key)
        return Answer(key, None if value is None else value in wanted, _said(value))

    return judge


def _organisation(_policy: Policy, _rule: Rule, facts: Facts, wanted: Any) -> Answer:
    found = _said(facts.organisation) if facts.organisation or not facts.organisation_known else "none"
    return Answer("organisation", facts.organisation in wanted if facts.organisation_known else None, found)


def _language(_policy: Policy, _rule: Rule, facts: Facts, wanted: Any) -> Answer:
    known = facts.language != UNKNOWN_LANGUAGE
    return Answer("language", facts.language in wanted if known else None, facts.language)


def _equal(key: str) -> "Judge":
    def judge(_policy: Policy, _rule: Rule, facts: Facts, wanted: Any) -> Answer:
        value = getattr(facts, key)
        return Answer(key, None if value is None else value is wanted, _said(value))

    return judge


def _chars(key: str, fits: Callable[[int, int], bool]) -> "Judge":
    def judge(_policy: Policy, _rule: Rule, facts: Facts, wanted: Any) -> Answer:
        size = facts.body_chars
        return Answer(key, None if size is None else fits(size, wanted), _said(size))

    return judge


def _links(policy: Policy, facts: Facts) -> str | None:
    return None if facts.link_hosts is None else link_state(facts.link_hosts, policy.known_hosts)


def _links_in(policy: Policy, _rule: Rule, facts: Facts, wanted: Any) -> Answer:
    state = _links(policy, facts)
    return Answer("links", None if state is None else state in wanted, _said(state))


def _words(key: str, *, present: bool) -> "Judge":
    def judge(_policy: Policy, _rule: Rule, facts: Facts, wanted: Any) -> Answer:
        if facts.body_words is None:
            return Answer(key, None, "unknown")
        found = [" ".join(phrase) for phrase in wanted if has_phrase(facts.body_words, phrase)]
        return Answer(key, bool(found) is present, ", ".join(found) or "none of them")

    return judge


def _said(value: object) -> str:
    if value is None:
        return "unknown"
    return str(value).lower() if isinstance(value, bool) else str(value)


Judge = Callable[[Policy, Rule, Facts, Any], Answer]
_JUDGES: dict[str, Judge] = {
    "tags_all": _tags_all,
    "tags_any": _tags_any,
    "tags_none": _tags_none,
    "priority": _listed("priority"),
    "status": _listed("status"),
    "channel": _listed("channel"),
    "organisation": _organisation,
    "requester_verified": _equal("requester_verified"),
    "requester_suspended": _equal("requester_suspended"),
    "first_contact": _equal("first_contact"),
    "auto_responder": _equal("auto_responder"),
    "language": _language,
    "body_chars_min": _chars("body_chars_min", lambda size, least: size >= least),
    "body_chars_max": _chars("body_chars_max", lambda size, most: size <= most),
    "links": _links_in,
    "words_any": _words("words_any", present=True),
    "words_none": _words("words_none", present=False),
}
