"""A customer's mail as a model may see it."""

from deskgate.desk.inbox.arrivals import Arrival
from deskgate.desk.recipients import plain_address
from deskgate.desk.text import clean, fence, fence_line
from deskgate_tools._call import Shape

# Fifty mails of a megabyte each could have arrived; a model's host takes a small part of that.
MAIL_LIMIT_CHARS = 4_000
PAGE_LIMIT_CHARS = 25_000
SUBJECT_LIMIT_CHARS = 120
CUT = "(cut: the whole mail is in MultiMail, and in the note on its ticket)"

NOTES = {
    "owed": "its note is still owed and comes by itself",
    "stuck": "its note could not be posted: an operator has to look (`deskgate events list --state dead`)",
    "none": "no note was posted",
}


class ArrivedMail(Shape):
    """One mail; `sender`, `subject` and `new_text` are the words of whoever wrote it.

    `note` is `posted`, `owed`, `stuck` or `none`. A follow-up ticket begins with the mail, which then has no `comment_id`.
    """

    email_id: str
    ticket_id: int | None
    sender: str
    from_requester: bool
    kind: str
    subject: str
    new_text: str
    arrived_at: str
    note: str
    comment_id: int | None

    def text(self) -> str:
        """What came, from whom, and where the ticket shows it."""
        where = f"ticket {self.ticket_id}" if self.ticket_id else "no ticket belongs to it"
        who = "the requester" if self.from_requester else "NOT known as the requester"
        proof = f"comment {self.comment_id}" if self.comment_id else "the ticket begins with it"
        note = NOTES.get(self.note) or f"its note is on the ticket ({proof})"
        return (
            f"{self.arrived_at} {self.kind}, {where}, from {self.sender} ({who}); {note}. Mail {self.email_id}\n"
            f"Subject: {self.subject}\n{self.new_text}"
        )


def arrived_mail(mail: Arrival, count: int) -> ArrivedMail:
    """One of so many mails; they share the room that an answer has."""
    return ArrivedMail(
        email_id=mail.email_id,
        ticket_id=mail.ticket_id,
        sender=plain_address(mail.sender) or fence_line(mail.sender),
        from_requester=mail.from_requester,
        kind=mail.kind,
        subject=fence_line(mail.subject, SUBJECT_LIMIT_CHARS),
        new_text=_fenced(mail.words, min(MAIL_LIMIT_CHARS, PAGE_LIMIT_CHARS // count)),
        arrived_at=mail.arrived_at,
        note=mail.note,
        comment_id=mail.comment_id,
    )


def _fenced(words: str, room: int) -> str:
    """Cleaned before it is cut: half of a secret link would not be known as one."""
    whole = clean(words[: room * 10]).strip()
    cut = len(whole) > room or len(words) > room * 10
    return f"{fence(whole[:room])} {CUT}" if cut else fence(whole)
