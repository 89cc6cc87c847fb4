"""Whether a webhook's body was signed by whoever holds the secret, and which event it then is.

Both senders: HMAC-SHA256, the key is the secret's own text. Nothing in the body is read here.

MultiMail: `X-MultiMail-Signature: sha256=<hex>` over the raw body, as its patterns page says; whether the prefix is always
there is not said, so bare hex is taken too. It signs no time and sends no id, so the event is its body: its hash is the id.

Zendesk: `X-Zendesk-Webhook-Signature` is base64 over timestamp + body with nothing between them (its page "Verifying
webhook authenticity"). Only a timestamp of one fixed length leaves no doubt where the body begins. The invocation id is
the event's id, and it is *not* signed: so the hash of what was signed is kept beside it, and both must be new. Then
neither a repeat under a new invocation id nor a repeated invocation under a new timestamp is a second event.
"""

import base64
import binascii
import hmac
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from deskgate.desk.inbox.accept import digest
from deskgate.web.webhooks.counts import Reason

RawHeaders = Sequence[tuple[bytes, bytes]]

WINDOW = timedelta(minutes=5)

MULTIMAIL_SIGNATURE = b"x-multimail-signature"
ZENDESK_SIGNATURE = b"x-zendesk-webhook-signature"
ZENDESK_TIME = b"x-zendesk-webhook-signature-timestamp"
ZENDESK_INVOCATION = b"x-zendesk-webhook-invocation-id"
ZENDESK_KEPT = (b"x-zendesk-account-id", b"x-zendesk-webhook-id", ZENDESK_INVOCATION, ZENDESK_TIME)

HEX = re.compile(rb"(?:sha256=)?([0-9a-fA-F]{64})")
BASE64 = re.compile(rb"[A-Za-z0-9+/]{43}=")
TIME = re.compile(rb"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
ID = re.compile(rb"[A-Za-z0-9_-]{1,100}")


@dataclass(frozen=True)
class Proof:
    """A body that was signed; see `Arrival` for the fields."""

    event_id: str
    body_hash: str
    signed_hash: str | None
    headers: str


Verify = Callable[[RawHeaders, bytes, Sequence[bytes], datetime], Proof | Reason]


def multimail(headers: RawHeaders, body: bytes, secrets: Sequence[bytes], _now: datetime) -> Proof | Reason:
    """Check a delivery of MultiMail."""
    given = _only(headers, MULTIMAIL_SIGNATURE)
    if given is None:
        return "unsigned"
    found = HEX.fullmatch(given)
    if not found:
        return "unreadable_signature"
    if not _signed(bytes.fromhex(found[1].decode()), body, secrets):
        return "wrong_signature"
    body_hash = digest(body)
    return Proof(body_hash, body_hash, None, "{}")


def zendesk(headers: RawHeaders, body: bytes, secrets: Sequence[bytes], now: datetime) -> Proof | Reason:
    """Check a delivery of Zendesk, and that it was signed in these minutes."""
    given, time = _only(headers, ZENDESK_SIGNATURE), _only(headers, ZENDESK_TIME)
    if given is None or time is None:
        return "unsigned"
    signature, signed_at = _base64(given), _time(time)
    if signature is None:
        return "unreadable_signature"
    if signed_at is None:
        return "unreadable_time"
    if not _signed(signature, time + body, secrets):
        return "wrong_signature"
    if signed_at < now - WINDOW:
        return "old"
    if signed_at > now + WINDOW:
        return "early"
    signed_hash = digest(time, body)
    invocation = _only(headers, ZENDESK_INVOCATION)
    named = invocation is not None and ID.fullmatch(invocation)
    event_id = invocation.decode() if invocation and named else f"signed:{signed_hash}"
    return Proof(event_id, digest(body), signed_hash, _kept(headers))


def _signed(signature: bytes, message: bytes, secrets: Sequence[bytes]) -> bool:
    """Every secret is tried whichever fits, so that the time taken says nothing."""
    fits = [hmac.compare_digest(hmac.digest(secret, message, "sha256"), signature) for secret in secrets]
    return any(fits)


def _only(headers: RawHeaders, name: bytes) -> bytes | None:
    """The header's value where it is there once: of two nobody can say which one was meant."""
    values = [value for key, value in headers if key == name]
    return values[0] if len(values) == 1 else None


def _base64(text: bytes) -> bytes | None:
    """One spelling for each value: spare bits in the last letter must be zero."""
    if not BASE64.fullmatch(text):
        return None
    try:
        value = base64.b64decode(text, validate=True)
    except binascii.Error:
        return None
    return value if base64.b64encode(value) == text else None


def _time(text: bytes) -> datetime | None:
    if not TIME.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text.decode())
    except ValueError:  # 30 February
        return None


def _kept(headers: RawHeaders) -> str:
    found = {name.decode(): _only(headers, name) for name in ZENDESK_KEPT}
    plain = {name: value.decode() for name, value in found.items() if value and _plain(value)}
    return json.dumps(plain, sort_keys=True)


def _plain(value: bytes) -> bool:
    return len(value) <= 100 and value.isascii() and value.decode().isprintable()
