"""The two settings for HTTP in the open."""

from pathlib import Path

import pytest

from deskgate import settings


def read(tmp_path: Path, **environment: str) -> settings.Settings:
    return settings.read({"DESKGATE_HOME": str(tmp_path), **environment}, sandbox=True)


@pytest.mark.parametrize(
    ("given", "origin"),
    [
        ("https://desk.example.com", "https://desk.example.com"),
        ("https://Desk.Example.com/", "https://desk.example.com"),
        ("https://desk.example.com:443", "https://desk.example.com"),
        ("https://desk.example.com:8443", "https://desk.example.com:8443"),
        ("http://localhost:8642", "http://localhost:8642"),
        ("http://localhost:80", "http://localhost"),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
        ("https://xn--dsk-7na.example", "https://xn--dsk-7na.example"),
    ],
)
def test_the_public_address_is_spelled_as_browsers_spell_it(tmp_path: Path, given: str, origin: str) -> None:
    assert read(tmp_path, DESKGATE_PUBLIC_URL=given).public_url == origin


@pytest.mark.parametrize(
    "given",
    [
        "desk.example.com",
        "http://desk.example.com",
        "https://desk.example.com/mcp",
        "https://user@desk.example.com",
        "https://desk.example.com?x=1",
        "https://desk.example.com#x",
        "https://dësk.example",
        "https://",
        "ftp://desk.example.com",
        "https://desk.example.com:port",
        "https://*",
        "https://*.example.com",
        "https://desk.example.com:",
        "https://desk.example.com:*",
        "https://desk.example.com, evil.example",
    ],
)
def test_a_public_address_that_is_none_is_a_fault(tmp_path: Path, given: str) -> None:
    with pytest.raises(settings.SettingsError) as refused:
        read(tmp_path, DESKGATE_PUBLIC_URL=given)
    assert all("DESKGATE_PUBLIC_URL" in fault for fault in refused.value.faults)


def test_the_token_files_path_is_made_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert read(tmp_path).tokens is None
    assert read(tmp_path, DESKGATE_TOKENS="tokens.jsonl").tokens == tmp_path / "tokens.jsonl"
    assert read(tmp_path, DESKGATE_TOKENS="~/tokens.jsonl").tokens == tmp_path / "home" / "tokens.jsonl"


def test_a_home_that_does_not_exist_is_a_fault_and_no_crash(tmp_path: Path) -> None:
    with pytest.raises(settings.SettingsError, match="DESKGATE_TOKENS begins with ~"):
        read(tmp_path, DESKGATE_TOKENS="~nobody-of-that-name/tokens.jsonl")
