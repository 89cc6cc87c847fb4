"""Zendesk's records as stored documents: reading them, and the ids of new ones."""

import json
from sqlite3 import Row
from typing import Any

from deskgate.sandbox.exchange import Ask, Json, plain_number
from deskgate.sandbox.moment import Moment
from deskgate.sandbox.zendesk.errors import invalid_attribute, not_found, record_invalid

FIRST_IDS = {"ticket": 101, "person": 33144692240101, "comment": 41190350010001, "audit": 41190350010000}


def document(row: Row | None) -> Json:
    """The stored document, or 404."""
    if row is None:
        raise not_found()
    value: Json = json.loads(row["document"])
    return value


def ticket(moment: Moment, ticket_id: int) -> Json:
    """A ticket, or 404."""
    return document(moment.store.row("ticket", id=ticket_id))


def person(moment: Moment, user_id: int) -> Json:
    """A user, or 404."""
    return document(moment.store.row("person", id=user_id))


def people(moment: Moment, ids: set[Any]) -> list[Json]:
    """Those of the users that exist, by id."""
    found = (moment.store.row("person", id=user_id) for user_id in sorted(one for one in ids if one is not None))
    return [document(row) for row in found if row is not None]


def named_person(moment: Moment, value: Any, name: str) -> Json:
    """The user that a field of a request names; 422 where the value is no id or nobody has it."""
    row = moment.store.row("person", id=plain_number(str(value)))
    if row is None:
        raise record_invalid({name: [{"description": f"{name.capitalize()}: is not valid", "error": "InvalidValue"}]})
    return document(row)


def new_number(moment: Moment, kind: str) -> int:
    """The id of a new record. Events, comments and audits share one sequence, so that newer means greater."""
    return moment.store.next_number("ticket" if kind == "ticket" else "record", FIRST_IDS[kind])


def body_object(ask: Ask, name: str) -> Json:
    """The object that Zendesk wraps every request body in."""
    try:
        value = ask.document().get(name)
    except ValueError:
        raise invalid_attribute("The request body is not valid JSON") from None
    if not isinstance(value, dict):
        raise invalid_attribute(f"You passed an invalid value for the {name} attribute. Must be an object")
    return value
