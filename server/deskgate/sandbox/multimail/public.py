"""MultiMail's calls that need no key: health, and the unsubscribe link of a delivered mail."""

import json

from deskgate.sandbox.exchange import Answer, Ask
from deskgate.sandbox.moment import Moment
from deskgate.sandbox.multimail.common import ok, refused

PAGE = b"<!doctype html><title>Unsubscribe</title><form method=post><button>Unsubscribe</button></form>"


def health(moment: Moment, ask: Ask) -> Answer:
    """GET /health."""
    return ok({"status": "ok"})


def unsubscribe_page(moment: Moment, ask: Ask) -> Answer:
    """GET never unsubscribes: mail scanners follow links. It shows a button."""
    return Answer(200, PAGE, {"content-type": "text/html; charset=utf-8"})


def unsubscribe(moment: Moment, ask: Ask) -> Answer:
    """POST /v1/unsubscribe/{token}: one click (RFC 8058), no login."""
    row = moment.store.row("email", id=ask.parts["token"])
    if row is None:
        raise refused(404, "Not found")
    for address in json.loads(row["recipients"]):
        suppress(moment, address, "manual_unsubscribe")
    return ok({"status": "unsubscribed"})


def suppress(moment: Moment, address: str, reason: str) -> None:
    """Put an address on the suppression list."""
    moment.store.run("suppression_put", id=moment.new_id(), address=address, reason=reason, created_at=moment.now_ms)
