"""What of the product has to be taken from chance, threads and files, so that a seed is a whole story."""

import random
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from unittest import mock

import anyio
import anyio.to_thread
import httpx

from deskgate.desk import wire
from deskgate.desk.inbox import worker
from deskgate.desk.store.sqlite import SqliteTables

# Tables for the next process that opens its database.
OPENING: list[Any] = []
REST_SECONDS = 30.0


class Plain:
    """What the wire needs of an HTTP client, without what a real connection needs: half of a seed's time went there."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    def build_request(self, method: str, url: str, *, params: Any, json: Any, headers: Any) -> httpx.Request:
        """The same request."""
        return httpx.Request(method, url, params=params, json=json, headers=headers)

    async def send(self, request: httpx.Request, *, stream: bool) -> httpx.Response:
        """Straight to the network."""
        return await self._transport.handle_async_request(request)

    async def aclose(self) -> None:
        """Nothing was opened."""


def _opened(connection: Any) -> Plain:
    connection._client = Plain(connection._transport)
    return connection._client  # type: ignore[no-any-return]


@contextmanager
def by_chance(chance: random.Random) -> Iterator[None]:
    """Every id and every key of the product from there."""
    with (
        mock.patch.object(uuid, "uuid4", lambda: uuid.UUID(int=chance.getrandbits(128))),  # noqa: PT008, a new one each time
        mock.patch("secrets.token_hex", lambda size=16: f"{chance.getrandbits(size * 8):0{size * 2}x}"),
        mock.patch("secrets.randbits", chance.getrandbits),
        mock.patch("secrets.token_bytes", chance.randbytes),
    ):
        yield


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """No thread, no file, no chance but ours."""
    chance = random.Random(seed)

    async def opened(*_given: Any, **_named: Any) -> Any:
        return OPENING.pop()

    async def at_once(work: Any, *given: Any, **_how: Any) -> Any:
        await anyio.lowlevel.checkpoint()
        return work(*given)

    with (
        mock.patch.object(SqliteTables, "open", opened),
        mock.patch.object(anyio.to_thread, "run_sync", at_once),
        by_chance(chance),
        mock.patch.object(wire, "random", SimpleNamespace(Random=lambda: random.Random(chance.random()))),
        mock.patch.object(wire.Wire, "_open", _opened),
        mock.patch.object(worker, "REST_SECONDS", REST_SECONDS),
    ):
        yield
