"""The customer's part: answering a mail that arrived, writing out of the blue, letting a mail bounce."""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from sqlite3 import Row

from deskgate.sandbox.moment import Moment
from deskgate.sandbox.multimail import events
from deskgate.sandbox.multimail.post import bounce, held_text, put_email, settle
from deskgate.sandbox.multimail.public import suppress

PREFIXES = re.compile(r"^(\s*(re|fwd?)\s*:)+\s*", re.IGNORECASE)
AUTOMATIC = "Automatic reply: "
"""MultiMail shows no header of a mail that came in, so this subject is all that tells a machine's answer."""


def write_back(
    moment: Moment,
    where: int | str,
    text: str,
    sender: str | None = None,
    *,
    automatic: bool = False,
    cc: Sequence[str] = (),
    quoted: bool = False,
) -> str:
    """Put the customer's answer into the mailbox that wrote to them; gives the new mail's id. Raises LookupError."""
    answered = last_delivered(moment, where)
    mailbox = moment.store.one("mailbox", id=answered["mailbox_id"])
    subject = PREFIXES.sub("", answered["subject"])  # MultiMail strips Re: and Fwd: from what comes in
    return receive(
        moment,
        mailbox,
        sender or json.loads(answered["recipients"])[0],
        AUTOMATIC + subject if automatic else subject,
        text + (_quote(answered) if quoted else ""),
        cc=cc,
        thread_id=answered["thread_id"],
        answered=answered,
    )


def receive(
    moment: Moment,
    mailbox: Row,
    sender: str,
    subject: str,
    text: str,
    *,
    cc: Sequence[str] = (),
    thread_id: str | None = None,
    answered: Row | None = None,
) -> str:
    """Put a mail into a mailbox and report it; gives its id. Without a thread it begins one."""
    gated = mailbox["oversight_mode"] == "gated_all"
    row = put_email(
        moment,
        mailbox,
        answered=answered,
        thread_id=thread_id,
        direction="inbound",
        sender=sender,
        recipients=[mailbox["address"]],
        cc=list(cc),
        bcc=[],
        subject=subject,
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
    events.fire(moment, "pending" if gated else "received", row)
    return str(row["id"])


def bounce_late(moment: Moment, where: int | str, kind: str) -> str:
    """The last mail that arrived there comes back after all; a hard bounce puts its readers on the suppression list."""
    row = last_delivered(moment, where)
    bounce(moment, row, kind, moment.now_ms)
    if kind.startswith("hard"):
        for address in json.loads(row["recipients"]):
            suppress(moment, address, "bounce")
    return str(row["id"])


def complain(moment: Moment, where: int | str) -> str:
    """The reader of the last mail that arrived there calls it spam."""
    row = last_delivered(moment, where)
    for address in json.loads(row["recipients"]):
        suppress(moment, address, "spam_complaint")
    events.fire(moment, "complained", row)
    return str(row["id"])


def last_delivered(moment: Moment, where: int | str) -> Row:
    """The last mail that a customer has, of a ticket (its number), of a thread or by its own id. Raises LookupError."""
    settle(moment)
    if isinstance(where, str):
        found = _not_returned(moment.store.rows("emails_delivered_of", where=where))
    else:
        delivered = _not_returned(moment.store.rows("emails_delivered"))
        found = [row for row in delivered if _names_ticket(row, where)] or _to_requester(moment, delivered, where)
    if not found:
        raise LookupError(f"no mail about {where} was delivered so far")
    return found[-1]


def _not_returned(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row["bounced_at"] is None]


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


def _quote(answered: Row) -> str:
    at = datetime.fromtimestamp(answered["delivered_at"] / 1000, UTC)
    lines = "\n".join(f"> {line}".rstrip() for line in held_text(answered).splitlines())
    return f"\n\nOn {at:%a, %d %b %Y at %H:%M} <{answered['sender']}> wrote:\n\n{lines}\n"
