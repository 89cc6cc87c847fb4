"""What the two services report to registered addresses, kept in the transaction that made it true.

Nothing is posted here. Whoever carries deliveries claims those that are due and says what the receiver answered; a claim
that nobody reports on is due again after CLAIM_MS, so a carrier that dies loses nothing.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from sqlite3 import Row

from deskgate.sandbox.exchange import Json
from deskgate.sandbox.moment import Moment
from deskgate.sandbox.times import iso_ms

CLAIM_MS = 60_000
SWAPPED_MS = 2_000
WORTH_MS = 3_600_000
"""A delivery that nobody carried for an hour is given up: whoever starts a receiver later reads what it missed."""

ACCOUNT_ID = "21445180"


@dataclass(frozen=True)
class Delivery:
    """One webhook call that is due. `headers` have lower-case names; `attempt` counts from 1."""

    id: str
    service: str
    event_type: str
    url: str
    headers: dict[str, str]
    body: bytes
    attempt: int


def put(moment: Moment, hook: Row, event_type: str, body: Json) -> None:
    """Keep one report for one registration; the switches may lose it, double it or make it late."""
    number = moment.store.next_number("webhook", 1)
    if _strikes(moment, "webhook_lost", number):
        return
    late = SWAPPED_MS if moment.choice("webhook_order") == "swapped" and number % 2 else 0
    invocation = moment.new_id()
    for _ in range(2 if _strikes(moment, "webhook_doubled", number) else 1):
        moment.store.run(
            "delivery_put",
            id=moment.new_id(),
            invocation=invocation,
            webhook_id=hook["id"],
            service=hook["service"],
            event_type=event_type,
            url=hook["url"],
            body=json.dumps(body, ensure_ascii=False, separators=(",", ":")),
            created_at=moment.now_ms,
            due_at=moment.now_ms + late,
        )


def claim(moment: Moment, limit: int) -> list[Delivery]:
    """Take what is due, oldest first unless a switch turns it round. It is signed with the time of this moment."""
    moment.store.run("deliveries_expire", now=moment.now_ms, since=moment.now_ms - WORTH_MS)
    taken = []
    for row in moment.store.rows("deliveries_due", now=moment.now_ms, limit=limit):
        if row["attempts"] > moment.amount("webhook_retries"):
            _close(moment, row, "failed", row["response_status"])
            continue
        moment.store.run(
            "delivery_claim", id=row["id"], url=row["address"], now=moment.now_ms, until=moment.now_ms + CLAIM_MS
        )
        taken.append(_signed(moment, row))
    return taken[::-1] if moment.choice("webhook_order") == "reversed" else taken


def report(moment: Moment, delivery_id: str, status: int | None) -> None:
    """Note what the receiver answered (None: nothing). Anything but a 2xx is tried again, later each time.

    Raises LookupError for an unknown delivery. A report on one that is closed already changes nothing.
    """
    row = moment.store.one("delivery", id=delivery_id)
    if row["status"] != "pending":
        return
    if status is not None and 200 <= status < 300:
        _close(moment, row, "delivered", status)
    elif row["attempts"] > moment.amount("webhook_retries"):
        _close(moment, row, "failed", status)
    else:
        wait = round(moment.amount("webhook_backoff_seconds") * 1000) << (row["attempts"] - 1)
        moment.store.run("delivery_wait", id=row["id"], response_status=status, due_at=moment.now_ms + wait)


def log_entry(row: Row) -> Json:
    """A delivery as the vendor's log shows it."""
    names = ("id", "event_type", "url", "status", "attempts", "response_status")
    times = ("created_at", "last_attempt_at")
    return {**{name: row[name] for name in names}, **{name: iso_ms(row[name]) for name in times}}


def _close(moment: Moment, row: Row, status: str, answered: int | None) -> None:
    moment.store.run("delivery_close", id=row["id"], status=status, response_status=answered)


def _strikes(moment: Moment, switch: str, number: int) -> bool:
    every = int(moment.amount(switch))
    return every > 0 and number % every == 0


def _signed(moment: Moment, row: Row) -> Delivery:
    body = row["body"].encode()
    sign: Callable[[Moment, Row, bytes], dict[str, str]] = _zendesk if row["service"] == "zendesk" else _multimail
    headers = {"content-type": "application/json", **sign(moment, row, body)}
    return Delivery(row["id"], row["service"], row["event_type"], row["address"], headers, body, row["attempts"] + 1)


def _multimail(moment: Moment, row: Row, body: bytes) -> dict[str, str]:
    """The vendor documents one header and no delivery id; how the digest is spelt is partly open, so a switch says."""
    headers = {"user-agent": "MultiMail-Webhook"}
    if moment.choice("webhook_signature") == "none":
        return headers
    digest = hmac.new(row["secret"].encode(), body, hashlib.sha256).hexdigest()
    prefix = "sha256=" if moment.choice("webhook_signature") == "prefixed" else ""
    return {**headers, "x-multimail-signature": prefix + digest}


def _zendesk(moment: Moment, row: Row, body: bytes) -> dict[str, str]:
    """Zendesk signs the time and the body together, with the secret as text (developer.zendesk.com, webhooks)."""
    digest = hmac.new(row["secret"].encode(), moment.now_text.encode() + body, hashlib.sha256).digest()
    return {
        "user-agent": "Zendesk Webhook",
        "x-zendesk-account-id": ACCOUNT_ID,
        "x-zendesk-webhook-id": row["webhook_id"],
        "x-zendesk-webhook-invocation-id": row["invocation"],
        "x-zendesk-webhook-signature": base64.b64encode(digest).decode(),
        "x-zendesk-webhook-signature-timestamp": moment.now_text,
    }
