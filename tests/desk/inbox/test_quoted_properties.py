"""Whatever a mail holds, nothing of it is lost, and reading it costs in proportion to its length."""

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from quoted_mails import MOBILE, header_block, introduced

from deskgate.desk.inbox.quoted import SCANNED_CHARS, split

SIZE = 12_000
MOST_STEPS_PER_CHAR = 12


def _benchmark() -> Any:
    path = Path(__file__).resolve().parents[3] / "benchmarks" / "scanner.py"
    spec = importlib.util.spec_from_file_location("scanner", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


HOSTILE: Callable[[int], Iterator[tuple[str, str]]] = _benchmark().hostile
NAMES = [name for name, _ in HOSTILE(10)]

PIECES = [
    *(introduction for _, _, introduction in introduced()),
    *MOBILE,
    header_block("en", "plain"),
    header_block("de", "bold"),
    header_block("ja", "one line"),
    "-----Original Message-----",
    "---------- Forwarded message ---------",
    "________________________________",
    "-- ",
    "--",
    "> quoted",
    ">> quoted twice",
    ">",
    " > set in",
    "",
    " ",
    "My own words.",
    "see below",
    "From: x",
    "wrote:",
    "\u202e\u2028\x00\ufeff",
    "ends here?",
]
anything = st.text(alphabet=st.characters(codec=None), max_size=300)
lines = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=20)), max_size=40)
joined = st.tuples(lines, st.sampled_from(["\n", "\r\n", "\r", "\n\n"])).map(lambda both: both[1].join(both[0]))


def _whole(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


@settings(max_examples=200, deadline=None)
@given(st.one_of(anything, joined))
def test_both_pieces_together_are_the_mail(text: str) -> None:
    result = split(text)
    assert result.new + result.rest == _whole(text)
    assert result.new == "" or result.new.split("\n")[-1].strip()


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(["Yes.", "The blue one", "", "and 3 of those!"]), max_size=12), st.data())
def test_own_words_above_a_quote_are_all_new(words: list[str], data: st.DataObject) -> None:
    own = "\n".join(words).rstrip("\n")
    _, _, introduction = data.draw(st.sampled_from([one for one in introduced() if "@" in one[2]]))
    quote = data.draw(st.sampled_from(["> Which colour?\n> Support", "Which colour?\nSupport"]))
    expected = own if own.strip() else ""
    assert split(f"{own}\n\n{introduction}\n{quote}").new == expected


@settings(max_examples=200, deadline=None)
@given(joined)
def test_the_last_own_line_below_a_marked_quote_is_never_taken_off(text: str) -> None:
    marked = "\n".join(f"> {line}" for line in _whole(text).split("\n"))
    mail = f"{marked}\n\nThis is my answer to all of it."
    assert split(mail).new == mail


@pytest.mark.parametrize("name", NAMES)
def test_twice_the_mail_takes_twice_the_steps(name: str) -> None:
    """Steps are lines of Python run; what one line runs in C looks at a bounded piece or at the mail once."""
    small, large = (steps(dict(HOSTILE(size))[name]) for size in (SIZE, 2 * SIZE))
    assert large <= 2.1 * small + 200
    assert large <= MOST_STEPS_PER_CHAR * 2 * SIZE


def test_a_mail_beyond_the_limit_costs_no_more_than_one_at_the_limit() -> None:
    unit = "From: x\nTo: y\n"
    at_limit, beyond = (steps(unit * (SCANNED_CHARS * times // len(unit))) for times in (1, 3))
    assert beyond <= 1.1 * at_limit


def steps(text: str) -> int:
    """How many lines of Python it takes to split the text."""
    count = 0

    def trace(frame: FrameType, event: str, arg: object) -> Any:
        nonlocal count
        count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        split(text)
    finally:
        sys.settrace(before)
    return count
