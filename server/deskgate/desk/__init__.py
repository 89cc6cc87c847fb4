"""The desk: everything a tool may touch.

A `Desk` is what one call sees: the shared rooms, and the principal it acts for. What lets mail out is not among its
fields; the only way there is `Desk.decide`.
"""

from dataclasses import dataclass

from deskgate.desk import cancel, decide, drafts, notes, queue, track
from deskgate.desk.core import Core
from deskgate.desk.decide import Confirmation, Decision
from deskgate.desk.look import Look, check
from deskgate.desk.principals import Principal
from deskgate.desk.queue import Queue
from deskgate.desk.replies import NoteRecord, Reply
from deskgate.desk.zendesk import Zendesk

__all__ = ["Confirmation", "Core", "Decision", "Desk", "Look", "NoteRecord", "Principal", "Queue", "Reply", "Zendesk"]


@dataclass(frozen=True)
class Desk:
    """The desk as one caller may use it. Methods raise `deskgate.desk.errors.DeskError` and nothing else on purpose."""

    core: Core
    caller: Principal

    @property
    def zendesk(self) -> Zendesk:
        """Reading tickets."""
        return self.core.zendesk

    @property
    def asks(self) -> bool:
        """Whether a decision of this caller needs a person's word."""
        return self.core.asks and self.caller.kind == "agent"

    async def draft(self, ticket_id: int, body: str, subject: str | None = None) -> Reply:
        """See `drafts.draft`."""
        return await drafts.draft(self.core, self.caller, ticket_id, body, subject)

    async def pending(
        self, *, limit: int, cursor: str | None = None, ticket_id: int | None = None, chars: int = queue.PAGE_CHARS
    ) -> Queue:
        """See `queue.pending`."""
        return await queue.pending(self.core, limit=limit, cursor=cursor, ticket_id=ticket_id, chars=chars)

    async def look(self, message_id: str) -> Look | None:
        """See `decide.look_at_held`."""
        return await decide.look_at_held(self.core, message_id)

    async def check(self, look: Look, digest: str | None) -> None:
        """See `look.check`."""
        await check(self.core, look, digest)

    async def decide(
        self,
        message_id: str,
        decision: Decision,
        *,
        digest: str | None = None,
        reason: str | None = None,
        confirmation: Confirmation | None = None,
    ) -> Reply:
        """See `decide.decide`."""
        return await decide.decide(
            self.core,
            self.caller,
            message_id,
            decision,
            digest=digest,
            reason=reason,
            confirmation=confirmation,
        )

    async def cancel(self, message_id: str, reason: str | None = None) -> Reply:
        """See `cancel.cancel`."""
        return await cancel.cancel(self.core, self.caller, message_id, reason)

    async def track(self, *, message_id: str | None = None, ticket_id: int | None = None) -> list[Reply]:
        """See `track.track`."""
        return await track.track(self.core, message_id=message_id, ticket_id=ticket_id)

    async def replies_of(self, ticket_id: int) -> list[Reply]:
        """Replies already drafted for a ticket, newest first, as our own record has them."""
        return await self.core.store.replies_of_ticket(ticket_id)

    async def note(self, ticket_id: int, text: str) -> tuple[NoteRecord, bool]:
        """See `notes.note`."""
        return await notes.note(self.core, self.caller, ticket_id, text)
