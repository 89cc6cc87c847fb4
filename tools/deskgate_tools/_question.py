"""Asking the person in the chat: what they are shown, and what their answer counts for.

The answer is no proof of a person: the client gives it. It shows and asks; four eyes need two
principals.
"""

from typing import Any

from mcp.server.mcpserver import AcceptedElicitation, Context

from deskgate.desk import Confirmation, Decision, Desk, Look
from deskgate.desk.errors import Declined
from deskgate.desk.text import marked

WARNING = "WARNING: "


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
        raise desk.core.unasked()
    return True


def question(look: Look, decision: Decision) -> str:
    """The whole mail, from the same bytes that the digest covers."""
    return "\n".join([deed(decision), "", *facts(look), "", *whole_mail(look)])


def deed(decision: Decision) -> str:
    """What a yes would do."""
    if decision == "approve":
        return "SEND this reply to the customer?"
    return "REJECT this reply (the customer gets nothing)?"


def facts(look: Look) -> list[str]:
    """What a decider has to know besides the text, one line each."""
    reply, content = look.reply, look.content
    return [
        f"Ticket: {reply.ticket_id}",
        f"To: {_line(', '.join(content.to))}",
        *([f"Cc: {_line(', '.join(content.cc))}"] if content.cc else []),
        f"Subject: {_line(content.subject)}",
        f"Drafted by: {_line(reply.drafted_by)} at {reply.drafted_at}",
        f"Digest: {look.digest}",
        *(f"{WARNING}{warning}" for warning in _warnings(look)),
    ]


def whole_mail(look: Look) -> list[str]:
    """The text between two lines that it cannot forge."""
    # The mail's own text could imitate a plain closing line; it cannot hold a part of the digest that covers it.
    mark = look.digest[-12:]
    return [f"--- the whole mail, until {mark} ---", marked(look.body), f"--- end of the mail {mark} ---"]


def _line(text: str) -> str:
    """Marked, and still one line: a break in a subject must not begin a line that looks like one of ours."""
    return marked(text).replace("\n", "‹U+000A›")


def _warnings(look: Look) -> list[str]:
    warnings = list(look.moved)
    if look.altered:
        warnings.append(f"this is not what was drafted; different: {', '.join(look.altered)}")
    if look.own_copy:
        warnings.append("MultiMail does not show the text it holds; this is deskgate's own copy")
    return warnings


async def confirmed(desk: Desk, look: Look | None, decision: Decision, answer: object) -> Confirmation | None:
    """What the answer amounts to; `None` where nobody was to be asked.

    Raises:
        Declined: the person said no, or closed the question.
    """
    if look is None or not desk.asks:
        return None
    agreed = isinstance(answer, AcceptedElicitation) and answer.data.confirm
    await desk.answered(look, decision, "yes" if agreed else "no")
    if not agreed:
        raise Declined(message_id=look.reply.message_id)
    return Confirmation(by=f"a person in the chat of {desk.caller.id}", digest=look.digest)
