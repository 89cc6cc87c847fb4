"""The desk: everything a tool may touch.

A `Desk` is what one call sees: the shared rooms, and the principal it acts for. What lets mail out is not among its
fields; the only way there is `Desk.decide`.
"""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deskgate.desk import cancel, decide, drafts, notes, queue, track
from deskgate.desk.audit.questions import is_open
from deskgate.desk.audit.said import acting_as
from deskgate.desk.audit.telling import of_answer, of_question
from deskgate.desk.core import Core
from deskgate.desk.decide import Confirmation, Decision
from deskgate.desk.inbox import arrivals
from deskgate.desk.look import Look, check
from deskgate.desk.principals import Principal
from deskgate.desk.queue import Pending, Queue
from deskgate.desk.replies import NoteRecord, Reply
from deskgate.desk.zendesk import Zendesk

if TYPE_CHECKING:
    from deskgate.desk.audit.trail import Trail

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

    def _acting(self) -> AbstractContextManager[None]:
        """What is done within stands in the audit trail as this caller's doing."""
        return acting_as(self.caller.who)

    @property
    def asks(self) -> bool:
        """Whether a decision of this caller needs a person's word."""
        return self.core.asks and self.caller.kind == "agent"

    async def draft(
        self, ticket_id: int, body: str, subject: str | None = None, *, corrects: Reply | None = None
    ) -> Reply:
        """See `drafts.draft`."""
        with self._acting():
            return await drafts.draft(self.core, self.caller, ticket_id, body, subject, corrects=corrects)

    async def pending(
        self, *, limit: int, cursor: str | None = None, ticket_id: int | None = None, chars: int = queue.PAGE_CHARS
    ) -> Queue:
        """See `queue.pending`."""
        with self._acting():
            return await queue.pending(self.core, limit=limit, cursor=cursor, ticket_id=ticket_id, chars=chars)

    async def show(self, items: Iterable[Pending]) -> None:
        """See `queue.show`."""
        with self._acting():
            await queue.show(self.core, self.caller, items)

    async def look(self, message_id: str) -> Look | None:
        """See `decide.look_at_held`."""
        with self._acting():
            return await decide.look_at_held(self.core, self.caller, message_id)

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
        with self._acting():
            return await decide.decide(
                self.core,
                self.caller,
                message_id,
                decision,
                digest=digest,
                reason=reason,
                confirmation=confirmation,
            )

    async def asks_person(self, look: Look, decision: Decision, *, answering: bool = False) -> None:
        """A person in the chat is about to be asked; whoever asks calls this first.

        `answering`: the client says that it brings the answer, so the same question is not told twice.
        """
        with self._acting():
            asked = of_question(look.reply, decision, look.digest)
            if not (answering and await is_open(self.core.store, asked)):
                await self.core.store.tell(asked)

    async def answered(self, look: Look, decision: Decision, answer: str) -> None:
        """What came back, before anything follows from it."""
        with self._acting():
            await self.core.store.tell(of_answer(look.reply, decision, look.digest, answer))

    async def cancel(self, message_id: str, reason: str | None = None) -> Reply:
        """See `cancel.cancel`."""
        with self._acting():
            return await cancel.cancel(self.core, self.caller, message_id, reason)

    async def track(self, *, message_id: str | None = None, ticket_id: int | None = None) -> list[Reply]:
        """See `track.track`."""
        return await track.track(self.core, message_id=message_id, ticket_id=ticket_id)

    async def arrived(self, *, limit: int, ticket_id: int | None = None, since: str | None = None) -> arrivals.Arrivals:
        """See `arrivals.arrived`."""
        return await arrivals.arrived(self.core, limit=limit, ticket_id=ticket_id, since=since)

    async def trail(self, *, limit: int, message_id: str | None = None, ticket_id: int | None = None) -> "Trail":
        """The newest records about a reply, about a ticket, or of all; see `audit.trail.read`.

        Raises:
            BadInput: both filters, or an unknown message id.
        """
        from deskgate.desk.audit import trail

        track.check_one_filter(message_id, ticket_id)
        reply_id = (await decide.known_reply(self.core, message_id)).id if message_id is not None else None
        return await trail.read(self.core.store, self.core.clock, limit=limit, ticket_id=ticket_id, reply_id=reply_id)

    async def replies_of(self, ticket_id: int) -> list[Reply]:
        """Replies already drafted for a ticket, newest first, as our own record has them."""
        return await self.core.store.replies_of_ticket(ticket_id)

    async def note(self, ticket_id: int, text: str) -> tuple[NoteRecord, bool]:
        """See `notes.note`."""
        with self._acting():
            return await notes.note(self.core, self.caller, ticket_id, text)
