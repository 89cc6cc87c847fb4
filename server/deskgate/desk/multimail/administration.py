"""What an operator's check-up reads with the admin key, in the published form. Nothing here changes anything.

`Outbox` and `Oversight` never hold this key.
"""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from deskgate.desk.multimail.reading import rows, text
from deskgate.desk.wire import Again, Wire

# The vendor shows a key's beginning, as `mm_live_abc...`; less than this says nothing about which key it is.
SHORTEST_PREFIX = len("mm_live_") + 1


@dataclass(frozen=True)
class ApiKey:
    """A key as the account's list shows it: how it begins and what it may do."""

    prefix: str
    scopes: frozenset[str]
    is_active: bool

    def begins(self, secret: str) -> bool:
        """Whether that secret may be this key. Only the beginning is known."""
        return self.is_active and len(self.prefix) >= SHORTEST_PREFIX and secret.startswith(self.prefix)


@dataclass(frozen=True)
class Webhook:
    """A registered webhook. `place` is its address without whatever could be a secret in it."""

    place: str
    events: tuple[str, ...]


@dataclass(frozen=True)
class Delivery:
    """One delivery to a webhook: `pending`, `delivered` or `failed`, and what the receiver answered."""

    place: str
    status: str
    answer: str | None


class Administration:
    """The admin key's side of MultiMail, as far as a check-up wants it. Every method raises as `Wire.call` does."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def keys(self) -> list[ApiKey]:
        """GET /v1/api-keys: every key of the account, never whole."""
        return [_key(row) for row in rows(await self._read("/v1/api-keys"), "api_keys", "keys")]

    async def webhooks(self) -> list[Webhook]:
        """GET /v1/webhooks."""
        found = rows(await self._read("/v1/webhooks"), "subscriptions", "webhooks")
        return [Webhook(_place(row.get("url")), _words(row.get("events"))) for row in found]

    async def deliveries(self) -> list[Delivery]:
        """GET /v1/webhook-deliveries: the newest 50 that the vendor lists by default."""
        found = rows(await self._read("/v1/webhook-deliveries"), "deliveries")
        return [
            Delivery(_place(row.get("url")), text(row.get("status")) or "", text(row.get("response_status")))
            for row in found
        ]

    async def _read(self, path: str) -> Any:
        return (await self._wire.call("GET", path, again=Again.READ)).data


def _key(row: dict[str, Any]) -> ApiKey:
    prefix = re.split(r"\.\.|…|\*", text(row.get("prefix")) or "")[0]
    return ApiKey(prefix, frozenset(_words(row.get("scopes"))), row.get("is_active") not in (False, 0))


def _words(value: object) -> tuple[str, ...]:
    return tuple(word for item in value if (word := text(item))) if isinstance(value, list) else ()


def _place(value: object) -> str:
    """Scheme, host and path: a user, query or fragment may carry a token."""
    try:
        parts = urlsplit(text(value) or "")
    except ValueError:
        return "(an address that cannot be read)"
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"
