"""What happened, as the rooms of the desk say it, before it has a place in the log. Light: everything imports this.

The rooms name facts; the journal gives them their place, and keeps a person's words beside the log.
"""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class Who:
    """Who acts. `credential` is a fingerprint, never a key; `auth` says how they showed who they are.

    `client` is the program that they came with, as it calls itself: a hint, and no proof.
    """

    kind: str
    id: str
    credential: str = ""
    auth: str = ""
    behalf: str = ""
    client: str = ""


@dataclass(frozen=True)
class Said:
    """One event. `personal` is kept beside the log, as data of `person` (an address), and can be erased."""

    ev: str
    who: Who
    obj: Mapping[str, object] = field(default_factory=dict)
    dec: Mapping[str, object] = field(default_factory=dict)
    res: Mapping[str, object] = field(default_factory=dict)
    personal: Mapping[str, str] = field(default_factory=dict, repr=False)
    person: str | None = None


@dataclass(frozen=True)
class Once:
    """Events that go on record only where a statement changes something, as one that inserts what may be there already.

    The statement is part of the same transaction and runs behind its steps. A SELECT in its place is a condition: it has
    to find a row.
    """

    step: tuple[str, dict[str, Any]]
    said: tuple[Said, ...]


# What stands in the place of the hash of a line before the first. The verifier, which imports nothing of ours, has its own.
NOTHING_BEFORE = "0" * 64

SYSTEM = Who("system", "deskgate")

FINGERPRINT_CHARS = 12


def fingerprint(secret: str) -> str:
    """By which a key is told from others in the log. Nobody gets from here to the key: keys are long and random."""
    return hashlib.sha256(f"deskgate key {secret}".encode("utf-8", "surrogatepass")).hexdigest()[:FINGERPRINT_CHARS]


_acting: ContextVar[Who] = ContextVar("acting", default=SYSTEM)
_client: ContextVar[str] = ContextVar("client", default="")


def acting() -> Who:
    """For whom this task works right now."""
    return _acting.get()


@contextmanager
def acting_as(who: Who) -> Iterator[None]:
    """Everything recorded within is this principal's doing, with the program that they came with."""
    came = who.kind in ("human", "agent") and not who.client
    token = _acting.set(replace(who, client=_client.get()) if came else who)
    try:
        yield
    finally:
        _acting.reset(token)


@contextmanager
def came_with(client: str) -> Iterator[None]:
    """Whoever acts within came with this program."""
    token = _client.set(client)
    try:
        yield
    finally:
        _client.reset(token)
