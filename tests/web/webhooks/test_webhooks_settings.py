"""The two settings with webhook secrets."""

from pathlib import Path

import pytest

from deskgate import settings
from deskgate.service_settings import ZENDESK_TEST_SECRET, webhook_secrets

ENOUGH = {
    "ZENDESK_SUBDOMAIN": "acme",
    "ZENDESK_OAUTH_TOKEN": "zd-oauth",
    "MULTIMAIL_TOKEN": "mm-send",
    "MULTIMAIL_MAILBOX": "support@acme.example",
}
NAMES = ("MULTIMAIL_WEBHOOK_SECRET", "ZENDESK_WEBHOOK_SECRET")


def read(tmp_path: Path, **environment: str) -> settings.Settings:
    return settings.read({"DESKGATE_HOME": str(tmp_path), **ENOUGH, **environment})


@pytest.mark.parametrize(
    ("value", "secrets"),
    [
        ("whsec_one", ("whsec_one",)),
        ("new,old", ("new", "old")),
        (" new , old ,", ("new", "old")),
        ("a+/=b,c==", ("a+/=b", "c==")),
        ("", ()),
        ("  ", ()),
    ],
)
def test_several_secrets_stand_in_one_setting(tmp_path: Path, value: str, secrets: tuple[str, ...]) -> None:
    told = read(tmp_path, **dict.fromkeys(NAMES, value))
    assert told.multimail.webhook_secrets == told.zendesk.webhook_secrets == secrets
    assert told.notices == ()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "value", ["canary one", "canary\none", "good,canäry", "canary\x7f", ",", " , ,", "canary\u200b"]
)
def test_a_secret_that_cannot_be_one_stops_the_start(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(settings.SettingsError) as stopped:
        read(tmp_path, **{name: value})
    (fault,) = stopped.value.faults
    assert fault.startswith(name)
    assert "canary" not in fault


@pytest.mark.parametrize("name", NAMES)
def test_the_secret_that_everybody_knows_is_refused_outside_the_sandbox(tmp_path: Path, name: str) -> None:
    with pytest.raises(settings.SettingsError, match=f"{name} holds Zendesk's public test secret"):
        read(tmp_path, **{name: f"good,{ZENDESK_TEST_SECRET}"})
    faults: list[str] = []
    assert webhook_secrets(name, ZENDESK_TEST_SECRET, faults, sandbox=True) == (ZENDESK_TEST_SECRET,)
    assert faults == []


def test_no_secret_shows_in_the_settings(tmp_path: Path) -> None:
    told = read(tmp_path, **dict.fromkeys(NAMES, "canary-one,canary-two"))
    assert "canary" not in repr(told) + str(told) + repr(told.multimail) + repr(told.zendesk)


def test_a_rehearsal_knows_no_secret_of_the_real_services(tmp_path: Path) -> None:
    told = settings.read({"DESKGATE_HOME": str(tmp_path), **dict.fromkeys(NAMES, "real")}, sandbox=True)
    assert "real" not in told.multimail.webhook_secrets + told.zendesk.webhook_secrets
