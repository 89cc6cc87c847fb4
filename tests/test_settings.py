"""The environment: what is enough, what is missing, what contradicts itself, and what never shows."""

import logging
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as how
from hypothesis import strategies as st

from deskgate import settings
from deskgate.settings import SettingsError

ENOUGH = {
    "ZENDESK_SUBDOMAIN": "acme",
    "ZENDESK_OAUTH_TOKEN": "zd-canary-oauth",
    "MULTIMAIL_TOKEN": "mm-canary-send",
    "MULTIMAIL_MAILBOX": "support@acme.example",
    "DESKGATE_HOME": "/tmp/desk",
}
OVERSIGHT = {"MULTIMAIL_OVERSIGHT_TOKEN": "mm-canary-oversight"}
CLIENT = {"ZENDESK_OAUTH_CLIENT_ID": "app", "ZENDESK_OAUTH_CLIENT_SECRET": "zd-canary-client"}
TOKEN = {"ZENDESK_EMAIL": "agent@acme.example", "ZENDESK_TOKEN": "zd-canary-token"}


def without(*names: str) -> dict[str, str]:
    return {name: value for name, value in ENOUGH.items() if name not in names}


def faults(environment: dict[str, str], **how_read: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        settings.read(environment, **how_read)  # type: ignore[arg-type]
    return caught.value.faults


def test_the_smallest_environment_is_enough_and_the_defaults_are_the_safe_ones() -> None:
    told = settings.read(ENOUGH)
    assert told.zendesk.base_url == "https://acme.zendesk.com"
    assert told.multimail.base_url == "https://api.multimail.dev"
    assert (told.role, told.approve, told.sandbox, told.multimail.api) == ("solo", "confirm", False, "auto")
    assert told.home == Path("/tmp/desk")
    assert told.database == "sqlite:////tmp/desk/deskgate.sqlite3"
    assert told.principal
    assert told.notices == ()


def test_the_sandbox_needs_nothing_and_has_its_own_data_file() -> None:
    for environment in ({"DESKGATE_HOME": "/tmp/desk", "DESKGATE_SANDBOX": "yes"}, {**ENOUGH, "DESKGATE_SANDBOX": "1"}):
        told = settings.read(environment)
        assert told.sandbox
        assert told.zendesk.base_url.startswith("http://sandbox.localhost/")
        assert told.database == "sqlite:////tmp/desk/sandbox/deskgate.sqlite3"


@pytest.mark.parametrize(
    ("environment", "way"),
    [
        (ENOUGH, "oauth token"),
        ({**without("ZENDESK_OAUTH_TOKEN"), **CLIENT}, "oauth client"),
        ({**without("ZENDESK_OAUTH_TOKEN"), **TOKEN}, "api token"),
        ({**without("ZENDESK_OAUTH_TOKEN"), **TOKEN, **CLIENT}, "oauth client"),
        ({**ENOUGH, **TOKEN, **CLIENT}, "oauth token"),
    ],
)
def test_there_are_three_ways_to_sign_in_and_oauth_wins(environment: dict[str, str], way: str) -> None:
    assert settings.read(environment).zendesk.way == way


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        (without("ZENDESK_SUBDOMAIN"), ["ZENDESK_SUBDOMAIN"]),
        ({**ENOUGH, "ZENDESK_BASE_URL": "https://acme.zendesk.com"}, ["ZENDESK_SUBDOMAIN"]),
        ({**ENOUGH, "ZENDESK_SUBDOMAIN": "acme.zendesk.com"}, ["ZENDESK_SUBDOMAIN"]),
        ({**ENOUGH, "ZENDESK_SUBDOMAIN": "acme/../evil"}, ["ZENDESK_SUBDOMAIN"]),
        (without("ZENDESK_OAUTH_TOKEN"), ["ZENDESK_OAUTH_TOKEN"]),
        ({**without("ZENDESK_OAUTH_TOKEN"), "ZENDESK_EMAIL": "a@b.example"}, ["ZENDESK_TOKEN is missing"]),
        ({**without("ZENDESK_OAUTH_TOKEN"), "ZENDESK_TOKEN": "t"}, ["ZENDESK_EMAIL is missing"]),
        (
            {**without("ZENDESK_OAUTH_TOKEN"), "ZENDESK_OAUTH_CLIENT_ID": "x"},
            ["ZENDESK_OAUTH_CLIENT_SECRET is missing"],
        ),
        (
            {**without("ZENDESK_OAUTH_TOKEN"), "ZENDESK_OAUTH_CLIENT_SECRET": "x"},
            ["ZENDESK_OAUTH_CLIENT_ID is missing"],
        ),
        (without("MULTIMAIL_TOKEN"), ["MULTIMAIL_TOKEN is missing"]),
        (without("MULTIMAIL_MAILBOX"), ["MULTIMAIL_MAILBOX is missing"]),
        ({**ENOUGH, "MULTIMAIL_API_KEY": "another"}, ["MULTIMAIL_API_KEY"]),
        ({**ENOUGH, "MULTIMAIL_OVERSIGHT_TOKEN": "mm-canary-send"}, ["MULTIMAIL_OVERSIGHT_TOKEN"]),
        ({**ENOUGH, "MULTIMAIL_ADMIN_TOKEN": "mm-canary-send"}, ["MULTIMAIL_ADMIN_TOKEN"]),
        ({**ENOUGH, **OVERSIGHT, "MULTIMAIL_ADMIN_TOKEN": "mm-canary-oversight"}, ["MULTIMAIL_ADMIN_TOKEN"]),
        ({**ENOUGH, "DESKGATE_ROLE": "reviewer"}, ["MULTIMAIL_OVERSIGHT_TOKEN"]),
        ({**ENOUGH, "DESKGATE_ROLE": "boss"}, ["DESKGATE_ROLE"]),
        ({**ENOUGH, "DESKGATE_APPROVE": "always"}, ["DESKGATE_APPROVE"]),
        ({**ENOUGH, "DESKGATE_SANDBOX": "maybe"}, ["DESKGATE_SANDBOX"]),
        ({**ENOUGH, "MULTIMAIL_API": "v2"}, ["MULTIMAIL_API"]),
        ({**ENOUGH, "DESKGATE_DATABASE_URL": "mysql://x"}, ["DESKGATE_DATABASE_URL"]),
        ({**ENOUGH, "DESKGATE_DATABASE_URL": "sqlite:///"}, ["DESKGATE_DATABASE_URL"]),
        ({**ENOUGH, "DESKGATE_DATABASE_URL": "sqlite:///~nobody-here/desk.db"}, ["DESKGATE_DATABASE_URL"]),
        ({**ENOUGH, "DESKGATE_PRINCIPAL": "Policy:low-risk"}, ["DESKGATE_PRINCIPAL"]),
        ({**ENOUGH, "DESKGATE_PRINCIPAL": "a\nb"}, ["DESKGATE_PRINCIPAL"]),
        ({**ENOUGH, "DESKGATE_PRINCIPAL": "x" * 101}, ["DESKGATE_PRINCIPAL"]),
        ({**ENOUGH, "DESKGATE_HOME": "~nobody-of-that-name/x"}, ["DESKGATE_HOME"]),
        ({**ENOUGH, "MULTIMAIL_TOKEN": "mm canary"}, ["MULTIMAIL_TOKEN"]),
        ({**ENOUGH, "MULTIMAIL_TOKEN": "mm\r\nX-Evil: 1"}, ["MULTIMAIL_TOKEN"]),
        ({**ENOUGH, "ZENDESK_OAUTH_TOKEN": "zd-cänary"}, ["ZENDESK_OAUTH_TOKEN"]),
        (
            {"DESKGATE_HOME": "/tmp/desk"},
            ["ZENDESK_SUBDOMAIN", "ZENDESK_OAUTH_TOKEN", "MULTIMAIL_TOKEN", "MULTIMAIL_MAILBOX"],
        ),
    ],
)
def test_a_missing_or_contradictory_setting_gets_one_sentence(environment: dict[str, str], named: list[str]) -> None:
    found = faults(environment)
    assert len(found) == len(named), found
    for sentence, name in zip(found, named, strict=True):
        assert name in sentence
        assert sentence.endswith(".")
        assert "\n" not in sentence


@pytest.mark.parametrize("name", ["ZENDESK_BASE_URL", "MULTIMAIL_BASE_URL"])
@pytest.mark.parametrize(
    "url",
    [
        "http://acme.zendesk.com",
        "http://127.0.0.1.evil.example",
        "http://sandbox.localhost.evil.example",
        "http://sandbox.localhost@evil.example",
        "http://localhost@evil.example",
        "http://10.0.0.1",
        "https://user:s3cret@acme.example",
        "https://:s3cret@acme.example",
        "https://acme.example/?a=s3cret",
        "https://acme.example/#s3cret",
        "https://[::1",
        "https://acme.example:notaport",
        "https:///path",
        "ftp://acme.example",
        "acme.zendesk.com",
        "javascript:alert(1)",
        "https://exаmple.com",
        "https://acme .example",
    ],
)
def test_an_address_that_would_carry_the_keys_elsewhere_is_refused_without_repeating_it(name: str, url: str) -> None:
    (found,) = faults({**without("ZENDESK_SUBDOMAIN"), "ZENDESK_BASE_URL": "https://acme.example", name: url})
    assert name in found
    assert "s3cret" not in found
    assert url not in found


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8643/zendesk", "http://localhost:1", "http://[::1]:8643", "https://a.example/x/"]
)
def test_loopback_may_be_plain_and_everything_else_is_encrypted(url: str) -> None:
    told = settings.read({**without("ZENDESK_SUBDOMAIN"), "ZENDESK_BASE_URL": url, "MULTIMAIL_BASE_URL": url})
    assert told.zendesk.base_url == told.multimail.base_url == url.rstrip("/")


@pytest.mark.parametrize("suffix", ["", "/", "/api/v2", "/api/v2/"])
def test_the_address_of_zendesk_may_be_given_with_or_without_its_api_path(suffix: str) -> None:
    told = settings.read({**without("ZENDESK_SUBDOMAIN"), "ZENDESK_BASE_URL": f"https://acme.zendesk.com{suffix}"})
    assert told.zendesk.base_url == "https://acme.zendesk.com"


def test_the_other_name_of_the_key_works_and_the_same_key_twice_is_no_contradiction() -> None:
    alias = {"MULTIMAIL_API_KEY": "mm-canary-send"}
    assert settings.read({**without("MULTIMAIL_TOKEN"), **alias}).multimail.token == "mm-canary-send"
    assert settings.read({**ENOUGH, **alias}).multimail.token == "mm-canary-send"


def test_the_command_line_wins_over_the_environment() -> None:
    environment = {**ENOUGH, **OVERSIGHT, "DESKGATE_ROLE": "agent", "DESKGATE_SANDBOX": "1"}
    told = settings.read(environment, sandbox=False, role="reviewer")
    assert (told.role, told.sandbox) == ("reviewer", False)


def test_blank_settings_are_as_if_they_were_not_there() -> None:
    told = settings.read(
        {**ENOUGH, "DESKGATE_ROLE": "  ", "MULTIMAIL_OVERSIGHT_TOKEN": "", "MULTIMAIL_TOKEN": " mm-canary-send\n"}
    )
    assert told.role == "solo"
    assert told.multimail.oversight_token == ""
    assert told.multimail.token == "mm-canary-send"


NAMES = st.sampled_from(
    [
        *ENOUGH,
        *OVERSIGHT,
        *CLIENT,
        *TOKEN,
        "MULTIMAIL_API_KEY",
        "MULTIMAIL_ADMIN_TOKEN",
        "ZENDESK_BASE_URL",
        "MULTIMAIL_BASE_URL",
        "DESKGATE_ROLE",
        "DESKGATE_APPROVE",
        "DESKGATE_SANDBOX",
        "DESKGATE_DATABASE_URL",
        "DESKGATE_PRINCIPAL",
        "DESKGATE_PUBLIC_URL",
        "DESKGATE_TOKENS",
        "MULTIMAIL_API",
    ]
)
VALUES = st.sampled_from(["", "1", "acme", "reviewer", "https://acme.example", "http://evil.example"]) | st.text(
    max_size=12
)


@how(suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(NAMES, VALUES, max_size=8), st.booleans())
def test_any_environment_gives_settings_or_sentences_and_never_a_secret(changes: dict[str, str], enough: bool) -> None:
    environment = {**(ENOUGH if enough else {"DESKGATE_HOME": "/tmp/desk"}), **changes}
    environment = {name: value.replace("\x00", "") for name, value in environment.items()}
    canaries = [f"canary{number}" for number, name in enumerate(settings.SECRETS) if name in environment]
    for canary, name in zip(canaries, [name for name in settings.SECRETS if name in environment], strict=True):
        environment[name] = canary
    told: list[str] = []
    try:
        shown = repr(settings.read(environment))
    except SettingsError as error:
        shown, told = f"{error} {error!r}", error.faults
    assert (told == []) == shown.startswith("Settings(")
    assert len(told) == len(set(told))
    assert not [canary for canary in canaries if canary in shown]


def test_no_secret_shows_in_the_repr_or_in_a_log_line(caplog: pytest.LogCaptureFixture) -> None:
    told = settings.read({**ENOUGH, **OVERSIGHT, **CLIENT, **TOKEN, "MULTIMAIL_ADMIN_TOKEN": "mm-canary-admin"})
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("deskgate").debug("%r %s %r", told, told, told.multimail)
    assert "canary" not in repr(told) + str(told) + caplog.text


@pytest.mark.parametrize("name", ["Ines", "INES", " ines "])
def test_a_person_has_one_name_however_it_is_spelt(name: str) -> None:
    assert settings.read({**ENOUGH, "DESKGATE_PRINCIPAL": name}).principal == "ines"
