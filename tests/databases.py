"""The two kinds of database that the product runs on, fresh for each test."""

import os
import uuid
from functools import cache
from pathlib import Path

import psycopg

POSTGRES = os.environ.get("DESKGATE_TEST_POSTGRES", "postgresql://root@127.0.0.1:5432/test")
KINDS = ("sqlite", "postgres")


@cache
def missing() -> str | None:
    """Why tests on PostgreSQL cannot run here, in one line."""
    try:
        psycopg.connect(POSTGRES, connect_timeout=3).close()
    except psycopg.Error:
        return f"no PostgreSQL answers at {POSTGRES} (set DESKGATE_TEST_POSTGRES)"
    return None


class Schemas:
    """A PostgreSQL schema for each folder, made at first use."""

    def __init__(self) -> None:
        self._of: dict[Path, str] = {}

    def __call__(self, folder: Path) -> str:
        """The address of the folder's own database."""
        schema = self._of.get(folder)
        if schema is None:
            schema = self._of[folder] = f"t{uuid.uuid4().hex}"
            _run(f"CREATE SCHEMA {schema}")
        return f"{POSTGRES}?options=-csearch_path%3D{schema}"

    def drop(self) -> None:
        """Leave nothing behind."""
        for schema in self._of.values():
            _run(f"DROP SCHEMA {schema} CASCADE")


def in_folder(folder: Path) -> str:
    """The address of a SQLite file in the folder."""
    return f"sqlite:///{folder / 'deskgate.sqlite3'}"


def _run(statement: str) -> None:
    with psycopg.connect(POSTGRES, autocommit=True) as connection:
        connection.execute(statement.encode())
