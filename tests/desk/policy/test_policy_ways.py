"""Every way out of a text: other schemes, destinations in brackets and tags, what browsers make of them, and plain prose."""

import time

import pytest

from deskgate.desk.policy.links import NO_HOST, hosts_of, link_state
from deskgate.desk.policy.ways import Way, ways_out

MARIA = "maria@example.com"
KNOWN = ["help.example.com", "*.shop.example.com"]


def state(text: str) -> str:
    return link_state(hosts_of(text, but=[MARIA]), KNOWN)


@pytest.mark.parametrize(
    "target",
    [
        "bitcoin:1BoatSLRHtKNngkdXEeobR76b53LETtpyT",
        "ms-settings:privacy",
        "facetime-audio:+19005550100",
        "lightning:lnbc1",
        "market:details?id=x",
        "market://details?id=x",
        "magnet:?xt=urn:btih:0",
        "zoommtg://help.example.com/join",
        "wtai:wp/mc;19005550100",
        "xmpp:help.example.com",
        "geo:48.2,16.3",
        "itms-apps://help.example.com/x",
        "webcal://help.example.com/x",
        "view-source:http:evil",
        "anything-at-all:x",
        "BITCOIN:1Boat",
        "https:evil",
        "//evil",
    ],
)
@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "Pay here={}",
        "(see:{})",
        "[pay]({})",
        "[pay](<{}>)",
        "[pay]( {} )",
        "[pay](\n{})",
        "[x][1]\n\n[1]: {}",
        "[1]:{} 'a title'",
        "> [1]: {}",
        "> - [1]:\n>   {}\n",
        '<a href="{}">x</a>',
        "<a href={}>x</a>",
        "<form\naction = '{}'>",
        "&lt;img src={}&gt;",
    ],
)
def test_a_link_of_any_scheme_is_unknown_wherever_it_stands(text: str, target: str) -> None:
    assert state(text.replace("{}", target)) == "unknown"


@pytest.mark.parametrize(
    "target",
    ["/\\evil", "\\/evil", "/path", "#part", "Foo:12", "evil/help.example.com", "?q", "x", "tel:1", "&sol;&sol;evil"],
)
@pytest.mark.parametrize("text", ["[x]({})", "[1]: {}", '<a href="{}">x</a>'])
def test_a_destination_that_leads_to_no_known_host_is_unknown(text: str, target: str) -> None:
    assert state(text.replace("{}", target)) == "unknown"


@pytest.mark.parametrize(
    "text",
    [
        "[x](https://help.example.com/a_(b))",
        "[x](<https://help.example.com/a>)",
        "[x](help.example.com/a)",
        "[x][1]\n\n[1]: https://help.example.com 'The shop'",
        f"[{MARIA}](mailto:{MARIA}) https://help.example.com",
        "https://help.example.com/?go=bitcoin:1",
        "help.example.com:8443/x",
        "**help.example.com**",
    ],
)
def test_a_known_host_stays_known_in_every_way_to_write_a_link(text: str) -> None:
    assert state(text) == "known"


@pytest.mark.parametrize(
    "text",
    [
        "Note: this",
        "Note:this",
        "12:30",
        "at 12:30-13:00.",
        "kl.18:00",
        "mon-fri:9-17",
        "Re: your order",
        "RE:Your order",
        "Ref:HL-77120",
        "order:48213",
        "Total: 38.50",
        "a:b, 3:2",
        "[Maria]: hello there",
        "[Note]: see below",
        "see [1] and (2)",
        "[x]()",
        "array[0] (first)",
        "href = nothing here",
        "Your options: action = refund",
        "Dear Maria:\nthis is it",
        "tel: 0441234567",
        "and/or, w/o",
        "(home) @ work; @home",
        f"[{MARIA}]({MARIA})",
        f"from={MARIA}",
        "snake_case and *stress*",
    ],
)
def test_prose_with_colons_and_brackets_has_no_links(text: str) -> None:
    assert hosts_of(text, but=[MARIA]) == ()


@pytest.mark.parametrize(
    "text",
    [
        "https://evil.example\\@help.example.com/x",
        "https:\\\\evil.example\\@help.example.com/x",
        "https://help.example.com,@evil.example/x",
        "https://help.example.com;@evil/x",
        "https://help.example.com'x@evil.example/x",
        "[x](https://help.example.com,@evil)",
        "[x](<https://help.example.com|@evil>)",
        "[x](https://help.example.com\\)@evil/)",
        "<a href='https://help.example.com\n@evil.example'>x</a>",
        "https:/\\evil//help.example.com",
    ],
)
def test_the_host_is_the_one_that_a_browser_opens(text: str) -> None:
    assert {"evil", "evil.example"} & set(hosts_of(text))
    assert state(text) == "unknown"


def test_an_address_beside_a_host_does_not_hide_it() -> None:
    assert "evil.example" in hosts_of(f"evil.example/x={MARIA}", but=[MARIA])
    assert "evil.example" in hosts_of(f"evil.example!{MARIA}", but=[MARIA])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[a\nb](//e.example)", "a\nb"),
        ("[a [b] c](//e.example)", "a [b] c"),
        (f"[{'x' * 5_000}](//e.example)", "x" * 5_000),
        ("[a\\]](//e.example)", "a\\]"),
        ("[good][Some  Name]\n\n[some name]: //e.example", "good"),
        ("[good][]\n\n[good]: //e.example", "good"),
        ('<a class=x href="//e.example"><b>go</b>od</a> more', "good"),
        ("<a href=//e.example>good", "good"),
    ],
)
def test_a_way_out_is_found_with_the_words_that_show_it(text: str, words: str) -> None:
    assert Way("//e.example", ("e.example",), words) in list(ways_out(text))


def test_what_is_loaded_without_a_click_is_told() -> None:
    assert next(ways_out("![x](https://a.example)")).loaded
    assert not next(ways_out("![x] [y](https://a.example)")).loaded


PIECES = (
    "a", "[", "]", "![", "[a](", "](", "]:", "[[a](b)", "[x][y]", "<a href=", "<a href='", "href=", "(", "](((", "](<",
    "a1:", ",@a", "\\](", "> ", "é.bc ",
)  # fmt: skip


@pytest.mark.parametrize("head", ["", "<a href=x>"])
@pytest.mark.parametrize("piece", PIECES)
def test_a_text_of_the_greatest_length_costs_no_more_than_its_length(piece: str, head: str) -> None:
    def cost(chars: int) -> float:
        begun = time.process_time()
        hosts_of((head + piece * chars)[:chars])
        return time.process_time() - begun

    assert cost(262_144) < 15  # seconds of CPU, where a square of the length would take hours


def test_a_link_without_a_host_is_named_as_such() -> None:
    assert hosts_of("[pay](bitcoin:1Boat)") == (NO_HOST,)
