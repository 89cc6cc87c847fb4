"""The durable memory of the desk. One small interface, so that one process or many can stand behind it."""

from typing import Protocol

from deskgate.desk.replies import NoteRecord, Reply
from deskgate.desk.store.tables import Tables


class Store(Tables, Protocol):
    """What must survive a crash. Every method that writes has committed, durably, when it returns."""

    async def add_reply(self, reply: Reply, *, principal: str, owner: str) -> bool:
        """Add a reply and its drafter; false where a live reply with the same words exists, and nothing is added."""
        ...

    async def save_reply(self, reply: Reply) -> Reply | None:
        """Write a changed reply if its row is still at `reply.version`; `None` where somebody changed it first."""
        ...

    async def reply(self, reply_id: str) -> Reply | None:
        """The reply with that id."""
        ...

    async def reply_of_message(self, message_id: str) -> Reply | None:
        """The reply that MultiMail knows under that id."""
        ...

    async def reply_with_words(self, words: str) -> Reply | None:
        """The live reply with these words, if any."""
        ...

    async def replies_of_ticket(self, ticket_id: int, limit: int = 50) -> list[Reply]:
        """The ticket's replies, newest first."""
        ...

    async def replies_in_state(self, *states: str) -> list[Reply]:
        """All replies in these states, oldest first within a state."""
        ...

    async def recent_replies(self, limit: int) -> list[Reply]:
        """The newest replies."""
        ...

    async def add_drafter(self, reply_id: str, *, principal: str, owner: str) -> None:
        """Remember one more principal who drafted these words."""
        ...

    async def drafters(self, reply_id: str) -> set[str]:
        """Principals and owners who drafted these words."""
        ...

    async def add_view(self, reply_id: str, digest: str, seen: str, shown_at: str) -> None:
        """Remember the ticket behind a digest that was shown."""
        ...

    async def view(self, reply_id: str, digest: str) -> str | None:
        """The ticket behind a digest that was shown, as JSON."""
        ...

    async def add_note(self, note: NoteRecord, *, since: str) -> bool:
        """Add a note; false where the same note is being posted at this moment, or was posted after `since`."""
        ...

    async def save_note(self, note: NoteRecord) -> NoteRecord | None:
        """Write a changed note if its row is still at `note.version`."""
        ...

    async def note_with_words(self, words: str) -> NoteRecord | None:
        """The newest note with these words that did not fail."""
        ...

    async def aclose(self) -> None:
        """Close the database."""
        ...
