"""Zendesk: who we are there, and whether tickets can be read."""

from datetime import date, datetime
from typing import Literal

from deskgate.desk.checks.line import FAULT, OK, WARNING, Check, attempt, failed, plain, unchecked
from deskgate.desk.errors import DeskError, Forbidden, RateLimited
from deskgate.desk.wire import Denied, Missing
from deskgate.desk.zendesk import TicketPage, TicketSearch, User, Zendesk

Way = Literal["oauth token", "oauth client", "api token"]

# Zendesk, OAuth migration: https://developer.zendesk.com/documentation/api-basics/authentication/oauth-migration/
TOKENS_END = date(2027, 4, 30)
STAFF = frozenset({"agent", "admin"})

_WITH: dict[Way, str] = {
    "oauth token": "an OAuth token",
    "oauth client": "an OAuth client (client credentials)",
    "api token": "an API token",
}
_WRONG: dict[Way, str] = {
    "oauth token": "ZENDESK_OAUTH_TOKEN is wrong, expired or revoked, or lacks the scope read",
    "oauth client": "the OAuth client gave a token that Zendesk does not take, or that lacks the scope read",
    "api token": "ZENDESK_EMAIL and ZENDESK_TOKEN do not go together, or the token was switched off",
}
_MEND: dict[Way, str] = {
    "oauth token": "Make a new token with the scopes read and write, or set ZENDESK_OAUTH_CLIENT_ID and "
    "ZENDESK_OAUTH_CLIENT_SECRET, with which deskgate renews its token by itself.",
    "oauth client": "Compare ZENDESK_OAUTH_CLIENT_ID and ZENDESK_OAUTH_CLIENT_SECRET with the client in Zendesk's Admin "
    "Center; it must be a confidential client.",
    "api token": "Compare both with Zendesk's Admin Center, or better move to OAuth (docs/operating.md has the steps): "
    "Zendesk switches off tokens that were not used for 30 days and makes no new ones.",
}


async def zendesk_checks(
    zendesk: Zendesk, *, way: Way, address: str, now: datetime, anchor_ticket: int | None = None
) -> list[Check]:
    """The login, the end of an API token, one small search as proof that tickets can be read, and the audit's ticket."""
    me = await attempt(zendesk.me())
    checks = [_refused(me, way, address) if isinstance(me, DeskError) else _login(me, way, address)]
    if way == "api token":
        checks.append(_end_of_tokens(now.date()))
    if isinstance(me, DeskError):
        return [*checks, unchecked("zendesk tickets", "the login did not succeed")]
    checks.append(_tickets(await attempt(zendesk.search(TicketSearch(limit=1)))))
    return [*checks, await _anchor(zendesk, anchor_ticket)] if anchor_ticket else checks


async def _anchor(zendesk: Zendesk, ticket_id: int) -> Check:
    name, todo = "audit ticket", "Set DESKGATE_AUDIT_TICKET to a ticket that stays open, or take it away."
    found = await attempt(zendesk.ticket(ticket_id))
    if isinstance(found, DeskError):
        return failed(name, found, todo)
    if found.status == "closed":
        return Check(name, FAULT, f"Ticket {ticket_id} is closed, so no checkpoint can be put there.", todo)
    if found.status == "solved":
        return Check(
            name, WARNING, f"Ticket {ticket_id} is solved, and Zendesk will close it for good in some weeks.", todo
        )
    return Check(name, OK, f"Ticket {ticket_id} gets the newest checkpoint of the audit trail, once a day.")


def _login(me: User, way: Way, address: str) -> Check:
    who = f"Signed in at {address} with {_WITH[way]} as {plain(me.name) or me.id}, whose role is {plain(me.role)}."
    if me.role in STAFF:
        return Check("zendesk login", OK, who)
    return Check(
        "zendesk login",
        FAULT,
        f"{who} Only agents and admins can work on other people's tickets.",
        "Make this user an agent in Zendesk's Admin Center (People), or use the login of one.",
    )


def _refused(error: DeskError, way: Way, address: str) -> Check:
    name = "zendesk login"
    if isinstance(error, Denied):
        return Check(name, FAULT, f"Zendesk refuses the login ({error.status}): {_WRONG[way]}.", _MEND[way])
    if isinstance(error, Forbidden):
        return failed(name, error, _MEND[way])
    if isinstance(error, RateLimited):
        return failed(name, error)
    text = f"There is no Zendesk API at {address}." if isinstance(error, Missing) else error.sentence
    todo = (
        f"Check ZENDESK_SUBDOMAIN (or ZENDESK_BASE_URL): {address} has to be the address at which your agents sign in. "
        "If it is, try again in a few minutes."
    )
    return Check(name, FAULT, text, todo)


def _end_of_tokens(today: date) -> Check:
    left = (TOKENS_END - today).days
    when = f"on {TOKENS_END}, in {left} days" if left > 1 else f"on {TOKENS_END}"
    return Check(
        "zendesk api token",
        WARNING,
        f"The login is an API token, and Zendesk switches all of them off for good {when}.",
        "Make an OAuth client in Zendesk's Admin Center and set ZENDESK_OAUTH_CLIENT_ID and ZENDESK_OAUTH_CLIENT_SECRET "
        "in place of ZENDESK_EMAIL and ZENDESK_TOKEN (docs/operating.md has the steps).",
    )


def _tickets(found: TicketPage | DeskError) -> Check:
    name = "zendesk tickets"
    if isinstance(found, Forbidden):
        return Check(
            name,
            FAULT,
            "This login may not read tickets.",
            "Give the OAuth client or token the scopes read and write, and the user access to the support tickets.",
        )
    if isinstance(found, DeskError):
        return failed(name, found)
    if not found.total:
        return Check(
            name,
            WARNING,
            "This login sees no ticket at all.",
            "Unless the help desk is new, give the user access to the tickets that are to be answered (Admin Center, "
            "People).",
        )
    return Check(name, OK, f"Tickets can be read; a search shows {found.total:,}. Writing a note was not tried.")
