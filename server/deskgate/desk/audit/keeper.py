"""Whoever holds the log's key: makes it, signs checkpoints while the desk works, and puts copies elsewhere.

Of several processes on one database those sign that have the key's file in their data folder; the others leave it to them.
"""

import logging
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from anyio import to_thread

from deskgate.desk.audit.book import Book, Standing, standing_of
from deskgate.desk.audit.journal import Journal
from deskgate.desk.audit.keys import (
    KeyTaken,
    KeyUnusable,
    activate_next,
    create_key,
    current_key,
    load_key,
    prepare_next,
)
from deskgate.desk.audit.note import Signer, checkpoint_of, parse_checkpoint, parse_note, rotation_note
from deskgate.desk.audit.said import SYSTEM, Said, Who
from deskgate.desk.audit.tree import Frontier
from deskgate.desk.clock import Clock, iso, parse_time
from deskgate.desk.errors import DeskError
from deskgate.desk.store import Store
from deskgate.desk.store.tables import Row, Step, StoreUnusable, Tail

log = logging.getLogger("deskgate.audit")

EVERY_RECORDS = 1_000
EVERY = timedelta(seconds=60)
LOOK_SECONDS = 5.0


class LogForked(DeskError):
    """The audit trail is not the one that was signed before, so nothing is signed any more."""


class Keeper:
    """Signs for the log of one database. `folder` has the key, `anchor` is a file elsewhere for each checkpoint."""

    def __init__(self, store: Store, clock: Clock, folder: Path, anchor: Path | None = None) -> None:
        self.store = store
        self.book = Book(store)
        self.clock = clock
        self._folder = folder
        self._anchor = anchor
        self._journal = Journal(store.dialect, clock)

    def key_path(self, name: str) -> Path:
        """The file of the key of the log with that name."""
        return self._folder / f"audit-{name.rpartition('/')[2]}.key"

    def _signed_path(self, name: str) -> Path:
        return self.key_path(name).with_suffix(".signed")

    async def signer(self) -> Signer:
        """The log's key; at the very first need it is made, and named by the record `log.start`.

        Raises:
            KeyUnusable: the key is not in this data folder, or not usable.
            LogForked: the log lost the record that names its key.
        """
        standing = await self.book.standing()
        path = self.key_path(standing.head.log)
        if standing.vkey is None:
            check_follows(standing)
            return await self._founded(standing.head.log, path)
        if not await to_thread.run_sync(path.exists):
            raise KeyUnusable(
                f"The key of this log is not in this data folder ({path}). The process that has it signs; to sign here as "
                "well, copy that file to this place, readable by its owner alone."
            )
        return await to_thread.run_sync(current_key, path, standing.vkey)

    async def _founded(self, name: str, path: Path) -> Signer:
        signer, made = await to_thread.run_sync(_made_or_loaded, path, name)
        start = self._journal.tail([Said("log.start", SYSTEM, dec={"key": signer.vkey})])

        def then(rows: list[Row]) -> list[Step]:
            return [] if rows[0]["key_line"] is not None else list(start.then(rows))

        await self._within_lock(then)
        named = (await self.book.standing()).vkey
        if named == signer.vkey:
            return signer
        if made:
            await to_thread.run_sync(path.unlink)
        raise KeyUnusable(f"Another process has just made this log's key ({named}). It signs; this one does not.")

    async def sign(self) -> bytes:
        """The checkpoint over all records there are: the newest one, or a new one that is kept and put elsewhere.

        Raises:
            KeyUnusable: see `signer`.
            LogForked: the log is not the one that was signed before.
        """
        signer = await self.signer()
        await self._check_unforked()
        made: list[bytes] = []

        def then(rows: list[Row]) -> list[Step]:
            standing = standing_of(rows[0])
            head = standing.head
            check_follows(standing)
            if standing.note is not None and standing.signed == head.size:
                made[:] = [standing.note]
                return []
            if standing.vkey != signer.vkey:
                raise KeyUnusable("The log's key was changed just now; try again.")
            made[:] = [checkpoint_of(head.log, head.size, head.root, signer)]
            return [self._kept(head.size, made[0])]

        await self._within_lock(then)
        await to_thread.run_sync(self._put_elsewhere, made[0])
        return made[0]

    async def _within_lock(self, then: Callable[[list[Row]], list[Step]]) -> None:
        """Steps that depend on where the log stands, with the head locked, so that nothing is added meanwhile."""
        tail = Tail((self.book.sql["standing"], {}), then)
        if await self.store.write((self.book.sql["lock_head"], {}), tails=[tail]) != 1:
            raise StoreUnusable("The audit trail's head cannot be locked. Run `deskgate store check`.")

    def _kept(self, size: int, note: bytes) -> Step:
        return self.book.sql["add_checkpoint"], {"size": size, "note": note, "signed_at": iso(self.clock.now())}

    async def _check_unforked(self) -> None:
        """What this folder signed last must still stand in the database: it was not put back from an old copy."""
        path = self._signed_path((await self.book.standing()).head.log)
        last = await to_thread.run_sync(_read, path)
        if last is None:
            return
        size = parse_checkpoint(parse_note(last).text).size
        found = await self.book.ask("checkpoint_at", size=size)
        if [bytes(row["note"]) for row in found] != [last]:
            raise LogForked(
                f"A checkpoint over {size} records was signed here before, and the database does not have it: it was put "
                "back from an older copy, or changed. Run `deskgate audit verify` with a checkpoint from elsewhere. To "
                f"go on from the older copy all the same, move {path} away; verifiers who saw more will notice."
            )

    def _put_elsewhere(self, note: bytes) -> None:
        point = parse_checkpoint(parse_note(note).text)
        path = self._signed_path(point.origin)
        last = _read(path)
        if last is None or parse_checkpoint(parse_note(last).text).size < point.size:
            _replace(path, note)
        if self._anchor is None:
            return
        try:
            _append(self._anchor, note)
        except OSError as error:
            log.warning("the checkpoint could not be appended to %s: %s", self._anchor, error.strerror)

    async def rotate(self, who: Who) -> tuple[Signer, Signer]:
        """Change the key: a last checkpoint by the old one, a record and a checkpoint by both, and then the new key alone.

        Raises:
            KeyUnusable, LogForked: see `sign`; nothing was changed.
        """
        old = await self.signer()
        await self._check_unforked()
        path = self.key_path(old.name)
        new = await to_thread.run_sync(prepare_next, path, old.name)
        made: list[bytes] = []

        def then(rows: list[Row]) -> list[Step]:
            check_follows(standing := standing_of(rows[0]))
            if standing.vkey != old.vkey:
                raise KeyUnusable("The log's key was changed by somebody else just now; nothing was changed here.")
            head = standing.head
            last = self._kept(head.size, checkpoint_of(old.name, head.size, head.root, old))
            rotation = rotation_note(old, new, head.size, head.root)
            said = Said("key.rotate", who, dec={"key": new.vkey, "rotation": rotation})
            steps = list(self._journal.tail([said]).then(rows))
            size, frontier = steps[0][1]["size"], steps[0][1]["frontier"]
            made[:] = [checkpoint_of(old.name, size, Frontier.load(size, frontier).root(), new, old)]
            return [last, *steps, self._kept(size, made[0])]

        await self._within_lock(then)
        await to_thread.run_sync(activate_next, path)
        await to_thread.run_sync(self._put_elsewhere, made[0])
        return old, new

    async def sign_if_due(self) -> None:
        """Sign where there are many new records, or some and the last checkpoint is a minute old. Raises as `sign` does."""
        standing = await self.book.standing()
        if standing.vkey is None:
            await self.signer()
            standing = await self.book.standing()
        new = standing.head.size - standing.signed
        last = parse_time(standing.signed_at)
        # One from the future was signed by a clock that was ahead, or its time was changed: it says nothing of a minute.
        rested = last is None or not timedelta(0) <= self.clock.now() - last < EVERY
        if new and (new >= EVERY_RECORDS or rested):
            await self.sign()

    async def sign_off(self) -> None:
        """At the end of a process: cover what is not covered yet. A failure is told and keeps nobody from leaving."""
        try:
            standing = await self.book.standing()
            if standing.head.size > standing.signed:
                await self.sign()
        except Exception as error:  # the database, mostly; the next start signs
            log.warning("the last records were not signed: %s", _told(error))


def check_follows(standing: Standing) -> None:
    """The head must follow from the newest checkpoint.

    Raises:
        LogForked: it has fewer records, or others.
    """
    head = standing.head
    if standing.note is None or head.size > standing.signed:
        return
    point = parse_checkpoint(parse_note(standing.note).text)
    if (point.origin, point.size, point.root) != (head.log, head.size, head.root):
        raise LogForked(
            f"The log has {head.size} records and a checkpoint says something else of {standing.signed}: the database was "
            "changed by hand. Nothing is signed. Run `deskgate audit verify`."
        )


async def keep_checkpoints(keeper: Keeper) -> None:
    """Sign as often as it is due, until cancelled. What stands against it is told once, and again when it is another."""
    told = ""
    while True:
        try:
            await keeper.sign_if_due()
            told = ""
        except Exception as error:  # whatever it is, the desk goes on, and the next look may find it mended
            if told != _told(error):
                told = _told(error)
                log.warning("the audit trail is not signed here: %s", told)
        await keeper.clock.sleep(LOOK_SECONDS)


def _told(error: Exception) -> str:
    return error.sentence if isinstance(error, DeskError) else type(error).__name__


def _made_or_loaded(path: Path, name: str) -> tuple[Signer, bool]:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if path.exists():
        return load_key(path), False
    try:
        return create_key(path, name), True
    except KeyTaken:  # made in this very moment: by another process here, or by this one on its way out
        return load_key(path), False


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _replace(path: Path, data: bytes) -> None:
    fresh = path.with_name(path.name + ".new")
    fresh.write_bytes(data)
    fresh.replace(path)


def _append(path: Path, note: bytes) -> None:
    """Append, durably, unless it stands at the end already."""
    with path.open("ab+") as file:
        file.seek(max(0, file.tell() - len(note)))
        if file.read() != note:
            file.write(note)
            file.flush()
            os.fsync(file.fileno())
