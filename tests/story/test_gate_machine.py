"""Thousands of random days at the desk: whatever happens, nothing leaves that nobody approved.

`DESKGATE_STEPS` and `DESKGATE_SEED` make the walk longer or another one; a failure names the seed of its day.
"""

import os
from collections import Counter
from pathlib import Path

import pytest

from deskgate.sandbox.world import World
from fakes import FakeClock
from story.gate_walk import walk

pytestmark = pytest.mark.anyio

STEPS_OF_A_DAY = 80
STEPS = int(os.environ.get("DESKGATE_STEPS", "1200"))
SEED = int(os.environ.get("DESKGATE_SEED", "20260128"))


async def test_whatever_happens_nothing_leaves_that_nobody_approved(tmp_path: Path) -> None:
    World.open(tmp_path / "morning" / "world", FakeClock().now).close()
    counts: Counter[str] = Counter()
    for number in range(max(1, STEPS // STEPS_OF_A_DAY)):
        await walk(SEED + number, STEPS_OF_A_DAY, tmp_path / "day", tmp_path / "morning", counts)
    if path := os.environ.get("DESKGATE_COUNTS"):
        Path(path).write_text("\n".join(f"{count:8} {name}" for name, count in sorted(counts.items())), "utf-8")  # noqa: ASYNC240 - after the walk, nothing else runs
    assert counts["left: approved here"] > STEPS // 100, counts
    assert counts["left: decided outside"] > 0, counts
