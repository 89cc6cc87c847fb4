"""Zendesk search: typed words, offset paging, a thousand results at most, an index that lags behind."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from deskgate.sandbox.exchange import Answer, Ask, Json, json_answer
from deskgate.sandbox.moment import Moment
from deskgate.sandbox.zendesk.errors import invalid_attribute, refused
from deskgate.sandbox.zendesk.paging import by_offset, offset_of
from deskgate.sandbox.zendesk.tickets import side_load

RESULT_LIMIT = 1000
STATUSES = ("new", "open", "pending", "hold", "solved", "closed")
PRIORITIES = ("low", "normal", "high", "urgent")
TERM = re.compile(r'(?P<no>-)?(?:(?P<field>[A-Za-z_]+)(?P<op>[:<>]=?))?(?:"(?P<quoted>[^"]*)"|(?P<bare>[^\s"]+))')
SORTS = {
    "updated_at": lambda one: one["updated_at"],
    "created_at": lambda one: one["created_at"],
    "priority": lambda one: PRIORITIES.index(one["priority"]) if one.get("priority") else -1,
    "status": lambda one: STATUSES.index(one["status"]) if one.get("status") else -1,
    "ticket_type": lambda one: one.get("type") or "",
}


@dataclass(frozen=True)
class Term:
    """One part of a query. Parts of the same field are alternatives; everything else must all hold."""

    field: str
    comparison: str
    value: str
    excluded: bool


def search(moment: Moment, ask: Ask) -> Answer:
    """GET /search."""
    if any(name.startswith("page[") for name, _ in ask.query):
        raise invalid_attribute(
            "You passed an invalid value for the page attribute. Invalid parameter: page must be an integer"
            " from api/v2/search/index"
        )
    found = _ordered(ask, _found(moment, ask))
    number, size = offset_of(ask)
    if (number - 1) * size >= RESULT_LIMIT:
        description = "Invalid search: Requested response size was greater than Search Response Limits"
        raise refused(422, {"error": "invalid", "description": description})
    body = by_offset(ask, "results", range(len(found)), lambda place: found[place])
    if number * size >= RESULT_LIMIT:
        body["next_page"] = None
    tickets = [one for one in body["results"] if one["result_type"] == "ticket"]
    return json_answer(200, {**body, "facets": None, **side_load(moment, ask, tickets)})


def count(moment: Moment, ask: Ask) -> Answer:
    """GET /search/count."""
    return json_answer(200, {"count": len(_found(moment, ask))})


def parsed(query: str) -> list[Term]:
    """The parts of a query."""
    terms = []
    for match in TERM.finditer(query):
        field = (match["field"] or "").lower()
        value = match["quoted"] if match["quoted"] is not None else match["bare"]
        terms.append(Term(field, match["op"] or ":", value.lower(), match["no"] is not None))
    return terms


def _found(moment: Moment, ask: Ask) -> list[Json]:
    query = ask.first("query")
    if not query.strip():
        raise refused(422, {"error": "invalid", "description": "Invalid search: query can't be blank"})
    terms = parsed(query)
    kinds = {term.value for term in terms if term.field == "type"} or {"ticket", "user"}
    rest = [term for term in terms if term.field != "type"]
    found: list[Json] = []
    if "ticket" in kinds:
        found += [{**one, "result_type": "ticket"} for one in _tickets(moment) if _matches(moment, one, rest)]
    if "user" in kinds:
        users = (json.loads(row["document"]) for row in moment.store.rows("people"))
        found += [{**one, "result_type": "user"} for one in users if _matches(moment, one, rest)]
    return found


def _tickets(moment: Moment) -> Iterable[Json]:
    seen_until = moment.now_ms - round(moment.amount("index_seconds") * 1000)
    for row in moment.store.rows("tickets_as_indexed", seen_until=seen_until):
        if row["document"]:
            yield json.loads(row["document"])


def _ordered(ask: Ask, found: list[Json]) -> list[Json]:
    wanted = ask.first("sort_by") or "updated_at"  # relevance is the real default; newest first stands in for it
    if wanted not in SORTS:
        raise refused(422, {"error": "invalid", "description": f"Invalid search: cannot sort by {wanted}"})
    return sorted(found, key=SORTS[wanted], reverse=ask.first("sort_order", "desc") != "asc")


def _matches(moment: Moment, one: Json, terms: list[Term]) -> bool:
    fields = {term.field for term in terms if term.field and not term.excluded and term.comparison == ":"}
    for field in fields:
        alternatives = [term for term in terms if term.field == field and not term.excluded and term.comparison == ":"]
        if not any(_holds(moment, one, term) for term in alternatives):
            return False
    rest = [term for term in terms if not term.field or term.excluded or term.comparison != ":"]
    return all(_holds(moment, one, term) != term.excluded for term in rest)


def _holds(moment: Moment, one: Json, term: Term) -> bool:
    name = {"created": "created_at", "updated": "updated_at", "ticket_type": "type"}.get(term.field, term.field)
    if not name:
        return term.value in _text(moment, one)
    if name in ("requester", "assignee", "submitter"):
        return _is_person(moment, one.get(f"{name}_id"), term.value)
    value = one.get(name)
    if name == "tags":
        return term.value in (value or []) or (term.value == "none" and not value)
    if name in ("subject", "name", "description"):
        return term.value in str(value or "").lower()
    if value is None:
        return term.value == "none"
    if term.comparison == ":":
        return str(value).lower() == term.value
    return _compares(name, str(value), term)


def _compares(name: str, value: str, term: Term) -> bool:
    order = {"status": STATUSES, "priority": PRIORITIES}.get(name)
    if order:
        if term.value not in order or value not in order:
            return False
        left, right = float(order.index(value)), float(order.index(term.value))
    else:
        left, right = float(value > term.value), float(value <= term.value)
    equal = term.comparison.endswith("=") and (left == right if order else value.startswith(term.value))
    return equal or (left < right if term.comparison[0] == "<" else left > right)


def _is_person(moment: Moment, user_id: int | None, wanted: str) -> bool:
    if user_id is None or wanted == "none":
        return user_id is None and wanted == "none"
    row = moment.store.row("person", id=user_id)
    user = json.loads(row["document"]) if row else {}
    return wanted in (str(user_id), str(user.get("email")).lower(), str(user.get("name")).lower())


def _text(moment: Moment, one: Json) -> str:
    if one.get("result_type") == "user" or "subject" not in one:
        return f"{one.get('name')} {one.get('email')}".lower()
    spoken = [json.loads(row["document"])["body"] for row in moment.store.rows("comments", ticket_id=one["id"])]
    return " ".join([str(one["subject"]), *spoken]).lower()
