"""Reading a body that nobody has vouched for yet: so much, so long, and so much of all of them together."""

from collections.abc import Iterator
from contextlib import contextmanager

import anyio
from starlette.types import Receive

from deskgate.web.webhooks.counts import Reason


class Share:
    """One request's part of a `Room`."""

    def __init__(self, room: "Room") -> None:
        self._room = room
        self.size = 0

    def take(self, size: int) -> bool:
        """Take so many bytes more; false where the room is full."""
        if size > self._room.left:
            return False
        self._room.left -= size
        self.size += size
        return True


class Room:
    """The memory that all bodies on their way in may take together, in bytes."""

    def __init__(self, size: int) -> None:
        self.left = size

    @contextmanager
    def share(self) -> Iterator[Share]:
        """A part of it, given back at the end."""
        share = Share(self)
        try:
            yield share
        finally:
            self.left += share.size


async def read_body(receive: Receive, share: Share, *, limit: int, seconds: float) -> bytes | Reason:
    """The whole body of at most `limit` bytes, if it comes within `seconds`."""
    with anyio.move_on_after(seconds):
        return await _read(receive, share, limit)
    return "slow"


async def _read(receive: Receive, share: Share, limit: int) -> bytes | Reason:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return "left"
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            return "too_large"
        if not share.take(len(chunk)):
            return "busy"
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)
