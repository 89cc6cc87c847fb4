"""What is kept about one person, everywhere in the database: for their access request, and for erasing it."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from anyio import from_thread, to_thread

from deskgate.desk.audit.book import BATCH, Book
from deskgate.desk.errors import BadInput
from deskgate.desk.people import folded, spellings
from deskgate.desk.store.tables import Row

NO_TICKET = -1


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
    def others(self) -> set[str]:
        """Who else's words are among it: strangers who wrote on a ticket of this person."""
        rows = (*self.arrivals, *self.notes, *self.effects, *self.evaluations, *self.personal)
        return {row["person"] for row in rows if row["person"]} - {self.person}


async def kept_about(book: Book, person: str) -> Kept:
    """Everything about the person: what went to them or came from them, and all that is on the tickets that are theirs.

    Raises:
        BadInput: the key is no whole address. Part of one stands in what arrived from many people.
    """
    local, _, domain = person.rpartition("@")
    if not (local and domain):
        raise BadInput("Give the whole address of one person, as name@example.com.")
    tickets = [row["ticket_id"] for row in await book.ask("tickets_of_person", person=person)]
    replies = await book.ask("replies_of_person", person=person)
    arrivals = await _each(book, "arrivals_of_person", "email_id", tickets, person)
    needles = [*spellings(person), *(row["message_id"] for row in replies if row["message_id"])]
    needles += [row["email_id"] for row in arrivals]
    end = (await book.ask("newest_event"))[0]["number"] + 1
    return Kept(
        person,
        tuple(tickets),
        replies,
        await book.ask("views_of_person", person=person),
        arrivals,
        await _each(book, "notes_of_person", "id", tickets, person),
        await _each(book, "effects_of_person", "key", tickets, person),
        await _each(book, "evaluations_of_person", "id", tickets, person),
        await _each(book, "personal_of_person", "name", tickets, person),
        await to_thread.run_sync(lambda: list(_events(book, end, needles))),
        await book.ask("suppressions_of", person=person),
    )


async def _each(book: Book, name: str, key: str, tickets: list[int], person: str) -> list[Row]:
    found: dict[str, Row] = {}
    for ticket_id in tickets or [NO_TICKET]:
        for row in await book.ask(name, ticket_id=ticket_id, person=person):
            found.setdefault(row[key], row)
    return list(found.values())


def _events(book: Book, end: int, needles: list[str]) -> Iterator[Row]:
    first = 0
    while True:
        ask = partial(book.ask, "events_with_bodies", seq=first, end=end, limit=BATCH, nothing=b"")
        batch: list[Row] = from_thread.run(ask)
        yield from (
            {"number": row["number"], "state": row["state"], "body": bytes(row["body"])}
            for row in batch
            if mentions(bytes(row["body"]), needles)
        )
        if len(batch) < BATCH:
            return
        first = batch[-1]["number"] + 1


def mentions(body: bytes, needles: list[str]) -> bool:
    """Whether any of these stands in the body, whatever its letter case, also where JSON wrote its letters as escapes."""
    text = body.decode("utf-8", "replace")
    with suppress(ValueError, RecursionError):
        text += json.dumps(json.loads(text), ensure_ascii=False)
    whole = folded(text)
    return any(folded(one) in whole for one in needles)
