"""The token file itself: reading it, adding a token, taking one out. Everything here blocks.

It holds SHA-256 hashes of 256-bit random tokens, so it opens nothing by itself. What it can do is let somebody in who
writes to it, so a file that others can write to is refused.
"""

import os
import secrets
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deskgate.web.tokens import (
    Kind,
    Token,
    TokenFileError,
    checked_kind,
    checked_name,
    checked_scopes,
    hash_of,
    line_object,
    parse,
)

PREFIX = "dgt_"
RANDOM_BYTES = 32
FILE_LIMIT_BYTES = 1_000_000


def read_tokens(path: Path) -> tuple[Token, ...]:
    """Read the file.

    Raises:
        FileNotFoundError: there is none.
        TokenFileError: it cannot be trusted or read.
    """
    try:
        with path.open("rb") as file:
            _trusted(os.fstat(file.fileno()))
            raw = file.read(FILE_LIMIT_BYTES + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise TokenFileError([f"it cannot be read ({error.strerror})"]) from None
    if len(raw) > FILE_LIMIT_BYTES:
        raise TokenFileError([f"it is larger than {FILE_LIMIT_BYTES} bytes"])
    try:
        return parse(raw.decode("utf-8"))
    except UnicodeDecodeError:
        raise TokenFileError(["it is not UTF-8 text"]) from None


def _trusted(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise TokenFileError(["it is not a file"])
    if sys.platform == "win32":
        return  # its access lists do not show in the mode
    if stat.S_IMODE(status.st_mode) & 0o022:
        raise TokenFileError(["others than its owner may write to it, and so let themselves in: chmod 600"])
    if status.st_uid not in (0, os.geteuid()):
        raise TokenFileError(["it belongs to another user, who could let themselves in: chown it to this one or root"])


def readable_by_others(path: Path) -> bool:
    """Whether more than the file's owner may read it: no secret is lost, but who has access is nobody's business."""
    return sys.platform != "win32" and bool(stat.S_IMODE(path.stat().st_mode) & 0o044)


def issue(
    path: Path, principal: str, kind: Kind, scopes: list[str], *, created: str, owner: str = "", label: str = ""
) -> tuple[Token, str]:
    """Add a token; gives its line and the secret, which is written nowhere.

    Raises:
        ValueError: a name, kind or scope that cannot be.
        TokenFileError: the file as it is cannot be used, or the new line would contradict it.
    """
    secret = PREFIX + secrets.token_urlsafe(RANDOM_BYTES)
    token = Token(
        id=secrets.token_hex(4),
        principal=checked_name("principal", principal),
        kind=checked_kind(kind),
        scopes=checked_scopes(scopes),
        owner=checked_name("owner", owner or principal),
        created=created,
        sha256=hash_of(secret),
        label=label,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with _alone(path):
        lines = _lines(path)
        _write(path, [*lines, token.line()])
    return token, secret


def revoke(path: Path, token_id: str) -> Token:
    """Take a token out of the file.

    Raises:
        LookupError: there is no token with that id.
        FileNotFoundError, TokenFileError: there is no usable file.
    """
    with _alone(path):
        found = next((token for token in read_tokens(path) if token.id == token_id), None)
        if found is None:
            raise LookupError(token_id)
        kept = [line for line in _lines(path) if _id_of(line) != token_id]
        _write(path, kept)
    return found


def _id_of(line: str) -> str | None:
    if not line.strip() or line.lstrip().startswith("#"):
        return None
    return str(line_object(line)["id"])


def _lines(path: Path) -> list[str]:
    try:
        read_tokens(path)
    except FileNotFoundError:
        return []
    return path.read_text(encoding="utf-8").removesuffix("\n").split("\n")


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One writer at a time, between processes. The lock is a file beside it, because the file itself is replaced."""
    if not path.parent.is_dir():
        raise FileNotFoundError(path)
    lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(lock, msvcrt.LK_LOCK, 1)
        else:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _write(path: Path, lines: list[str]) -> None:
    """Replace the whole file at once, readable by its owner alone; a reader sees the old one or the new one."""
    target = path.resolve()
    text = "".join(f"{line}\n" for line in lines)
    parse(text)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")  # made with mode 600
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
