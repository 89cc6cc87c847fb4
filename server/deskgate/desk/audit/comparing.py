"""Our record beside MultiMail's: what they wrote down of mails and we did not, and the reverse."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any

from anyio import to_thread

from deskgate.desk.audit.book import Book, bytes_of
from deskgate.desk.audit.taking import archived_lines, check_archive
from deskgate.desk.audit.timeline import readable
from deskgate.desk.clock import parse_time
from deskgate.desk.errors import BadInput
from deskgate.desk.multimail.vendor_log import VendorEntry

Deeds = set[tuple[str, str]]


@dataclass(frozen=True)
class Comparison:
    """Pairs of a message's id and a deed (send, approve, reject, cancel).

    `first` is the number of the first record that was compared; `earlier` counts their entries from before it, `elsewhere`
    the mails of other mailboxes, `unknown` by their names the entries that tell of no deed of a mail that we could know.
    """

    theirs_only: list[tuple[str, str]]
    ours_only: list[tuple[str, str]]
    both: int
    first: int
    earlier: int
    elsewhere: int
    unknown: dict[str, int]

    @property
    def told(self) -> dict[str, Any]:
        """For a script."""
        return {
            "same": not self.theirs_only and not self.ours_only,
            "theirs_only": [{"message": message, "deed": deed} for message, deed in self.theirs_only],
            "ours_only": [{"message": message, "deed": deed} for message, deed in self.ours_only],
            "both": self.both,
            "from_record": self.first,
            "older_entries": self.earlier,
            "other_mailboxes": self.elsewhere,
            "not_compared": self.unknown,
        }


@dataclass
class _Theirs:
    deeds: Deeds = field(default_factory=set)
    elsewhere: set[str] = field(default_factory=set)
    unknown: Counter[str] = field(default_factory=Counter)
    earlier: int = 0


async def compare(
    book: Book, entries: AsyncIterator[VendorEntry], mailbox_id: str | None, archive: Path | None = None
) -> Comparison:
    """Read both to the end. `mailbox_id` is ours at MultiMail; `None`: their entries of all mailboxes count.

    `archive` has the records that were dropped here; without it, what is older than the kept ones is left out.

    Raises:
        BadInput: it is another archive, or nothing was dropped.
        DeskError: MultiMail's log cannot be read, or ours was changed.
    """
    start, end = await book.start(), (await book.standing()).head.size
    if archive is not None and not start.size:
        raise BadInput(
            "Nothing was dropped here, so all of our log is compared without an archive. Leave --archive out."
        )
    if archive is not None:
        await to_thread.run_sync(check_archive, archive, start)
    ours, automatic, began = await to_thread.run_sync(_ours, book, start.size, archive, end)
    theirs = _Theirs()
    async for entry in entries:
        if entry.deed is None or not entry.message_id:
            theirs.unknown[_named(entry)] += 1
            continue
        if mailbox_id and entry.mailbox and entry.mailbox != mailbox_id:
            theirs.elsewhere.add(entry.message_id)
        elif began and entry.at and entry.at < began and (entry.message_id, entry.deed) not in ours:
            theirs.earlier += 1
        else:
            theirs.deeds.add((entry.message_id, entry.deed))
    foreign = {one for one in theirs.deeds if one[0] in theirs.elsewhere}
    # What a rule lets out through the monitored mailbox is never in their queue, so they have no approval of it.
    unqueued = {(message, "approve") for message in automatic if (message, "send") in theirs.deeds}
    return Comparison(
        theirs_only=sorted(theirs.deeds - foreign - ours),
        ours_only=sorted(ours - theirs.deeds - unqueued),
        both=len(ours & theirs.deeds),
        first=start.size if archive is None else 0,
        earlier=theirs.earlier,
        elsewhere=len(theirs.elsewhere),
        unknown=dict(sorted(theirs.unknown.items())),
    )


def _named(entry: VendorEntry) -> str:
    """What kind of entry it is, in their words, on one line."""
    name = " ".join(f"{entry.action or 'no action'} of {entry.kind or 'nothing named'}".split())
    return name if entry.message_id else f"{name} without an id"


def _ours(book: Book, start: int, archive: Path | None, end: int) -> tuple[Deeds, set[str], datetime | None]:
    """What we recorded as done, the messages that a rule let out, and when what is compared of our log began."""
    deeds: Deeds = set()
    automatic: set[str] = set()
    kept = ((row["seq"], bytes_of(row["line"])) for row in book.rows("deeds_between", start, end))
    for seq, line in chain(enumerate(_archived(archive, start)), kept):
        record = readable(line, seq)
        obj = record.get("obj", {})
        message = obj.get("message")
        if not isinstance(message, str) or "reply" not in obj:
            continue
        deeds.add((message, "send"))
        deeds |= {(message, deed) for deed in _deeds(record)}
        if str(record.get("dec", {}).get("by", "")).startswith("policy:"):
            automatic.add(message)
    first = next(chain(enumerate(_archived(archive, start)), enumerate(book.lines(start, end), start)), None)
    return deeds, automatic, parse_time(readable(first[1], first[0])["ts"]) if first else None


def _archived(archive: Path | None, start: int) -> Iterator[bytes]:
    return archived_lines(archive, start) if archive is not None else iter(())


def _deeds(record: dict[str, Any]) -> Iterator[str]:
    event, verdict = record["ev"], record.get("dec", {}).get("verdict")
    if record.get("res", {}).get("status") != "done":
        return
    if event in ("email.send", "email.delivered", "email.bounced") and verdict == "approve":
        yield "approve"
    if event == "email.decide" and verdict == "reject":
        yield "reject"
    if event == "email.cancel":
        yield "cancel"
