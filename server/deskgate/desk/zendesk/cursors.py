"""Opaque cursors: Zendesk's own cursors and page numbers, wrapped so that one kind is never taken for another."""

import base64
import binascii
import json
from typing import Any

from deskgate.desk.errors import BadInput

LONGEST_CURSOR = 2000


def wrap(kind: str, *parts: str | int) -> str:
    """An opaque cursor of that kind."""
    text = json.dumps([kind, *parts], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def unwrap(cursor: str, kind: str, *types: type) -> list[Any]:
    """The parts of a cursor made by `wrap`, each of the given type.

    Raises:
        BadInput: it is not such a cursor.
    """
    wrong = BadInput("This cursor is not one that was handed out here. Start again without it.")
    if len(cursor) > LONGEST_CURSOR or not cursor.isascii():
        raise wrong
    try:
        found = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        raise wrong from None
    if not isinstance(found, list) or len(found) != len(types) + 1 or found[0] != kind:
        raise wrong
    parts = found[1:]
    if any(type(part) is not wanted for part, wanted in zip(parts, types, strict=True)):
        raise wrong
    return parts
