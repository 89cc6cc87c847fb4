"""Shared by every test: anyio on asyncio, and the one switch that lets snapshots be written."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update-snapshots` writes tests/snapshots anew; without it they are only compared."""
    parser.addoption("--update-snapshots", action="store_true", help="write tests/snapshots/*.json anew")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The product runs on asyncio, so the tests do."""
    return "asyncio"
