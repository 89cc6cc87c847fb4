"""Asking the person in the chat: what they are shown, and what their answer counts for.

The answer is no proof of a person: the client gives it. It shows and asks; four eyes need two
principals.
"""

from typing import Any

from mcp.server.mcpserver import AcceptedElicitation, Context

from deskgate.desk import Confirmation, Decision, Desk, Look
from deskgate.desk.errors import ConfirmationNeeded, Declined
from deskgate.desk.text import marked


def can_ask(ctx: Context[Any, Any], desk: Desk) -> bool:
    """Whether the person is to be asked.

    Raises:
        ConfirmationNeeded: they are, and this client cannot ask.
    """
    if not desk.asks:
        return False
    form = ctx.client_capabilities.elicitation if ctx.client_capabilities else None
    # A bare `elicitation: {}` means forms; one that names only `url` does not.
    if form is None or (form.form is None and form.url is not None):
        raise ConfirmationNeeded(
            "A person has to confirm every decision, and this client cannot ask one. Nothing was changed. Use a client "
            "that supports MCP elicitation, or decide in MultiMail itself. For a reviewer's process that decides "
            "without being asked, an operator sets DESKGATE_APPROVE=unattended."
        )
    return True


def question(look: Look, decision: Decision) -> str:
    """The whole mail, from the same bytes that the digest covers."""
    reply, content = look.reply, look.content
    # The mail's own text could imitate a plain closing line; it cannot hold a part of the digest that covers it.
    mark = look.digest[-12:]
    deed = (
        "SEND this reply to the customer" if decision == "approve" else "REJECT this reply (the customer gets nothing)"
    )
    head = [
        f"{deed}?",
        "",
        f"Ticket: {reply.ticket_id}",
        f"To: {marked(', '.join(content.to))}",
        *([f"Cc: {marked(', '.join(content.cc))}"] if content.cc else []),
        f"Subject: {marked(content.subject)}",
        f"Drafted by: {reply.drafted_by} at {reply.drafted_at}",
        f"Digest: {look.digest}",
        *(f"WARNING: {warning}" for warning in _warnings(look)),
    ]
    return "\n".join(
        [*head, "", f"--- the whole mail, until {mark} ---", marked(look.body), f"--- end of the mail {mark} ---"]
    )


def _warnings(look: Look) -> list[str]:
    warnings = list(look.moved)
    if look.altered:
        warnings.append(f"this is not what was drafted; different: {', '.join(look.altered)}")
    if look.own_copy:
        warnings.append("MultiMail does not show the text it holds; this is deskgate's own copy")
    return warnings


def confirmed(desk: Desk, look: Look | None, answer: object) -> Confirmation | None:
    """What the answer amounts to; `None` where nobody was to be asked.

    Raises:
        Declined: the person said no, or closed the question.
    """
    if look is None or not desk.asks:
        return None
    if not isinstance(answer, AcceptedElicitation) or not answer.data.confirm:
        raise Declined(message_id=look.reply.message_id)
    return Confirmation(by=f"a person in the chat of {desk.caller.id}", digest=look.digest)
