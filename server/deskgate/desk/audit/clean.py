"""Making anything fit for a canonical line, so that nobody can stop an action by making its record fail.

RFC 8785 has no form for NaN, for integers beyond 2**53, for lone surrogates; PostgreSQL has none for NUL. What cannot stay
as it is becomes a text that says so; what is too much is cut, and the cut is marked.
"""

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from deskgate.desk.text import storable

NUMBER_LIMIT = 2**53 - 1
TEXT_LIMIT_CHARS = 2_000
TEXTS_LIMIT_CHARS = 16_000  # of one record: at six bytes a character its line stays far below what the verifier reads
ENTRIES_LIMIT = 400
DEPTH_LIMIT = 5
NAME_LIMIT_CHARS = 60
CUT = "…[cut]"

_NAME = re.compile(r"[^A-Za-z0-9_.:-]")
_SHORT = frozenset({str, int, bool, float, type(None)})
_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def canonical(members: Mapping[str, object]) -> bytes:
    """RFC 8785 of what was cleaned: names in ASCII, no fraction, no number of 2**53 or more, no lone surrogate.

    Of that, and only of that, sorted JSON is the canonical form; the tests hold it against an implementation of the whole.
    """
    return _CANONICAL.encode(members).encode()


class Cleaner:
    """Cleans the parts of one record, within one budget of characters and entries."""

    def __init__(self) -> None:
        self._chars, self._entries = TEXTS_LIMIT_CHARS, ENTRIES_LIMIT

    def value(self, value: object, depth: int = 0) -> Any:
        """The value as JSON that has a canonical form."""
        if type(value) is str:
            return self.text(value)
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int):
            return int(value) if abs(value) <= NUMBER_LIMIT else self.text(_digits(value))
        if isinstance(value, float):
            return (
                int(value)
                if math.isfinite(value) and value.is_integer() and abs(value) <= NUMBER_LIMIT
                else repr(value)
            )
        if isinstance(value, str):
            return self.text(str(value))
        if depth >= DEPTH_LIMIT:
            return CUT
        if isinstance(value, Mapping):
            return self.members(value, depth)
        if isinstance(value, Sequence | set | frozenset) and not isinstance(value, bytes | bytearray):
            return self._items(sorted(value, key=str) if isinstance(value, set | frozenset) else value, depth)
        return self.text(f"[{type(value).__name__}]")

    def text(self, text: str) -> str:
        """The text without what has no canonical form, cut to its own and to the record's bound."""
        room = min(TEXT_LIMIT_CHARS, self._chars)
        kept = text if len(text) <= room else text[: max(room - len(CUT), 0)] + CUT
        self._chars = max(self._chars - len(kept), 0)
        return storable(kept)

    def members(self, members: Mapping[Any, object], depth: int = 0) -> dict[str, Any]:
        """An object: names are plain ASCII; what is `None` is left out. What is short comes before what may be long."""
        made: dict[str, Any] = {}
        for name, value in _short_ones_first(members):
            if value is None:
                continue
            if not self._room():
                made["cut"] = CUT
                break
            made[_named(str(name)[:NAME_LIMIT_CHARS])] = self.value(value, depth + 1)
        return made

    def _items(self, items: Sequence[object], depth: int) -> list[Any]:
        made: list[Any] = []
        for item in items:
            if not self._room():
                made.append(CUT)
                break
            made.append(self.value(item, depth + 1))
        return made

    def _room(self) -> bool:
        self._entries -= 1
        return self._entries >= 0


def _short_ones_first(members: Mapping[Any, object]) -> Iterable[tuple[Any, object]]:
    if _SHORT.issuperset(map(type, members.values())):
        return members.items()
    return sorted(members.items(), key=lambda member: type(member[1]) not in _SHORT)


@lru_cache(maxsize=512)
def _named(name: str) -> str:
    return _NAME.sub("_", name) or "_"


def _digits(value: int) -> str:
    """An integer as text; one that is absurdly long only by its length (writing it out would take forever, or fail)."""
    return str(value) if value.bit_length() <= 1024 else f"[integer of {value.bit_length()} bits]"
