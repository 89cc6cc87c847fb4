"""Everything about one person in one folder: the answer to their access request.

Texts of ours name the people who wrote and approved; these names, what others wrote on the person's tickets, and why a
legal hold was set or released stay out.
"""

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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
No more mail to you: {off}

The help desk itself (Zendesk) and the mail service (MultiMail) keep tickets and mails of their own; ask for those as well.
Names of the people who answered, and mails of others on your tickets, are left out: they are theirs.
"""
_REPLY = (
    *("id", "ticket_id", "message_id", "thread_id", "mailbox", "recipient", "subject", "body", "footer", "state"),
    *("drafted_at", "decided_at", "reason", "sent_at", "delivered_at", "bounced_at", "bounce_type"),
)
_NOTE = ("ticket_id", "text", "state", "written_at", "comment_id")
_LEFT_OUT = "(name left out)"
_PEOPLE = ("human", "agent")
_RULE = "policy:"


@dataclass(frozen=True)
class _Answer:
    """What the folder holds, without names of ours and mails of others."""

    person: str
    tickets: tuple[int, ...]
    replies: list[Row]
    tickets_shown: list[Row]
    arrivals: list[Row]
    notes: list[Row]
    ticket_changes: list[Row]
    automatic_judgements: list[Row]
    suppressions: list[Row]
    records: list[Row]

    @property
    def written(self) -> list[tuple[str, int, str]]:
        """Our notes on the tickets, oldest first: those that an agent asked for, and those that deskgate wrote itself."""
        asked = [(row["written_at"], row["ticket_id"], row["text"]) for row in self.notes]
        own = [(row["at"], row["ticket_id"], row["plan"]["text"]) for row in self.ticket_changes if _is_note(row)]
        return sorted(asked + own)

    @property
    def counts(self) -> dict[str, int]:
        """How much there is of each kind, as README.txt and the record say it."""
        return {
            "replies": len(self.replies),
            "arrivals": len(self.arrivals),
            "notes": len(self.written),
            "records": len(self.records),
        }


async def subject_export(store: Store, person: str, folder: Path, who: Who, now: str) -> dict[str, int]:
    """Record that it is asked for, and write the folder; gives how much of each kind it holds.

    Raises:
        BadInput: the folder is there already, or nothing is kept about this address.
        OSError: it cannot be written.
    """
    if await to_thread.run_sync(os.path.lexists, folder):
        raise BadInput(f"{folder} is there already. Name a new folder.")
    book = Book(store)
    kept = await kept_about(book, person)
    if not any(kept.counts.values()):
        raise BadInput("Nothing is kept here about this address. Look at the spelling, and ask Zendesk for the ticket.")
    answer = _answer(kept, [(row, await _record(book, row["seq"])) for row in _about(kept, kept.personal)])
    said = Said("export.subject", who, res={"rows": answer.counts}, personal={"requester": person}, person=person)
    await store.write((book.sql["lock_head"], {}), said=[said])
    await to_thread.run_sync(_write, folder, answer, now)
    return answer.counts


async def _record(book: Book, seq: int) -> dict[str, Any]:
    """The record of that number; nothing of it where it was archived and dropped."""
    found = await book.ask("records_between", seq=seq, end=seq + 1, limit=1)
    return read_record(bytes(found[0]["line"])) if found else {}


def _answer(kept: Kept, records: list[tuple[Row, dict[str, Any]]]) -> _Answer:
    unnamed = _Unnamed(_names(kept, (record for _, record in records)))
    return _Answer(
        kept.person,
        kept.tickets,
        [{name: row[name] for name in _REPLY} | {"reason": unnamed.text(row["reason"])} for row in kept.replies],
        [json.loads(row["seen"]) for row in kept.views],
        _theirs(kept, kept.arrivals),
        [{name: row[name] for name in _NOTE} | {"text": unnamed.text(row["text"])} for row in _about(kept, kept.notes)],
        [_change(row, unnamed) for row in _theirs(kept, kept.effects)],
        [
            {"at": row["evaluated_at"], "outcome": row["outcome"], "facts": json.loads(row["facts"])}
            for row in _about(kept, kept.evaluations)
        ],
        [row | {name: unnamed.text(row[name]) for name in ("reason", "source")} for row in kept.suppressions],
        [_told(row, record, unnamed) for row, record in records],
    )


def _theirs(kept: Kept, rows: list[Row]) -> list[Row]:
    """Without what others wrote, or were written, on the same tickets."""
    return [row for row in rows if row["person"] == kept.person]


def _about(kept: Kept, rows: list[Row]) -> list[Row]:
    """Without what is known to be about another one, who was the ticket's requester before or after."""
    return [row for row in rows if row["person"] in (kept.person, None)]


def _change(row: Row, unnamed: "_Unnamed") -> dict[str, Any]:
    plan = json.loads(row["plan"])
    plan["text"] = unnamed.head(plan["text"])
    return {
        "key": row["key"],
        "ticket_id": row["ticket_id"],
        "at": row["begun_at"],
        "state": row["state"],
        "plan": plan,
    }


def _is_note(change: Mapping[str, Any]) -> bool:
    return bool(change["state"] == "done" and change["plan"]["text"])


def _told(row: Row, record: dict[str, Any], unnamed: "_Unnamed") -> dict[str, Any]:
    data = json.loads(row["text"])
    hide = unnamed.head if record.get("ev") == "ticket.write" else unnamed.text
    data |= {name: hide(data[name]) for name in ("note", "reason") if name in data}
    if "requester" in data:
        # A legal hold, also where its record was archived and dropped: why it was set is not for the person.
        data.pop("reason", None)
    return {"seq": row["seq"], "data": data} | {
        name: record[name] for name in ("ts", "ev", "obj", "res") if name in record
    }


def _names(kept: Kept, records: Iterable[dict[str, Any]]) -> set[str]:
    """How the people on our side are called in the rows and records; the name of a rule is nobody's."""
    found = {row[name] for row in kept.replies for name in ("drafted_by", "decided_by")}
    found |= {row["written_by"] for row in kept.notes} | {row["source"] for row in kept.suppressions if _by_hand(row)}
    actors = [record["actor"] for record in records if record]
    found |= {one.get(name) for one in actors if one["kind"] in _PEOPLE for name in ("id", "behalf")}
    full = {one for one in found if one and not one.startswith(_RULE)}
    return full | {one.partition(":")[2] for one in full if ":" in one} - {""}


def _by_hand(suppression: Row) -> bool:
    return bool(suppression["source"].startswith("operator:"))


class _Unnamed:
    """Takes names out of texts of ours."""

    def __init__(self, names: set[str]) -> None:
        longest_first = "|".join(re.escape(one) for one in sorted(names, key=len, reverse=True))
        self._names = re.compile(rf"(?<!\w)(?:{longest_first})(?!\w)", re.IGNORECASE) if names else None

    def text(self, text: str | None) -> str | None:
        """All of it is ours."""
        return self._names.sub(_LEFT_OUT, text) if self._names and text else text

    def head(self, text: str) -> str:
        """What is ours stands above the first empty line; below it is a mail that the person has, or wrote."""
        first, gap, mail = text.partition("\n\n")
        return f"{self.text(first)}{gap}{mail}"


def _write(folder: Path, answer: _Answer, now: str) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        _fill(draft, answer, now)
        draft.rename(folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def _fill(draft: Path, answer: _Answer, now: str) -> None:
    data = {"person": answer.person, "made_at": now} | vars(answer)
    _text(draft / "data.json", json.dumps(data, indent=2, ensure_ascii=False) + "\n")
    _text(draft / "records.jsonl", "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in answer.records))
    _text(draft / "notes.txt", "\n".join(f"{at}, ticket {ticket}\n{text}\n" for at, ticket, text in answer.written))
    (draft / "mails").mkdir(mode=0o700)
    for number, row in enumerate(answer.replies, 1):
        head = f"To: {row['recipient']}\nSubject: {row['subject']}\nTicket: {row['ticket_id']}\nState: {row['state']}\n"
        text = f"{head}Date: {row['sent_at'] or row['drafted_at']}\n\n{row['body']}\n{row['footer'] or ''}\n"
        _text(draft / "mails" / f"to-{number:04}.txt", text)
    for number, row in enumerate(answer.arrivals, 1):
        head = f"From: {row['sender']}\nSubject: {row['subject']}\nTicket: {row['ticket_id'] or 'none'}\n"
        _text(draft / "mails" / f"from-{number:04}.txt", f"{head}Date: {row['arrived_at']}\n\n{row['original']}\n")
    title = f"What the support desk keeps about {answer.person}"
    tickets = ", ".join(map(str, answer.tickets)) or "none"
    off = "; ".join(map(_off, answer.suppressions)) or "not said"
    given = {"person": answer.person, "line": "=" * len(title), "now": now, "tickets": tickets, "off": off}
    _text(draft / "README.txt", _ABOUT.format(**given, **answer.counts))


def _off(row: Row) -> str:
    if row["ended_at"]:
        return f"no longer; it was so from {row['since']} to {row['ended_at']} ({row['reason']})"
    return f"since {row['since']} ({row['reason']})"


def _text(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
