"""One update of a ticket, however it arrives: comment, fields, tags and metadata become one audit."""

import json
import re
from typing import Any

from deskgate.sandbox.exchange import Json
from deskgate.sandbox.moment import Moment
from deskgate.sandbox.times import epoch_ms, from_text, whole_seconds
from deskgate.sandbox.zendesk import shapes, trigger
from deskgate.sandbox.zendesk.errors import blank, record_invalid, refused, ticket_closed, update_conflict
from deskgate.sandbox.zendesk.records import named_person, new_number
from deskgate.sandbox.zendesk.records import ticket as stored

UPDATE_WINDOW_MS = 10 * 60 * 1000
COMMENT_LIMIT_BYTES = 65_536
CHOICES = {
    "status": ("new", "open", "pending", "hold", "solved", "closed"),
    "priority": ("urgent", "high", "normal", "low", None),
    "type": ("problem", "incident", "question", "task", None),
}
WRITABLE = (
    *CHOICES, "subject", "tags", "assignee_id", "group_id", "requester_id", "organization_id", "external_id",
    "custom_fields", "custom_status_id", "due_at", "problem_id", "email_cc_ids", "follower_ids", "collaborator_ids",
)  # fmt: skip
ORDERS = ("comment", "metadata", "safe_update", "updated_stamp", "via_followup_source_id")


def update(moment: Moment, ticket: Json, wish: Json, author_id: int, channel: str = "api") -> Json:
    """Apply a ticket update that came in by that channel and give its audit; `ticket` is changed in place and stored.

    Raises RefusedError: 422 on a closed ticket or for a bad value, 409 for an outdated stamp, 429 beyond the limit.
    """
    if ticket["status"] == "closed":
        raise ticket_closed(moment)
    check_stamp(ticket, wish)
    _check_rate(moment, ticket["id"], author_id)
    audit_id = new_number(moment, "audit")
    events = [_comment(moment, ticket, wish["comment"], author_id, audit_id)] if wish.get("comment") else []
    events += _changes(moment, ticket, wish)
    return record(moment, ticket, events, author_id, audit_id, wish.get("metadata"), channel)


def merge(moment: Moment, source_id: int, target_id: int, author_id: int) -> None:
    """What an agent's merge does: both tickets get a private note, the first is tagged and closed.

    Raises RefusedError where either is closed or absent.
    """
    source, target = stored(moment, source_id), stored(moment, target_id)
    note = {"body": f"Request #{source_id} was closed and merged into this request.", "public": False}
    update(moment, target, {"comment": note}, author_id, "web")
    note = {"body": f"This request was closed and merged into request #{target_id}.", "public": False}
    wish = {"comment": note, "status": "closed", "tags": [*source["tags"], "closed_by_merge"]}
    update(moment, source, wish, author_id, "web")


def record(
    moment: Moment,
    ticket: Json,
    events: list[Json],
    author_id: int,
    audit_id: int,
    custom: Any = None,
    channel: str = "api",
) -> Json:
    """Store an audit and the ticket that it changed. Only an update with events moves `updated_at`."""
    row = moment.store.row("ticket", id=ticket["id"])
    ticket["generated_timestamp"] = moment.now_ms // 1000
    if events:
        ticket["updated_at"] = moment.now_text
    audit = shapes.audit(
        audit_id, ticket["id"], author_id, moment.now_text, events, custom if isinstance(custom, dict) else {}, channel
    )
    store_audit(moment, audit)
    settled = row is None or row["changed_at"] <= moment.now_ms - moment.amount("index_seconds") * 1000
    indexed = None if row is None else row["document"] if settled else row["indexed"]
    moment.store.run(
        "ticket_put", id=ticket["id"], document=json.dumps(ticket), changed_at=moment.now_ms, indexed=indexed
    )
    if row is not None:
        trigger.fire(moment, ticket, events, author_id)
    return audit


def store_audit(moment: Moment, audit: Json) -> None:
    """Keep an audit."""
    moment.store.run(
        "audit_put",
        id=audit["id"],
        ticket_id=audit["ticket_id"],
        author_id=audit["author_id"],
        made_at=epoch_ms(from_text(audit["created_at"])),
        document=json.dumps(audit),
    )


def check_stamp(ticket: Json, wish: Json) -> None:
    """Refuse a safe update whose stamp is not the ticket's. `safe_update: false` counts as true, as documented."""
    if "safe_update" not in wish:
        return
    try:
        stamp = whole_seconds(from_text(str(wish.get("updated_stamp"))))
    except ValueError:
        raise record_invalid({"updated_stamp": [{"description": "Updated stamp: is invalid"}]}) from None
    if stamp != ticket["updated_at"]:
        raise update_conflict()


def as_tags(value: Any) -> list[str]:
    """Tags as Zendesk keeps them: lower case, no spaces, each once, in order of the alphabet."""
    words = value.split() if isinstance(value, str) else value if isinstance(value, list) else []
    return sorted({re.sub(r"\s+", "_", str(word).strip().lower()) for word in words if str(word).strip()})


def change_event(moment: Moment, name: str, value: Any, previous: Any) -> Json:
    """The event of one field's change."""
    spelt = [one if one is None or isinstance(one, list) else str(one) for one in (value, previous)]
    return {
        "id": new_number(moment, "audit"), "type": "Change", "field_name": name, "value": spelt[0],
        "previous_value": spelt[1],
    }  # fmt: skip


def updates_left(moment: Moment, ticket_id: int, author_id: int) -> tuple[int, int, int]:
    """Total, remaining and seconds to reset of the per-ticket update limit. Total 0 means no limit."""
    total = int(moment.amount("ticket_updates"))
    since = moment.now_ms - UPDATE_WINDOW_MS
    row = moment.store.row("updates_since", ticket_id=ticket_id, author_id=author_id, since=since)
    used, oldest = (row["n"], row["oldest"]) if row and row["n"] else (0, moment.now_ms)
    return total, max(0, total - used), max(1, (oldest - since + 999) // 1000)


def _check_rate(moment: Moment, ticket_id: int, author_id: int) -> None:
    total, left, seconds = updates_left(moment, ticket_id, author_id)
    if total and not left:
        description = "Number of allowed ticket update API requests per minute exceeded"
        raise refused(
            429,
            {"error": "APIRateLimitExceeded", "description": description},
            retry_after=str(seconds),
            zendesk_ratelimit_per_ticket_updates=f"total={total}; remaining=0; resets={seconds}",
        )


def _comment(moment: Moment, ticket: Json, wish: Any, author_id: int, audit_id: int) -> Json:
    if not isinstance(wish, dict):
        wish = {"body": str(wish)}
    html = wish.get("html_body")
    body = str(wish.get("body") or (re.sub(r"<[^>]+>", "", html) if isinstance(html, str) else ""))
    if not body.strip():
        raise blank("comment")
    if len(body.encode()) > COMMENT_LIMIT_BYTES:
        raise record_invalid({"comment": [{"description": "Comment: is too long (maximum is 65536 bytes)"}]})
    count = moment.store.row("comment_count", ticket_id=ticket["id"])
    if count and count["n"] >= moment.amount("comment_limit"):
        raise record_invalid({"base": [{"description": "Ticket has reached the maximum number of comments"}]})
    document = shapes.comment(
        new_number(moment, "comment"),
        audit_id,
        named_person(moment, wish.get("author_id") or author_id, "author")["id"],
        body,
        moment.now_text,
        public=bool(wish.get("public", ticket["is_public"])),
        via=shapes.via("api"),
    )
    if isinstance(html, str):
        document["html_body"] = f'<div class="zd-comment" dir="auto">{html}</div>'
    moment.store.run("comment_put", id=document["id"], ticket_id=ticket["id"], document=json.dumps(document))
    ticket["is_public"] = ticket["is_public"] or document["public"]
    kept = ("id", "type", "author_id", "body", "html_body", "plain_body", "public", "attachments", "audit_id")
    return {name: document[name] for name in kept}


def _changes(moment: Moment, ticket: Json, wish: Json) -> list[Json]:
    events: list[Json] = []
    for name in WRITABLE:
        if name not in wish:
            continue
        value = as_tags(wish[name]) if name == "tags" else wish[name]
        if name in CHOICES and value not in CHOICES[name]:
            raise record_invalid({name: [{"description": f"{name.capitalize()}: {value} is not valid"}]})
        if name == "requester_id":
            named_person(moment, value, "requester")
        if value == ticket[name]:
            continue
        events.append(change_event(moment, name, value, ticket[name]))
        ticket[name] = value
        if name == "subject":
            ticket["raw_subject"] = value
        if name == "status":
            ticket["custom_status_id"] = 33144692245100 + shapes.STATUS_IDS[str(value)]
    return events
