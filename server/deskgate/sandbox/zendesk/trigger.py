"""The operator's trigger: what Zendesk posts when a person changed a ticket. The body is a text of the operator's own
with placeholders in it, so every value is a string, and `status` is the label that people see."""

from collections.abc import Iterable

from deskgate.sandbox import constants, outbox
from deskgate.sandbox.exchange import Json
from deskgate.sandbox.moment import Moment

EVENT = "ticket.updated"
FIELDS = ("status", "requester_id")
TEMPLATE = {
    "ticket_id": "{{ticket.id}}",
    "status": "{{ticket.status}}",
    "updated_at": "{{ticket.updated_at_with_timestamp}}",
    "author_id": "{{current_user.id}}",
}
"""What an operator pastes into the trigger. Only placeholders whose values cannot break the JSON around them."""


def fire(moment: Moment, ticket: Json, events: Iterable[Json], author_id: int) -> None:
    """Report an update with a comment, another status or another requester; not one by our own API user."""
    wanted = moment.choice("zendesk_trigger")
    if wanted == "off" or (wanted == "people" and author_id == constants.API_USER_ID):
        return
    if not any(event["type"] == "Comment" or event.get("field_name") in FIELDS for event in events):
        return
    values = {
        "{{ticket.id}}": str(ticket["id"]),
        "{{ticket.status}}": "On-hold" if ticket["status"] == "hold" else str(ticket["status"]).capitalize(),
        "{{ticket.updated_at_with_timestamp}}": ticket["updated_at"],
        "{{current_user.id}}": str(author_id),
    }
    for hook in moment.store.rows("webhooks_of", service="zendesk"):
        outbox.put(moment, hook, EVENT, {name: values[placeholder] for name, placeholder in TEMPLATE.items()})
