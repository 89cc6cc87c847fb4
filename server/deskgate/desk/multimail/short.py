"""The short form of MultiMail, as its Zendesk integration page names it: one endpoint, one method.

The page documents `send_email`, `list_pending`, `decide_email` and `tag_email` with fields; `reply_email`,
`cancel_message` and `check_inbox` by name only, so their fields follow the documented neighbours and the v1 form.
There is no idempotency key: a send whose answer was lost is looked up, never repeated.
"""

from typing import Any

from deskgate.desk.multimail.mail import DRAFT_MARK, TICKET_MARK, Draft
from deskgate.desk.wire import Again, Answer, Wire

GATED = "gated_send"


class ShortMailboxes:
    """What the sending key is for."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def send(self, sender: str, draft: Draft, thread_id: str) -> Answer:
        """POST /send_email."""
        body = {"from": sender, "to": draft.to, "subject": draft.subject, **_content(draft, thread_id)}
        return await self._wire.call("POST", "/send_email", again=Again.UNAPPLIED, body=body)

    async def reply(self, draft: Draft, thread_id: str, message_id: str | None) -> Answer:
        """POST /reply_email; `message_id` is the mail replied to, where one is known."""
        body = _content(draft, thread_id) | ({"message_id": message_id} if message_id else {})
        return await self._wire.call("POST", "/reply_email", again=Again.UNAPPLIED, body=body)

    async def inbox(self, **filters: str | int | None) -> Any:
        """GET /check_inbox with `direction`, `limit`, `cursor`, `since_id`."""
        params = {name: value for name, value in filters.items() if value is not None}
        return (await self._wire.call("GET", "/check_inbox", again=Again.READ, params=params)).data

    async def pending(self) -> Any:
        """GET /list_pending."""
        return await _pending(self._wire)

    async def cancel(self, message_id: str) -> Any:
        """POST /cancel_message; taken to be the same when repeated, as in v1."""
        body = {"message_id": message_id}
        return (await self._wire.call("POST", "/cancel_message", again=Again.KEYED, body=body)).data

    async def tag(self, message_id: str, tags: list[str]) -> None:
        """POST /tag_email; adding a tag again changes nothing."""
        body = {"message_id": message_id, "tags": tags}
        await self._wire.call("POST", "/tag_email", again=Again.KEYED, body=body)


class ShortDeciding:
    """What the deciding key is for."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def pending(self) -> Any:
        """GET /list_pending."""
        return await _pending(self._wire)

    async def decide(self, message_id: str, *, approve: bool) -> Any:
        """POST /decide_email."""
        body = {"message_id": message_id, "decision": "approve" if approve else "reject"}
        return (await self._wire.call("POST", "/decide_email", again=Again.UNAPPLIED, body=body)).data


async def _pending(wire: Wire) -> Any:
    return (await wire.call("GET", "/list_pending", again=Again.READ)).data


def _content(draft: Draft, thread_id: str) -> dict[str, Any]:
    marks = {TICKET_MARK: draft.ticket_id, "zendesk_status": draft.ticket_status, DRAFT_MARK: draft.key}
    return {"body": draft.body, "thread_id": thread_id, "oversight_mode": GATED, "metadata": marks}
