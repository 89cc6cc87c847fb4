"""Who set a tag, replayed from histories."""

from dataclasses import dataclass
from typing import Any

import pytest

from deskgate.desk.policy import Setter
from deskgate.desk.policy.provenance import authors, newest_words, setters
from deskgate.desk.zendesk import User

OWN, INES, TOMASZ, MARIA, GONE, OUT = 1, 2, 3, 4, 5, 6


def user(user_id: int, role: str, **more: Any) -> User:
    return User(
        **{
            "id": user_id,
            "name": "N",
            "email": None,
            "role": role,
            "verified": True,
            "active": True,
            "suspended": False,
            **more,
        }
    )


PEOPLE = {
    OWN: user(OWN, "agent"),
    INES: user(INES, "admin"),
    TOMASZ: user(TOMASZ, "agent"),
    MARIA: user(MARIA, "end-user"),
    GONE: user(GONE, "agent", active=False),
    OUT: user(OUT, "agent", suspended=True),
}


@dataclass(frozen=True)
class Event:
    """One event of an update."""

    value: Any = None
    previous_value: Any = None
    field_name: str | None = "tags"
    type: str = "Change"
    channel: str | None = None
    public: bool | None = None
    body: str | None = None


@dataclass(frozen=True)
class Update:
    """One update."""

    author_id: int | None
    events: tuple[Event, ...]
    channel: str | None = "web"


def tagged(
    author_id: int | None, value: Any, previous: Any = (), *, channel: str | None = "web", **more: Any
) -> Update:
    previous = list(previous) if isinstance(previous, tuple) else previous
    return Update(author_id, (Event(value, previous, **more),), channel)


def who(*oldest_first: Update, tag: str = "a", own: int | None = OWN) -> Setter:
    ((found, setter),) = setters([tag], oldest_first[::-1], PEOPLE, own)
    assert found == tag
    return setter


@pytest.mark.parametrize(
    ("update", "setter"),
    [
        (tagged(INES, ["a"]), Setter.HUMAN_AGENT),
        (tagged(TOMASZ, ["a"], channel="mobile"), Setter.HUMAN_AGENT),
        (tagged(TOMASZ, "b a"), Setter.HUMAN_AGENT),
        (tagged(TOMASZ, ["a"], None), Setter.HUMAN_AGENT),
        (tagged(OWN, ["a"]), Setter.OUR_API_USER),
        (tagged(OWN, ["a"], channel="api"), Setter.OUR_API_USER),
        (tagged(MARIA, ["a"]), Setter.END_USER),
        (tagged(TOMASZ, ["a"], channel="api"), Setter.AUTOMATIC),
        (tagged(TOMASZ, ["a"], channel="email"), Setter.AUTOMATIC),
        (tagged(TOMASZ, ["a"], channel="rule"), Setter.AUTOMATIC),
        (tagged(TOMASZ, ["a"], channel=None), Setter.UNKNOWN),
        (tagged(None, ["a"]), Setter.AUTOMATIC),
        (tagged(99, ["a"]), Setter.UNKNOWN),
        (tagged(GONE, ["a"]), Setter.UNKNOWN),
        (tagged(OUT, ["a"]), Setter.UNKNOWN),
        (tagged(TOMASZ, ["a"], type="Create"), Setter.AUTOMATIC),
        (tagged(MARIA, ["a"], type="Create"), Setter.END_USER),
        (Update(TOMASZ, (Event(["a"], [], channel="rule"),)), Setter.AUTOMATIC),
        (Update(TOMASZ, (Event(["a"], []), Event(4, 5, "requester_id"))), Setter.AUTOMATIC),
        (Update(TOMASZ, (Event(["a"], []), Event(4, 5, "organization_id"))), Setter.AUTOMATIC),
        (Update(TOMASZ, (Event(["a"], []), Event("low", None, "priority"))), Setter.HUMAN_AGENT),
        (Update(TOMASZ, (Event(["a"], [], type="Notification"),)), Setter.UNKNOWN),
        (Update(TOMASZ, (Event(["a"], [], "subject"),)), Setter.UNKNOWN),
        (tagged(TOMASZ, ["b"]), Setter.UNKNOWN),
        (tagged(TOMASZ, 7), Setter.UNKNOWN),
        (tagged(TOMASZ, [7, "a"]), Setter.HUMAN_AGENT),
    ],
)
def test_the_setter_of_a_tag_is_who_is_proven_to_have_added_it(update: Update, setter: Setter) -> None:
    assert who(update) is setter


def test_a_tag_that_the_history_does_not_show_has_no_known_setter() -> None:
    assert who() is Setter.UNKNOWN
    assert setters([], [], PEOPLE, OWN) == ()


def test_an_agent_who_saves_a_ticket_does_not_vouch_for_the_tags_that_were_there() -> None:
    assert who(tagged(OWN, ["a"]), tagged(INES, ["a", "b"], ("a",))) is Setter.OUR_API_USER
    # not even where the event forgets to say what was there before
    assert who(tagged(OWN, ["a"]), tagged(INES, ["a", "b"], None)) is Setter.OUR_API_USER
    # nor where the first adding is beyond the part of the history that was read
    assert who(tagged(INES, ["a", "b"], ("a",))) is Setter.UNKNOWN


def test_whoever_added_a_tag_last_counts() -> None:
    assert who(tagged(INES, ["a"]), tagged(INES, [], ("a",)), tagged(OWN, ["a"])) is Setter.OUR_API_USER
    assert who(tagged(OWN, ["a"]), tagged(INES, [], ("a",)), tagged(INES, ["a"])) is Setter.HUMAN_AGENT
    assert who(tagged(INES, ["a"]), tagged(OWN, ["a"], ("a",))) is Setter.HUMAN_AGENT


def test_without_knowing_who_we_are_ourselves_nobody_is_a_human_agent() -> None:
    assert who(tagged(INES, ["a"]), own=None) is Setter.UNKNOWN
    assert who(tagged(INES, ["a"]), own=INES) is Setter.OUR_API_USER


def test_several_tags_are_told_apart_and_sorted() -> None:
    history = [tagged(OWN, ["b", "a"], ("a",)), tagged(INES, ["a"])]
    assert setters(["b", "a", "b"], history, PEOPLE, OWN) == (("a", Setter.HUMAN_AGENT), ("b", Setter.OUR_API_USER))


def test_only_those_who_changed_tags_are_looked_up() -> None:
    history = [tagged(INES, ["a"]), Update(MARIA, (Event("low", None, "priority"),)), tagged(None, ["b"])]
    assert authors(history) == {INES}


def test_the_requesters_newest_public_words_are_found() -> None:
    def said(author: int, body: str, *, public: bool = True) -> Update:
        return Update(author, (Event(type="Comment", field_name=None, public=public, body=body),))

    history = [said(INES, "agent"), said(MARIA, "private", public=False), said(MARIA, "new"), said(MARIA, "old")]
    assert newest_words(history, MARIA) == "new"
    assert newest_words(history[:2], MARIA) is None
    assert newest_words([Update(MARIA, (Event(["a"], public=True, body="x"),))], MARIA) is None
