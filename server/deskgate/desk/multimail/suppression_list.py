"""The addresses that MultiMail itself writes to no more. Its list can be read and shortened, never added to."""

from typing import Any

from deskgate.desk.multimail.reading import cursor_of, first, rows
from deskgate.desk.wire import Again, Wire

PAGES = 100
PAGE_SIZE = 100


async def suppressed(wire: Wire) -> list[str]:
    """GET /v1/suppression, which opens to the admin scope only. Raises as `Wire.call` does."""
    found: list[str] = []
    cursor: str | None = None
    for _ in range(PAGES):
        params: dict[str, Any] = {"limit": PAGE_SIZE} | ({"cursor": cursor} if cursor else {})
        data = (await wire.call("GET", "/v1/suppression", again=Again.READ, params=params)).data
        listed = rows(data, "suppressions", "suppression")
        found += [address for row in listed if (address := first(row, "email_address", "email"))]
        cursor = cursor_of(data)
        if cursor is None:
            break
    return found
