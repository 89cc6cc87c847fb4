"""One principal's share of the server."""

from typing import Any

import anyio
import pytest
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from starlette.types import Message, Receive, Scope, Send

from deskgate.web.limits import OPEN_REQUESTS, Buckets, FairShare, Rate
from fakes import FakeClock

pytestmark = pytest.mark.anyio


async def test_a_bucket_gives_its_burst_and_then_one_at_a_time() -> None:
    clock = FakeClock()
    buckets = Buckets(Rate(burst=3, per_minute=20), clock)
    assert [buckets.take("bot") for _ in range(4)] == [0, 0, 0, 3]
    clock.advance(2.9)
    assert buckets.take("bot") == 1
    clock.advance(0.1)
    assert [buckets.take("bot") for _ in range(2)] == [0, 3]


async def test_a_bucket_never_holds_more_than_its_burst() -> None:
    clock = FakeClock()
    buckets = Buckets(Rate(burst=2, per_minute=60), clock)
    buckets.take("bot")
    clock.advance(86_400)
    assert [buckets.take("bot") for _ in range(3)] == [0, 0, 1]


async def test_asking_too_often_does_not_put_off_the_next_one() -> None:
    clock = FakeClock()
    buckets = Buckets(Rate(burst=1, per_minute=6), clock)
    buckets.take("bot")
    for _ in range(9):
        clock.advance(1)
        assert buckets.take("bot") > 0
    clock.advance(1)
    assert buckets.take("bot") == 0


class Doors:
    """An application whose requests stay open until they are let go."""

    def __init__(self) -> None:
        self.app = FairShare(self._stay, FakeClock())
        self.let_go = anyio.Event()
        self.inside = 0

    async def _stay(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        self.inside += 1
        await self.let_go.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def ask(self, who: str | None) -> int:
        """One request; gives its status."""
        found: list[int] = []

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                found.append(message["status"])

        async def receive() -> Message:
            return {"type": "http.disconnect"}

        scope: dict[str, Any] = {"type": "http", "method": "POST", "path": "/other", "headers": []}
        if who:
            scope["user"] = AuthenticatedUser(AccessToken(token="1", client_id=who, scopes=[]))
        await self.app(scope, receive, send)
        return found[0]


async def test_one_principal_keeps_only_so_many_requests_open() -> None:
    doors = Doors()
    async with anyio.create_task_group() as group:
        for _ in range(OPEN_REQUESTS):
            group.start_soon(doors.ask, "bot")
        await anyio.wait_all_tasks_blocked()
        assert doors.inside == OPEN_REQUESTS
        assert await doors.ask("bot") == 429
        group.start_soon(doors.ask, "other")
        group.start_soon(doors.ask, None)
        await anyio.wait_all_tasks_blocked()
        assert doors.inside == OPEN_REQUESTS + 2
        doors.let_go.set()
    assert await doors.ask("bot") == 200


async def test_a_request_that_breaks_off_is_no_longer_open() -> None:
    doors = Doors()
    async with anyio.create_task_group() as group:
        for _ in range(OPEN_REQUESTS):
            group.start_soon(doors.ask, "bot")
        await anyio.wait_all_tasks_blocked()
        group.cancel_scope.cancel()
    doors.let_go.set()
    assert await doors.ask("bot") == 200
