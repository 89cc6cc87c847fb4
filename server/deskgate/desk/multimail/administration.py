"""What is done with the admin key: an operator's check-up, the mailbox, the webhook.

`Outbox` and `Oversight` never hold this key, and this has nothing with which a mail is written or decided.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from deskgate.desk.clock import parse_time
from deskgate.desk.multimail.mail import HOLDING_MODES
from deskgate.desk.multimail.matching import same_person
from deskgate.desk.multimail.outbox import Forms
from deskgate.desk.multimail.reading import addresses, cursor_of, first, id_of, record, rows, text
from deskgate.desk.wire import Again, Answer, Wire, path_of

# The vendor shows a key's beginning, as `mm_live_abc...`; less than this says nothing about which key it is.
SHORTEST_PREFIX = len("mm_live_") + 1
GATED = "gated_send"
# Modes in which mails go out at once, so that the way back to `gated_send` needs nobody's code.
LOOSE_MODES = frozenset({"monitored", "autonomous"})
# The published document types events as free text; these are the names of the vendor's own working client
# (`create_webhook` of multimail-dev/mcp-server).
V1_EVENTS = (
    "message.received",
    "message.sent",
    "message.delivered",
    "message.bounced",
    "message.complained",
    "oversight.pending",
    "oversight.approved",
    "oversight.rejected",
)
# As the vendor's Zendesk integration page names them.
SHORT_EVENTS = ("email.received", "email.pending_approval", "email.delivered")
DELIVERY_PAGES = 5
DELIVERY_PAGE_SIZE = 100


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
class Mailbox:
    """A mailbox as the account's list shows it. In the short form, which has no such list, `id` and `mode` are empty."""

    id: str
    address: str
    mode: str
    active: bool = True
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether every reply waits there until somebody approves it."""
        return self.mode in HOLDING_MODES


@dataclass(frozen=True)
class Webhook:
    """A registered webhook. `place` is its address without whatever could be a secret in it.

    `mailbox_id` is the only mailbox whose events it gets, `None` where it gets those of all. `secret` is what its deliveries
    are signed with, where the service just said it.
    """

    id: str
    place: str
    events: tuple[str, ...]
    mailbox_id: str | None = None
    created_at: datetime | None = None
    url: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)

    @property
    def missing(self) -> tuple[str, ...]:
        """The events that deskgate acts on and that are not asked for, whichever of its names MultiMail uses."""
        if "*" in self.events:
            return ()
        kinds = {_kind(event) for event in self.events}
        return tuple(event for event in V1_EVENTS if _kind(event) not in kinds)

    def leads_to(self, url: str, mailbox_id: str | None = None) -> bool:
        """Whether it is registered for that address, with that mailbox's events among its own."""
        covered = mailbox_id is None or self.mailbox_id in {None, mailbox_id}
        return covered and _spot(self.url) == _spot(url)


@dataclass(frozen=True)
class Delivery:
    """One delivery to a webhook: `pending`, `delivered` or `failed`, what the receiver answered, and when it began."""

    place: str
    status: str
    answer: str | None
    created_at: datetime | None = None
    event: str = ""

    def leads_to(self, url: str) -> bool:
        """Whether it went to that address."""
        return _spot(self.place) == _spot(url)


class Administration:
    """The admin key's side of MultiMail. Every method raises as `Wire.call` does.

    `api` is `auto`, `v1` or `short`. Where nothing else is said, a method is of the published form alone.
    """

    def __init__(self, wire: Wire, api: str = "auto") -> None:
        self._wire = wire
        self._forms = Forms(api, self.mailboxes)

    async def form(self) -> str:
        """`v1` or `short`, found out with one question."""
        return await self._forms.current()

    async def keys(self) -> list[ApiKey]:
        """GET /v1/api-keys: every key of the account, never whole."""
        return [_key(row) for row in rows(await self._read("/v1/api-keys"), "api_keys", "keys")]

    async def mailboxes(self) -> list[Mailbox]:
        """GET /v1/mailboxes."""
        return [_mailbox(row) for row in rows(await self._read("/v1/mailboxes"), "mailboxes")]

    async def mailbox(self, wanted: str) -> Mailbox | None:
        """The mailbox with this id, address or, without an `@`, local part; one in use before a deleted one."""
        found = [one for one in await self.mailboxes() if _is(one, wanted)]
        return next((one for one in found if one.active), found[0] if found else None)

    async def create_mailbox(self, address: str, name: str, code: str | None) -> Mailbox | None:
        """POST /v1/mailboxes, or /create_mailbox in the short form; `None` where the operator's code is wanted first.

        In v1 the address may be a local part alone. `approval_code` stands in no document; the vendor's client sends it.
        """
        if await self.form() == "short":
            body = {"address": address, "display_name": name or address.partition("@")[0]}
            answer = await self._write("/create_mailbox", body, code)
        else:
            body = {"address_local": address} | ({"display_name": name} if name else {})
            answer = await self._write("/v1/mailboxes", body, code)
        row = record(answer.data, "mailbox")
        if _waits(answer):
            return None
        return Mailbox(id_of(row) or "", text(row.get("address")) or address, text(row.get("oversight_mode")) or "")

    async def gate(self, mailbox_id: str) -> None:
        """PATCH /v1/mailboxes/{id}: back to `gated_send`. The service takes only stricter modes here, without a code."""
        path, body = "/v1/mailboxes" + path_of(mailbox_id), {"oversight_mode": GATED}
        await self._wire.call("PATCH", path, again=Again.KEYED, body=body)

    async def webhooks(self) -> list[Webhook]:
        """GET /v1/webhooks; no secrets."""
        return [_webhook(row) for row in rows(await self._read("/v1/webhooks"), "subscriptions", "webhooks")]

    async def webhook(self, webhook_id: str) -> Webhook:
        """GET /v1/webhooks/{id}, which the published document says to include the secret."""
        data = await self._read("/v1/webhooks" + path_of(webhook_id))
        return _webhook({"id": webhook_id, **record(data, "subscription", "webhook")})

    async def create_webhook(self, url: str, mailbox: Mailbox | None, code: str | None) -> Webhook | None:
        """POST /v1/webhooks, or /webhooks in the short form; `None` where the operator's code is wanted first.

        In v1 without a mailbox it is for all of the account; the short form wants one.
        """
        if await self.form() == "short":
            path, events = "/webhooks", list(SHORT_EVENTS)
            scope = {"mailbox": mailbox.address if mailbox else ""}
        else:
            path, events = "/v1/webhooks", list(V1_EVENTS)
            scope = {"mailbox_id": mailbox.id} if mailbox else {}
        answer = await self._write(path, {"url": url, "events": events, **scope}, code)
        if _waits(answer):
            return None
        return _webhook({"url": url, "events": events, **record(answer.data, "subscription", "webhook")})

    async def delete_webhook(self, webhook_id: str) -> None:
        """DELETE /v1/webhooks/{id}."""
        await self._wire.call("DELETE", "/v1/webhooks" + path_of(webhook_id), again=Again.KEYED)

    async def deliveries(self, since: datetime | None = None) -> list[Delivery]:
        """GET /v1/webhook-deliveries, newest first, back to `since`; 500 at most."""
        found: list[Delivery] = []
        cursor: str | None = None
        for _ in range(DELIVERY_PAGES):
            params = {"limit": DELIVERY_PAGE_SIZE} | ({"cursor": cursor} if cursor else {})
            data = await self._read("/v1/webhook-deliveries", params)
            page = [_delivery(row) for row in rows(data, "deliveries")]
            found += page
            cursor = cursor_of(data)
            if cursor is None or not page or _before(page[-1].created_at, since):
                break
        return [one for one in found if not _before(one.created_at, since)]

    async def _read(self, path: str, params: dict[str, Any] | None = None) -> Any:
        return (await self._wire.call("GET", path, again=Again.READ, params=params)).data

    async def _write(self, path: str, body: dict[str, Any], code: str | None) -> Answer:
        whole = body | ({"approval_code": code} if code else {})
        return await self._wire.call("POST", path, again=Again.UNAPPLIED, body=whole)


def _waits(answer: Answer) -> bool:
    """Whether nothing was made yet. What the 202 holds besides its status is documented nowhere."""
    return answer.only_accepted or text(record(answer.data).get("status")) == "pending_approval"


def _key(row: dict[str, Any]) -> ApiKey:
    prefix = re.split(r"\.\.|…|\*", text(row.get("prefix")) or "")[0]
    return ApiKey(prefix, frozenset(_words(row.get("scopes"))), row.get("is_active") not in (False, 0))


def _mailbox(row: dict[str, Any]) -> Mailbox:
    return Mailbox(
        id=first(row, "id", "mailbox_id") or "",
        address=text(row.get("address")) or "",
        mode=text(row.get("oversight_mode")) or "",
        active=row.get("is_active") not in (False, 0),
        cc=addresses(row.get("auto_cc")),
        bcc=addresses(row.get("auto_bcc")),
    )


def _is(one: Mailbox, wanted: str) -> bool:
    if one.id == wanted or same_person(one.address, wanted):
        return True
    return "@" not in wanted and same_person(one.address.partition("@")[0], wanted)


def _webhook(row: dict[str, Any]) -> Webhook:
    url = text(row.get("url")) or ""
    return Webhook(
        id=id_of(row) or "",
        place=_place(url),
        events=_words(row.get("events")),
        mailbox_id=text(row.get("mailbox_id")) or None,
        created_at=parse_time(row.get("created_at")),
        url=url,
        secret=first(row, "signing_secret", "secret") or "",
    )


def _delivery(row: dict[str, Any]) -> Delivery:
    return Delivery(
        place=_place(row.get("url")),
        status=text(row.get("status")) or "",
        answer=text(row.get("response_status")),
        created_at=parse_time(row.get("created_at")),
        event=first(row, "event_type", "event") or "",
    )


def _before(moment: datetime | None, since: datetime | None) -> bool:
    return moment is not None and since is not None and moment < since


def _kind(event: str) -> str:
    """`received` of `message.received` and of `email.received`: the vendor's vocabularies differ before the dot."""
    return event.rpartition(".")[2].removesuffix("_approval")


def _words(value: object) -> tuple[str, ...]:
    return tuple(word for item in value if (word := text(item))) if isinstance(value, list) else ()


def _place(value: object) -> str:
    """Scheme, host, port and path: a user, query or fragment may carry a token."""
    try:
        parts = urlsplit(text(value) or "")
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "(an address that cannot be read)"
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"


def _spot(url: str) -> str:
    """The same for two spellings of one address."""
    return _place(url).removesuffix("/").replace(":443/", "/", 1)
