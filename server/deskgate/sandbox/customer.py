"""The customer's part: answering a mail that arrived."""

import json
import re
from sqlite3 import Row

from deskgate.sandbox.moment import Moment
from deskgate.sandbox.multimail.post import put_email, settle

PREFIXES = re.compile(r"^(\s*(re|fwd?)\s*:)+\s*", re.IGNORECASE)


def write_back(moment: Moment, where: int | str, text: str, sender: str | None) -> str:
    """Put the customer's answer into the mailbox that wrote to them; gives the new mail's id. Raises LookupError."""
    settle(moment)
    answered = _last_delivered(moment, where)
    mailbox = moment.store.one("mailbox", id=answered["mailbox_id"])
    gated = mailbox["oversight_mode"] == "gated_all"
    row = put_email(
        moment,
        mailbox,
        answered=answered,
        thread_id=answered["thread_id"],
        direction="inbound",
        sender=sender or json.loads(answered["recipients"])[0],
        recipients=[mailbox["address"]],
        cc=[],
        bcc=[],
        subject=PREFIXES.sub("", answered["subject"]),  # MultiMail strips Re: and Fwd: from what comes in
        markdown=text,
        footer="",
        attachments=[],
        status="pending_inbound_approval" if gated else "unread",
        held=gated,
        scan_until=None,
        metadata=None,
        idempotency_key=None,
        fingerprint="",
    )
    return str(row["id"])


def _last_delivered(moment: Moment, where: int | str) -> Row:
    delivered = moment.store.rows("emails_delivered")
    if isinstance(where, str):
        found = [row for row in delivered if row["thread_id"] == where]
    else:
        found = [row for row in delivered if _names_ticket(row, where)] or _to_requester(moment, delivered, where)
    if not found:
        raise LookupError(f"no mail about {where} was delivered, so there is nothing to answer yet")
    return found[-1]


def _names_ticket(row: Row, ticket_id: int) -> bool:
    metadata = json.loads(row["metadata"] or "{}")
    tags = json.loads(row["tags"])
    named = {str(metadata.get("zendesk_ticket_id")), tags.get("zendesk_ticket_id"), tags.get("zendesk")}
    return str(ticket_id) in named or row["thread_id"] == f"zd-{ticket_id}"


def _to_requester(moment: Moment, delivered: list[Row], ticket_id: int) -> list[Row]:
    ticket = moment.store.row("ticket", id=ticket_id)
    if ticket is None:
        return []
    person = moment.store.row("person", id=json.loads(ticket["document"])["requester_id"])
    address = json.loads(person["document"])["email"] if person else None
    return [row for row in delivered if address and address in json.loads(row["recipients"])]
