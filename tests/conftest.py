"""Shared by every test: anyio on asyncio, and the one switch that lets snapshots be written."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import bench
import databases


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update-snapshots` writes tests/snapshots anew; without it they are only compared."""
    parser.addoption("--update-snapshots", action="store_true", help="write tests/snapshots/*.json anew")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The product runs on asyncio, so the tests do."""
    return "asyncio"


@pytest.fixture(params=databases.KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of an empty database of each kind; every `bench` of the test works on one of that kind."""
    if request.param == "sqlite":
        yield databases.in_folder(tmp_path)
        return
    why = databases.missing()
    if why:
        pytest.skip(why)
    schemas = databases.Schemas()
    monkeypatch.setattr(bench, "DATABASE", schemas)
    yield schemas(tmp_path)
    schemas.drop()
