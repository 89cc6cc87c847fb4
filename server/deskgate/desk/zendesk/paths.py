"""Where things are in Zendesk's API, and what it means that nothing is there."""

from deskgate.desk.errors import DeskError, TicketNotFound, UpstreamUnavailable
from deskgate.desk.wire import Missing, path_of

API = "/api/v2"
LARGEST_ID = 2**63 - 1


def api_path(*parts: str) -> str:
    """A path under the API."""
    return API + path_of(*parts)


def is_id(value: int) -> bool:
    """Whether a number can be an id at all."""
    return 0 < value <= LARGEST_ID


def ticket_path(ticket_id: int, *parts: str) -> str:
    """The path of a ticket or of something that belongs to it.

    Raises:
        TicketNotFound: the number cannot be a ticket's.
    """
    if not is_id(ticket_id):
        raise TicketNotFound(ticket_id=ticket_id)
    return API + path_of("tickets", ticket_id, *parts)


def absent(error: Missing, ticket_id: int) -> DeskError:
    """What a 404 about a ticket means: no such ticket, unless there is no such API at that address at all.

    Zendesk says `InvalidEndpoint` for a path that it does not know, and an unknown subdomain answers with a web page.
    """
    if error.label == "InvalidEndpoint" or error.text.lstrip().startswith("<"):
        return UpstreamUnavailable(
            "There is no Zendesk API at the configured address (404). Check ZENDESK_SUBDOMAIN or ZENDESK_BASE_URL.",
            service="Zendesk",
        )
    return TicketNotFound(ticket_id=ticket_id)
