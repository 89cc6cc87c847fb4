"""Old records, written to an export and then dropped from the database. What is left still verifies, from there on."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from anyio import to_thread

from deskgate.desk.audit.book import Book
from deskgate.desk.audit.checking import Trust, check_folder
from deskgate.desk.audit.export import Exported, write_export
from deskgate.desk.audit.keeper import Keeper
from deskgate.desk.audit.said import Said, Who
from deskgate.desk.audit.taking import checked_start, size_of, source_of
from deskgate.desk.audit.tree import Frontier, leaf_hash
from deskgate.desk.audit.verify import Broken, Key, keyring, read_record
from deskgate.desk.clock import iso
from deskgate.desk.errors import BadInput
from deskgate.desk.store.tables import Row


@dataclass(frozen=True)
class _End:
    frontier: Frontier
    prev: str


async def archive(
    keeper: Keeper, folder: Path, who: Who, *, before: datetime | None = None, earlier: Path | None = None
) -> Exported:
    """Export the records up to the last checkpoint signed before that time (`None`: all there are), and note where it is.

    `earlier` is the newest archive whose records were dropped already; the new one holds them as well.

    Raises:
        BadInput: the folder is there already, there is no such checkpoint, or it is under an earlier key.
        KeyUnusable, LogForked, LogDamaged, OSError: nothing was noted.
    """
    book = keeper.book
    start = await checked_start(book, folder, earlier)
    signer = await keeper.signer()
    newest = await keeper.sign() if before is None else await _signed_before(book, before)
    size = size_of(newest)
    if any(read_record(line)["ev"] == "key.rotate" and read_record(line)["seq"] >= size for line in await book.keys()):
        raise BadInput("The log's key was changed after that time. Archive a later part, or everything.")
    source = await source_of(book, signer, newest, start, earlier, with_personal=False)
    done = await to_thread.run_sync(write_export, folder, source)
    end = await to_thread.run_sync(_end_of, folder)
    row = {
        "upto": size,
        "root": end.frontier.root().hex(),
        "folder": str(folder),
        "archived_at": iso(keeper.clock.now()),
        "frontier": end.frontier.dump(),
        "prev": end.prev,
    }
    said = Said("archive", who, dec={"upto": size, "root": row["root"]}, res={"status": "done"})
    if await keeper.store.write((book.sql["add_archive"], row), said=[said]) != 1:
        raise BadInput(f"Records up to {size} are archived already, to {await _noted(book)}. This copy is whole, too.")
    return done


async def _signed_before(book: Book, before: datetime) -> bytes:
    found = await book.ask("checkpoint_signed_by", before=iso(before))
    if not found:
        raise BadInput("No checkpoint was signed before that time, so there is nothing to archive.")
    return bytes(found[0]["note"])


async def _noted(book: Book) -> str:
    found = await book.ask("archived")
    return str(found[0]["folder"]) if found else "another folder"


async def to_drop(book: Book) -> int:
    """How far the archived records reach that are still here; 0 where none are.

    Raises:
        BadInput: nothing was archived.
    """
    upto = (await _newest(book))["upto"]
    return 0 if (await book.start()).size == upto else int(upto)


async def _newest(book: Book) -> Row:
    found = await book.ask("archived")
    if not found:
        raise BadInput("Nothing was archived so far: `deskgate audit archive DIR`.")
    return found[0]


async def prune(keeper: Keeper, folder: Path | None = None) -> tuple[int, Path]:
    """Drop the archived records, after a look at the archive; gives how far, and where the archive is.

    `folder` is where it is by now, if it was moved.

    Raises:
        BadInput: nothing was archived, or the archive is another one, or not whole any more. Nothing was dropped.
    """
    noted = await _newest(keeper.book)
    upto, place = noted["upto"], folder or Path(noted["folder"])
    key = await _key_at(keeper, upto)
    report = await to_thread.run_sync(check_folder, place, Trust(keys=[key.vkey]))
    if report.exit_code not in (0, 2):
        raise BadInput(
            f"{place} is not the whole archive any more, so nothing was dropped. Run deskgate audit verify {place} --key "
            f"{key.vkey}"
        )
    if report.records != upto:
        raise BadInput(
            f"{place} holds {report.records} records, and the newest archive has the first {upto}, so nothing was dropped. "
            f"They were archived to {noted['folder']}: name that folder, or where it was moved to, with --archive."
        )
    await keeper.store.write((keeper.book.sql["prune"], {"upto": upto}))
    return upto, place


async def _key_at(keeper: Keeper, size: int) -> Key:
    """The key that signed the log when it had so many records: today's, or what the changes of key lead back to from it."""
    signer = await keeper.signer()
    try:
        return keyring(signer.name, [signer.key], await keeper.book.keys()).at(size)[0]
    except (Broken, IndexError):
        raise BadInput(
            "What the log says of its changes of key does not hold, so nothing was dropped. Run `deskgate audit verify`."
        ) from None


def _end_of(folder: Path) -> _End:
    frontier, prev = Frontier(), ""
    for line in _lines(folder):
        frontier = frontier.append(leaf_hash(line))
        prev = hashlib.sha256(line).hexdigest()
    return _End(frontier, prev)


def _lines(folder: Path) -> Iterator[bytes]:
    with (folder / "audit.jsonl").open("rb") as file:
        for line in file:
            yield line.removesuffix(b"\n")
