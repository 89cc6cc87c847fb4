"""The customers' inbox: a Maildir that any mail program opens."""

from pathlib import Path

FOLDERS = ("tmp", "new", "cur")


def deliver(folder: Path, name: str, raw: bytes) -> None:
    """Put one message into new/. The same name again replaces the file, so that one mail is one file."""
    for part in FOLDERS:
        (folder / part).mkdir(parents=True, exist_ok=True)
    draft = folder / "tmp" / name
    draft.write_bytes(raw.replace(b"\r\n", b"\n"))  # in a Maildir lines end as the machine's own do
    draft.replace(folder / "new" / name)


def locate(folder: Path, name: str) -> Path:
    """Where the message is now: a mail program moves what was read from new/ to cur/ and adds flags to its name."""
    moved = next((folder / "cur").glob(f"{name}:*"), None)
    return moved or folder / "new" / name


def empty(folder: Path) -> None:
    """Remove every message."""
    for part in FOLDERS:
        for file in (folder / part).glob("*"):
            file.unlink()
