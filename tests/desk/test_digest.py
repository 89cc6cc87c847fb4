"""What a digest covers, and what a footer is."""

import hashlib
import json
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from deskgate.desk.digest import FOOTER_LIMIT_CHARS, Content, Seen, digest_of, split_footer, words_of
from deskgate.desk.replies import HELD, Reply

SEEN = Seen(101, "open", "2026-01-28T12:00:00Z", 7, "maria@example.com")
REPLY = Reply(
    id="a" * 32,
    ticket_id=101,
    words="w",
    mailbox="support@desk.example.com",
    recipient="maria@example.com",
    subject="Re: kettle",
    body="Hello",
    seen=SEEN.dump(),
    state=HELD,
    drafted_by="one",
    drafted_at="2026-01-28T12:00:00Z",
    thread_id="thr_1",
)
CONTENT = Content.of_draft(REPLY)
BASE = digest_of(REPLY, CONTENT, SEEN)


def test_a_digest_names_its_function() -> None:
    assert BASE.startswith("sha256:")
    assert len(BASE) == len("sha256:") + 64
    assert digest_of(REPLY, CONTENT, SEEN) == BASE


CHANGES: list[tuple[str, dict[str, Any]]] = [
    ("ticket", {"seen": replace(SEEN, ticket_id=102)}),
    ("status", {"seen": replace(SEEN, status="solved")}),
    ("time of the ticket", {"seen": replace(SEEN, updated_at="2026-01-28T12:00:01Z")}),
    ("requester", {"seen": replace(SEEN, requester_id=8)}),
    ("no requester", {"seen": replace(SEEN, requester_id=None)}),
    ("address in Zendesk", {"seen": replace(SEEN, email="maria@example.org")}),
    ("no address in Zendesk", {"seen": replace(SEEN, email=None)}),
    ("mailbox", {"reply": replace(REPLY, mailbox="other@desk.example.com")}),
    ("to", {"content": replace(CONTENT, to=("evil@example.net",))}),
    ("one more to", {"content": replace(CONTENT, to=(*CONTENT.to, "evil@example.net"))}),
    ("cc", {"content": replace(CONTENT, cc=("evil@example.net",))}),
    ("to as cc", {"content": replace(CONTENT, to=(), cc=CONTENT.to)}),
    ("subject", {"content": replace(CONTENT, subject="Re: kettle ")}),
    ("body", {"content": replace(CONTENT, body="Hello.")}),
    ("an invisible character", {"content": replace(CONTENT, body="Hello\u200b")}),
    ("a combining mark", {"content": replace(CONTENT, body="Hello\u0301")}),
    ("a line end", {"content": replace(CONTENT, body="Hello\n")}),
    ("words across fields", {"content": replace(CONTENT, subject="Re: kettleHello", body="")}),
]


@pytest.mark.parametrize(("what", "change"), CHANGES, ids=[what for what, _ in CHANGES])
def test_every_single_change_makes_another_digest(what: str, change: dict[str, Any]) -> None:
    parts = {"reply": REPLY, "content": CONTENT, "seen": SEEN} | change
    assert digest_of(**parts) != BASE, what


def test_the_thread_is_part_of_the_digest() -> None:
    moved = replace(REPLY, thread_id="thr_2")
    assert digest_of(moved, Content.of_draft(moved), SEEN) != BASE


def test_every_field_of_the_content_and_of_the_ticket_counts() -> None:
    """A field that is added later and forgotten here would be a hole in the approval."""
    for part, kind in ((CONTENT, "content"), (SEEN, "seen")):
        for field in fields(part):
            value = getattr(part, field.name)
            other = (*value, "x") if isinstance(value, tuple) else value + 1 if isinstance(value, int) else f"{value}x"
            changed = {"content": CONTENT, "seen": SEEN} | {kind: replace(part, **{field.name: other})}
            assert digest_of(REPLY, changed["content"], changed["seen"]) != BASE, field.name


def test_what_happens_to_a_reply_later_does_not_change_its_digest() -> None:
    later = replace(REPLY, state="sent", version=9, decided_by="two", reason="fine", footer="--", drafted_by="three")
    assert digest_of(later, CONTENT, SEEN) == BASE


TEXT = st.text(max_size=40)


@given(TEXT, TEXT, TEXT, TEXT)
def test_two_mails_that_differ_anywhere_differ_in_digest(subject: str, body: str, subject2: str, body2: str) -> None:
    assume((subject, body) != (subject2, body2))
    one = replace(CONTENT, subject=subject, body=body)
    two = replace(CONTENT, subject=subject2, body=body2)
    assert digest_of(REPLY, one, SEEN) != digest_of(REPLY, two, SEEN)


@given(st.integers(1, 10**6), st.text(max_size=60))
def test_words_are_one_identity_of_ticket_and_text_in_canonical_json(ticket: int, text: str) -> None:
    plain = json.dumps([ticket, text], separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")
    assert words_of(ticket, text) == hashlib.sha256(plain).hexdigest()
    assert words_of(ticket + 1, text) != words_of(ticket, text)
    assert words_of(ticket, text + " ") != words_of(ticket, text)


@given(st.integers(1, 9**9), TEXT, TEXT, st.none() | st.integers(1, 9**9), st.none() | TEXT)
def test_what_was_seen_survives_the_store_whatever_the_order_of_keys(
    ticket: int, status: str, at: str, who: int | None, email: str | None
) -> None:
    seen = Seen(ticket, status, at, who, email)
    assert Seen.load(seen.dump()) == seen
    backwards = json.dumps(dict(reversed(list(json.loads(seen.dump()).items()))))
    assert digest_of(REPLY, CONTENT, Seen.load(backwards)) == digest_of(REPLY, CONTENT, seen)


BODIES = st.text(alphabet=st.sampled_from("ab \n-*_"), max_size=30)


@given(BODIES, BODIES)
def test_splitting_a_footer_loses_no_character_that_could_matter(drafted: str, held: str) -> None:
    body, footer = split_footer(drafted, held)
    if body == drafted:
        rest = held[len(drafted.rstrip()) :]
        assert held.startswith(drafted.rstrip())
        assert rest.strip() == footer
    else:
        assert (body, footer) == (held, "")


@given(
    BODIES,
    st.sampled_from(["---", "-- ", "--", "***", "___"]),
    st.text("xyz ", min_size=1, max_size=50).filter(str.strip),
)
def test_a_block_behind_a_rule_is_a_footer_and_the_body_stays_as_drafted(drafted: str, rule: str, words: str) -> None:
    held = f"{drafted.rstrip()}\n\n{rule}\n{words}"
    assert split_footer(drafted, held) == (drafted, held[len(drafted.rstrip()) :].strip())


@pytest.mark.parametrize(
    "held",
    [
        "Hello world, pay here",
        "Hello\npay here",
        "Hello ---\npay here",
        "Hello\n--- pay here",
        "Hello\n\n---\n" + "x" * FOOTER_LIMIT_CHARS,
        "Hell",
        "",
        "pay here\n---\nHello",
    ],
)
def test_anything_else_is_a_change_of_the_body(held: str) -> None:
    body, footer = split_footer("Hello", held)
    assert (body, footer) == (held, "")
    assert body != "Hello"


@pytest.mark.parametrize("held", ["Hello", "Hello\n", "Hello\r\n\r\n"])
def test_white_space_at_the_end_is_no_change(held: str) -> None:
    assert split_footer("Hello\n", held) == ("Hello\n", "")
