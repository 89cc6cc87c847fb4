"""Webhooks as a hostile or broken sender makes them, each with what must become of it."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random

from hooks import MULTIMAIL_SECRET, ZENDESK_SECRET

from deskgate.desk.clock import iso
from deskgate.web.webhooks import MULTIMAIL_BYTES, ZENDESK_BYTES

Headers = tuple[tuple[bytes, bytes], ...]

SIGNATURE = {"multimail": b"x-multimail-signature", "zendesk": b"x-zendesk-webhook-signature"}
TIME = b"x-zendesk-webhook-signature-timestamp"
INVOCATION = b"x-zendesk-webhook-invocation-id"
KIND = (b"content-type", b"application/json")


@dataclass(frozen=True)
class Case:
    """One request. `good`: it must be taken; else it must be refused. `whole`: the body arrives to its end."""

    what: str
    door: str
    body: bytes
    headers: Headers
    good: bool = True
    method: str = "POST"
    whole: bool = True
    pieces: int = 1
    key: tuple[str, ...] = field(default=())


def genuine(random: Random, door: str, body: bytes, now: datetime, secret: str | None = None) -> Case:
    """A request as its sender makes it. `key` says which event it is, by rules of this test's own."""
    if door == "multimail":
        value = hmac.new((secret or MULTIMAIL_SECRET).encode(), body, hashlib.sha256).hexdigest()
        prefix = random.choice(["sha256=", ""])
        return Case("genuine", door, body, (KIND, (SIGNATURE[door], f"{prefix}{value}".encode())), key=(door, value))
    time = iso(now + timedelta(seconds=random.randint(-300, 300))).encode()
    raw = hmac.new((secret or ZENDESK_SECRET).encode(), time + body, hashlib.sha256).digest()
    invocation = b"01K%022x" % random.getrandbits(88)
    named = ((SIGNATURE[door], base64.b64encode(raw)), (TIME, time), (INVOCATION, invocation))
    return Case("genuine", door, body, (KIND, *named), key=(door, raw.hex()))


def body(random: Random, number: int) -> bytes:
    """A body that nobody else has: good JSON, bad JSON, no JSON."""
    mark = b'"n":%d' % number
    odd: list[Callable[[], bytes]] = [
        lambda: json.dumps({"event": "message.received", "n": number, "data": {"email_id": f"01K{number}"}}).encode(),
        lambda: b'{"ticket_id":"%d",%s}' % (random.randint(1, 10**6), mark),
        lambda: b"{%s,%s}" % (mark, mark),
        lambda: b'{%s,"a":"\\ud800"}' % mark,
        lambda: b'{%s,"a":"\\u0000"}' % mark,
        lambda: b"{%s,\x00}" % mark,
        lambda: f"{{{mark.decode()}, ä}}".encode(random.choice(["latin-1", "utf-16", "utf-32", "utf-7"])),
        lambda: b"{%s}" % mark + b"[" * random.choice([10, 1000, 20_000]),
        lambda: b'{"a":' * random.choice([10, 1000, 5_000]) + mark,
        lambda: b"{%s,%s}" % (mark, b'"x":NaN,"y":1e999'),
        lambda: mark + random.randbytes(random.randint(0, 300)),
        lambda: mark + b"9" * random.choice([20, 5000]),
    ]
    return random.choice(odd)()


def flipped(random: Random, value: bytes) -> bytes:
    """The same with one bit changed."""
    at = random.randrange(len(value) * 8)
    changed = bytearray(value)
    changed[at // 8] ^= 1 << at % 8
    return bytes(changed)


def _with(case: Case, what: str, name: bytes, value: bytes | None) -> Case:
    others = tuple(one for one in case.headers if one[0] != name)
    return replace(case, what=what, good=False, headers=others if value is None else (*others, (name, value)))


def _value(case: Case, name: bytes) -> bytes:
    return dict(case.headers)[name]


def spoiled(random: Random, case: Case, now: datetime) -> Case:
    """A genuine request, made wrong in one way. What it must not become is taken."""
    name = SIGNATURE[case.door]
    signature = _value(case, name)
    other = "zendesk" if case.door == "multimail" else "multimail"
    limit = MULTIMAIL_BYTES if case.door == "multimail" else ZENDESK_BYTES
    ways: list[Callable[[], Case]] = [
        lambda: replace(case, what="flipped body", good=False, body=flipped(random, case.body)),
        lambda: replace(
            case, what="longer body", good=False, body=case.body + random.choice([b" ", b"\0", b"\n", b"}"])
        ),
        lambda: replace(case, what="shorter body", good=False, body=case.body[: random.randrange(len(case.body))]),
        lambda: _flipped_signature(random, case, name, signature),
        lambda: _with(case, "no signature", name, None),
        lambda: _with(case, "empty signature", name, b""),
        lambda: _with(case, "random signature", name, random.randbytes(random.choice([1, 32, 64, 500]))),
        lambda: _with(case, "cut signature", name, signature[: random.randrange(len(signature))]),
        lambda: replace(case, what="two signatures", good=False, headers=(*case.headers, (name, signature))),
        lambda: replace(genuine(random, case.door, case.body, now, "retired"), what="wrong secret", good=False),
        lambda: replace(genuine(random, case.door, case.body, now, " "), what="blank secret", good=False),
        lambda: replace(case, what="other door", good=False, door=other),
        lambda: replace(case, what="other method", good=False, method=random.choice(["GET", "PUT", "post", "POS"])),
        lambda: _with(case, "content type", b"content-type", random.choice(_KINDS)),
        lambda: _with(case, "no content type", b"content-type", None),
        lambda: _with(case, "packed", b"content-encoding", random.choice([b"gzip", b"br", b"deflate, gzip"])),
        lambda: replace(case, what="cut off", good=False, whole=False),
        lambda: _announced(case, limit + random.randint(1, 10**9)),
    ]
    if case.door == "zendesk":
        time = _value(case, TIME)
        ways += [
            lambda: _with(case, "flipped time", TIME, flipped(random, time)),
            lambda: _with(case, "no time", TIME, None),
            lambda: replace(case, what="two times", good=False, headers=(*case.headers, (TIME, time))),
            lambda: _with(case, "other time", TIME, iso(now + timedelta(seconds=random.randint(400, 500))).encode()),
            lambda: replace(
                genuine(random, "zendesk", case.body, now + random.choice([-1, 1]) * timedelta(seconds=700)),
                what="signed at another time",
                good=False,
            ),
            lambda: replace(_with(case, "moved border", TIME, time[:-1]), body=time[-1:] + case.body),
        ]
    return random.choice(ways)()


_KINDS = (
    b"text/plain",
    b"application/json; charset=utf-16",
    b"application/jsonx",
    b"\xff",
    b"application/json, text/html",
)


def _flipped_signature(random: Random, case: Case, name: bytes, signature: bytes) -> Case:
    changed = flipped(random, signature)
    # Hex has two spellings of a letter, and both are the same bytes.
    same = changed.lower() == signature.lower() and case.door == "multimail" and b"=" not in signature
    tail = changed.partition(b"=")[2], signature.partition(b"=")[2]
    same = same or (changed[:7] == b"sha256=" == signature[:7] and tail[0].lower() == tail[1].lower())
    return replace(_with(case, "flipped signature", name, changed), good=same)


def _announced(case: Case, size: int) -> Case:
    return _with(case, "announced too long", b"content-length", b"%d" % size)


def oversized(random: Random, case: Case) -> Case:
    """Longer than the door takes, in pieces, and truthfully signed or not."""
    limit = MULTIMAIL_BYTES if case.door == "multimail" else ZENDESK_BYTES
    longer = case.body + b" " * (limit + random.randint(0, 3 * limit))
    return replace(case, what="oversized", good=False, body=longer, pieces=random.choice([1, 2, 17, 64]))


def replayed(random: Random, case: Case) -> Case:
    """The same request again; of Zendesk's under another invocation id or under none."""
    if case.door == "multimail" or random.random() < 0.3:
        return replace(case, what="replayed", pieces=random.choice([1, 3]))
    value = random.choice([None, b"01K%022x" % random.getrandbits(88), b"no id", random.randbytes(8)])
    return replace(_with(case, "replayed under another id", INVOCATION, value), good=True)
