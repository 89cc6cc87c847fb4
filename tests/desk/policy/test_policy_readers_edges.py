"""Edges of reading a policy and of replaying a history: the last value that is good, and the first that is not."""

from dataclasses import replace
from typing import Any, get_args

import pytest
from policy_texts import policy, policy_of, rule
from test_policy_provenance import INES, MARIA, OWN, PEOPLE, Event, Update

from deskgate.desk.policy import PolicyError, Setter
from deskgate.desk.policy.facts import Link
from deskgate.desk.policy.links import link_state
from deskgate.desk.policy.provenance import authors, setters


@pytest.mark.parametrize("word", get_args(Link))
def test_a_rule_may_ask_for_every_state_that_the_links_of_a_text_can_have(word: str) -> None:
    assert policy_of(rule("hold", f'links = ["{word}"]')).rules[0].when.links == (word,)


def test_the_links_of_a_text_have_no_other_state() -> None:
    states = [link_state((), ()), link_state(("a.example",), ("a.example",)), link_state(("a.example",), ())]
    assert states == list(get_args(Link))


def test_an_edition_of_sixty_characters_is_good_and_of_sixty_one_is_not() -> None:
    assert policy(f'version = "{"7" * 60}"').version == "7" * 60
    with pytest.raises(PolicyError, match="at most 60 characters"):
        policy(f'version = "{"7" * 61}"')


@pytest.mark.parametrize("key", ["body_chars_min", "body_chars_max"])
def test_a_length_of_a_hundred_thousand_is_good_and_one_more_is_not(key: str) -> None:
    assert getattr(policy_of(rule("hold", f"{key} = 100_000")).rules[0].when, key) == 100_000
    with pytest.raises(PolicyError, match=f'"{key}"'):
        policy_of(rule("hold", f"{key} = 100_001"))


def test_a_refused_policy_says_every_fault_where_only_its_text_is_shown() -> None:
    assert str(PolicyError(["one", "two"])) == "one\ntwo"


BY_HAND = Update(INES, (Event(["a"], []),))


@pytest.mark.parametrize("beside", ["requester_id", "organization_id", "brand_id", "ticket_form_id"])
def test_a_tag_that_came_with_something_that_brings_tags_was_set_by_no_hand(beside: str) -> None:
    with_it = replace(BY_HAND, events=(*BY_HAND.events, Event("8", "7", field_name=beside)))
    assert setters(["a"], [BY_HAND], PEOPLE, OWN) == (("a", Setter.HUMAN_AGENT),)
    assert setters(["a"], [with_it], PEOPLE, OWN) == (("a", Setter.AUTOMATIC),)


def test_whoever_changed_tags_among_other_things_is_looked_up_and_nobody_else() -> None:
    much = Update(INES, (Event("open", "new", field_name="status"), Event(["a"], [])))
    assert authors([much, Update(MARIA, (Event("open", "new", field_name="status"),)), Update(None, much.events)]) == {
        INES
    }


@pytest.mark.parametrize("odd", [7, None, {"tag": "a"}, ["b"]])
def test_what_is_no_tag_in_a_list_of_tags_is_left_out(odd: Any) -> None:
    assert setters(["a"], [replace(BY_HAND, events=(Event(["a", odd], [odd]),))], PEOPLE, OWN) == (
        ("a", Setter.HUMAN_AGENT),
    )
