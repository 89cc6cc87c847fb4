"""`deskgate store`: the database is brought up to date, looked through and copied."""

import os
import re
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import anyio
import psycopg
import pytest
from at_terminal import Told, typed

from deskgate.commands.store import act, dump_command
from deskgate.desk.store import open_store
from deskgate.desk.store.tables import migrations

pytestmark = pytest.mark.anyio

NEWEST = len(migrations())
SUPPRESSED = "INSERT INTO suppressions (address, reason, source, since) VALUES ('a@example.com', 'x', 'y', '2026')"
SQLITE = "sqlite:///"


@pytest.fixture
def store(database: str) -> Callable[..., Awaitable[Told]]:
    def type_it(*words: str) -> Awaitable[Told]:
        return typed(lambda terminal, told: act(database, "the data", terminal, told), "store", *words)

    return type_it


async def filled(database: str) -> None:
    """A database of today with one row in it."""
    opened = await open_store(database)
    await opened.write((SUPPRESSED, {}))
    await opened.aclose()


def changed(database: str, statement: str) -> None:
    """Something that no deskgate did."""
    if database.startswith(SQLITE):
        with closing(sqlite3.connect(database.removeprefix(SQLITE))) as file:
            file.execute(statement)
            file.commit()
        return
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(statement.encode())


def make_older(database: str) -> None:
    """As a deskgate of long ago left it: the first migration, and no more."""
    if database.startswith(SQLITE):
        with closing(sqlite3.connect(database.removeprefix(SQLITE))) as file:
            file.executescript(migrations()[0])
            file.execute("PRAGMA user_version = 1")
        return
    from deskgate.desk.store.postgres import own_types

    changed(database, own_types(migrations()[0]))
    changed(database, "CREATE TABLE deskgate_version (version BIGINT NOT NULL)")
    changed(database, "INSERT INTO deskgate_version VALUES (1)")


async def test_an_older_database_is_looked_at_as_it_is_and_then_brought_up_to_date(
    database: str, store: Callable[..., Awaitable[Told]]
) -> None:
    make_older(database)
    for _ in range(2):
        told = await store("check")
        assert told.code == 0, told.err
        assert f"version 1 of {NEWEST}, older than this deskgate" in told.out
    assert f"from version 1 to version {NEWEST}" in (await store("migrate")).out
    assert "Nothing was changed" in (await store("migrate")).out
    assert f"version {NEWEST} of {NEWEST}; whole." in (await store("check")).out


async def test_a_check_counts_what_is_there(database: str, store: Callable[..., Awaitable[Told]]) -> None:
    await filled(database)
    data = (await store("check", "--json")).data
    assert data["ok"] is True
    assert (data["version"], data["faults"], data["rows"]["suppressions"]) == (NEWEST, [], 1)


async def test_a_table_that_is_gone_is_a_fault(database: str, store: Callable[..., Awaitable[Told]]) -> None:
    await filled(database)
    changed(database, "DROP TABLE marks")
    told = await store("check")
    assert told.code == 1
    assert "fault: the table marks is missing" in told.err


async def test_a_database_of_a_newer_deskgate_is_a_fault(database: str, store: Callable[..., Awaitable[Told]]) -> None:
    await filled(database)
    newer = NEWEST + 1
    sqlite = database.startswith(SQLITE)
    changed(database, f"PRAGMA user_version = {newer}" if sqlite else f"INSERT INTO deskgate_version VALUES ({newer})")
    told = await store("check")
    assert told.code == 1
    assert "newer deskgate" in told.err
    assert (await store("migrate")).code == 2


async def test_a_row_whose_owner_is_gone_is_a_fault(tmp_path: Path) -> None:
    database = f"{SQLITE}{tmp_path / 'a.sqlite3'}"
    await filled(database)
    changed(database, "INSERT INTO drafters VALUES ('nobody', 'bot', 'ines')")
    told = await typed(lambda terminal, words: act(database, "it", terminal, words), "store", "check")
    assert told.code == 1
    assert "drafters belongs to a row of replies" in told.err


async def test_a_damaged_file_is_a_fault_and_no_crash(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite3"
    await filled(f"{SQLITE}{path}")
    whole = path.read_bytes()
    for damage in (whole[:4096] + bytes(4096) + whole[8192:], b"no database at all" * 1000, whole[:-8192]):
        path.write_bytes(damage)
        told = await typed(lambda terminal, words: act(f"{SQLITE}{path}", "it", terminal, words), "store", "check")
        assert told.code == 1, told.out
        assert "fault:" in told.err


async def test_a_copy_is_whole_private_and_made_beside_others_at_work(tmp_path: Path) -> None:
    database = f"{SQLITE}{tmp_path / 'a.sqlite3'}"
    copy = tmp_path / "copies" / "b.sqlite3"
    copy.parent.mkdir()
    opened = await open_store(database)
    await opened.write((SUPPRESSED, {}))

    async def backup() -> Told:
        return await typed(lambda terminal, words: act(database, "it", terminal, words), "store", "backup", str(copy))

    told = await backup()
    assert told.code == 0, told.err
    assert [path.name for path in copy.parent.iterdir()] == ["b.sqlite3"]
    assert copy.stat().st_mode & 0o077 == 0
    again = await backup()
    assert again.code == 1
    assert "is there already" in again.err
    await opened.aclose()
    restored = await open_store(f"{SQLITE}{copy}")
    assert len(await restored.rows("SELECT * FROM suppressions")) == 1
    await restored.aclose()


async def test_an_older_file_is_copied_as_it_is(tmp_path: Path) -> None:
    database = f"{SQLITE}{tmp_path / 'a.sqlite3'}"
    make_older(database)
    words = ("store", "backup", str(tmp_path / "b.sqlite3"))
    told = await typed(lambda terminal, said: act(database, "it", terminal, said), *words)
    assert "version 1, checked" in told.out


async def test_where_there_is_no_data_yet_nothing_is_made(tmp_path: Path) -> None:
    database = f"{SQLITE}{tmp_path / 'a.sqlite3'}"
    for words in (("check",), ("backup", str(tmp_path / "b.sqlite3"))):
        told = await typed(lambda terminal, said: act(database, "it", terminal, said), "store", *words)
        assert told.code == 2
        assert "no data file" in told.err
    assert not os.listdir(tmp_path)  # noqa: PTH208 - a blocking generator is no better


def test_postgres_is_copied_by_its_own_program_and_no_password_is_shown(tmp_path: Path) -> None:
    command = dump_command("postgresql://desk:s3cret@db.example/desk?sslmode=require&password=x", tmp_path / "copy")
    assert command == (
        f"pg_dump --format=custom --file={tmp_path / 'copy'} '--dbname=postgresql://desk@db.example/desk?sslmode=require'"
    )


async def test_the_command_for_postgres_really_copies(
    database: str, store: Callable[..., Awaitable[Told]], tmp_path: Path
) -> None:
    if database.startswith(SQLITE):
        return
    await filled(database)
    told = await store("backup", str(tmp_path / "copy"))
    assert told.code == 1
    assert "No copy was made" in told.err
    # Of a database that other tests fill and empty meanwhile, this test's own part alone can be copied.
    schema = re.search(r"search_path%3D(\w+)", database)
    assert schema is not None
    await anyio.run_process(f"{told.out.strip()} --schema={schema[1]}", check=True)
    assert (tmp_path / "copy").stat().st_size > 1000
