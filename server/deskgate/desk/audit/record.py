"""The record of one event, and the canonical line that is hashed."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from deskgate.desk.audit.clean import Cleaner, canonical
from deskgate.desk.audit.commitments import Sealed
from deskgate.desk.audit.said import NOTHING_BEFORE
from deskgate.desk.audit.tree import Frontier, leaf_hash

VERSION = 1

# The whole flow. A new kind of event is a new word here and in docs/audit.md; the verifier needs no change for it.
Event = Literal[
    "log.start",
    "draft.create",
    "draft.edit",
    "draft.refuse",
    "policy.eval",
    "email.pending",
    "email.show",
    "question.ask",
    "question.answer",
    "email.decide",
    "email.send",
    "email.cancel",
    "email.delivered",
    "email.bounced",
    "email.complained",
    "email.received",
    "ticket.read",
    "ticket.write",
    "note.write",
    "suppress.add",
    "suppress.remove",
    "webhook.accept",
    "webhook.reject",
    "key.use",
    "key.rotate",
    "config.change",
    "checkpoint.anchor",
    "export",
    "export.subject",
    "erase",
    "hold.set",
    "hold.release",
    "archive",
    "reviewer.invite",
    "reviewer.enter",
    "reviewer.leave",
    "reviewer.revoke",
    "token.new",
    "token.revoke",
]
EVENTS: tuple[str, ...] = get_args(Event)
Kind = Literal["human", "agent", "policy", "system"]


@dataclass(frozen=True)
class Actor:
    """Who did it. `credential` is a fingerprint, never the key; `auth` says how they showed who they are."""

    kind: Kind
    id: str
    credential: str = ""
    auth: str = ""
    behalf: str = ""
    client: str = ""


@dataclass(frozen=True)
class Entry:
    """An event before it has its place. The names within `obj`, `dec` and `res` are listed in docs/audit.md.

    No words of a customer or of a mail belong here, and no address: they are sealed (`commitments.seal`).
    """

    ev: Event
    actor: Actor
    obj: Mapping[str, object] = field(default_factory=dict)
    dec: Mapping[str, object] = field(default_factory=dict)
    res: Mapping[str, object] = field(default_factory=dict)
    pii: Sealed | None = None


@dataclass(frozen=True)
class Record:
    """An event in its place in the log; see `Entry`. `ts` is UTC with microseconds, `prev` the hash of the line before."""

    v: int
    log: str
    seq: int
    ts: str
    ev: str
    actor: Mapping[str, Any]
    obj: Mapping[str, Any]
    dec: Mapping[str, Any]
    res: Mapping[str, Any]
    pii: Mapping[str, str]
    prev: str

    def line(self) -> bytes:
        """The canonical line (RFC 8785), without a newline: exactly what is hashed. Empty parts are left out."""
        members = {name: value for name, value in vars(self).items() if value != {}}
        return canonical(members)


@dataclass(frozen=True)
class Head:
    """Where the log stands: all that the next record needs. It fits into one row."""

    log: str
    size: int = 0
    prev: str = NOTHING_BEFORE
    ts: str = ""
    frontier: Frontier = field(default_factory=Frontier)

    @property
    def root(self) -> bytes:
        """The root over all records so far."""
        return self.frontier.root()


@dataclass(frozen=True)
class Appended:
    """A record in its place: its number, its line, the line's SHA-256 (the next record's `prev`), and the new head."""

    seq: int
    line: bytes
    hash: str
    head: Head


def append(head: Head, entry: Entry, now: datetime) -> Appended:
    """Give the entry its place after `head`. Whatever the entry holds, this gives a line.

    Raises:
        ValueError: the kind of event is not one of `Event`, which no input from outside can bring about.
    """
    if entry.ev not in EVENTS:
        raise ValueError(f"no such event: {entry.ev}")
    ts = max(stamp(now), head.ts)
    line = _cleaned(entry, head, ts).line()
    digest = hashlib.sha256(line).hexdigest()
    frontier = head.frontier.append(leaf_hash(line))
    return Appended(head.size, line, digest, Head(head.log, head.size + 1, digest, ts, frontier))


def _cleaned(entry: Entry, head: Head, ts: str) -> Record:
    cleaner = Cleaner()
    return Record(
        v=VERSION,
        log=head.log,
        seq=head.size,
        ts=ts,
        ev=entry.ev,
        actor=cleaner.members({name: value for name, value in vars(entry.actor).items() if value}),
        obj=cleaner.members(entry.obj),
        res=cleaner.members(entry.res),
        dec=cleaner.members(entry.dec),
        pii={"row": entry.pii.row, "commitment": entry.pii.commitment} if entry.pii else {},
        prev=head.prev,
    )


def stamp(moment: datetime) -> str:
    """A time as records write it: `2026-01-28T08:45:00.000000Z`."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
