"""MultiMail v1: mails, threads and tags."""

import json

from deskgate.sandbox.exchange import Answer, Ask
from deskgate.sandbox.moment import Moment
from deskgate.sandbox.multimail import views
from deskgate.sandbox.multimail.common import fields, find_email, find_mailbox, ok, refused
from deskgate.sandbox.multimail.listing import page_of
from deskgate.sandbox.times import iso_ms


def list_emails(moment: Moment, ask: Ask) -> Answer:
    """GET /v1/mailboxes/{id}/emails: newest first, no bodies."""
    mailbox = find_mailbox(moment, ask.parts["mailbox_id"])
    rows, cursor = page_of(moment, ask, mailbox["id"])
    return ok({"emails": [views.summary(row) for row in rows], "cursor": cursor})


def read_email(moment: Moment, ask: Ask) -> Answer:
    """GET …/emails/{id}: the whole mail. Reading an unread mail marks it read, and shows it as it was."""
    row = find_email(moment, ask)
    if row["status"] == "unread":
        moment.store.run("email_status", id=row["id"], status="read")
    return ok(views.email(row))


def read_thread(moment: Moment, ask: Ask) -> Answer:
    """GET …/threads/{id}: the mails of a thread, oldest first, no bodies."""
    mailbox = find_mailbox(moment, ask.parts["mailbox_id"])
    thread_id = ask.parts["thread_id"]
    every = moment.store.rows("emails_in_thread", thread_id=thread_id)
    rows = [row for row in every if row["mailbox_id"] == mailbox["id"]]
    if not rows:
        raise refused(404, "Thread not found")
    people = {row["sender"] for row in rows} | {one for row in rows for one in json.loads(row["recipients"])}
    sent = [row for row in rows if row["direction"] == "inbound" or row["delivered_at"]]
    return ok(
        {
            "thread_id": thread_id,
            "message_count": len(rows),
            "participants": sorted(people),
            "last_activity": iso_ms(rows[-1]["received_at"]),
            "has_unanswered_inbound": bool(sent) and sent[-1]["direction"] == "inbound",
            "emails": [views.thread_entry(row) for row in rows],
        }
    )


def read_tags(moment: Moment, ask: Ask) -> Answer:
    """GET …/tags."""
    return ok({"tags": json.loads(find_email(moment, ask)["tags"])})


def put_tags(moment: Moment, ask: Ask) -> Answer:
    """PUT …/tags: replaces all tags (specification) or merges (the vendor's own client), as the switch says."""
    row = find_email(moment, ask)
    tags = fields(moment, ask, ("tags",)).get("tags")
    if not isinstance(tags, dict) or not all(isinstance(value, str) for value in tags.values()):
        raise refused(400, "tags must be an object of strings")
    if moment.choice("tags_put") == "merge":
        tags = {**json.loads(row["tags"]), **tags}
    moment.store.run("email_tags", id=row["id"], tags=json.dumps(tags))
    return ok({"tags": tags})


def delete_tag(moment: Moment, ask: Ask) -> Answer:
    """DELETE …/tags/{key}."""
    row = find_email(moment, ask)
    tags = json.loads(row["tags"])
    deleted = tags.pop(ask.parts["key"], None) is not None
    moment.store.run("email_tags", id=row["id"], tags=json.dumps(tags))
    return ok({"deleted": deleted})
