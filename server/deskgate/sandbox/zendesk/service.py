"""Zendesk as one function: routes, login, and the headers of every answer."""

import secrets
from collections.abc import Callable
from dataclasses import replace

from deskgate.sandbox.exchange import Answer, Ask, RefusedError, RouteTable
from deskgate.sandbox.moment import Moment
from deskgate.sandbox.zendesk import auth, search, tickets, users
from deskgate.sandbox.zendesk.errors import invalid_endpoint

Handler = Callable[[Moment, Ask], Answer]

ACCOUNT_LIMIT = 700
TICKET = "/api/v2/tickets/{ticket_id:int}"


def empty_not_found(moment: Moment, ask: Ask) -> Answer:
    """GET /guide/content_tags without Guide: 404 with no body at all."""
    return Answer(404)


ROUTES: RouteTable[Handler] = RouteTable(
    [
        ("POST", "/oauth/tokens", auth.issue_token),
        ("GET", "/api/v2/tickets", tickets.list_all),
        ("POST", "/api/v2/tickets", tickets.create),
        ("GET", "/api/v2/tickets/show_many", tickets.show_many),
        ("GET", TICKET, tickets.show),
        ("PUT", TICKET, tickets.put),
        ("GET", TICKET + "/comments", tickets.comments),
        ("GET", TICKET + "/audits", tickets.audits),
        ("GET", TICKET + "/tags", tickets.read_tags),
        ("PUT", TICKET + "/tags", tickets.add_tags),
        ("POST", TICKET + "/tags", tickets.set_tags),
        ("DELETE", TICKET + "/tags", tickets.remove_tags),
        ("GET", "/api/v2/users/me", users.show_me),
        ("GET", "/api/v2/users/show_many", users.show_many),
        ("GET", "/api/v2/users/{user_id:int}", users.show),
        ("GET", "/api/v2/search", search.search),
        ("GET", "/api/v2/search/count", search.count),
        ("GET", "/api/v2/guide/content_tags", empty_not_found),
    ]
)


def answer(moment: Moment, ask: Ask) -> Answer:
    """Answer one request to Zendesk."""
    try:
        given = _answer(moment, ask)
    except RefusedError as refusal:
        raise RefusedError(refusal.answer.also(_headers(moment, ask))) from None
    return given.also(_headers(moment, ask))


def _answer(moment: Moment, ask: Ask) -> Answer:
    found = ROUTES.find(ask.method, ask.path.removesuffix(".json"))
    if found is None:
        raise invalid_endpoint()
    handler, parts = found
    ask = replace(ask, parts=parts)
    if handler is auth.issue_token:
        return handler(moment, ask)
    if handler is users.show_me and "authorization" not in ask.headers:
        return handler(moment, ask)
    return handler(moment, replace(ask, caller=str(auth.caller(moment, ask))))


def _headers(moment: Moment, ask: Ask) -> dict[str, str]:
    request_id = secrets.token_hex(16)
    headers = {
        "x-request-id": request_id,
        "x-zendesk-request-id": request_id[:20],
        "x-zendesk-zorg": "yes",
        "x-zendesk-api-version": "v2",
        "x-runtime": "0.087312",
        **rate_headers(moment),
    }
    if ask.method == "GET":
        headers["etag"] = f'W/"{secrets.token_hex(16)}"'
    return headers


def rate_headers(moment: Moment) -> dict[str, str]:
    """The account's limit in the spelling of the chosen generation; `all` sends the three together."""
    generation, total, left = moment.choice("rate_headers"), str(ACCOUNT_LIMIT), str(ACCOUNT_LIMIT - 1)
    reset = str(60 - moment.now.second)
    headers = {"x-rate-limit": total, "x-rate-limit-remaining": left}
    if generation in ("2023", "all"):
        headers |= {"rate-limit": total, "rate-limit-remaining": left, "rate-limit-reset": reset}
    if generation in ("2024", "all"):
        headers |= {"ratelimit-limit": total, "ratelimit-remaining": left, "ratelimit-reset": reset}
    return headers
