"""What a text marks up as a link, in Markdown or HTML: its destination, and the words that a reader sees instead.

Each kind walks the text once: a destination ends at the latest where the next one begins, and a stretch of text is the words
of one link only (the innermost, as CommonMark has it). So a hostile text costs no more than its length.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

NAME_CHARS = 999  # of a reference, by CommonMark

_BRACKET = re.compile(r"\\.|[\[\]]", re.DOTALL)
_PARENTHESIS = re.compile(r"\\.|[()]", re.DOTALL)
# A destination may begin on the next line, behind the marks of a quotation.
_GAP = r"(?:(?!\n)[\s>])*+"
_DESTINATION = re.compile(rf"{_GAP}\n?{_GAP}(?:<(?P<fenced>[^<>\n]*)>?|(?P<plain>\S*))")
_BREAK = r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]"
_END_OF_LINE = re.compile(rf"(?:(?!{_BREAK})\s)*+(?:\Z|{_BREAK}|[\"'(])")
_TAG = re.compile(r"<[a-z]", re.IGNORECASE)
_ANY_TAG = re.compile(r"<[^<>]*>")
_ANCHOR = re.compile(r"<a(?=[\s/])", re.IGNORECASE)
_ANCHOR_END = re.compile(r"</a", re.IGNORECASE)
_LOADED = ("src", "srcset", "background", "poster", "data", "dynsrc", "lowsrc")
_FOLLOWED = ("href", "action", "formaction", "cite", "ping")
_VALUE = r"\s*+=\s*+(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)'|[\"']?(?P<bare>[^\s>]*))"
_HREF = re.compile(rf"\bhref{_VALUE}", re.IGNORECASE)
_ATTRIBUTE = re.compile(rf"\b(?P<name>{'|'.join((*_LOADED, *_FOLLOWED))}){_VALUE}", re.IGNORECASE)


@dataclass(frozen=True)
class Destination:
    """A link's target as it is written at `start`, its words, and whether it is loaded without a click."""

    target: str
    words: str
    start: int
    loaded: bool = False


def destinations(text: str) -> Iterator[Destination]:
    """Everything that is marked up as a link in this text, whether a name is ever used or not."""
    if "](" in text or "]:" in text:
        yield from _in_brackets(text)
    if _TAG.search(text):
        yield from _in_tags(text)


def _in_brackets(text: str) -> Iterator[Destination]:
    named: list[tuple[str, Destination]] = []
    uses: dict[str, list[str]] = {}
    taken = before_end = 0
    before = ""
    for start, end in _pairs(text):
        following, words = text[end : end + 1], ""
        if following in ("(", "["):
            words, taken = text[max(start, taken) : end - 1], end
        if following == "(":
            yield _inline(text, start, end, words)
        elif following == ":":
            named += _definition(text, start, end)
        elif before and before_end == start - 1:
            uses.setdefault(_name(text[start : end - 1]) or _name(before), []).append(before)
        before_end, before = end, words
    for name, place in named:
        for words in uses.pop(name, (place.words,)):
            yield Destination(place.target, words, place.start)


def _pairs(text: str) -> Iterator[tuple[int, int]]:
    """For each closing bracket where its words begin and where it ends; one that closes nothing has no words."""
    opened: list[int] = []
    for match in _BRACKET.finditer(text):
        if match[0] == "[":
            opened.append(match.end())
        elif match[0] == "]":
            yield (opened.pop() if opened else match.start()), match.end()
        elif match[0] == "\\]":
            yield match.end() - 1, match.end()


def _inline(text: str, start: int, end: int, words: str) -> Destination:
    target, begins, _ = _destination(text, end, "](")
    return Destination(target, words, begins, loaded=text[max(start - 2, 0) : start] == "![")


def _definition(text: str, start: int, end: int) -> list[tuple[str, Destination]]:
    """What a name stands for, if only a title stands behind it on its line: `[Note]: see below` is prose."""
    target, begins, ends = _destination(text, end, "]:")
    words = text[start : min(end - 1, start + NAME_CHARS)]
    cut = text.startswith("]:", ends)
    alone = cut or _END_OF_LINE.match(text, ends) is not None
    return [(_name(words), Destination(target, words, begins))] if alone else []


def _destination(text: str, end: int, sign: str) -> tuple[str, int, int]:
    """The target behind a closing bracket, where it begins, and where what was read of it ends."""
    limit = text.find(sign, end)
    match = _DESTINATION.match(text, end + 1, limit if limit >= 0 else len(text))
    assert match  # every part of it may be empty  # noqa: S101
    if match["fenced"] is not None:
        return match["fenced"], match.start("fenced"), match.end()
    target = match["plain"] if sign == "]:" else _within_parentheses(match["plain"])
    return target, match.start("plain"), match.end()


def _within_parentheses(text: str) -> str:
    """As far as the parenthesis that closes what was opened before this text."""
    depth = 0
    for match in _PARENTHESIS.finditer(text):
        if match[0] == "(":
            depth += 1
        elif match[0] == ")":
            depth -= 1
        if depth < 0:
            return text[: match.start()]
    return text


def _name(words: str) -> str:
    return " ".join(words[:NAME_CHARS].casefold().split())


def _in_tags(text: str) -> Iterator[Destination]:
    shown: set[int] = set()
    for begin, end in pairwise([*(match.start() for match in _ANCHOR.finditer(text)), len(text)]):
        match = _HREF.search(text, begin, end)
        if match:
            inner = _ANCHOR_END.split(text[match.end() : end].partition(">")[2], maxsplit=1)[0]
            target, start = _value(match)
            shown.add(start)
            yield Destination(target, _ANY_TAG.sub("", inner), start)
    for match in _ATTRIBUTE.finditer(text):
        target, start = _value(match)
        if start not in shown:
            yield Destination(target, "", start, loaded=match["name"].lower() in _LOADED)


def _value(match: re.Match[str]) -> tuple[str, int]:
    group = next(name for name in ("double", "single", "bare") if match[name] is not None)
    return match[group], match.start(group)
