"""What is read from a draft's text: links in every disguise, words, language; and who looks like a machine."""

import time

import pytest

from deskgate.desk.policy.links import NO_HOST, has_markup, hosts_of, link_state
from deskgate.desk.policy.words import answers_itself, has_phrase, language_of, tokens

EVIL = "evil.example"


@pytest.mark.parametrize(
    "text",
    [
        "see https://evil.example/x",
        "HTTPS://EVIL.EXAMPLE",
        "http:evil.example",
        "https:/evil.example",
        "https:\\\\evil.example",
        "see //evil.example/x",
        "(https://evil.example)",
        "[docs](https://evil.example/a)",
        "[docs](//evil.example)",
        "[1]: https://evil.example",
        "<https://evil.example>",
        "evil.example",
        "Go to evil.example.",
        "evil.example/path?q=1",
        "https://help.example.com@evil.example/",
        "https://evil.example\\@help.example.com",
        "https://evil.example#help.example.com",
        "https://evil.example?help.example.com",
        "https://user:pw@evil.example:8443/",
        "ftp://evil.example",
        "write to x@evil.example",
        "mailto:x@evil.example",
        "mailto:maria@example.com?bcc=x@evil.example",
        "evil&#46;example",
        "evil\\.example",
        "**evil**.example",
        "ｅvil．example",
        "evil\u200b.example",
        "evil。example",
        "https://evil.example.",
        "ask=x@evil.example",
        "evil.example//help.example.com",
        "x:evil.example/y",
        "https://help.example.com/,https://evil.example",
        '<a href="https://evil.example">x</a>',
        "e\u00advil.example",
    ],
)
def test_a_link_is_seen_in_every_disguise(text: str) -> None:
    found = hosts_of(text, but=["maria@example.com"])
    assert found
    assert link_state(found, ["help.example.com", "example.com"]) == "unknown"


@pytest.mark.parametrize(
    "text", ["javascript:alert(1)", "data:text/html;x", "tel:+44123", "https://", "https:///", "cid:1", "sms:123"]
)
def test_a_link_without_a_readable_host_is_an_unknown_one(text: str) -> None:
    assert link_state(hosts_of(text), ["help.example.com"]) == "unknown"


@pytest.mark.parametrize(
    "text",
    [
        "Dear Maria, your parcel is at the shop until Sunday 18:00.",
        "It costs 38.50, not 1.234.567,00.",
        "i.e. e.g. a.m. p.m.",
        "Ref HL-77120; order #48213",
        "I wrote to maria@example.com",
        "Maria@Example.com.",
        "10:30-11:00",
        "What...ever",
        "Note: see below",
        "Version 2.3.1",
        "",
        "...",
        "a @ b",
        "mailto:maria@example.com",
    ],
)
def test_plain_words_are_no_links(text: str) -> None:
    assert hosts_of(text, but=["maria@example.com"]) == ()


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("https://help.example.com/a and help.example.com", ("help.example.com",)),
        ("see https://help.example.com:443/x.", ("help.example.com",)),
        ("http://10.0.0.1/x or 10.0.0.2", ("10.0.0.1", "10.0.0.2")),
        ("https://bücher.example", ("bücher.example",)),
        ("https://exa mple.com b.example", ("b.example", "exa", "mple.com")),
        ("https://a..b/", ("a..b",)),
    ],
)
def test_hosts_are_named_as_they_are_written(text: str, hosts: tuple[str, ...]) -> None:
    assert hosts_of(text) == hosts


def test_a_host_in_other_letters_is_never_a_known_one() -> None:
    assert link_state(hosts_of("https://help.ехample.com"), ["help.example.com"]) == "unknown"
    assert link_state(hosts_of("ｈelp.example.com"), ["help.example.com"]) == "unknown"


def test_links_are_none_known_or_unknown() -> None:
    assert link_state((), []) == "none"
    assert link_state(("a.example",), ["a.example"]) == "known"
    assert link_state(("a.example", "b.example"), ["a.example"]) == "unknown"
    assert link_state((NO_HOST,), ["*.example"]) == "unknown"


@pytest.mark.parametrize(
    "text", ["![x](https://a)", "<img src=x>", "<b>", "</p>", "<!-- x -->", "&lt;img&gt;", "<?php", "<IMG>"]
)
def test_images_and_html_are_seen(text: str) -> None:
    assert has_markup(text)


@pytest.mark.parametrize("text", ["", "a < b", "1 <2", "I <3 tea", "wow! [x]", "a > b"])
def test_plain_text_is_no_markup(text: str) -> None:
    assert not has_markup(text)


def test_words_are_the_same_in_every_spelling() -> None:
    assert tokens("Re\u00adfund, REFUND ｒefund\u200b!") == ("refund", "refund", "refund")
    assert tokens("Straße STRASSE") == ("strasse", "strasse")
    assert tokens("cafe\u0301 café") == ("café", "café")


def test_a_phrase_is_words_next_to_each_other_in_order() -> None:
    words = tokens("We take legal action on Friday")
    assert has_phrase(words, ("legal", "action"))
    assert has_phrase(words, ("friday",))
    assert has_phrase(words, ("we",))
    assert not has_phrase(words, ("action", "legal"))
    assert not has_phrase(words, ("legal", "friday"))
    assert not has_phrase(("legal",), ("legal", "action"))
    assert not has_phrase(words, ("lega",))


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Thank you for writing. Your parcel is with the shop and you can collect it from there.", "en"),
        (
            "Ihr Paket ist im Laden und Sie können es bis Sonntag mit der Nummer abholen, wir haben das Geschenk auch.",
            "de",
        ),
        (
            "Merci, votre colis est dans la boutique et vous pouvez le prendre avec une pièce, nous vous attendons.",
            "fr",
        ),
        ("Din tavla är här och det kan hämtas, jag har inte din adress som du vet.", "sv"),
        ("Kettle Friday", "unknown"),
        ("you and the with", "en"),
        ("you and the", "unknown"),
        ("you and the with have this der das und", "unknown"),
        ("you and the with have this that der das und", "en"),
        ("", "unknown"),
    ],
)
def test_a_language_is_named_only_where_there_is_no_doubt(text: str, language: str) -> None:
    assert language_of(tokens(text)) == language


@pytest.mark.parametrize(
    ("address", "subject", "newest"),
    [
        ("noreply@example.com", "x", None),
        ("No-Reply@example.com", "x", None),
        ("noreply+123@example.com", "x", None),
        ("mailer-daemon@example.com", "x", None),
        ("bounce-77@example.com", "x", None),
        ("a@example.com", "Automatic reply: order", None),
        ("a@example.com", "RE: Automatic Reply", None),
        ("a@example.com", "Abwesenheitsnotiz", None),
        ("a@example.com", "Undeliverable: hello", None),
        ("a@example.com", "x", "Thank you.\nThis is an AUTOMATED message."),
        ("a@example.com", "x", "I am currently out of the office"),
    ],
)
def test_a_machine_that_answers_by_itself_is_recognised(address: str, subject: str, newest: str | None) -> None:
    assert answers_itself(address, subject, newest)


@pytest.mark.parametrize(
    ("address", "subject", "newest"),
    [
        ("maria@example.com", "Where is my order?", "Hello, any news?"),
        ("norah@example.com", "Re: reply", None),
        ("a@example.com", "My automatic reply does not work", "x"),
        ("a@example.com", "x", "y " * 250 + "out of office"),
        ("", "", ""),
    ],
)
def test_a_person_is_not_taken_for_a_machine(address: str, subject: str, newest: str | None) -> None:
    assert not answers_itself(address, subject, newest)


@pytest.mark.parametrize("piece", ["a.", "//", "@", "<", "a:", "=", "\\", "&#46;", "www.", "..", "a@b.", "mailto:"])
def test_hostile_texts_of_full_length_take_no_time(piece: str) -> None:
    text = piece * (60_000 // len(piece))
    begun = time.process_time()
    hosts_of(text)
    has_markup(text)
    language_of(tokens(text))
    assert time.process_time() - begun < 2
