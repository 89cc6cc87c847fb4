"""Readers of single values in a policy file. Each raises `ValueError` with what the value must be."""

import re
from collections.abc import Callable
from typing import Any, TypeVar, get_args

from deskgate.desk.policy.facts import NO_PRIORITY, Link
from deskgate.desk.policy.words import LANGUAGES, tokens

T = TypeVar("T")

LARGEST_CAP = 1_000
PRIORITIES = ("urgent", "high", "normal", "low", NO_PRIORITY)
STATUSES = ("new", "open", "pending", "hold", "solved")
_TAG_SHAPE = re.compile(r"\S{1,200}")
_NAME_SHAPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,59}")
_CHANNEL_SHAPE = re.compile(r"[a-z][a-z_]{0,59}")
_HOST_SHAPE = re.compile(r"(?:\*\.)?[a-z0-9](?:[a-z0-9-]{0,62})(?:\.[a-z0-9-]{1,63})+")
_ADDRESS_SHAPE = re.compile(r"[^\s@<>,]{1,64}@[^\s@<>,]{1,255}")


def shape(pattern: re.Pattern[str], wanted: str) -> Callable[[Any], str]:
    """Text of a form, described in words."""

    def read(value: Any) -> str:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise ValueError(f"must be {wanted}")
        return value

    return read


def sentence(value: Any) -> str:
    """One line for people."""
    if not isinstance(value, str) or not value.isprintable() or not 0 < len(value) <= 300:
        raise ValueError("must be one line of at most 300 characters")
    return value


def version(value: Any) -> str:
    """An edition's name."""
    if not isinstance(value, str) or not value.isprintable() or not 0 < len(value) <= 60:
        raise ValueError("must be a text of at most 60 characters")
    return value


def tag(value: Any) -> str:
    """A tag."""
    if not isinstance(value, str) or not _TAG_SHAPE.fullmatch(value) or value != value.lower():
        raise ValueError("must hold tags as Zendesk writes them: lower case, without spaces")
    return value


def phrase(value: Any) -> tuple[str, ...]:
    """A word or phrase, as its words."""
    words = tokens(value) if isinstance(value, str) else ()
    if not words or not all(char.isalnum() or char in " '’-" for char in value):
        raise ValueError("must hold plain words or phrases; patterns are not possible")
    return words


def truth(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise ValueError("must be true or false")  # noqa: TRY004  # the reader's one kind of error
    return value


def whole_number(least: int, most: int) -> Callable[[Any], int]:
    """A whole number within bounds."""

    def read(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise ValueError(f"must be a whole number from {least} to {most}")
        return value

    return read


def one_of(choices: tuple[str, ...]) -> Callable[[Any], str]:
    """One of these words."""

    def read(value: Any) -> str:
        if not isinstance(value, str) or value not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return value

    return read


def list_of(one: Callable[[Any], T]) -> Callable[[Any], tuple[T, ...]]:
    """A list of at least one entry."""

    def read(value: Any) -> tuple[T, ...]:
        if not isinstance(value, list) or not value:
            raise ValueError("must be a list with at least one entry")
        return tuple(one(entry) for entry in value)

    return read


NAME = shape(_NAME_SHAPE, "letters, digits, dots, dashes and underscores, at most 60")
HOST = shape(_HOST_SHAPE, "a list of host names in lower case (help.example.com, or *.example.com for all below it)")
ADDRESS = shape(_ADDRESS_SHAPE, "a mail address")
CAP = whole_number(0, LARGEST_CAP)
CONDITIONS: dict[str, Callable[[Any], Any]] = {
    "tags_all": list_of(tag),
    "tags_any": list_of(tag),
    "tags_none": list_of(tag),
    "priority": list_of(one_of(PRIORITIES)),
    "status": list_of(one_of(STATUSES)),
    "channel": list_of(shape(_CHANNEL_SHAPE, "a list of Zendesk's channel names, such as email or web")),
    "organisation": list_of(whole_number(1, 2**63 - 1)),
    "requester_verified": truth,
    "requester_suspended": truth,
    "first_contact": truth,
    "auto_responder": truth,
    "language": list_of(one_of(LANGUAGES)),
    "body_chars_min": whole_number(1, 100_000),
    "body_chars_max": whole_number(1, 100_000),
    "links": list_of(one_of(get_args(Link))),
    "words_any": list_of(phrase),
    "words_none": list_of(phrase),
}
