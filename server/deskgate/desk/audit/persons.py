"""What is kept about one person, everywhere in the database: for their access request, and for erasing it."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from anyio import from_thread, to_thread

from deskgate.desk.audit.book import BATCH, Book
from deskgate.desk.errors import BadInput
from deskgate.desk.people import bare, folded, spellings
from deskgate.desk.store.tables import Row

NO_TICKET = -1
WHOLE = "Give the whole address of one person, as name@example.com."
BARE = "Give the address alone, as name@example.com: no name, no brackets, no mailto: and nothing behind it."

# All of these are looked for in folded text. A letter that a mail or a JSON text within the JSON wrote in another way
# stands before an address, and is no part of it: "=20", "%3c", "\\n".
_ESCAPE = re.compile(r"(?:[=%][0-9][0-9a-f]|\\[bfnrt]|\\u[0-9a-f]{4})\Z")
ESCAPE_CHARS = 6
# What a local part is made of beside letters and digits.
_MARKS = "._%+-"


@dataclass(frozen=True)
class Kept:
    """The rows about a person (a key of `people.key_of`). `events` have numbers and states of arrived events."""

    person: str
    tickets: tuple[int, ...]
    replies: list[Row]
    views: list[Row]
    arrivals: list[Row]
    notes: list[Row]
    effects: list[Row]
    evaluations: list[Row]
    personal: list[Row]
    events: list[Row]
    suppressions: list[Row]

    @property
    def counts(self) -> dict[str, int]:
        """How many rows of each kind there are."""
        return {name: len(value) for name, value in vars(self).items() if isinstance(value, list)}

    @property
    def named(self) -> bool:
        """Whether something is kept under this very key, and not only in the text of what arrived."""
        return any(count for name, count in self.counts.items() if name != "events")

    def touches(self, others: set[str]) -> bool:
        """Whether something of one of these is among it: they wrote on a ticket of this person, or an event names both."""
        rows = (*self.arrivals, *self.notes, *self.effects, *self.evaluations, *self.personal)
        addresses = [spelling for other in others for spelling in spellings(other)]
        return any(row["person"] in others for row in rows) or any(
            mentions(row["body"], addresses) for row in self.events
        )


def check_whole(person: str) -> None:
    """A person is looked for by a whole address.

    Raises:
        BadInput: the key (of `people.key_of`) is none.
    """
    local, _, domain = person.rpartition("@")
    if not (local and domain):
        raise BadInput(WHOLE)


async def kept_about(book: Book, person: str) -> Kept:
    """Everything about the person: what went to them or came from them, and all that is on the tickets that are theirs.

    Raises:
        BadInput: the key is no whole address, part of which stands in what arrived from many people; or there is more in
            it than one, and nobody is known by it.
    """
    check_whole(person)
    tickets = [row["ticket_id"] for row in await book.ask("tickets_of_person", person=person)]
    replies = await book.ask("replies_of_person", person=person)
    arrivals = await _each(book, "arrivals_of_person", "email_id", tickets, person)
    ids = [row["message_id"] for row in replies if row["message_id"]] + [row["email_id"] for row in arrivals]
    end = (await book.ask("newest_event"))[0]["number"] + 1
    kept = Kept(
        person,
        tuple(tickets),
        replies,
        await book.ask("views_of_person", person=person),
        arrivals,
        await _each(book, "notes_of_person", "id", tickets, person),
        await _each(book, "effects_of_person", "key", tickets, person),
        await _each(book, "evaluations_of_person", "id", tickets, person),
        await _each(book, "personal_of_person", "name", tickets, person),
        await to_thread.run_sync(lambda: list(_events(book, end, person, ids))),
        await book.ask("suppressions_of", person=person),
    )
    if not (bare(person) or kept.named):
        raise BadInput(BARE)
    return kept


async def _each(book: Book, name: str, key: str, tickets: list[int], person: str) -> list[Row]:
    found: dict[str, Row] = {}
    for ticket_id in tickets or [NO_TICKET]:
        for row in await book.ask(name, ticket_id=ticket_id, person=person):
            found.setdefault(row[key], row)
    return list(found.values())


def _events(book: Book, end: int, person: str, ids: list[str]) -> Iterator[Row]:
    first, addresses = 0, spellings(person)
    while True:
        ask = partial(book.ask, "events_with_bodies", seq=first, end=end, limit=BATCH, nothing=b"")
        batch: list[Row] = from_thread.run(ask)
        yield from (
            {"number": row["number"], "state": row["state"], "body": bytes(row["body"])}
            for row in batch
            if mentions(bytes(row["body"]), addresses, ids)
        )
        if len(batch) < BATCH:
            return
        first = batch[-1]["number"] + 1


def mentions(body: bytes, addresses: Iterable[str], ids: Iterable[str] = ()) -> bool:
    """Whether any of these stands in the body, whatever its letter case, also where JSON wrote its letters as escapes.

    An address that is only the end or the beginning of a longer one there is somebody else's. In doubt it is not.
    """
    whole = folded("\n".join(_strings(body)))
    return any(folded(one) in whole for one in ids) or any(_stands_in(whole, folded(one)) for one in addresses)


def _strings(body: bytes) -> list[str]:
    """Every text of a JSON document, names too, also of members that another one of the same name hides; else all of it."""
    text = body.decode("utf-8", "replace")
    try:
        return list(_leaves(json.loads(text, object_pairs_hook=list)))
    except (ValueError, RecursionError):
        return [text]


def _leaves(value: object) -> Iterator[str]:
    if isinstance(value, list | tuple):
        for one in value:
            yield from _leaves(one)
    else:
        yield str(value)


def _stands_in(whole: str, address: str) -> bool:
    start = whole.find(address)
    while start >= 0:
        if not (_begun_before(whole, start) or _goes_on(whole, start + len(address))):
            return True
        start = whole.find(address, start + 1)
    return False


def _begun_before(whole: str, start: int) -> bool:
    """Whether the local part began earlier than that. Scripts without capitals are written without a space before it."""
    if _ESCAPE.search(whole, max(0, start - ESCAPE_CHARS), start):
        return False
    while start and (whole[start - 1] in _MARKS or _is_part(whole[start - 1])):
        start -= 1
        if _is_part(whole[start]):
            return True
    return False


def _goes_on(whole: str, end: int) -> bool:
    """Whether the domain ends later than that; a full stop may also end a sentence."""
    if whole.startswith(".", end):
        return _is_part(whole[end + 1 : end + 2])
    while whole.startswith("-", end):
        end += 1
    return _is_part(whole[end : end + 1])


def _is_part(letter: str) -> bool:
    return letter.islower() or (letter.isascii() and letter.isdigit())
