"""MultiMail's webhook registrations in both wire forms, and the log of their deliveries."""

import json
from collections.abc import Sequence
from ipaddress import ip_address
from sqlite3 import Row
from urllib.parse import urlsplit

from deskgate.sandbox.exchange import Answer, Ask, Json, json_answer
from deskgate.sandbox.moment import Moment
from deskgate.sandbox.multimail.common import cursor_of, fields, find_mailbox, limit_of, log, ok, refused, text_field
from deskgate.sandbox.multimail.events import EVERY_NAME, USUAL
from deskgate.sandbox.multimail.v1_admin import needs_code
from deskgate.sandbox.outbox import log_entry
from deskgate.sandbox.times import iso_ms

URL_LIMIT = 2048


def create(moment: Moment, ask: Ask) -> Answer:
    """POST /v1/webhooks: after the operator's code; the signing secret is in the answer."""
    body = fields(moment, ask, ("url", "events", "mailbox_id", "approval_code"))
    mailbox_id = text_field(body, "mailbox_id", 64, required=False) or None
    if mailbox_id:
        find_mailbox(moment, mailbox_id)
    hook = _subscribe(moment, ask, body, "v1", mailbox_id)
    return hook if isinstance(hook, Answer) else json_answer(201, {**_shown(hook), "signing_secret": hook["secret"]})


def create_short(moment: Moment, ask: Ask) -> Answer:
    """POST /webhooks: `mailbox` is an address. The page shows no answer; it follows v1, the operator's code too."""
    body = fields(moment, ask, ("url", "events", "mailbox", "approval_code"), strict=False)
    address = text_field(body, "mailbox", 254, required=False)
    mailbox = moment.store.row("mailbox_by_address", address=address) if address else None
    if address and mailbox is None:
        raise refused(404, "Mailbox not found")
    hook = _subscribe(moment, ask, body, "short", mailbox["id"] if mailbox else None)
    if isinstance(hook, Answer):
        return hook
    shown = {"id": hook["id"], "url": hook["url"], "events": json.loads(hook["events"]), "mailbox": address or None}
    return json_answer(201, {**shown, "signing_secret": hook["secret"]})


def list_all(moment: Moment, ask: Ask) -> Answer:
    """GET /v1/webhooks: without secrets."""
    return ok({"subscriptions": [_shown(row) for row in moment.store.rows("webhooks_of", service="multimail")]})


def read(moment: Moment, ask: Ask) -> Answer:
    """GET /v1/webhooks/{id}: with the secret, as the specification's text for this call says."""
    hook = _find(moment, ask)
    return ok({**_shown(hook), "signing_secret": hook["secret"]})


def delete(moment: Moment, ask: Ask) -> Answer:
    """DELETE /v1/webhooks/{id}."""
    hook = _find(moment, ask)
    moment.store.run("webhook_drop", id=hook["id"])
    log(moment, ask.caller, "webhook.delete", "webhook", hook["id"])
    return ok({"status": "deleted"})


def list_deliveries(moment: Moment, ask: Ask) -> Answer:
    """GET /v1/webhook-deliveries: newest first."""
    limit = limit_of(ask, 50)
    rows = moment.store.rows("deliveries_page", service="multimail", before=cursor_of(ask), limit=limit + 1)
    more = str(rows[limit - 1]["number"]) if len(rows) > limit else None
    return ok({"deliveries": [log_entry(row) for row in rows[:limit]], "cursor": more})


def register(
    moment: Moment,
    service: str,
    url: str,
    *,
    form: str,
    events: Sequence[str] = (),
    mailbox_id: str | None = None,
    secret: str = "",
) -> Row:
    """Keep a registration of either service. Without events MultiMail reports everything; without a secret it is new.

    Raises ValueError for a service, a form, an event or an address that cannot be.
    """
    if service not in ("multimail", "zendesk") or form not in USUAL:
        raise ValueError("a webhook is of multimail (v1 or short) or of zendesk")
    unknown = sorted(set(events) - EVERY_NAME)
    if unknown or not is_usable(url):
        raise ValueError(f"no such event: {unknown[0]}" if unknown else f"not https, and not this machine: {url}")
    hook_id = moment.new_id()
    moment.store.run(
        "webhook_put",
        id=hook_id,
        service=service,
        form=form if service == "multimail" else "trigger",
        url=url,
        events=json.dumps(list(events) or sorted(EVERY_NAME)),
        mailbox_id=mailbox_id,
        secret=secret or f"whsec_{moment.random.randbytes(24).hex()}",
        created_at=moment.now_ms,
    )
    return moment.store.one("webhook", id=hook_id)


def is_usable(url: str) -> bool:
    """Whether webhooks may go to this address: https, or this machine."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(url)))


def is_loopback(url: str) -> bool:
    """Whether this address is on this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _subscribe(moment: Moment, ask: Ask, body: Json, form: str, mailbox_id: str | None) -> Row | Answer:
    url, events = text_field(body, "url", URL_LIMIT), body.get("events")
    if not is_usable(url):
        raise refused(400, "Webhook URL must use HTTPS")
    if not isinstance(events, list) or not events or not all(isinstance(name, str) for name in events):
        raise refused(400, "events must be a list of event names")
    unknown = sorted(set(events) - EVERY_NAME)
    if unknown:
        raise refused(400, f"Unknown event: {unknown[0]}")
    waiting = needs_code(moment, f"create webhook {url}", body.get("approval_code"))
    if waiting:
        return waiting
    hook = register(moment, "multimail", url, form=form, events=events, mailbox_id=mailbox_id)
    log(moment, ask.caller, "webhook.create", "webhook", hook["id"])
    return hook


def _shown(hook: Row) -> Json:
    return {
        "id": hook["id"],
        "url": hook["url"],
        "events": json.loads(hook["events"]),
        "mailbox_id": hook["mailbox_id"],
        "created_at": iso_ms(hook["created_at"]),
    }


def _find(moment: Moment, ask: Ask) -> Row:
    hook = moment.store.row("webhook", id=ask.parts["webhook_id"])
    if hook is None or hook["service"] != "multimail":
        raise refused(404, "Webhook not found")
    return hook
