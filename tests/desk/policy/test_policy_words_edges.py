"""Words that are written around, and words in the subject."""

import pytest

from deskgate.desk.policy import Unsent
from deskgate.desk.policy.gather import about_text
from deskgate.desk.policy.words import has_phrase, readings, tokens


@pytest.mark.parametrize(
    "text",
    [
        "re\u034ffund",
        "re\u00adfund",
        "re\u180bfund",
        "r\ufe0fefund",
        "re**f**und",
        "**re**fund",
        "re~~f~~und",
        "re`f`und",
        "re*\\*fund",
        "ref&#117;nd",
        "re&shy;fund",
    ],
)
def test_a_word_that_is_cut_by_what_does_not_show_is_still_that_word(text: str) -> None:
    assert tokens(text) == ("refund",)


@pytest.mark.parametrize("text", ["re_f_und", "re__f__und", "a refund_request", "no*refund*here", "x\u2800refund"])
def test_a_word_is_found_in_every_way_in_which_programs_show_it(text: str) -> None:
    assert has_phrase(readings(text), ("refund",))


@pytest.mark.parametrize(
    "text",
    ["legal action", "legal\u3164action", "legal\u2800action", "legal*action*", "le**g**al _action_", "legal_action"],
)
def test_a_phrase_is_found_in_every_way_in_which_programs_show_it(text: str) -> None:
    assert has_phrase(readings(text), ("legal", "action"))


def test_no_phrase_reaches_from_one_reading_into_the_next() -> None:
    assert readings("action a_b legal") == ("action", "a", "b", "legal", "", "action", "ab", "legal")
    assert not has_phrase(readings("action a_b legal"), ("legal", "action"))
    assert readings("plain words") == ("plain", "words")


def test_the_subject_is_looked_at_for_words_as_the_body_is() -> None:
    told = about_text(Unsent("r", "maria@example.com", "Re: Your refund", "Guten Tag."))
    assert has_phrase(told["body_words"], ("refund",))
    assert has_phrase(told["body_words"], ("guten", "tag"))
    assert told["body_chars"] == len("Guten Tag.")
