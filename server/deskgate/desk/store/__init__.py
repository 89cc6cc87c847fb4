"""The durable memory of the desk: one set of tables, in a SQLite file or in PostgreSQL."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from deskgate.desk.audit.said import NOTHING_BEFORE, Once, Said
from deskgate.desk.audit.telling import of_joining, of_new_reply, of_note, of_saved_reply, of_sending_found
from deskgate.desk.clock import Clock, SystemClock
from deskgate.desk.people import key_of
from deskgate.desk.replies import BOUNCED, DELIVERED, NoteRecord, Reply
from deskgate.desk.store.tables import Dialect, Row, Step, StoreUnusable, Tables, Tail, named_queries

__all__ = ["Store", "StoreUnusable", "Tables", "Tail", "open_store", "values_of"]

if TYPE_CHECKING:
    from deskgate.desk.audit.journal import Journal

T = TypeVar("T")

LOG_PREFIX = "deskgate/"
SQLITE = "sqlite:///"


async def open_store(url: str, clock: Clock | None = None, *, keys: Mapping[str, str] | None = None) -> "Store":
    """Open the database, and make or update its tables. `url` is sqlite:///path or postgresql://…

    `clock` dates the records of the audit trail, and `keys` are the fingerprints of the keys with which this process
    calls (`send`, `oversight`, `zendesk`), for the records of those calls.

    Raises:
        StoreUnusable: it cannot be reached or written, or was changed by a newer deskgate.
    """
    if url.startswith(SQLITE):
        from deskgate.desk.store.sqlite import SqliteTables

        return await Store.over(await SqliteTables.open(Path(url.removeprefix(SQLITE))), clock, keys)
    try:
        from deskgate.desk.store.postgres import PostgresTables
    except ImportError:
        raise StoreUnusable(
            "DESKGATE_DATABASE_URL names PostgreSQL, whose driver is not installed. Install it: "
            "`pip install 'deskgate[postgres]'`, or from a checkout `pip install '.[postgres]'`."
        ) from None
    return await Store.over(await PostgresTables.open(url), clock, keys)


class Store:
    """What must survive a crash. Every method that writes has committed, durably, when it returns."""

    def __init__(self, tables: Tables, clock: Clock, keys: Mapping[str, str] | None = None) -> None:
        self.tables = tables
        self._clock = clock
        self._keys = keys or {}
        self._queries = named_queries(__package__, tables.dialect)

    @classmethod
    async def over(cls, tables: Tables, clock: Clock | None = None, keys: Mapping[str, str] | None = None) -> "Store":
        """A store over tables that are up to date. Its log gets a random name, so that no two are taken for each other."""
        founded = {"log": LOG_PREFIX + secrets.token_hex(8), "prev": NOTHING_BEFORE}
        await tables.write((named_queries("deskgate.desk.audit", tables.dialect)["found"], founded))
        return cls(tables, clock or SystemClock(), keys)

    @property
    def dialect(self) -> Dialect:
        """Whose SQL the database speaks."""
        return self.tables.dialect

    async def aclose(self) -> None:
        """Let go of the database."""
        await self.tables.aclose()

    async def rows(self, sql: str, /, **values: Any) -> list[Row]:
        """The rows of one statement, which commits by itself if it writes."""
        return await self.tables.rows(sql, **values)

    async def write(self, *steps: Step, tails: Sequence[Tail] = (), said: Sequence[Said | Once] = ()) -> int:
        """Run the steps in one transaction; the rows that the first one changed, 0 where a unique index said no.

        `said` goes on record in the same transaction, where the first step changed something; if it cannot, nothing is
        changed. A `Once` among it runs behind the tails and goes on record where it changed something itself.
        """
        return await self.tables.write(*steps, tails=[*tails, *self._journal.tails(said, {})] if said else tails)

    async def tell(self, *said: Said | Once, behind: Sequence[Step] = ()) -> list[bool]:
        """Put on record what changes nothing of ours, or only where a `Once` does; `behind` are steps that run behind it.

        Gives of each whether it happened.

        Raises:
            StoreUnusable: it could not be written; then what was to be told must not happen.
        """
        happened: dict[int, bool] = {}
        if not await self.tables.write(
            tails=self._journal.tails([*said, *(Once(step, ()) for step in behind)], happened)
        ):
            raise StoreUnusable("The audit trail could not be written, so nothing was done. Try again in a moment.")
        return [happened.get(place, True) for place in range(len(said))]

    @cached_property
    def _journal(self) -> "Journal":
        from deskgate.desk.audit.journal import Journal

        return Journal(self.dialect, self._clock, self._keys)

    async def _rows(self, name: str, **values: Any) -> list[Row]:
        return await self.rows(self._queries[name], **values)

    async def _write(self, *steps: tuple[str, dict[str, Any]], said: Sequence[Said | Once] = ()) -> int:
        return await self.write(*((self._queries[name], values) for name, values in steps), said=said)

    async def add_reply(self, reply: Reply, *, principal: str, owner: str) -> bool:
        """Add a reply and its drafter in one transaction."""
        drafter = {"reply_id": reply.id, "principal": principal, "owner": owner}
        return (
            await self._write(("add_reply", values_of(reply)), ("add_drafter", drafter), said=of_new_reply(reply)) == 1
        )

    async def save_reply(self, reply: Reply) -> Reply | None:
        """Compare-and-set on the version."""
        said: list[Said | Once] = [of_saved_reply(reply)]
        if reply.state in (DELIVERED, BOUNCED):
            unsent = named_queries("deskgate.desk.audit", self.dialect)["unsent"]
            said.insert(0, Once((unsent, {"reply_id": reply.id}), (of_sending_found(reply),)))
        changed = await self._write(("save_reply", values_of(reply)), said=said)
        return replace(reply, version=reply.version + 1) if changed else None

    def saving(self, reply: Reply) -> Once:
        """What `save_reply` does to a reply that waits, as a part of something else that is told."""
        return Once((self._queries["save_reply"], values_of(reply)), (of_saved_reply(reply),))

    async def reply(self, reply_id: str) -> Reply | None:
        """By our id."""
        return _first(Reply, await self._rows("reply", id=reply_id))

    async def reply_of_message(self, message_id: str) -> Reply | None:
        """By MultiMail's id."""
        return _first(Reply, await self._rows("reply_of_message", message_id=message_id))

    async def reply_with_words(self, words: str) -> Reply | None:
        """The live one with these words."""
        return _first(Reply, await self._rows("reply_with_words", words=words))

    async def replies_of_ticket(self, ticket_id: int, limit: int = 50) -> list[Reply]:
        """Newest first."""
        return [Reply(**row) for row in await self._rows("replies_of_ticket", ticket_id=ticket_id, limit=limit)]

    async def replies_in_state(self, *states: str) -> list[Reply]:
        """Oldest first within a state."""
        return [Reply(**row) for state in states for row in await self._rows("replies_in_state", state=state)]

    async def recent_replies(self, limit: int) -> list[Reply]:
        """Newest first."""
        return [Reply(**row) for row in await self._rows("recent_replies", limit=limit)]

    async def add_drafter(self, reply_id: str, *, principal: str, owner: str) -> None:
        """One more principal for these words."""
        drafter = {"reply_id": reply_id, "principal": principal, "owner": owner}
        await self.tell(Once((self._queries["add_drafter"], drafter), (of_joining(reply_id, principal),)))

    async def drafters(self, reply_id: str) -> set[str]:
        """Principals and owners together."""
        rows = await self._rows("drafters", reply_id=reply_id)
        return {row["principal"] for row in rows} | {row["owner"] for row in rows}

    async def add_view(self, reply_id: str, digest: str, seen: str, shown_at: str, person: str | None = None) -> None:
        """The first showing of a digest counts. `person` is the key of the requester whom it shows."""
        values = {"reply_id": reply_id, "digest": digest, "seen": seen, "shown_at": shown_at, "person": person}
        await self._write(("add_view", values))

    async def view(self, reply_id: str, digest: str) -> str | None:
        """The ticket behind a digest that was shown."""
        rows = await self._rows("view", reply_id=reply_id, digest=digest)
        return rows[0]["seen"] if rows else None

    async def add_note(self, note: NoteRecord, *, since: str) -> bool:
        """False where the same note is being posted, or was posted after `since`."""
        return await self._write(("add_note", asdict(note) | {"since": since}), said=[of_note(note, added=True)]) == 1

    async def save_note(self, note: NoteRecord) -> NoteRecord | None:
        """Compare-and-set on the version."""
        changed = await self._write(("save_note", asdict(note)), said=[of_note(note)])
        return replace(note, version=note.version + 1) if changed else None

    async def note_with_words(self, words: str) -> NoteRecord | None:
        """The newest that did not fail."""
        return _first(NoteRecord, await self._rows("note_with_words", words=words))


def values_of(reply: Reply) -> Row:
    """A reply as the statements take it, with the address under which its recipient may be suppressed."""
    address = key_of(reply.recipient)
    return asdict(reply) | {"address": address, "address_hash": hashed(address)}


def hashed(address: str) -> str:
    """What stands in the place of the key of somebody who wants to be forgotten and never written to."""
    return "sha256:" + hashlib.sha256(address.encode("utf-8", "surrogatepass")).hexdigest()


def _first(kind: type[T], rows: list[Row]) -> T | None:
    return kind(**rows[0]) if rows else None
