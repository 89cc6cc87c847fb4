"""What tests, the demo and curious people are shown of the pretend world."""

import json
from dataclasses import dataclass
from pathlib import Path
from sqlite3 import Row

from deskgate.sandbox import maildir


@dataclass(frozen=True)
class SentMail:
    """A mail that reached a customer. `path` is its file in the Maildir."""

    id: str
    to: list[str]
    subject: str
    body: str
    message_id: str
    in_reply_to: str | None
    thread_id: str
    path: Path


@dataclass(frozen=True)
class Call:
    """One HTTP call that this process received. `status` is None where nothing was answered; `fault` is a kind."""

    service: str
    method: str
    path: str
    query: str
    status: int | None
    fault: str | None = None


def sent_mail(folder: Path, row: Row) -> SentMail:
    """A delivered mail, from its row."""
    return SentMail(
        id=row["id"],
        to=json.loads(row["recipients"]),
        subject=row["subject"],
        body=row["markdown"] + row["footer"],
        message_id=row["header_id"],
        in_reply_to=row["in_reply_to"],
        thread_id=row["thread_id"],
        path=maildir.locate(folder / "Maildir", row["file"]),
    )
