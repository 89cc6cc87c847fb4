"""The switches: every behaviour that the vendors leave open, or that a rehearsal wants otherwise, in one table."""

from dataclasses import dataclass
from typing import Any

Value = bool | float | str


@dataclass(frozen=True)
class Switch:
    """One switch. `default` fixes its kind; `choices`, where not empty, are the only values it takes."""

    default: Value
    meaning: str
    choices: tuple[str, ...] = ()

    def checked(self, value: Any) -> Value:
        """The value as this switch keeps it. Raises ValueError for a value that it cannot take."""
        if self.choices:
            if str(value) in self.choices:
                return str(value)
        elif isinstance(self.default, bool):
            if isinstance(value, bool):
                return value
        elif isinstance(self.default, str):
            if isinstance(value, str) and value:
                return value
        elif isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
            return float(value)
        wanted = " | ".join(self.choices) or type(self.default).__name__
        raise ValueError(f"a switch that takes {wanted} cannot be {value!r}")


SWITCHES: dict[str, Switch] = {
    "forms": Switch("both", "which of MultiMail's wire forms answer", ("both", "v1", "short")),
    "scan_seconds": Switch(0.3, "how long a mail stays in pending_scan"),
    "delivery_seconds": Switch(0.0, "how long a mail that was let out takes to arrive"),
    "strict_fields": Switch(True, "v1 refuses unknown request fields with 400; off: it ignores them"),
    "tags_put": Switch("replace", "what PUT …/tags does to a mail's other tags", ("replace", "merge")),
    "decide_twice": Switch("404", "the answer to deciding what is already decided", ("404", "409", "200")),
    "suppressed": Switch("bounce", "what happens to a mail to a suppressed address", ("bounce", "400", "403", "422")),
    "sent_status": Switch("read", "the status that a mail shows once it is let out; the vendor documents none"),
    "reply_to_own": Switch("400", "v1: replying to a mail of one's own", ("400", "accept")),
    "same_content_send": Switch("accept", "v1: the same new mail again within 60 s", ("accept", "409")),
    "footer_in_body": Switch(False, "MultiMail appends its footer; it shows in what is held and in what is delivered"),
    "short_body": Switch(True, "short form: list_pending carries the body, which is not documented"),
    "closed_key": Switch("status", "the key of the 422 for a closed ticket", ("status", "base")),
    "rate_headers": Switch(
        "2024", "which generation of Zendesk's rate headers is sent", ("plain", "2023", "2024", "all")
    ),
    "ticket_updates": Switch(30.0, "updates of one ticket by one user in ten minutes before 429; 0: no limit"),
    "comment_limit": Switch(5000.0, "comments that a ticket can hold before comment writes answer 422"),
    "index_seconds": Switch(0.0, "how far Zendesk's search lags behind a change"),
    "token_seconds": Switch(1800.0, "how long a Zendesk OAuth access token lives"),
    "webhook_names": Switch(
        "registered",
        "MultiMail's event names: A and B as its own texts have them, C and D from its marketing, or the short form's",
        ("registered", "A", "B", "C", "D", "short"),
    ),
    "webhook_form": Switch("registered", "the form of MultiMail's webhook bodies", ("registered", "1", "2", "3")),
    "webhook_signature": Switch("prefixed", "how MultiMail's signature is spelt", ("prefixed", "bare", "none")),
    "webhook_lost": Switch(0.0, "every Nth webhook never leaves; 0: none, 1: all"),
    "webhook_doubled": Switch(0.0, "every Nth webhook leaves twice; 0: none, 1: all"),
    "webhook_order": Switch("in_order", "the order in which due webhooks leave", ("in_order", "swapped", "reversed")),
    "webhook_retries": Switch(3.0, "how often a webhook that was not answered with 2xx is tried again"),
    "webhook_backoff_seconds": Switch(5.0, "the wait before the first of these; each further one is twice as long"),
    "zendesk_trigger": Switch(
        "people",
        "whose changes fire Zendesk's webhook; `people`: all but our own API user",
        ("people", "everyone", "off"),
    ),
}
