"""Legal holds: while one stands, nothing of that person (a key of `people.key_of`) is erased."""

from deskgate.desk.audit.book import Book
from deskgate.desk.audit.said import Said, acting
from deskgate.desk.clock import Clock, iso
from deskgate.desk.store import Store
from deskgate.desk.store.tables import Row


async def standing(book: Book) -> list[Row]:
    """The holds that stand."""
    return await book.ask("holds")


async def begin(store: Store, clock: Clock, person: str, reason: str) -> bool:
    """Set one; false where one stands already."""
    who = acting()
    values = {"person": person, "reason": reason, "set_by": who.id, "now": iso(clock.now())}
    said = Said("hold.set", who, personal={"requester": person, "reason": reason}, person=person)
    return await store.write((Book(store).sql["set_hold"], values), said=[said]) == 1


async def end(store: Store, clock: Clock, person: str, reason: str) -> bool:
    """Release it; false where none stands."""
    values = {"person": person, "now": iso(clock.now())}
    words = {"requester": person} | ({"reason": reason} if reason else {})
    said = Said("hold.release", acting(), personal=words, person=person)
    return await store.write((Book(store).sql["release_hold"], values), said=[said]) == 1
