"""One webhook door: check, store, answer. The answer is a status and nothing else."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.types import Receive, Scope, Send

from deskgate.desk.clock import Clock, iso
from deskgate.desk.inbox.accept import Arrival, Intake, Source
from deskgate.web.webhooks.counts import Counts, Reason
from deskgate.web.webhooks.reading import Room, read_body
from deskgate.web.webhooks.signatures import RawHeaders, Verify

BODY_SECONDS = 10.0
JSON = re.compile(rb'application/json[ \t]*(?:;[ \t]*charset[ \t]*=[ \t]*"?utf-8"?[ \t]*)?;?', re.IGNORECASE)

# What was signed has to be what arrives: nothing on the way may be packed.
PLAIN = {b"content-encoding": b"identity", b"transfer-encoding": b"chunked"}

STATUS: dict[Reason, int] = {
    "method": 405,
    "no_secret": 503,
    "content_type": 415,
    "too_large": 413,
    "slow": 408,
    "unsigned": 401,
    "unreadable_signature": 401,
    "wrong_signature": 401,
    "unreadable_time": 401,
    "old": 401,
    "early": 401,
    "busy": 503,
    "store": 503,
}


@dataclass(frozen=True)
class Door:
    """Takes the webhooks of one sender. `limit` is the longest body in bytes; `room` is shared by all doors."""

    source: Source
    verify: Verify
    secrets: Sequence[bytes]
    limit: int
    intake: Intake
    clock: Clock
    counts: Counts
    room: Room
    body_seconds: float = BODY_SECONDS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request: 202 once it is on the disk."""
        refused = self._at_sight(scope)
        if refused:
            # Its body is not read, and so the connection cannot be used again.
            await self._refuse(send, refused, close=True)
            return
        with self.room.share() as share:
            body = await read_body(receive, share, limit=self.limit, seconds=self.body_seconds)
            if isinstance(body, str):
                await self._refuse(send, body, close=True)
                return
            refused = await self._take(scope["headers"], body)
        if refused:
            await self._refuse(send, refused)
            return
        self.counts.stored[self.source] += 1
        await _answer(send, 202)

    def _at_sight(self, scope: Scope) -> Reason | None:
        """What is wrong already with the head of the request."""
        if scope["method"] != "POST":
            return "method"
        if not self.secrets:
            return "no_secret"
        headers: RawHeaders = scope["headers"]
        kinds = [value for name, value in headers if name == b"content-type"]
        if len(kinds) != 1 or not JSON.fullmatch(kinds[0]):
            return "content_type"
        if any(name in PLAIN and value.lower() != PLAIN[name] for name, value in headers):
            return "content_type"
        lengths = [value for name, value in headers if name == b"content-length"]
        announced = max((int(value) for value in lengths if value.isdigit() and len(value) < 20), default=0)
        return "too_large" if announced > self.limit else None

    async def _take(self, headers: RawHeaders, body: bytes) -> Reason | None:
        now = self.clock.now()
        proof = self.verify(headers, body, self.secrets, now)
        if isinstance(proof, str):
            return proof
        arrival = Arrival(
            source=self.source,
            event_id=proof.event_id,
            body_hash=proof.body_hash,
            signed_hash=proof.signed_hash,
            headers=proof.headers,
            body=body,
            received_at=iso(now),
        )
        outcome = await self.intake.accept(arrival)
        if outcome == "stored":
            return None
        return "busy" if outcome == "busy" else "store"

    async def _refuse(self, send: Send, reason: Reason, *, close: bool = False) -> None:
        self.counts.refused[self.source, reason] += 1
        if reason in STATUS:
            allow = [(b"allow", b"POST")] if reason == "method" else []
            await _answer(send, STATUS[reason], *allow, *([(b"connection", b"close")] if close else []))


async def _answer(send: Send, status: int, *headers: tuple[bytes, bytes]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0"), *headers]})
    await send({"type": "http.response.body", "body": b""})
