"""Why MultiMail would not take a mail, in our own words.

Its errors are one text without a code, and a 403 alone has five causes (read-only mailbox, missing scope, plan, account
switched off, a gateway in front). The text is searched for what tells them apart and never shown.
"""

import re

from deskgate.desk.errors import BadInput, DeskError, Forbidden, OutcomeUnknown, Suppressed
from deskgate.desk.wire import GATEWAY_SIGN, Denied, Rejected

_SUPPRESSED = r"suppress|unsubscribed|opted.out|hard.bounce"

_READ_ONLY = (
    "The mailbox is in mode read_only, so MultiMail lets nothing be sent from it. "
    "An operator must have its mode raised to gated_send."
)
_SCOPE = "The sending key lacks the send scope. Set MULTIMAIL_TOKEN to a key with the scopes read and send."
_OFF = "MultiMail has switched sending off for this account. An operator must settle that with MultiMail."
_PLAN = "The account's MultiMail plan does not allow this. An operator must look at the plan."
_GATEWAY = "A gateway in front of MultiMail refused the request. It is not about the key: try again later."

# In this order: the text about a read-only mailbox also hints at an upgrade.
_CAUSES = (
    (r"read.only", _READ_ONLY),
    (r"scope|permission", _SCOPE),
    (r"disabled|suspended", _OFF),
    (r"\bplan\b|quota|upgrade", _PLAN),
    (GATEWAY_SIGN, _GATEWAY),
)


def refused_send(error: Denied | Rejected) -> DeskError:
    """The error to raise when the service refused a mail. Nothing was accepted."""
    said = (error.label or error.text).casefold()
    if re.search(_SUPPRESSED, said):
        return Suppressed(service="MultiMail")
    if isinstance(error, Rejected):
        if "filter" in said:
            return BadInput("MultiMail's content filter refused this mail. Nothing was sent: reword it.")
        return error
    if error.unknown_credential:
        return error
    sentence = next((sentence for sign, sentence in _CAUSES if re.search(sign, said)), None)
    return Forbidden(f"{sentence} Nothing was sent.", **error.facts) if sentence else error


def lacks_scope(error: Denied) -> bool:
    """Whether a refusal is about what the key may do, and neither about the key itself nor from a gateway in front."""
    return not error.unknown_credential and not error.from_gateway


def unknown_outcome() -> OutcomeUnknown:
    """A mail that may have been taken and that no look-up shows yet."""
    return OutcomeUnknown(
        "MultiMail may have taken this mail: the answer was lost, and looking it up did not settle it. "
        "Ask for the same reply again in a minute: it is looked up first, so it is never sent twice.",
        service="MultiMail",
    )
