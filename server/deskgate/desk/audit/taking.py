"""Taking the log out of its database: exports, whole or in part, and archives whose records may then be dropped."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from anyio import from_thread, to_thread

from deskgate.desk.audit.book import Book, Start, vkey_of
from deskgate.desk.audit.export import Exported, Source, Wanted, of_period, of_records, of_tickets, write_export
from deskgate.desk.audit.keeper import Keeper
from deskgate.desk.audit.note import Signer, parse_checkpoint, parse_note, parse_vkey
from deskgate.desk.audit.persons import check_whole
from deskgate.desk.audit.said import Said, Who
from deskgate.desk.audit.verify import LINE_LIMIT_BYTES
from deskgate.desk.errors import BadInput

FOREVER = "9999"
NOTHING = {
    "ticket": "Nothing is recorded about this ticket, so nothing was exported. Check its number.",
    "person": (
        "Nothing is recorded about this address, so nothing was exported. Check its spelling. A person who was erased is "
        "not found any more."
    ),
    "period": "No record is of that time, so nothing was exported. Times are UTC; check the year.",
}


@dataclass(frozen=True)
class Selection:
    """Which records: of a ticket, a person (a key of `people.key_of`), a period (times as records have them), or all."""

    ticket: int | None = None
    person: str | None = None
    since: str | None = None
    until: str | None = None

    @property
    def whole(self) -> bool:
        """Whether it is everything."""
        return self == Selection()

    @property
    def kind(self) -> str:
        """What a part is chosen by."""
        return "ticket" if self.ticket is not None else "person" if self.person is not None else "period"

    def wanted(self, book: Book, end: int) -> Wanted | None:
        """As an export asks; `None` for everything."""
        if self.whole:
            return None
        if self.ticket is not None:
            return of_tickets([self.ticket])
        if self.person is not None:
            return _of_person(book, self.person, end)
        return of_period(self.since or "", self.until or FOREVER)


async def export(
    keeper: Keeper,
    folder: Path,
    selection: Selection,
    who: Who,
    *,
    with_personal: bool = False,
    archive: Path | None = None,
) -> Exported:
    """Record that this is exported, sign a checkpoint, and write the folder in a thread.

    `archive` has the records that were dropped here.

    Raises:
        BadInput: the folder is there already, the archive is wanted or another, the person is no whole address, or there
            is no such record.
        KeyUnusable, LogForked, LogDamaged: nothing was written.
        OSError: it cannot be written.
    """
    if selection.person is not None:
        check_whole(selection.person)
    start = await checked_start(keeper.book, folder, archive)
    signer = await keeper.signer()
    await to_thread.run_sync(_check_any, keeper.book, selection, start, archive)
    chosen = {name: value for name, value in vars(selection).items() if value is not None and name != "person"}
    said = Said(
        "export",
        who,
        obj={"ticket": selection.ticket} if selection.ticket is not None else {},
        dec={"selection": "person" if selection.person is not None else chosen or "all", "personal": with_personal},
        personal={"requester": selection.person} if selection.person is not None else {},
        person=selection.person,
    )
    await keeper.store.write((keeper.book.sql["lock_head"], {}), said=[said])
    newest = await keeper.sign()
    size = size_of(newest)
    source = await source_of(keeper.book, signer, newest, start, archive, with_personal=with_personal)
    return await to_thread.run_sync(lambda: write_export(folder, source, selection.wanted(keeper.book, size)))


async def checked_start(book: Book, folder: Path, archive: Path | None) -> Start:
    """Where the kept records begin.

    Raises:
        BadInput: the folder is there already, or there are dropped records and no archive, or another one.
    """
    if await to_thread.run_sync(os.path.lexists, folder):
        raise BadInput(f"{folder} is there already. Name a new folder.")
    start = await book.start()
    if start.size and archive is None:
        raise BadInput(
            f"The first {start.size} records are not here any more: they were archived to {start.folder}. Name that folder "
            "with --archive."
        )
    if archive is not None and start.size:
        await to_thread.run_sync(check_archive, archive, start)
    return start


def check_archive(archive: Path, start: Start) -> None:
    """Its line before the kept ones must be theirs: by the hashes in them, all before it are then the right ones, too.

    Raises:
        BadInput: it is not.
    """
    last = b""
    try:
        for line in archived_lines(archive, start.size):
            last = line
    except OSError:
        last = b""
    if hashlib.sha256(last).hexdigest() != start.prev:
        raise BadInput(
            f"{archive} is not the archive of the first {start.size} records. They were archived to {start.folder}: name "
            "that folder, or where it was moved to."
        )


def _check_any(book: Book, selection: Selection, start: Start, archive: Path | None) -> None:
    """A part without a record would look like a success; the record of the export itself would even be in it."""
    size = from_thread.run(book.standing).head.size
    wanted = selection.wanted(book, size)
    if wanted and not any(wanted(seq, line) for seq, line in enumerate(_lines(book, start, archive, size))):
        raise BadInput(NOTHING[selection.kind])


async def source_of(
    book: Book, signer: Signer, newest: bytes, start: Start, archive: Path | None, *, with_personal: bool
) -> Source:
    """All that an export of the records under `newest` is made of; its iterators run in a thread."""
    size = size_of(newest)
    named = [vkey_of(line) for line in await book.keys()]
    return Source(
        lines=_lines(book, start, archive, size),
        newest=newest,
        checkpoints=book.checkpoints(size + 1),
        signer=signer,
        keys=[parse_vkey(one) for one in dict.fromkeys(named) if one != signer.vkey],
        personal=book.personal(0, size) if with_personal else None,
    )


def _of_person(book: Book, person: str, end: int) -> Wanted:
    """What is on the person's tickets, and what holds data of theirs; by the lines, since some may be archived."""
    tickets = [row["ticket_id"] for row in from_thread.run(lambda: book.ask("tickets_of_person", person=person))]
    on_tickets = of_tickets(tickets)
    with_data = of_records(row["seq"] for row in book.rows("personal_seqs", 0, end, person=person))

    def wanted(seq: int, line: bytes) -> bool:
        found = on_tickets(seq, line), with_data(seq, line)  # each follows every line
        return any(found)

    return wanted


def _lines(book: Book, start: Start, archive: Path | None, size: int) -> Iterator[bytes]:
    kept = book.lines(start.size, size)
    return chain(archived_lines(archive, min(start.size, size)), kept) if archive and start.size else kept


def archived_lines(archive: Path, size: int) -> Iterator[bytes]:
    """The first lines of an archive, as many as were dropped."""
    with (archive / "audit.jsonl").open("rb") as file:
        for _ in range(size):
            yield file.readline(LINE_LIMIT_BYTES + 1).removesuffix(b"\n")


def size_of(note: bytes) -> int:
    """How many records a checkpoint covers."""
    return parse_checkpoint(parse_note(note).text).size
