"""A record is a canonical line whatever is put into it, in its place, at a time that does not go back."""

import hashlib
import hmac
import json
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any, cast

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st
from trail import AGENT, ANNA, NAME, START, entry

from deskgate.desk.audit.commitments import seal
from deskgate.desk.audit.record import EVENTS, Actor, Entry, Head, append, stamp
from deskgate.desk.audit.tree import Frontier, leaf_hash
from deskgate.desk.audit.verify import LINE_LIMIT_BYTES, NOTHING_BEFORE, Chain, Report, read_record

EMPTY = Head(NAME)


def one_line(**parts: Any) -> dict[str, Any]:
    return json.loads(append(EMPTY, Entry("email.decide", ANNA, **parts), START).line)


def test_a_record_has_its_number_its_time_and_the_hash_of_the_line_before() -> None:
    first = append(EMPTY, entry(0)[0], START)
    second = append(first.head, entry(1)[0], START + timedelta(microseconds=5))
    assert (first.seq, second.seq) == (0, 1)
    assert read_record(first.line)["prev"] == NOTHING_BEFORE
    assert read_record(second.line)["prev"] == first.hash == hashlib.sha256(first.line).hexdigest()
    assert read_record(second.line)["ts"] == "2026-01-05T08:00:00.000005Z"
    assert second.head.root == Frontier().append(leaf_hash(first.line)).append(leaf_hash(second.line)).root()


def test_the_line_is_what_another_canonicaliser_writes() -> None:
    for number in range(8):
        line = append(EMPTY, entry(number)[0], START).line
        assert line == json.dumps(json.loads(line), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        assert b"\n" not in line


def test_time_never_goes_back_and_is_utc() -> None:
    late = append(EMPTY, entry(0)[0], START + timedelta(hours=1))
    early = append(late.head, entry(1)[0], START)
    assert read_record(early.line)["ts"] == read_record(late.line)["ts"] == "2026-01-05T09:00:00.000000Z"
    assert stamp(datetime(2026, 1, 5, 9, tzinfo=timezone(timedelta(hours=2)))) == "2026-01-05T07:00:00.000000Z"
    assert stamp(datetime(2026, 1, 5, tzinfo=UTC)) < stamp(datetime(2026, 1, 5, 0, 0, 0, 1, tzinfo=UTC))


def test_an_event_that_is_not_in_the_list_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="no such event"):
        append(EMPTY, Entry(cast("Any", "something"), ANNA), START)
    assert len(EVENTS) == len(set(EVENTS))


def test_empty_parts_are_left_out_and_a_person_without_a_client_has_none() -> None:
    line = append(EMPTY, Entry("ticket.read", Actor("system", "x")), START).line
    assert json.loads(line)["actor"] == {"id": "x", "kind": "system"}
    assert set(json.loads(line)) == {"actor", "ev", "log", "prev", "seq", "ts", "v"}


class Word(StrEnum):
    YES = "yes"


def test_what_has_no_canonical_form_becomes_a_text_that_has() -> None:
    found = one_line(
        obj={"nan": math.nan, "infinite": math.inf, "half": 0.5, "whole": 3.0, "true": True, "none": None},
        dec={"huge": 2**53, "small": -(2**53), "largest": 2**53 - 1, "monster": 10**5_000, "word": Word.YES},
        res={"surrogate": "a\ud800b", "nul": "a\0b", "bytes": b"\xff", "set": {"b", "a"}, "Ümlaut key": 1},
    )
    assert found["obj"] == {"nan": "nan", "infinite": "inf", "half": "0.5", "whole": 3, "true": True}
    assert found["dec"]["huge"] == "9007199254740992"
    assert found["dec"]["small"] == "-9007199254740992"
    assert found["dec"]["largest"] == 2**53 - 1
    assert found["dec"]["monster"] == "[integer of 16610 bits]"
    assert found["dec"]["word"] == "yes"
    assert found["res"] == {"surrogate": "a�b", "nul": "a�b", "bytes": "[bytes]", "set": ["a", "b"], "_mlaut_key": 1}


def test_too_much_is_cut_and_marked_and_what_is_short_comes_first() -> None:
    deep: Any = "end"
    for _ in range(50):
        deep = {"deeper": deep}
    found = one_line(dec={"facts": ["x" * 5_000] * 300, "deep": deep, "verdict": "approve", "digest": "sha256:1"})
    assert found["dec"]["verdict"] == "approve"
    assert found["dec"]["digest"] == "sha256:1"
    assert "…[cut]" in json.dumps(found["dec"]["deep"], ensure_ascii=False)
    assert found["dec"]["facts"][0].endswith("…[cut]")
    many = append(EMPTY, Entry("email.decide", ANNA, dec={f"k{n}": "\x01" * 2_000 for n in range(2_000)}), START).line
    assert len(many) < LINE_LIMIT_BYTES / 2


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None))
    | st.binary()
    | st.datetimes(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner) | st.frozensets(st.integers()),
    max_leaves=8,
)
PART = st.dictionaries(st.text(st.characters(codec=None)), ANYTHING)


@settings(max_examples=40, deadline=None)
@given(obj=PART, dec=PART, res=PART, name=st.text(st.characters(codec=None)))
def test_no_content_makes_a_record_fail_or_unreadable(obj: Any, dec: Any, res: Any, name: str) -> None:
    added = append(EMPTY, Entry("webhook.reject", Actor("agent", name), obj, dec, res), START)
    report = Report()
    record = Chain(report, NAME).take(added.line)
    assert report.findings == []
    assert len(added.line) < LINE_LIMIT_BYTES
    assert rfc8785.dumps(record) == added.line
    assert json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() == added.line


def test_personal_data_is_a_commitment_that_only_its_own_row_opens() -> None:
    row = seal({"to": "ada@example.com", "body": "Dear Ada"}, "ada@example.com")
    again = seal({"to": "ada@example.com", "body": "Dear Ada"})
    line = append(EMPTY, Entry("draft.create", AGENT, pii=row.sealed), START).line
    assert json.loads(line)["pii"] == {"commitment": row.sealed.commitment, "row": row.row}
    assert b"dear" not in line.lower()  # no three letters that could be digits of a hash
    assert row.sealed.commitment == hmac.digest(row.key, b"ada@example.com\n" + row.text.encode(), "sha256").hex()
    assert again.sealed.commitment not in (row.sealed.commitment, replace(again, key=row.key).sealed.commitment)
    assert replace(row, person="bob@example.com").sealed != row.sealed
    assert "Ada" not in repr(row)
    assert row.key.hex() not in repr(row)


def test_texts_that_have_no_canonical_form_are_sealed_all_the_same() -> None:
    row = seal({"body": "a\ud800\0" + "x" * 1_000_000, "na\ud800me": "n"})
    assert row.sealed.commitment == hmac.digest(row.key, b"\n" + row.text.encode(), "sha256").hex()
    assert row.text.endswith('"}')
    assert len(row.text) < 400_000


NOT_RECORDS = {
    "no JSON": b"{",
    "a list": b"[]",
    "two objects": b"{}{}",
    "a space after it": append(EMPTY, entry(0)[0], START).line + b" ",
    "a name twice": append(EMPTY, entry(0)[0], START).line.replace(b'"v":1}', b'"v":1,"v":1}'),
    "an inner name twice": append(EMPTY, entry(0)[0], START).line.replace(b'"kind":', b'"kind":"human","kind":'),
    "another version": append(EMPTY, entry(0)[0], START).line.replace(b'"v":1', b'"v":2'),
    "an unknown part": append(EMPTY, entry(0)[0], START).line.replace(b'"v":1}', b'"v":1,"x":{}}'),
    "a missing part": append(EMPTY, entry(0)[0], START).line.replace(b'"ev":"draft.create",', b""),
    "a part that is a list": append(EMPTY, entry(0)[0], START).line.replace(b'"res":{"status":"held"}', b'"res":[]'),
    "a number as text": append(EMPTY, entry(0)[0], START).line.replace(b'"seq":0', b'"seq":"0"'),
    "a fraction": append(EMPTY, entry(0)[0], START).line.replace(b'"seq":0', b'"seq":0.0'),
    "not a number": append(EMPTY, entry(0)[0], START).line.replace(b'"seq":0', b'"seq":NaN'),
    "true for a number": append(EMPTY, entry(0)[0], START).line.replace(b'"seq":0', b'"seq":true'),
    "another form of time": append(EMPTY, entry(0)[0], START).line.replace(b".000000Z", b"Z"),
    "not UTF-8": append(EMPTY, entry(0)[0], START).line.replace(b"held", b"\xff"),
    "a nest of brackets": b"[" * 100_000,
    "a monstrous number": b'{"v":' + b"9" * 100_000 + b"}",
    "empty": b"",
}


@pytest.mark.parametrize("line", NOT_RECORDS.values(), ids=NOT_RECORDS.keys())
def test_what_is_not_a_record_is_a_finding_and_not_a_crash(line: bytes) -> None:
    report = Report()
    assert Chain(report, NAME).take(line) is None
    assert [(one.rule, one.seq) for one in report.findings] == [("record.form", 0)]
