"""Fixtures of the page's tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from approvals_bench import Desk, opened


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """The page as most tests want it."""
    async with opened(tmp_path) as found:
        yield found
