"""One HTTP exchange as plain values, and the table that finds who answers it."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import unquote

Json = dict[str, Any]
T = TypeVar("T")

FLAVOURS = {"int": r"[0-9]{1,18}", "str": r"[^/]+"}


def plain_number(text: str) -> int | None:
    """The number that these ASCII digits spell, where it fits the database; else None."""
    return int(text) if re.fullmatch(FLAVOURS["int"], text) else None


@dataclass(frozen=True)
class Ask:
    """A request as one of the pretend services sees it.

    `path` is what follows the service's own base, still percent-encoded; `origin` is that base, for links in answers;
    `parts` are the named parts of the path, decoded; `caller` is who asks, once that is known.
    """

    method: str
    path: str
    origin: str = ""
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    parts: Mapping[str, str] = field(default_factory=dict)
    caller: str = ""

    def first(self, name: str, default: str = "") -> str:
        """The first value of a query parameter."""
        return next((value for key, value in self.query if key == name), default)

    def has(self, name: str) -> bool:
        """Whether a query parameter is there at all."""
        return any(key == name for key, _ in self.query)

    def number(self, name: str) -> int:
        """A numeric part of the path."""
        return int(self.parts[name])

    def document(self) -> Json:
        """The body as a JSON object. Raises ValueError when it is anything else."""
        value = json.loads(self.body or b"{}")
        if b"\\ud" in self.body.lower():
            json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair is no text: UnicodeEncodeError
        if not isinstance(value, dict):
            raise ValueError("not an object")  # noqa: TRY004, callers answer 400 to any body that cannot be read
        return value


@dataclass(frozen=True)
class Answer:
    """A response: status, whole body, headers with lower-case names."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def also(self, headers: Mapping[str, str]) -> "Answer":
        """The same answer with more headers; those that it already has win."""
        return Answer(self.status, self.body, {**headers, **self.headers})


def json_answer(status: int, value: Any, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer with a JSON body, spelt as both services spell it (UTF-8, unescaped)."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return Answer(status, body, {"content-type": "application/json; charset=utf-8", **(headers or {})})


class RefusedError(Exception):
    """Raised while handling a request: nothing of it is applied, `answer` is what the caller gets."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class RouteTable(Generic[T]):
    """Finds the entry for a method and a path; the first match in the table's order wins."""

    def __init__(self, rows: Iterable[tuple[str, str, T]]) -> None:
        self._rows = [(method, _compiled(pattern), entry) for method, pattern, entry in rows]

    def find(self, method: str, path: str) -> tuple[T, dict[str, str]] | None:
        """The entry and the decoded parts of the path, or None where no such route is served."""
        for wanted, pattern, entry in self._rows:
            match = pattern.fullmatch(path) if wanted == method else None
            if match:
                return entry, {name: unquote(value) for name, value in match.groupdict().items()}
        return None


def _compiled(pattern: str) -> re.Pattern[str]:
    def group(match: re.Match[str]) -> str:
        name, _, flavour = match[1].partition(":")
        return f"(?P<{name}>{FLAVOURS[flavour or 'str']})"

    return re.compile(re.sub(r"\{([a-z_:]+)\}", group, pattern))
