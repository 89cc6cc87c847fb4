"""What a fault says in place of the real answer."""

from datetime import datetime, timedelta
from email.utils import format_datetime

from deskgate.sandbox.exchange import Answer, Json, json_answer
from deskgate.sandbox.faults import Fault

AHEAD = timedelta(seconds=30)
PAGE = "<!DOCTYPE html>\n<html><head><title>{0}</title></head><body><h1>{0}</h1><p>Please stand by.</p></body></html>\n"
PER_TICKET = "Rate limit for ticket updates exceeded, please wait before updating this ticket again"
WARMUP: Json = {
    "error": "Warm-up limit reached", "warmup_stage": 1, "daily_sent": 50, "daily_limit": 50,
    "hint": "New mailboxes send 50 emails a day at first.",
}  # fmt: skip


def spoken(fault: Fault, service: str, now: datetime) -> Answer:
    """The answer of a fault that answers at all."""
    if fault.kind in ("html", "html_after"):
        return _page(200, "Scheduled maintenance")
    if fault.kind == "plain":
        return _text(200, "There is no help desk configured at this address.")
    if fault.kind == "cloudflare_403":
        return _text(403, "error code: 1020")
    status = int(fault.kind.removesuffix("_after"))
    return _error(status, fault, service).also(_retry_after(fault, now))


def cut(answer: Answer) -> Answer:
    """Half of an answer, with the length of that half."""
    return Answer(answer.status, answer.body[: len(answer.body) // 2], answer.headers)


def _error(status: int, fault: Fault, service: str) -> Answer:
    if fault.flavour == "html":
        return _page(status, {429: "Too Many Requests", 503: "Service Unavailable"}.get(status, "Something went wrong"))
    if fault.flavour == "text":
        return _text(status, PER_TICKET if status == 429 and service == "zendesk" else "Service unavailable")
    if service == "multimail" and status == 429 and fault.flavour == "warmup":
        return json_answer(status, WARMUP)
    return json_answer(status, _body(status, fault, service))


def _body(status: int, fault: Fault, service: str) -> Json:
    if service == "multimail":
        limit = "Monthly email quota exceeded" if fault.flavour == "quota" else "Rate limit exceeded"
        texts = {429: limit, 409: "Conflict", 503: "Service temporarily unavailable"}
        return {"error": texts.get(status, "Internal server error")}
    if status == 429:
        description = "Number of allowed incremental ticket API requests per minute exceeded"
        return {"error": "APIRateLimitExceeded", "description": description}
    if status == 409:
        return {"error": "UpdateConflict", "description": "The ticket was being updated by another request."}
    if status == 503:
        return {"error": "DatabaseTimeout", "description": "The request timed out. Please try again."}
    return {"error": {"title": "Internal Server Error", "message": "Sorry, something went wrong on our end."}}


def _retry_after(fault: Fault, now: datetime) -> dict[str, str]:
    if fault.retry_after is None:
        return {}
    text = format_datetime(now + AHEAD, usegmt=True) if fault.retry_after == "date" else fault.retry_after
    return {"retry-after": text}


def _page(status: int, title: str) -> Answer:
    return Answer(status, PAGE.format(title).encode(), {"content-type": "text/html; charset=utf-8"})


def _text(status: int, text: str) -> Answer:
    return Answer(status, text.encode(), {"content-type": "text/plain; charset=utf-8"})
