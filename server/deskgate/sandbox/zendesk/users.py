"""Zendesk users."""

import secrets

from deskgate.sandbox.exchange import Answer, Ask, json_answer
from deskgate.sandbox.moment import Moment
from deskgate.sandbox.zendesk.paging import by_offset
from deskgate.sandbox.zendesk.records import person
from deskgate.sandbox.zendesk.tickets import ids_of

ANONYMOUS = {"id": None, "name": "Anonymous user", "email": "invalid@example.com", "role": "end-user", "active": True}


def show(moment: Moment, ask: Ask) -> Answer:
    """GET /users/{id}."""
    return json_answer(200, {"user": person(moment, ask.number("user_id"))})


def show_many(moment: Moment, ask: Ask) -> Answer:
    """GET /users/show_many: unknown ids are just missing."""
    known = [one for one in dict.fromkeys(ids_of(ask)) if moment.store.row("person", id=one)]
    return json_answer(200, by_offset(ask, "users", known, lambda one: person(moment, one)))


def show_me(moment: Moment, ask: Ask) -> Answer:
    """GET /users/me: carries a CSRF secret that no caller may pass on, and answers strangers too."""
    me = person(moment, int(ask.caller)) if ask.caller else ANONYMOUS
    return json_answer(200, {"user": {**me, "authenticity_token": f"csrf_{secrets.token_urlsafe(24)}"}})
