"""Edges of finding links: every scheme, every sign around a link, and where a host begins and ends."""

import pytest

from deskgate.desk.policy.links import NO_HOST, has_markup, hosts_of, link_state

MARIA = "maria@example.com"


@pytest.mark.parametrize(
    "scheme", ["mailto", "tel", "sms", "callto", "skype", "whatsapp", "tg", "facetime", "im", "sip"]
)
def test_every_scheme_of_addresses_is_read_for_its_address(scheme: str) -> None:
    assert hosts_of(f"{scheme}:desk@help.example.com") == ("help.example.com",)
    assert hosts_of(f"{scheme.upper()}:{MARIA}", but=[MARIA]) == ()
    assert hosts_of(f"{scheme}:{MARIA}?cc=x@evil.example", but=[MARIA]) == (NO_HOST,)
    assert hosts_of(f"{scheme}:0441234567") == (NO_HOST,)


@pytest.mark.parametrize("scheme", ["javascript", "data", "vbscript", "file", "blob", "about", "intent", "cid"])
def test_every_active_scheme_is_a_link_without_a_host(scheme: str) -> None:
    assert hosts_of(f"{scheme}:blank") == (NO_HOST,)
    assert hosts_of(f"{scheme}://help.example.com/x") == (NO_HOST,)
    assert NO_HOST == "(unreadable)"


@pytest.mark.parametrize("scheme", ["http", "https", "ftp", "ftps", "ws", "wss"])
def test_every_web_scheme_is_a_link_even_without_slashes(scheme: str) -> None:
    assert hosts_of(f"{scheme}:localhost") == ("localhost",)
    assert hosts_of(f"{scheme}:/localhost/x") == ("localhost",)
    assert hosts_of(f"{scheme}:\\localhost") == ("localhost",)
    assert hosts_of(f"{scheme}:") == ()
    assert hosts_of(f"Note{scheme}:localhost") == ()
    assert hosts_of(f"see={scheme}:localhost") == ("localhost",)


@pytest.mark.parametrize("sign", [*"*`~_", "\\"])
def test_emphasis_within_a_name_does_not_hide_it(sign: str) -> None:
    assert "evil.example" in hosts_of(f"ev{sign}il.exam{sign}ple")


@pytest.mark.parametrize("sign", [*".!?:*_~`"])
def test_a_sign_around_a_link_belongs_to_the_sentence(sign: str) -> None:
    assert hosts_of(f"{sign}{sign}{MARIA}{sign}", but=[MARIA]) == ()
    assert hosts_of(f"{sign}mailto:{MARIA}{sign}", but=[MARIA]) == ()


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("\\\\server\\share", ("server",)),
        ("\\server", ()),
        ("//server/share", ("server",)),
        ("/server/share", ()),
        ("a.example//b.example/x", ("a.example", "b.example")),
        ("https://///help.example.com", ("help.example.com",)),
        ("https://a.example//b.example", ("a.example", "b.example")),
        (f"{MARIA}:x@evil.example", (NO_HOST, "evil.example")),
        (f"{MARIA}=x@evil.example", ("evil.example",)),
        (f"{MARIA}&x@evil.example", ("evil.example",)),
        (f"x={MARIA}", ()),
        ("@home", ()),
        ("home@", ()),
        ("a@b", ("b",)),
        ("x@y.example@z.example", ("y.example", "z.example")),
        ("a.b", ()),
        ("a.bc", ("a.bc",)),
        ("a.b1", ("a.b1",)),
        ("1.22", ()),
        ("1.2.3.4", ("1.2.3.4",)),
        ("1.2.3", ()),
        ("1.2.3.4.5", ()),
        ("a.2.3.4", ()),
        ("1.2.3.x", ()),
        ("a。bc", ("a。bc",)),
        ("user:password@evil.example", (NO_HOST, "evil.example")),
        ("https://user:password@evil.example:8443/x", ("evil.example",)),
        ("https://evil.example?x", ("evil.example",)),
        ("https://evil.example#x", ("evil.example",)),
        ("https://evil.example\\x", ("evil.example", "evil.examplex")),
        ("https://EVIL.example.", ("evil.example",)),
        ("https://-evil.example", ("-evil.example",)),
        ("https://e", ("e",)),
    ],
)
def test_a_host_begins_and_ends_where_programs_see_it(text: str, hosts: tuple[str, ...]) -> None:
    assert hosts_of(text, but=[MARIA]) == tuple(sorted(hosts))


def test_an_unreadable_host_is_kept_within_bounds_and_says_that_it_was_cut() -> None:
    assert hosts_of("https://" + "ä" * 100) == ("ä" * 100,)
    assert hosts_of("https://" + "ä" * 101) == ("ä" * 100 + "…",)
    label = "a" * 49
    assert hosts_of(f"https://{'.'.join([label] * 5)}.bcd") == (f"{'.'.join([label] * 5)}.bcd",)
    assert hosts_of(f"https://{'.'.join([label] * 5)}.bcde") == (f"{label}.{label}.…",)


def test_a_pattern_covers_what_is_below_a_name_and_not_the_name() -> None:
    known = ["*.shop.example.com"]
    assert link_state(["a.shop.example.com"], known) == "known"
    assert link_state(["b.a.shop.example.com"], known) == "known"
    assert link_state(["shop.example.com"], known) == "unknown"
    assert link_state(["xshop.example.com"], known) == "unknown"
    assert link_state(["hop.example.com"], known) == "unknown"


@pytest.mark.parametrize(
    "host",
    [
        ".shop.example.com",
        "ä.shop.example.com",
        "a..shop.example.com",
        "-a.shop.example.com",
        "%61.shop.example.com",
        f"{'a' * 64}.shop.example.com",
        f"{'a.' * 125}shop.example.com",
        "a b.shop.example.com",
        "a\n.shop.example.com",
    ],
)
def test_a_host_that_is_no_whole_readable_name_is_never_a_known_one(host: str) -> None:
    assert link_state([host], ["*.shop.example.com", host]) == "unknown"


@pytest.mark.parametrize("length", range(60, 101))
def test_a_long_foreign_host_cannot_be_cut_so_that_it_ends_like_a_known_one(length: int) -> None:
    text = f"https://{'ü' * (length - len('.shop.example.com'))}.shop.example.com.evil.example/?order=48213"
    assert link_state(hosts_of(text), ["*.shop.example.com"]) == "unknown"


def test_an_entity_in_an_image_is_resolved_first() -> None:
    assert has_markup("&#33;[x](y)")
    assert has_markup("<a")
    assert has_markup("</Z")
    assert has_markup("<!")
    assert not has_markup("</1")
    assert not has_markup("! [x]")
