"""Walking a list to its end, with a bound that is said."""

from collections.abc import Awaitable, Callable
from typing import Any

from deskgate.desk.errors import UpstreamUnavailable
from deskgate.desk.multimail.reading import cursor_of, id_of, rows

PAGE_SIZE = 100


async def walk(
    fetch: Callable[[str | None], Awaitable[Any]],
    pages: int,
    enough: Callable[[dict[str, Any]], bool] = lambda _: False,
) -> tuple[list[dict[str, Any]], bool]:
    """The entries of at most that many pages, each mail once, and whether that was all of them.

    `enough` ends the walk after the page that has such an entry.

    Raises:
        UpstreamUnavailable: the pages repeat, so the end cannot be reached.
    """
    found: dict[str | int, dict[str, Any]] = {}
    seen: set[str] = set()
    cursor: str | None = None
    for _ in range(pages):
        data = await fetch(cursor)
        for row in rows(data):
            found.setdefault(id_of(row) or len(found), row)
        cursor = cursor_of(data)
        if cursor is None:
            return list(found.values()), True
        if any(enough(row) for row in found.values()):
            break
        if cursor in seen:
            raise UpstreamUnavailable("MultiMail's pages repeat, so the end of its list cannot be reached.")
        seen.add(cursor)
    return list(found.values()), False
