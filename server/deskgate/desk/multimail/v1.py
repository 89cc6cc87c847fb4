"""The published form of MultiMail: one endpoint, one method, exactly the fields that its OpenAPI document lists.

Unknown fields are never sent: how the service takes them is documented nowhere.
"""

from typing import Any

from deskgate.desk.wire import Again, Answer, Wire, path_of

MAILBOXES = "/v1/mailboxes"


class V1Mailboxes:
    """What the sending key (scopes read and send) is for."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def mailboxes(self) -> Any:
        """GET /v1/mailboxes."""
        return (await self._wire.call("GET", MAILBOXES, again=Again.READ)).data

    async def allowlist(self, mailbox_id: str) -> Any:
        """GET /v1/mailboxes/{id}/allowlist, which only the newest description of the API has."""
        return (await self._wire.call("GET", MAILBOXES + path_of(mailbox_id, "allowlist"), again=Again.READ)).data

    async def queue(self) -> None:
        """GET /v1/oversight/pending; the published document opens it to the scope oversight alone."""
        await self._wire.call("GET", "/v1/oversight/pending", again=Again.READ)

    async def send(self, mailbox_id: str, *, to: str, subject: str, markdown: str, key: str) -> Answer:
        """POST /v1/mailboxes/{id}/send; `key` makes a repeat within 24 hours harmless."""
        body = {"to": [to], "subject": subject, "markdown": markdown, "idempotency_key": key}
        return await self._wire.call("POST", MAILBOXES + path_of(mailbox_id, "send"), again=Again.KEYED, body=body)

    async def reply(self, mailbox_id: str, email_id: str, *, markdown: str, key: str) -> Answer:
        """POST /v1/mailboxes/{id}/reply/{email id}; recipient, subject and threading come from the mail replied to."""
        path = MAILBOXES + path_of(mailbox_id, "reply", email_id)
        body = {"markdown": markdown, "idempotency_key": key}
        return await self._wire.call("POST", path, again=Again.KEYED, body=body)

    async def emails(self, mailbox_id: str, **filters: str | int | None) -> Any:
        """GET /v1/mailboxes/{id}/emails with `status`, `direction`, `limit` (1-100), `cursor`, `since_id`."""
        params = {name: value for name, value in filters.items() if value is not None}
        path = MAILBOXES + path_of(mailbox_id, "emails")
        return (await self._wire.call("GET", path, again=Again.READ, params=params)).data

    async def email(self, mailbox_id: str, email_id: str) -> Any:
        """GET /v1/mailboxes/{id}/emails/{email id}; marks an unread inbound mail as read."""
        path = MAILBOXES + path_of(mailbox_id, "emails", email_id)
        return (await self._wire.call("GET", path, again=Again.READ)).data

    async def thread(self, mailbox_id: str, thread_id: str) -> Any:
        """GET /v1/mailboxes/{id}/threads/{thread id}; no bodies."""
        path = MAILBOXES + path_of(mailbox_id, "threads", thread_id)
        return (await self._wire.call("GET", path, again=Again.READ)).data

    async def cancel(self, mailbox_id: str, email_id: str) -> Any:
        """POST .../emails/{email id}/cancel; documented as the same when repeated."""
        path = MAILBOXES + path_of(mailbox_id, "emails", email_id, "cancel")
        return (await self._wire.call("POST", path, again=Again.KEYED)).data

    async def tags(self, mailbox_id: str, email_id: str) -> Any:
        """GET .../emails/{email id}/tags."""
        path = MAILBOXES + path_of(mailbox_id, "emails", email_id, "tags")
        return (await self._wire.call("GET", path, again=Again.READ)).data

    async def put_tags(self, mailbox_id: str, email_id: str, tags: dict[str, str]) -> None:
        """PUT .../emails/{email id}/tags; replaces (published document) or merges (vendor's client): send them all."""
        path = MAILBOXES + path_of(mailbox_id, "emails", email_id, "tags")
        await self._wire.call("PUT", path, again=Again.KEYED, body={"tags": tags})


class V1Deciding:
    """What the deciding key (scope oversight) is for."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def pending(self) -> Any:
        """GET /v1/oversight/pending; no filter, no paging."""
        return (await self._wire.call("GET", "/v1/oversight/pending", again=Again.READ)).data

    async def decide(self, message_id: str, *, approve: bool) -> Any:
        """POST /v1/oversight/decide. What a second decision answers is documented nowhere, so it is never repeated."""
        body = {"email_id": message_id, "action": "approve" if approve else "reject"}
        return (await self._wire.call("POST", "/v1/oversight/decide", again=Again.UNAPPLIED, body=body)).data
