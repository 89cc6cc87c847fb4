"""A pretend world in a fresh folder, a clock that stands still, and a client for each key."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from deskgate.sandbox import constants
from deskgate.sandbox.transport import SandboxTransport
from deskgate.sandbox.world import World
from fakes import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def world(tmp_path: Path, clock: FakeClock) -> Iterator[World]:
    opened = World.open(tmp_path / "sandbox", clock.now)
    yield opened
    opened.close()


@pytest.fixture
async def zendesk(world: World) -> AsyncIterator[httpx.AsyncClient]:
    login = (f"{constants.API_USER_EMAIL}/token", constants.ZENDESK_TOKEN)
    base = f"{constants.ORIGIN}/zendesk/api/v2"
    async with httpx.AsyncClient(transport=SandboxTransport(world), base_url=base, auth=login) as client:
        yield client


def multimail(world: World, key: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=SandboxTransport(world),
        base_url=f"{constants.ORIGIN}/multimail",
        headers={"authorization": f"Bearer {key}"},
    )


@pytest.fixture
async def sender(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with multimail(world, constants.MULTIMAIL_SEND_KEY) as client:
        yield client


@pytest.fixture
async def decider(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with multimail(world, constants.MULTIMAIL_OVERSIGHT_KEY) as client:
        yield client


@pytest.fixture
async def admin(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with multimail(world, constants.MULTIMAIL_ADMIN_KEY) as client:
        yield client
