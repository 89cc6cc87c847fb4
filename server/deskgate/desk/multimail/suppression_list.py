"""The addresses that MultiMail itself writes to no more. Its list can be read and shortened, never added to."""

import re
from dataclasses import dataclass
from typing import Any, Literal

from deskgate.desk.multimail.reading import cursor_of, first, rows
from deskgate.desk.wire import Again, Wire

PAGES = 100
PAGE_SIZE = 100

Why = Literal["bounce", "complaint", "unsubscribed", "unknown"]

# The specification gives three causes (bounces, spam complaints, manual unsubscribes) and not the words for them.
_WORDS: tuple[tuple[Why, str], ...] = (
    ("bounce", r"bounce"),
    ("complaint", r"complain|spam"),
    ("unsubscribed", r"unsubscri|opt.?out|^manual$"),
)


@dataclass(frozen=True)
class Suppressed:
    """One entry. What no word of ours fits is `unknown`: it proves no wish of the customer's."""

    address: str
    why: Why


async def suppressed(wire: Wire) -> list[Suppressed]:
    """GET /v1/suppression, which opens to the admin scope only. Raises as `Wire.call` does."""
    found: list[Suppressed] = []
    cursor: str | None = None
    for _ in range(PAGES):
        params: dict[str, Any] = {"limit": PAGE_SIZE} | ({"cursor": cursor} if cursor else {})
        data = (await wire.call("GET", "/v1/suppression", again=Again.READ, params=params)).data
        listed = rows(data, "suppressions", "suppression")
        found += [
            Suppressed(address, _why(first(row, "reason") or ""))
            for row in listed
            if (address := first(row, "email_address", "email"))
        ]
        cursor = cursor_of(data)
        if cursor is None:
            break
    return found


def _why(reason: str) -> Why:
    return next((why for why, words in _WORDS if re.search(words, reason.strip(), re.IGNORECASE)), "unknown")
