"""What the text functions promise, for any text at all."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskgate.desk.text import (
    AGENTS,
    CLOSE,
    NO_LINK,
    OPEN,
    clean,
    concealed,
    fence,
    fence_line,
    fence_marked,
    label,
    marked,
    reply_subject,
    subject_line,
)

# Plain random text seldom holds what matters here, so it is mixed with pieces that do.
PIECES = st.sampled_from(
    [
        OPEN,
        CLOSE,
        "《",
        "》",
        "≫",
        "untrusted customer text",
        "\r\n",
        "\r",
        "\u2028",
        "\x85",
        "\x00",
        "\u200b",
        "\u202e",
        "\ufe0f",
        "\U000e0041",
        "\U000e0101",
        "\u115f",
        "\u3164",
        "\ud83d",
        "=?utf-8?q?",
        "?=",
        "Re: ",
        "RE:",
        "https://",
        "?token=",
        "/attachments/token/",
        "&",
        "[link with a token removed]",
        " ",
        "\t",
    ]
)
TEXTS = st.lists(st.one_of(PIECES, st.text(max_size=8)), max_size=20).map("".join)
INVISIBLE = {"Cc", "Cf", "Co", "Cs"}


def hidden(text: str, kept: str = "\n\t") -> list[str]:
    """Characters that a reader would not see."""
    unseen = "\u034f\u115f\u1160\u17b4\u17b5\u2028\u2029\u2800\u3164\uffa0"
    return [
        char
        for char in text
        if char not in kept
        and (
            unicodedata.category(char) in INVISIBLE
            or char in unseen
            or "\ufe00" <= char <= "\ufe0f"
            or char >= "\U000e0000"
        )
    ]


@given(TEXTS)
def test_cleaning_leaves_nothing_that_hides_and_cleaning_again_changes_nothing(text: str) -> None:
    once = clean(text)
    assert hidden(once) == []
    assert clean(once) == once


@given(TEXTS)
def test_a_fence_opens_once_and_closes_once_whatever_stands_inside(text: str) -> None:
    for fenced in (fence(text), fence(text, AGENTS), fence_line(text), fence_marked(text)):
        assert fenced.startswith(OPEN)
        assert fenced.endswith(CLOSE)
        assert fenced.count(OPEN) == fenced.count(CLOSE) == 1
        assert hidden(fenced) == []
    assert "\n" not in fence_line(text) + fence_marked(text) + label(text)


@given(TEXTS, st.integers(1, 60))
def test_a_label_keeps_to_its_length_and_cannot_open_a_fence(text: str, limit: int) -> None:
    short = label(text, limit)
    assert len(short) <= limit
    assert OPEN not in short
    assert CLOSE not in short


@given(TEXTS)
def test_marking_shows_every_hidden_character_and_loses_no_visible_one(text: str) -> None:
    shown = marked(text)
    assert hidden(shown) == []
    for char in hidden(text):
        assert f"‹U+{ord(char):04X}›" in shown
    assert marked(shown) == shown
    visible = "".join(char for char in text if not hidden(char))
    assert len(shown) >= len(visible)


@given(TEXTS)
def test_a_subject_is_one_line_that_no_mail_builder_can_take_for_headers(text: str) -> None:
    line = subject_line(text)
    assert hidden(line, kept="") == []
    assert "\n" not in line
    assert "=?" not in line
    assert len(line) <= 900
    assert line == line.strip()
    assert subject_line(line) == line


@given(TEXTS)
def test_a_reply_says_re_once_and_never_nothing(text: str) -> None:
    subject = reply_subject(text)
    assert subject.startswith("Re: ")
    assert not subject[4:].lower().startswith("re:")
    assert subject[4:].strip()
    assert reply_subject(subject) == subject


@pytest.mark.parametrize(
    ("subject", "reply"),
    [
        ("Where is it?", "Re: Where is it?"),
        ("RE: re:Re:   Where is it?", "Re: Where is it?"),
        ("", "Re: (no subject)"),
        ("Re:", "Re: (no subject)"),
        ("a\r\nBcc: evil@example.net", "Re: a Bcc: evil@example.net"),
        ("=?utf-8?q?hi=0ABcc:_x?=", "Re: = ?utf-8?q?hi=0ABcc:_x?="),
        ("=\u200b?utf-8?b?SGk=?=", "Re: = ?utf-8?b?SGk= ?="),
        ("Reply wanted", "Re: Reply wanted"),
    ],
)
def test_the_subject_of_a_reply(subject: str, reply: str) -> None:
    assert reply_subject(subject) == reply


@pytest.mark.parametrize(
    "link",
    [
        "https://acme.zendesk.com/attachments/token/abc/?name=a.pdf",
        "https://a.example/x?token=1",
        "https://a.example/x?a=1&access_token=1",
        "https://a.example/x#id_token=1",
        "https://a.example/x?authenticity_token=1",
        "https://a.example/x?sessionToken=1",
        "https://a.example/x?X-Amz-Signature=1",
        "https://a.example/x?sig=1",
        "https://a.example/x?api_key=1",
        "https://a.example/x?a=1&amp;secret=1",
        "https://a.example/x?%74oken=1",
        "https://user:pass@a.example/x",
        "https://a.example/reset-password/abcdef",
        "https://a.example/confirm/abcdef",
        "//a.example/attachments/token/abc/",
        "www.a.example/?token=1",
        "a.example/login?token=1",
        "HTTPS://A.EXAMPLE/X?TOKEN=1",
        "https://a.example/" + "x" * 5_000 + "?token=1",
        "https://a\u200b.example/?tok\u202een=1",
    ],
)
def test_a_link_that_opens_something_is_taken_out(link: str) -> None:
    for text in (f"see {link} there", f"[click]({link})", f'<a href="{link}">', f"({link})"):
        found = clean(text)
        assert NO_LINK in found, text
        assert "abcdef" not in found
        assert "=1" not in found


@pytest.mark.parametrize(
    "text",
    [
        "https://shop.example.com/orders/48213",
        "https://a.example/?q=kettle&page=2",
        "my code is 4711",
        "the key=value form and/or the other",
        "token",
        "see http://a.example/monkeys/",
        "10/12, 14:00; a.b.c",
        "1 < 2 > 0 (really)",
    ],
)
def test_other_links_and_words_stay_as_they_are(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "http://" * 9_300,
        "https://x/" + "?a" * 32_000,
        "https://x/?" + "a_" * 32_000,
        "//" + ":" * 65_000,
        "/reset" * 10_000 + "//",
        "a.b/" * 16_000,
        "https://x/" + "&token" * 10_000,
        "https://x/" + "%25" * 20_000 + "?token",
    ],
)
def test_a_text_made_to_be_slow_or_to_grow_comes_back_no_longer_than_it_was(text: str) -> None:
    assert len(clean(text)) <= len(text) + len(NO_LINK)


@pytest.mark.parametrize(
    "char", ["\x00", "\x1b", "\u202e", "\u2066", "\U000e0041", "\U000e0001", "\ue000", "\ud800", "\r"]
)
def test_what_no_honest_mail_needs_is_named(char: str) -> None:
    assert concealed(f"a{char}b{char}") == [f"U+{ord(char):04X}"]


@pytest.mark.parametrize("text", ["می‌خواهم", "👨‍👩‍👧", "❤️", "naïve Ω 你好", "a\tb\nc", "\u200e(abc)"])
def test_what_honest_mails_need_is_not(text: str) -> None:
    assert concealed(text) == []
