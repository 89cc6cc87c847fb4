"""The signing key's file: made at the first start, readable by its owner alone, replaced without a moment of doubt."""

import os
import secrets
import stat
from pathlib import Path

from deskgate.desk.audit.note import Signer, private_of, private_text
from deskgate.desk.errors import DeskError

OTHERS = stat.S_IRWXG | stat.S_IRWXO


class KeyUnusable(DeskError):
    """The signing key cannot be used."""


class KeyTaken(KeyUnusable):
    """There is a key already where one was to be made."""


def create_key(path: Path, name: str) -> Signer:
    """Make a key and its file (0600), durably; an existing file is never overwritten.

    Raises:
        KeyTaken: the file exists.
        KeyUnusable: it cannot be written.
        ValueError: no log can bear that name.
    """
    signer = Signer.new(name)
    # Whole or not at all: another process, or this one on its way out, may look for the key at any moment.
    unfinished = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(private_text(signer))
            file.flush()
            os.fsync(file.fileno())
        os.link(unfinished, path)
        _settle(path.parent)
    except FileExistsError:
        raise KeyTaken(f"There is a signing key in {path} already; it is never overwritten.") from None
    except OSError as error:
        raise KeyUnusable(f"The signing key {path} cannot be written ({error.strerror}).") from error
    finally:
        unfinished.unlink(missing_ok=True)
    return signer


def load_key(path: Path) -> Signer:
    """The key of that file.

    Raises:
        KeyUnusable: there is none, it holds something else, or others than its owner may read it.
    """
    try:
        if os.name == "posix" and path.stat().st_mode & OTHERS:
            raise KeyUnusable(
                f"Others may read the signing key {path}. Take their rights: chmod 600, then change the key."
            )
        return private_of(path.read_text("ascii"))
    except FileNotFoundError:
        raise KeyUnusable(f"There is no signing key in {path}. Put it back from where you keep it.") from None
    except (OSError, ValueError) as error:
        raise KeyUnusable(f"The signing key {path} cannot be read ({error}).") from error


def next_path(path: Path) -> Path:
    """Where the key waits that is to follow."""
    return path.with_name(path.name + ".next")


def prepare_next(path: Path, name: str) -> Signer:
    """First step of a change of key: the new key's file. One left over from a change that was not recorded is used.

    The steps: `prepare_next`; commit a record `key.rotate` with `note.rotation_note`; `activate_next`; sign the
    next checkpoint with both. After a crash `current_key` finds out which step was the last.

    Raises:
        KeyUnusable: a file cannot be read or written.
    """
    waiting = next_path(path)
    return load_key(waiting) if waiting.exists() else create_key(waiting, name)


def activate_next(path: Path) -> None:
    """Last step of a change of key: the new key's file takes the old one's place, whose key is gone after that.

    Raises:
        KeyUnusable: the file cannot be moved.
    """
    try:
        next_path(path).replace(path)
        _settle(path.parent)
    except OSError as error:
        raise KeyUnusable(f"The new signing key cannot take the place of {path} ({error.strerror}).") from error


def current_key(path: Path, recorded: str | None) -> Signer:
    """The key that the log's newest record about keys names (`recorded`: its vkey, `None` before the first one).

    Raises:
        KeyUnusable: there is no such key here: the file is another log's, or was put back from an old copy.
    """
    signer = load_key(path)
    if recorded is None or signer.vkey == recorded:
        return signer
    waiting = next_path(path)
    if waiting.exists() and load_key(waiting).vkey == recorded:
        activate_next(path)
        return load_key(path)
    raise KeyUnusable(f"The signing key in {path} is not the log's. The log names {recorded}.")


def _settle(folder: Path) -> None:
    """Make the folder's entries durable, where the system can."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
