"""What MultiMail reports by webhook. No source settles the names or the shape of the body, so switches choose between
those that the vendor's own texts use; the sandbox's default is the vendor's working client and developer page."""

import json
from sqlite3 import Row

from deskgate.sandbox import outbox
from deskgate.sandbox.exchange import Json
from deskgate.sandbox.moment import Moment
from deskgate.sandbox.times import iso_ms

CLIENT = {
    "received": "message.received",
    "sent": "message.sent",
    "delivered": "message.delivered",
    "bounced": "message.bounced",
    "complained": "message.complained",
    "pending": "oversight.pending",
    "approved": "oversight.approved",
    "rejected": "oversight.rejected",
}
NAMES = {
    "A": CLIENT,
    "B": {**CLIENT, "received": "email.received"},
    "C": {**CLIENT, "approved": "message.approved", "rejected": "message.rejected"},
    "D": {
        **CLIENT, "received": "inbound", "delivered": "delivery", "bounced": "bounce", "complained": "complaint"
    },
    "short": {**{kind: f"email.{kind}" for kind in CLIENT}, "pending": "email.pending_approval"},
}  # fmt: skip
"""What each vocabulary calls what happened. Where one is silent it borrows from the first; the short form goes on as it
began (`email.…`)."""

EVERY_NAME = frozenset(name for names in NAMES.values() for name in names.values())
USUAL = {"v1": ("A", "1"), "short": ("short", "3")}
"""Vocabulary and form of a registration, unless a switch says otherwise."""


def fire(moment: Moment, kind: str, row: Row, **facts: str | None) -> None:
    """Report to every registration that listens for this kind of event in any vocabulary."""
    for hook in moment.store.rows("webhooks_of", service="multimail"):
        if hook["mailbox_id"] not in (None, row["mailbox_id"]):
            continue
        if not {names[kind] for names in NAMES.values()} & set(json.loads(hook["events"])):
            continue
        vocabulary, form = USUAL[hook["form"]]
        if moment.choice("webhook_names") != "registered":
            vocabulary = moment.choice("webhook_names")
        if moment.choice("webhook_form") != "registered":
            form = moment.choice("webhook_form")
        name = NAMES[vocabulary][kind]
        outbox.put(moment, hook, name, _body(moment, form, name, kind, row, facts))


def _body(moment: Moment, form: str, name: str, kind: str, row: Row, facts: dict[str, str | None]) -> Json:
    if form == "1":
        return _nested(moment, name, row)
    if form == "2":
        return _flat(moment, name, kind, row, facts)
    return _short(name, kind, row, facts)


def _nested(moment: Moment, name: str, row: Row) -> Json:
    data = {
        "email_id": row["id"],
        "from": row["sender"],
        "to": json.loads(row["recipients"]),
        "subject": row["subject"],
        "direction": row["direction"],
        "has_attachments": row["attachments"] != "[]",
    }
    return {"event": name, "timestamp": iso_ms(moment.now_ms), "data": data}


def _flat(moment: Moment, name: str, kind: str, row: Row, facts: dict[str, str | None]) -> Json:
    told: Json = {
        "event_type": name,
        "mailbox": moment.store.one("mailbox", id=row["mailbox_id"])["address"],
        "message_id": row["id"],
        "thread_id": row["thread_id"],
        "timestamp": iso_ms(moment.now_ms),
    }
    if kind == "bounced":
        return {**told, "bounce_code": facts["bounce_type"], "diagnostic": f"smtp; 550 5.1.1 {facts['bounce_type']}"}
    return {**told, "from": row["sender"], "subject": row["subject"]}


def _short(name: str, kind: str, row: Row, facts: dict[str, str | None]) -> Json:
    told: Json = {"type": name, "message_id": row["id"], "thread_id": row["thread_id"]}
    told |= {"to": ", ".join(json.loads(row["recipients"])), "subject": row["subject"]}
    if row["metadata"]:
        told["metadata"] = json.loads(row["metadata"])
    if kind == "received":
        told |= {"from": row["sender"], "body_text": row["markdown"]}
    return {**told, **facts}
