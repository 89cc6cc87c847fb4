"""Reading a body that nobody has vouched for yet: so much, so long, and so much of all of them together."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import anyio
from starlette.types import Receive

from deskgate.web.webhooks.counts import Reason


class Share:
    """One request's part of a `Room`."""

    def __init__(self, room: "Room") -> None:
        self._room = room
        self.size = 0
        self.reading = anyio.CancelScope()

    def take(self, size: int) -> bool:
        """Take so many bytes more; false where the room is full of bodies that are complete."""
        while size > self._room.left:
            if not self._room.make_way(self):
                return False
        self._room.left -= size
        self.size += size
        return True

    def sent(self) -> AbstractContextManager[None]:
        """Within it the body is coming in, and may be turned away."""
        return self._room.sends(self)

    def give_back(self) -> None:
        """All of it."""
        self._room.left += self.size
        self.size = 0


class Room:
    """The memory that all bodies on their way in may take together, in bytes.

    Where it is full, whoever has been sending for the longest makes way: a real sender has sent its body at once, and one
    who fills the room with bodies that never end must not keep the signed ones out.
    """

    def __init__(self, size: int) -> None:
        self.left = size
        self.sending: list[Share] = []

    @contextmanager
    def share(self) -> Iterator[Share]:
        """A part of it, given back at the end."""
        share = Share(self)
        try:
            yield share
        finally:
            share.give_back()

    def make_way(self, newcomer: Share) -> bool:
        """Turn away the oldest sender but this one; false where there is none."""
        others = [one for one in self.sending if one is not newcomer]
        if not others:
            return False
        self.sending.remove(others[0])
        others[0].give_back()
        others[0].reading.cancel()
        return True

    @contextmanager
    def sends(self, share: Share) -> Iterator[None]:
        """Its body is coming in, and can be turned away."""
        self.sending.append(share)
        try:
            with share.reading:
                yield
        finally:
            if share in self.sending:
                self.sending.remove(share)


async def read_body(receive: Receive, share: Share, *, limit: int, seconds: float) -> bytes | Reason:
    """The whole body of at most `limit` bytes, if it comes within `seconds` and nobody needs its room."""
    with anyio.move_on_after(seconds), share.sent():
        return await _read(receive, share, limit)
    return "busy" if share.reading.cancelled_caught else "slow"


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
