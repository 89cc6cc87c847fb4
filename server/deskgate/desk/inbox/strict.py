"""JSON from outside, read so that it can mean one thing only and can be stored anywhere."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from typing import Any, Literal

Fault = Literal[
    "empty",
    "not_utf8",
    "not_json",
    "not_an_object",
    "duplicate_key",
    "bad_number",  # NaN, Infinity, more digits than 64 bits or a double hold
    "bad_text",  # NUL, or half of a surrogate pair: the databases refuse them
    "too_deep",
    "too_much",
    "no_event_name",
    "no_id",
    "contradiction",  # two names, or two ids, that do not agree
]

DEPTH = 32
VALUES = 10_000
DIGITS = 18  # any number of so many digits fits into 64 bits
NUMBER_CHARS = 40
UNSTORABLE = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True)
class Unreadable:
    """A body that cannot be worked on, and why."""

    reason: Fault


class _Refused(Exception):
    def __init__(self, reason: Fault) -> None:
        super().__init__(reason)
        self.reason = reason


def read_object(body: bytes) -> dict[str, Any] | Unreadable:
    """The JSON object in a body."""
    if not body.strip():
        return Unreadable("empty")
    try:
        value = _decoder.decode(body.decode("utf-8"))
        _check(value)
    except UnicodeDecodeError:
        return Unreadable("not_utf8")
    except RecursionError:
        return Unreadable("too_deep")
    except _Refused as refused:
        return Unreadable(refused.reason)
    except ValueError:
        return Unreadable("not_json")
    return value if isinstance(value, dict) else Unreadable("not_an_object")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _Refused("duplicate_key")
    return found


def _integer(text: str) -> int:
    if len(text.removeprefix("-")) > DIGITS:
        raise _Refused("bad_number")
    return int(text)


def _fraction(text: str) -> float:
    value = float(text) if len(text) <= NUMBER_CHARS else float("inf")
    if not isfinite(value):
        raise _Refused("bad_number")
    return value


def _constant(_text: str) -> float:
    raise _Refused("bad_number")


_decoder = json.JSONDecoder(
    object_pairs_hook=_no_duplicates, parse_int=_integer, parse_float=_fraction, parse_constant=_constant
)


def _check(value: Any) -> None:
    level = [value]
    seen = 0
    for _ in range(DEPTH):
        seen += len(level)
        if seen > VALUES:
            raise _Refused("too_much")
        level = [below for one in level for below in _below(one)]
        if not level:
            return
    raise _Refused("too_deep")


def _below(value: Any) -> Iterator[Any]:
    if isinstance(value, str):
        if UNSTORABLE.search(value):
            raise _Refused("bad_text")
    elif isinstance(value, dict):
        yield from value
        yield from value.values()
    elif isinstance(value, list):
        yield from value
