"""Everything about one person in one folder: the answer to their access request."""

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from anyio import to_thread

from deskgate.desk.audit.book import Book
from deskgate.desk.audit.persons import Kept, kept_about
from deskgate.desk.audit.said import Said, Who
from deskgate.desk.audit.verify import read_record
from deskgate.desk.errors import BadInput
from deskgate.desk.store import Store
from deskgate.desk.store.tables import Row

_ABOUT = """\
What the support desk keeps about {person}
{line}

Made {now}. In this folder:

data.json        all of it, for programs
mails/           {replies} mails written to you, {arrivals} mails received from you, as plain text
notes.txt        {notes} internal notes on your tickets
records.jsonl    {records} entries of the audit trail that hold data of yours, with that data

Tickets: {tickets}
No more mail wanted: {off}

The help desk itself (Zendesk) and the mail service (MultiMail) keep tickets and mails of their own; ask for those as well.
Names of the people who answered, and mails of others on your tickets, are left out: they are theirs.
"""
_REPLY = (
    *("id", "ticket_id", "message_id", "thread_id", "mailbox", "recipient", "subject", "body", "footer", "state"),
    *("drafted_at", "decided_at", "reason", "sent_at", "delivered_at", "bounced_at", "bounce_type"),
)
_NOTE = ("ticket_id", "text", "state", "written_at", "comment_id")


async def subject_export(store: Store, person: str, folder: Path, who: Who, now: str) -> dict[str, int]:
    """Record that it is asked for, and write the folder; gives how many rows of each kind it holds.

    Raises:
        BadInput: the folder is there already, or nothing is kept about this address.
        OSError: it cannot be written.
    """
    if await to_thread.run_sync(folder.exists):
        raise BadInput(f"{folder} is there already. Name a new folder.")
    book = Book(store)
    kept = await kept_about(book, person)
    if not any(kept.counts.values()):
        raise BadInput("Nothing is kept here about this address. Look at the spelling, and ask Zendesk for the ticket.")
    said = Said("export.subject", who, res={"rows": kept.counts}, personal={"requester": person}, person=person)
    await store.write((book.sql["lock_head"], {}), said=[said])
    records = [await _record(book, row) for row in kept.personal]
    await to_thread.run_sync(_write, folder, kept, records, now)
    return kept.counts


async def _record(book: Book, row: Row) -> dict[str, Any]:
    found = await book.ask("records_between", seq=row["seq"], end=row["seq"] + 1, limit=1)
    told = {"seq": row["seq"], "data": json.loads(row["text"])}
    if not found:
        return told
    record = read_record(bytes(found[0]["line"]))
    return told | {name: record[name] for name in ("ts", "ev", "obj", "res") if name in record}


def _write(folder: Path, kept: Kept, records: list[dict[str, Any]], now: str) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        _fill(draft, kept, records, now)
        draft.rename(folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def _fill(draft: Path, kept: Kept, records: list[dict[str, Any]], now: str) -> None:
    replies = [{name: row[name] for name in _REPLY} for row in kept.replies]
    notes = [{name: row[name] for name in _NOTE} for row in kept.notes]
    arrivals = [row for row in kept.arrivals if row["sender"].casefold() == kept.person]
    data = {
        "person": kept.person,
        "made_at": now,
        "tickets": kept.tickets,
        "replies": replies,
        "arrivals": arrivals,
        "notes": notes,
        "ticket_changes": [{"key": row["key"], "plan": json.loads(row["plan"])} for row in kept.effects],
        "automatic_judgements": [
            {"at": row["evaluated_at"], "outcome": row["outcome"], "facts": json.loads(row["facts"])}
            for row in kept.evaluations
        ],
        "suppressions": kept.suppressions,
        "records": records,
    }
    _text(draft / "data.json", json.dumps(data, indent=2, ensure_ascii=False) + "\n")
    _text(draft / "records.jsonl", "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in records))
    _text(
        draft / "notes.txt",
        "\n".join(f"{row['written_at']}, ticket {row['ticket_id']}\n{row['text']}\n" for row in notes),
    )
    (draft / "mails").mkdir(mode=0o700)
    for number, row in enumerate(replies, 1):
        head = f"To: {row['recipient']}\nSubject: {row['subject']}\nTicket: {row['ticket_id']}\nState: {row['state']}\n"
        text = f"{head}Date: {row['sent_at'] or row['drafted_at']}\n\n{row['body']}\n{row['footer'] or ''}\n"
        _text(draft / "mails" / f"to-{number:04}.txt", text)
    for number, row in enumerate(arrivals, 1):
        head = f"From: {row['sender']}\nSubject: {row['subject']}\nTicket: {row['ticket_id'] or 'none'}\n"
        _text(draft / "mails" / f"from-{number:04}.txt", f"{head}Date: {row['arrived_at']}\n\n{row['original']}\n")
    title = f"What the support desk keeps about {kept.person}"
    about = {name: len(rows) for name, rows in (("replies", replies), ("arrivals", arrivals), ("notes", notes))}
    tickets = ", ".join(map(str, kept.tickets)) or "none"
    off = "; ".join(f"since {row['since']} ({row['reason']})" for row in kept.suppressions) or "not said"
    given = {"person": kept.person, "line": "=" * len(title), "now": now, "records": len(records)}
    _text(draft / "README.txt", _ABOUT.format(**given, **about, tickets=tickets, off=off))


def _text(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
