"""A MultiMail for tests of single calls: answers by route, and keeps what it was asked."""

import json
import random
from collections.abc import Mapping
from typing import Any

import httpx

from deskgate.desk.credentials import FixedCredential
from deskgate.desk.multimail import Draft, Outbox, Oversight, connect
from deskgate.desk.wire import Wire
from fakes import FakeClock

BOX = "box_1"
ADDRESS = "support@desk.example.com"
ANA = "ana@example.com"
MAILBOX = {
    "id": BOX,
    "address": ADDRESS,
    "oversight_mode": "gated_send",
    "is_active": 1,
    "created_at": 1769587200000,
}
MAILBOXES = {"mailboxes": [MAILBOX]}
ORIGIN = "http://sandbox.localhost"
NOT_FOUND = httpx.Response(404, json={"error": "Not found"})
TEXT = "Hello Ana,\n\nyour parcel is on its way."

Reply = Any  # JSON for a 200, an httpx.Response, an exception to raise, or a list of these to be used up in order


def refused(status: int, error: str) -> httpx.Response:
    """An error as MultiMail words all of them."""
    return httpx.Response(status, json={"error": error})


def lost() -> httpx.ReadError:
    """The connection broke after the request was sent."""
    return httpx.ReadError("reset")


class Service(httpx.MockTransport):
    """Answers `"POST /v1/…"` routes; a list of answers is used in order, its last one for ever. Other routes: 404."""

    def __init__(self, routes: Mapping[str, Reply]) -> None:
        self.routes = {
            "GET /v1/mailboxes": MAILBOXES,
            **{name: list(reply) if isinstance(reply, list) else reply for name, reply in routes.items()},
        }
        self.requests: list[httpx.Request] = []
        super().__init__(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        reply = self.routes.get(f"{request.method} {request.url.path}", NOT_FOUND)
        if isinstance(reply, list):
            reply = reply.pop(0) if len(reply) > 1 else reply[0]
        if callable(reply):
            reply = reply(request)
        if isinstance(reply, Exception):
            raise reply
        return reply if isinstance(reply, httpx.Response) else httpx.Response(200, content=json.dumps(reply))

    @property
    def asked(self) -> list[str]:
        """Method and path of every request, in order."""
        return [f"{request.method} {request.url.path}" for request in self.requests]

    @property
    def written(self) -> list[tuple[str, Any]]:
        """Path and body of every request that is no GET."""
        return [
            (request.url.path, json.loads(request.content) if request.content else None)
            for request in self.requests
            if request.method != "GET"
        ]


def draft(**changes: Any) -> Draft:
    """A first reply on ticket 101."""
    given = {
        "to": ANA,
        "subject": "Re: Where is my parcel?",
        "body": TEXT,
        "ticket_id": 101,
        "ticket_status": "open",
        "key": "d_1",
        "thread_id": None,
    }
    return Draft(**{**given, **changes})


def wire(service: httpx.AsyncBaseTransport, clock: FakeClock, key: str, base_url: str = ORIGIN) -> Wire:
    """A connection to that service."""
    return Wire(
        "MultiMail",
        base_url,
        FixedCredential(f"Bearer {key}"),
        clock,
        transport=service,
        chance=random.Random(1),
    )


def sides(
    service: httpx.AsyncBaseTransport, *, api: str = "v1", mailbox: str = ADDRESS, clock: FakeClock | None = None
) -> tuple[Outbox, Oversight]:
    """Both sides over two keys."""
    clock = clock or FakeClock()
    outbox, oversight = connect(
        wire(service, clock, "send_key"), wire(service, clock, "oversight_key"), mailbox=mailbox, api=api, clock=clock
    )
    assert oversight is not None
    return outbox, oversight


def outbox_of(routes: Mapping[str, Reply], *, api: str = "v1", mailbox: str = ADDRESS) -> tuple[Outbox, Service]:
    """The sending side alone, without a deciding key anywhere."""
    service, clock = Service(routes), FakeClock()
    outbox, _ = connect(wire(service, clock, "send_key"), None, mailbox=mailbox, api=api, clock=clock)
    return outbox, service


def oversight_of(routes: Mapping[str, Reply], *, api: str = "v1") -> tuple[Oversight, Service]:
    """The deciding side."""
    service = Service(routes)
    return sides(service, api=api)[1], service
