"""Zendesk's two ways of paging. On a cursor's last page `links.next` is still a URL: only `has_more` tells the end."""

import base64
from collections.abc import Callable, Sequence
from urllib.parse import urlencode

from deskgate.sandbox.exchange import Ask, Json, plain_number
from deskgate.sandbox.zendesk.errors import invalid_attribute

PAGE_LIMIT = 100
PAGES_LIMIT = 100


def wants_cursor(ask: Ask) -> bool:
    """Whether the caller asked for cursor paging."""
    return any(name.startswith("page[") for name, _ in ask.query)


def page(ask: Ask, name: str, ids: Sequence[int], fetch: Callable[[int], Json]) -> Json:
    """One page of records in the order of `ids`, by cursor or by offset as the caller asked."""
    return by_cursor(ask, name, ids, fetch) if wants_cursor(ask) else by_offset(ask, name, ids, fetch)


def by_cursor(ask: Ask, name: str, ids: Sequence[int], fetch: Callable[[int], Json]) -> Json:
    """`page[size]`, `page[after]`, `page[before]`; answers with `meta` and `links`."""
    size = _number(ask, "page[size]", PAGE_LIMIT)
    if not 1 <= size <= PAGE_LIMIT:
        raise invalid_attribute(f"page[size] must be between 1 and {PAGE_LIMIT}")
    after, before = _position(ask, "page[after]", ids), _position(ask, "page[before]", ids)
    start = 0 if after is None else after + 1
    if before is not None:
        start = max(0, before - size)
        size = min(size, before)
    chosen = ids[start : start + size]
    more = start > 0 if before is not None else start + size < len(ids)
    first, last = (_cursor(chosen[0]), _cursor(chosen[-1])) if chosen else (None, None)
    return {
        name: [fetch(one) for one in chosen],
        "meta": {"has_more": more, "after_cursor": last, "before_cursor": first},
        "links": {
            "prev": _link(ask, "page[before]", first, size) if first else None,
            "next": _link(ask, "page[after]", last, size) if last else None,
        },
    }


def by_offset(ask: Ask, name: str, ids: Sequence[int], fetch: Callable[[int], Json]) -> Json:
    """`page` and `per_page`; answers with `count`, `next_page`, `previous_page`; refuses pages beyond the hundredth."""
    number, size = offset_of(ask)
    if number > PAGES_LIMIT:
        raise invalid_attribute(f"You passed an invalid value for the page attribute. Must be at most {PAGES_LIMIT}")
    start = (number - 1) * size
    return {
        name: [fetch(one) for one in ids[start : start + size]],
        "next_page": _link(ask, "page", number + 1, size) if start + size < len(ids) else None,
        "previous_page": _link(ask, "page", number - 1, size) if number > 1 else None,
        "count": len(ids),
    }


def offset_of(ask: Ask) -> tuple[int, int]:
    """The page's number, from 1, and its size, at most a hundred."""
    number, size = _number(ask, "page", 1), min(_number(ask, "per_page", PAGE_LIMIT), PAGE_LIMIT)
    if number < 1 or size < 1:
        raise invalid_attribute("page and per_page must be positive")
    return number, size


def _number(ask: Ask, name: str, default: int) -> int:
    number = plain_number(ask.first(name, str(default)))
    if number is None:
        raise invalid_attribute(f"You passed an invalid value for the {name} attribute. Must be an integer")
    return number


def _cursor(record_id: int) -> str:
    return base64.urlsafe_b64encode(f"o:{record_id}".encode()).decode().rstrip("=")


def _position(ask: Ask, name: str, ids: Sequence[int]) -> int | None:
    text = ask.first(name)
    if not text:
        return None
    try:
        return ids.index(int(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).removeprefix(b"o:")))
    except ValueError:
        raise invalid_attribute(f"You passed an invalid value for the {name} attribute. Not a cursor") from None


def _link(ask: Ask, name: str, value: object, size: int) -> str:
    kept = [(key, text) for key, text in ask.query if not key.startswith(("page", "per_page"))]
    width = ("per_page" if name == "page" else "page[size]", size)
    return f"{ask.origin}{ask.path}?" + urlencode([*kept, width, (name, value)])
