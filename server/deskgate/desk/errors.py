"""Everything that can go wrong in words a model, a person or a script can act on.

    DeskError
    ├── BadInput              bad_input
    ├── TicketNotFound        ticket_not_found
    ├── NoEmailAddress        no_email_address
    ├── TicketClosed          ticket_closed
    ├── TicketChanged         ticket_changed
    ├── AlreadyDecided        already_decided
    ├── DigestMismatch        digest_mismatch
    ├── Declined              declined
    ├── Suppressed            suppressed
    ├── NotGated              not_gated
    ├── ConfirmationNeeded    confirmation_needed
    ├── SelfApproval          self_approval
    ├── Forbidden             forbidden
    ├── RateLimited           rate_limited          (`retry_after_seconds`)
    ├── UpstreamUnavailable   upstream_unavailable  (`retry_after_seconds` where the service named one)
    └── OutcomeUnknown        outcome_unknown

A class's docstring is the sentence used where the raiser has nothing better to say. Text that came from outside
(an error body, a customer's words) is never part of a sentence: it would be a way to speak to the model.
"""

from typing import Any, ClassVar


class DeskError(Exception):
    """Something went wrong."""

    code: ClassVar[str] = "internal_error"

    def __init__(self, sentence: str | None = None, **facts: Any) -> None:
        self.sentence = sentence or " ".join((type(self).__doc__ or "").split())
        self.facts = {name: value for name, value in facts.items() if value is not None}
        super().__init__(self.sentence)

    def __str__(self) -> str:
        return f"{self.code}: {self.sentence}"


class BadInput(DeskError):
    """An argument is not usable as given."""

    code = "bad_input"


class TicketNotFound(DeskError):
    """Zendesk has no such ticket, or this account may not see it. Check the number."""

    code = "ticket_not_found"


class NoEmailAddress(DeskError):
    """The ticket's requester has no email address that can be written to. Answer this ticket in Zendesk."""

    code = "no_email_address"


class TicketClosed(DeskError):
    """The ticket is closed for good and takes no more updates. Continue in a follow-up ticket."""

    code = "ticket_closed"


class TicketChanged(DeskError):
    """The ticket changed after this reply was drafted. Look at it again before approving."""

    code = "ticket_changed"


class AlreadyDecided(DeskError):
    """This reply was already decided the other way. Nothing was changed."""

    code = "already_decided"


class DigestMismatch(DeskError):
    """The held mail is not the one that was seen. Nothing was sent: list the pending replies and look again."""

    code = "digest_mismatch"


class Declined(DeskError):
    """The person who was asked did not confirm. The reply stays held."""

    code = "declined"


class Suppressed(DeskError):
    """This address must not be written to: it unsubscribed, complained or bounced for good."""

    code = "suppressed"


class NotGated(DeskError):
    """The mailbox would let this mail out without approval, so nothing was sent."""

    code = "not_gated"


class ConfirmationNeeded(DeskError):
    """A person has to confirm this, and this client cannot ask one."""

    code = "confirmation_needed"


class SelfApproval(DeskError):
    """Whoever drafted a reply cannot approve it. Ask someone else."""

    code = "self_approval"


class Forbidden(DeskError):
    """The credential in use is not allowed to do this."""

    code = "forbidden"


class RateLimited(DeskError):
    """The service asks for fewer requests. Try again later."""

    code = "rate_limited"


class UpstreamUnavailable(DeskError):
    """The service did not give a usable answer. Nothing was changed; try again in a moment."""

    code = "upstream_unavailable"


class OutcomeUnknown(DeskError):
    """The request went out and its answer was lost, so it may or may not have taken effect."""

    code = "outcome_unknown"
