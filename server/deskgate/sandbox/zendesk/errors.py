"""Zendesk's error bodies, each in the spelling that was recorded or documented for it."""

from deskgate.sandbox.exchange import Json, RefusedError, json_answer
from deskgate.sandbox.moment import Moment


def refused(status: int, body: Json, **headers: str) -> RefusedError:
    """Any error with a JSON body."""
    return RefusedError(json_answer(status, body, {name.replace("_", "-"): value for name, value in headers.items()}))


def not_found() -> RefusedError:
    """A record that is absent, deleted or not visible."""
    return refused(404, {"error": "RecordNotFound", "description": "Not found"})


def invalid_endpoint() -> RefusedError:
    """An unknown path; decided before anybody asks who is calling."""
    return refused(404, {"error": "InvalidEndpoint", "description": "Not found"})


def invalid_attribute(message: str) -> RefusedError:
    """A parameter of the wrong kind; here `error` is an object."""
    return refused(400, {"error": {"title": "Invalid attribute", "message": message}})


def too_many_values(limit: int) -> RefusedError:
    """More ids than one call takes. The double space stands in the real answer."""
    description = f"Parameter  cannot specify more than {limit} values"
    return refused(400, {"error": "TooManyValues", "description": description, "max_count": limit})


def record_invalid(details: dict[str, list[Json]]) -> RefusedError:
    """A change that the record does not allow."""
    return refused(422, {"error": "RecordInvalid", "description": "Record validation errors", "details": details})


def blank(name: str) -> RefusedError:
    """A value that may not be empty."""
    return record_invalid({name: [{"description": f"{name.capitalize()}: cannot be blank", "error": "BlankValue"}]})


def ticket_closed(moment: Moment) -> RefusedError:
    """Any write to a closed ticket. Sources disagree about the key, so a switch chooses it."""
    return record_invalid({moment.choice("closed_key"): [{"description": "Status: closed prevents ticket update"}]})


def update_conflict() -> RefusedError:
    """A safe update whose stamp is out of date."""
    description = "Safe Update prevented the update due to outdated ticket data."
    return refused(409, {"error": "UpdateConflict", "description": description})
