"""What an operator can do where nothing is set up but the data: a machine on which a backup is looked through."""

import logging
import os
import sys
from pathlib import Path

import pytest

from deskgate.cli import main
from deskgate.commands import doctor
from deskgate.desk.store import postgres
from deskgate.sandbox.constants import ORIGIN, SANDBOX_ENVIRONMENT
from deskgate.settings import Settings
from fakes import FakeClock


async def opened_alone(settings: Settings, **_: object) -> doctor.Report:
    """A check-up of the database alone."""
    async with doctor._desk(settings, FakeClock(), None) as (_, data):
        return doctor.Report([data])


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder and no other setting."""
    for name in [name for name in os.environ if name.startswith(("ZENDESK_", "MULTIMAIL_", "DESKGATE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DESKGATE_HOME", str(tmp_path))
    assert main(["store", "migrate"]) == 0
    return tmp_path


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["store", "check"], 0),
        (["store", "backup", "copy.sqlite3"], 0),
        (["events", "list"], 0),
        (["suppressions", "list"], 0),
        (["audit", "verify"], 2),
        (["audit", "show", "101"], 1),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, list) else "",
)
@pytest.mark.parametrize("more", [{}, {"DESKGATE_ROLE": "reviewer", "DESKGATE_POLICY": "gone.toml"}], ids=["", "more"])
def test_what_looks_at_the_data_alone_needs_no_service_no_key_and_no_policy(
    bare: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    code: int,
    more: dict[str, str],
) -> None:
    monkeypatch.chdir(bare)
    for name, value in more.items():
        monkeypatch.setenv(name, value)
    assert main(words) == code
    assert "cannot start" not in capsys.readouterr().err


@pytest.mark.parametrize("words", [["pending"], ["serve"], ["audit", "compare"]], ids=" ".join)
def test_what_asks_a_service_still_needs_its_settings(
    bare: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert main(words) == 2
    assert "ZENDESK_SUBDOMAIN is missing" in capsys.readouterr().err


def test_a_setting_that_would_lead_to_other_data_still_stops_it(
    bare: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESKGATE_DATABSE_URL", "sqlite:///elsewhere")
    assert main(["store", "check"]) == 2
    assert "Did you mean DESKGATE_DATABASE_URL?" in capsys.readouterr().err


def test_a_backup_overwrites_nothing_and_says_what_to_do(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    there = bare / "copy.sqlite3"
    there.write_text("something else")
    assert main(["store", "backup", str(there)]) == 1
    told = capsys.readouterr().err
    assert (
        told
        == f"{there} is there already, and a backup overwrites nothing. Give another name, or move that file away.\n"
    )
    assert there.read_text() == "something else"


def test_a_backup_into_a_folder_that_is_not_there_says_so(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["store", "backup", str(bare / "gone" / "copy.sqlite3")]) == 1
    told = capsys.readouterr().err
    assert told == f"There is no folder {bare / 'gone'}. Make it, or give another place.\n"


@pytest.mark.parametrize("words", [["events", "list"], ["audit", "show", "101"], ["doctor"]], ids=" ".join)
def test_a_database_server_that_is_away_is_told_once_and_not_by_each_connection(
    bare: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.setattr(postgres, "BUSY_SECONDS", 0.2)
    monkeypatch.setattr(doctor, "examine", opened_alone)
    monkeypatch.setenv("DESKGATE_DATABASE_URL", "postgresql://someone@127.0.0.1:1/nowhere?connect_timeout=1")
    for name, value in SANDBOX_ENVIRONMENT(ORIGIN).items():
        monkeypatch.setenv(name, value)
    logging.getLogger("psycopg.pool").setLevel(logging.NOTSET)
    main(words)
    assert [record.getMessage() for record in caplog.records if record.name == "psycopg.pool"] == []


def test_where_the_driver_is_missing_it_says_what_to_install_from_where(
    bare: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "deskgate.desk.store.postgres", None)
    assert main(["audit", "verify", "postgresql://someone@127.0.0.1:1/nowhere"]) == 3
    told = capsys.readouterr().out
    assert "`pip install 'deskgate[postgres]'`, or from a checkout `pip install '.[postgres]'`" in told


def test_the_sandbox_says_that_it_keeps_its_data_elsewhere_than_the_setting_says(
    bare: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESKGATE_DATABASE_URL", "postgresql://desk@127.0.0.1/desk")
    assert main(["store", "migrate", "--sandbox"]) == 0
    (told,) = [record.getMessage() for record in caplog.records]
    assert (
        told == "DESKGATE_DATABASE_URL has no effect in the sandbox, which keeps a file of its own in the data folder."
    )
    caplog.clear()
    monkeypatch.delenv("DESKGATE_DATABASE_URL")
    assert main(["store", "migrate", "--sandbox"]) == 0
    assert caplog.records == []


@pytest.mark.parametrize(
    "words",
    [
        ["suppressions", "add", "maria@example.com", "--reason", "asked"],
        ["audit", "hold", "set", "maria@example.com", "--reason", "court"],
        ["audit", "rotate-key", "--yes"],
        ["audit", "show", "101"],
        ["events", "list"],
    ],
    ids=lambda given: " ".join(given[:2]),
)
def test_no_command_founds_a_second_database_beside_the_one_that_the_service_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    for name in [name for name in os.environ if name.startswith(("ZENDESK_", "MULTIMAIL_", "DESKGATE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DESKGATE_HOME", str(tmp_path))
    assert main(words) == 2
    told = capsys.readouterr()
    assert "There is no data file" in told.err
    assert "DESKGATE_DATABASE_URL" in told.err
    assert told.out == ""
    assert list(tmp_path.glob("*.sqlite3")) == []
