"""Forgetting a person: their texts go from every table at once with the record of it, and the log still verifies.

Keys, states and digests stay, so that nothing is sent twice; a suppression stays as a hash, so that it is still heeded, and
so does the address of a mail that went out, so that a complaint about it is.
"""

import json
import secrets
import sqlite3
from dataclasses import dataclass

from deskgate.desk.audit.book import Book
from deskgate.desk.audit.commitments import KEY_BYTES, commitment
from deskgate.desk.audit.journal import Journal
from deskgate.desk.audit.persons import Kept, kept_about
from deskgate.desk.audit.said import Said, Who
from deskgate.desk.clock import Clock, iso
from deskgate.desk.errors import DeskError
from deskgate.desk.inbox.effects import marker_of
from deskgate.desk.replies import GONE_OUT, HELD, UNDERWAY
from deskgate.desk.store import Store, hashed
from deskgate.desk.store.tables import Row, Step, StoreUnusable, Tail

GONE = "(erased)"
VACUUMED = (
    *("replies", "views", "reviewer_corrections", "reviewer_outcomes", "arrivals", "notes", "effects"),
    *("policy_evaluations", "policy_approvals", "inbox_events", "suppressions", "audit_personal", "audit_holds"),
)


class UnderHold(DeskError):
    """A legal hold stands on this person's data, so nothing was erased. See `deskgate audit hold list`."""


class StillOpen(DeskError):
    """Something about this person is still under way, so nothing was erased."""


@dataclass(frozen=True)
class Erased:
    """What was erased. `receipt` opens the commitment in the record: with it one can show whom the record is about.

    `scrubbed`: the bytes are gone from the file as well, not only from the tables.
    """

    seq: int
    counts: dict[str, int]
    receipt: str
    scrubbed: bool


async def erase(store: Store, clock: Clock, person: str, who: Who) -> Erased:
    """Erase what is kept about the person of this key (`people.key_of`).

    Raises:
        UnderHold, StillOpen: nothing was changed.
    """
    book = Book(store)
    kept = await kept_about(book, person)
    check_over(kept)
    receipt = secrets.token_bytes(KEY_BYTES)
    dec = {"requester": commitment(receipt, person)}
    said = Said("erase", who, dec=dec, res={"status": "done", "rows": kept.counts})
    record, placed = Journal(store.dialect, clock).tail([said]), list[int]()

    def check_holds(rows: list[Row]) -> list[Step]:
        held = {row["person"] for row in rows}
        if person in held:
            raise UnderHold
        if kept.touches(held):
            raise UnderHold(
                "A legal hold stands on somebody else who wrote on a ticket of this person, or whom something that arrived "
                "names beside them, so nothing was erased. See `deskgate audit hold list`."
            )
        return []

    def then(rows: list[Row]) -> list[Step]:
        if rows[0]["open"]:
            raise StillOpen("A reply to this person was drafted just now. Decide or cancel it, then erase again.")
        placed[:] = [rows[0]["size"]]
        return [*steps_of(book, kept, iso(clock.now())), *record.then(rows)]

    if store.dialect == "sqlite":
        await store.rows("PRAGMA secure_delete = ON")
    tails = [Tail((book.sql["holds"], {}), check_holds), Tail((book.sql["erasable"], {"person": person}), then)]
    if await store.write((book.sql["lock_head"], {}), tails=tails) != 1:
        raise StoreUnusable("The data could not be erased; nothing was changed. Run `deskgate store check`.")
    return Erased(placed[0], kept.counts, receipt.hex(), await scrub(store))


def check_over(kept: Kept) -> None:
    """Nothing of it may be under way.

    Raises:
        StillOpen: names what is.
    """
    held = [row["message_id"] or row["id"] for row in kept.replies if row["state"] in (HELD, *UNDERWAY)]
    if held:
        raise StillOpen(
            f"{len(held)} repl{'y' if len(held) == 1 else 'ies'} to this person wait{'s' if len(held) == 1 else ''} for a "
            f"decision or an answer of MultiMail ({', '.join(held[:5])}). Reject or cancel first. Nothing was erased."
        )
    notes = any(row["state"] == "posting" for row in kept.notes) or any(
        row["state"] == "intent" for row in kept.effects
    )
    if notes or any(row["state"] == "new" for row in kept.events):
        raise StillOpen(
            "Something that arrived from this person, or a note about them, is still being worked on. Let `deskgate serve` "
            "finish, and look at `deskgate events list`. Nothing was erased."
        )


def steps_of(book: Book, kept: Kept, now: str) -> list[Step]:
    """The statements that blank what is personal."""
    sql = book.sql
    steps: list[Step] = []
    for row in kept.replies:
        steps += _reply(sql, row, now)
    # Their address stands also where somebody else's reply was shown while the ticket was theirs.
    steps += [
        (sql["blank_view"], {"id": row["reply_id"], "digest": row["digest"], "seen": unseen(row["seen"])})
        for row in kept.views
    ]
    for name, rows, key in (
        ("blank_arrival", kept.arrivals, "email_id"),
        ("blank_note", kept.notes, "id"),
    ):
        steps += [(sql[name], {"id": row[key], "gone": GONE}) for row in rows]
    for name, rows, key in (
        ("blank_effect", kept.effects, "key"),
        ("blank_evaluation", kept.evaluations, "id"),
        ("drop_personal", kept.personal, "name"),
    ):
        steps += [(sql[name], {"id": row[key]}) for row in rows]
    steps += [(sql["blank_event"], {"id": row["number"], "nothing": b""}) for row in kept.events]
    off = {"person": kept.person, "hash": hashed(kept.person)}
    return [
        *steps,
        (sql["drop_hashed_suppression"], off),
        (sql["hash_suppression"], off),
        (sql["drop_holds"], {"person": kept.person}),
    ]


def _reply(sql: dict[str, str], row: Row, now: str) -> list[Step]:
    gone_out = row["state"] in GONE_OUT
    owed = [f"sent:{row['id']}", f"bounced:{row['id']}"] if gone_out else []
    known = hashed(row["person"]) if gone_out else None
    return [
        (sql["blank_reply"], {"id": row["id"], "gone": GONE, "seen": unseen(row["seen"]), "hash": known}),
        (sql["blank_views"], {"id": row["id"], "seen": unseen(row["seen"])}),
        (sql["blank_correction"], {"id": row["id"], "gone": GONE}),
        (sql["blank_approval"], {"id": row["id"], "key": f"erased:{row['id']}"}),
        *(
            (sql["owe_nothing"], {"key": key, "marker": marker_of(key), "ticket_id": row["ticket_id"], "now": now})
            for key in owed
        ),
    ]


def unseen(seen: str) -> str:
    """The ticket that somebody saw, without its requester."""
    return json.dumps({**json.loads(seen), "email": None, "requester_id": None}, sort_keys=True)


async def scrub(store: Store) -> bool:
    """Have SQLite write its file anew, so that no deleted byte stays in it; whether that was done to the end.

    Another process in the middle of reading keeps it from that. PostgreSQL has its own command, see `VACUUM FULL`.
    """
    if store.dialect != "sqlite":
        return False
    try:
        await store.rows("VACUUM")
        (told,) = await store.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.OperationalError:
        return False
    return not told["busy"]
