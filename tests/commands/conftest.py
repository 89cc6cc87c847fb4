"""A pretend world on a clock that stands still, an operator who has a check-up made of it, and a reviewer at a terminal."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from checkup import Checkup
from desk_terminal import Seat

from deskgate.sandbox.world import World
from fakes import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def world(tmp_path: Path, clock: FakeClock) -> Iterator[World]:
    opened = World.open(tmp_path / "world", clock.now)
    yield opened
    opened.close()


@pytest.fixture
def look(tmp_path: Path, world: World, clock: FakeClock) -> Checkup:
    return Checkup(tmp_path, world, clock)


@pytest.fixture
def seat(tmp_path: Path, world: World, clock: FakeClock) -> Seat:
    return Seat(tmp_path / "home", world, clock, {"DESKGATE_PRINCIPAL": "ines"})
