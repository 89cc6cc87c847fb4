"""The first day of the pretend world: people, six tickets, a mailbox. Times are relative to the moment of seeding."""

import json
from collections.abc import Iterator
from datetime import timedelta
from importlib.resources import files
from typing import Any

from deskgate.sandbox import constants
from deskgate.sandbox.exchange import Json
from deskgate.sandbox.moment import Moment
from deskgate.sandbox.times import epoch_ms, from_text, whole_seconds


def seed(moment: Moment) -> None:
    """Fill an empty world."""
    from deskgate.sandbox.zendesk import shapes

    for person in _read("people.json"):
        at = _ago(moment, hours=24 * person.pop("days_ago"))
        document = shapes.user(person.pop("id"), person.pop("name"), person.pop("email"), at, **person)
        moment.store.run("person_put", id=document["id"], email=document["email"], document=json.dumps(document))
    dialogues = _read("dialogues.json")
    for ticket in _read("tickets.json"):
        if "dialogue" in ticket:
            ticket["comments"] = list(_dialogue(dialogues[ticket.pop("dialogue")]))
        _ticket(moment, ticket)
    moment.store.run(
        "mailbox_put",
        id=constants.MAILBOX_ID,
        address=constants.MAILBOX_ADDRESS,
        display_name="Harbour Lane Goods",
        oversight_mode="gated_send",
        signature_block=None,
        created_at=moment.now_ms - 90 * 24 * 3600 * 1000,
    )
    moment.store.run(
        "oauth_token_put",
        access_token=constants.ZENDESK_BEARER,
        refresh_token=constants.ZENDESK_REFRESH,
        scope="read write",
        user_id=constants.API_USER_ID,
        expires_at=None,
    )
    webhooks(moment, constants.DESK)
    moment.store.run("fact_set", name="seeded_at", value=moment.now_text)


def webhooks(moment: Moment, desk: str) -> None:
    """Register deskgate's two routes under that origin, or move the registrations there."""
    from deskgate.sandbox.multimail.events import CLIENT

    kinds: tuple[tuple[str, str, str, str, list[str]], ...] = (
        ("multimail", "v1", constants.MULTIMAIL_WEBHOOK_ID, constants.MULTIMAIL_WEBHOOK_SECRET, [*CLIENT.values()]),
        ("zendesk", "trigger", constants.ZENDESK_WEBHOOK_ID, constants.ZENDESK_WEBHOOK_SECRET, []),
    )
    for service, form, hook_id, secret, events in kinds:
        moment.store.run(
            "webhook_put",
            id=hook_id,
            service=service,
            form=form,
            url=f"{desk}/webhooks/{service}",
            events=json.dumps(events),
            mailbox_id=None,
            secret=secret,
            created_at=moment.now_ms,
        )
    moment.store.run("fact_set", name="webhooks_at", value=moment.now_text)


def _ticket(moment: Moment, given: Json) -> None:
    from deskgate.sandbox.zendesk import shapes

    spoken, tagged_by = given.pop("comments"), given.pop("tagged_by", None)
    ticket_id, requester_id = given.pop("id"), given.pop("requester_id")
    opened, last = _ago(moment, spoken[0]["hours_ago"]), _ago(moment, spoken[-1]["hours_ago"])
    via = shapes.via(given.pop("channel"), **{"from": {"name": "customer"}})
    ticket = shapes.ticket(
        ticket_id,
        given.pop("subject"),
        requester_id,
        opened,
        via=via,
        updated_at=last,
        description=spoken[0]["body"],
        organization_id=shapes.ORGANIZATION_ID if ticket_id % 2 else None,
        **given,
    )
    ticket["generated_timestamp"] = epoch_ms(from_text(last)) // 1000
    if ticket["status"] == "closed":
        ticket["encoded_id"] = None
    for place, words in enumerate(spoken):
        first = [_event(moment, "Create", name, ticket[name]) for name in ("subject", "priority")] if not place else []
        _comment(moment, ticket, words, first)
    if tagged_by:
        tagging = {**_event(moment, "Change", "tags", ticket["tags"]), "previous_value": []}
        _audit(moment, ticket_id, tagged_by, opened, [tagging])
    moment.store.run(
        "ticket_put",
        id=ticket_id,
        document=json.dumps(ticket),
        changed_at=epoch_ms(from_text(last)),
        indexed=json.dumps(ticket),
    )
    moment.store.next_number("ticket", 101)


def _comment(moment: Moment, ticket: Json, words: Json, events: list[Json]) -> None:
    from deskgate.sandbox.zendesk import records, shapes

    at = _ago(moment, words["hours_ago"])
    audit_id, comment_id = records.new_number(moment, "audit"), records.new_number(moment, "comment")
    attached = words.get("attachment")
    more = {"attachments": [shapes.attachment(comment_id + 9 * 10**9, **attached)]} if attached else {}
    comment = shapes.comment(
        comment_id,
        audit_id,
        words["author_id"],
        words["body"],
        at,
        public=words.get("public", True),
        type=words.get("type", "Comment"),
        via=ticket["via"],
        **more,
    )
    moment.store.run("comment_put", id=comment_id, ticket_id=ticket["id"], document=json.dumps(comment))
    spoken = {name: value for name, value in comment.items() if name not in ("via", "metadata", "created_at")}
    _audit(moment, ticket["id"], words["author_id"], at, [spoken, *events], audit_id)


def _audit(
    moment: Moment, ticket_id: int, author_id: int, at: str, events: list[Json], audit_id: int | None = None
) -> None:
    from deskgate.sandbox.zendesk import records, shapes, update

    number = audit_id or records.new_number(moment, "audit")
    update.store_audit(moment, shapes.audit(number, ticket_id, author_id, at, events, {}, "web"))


def _event(moment: Moment, kind: str, name: str, value: Any) -> Json:
    from deskgate.sandbox.zendesk import records

    return {"id": records.new_number(moment, "audit"), "type": kind, "field_name": name, "value": value}


def _dialogue(given: Json) -> Iterator[Json]:
    """A long exchange from a few lines that are said again with other numbers, as such exchanges go."""
    count, first, last = given["comments"], given["first_hours_ago"], given["last_hours_ago"]
    for place in range(count):
        numbers = {"n": place // 2 + 1, "p": 41 + place * 7 % 58, "m": 11 + place * 13 % 48}
        hours_ago = round(first - (first - last) * place / (count - 1), 2)
        if place in (0, count - 1):
            body = given["opening" if place == 0 else "closing"]
            yield {"author_id": given["customer"], "hours_ago": hours_ago, "body": body}
        elif place % 31 == 0:
            note = given["notes"][place // 31 % len(given["notes"])].format(**numbers)
            yield {"author_id": given["agent"], "hours_ago": hours_ago, "public": False, "body": note}
        else:
            who = "agent" if place % 2 else "customer"
            lines = given[f"{who}_lines"]
            body = lines[place // 2 % len(lines)].format(**numbers)
            yield {"author_id": given[who], "hours_ago": hours_ago, "body": body}


def _ago(moment: Moment, hours: float) -> str:
    return whole_seconds(moment.now - timedelta(hours=hours))


def _read(name: str) -> Any:
    return json.loads(files(__package__).joinpath("seed", name).read_text("utf-8"))
