"""What holds for every policy and every set of facts."""

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from policy_texts import good, policy_of, rule

from deskgate.desk.policy import Facts, Held, Policy, PolicyError, Setter, evaluate, explain, parse
from deskgate.desk.policy.links import hosts_of, link_state

TAGS = st.sampled_from(["low-risk", "vip", "cleared", "x"])
UNTRUSTED = st.sampled_from([one for one in Setter if one is not Setter.HUMAN_AGENT])
MAYBE = st.sampled_from([True, False, None])


def some(values: list[str]) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True).map(
        lambda found: repr(found).replace("'", '"')
    )


CONDITION = st.one_of(
    *(
        some(["low-risk", "vip", "cleared", "x"]).map(lambda listed, key=key: f"{key} = {listed}")
        for key in ("tags_all", "tags_any", "tags_none")
    ),
    some(["low", "normal", "high", "none"]).map("priority = {}".format),
    some(["open", "pending"]).map("status = {}".format),
    some(["none", "known"]).map("links = {}".format),
    some(["refund", "kettle"]).map("words_any = {}".format),
    some(["refund", "kettle"]).map("words_none = {}".format),
    some(["en", "de"]).map("language = {}".format),
    st.integers(1, 300).map("body_chars_max = {}".format),
    st.just("first_contact = false"),
    st.just("requester_verified = true"),
)  # fmt: skip


@st.composite
def policies(draw: Any) -> Policy:
    rules = []
    for place in range(draw(st.integers(0, 5))):
        outcome = draw(st.sampled_from(["hold", "approve", "refuse", "monitored"]))
        lines = draw(st.lists(CONDITION, min_size=1, max_size=3))
        keys = {line.split(" ")[0]: line for line in lines}
        rules.append(rule(outcome, "\n".join(keys.values()), f"r{place}"))
    return policy_of(*rules, top='monitored_mailbox = "u@example.com"')


@st.composite
def facts(draw: Any) -> Facts:
    tags = draw(st.dictionaries(TAGS, st.sampled_from(list(Setter))))
    changes: dict[str, Any] = {
        "priority": draw(st.sampled_from(["low", "normal", "high", "none", None])),
        "status": draw(st.sampled_from(["open", "pending", "solved", "closed", None])),
        "first_contact": draw(MAYBE), "requester_verified": draw(MAYBE), "requester_suspended": draw(MAYBE),
        "auto_responder": draw(MAYBE), "markup": draw(MAYBE), "ticket_moved": draw(MAYBE),
        "language": draw(st.sampled_from(["en", "de", "unknown"])),
        "link_hosts": draw(st.sampled_from([(), ("evil.example",), None])),
        "body_chars": draw(st.sampled_from([10, 250, 1000, None])),
        "body_words": draw(st.sampled_from([("refund",), ("kettle", "x"), (), None])),
        "held": draw(st.sampled_from([*Held, None])),
        "approvals_recipient": draw(st.sampled_from([0, 1, 2, None])),
        "approvals_domain": draw(st.sampled_from([0, 19, 20, None])),
    }  # fmt: skip
    kept = draw(st.sets(st.sampled_from(sorted(changes))))  # most facts stay good, so that approvals happen
    return good(tags=tuple(sorted(tags.items())), **{name: value for name, value in changes.items() if name in kept})


@given(policies(), facts())
@settings(max_examples=400, deadline=None)
def test_a_verdict_is_total_and_deterministic(policy: Policy, found: Facts) -> None:
    verdict = evaluate(policy, found)
    assert verdict == evaluate(policy, replace(found))
    assert verdict.outcome in ("hold", "approve", "refuse", "monitored")
    assert (verdict.rule is None) == (not any(step.matched for step in explain(policy, found)))


@given(policies(), facts(), TAGS, UNTRUSTED)
@settings(max_examples=1500, deadline=None)
def test_an_untrusted_tag_never_turns_a_hold_into_an_approval(
    policy: Policy, found: Facts, tag: str, setter: Setter
) -> None:
    """Neither adding one nor taking one away: only where the other way round lets a mail out may they differ."""
    if tag in dict(found.tags):
        return
    before = evaluate(policy, found).outcome
    after = evaluate(policy, replace(found, tags=(*found.tags, (tag, setter)))).outcome
    if before in ("hold", "refuse"):
        assert after in ("hold", "refuse")


@given(policies(), facts(), st.sampled_from(["priority", "status", "first_contact", "requester_verified", "link_hosts",
       "body_chars", "body_words", "markup", "auto_responder", "held", "approvals_recipient"]))  # fmt: skip
@settings(max_examples=800, deadline=None)
def test_forgetting_a_fact_never_lets_a_mail_out(policy: Policy, found: Facts, name: str) -> None:
    before = evaluate(policy, found)
    after = evaluate(policy, replace(found, **{name: None}))
    if after.outcome in ("approve", "monitored"):
        assert before.outcome in ("approve", "monitored", "hold", "refuse")
        # What lets it out then asks nothing of the forgotten fact: any rule that does is not the one that matched.
        (step,) = [one for one in explain(policy, replace(found, **{name: None})) if one.matched]
        assert all(answer.truth is True for answer in step.answers)
        assert name not in ("first_contact", "requester_verified", "link_hosts", "markup", "auto_responder", "held",
                            "approvals_recipient", "status")  # fmt: skip


@given(policies(), facts())
@settings(max_examples=800, deadline=None)
def test_nothing_goes_out_that_a_guard_rail_forbids(policy: Policy, found: Facts) -> None:
    verdict = evaluate(policy, found)
    if verdict.outcome in ("approve", "monitored"):
        assert found.requester_verified is True
        assert found.requester_suspended is False
        assert found.first_contact is False
        assert found.auto_responder is False
        assert found.markup is False
        assert found.ticket_moved is False
        assert found.link_hosts == ()
        assert found.held is Held.AS_DRAFTED


@given(st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_a_policy_or_a_policy_error(data: bytes) -> None:
    try:
        assert parse(data).version
    except PolicyError as error:
        found = error.faults
        assert found


@given(
    st.text(max_size=200),
    st.sampled_from(["https://evil.example/", "evil.example", "x@evil.example", "//evil.example"]),
)
@settings(max_examples=500, deadline=None)
def test_a_link_is_seen_whatever_stands_around_it(text: str, link: str) -> None:
    for whole in (f"{text} {link} {text}", f"{text}\n{link}"):
        assert link_state(hosts_of(whole), ["help.example.com"]) == "unknown"
