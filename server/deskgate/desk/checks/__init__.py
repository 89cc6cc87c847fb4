"""What an operator's check-up looks at. Every check is one line, and after a fault it says what to do.

Nothing here writes anywhere, except `smoke`, which holds one reply and takes it back.
"""

from deskgate.desk.checks.data import open_calls
from deskgate.desk.checks.line import FAULT, OK, WARNING, Check, State
from deskgate.desk.checks.multimail import MultiMailFacts, multimail_checks
from deskgate.desk.checks.smoke import smoke
from deskgate.desk.checks.webhooks import WebhookFacts, zendesk_webhook
from deskgate.desk.checks.zendesk import Way, zendesk_checks

__all__ = [
    "FAULT",
    "OK",
    "WARNING",
    "Check",
    "MultiMailFacts",
    "State",
    "Way",
    "WebhookFacts",
    "multimail_checks",
    "open_calls",
    "smoke",
    "zendesk_checks",
    "zendesk_webhook",
]
