"""Zendesk tickets: show, list, create, update, tags, comments, audits."""

import hashlib
import json
from collections.abc import Callable

from deskgate.sandbox.exchange import Answer, Ask, Json, json_answer, plain_number
from deskgate.sandbox.moment import Moment
from deskgate.sandbox.zendesk import shapes
from deskgate.sandbox.zendesk.errors import (
    blank,
    invalid_attribute,
    record_invalid,
    refused,
    ticket_closed,
    too_many_values,
)
from deskgate.sandbox.zendesk.paging import by_offset, page, wants_cursor
from deskgate.sandbox.zendesk.records import body_object, document, named_person, new_number, people, ticket
from deskgate.sandbox.zendesk.update import (
    ORDERS,
    WRITABLE,
    as_tags,
    change_event,
    check_stamp,
    record,
    update,
    updates_left,
)

IDS_LIMIT = 100
CREATION_KEPT_MS = 2 * 3600 * 1000
PEOPLE_FIELDS = ("requester_id", "submitter_id", "assignee_id")


def show(moment: Moment, ask: Ask) -> Answer:
    """GET /tickets/{id}, with `include=users`."""
    found = ticket(moment, ask.number("ticket_id"))
    return json_answer(200, {"ticket": found, **side_load(moment, ask, [found])})


def show_many(moment: Moment, ask: Ask) -> Answer:
    """GET /tickets/show_many: unknown ids are just missing."""
    ids = ids_of(ask)
    known = [one for one in dict.fromkeys(ids) if moment.store.row("ticket", id=one)]
    body = by_offset(ask, "tickets", known, lambda one: ticket(moment, one))
    return json_answer(200, {**body, **side_load(moment, ask, body["tickets"])})


def list_all(moment: Moment, ask: Ask) -> Answer:
    """GET /tickets; `external_id` filters. A cursor page lacks `fields`."""
    ids = [int(row["id"]) for row in moment.store.rows("ticket_ids")]
    if ask.has("external_id"):
        wanted = ask.first("external_id")
        ids = [one for one in ids if ticket(moment, one)["external_id"] == wanted]

    def fetch(one: int) -> Json:
        found = ticket(moment, one)
        return {name: value for name, value in found.items() if name != "fields" or not wants_cursor(ask)}

    body = page(ask, "tickets", ids, fetch)
    return json_answer(200, {**body, **side_load(moment, ask, body["tickets"])})


def put(moment: Moment, ask: Ask) -> Answer:
    """PUT /tickets/{id}. An Idempotency-Key means nothing here: the same update twice is two updates."""
    found = ticket(moment, ask.number("ticket_id"))
    wish = body_object(ask, "ticket")
    audit = update(moment, found, wish, int(ask.caller))
    total, left, seconds = updates_left(moment, found["id"], int(ask.caller))
    headers = ignored_keys(wish)
    if total:
        headers["zendesk-ratelimit-per-ticket-updates"] = f"total={total}; remaining={left}; resets={seconds}"
    return json_answer(200, {"ticket": found, "audit": audit}, headers)


def create(moment: Moment, ask: Ask) -> Answer:
    """POST /tickets, with Idempotency-Key, and as follow-up of a closed ticket."""
    key = ask.headers.get("idempotency-key", "")
    fingerprint = hashlib.sha256(ask.body).hexdigest()
    earlier = moment.store.row("creation", idempotency_key=key, since=moment.now_ms - CREATION_KEPT_MS) if key else None
    if earlier:
        if earlier["fingerprint"] != fingerprint:
            description = "Request parameters don't match the given idempotency key"
            raise refused(400, {"error": "IdempotentRequestError", "description": description})
        kept = json.loads(earlier["answer"])
        return json_answer(201, kept, {"location": kept["ticket"]["url"], "x-idempotency-lookup": "hit"})
    wish = body_object(ask, "ticket")
    body = _create(moment, wish, int(ask.caller))
    headers = {"location": body["ticket"]["url"], **ignored_keys(wish)}
    if key:
        headers["x-idempotency-lookup"] = "miss"
        moment.store.run(
            "creation_put", idempotency_key=key, fingerprint=fingerprint, answer=json.dumps(body), made_at=moment.now_ms
        )
    return json_answer(201, body, headers)


def comments(moment: Moment, ask: Ask) -> Answer:
    """GET /tickets/{id}/comments: ascending unless asked otherwise, `include=users` for the authors."""
    ticket_id = ticket(moment, ask.number("ticket_id"))["id"]
    ids = _sorted(ask, [int(row["id"]) for row in moment.store.rows("comment_ids", ticket_id=ticket_id)])
    body = page(ask, "comments", ids, lambda one: document(moment.store.row("comment", id=one)))
    if "users" in ask.first("include").split(","):
        body["users"] = people(moment, {one["author_id"] for one in body["comments"]})
    return json_answer(200, body)


def audits(moment: Moment, ask: Ask) -> Answer:
    """GET /tickets/{id}/audits."""
    ticket_id = ticket(moment, ask.number("ticket_id"))["id"]
    ids = _sorted(ask, [int(row["id"]) for row in moment.store.rows("audit_ids", ticket_id=ticket_id)])
    return json_answer(200, page(ask, "audits", ids, lambda one: document(moment.store.row("audit", id=one))))


def read_tags(moment: Moment, ask: Ask) -> Answer:
    """GET /tickets/{id}/tags."""
    return json_answer(200, {"tags": ticket(moment, ask.number("ticket_id"))["tags"]})


def add_tags(moment: Moment, ask: Ask) -> Answer:
    """PUT adds."""
    return _tag(moment, ask, 200, lambda old, given: old | given)


def set_tags(moment: Moment, ask: Ask) -> Answer:
    """POST sets the whole list."""
    return _tag(moment, ask, 201, lambda old, given: given)


def remove_tags(moment: Moment, ask: Ask) -> Answer:
    """DELETE removes those listed."""
    return _tag(moment, ask, 200, lambda old, given: old - given)


def side_load(moment: Moment, ask: Ask, found: list[Json]) -> Json:
    """The users that the tickets name, when `include=users` asks for them."""
    if "users" not in ask.first("include").replace("tickets(users)", "users").split(","):
        return {}
    return {"users": people(moment, {one[name] for one in found for name in PEOPLE_FIELDS})}


def ids_of(ask: Ask) -> list[int]:
    """The `ids` parameter, at most a hundred."""
    parts = [part.strip() for part in ask.first("ids").split(",") if part.strip()]
    if len(parts) > IDS_LIMIT:
        raise too_many_values(IDS_LIMIT)
    ids = [number for number in map(plain_number, parts) if number is not None]
    if len(ids) < len(parts):
        raise invalid_attribute("You passed an invalid value for the ids attribute. Must be a list of integers")
    return ids


def ignored_keys(wish: Json) -> dict[str, str]:
    """The header that names the keys of the body that Zendesk silently dropped."""
    dropped = [f"ticket.{name}" for name in wish if name not in (*WRITABLE, *ORDERS)]
    if not dropped:
        return {}
    return {
        "x-zendesk-api-warn": f"Removed restricted keys {json.dumps(dropped)} from parameters according to allowlist"
    }


def _create(moment: Moment, wish: Json, author_id: int) -> Json:
    subject = str(wish.get("subject") or "")
    requester = named_person(moment, wish.get("requester_id") or author_id, "requester")
    source = _followed(moment, wish)
    ticket_id = new_number(moment, "ticket")
    made = shapes.ticket(ticket_id, subject, requester["id"], moment.now_text, status="new", submitter_id=author_id)
    made["via"] = shapes.via("api")
    comment = wish.get("comment") or {"body": wish.get("description") or ""}
    if not isinstance(comment, dict):
        raise blank("comment")
    made["description"] = str(comment.get("body") or comment.get("html_body") or "")
    if source:
        made["via"] = shapes.via("api", **{"from": {"ticket_id": source["id"], "subject": source["subject"]}})
        source["followup_ids"] = [*source["followup_ids"], ticket_id]
        moment.store.run("ticket_amend", id=source["id"], document=json.dumps(source))
    made["is_public"] = bool(comment.get("public", True))
    audit = update(moment, made, {"status": "new", **wish, "comment": comment}, author_id)
    made["generated_timestamp"] = 0
    return {"ticket": made, "audit": audit}


def _followed(moment: Moment, wish: Json) -> Json | None:
    source_id = wish.get("via_followup_source_id")
    if source_id is None:
        return None
    number = plain_number(str(source_id))
    source = ticket(moment, number) if number is not None else {}
    if source.get("status") != "closed":
        raise record_invalid({"base": [{"description": "Follow-up source: must be a closed ticket"}]})
    return source


def _sorted(ask: Ask, ids: list[int]) -> list[int]:
    wanted = ask.first("sort")
    if wanted not in ("", "created_at", "-created_at"):
        raise invalid_attribute("sort is not valid")
    descending = wanted.startswith("-") or ask.first("sort_order") == "desc"
    return ids[::-1] if descending else ids


def _tag(moment: Moment, ask: Ask, status: int, combine: Callable[[set[str], set[str]], set[str]]) -> Answer:
    found = ticket(moment, ask.number("ticket_id"))
    if found["status"] == "closed":
        raise ticket_closed(moment)
    try:
        wish = ask.document()
    except ValueError:
        raise invalid_attribute("The request body is not valid JSON") from None
    check_stamp(found, wish)
    old = found["tags"]
    new = sorted(combine(set(old), set(as_tags(wish.get("tags")))))
    if new != old:
        found["tags"] = new
        audit_id = new_number(moment, "audit")
        record(moment, found, [change_event(moment, "tags", new, old)], int(ask.caller), audit_id)
    return json_answer(status, {"tags": new})
