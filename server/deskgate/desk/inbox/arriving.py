"""A customer's mail: what it says, and which ticket it belongs to.

The ticket is found by the thread, through our own record. The subject says nothing: anybody can write any subject.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from deskgate.desk.core import Core
from deskgate.desk.errors import UpstreamUnavailable
from deskgate.desk.inbox.kinds import Arrived, kind_of, spam_of
from deskgate.desk.inbox.leaving import wants_out
from deskgate.desk.inbox.payloads import MailEvent
from deskgate.desk.inbox.quoted import split
from deskgate.desk.multimail import Mail
from deskgate.desk.multimail.reading import address
from deskgate.desk.store.tables import named_queries
from deskgate.desk.text import storable
from deskgate.desk.wire import Missing

# The short form lets the sender of the first mail choose the thread, and this is how ours are called there.
OWN_THREAD = re.compile(r"zd-([1-9][0-9]{0,17})")
UNKNOWN_SENDER = "an unknown sender"


@dataclass(frozen=True)
class Letter:
    """One mail that arrived. `words` is the new text above the quote, `original` all of it."""

    email_id: str
    thread_id: str | None
    sender: str
    subject: str
    words: str
    original: str
    kind: str
    wants_out: bool
    remarks: tuple[str, ...]
    arrived_at: datetime


class NotShown(UpstreamUnavailable):
    """MultiMail answers, and has no such mail (yet)."""


async def letter_of(core: Core, word: MailEvent) -> Letter:
    """The mail behind an event, as MultiMail shows it now; where it shows it nowhere, as the signed event told it.

    Raises:
        NotShown: neither has its text.
        UpstreamUnavailable: it could not be asked.
    """
    email_id = word.email_id or ""
    try:
        mail: Mail | None = await core.outbox.read(email_id)
    except Missing:
        mail = None
    body = (mail.body if mail else None) or word.body
    if body is None:
        raise NotShown("MultiMail does not show this mail (yet).", service="MultiMail")
    body = storable(body)
    sender = (mail.sender if mail else None) or address(word.sender) or UNKNOWN_SENDER
    subject = storable((mail.subject if mail else None) or word.subject or "")
    parts = split(body)
    judged = kind_of(Arrived(sender, subject, parts.new, spam=spam_of(mail.status if mail else None, None)))
    leaving = judged.kind == "answer" and wants_out(parts.new)
    remarks = (
        ["Perhaps a machine or a stranger wrote this: " + ", ".join(judged.signs) + "."] if judged.doubtful else []
    )
    if mail is not None and mail.cc:
        remarks.append(f"Copies went to {', '.join(mail.cc)}.")
    if mail is not None and mail.attachments:
        remarks.append(f"Attached (see MultiMail): {', '.join(mail.attachments)}.")
    return Letter(
        email_id=email_id,
        thread_id=(mail.thread_id if mail else None) or word.thread_id,
        sender=sender,
        subject=subject,
        words=parts.new,
        original=body,
        kind=judged.kind,
        wants_out=leaving,
        remarks=tuple(remarks),
        arrived_at=(mail.created_at if mail else None) or word.at or core.clock.now(),
    )


async def ticket_of_letter(core: Core, letter: Letter) -> int | None:
    """The ticket that our reply on this thread belongs to, or the one in which that was continued."""
    thread = letter.thread_id
    if thread is None:
        return None
    found = await core.store.rows(_sql(core, "reply_on_thread"), thread_id=thread)
    if found:
        return await _continued(core, int(found[0]["ticket_id"]))
    own = OWN_THREAD.fullmatch(thread) if core.outbox.form == "short" else None
    if own:
        return await _continued(core, int(own[1]))
    # Where the answer to a draft was lost, the service may have opened a thread that we never heard of.
    for message_id in await core.outbox.ours_on(thread):
        reply = await core.store.reply_of_message(message_id)
        if reply is not None:
            return await _continued(core, reply.ticket_id)
    return None


async def lane_of(core: Core, ticket_id: int) -> str:
    """Where events queue one behind the other: a ticket and its follow-ups share a lane, the first one's."""
    while found := await core.store.rows(_sql(core, "continues"), ticket_id=ticket_id):
        ticket_id = int(found[0]["closed_id"])
    return f"ticket:{ticket_id}"


async def _continued(core: Core, ticket_id: int) -> int:
    while found := await core.store.rows(_sql(core, "follow_up_of"), closed_id=ticket_id):
        ticket_id = int(found[0]["ticket_id"])
    return ticket_id


def _sql(core: Core, name: str) -> str:
    return named_queries(__package__, core.store.dialect)[name]
