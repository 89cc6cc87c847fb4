"""`deskgate audit erase`, `hold` and `subject-export`: what is done about one person."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from deskgate.commands.at_store import table
from deskgate.commands.terminal import Line
from deskgate.desk.people import key_of

if TYPE_CHECKING:
    from deskgate.commands.audit import Office

ELSEWHERE = (
    "What is elsewhere stays there: the tickets in Zendesk, the mails at MultiMail, backups, and exports that were made",
    "with personal data or for this person. Erase it there as well.",
    "The records still hold the digests of the mails, the tickets' numbers and the names of your own people.",
)


# What is counted, one and several of it.
KINDS = {
    "replies": ("reply", "replies"),
    "views": ("showing of their ticket", "showings of their ticket"),
    "arrivals": ("mail from them or on their ticket", "mails from them or on their tickets"),
    "notes": ("note", "notes"),
    "effects": ("change of a ticket", "changes of tickets"),
    "evaluations": ("verdict of the policy", "verdicts of the policy"),
    "personal": ("text of the audit trail", "texts of the audit trail"),
    "events": ("webhook", "webhooks"),
    "suppressions": ("suppression", "suppressions"),
    "records": ("record", "records"),
}


def _in_words(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {KINDS[name][count > 1]}" for name, count in counts.items() if count)


async def erase(office: "Office") -> int:
    """Forget a person."""
    from deskgate.desk.audit import erasing
    from deskgate.desk.audit.persons import kept_about
    from deskgate.desk.audit.said import acting

    words, terminal = office.words, office.terminal
    person = key_of(words.requester)
    kept = await kept_about(office.keeper.book, person)
    if not any(kept.counts.values()):
        terminal.complain(
            "Nothing is kept here about this address. Look at the spelling; a person who was erased is not found any more."
        )
        return 1
    erasing.check_over(kept)
    found = _in_words(kept.counts)
    if not words.yes:
        tickets = ", ".join(map(str, kept.tickets)) or "none"
        terminal.show([Line(f"About this person: {found}; tickets {tickets}.")], terminal.stdout)
    if not office.agreed("Erase all of it, for good?"):
        terminal.complain("Nothing was erased. Without a person to ask, say --yes.")
        return 1
    done = await erasing.erase(office.store, office.clock, person, acting())
    await office.keeper.sign()
    if words.json:
        terminal.give(json.dumps({**vars(done)}, indent=2))
    else:
        terminal.give(f"Erased: {found}. Record {done.seq} says so without the address.")
        terminal.give(f"Receipt, with which you can show whom that record is about: {done.receipt}")
    for line in (*_bytes_left(office, scrubbed=done.scrubbed), *ELSEWHERE):
        terminal.complain(line)
    return 0


def _bytes_left(office: "Office", *, scrubbed: bool) -> list[str]:
    from deskgate.desk.audit.erasing import VACUUMED

    if scrubbed:
        return []
    if office.store.dialect == "postgres":
        tables = ", ".join(VACUUMED)
        return [f"PostgreSQL keeps old row versions until its tables are written anew: VACUUM FULL {tables};"]
    return [
        "Another process was reading, so old bytes may still stand in the data file. When others have stopped:",
        "  deskgate audit scrub",
    ]


async def scrub(office: "Office") -> int:
    """Have the data file written anew, where an erasure could not."""
    from deskgate.desk.audit import erasing

    left = _bytes_left(office, scrubbed=await erasing.scrub(office.store))
    for line in left:
        office.terminal.complain(line)
    if not left:
        office.terminal.give("The data file was written anew; what was erased is nowhere in it.")
    return 1 if left else 0


async def hold(office: "Office") -> int:
    """Set, release or list legal holds."""
    from deskgate.desk.audit import holds
    from deskgate.desk.audit.persons import kept_about

    words, terminal = office.words, office.terminal
    if words.does == "list":
        rows = await holds.standing(office.keeper.book)
        if words.json:
            terminal.give(json.dumps(rows, indent=2))
        elif not rows:
            terminal.give("No hold stands.")
        else:
            cells: list[tuple[str, ...]] = [("ADDRESS", "SINCE", "BY", "WHY")]
            cells += [(row["person"], row["set_at"], row["set_by"], row["reason"]) for row in rows]
            terminal.show([Line(line) for line in table(cells)], terminal.stdout)
        return 0
    person, reason = key_of(words.address), " ".join(words.reason.split())
    if words.does == "set":
        kept = await kept_about(office.keeper.book, person)
        if not await holds.begin(office.store, office.clock, person, reason):
            terminal.give(f"A hold on {person} stands already.")
            return 0
        terminal.give(f"From now on nothing about {person} can be erased.")
        if not any(kept.counts.values()):
            terminal.complain(
                "Nothing is kept here about this address so far. Look at the spelling: the hold is on this address alone."
            )
        return 0
    if not await holds.end(office.store, office.clock, person, reason):
        terminal.complain(f"No hold stands on {person}.")
        return 1
    terminal.give(f"What is kept about {person} may be erased again.")
    return 0


async def subject_export(office: "Office") -> int:
    """Answer an access request."""
    from deskgate.desk.audit.said import acting
    from deskgate.desk.audit.subject import subject_export as written
    from deskgate.desk.clock import iso

    words, now = office.words, iso(office.clock.now())
    counts = await written(office.store, key_of(words.requester), words.folder, acting(), now)
    found = _in_words(counts)
    office.terminal.give(f"{words.folder}: {found}. README.txt there explains it to the person.")
    return 0
