"""To whom a reply goes: the ticket's requester as Zendesk knows them now, and nobody else."""

from deskgate.desk.errors import NoEmailAddress, Suppressed, TicketClosed
from deskgate.desk.people import key_of
from deskgate.desk.text import marked
from deskgate.desk.zendesk import Ticket


def recipient_of(ticket: Ticket, mailbox: str) -> str:
    """The one address a reply on this ticket may go to, normalised.

    Raises:
        TicketClosed: the ticket takes no more replies.
        NoEmailAddress: no requester, no address, or one that is not a single plain address.
        Suppressed: Zendesk has suspended the requester.
    """
    if ticket.status == "closed":
        raise TicketClosed(ticket_id=ticket.id)
    requester = ticket.requester
    if requester is None or not requester.active:
        raise NoEmailAddress(
            "The ticket's requester was deleted in Zendesk, so there is nobody to write to.", ticket_id=ticket.id
        )
    if requester.suspended:
        raise Suppressed("Zendesk has suspended this requester; deskgate does not write to them.", ticket_id=ticket.id)
    if not requester.email:
        raise NoEmailAddress(ticket_id=ticket.id)
    address = plain_address(requester.email)
    if address is None:
        raise NoEmailAddress(
            "The requester's email address in Zendesk is not one plain address. Correct it there first.",
            ticket_id=ticket.id,
        )
    if key_of(address) == key_of(mailbox):
        raise NoEmailAddress(
            "The requester's address is the support mailbox itself; a reply would only go round in circles.",
            ticket_id=ticket.id,
        )
    return address


def plain_address(text: str) -> str | None:
    """The address in its normal form, or `None` where the text is not exactly one deliverable address.

    A domain in other letters than ASCII is written as mail servers know it (`xn--…`): a look-alike then shows as what it
    is wherever the address is read.
    """
    from email_validator import EmailNotValidError, validate_email

    try:
        found = validate_email(text, check_deliverability=False, strict=True)
    except (EmailNotValidError, ValueError):
        return None
    address = f"{found.local_part}@{found.ascii_domain}"
    # An encoded word or an invisible letter in the local part is allowed by the standard and meant by nobody honest.
    return address if marked(address) == address and "=?" not in address else None
