"""How a person is recognised, whatever spelling of their address somebody uses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskgate.desk.people import bare, key_of, spellings
from deskgate.desk.recipients import plain_address


@pytest.mark.parametrize(
    ("spelling", "key"),
    [
        (" Maria.Lindqvist+shop@EXAMPLE.com ", "maria.lindqvist+shop@example.com"),
        ("Ina@BÜCHER.example", "ina@xn--bcher-kva.example"),
        ("ina@XN--BCHER-KVA.example", "ina@xn--bcher-kva.example"),
        ("ina@bu\u0308cher.example", "ina@xn--bcher-kva.example"),
        ("ina@straße.example", "ina@xn--strae-oqa.example"),
        ("ÄNNE@example.com", "änne@example.com"),
        ("a\u0308nne@example.com", "änne@example.com"),
        ("An Unknown Sender", "an unknown sender"),
        ("x@ü..example", "x@ü..example"),
        ("", ""),
    ],
)
def test_every_spelling_of_an_address_has_one_key(spelling: str, key: str) -> None:
    assert key_of(spelling) == key
    assert key_of(key) == key


@given(st.text(max_size=40) | st.from_regex(r"[a-zäßſİK]{1,8}@[a-zäüßσΣ]{1,8}\.(example|ελ)", fullmatch=True))
def test_the_address_that_mail_goes_to_has_the_key_of_what_zendesk_wrote(text: str) -> None:
    key = key_of(text)
    assert key_of(key) == key
    plain = plain_address(text)
    assert plain is None or key_of(plain) == key


def test_a_key_is_also_found_where_people_wrote_the_domain_in_their_own_letters() -> None:
    assert spellings("ina@xn--bcher-kva.example") == ("ina@xn--bcher-kva.example", "ina@bücher.example")
    assert spellings("maria@example.com") == ("maria@example.com",)
    assert spellings("x@xn--a.example") == ("x@xn--a.example",)


@pytest.mark.parametrize(
    "address", ["maria@example.com", "o'hara+x@bücher.example", "ina@xn--bcher-kva.example", "x@host"]
)
def test_an_address_alone_is_bare_and_one_with_anything_beside_it_is_not(address: str) -> None:
    assert bare(key_of(address))
    beside = ("Ann <{}>", "mailto:{}", "{}.", "{},", "'{}'", "`{}`", "({})", "{} x", "x {}", "{}\n.")
    assert not any(bare(key_of(form.format(address))) for form in beside)
