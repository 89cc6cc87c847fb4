"""SQL in `.sql` files, and the two doors through which a room with tables of its own runs it."""

import re
from functools import cache
from importlib.resources import files
from typing import Any, Protocol


class Tables(Protocol):
    """A store that runs SQL with `:named` values."""

    async def rows(self, sql: str, /, **values: Any) -> list[dict[str, Any]]:
        """The rows of a query."""
        ...

    async def write(self, *steps: tuple[str, dict[str, Any]]) -> int:
        """Run the steps in one transaction; the rows that the first one changed, 0 where a unique index said no."""
        ...


@cache
def named_queries(package: str) -> dict[str, str]:
    """The statements of a package's `queries.sql`, by the name in the comment above each."""
    text = (files(package) / "queries.sql").read_text("utf-8")
    parts = re.split(r"^-- name: (\w+)\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], (part.strip() for part in parts[2::2]), strict=True))
