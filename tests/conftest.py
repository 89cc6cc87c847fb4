"""Shared by every test: anyio on asyncio."""

import pytest


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The product runs on asyncio, so the tests do."""
    return "asyncio"
