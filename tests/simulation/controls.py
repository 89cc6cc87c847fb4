"""Each control of the product taken away, to see whether the simulation notices."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import timedelta
from itertools import count
from typing import Any
from unittest import mock

from deskgate.desk import drafts, look
from deskgate.desk.inbox import events, handle, reconcile
from deskgate.desk.inbox.accept import Intake
from deskgate.desk.store.tables import named_queries
from deskgate.desk.zendesk import Zendesk
from deskgate.sandbox.zendesk import update

INBOX, STORE = "deskgate.desk.inbox", "deskgate.desk.store"
Patch = AbstractContextManager[Any]


def _sql(package: str, name: str, pattern: str) -> Patch:
    """The statement without that part."""
    queries = named_queries(package)
    less, times = re.subn(pattern, "", queries[name], flags=re.DOTALL)
    if times != 1:
        raise ValueError(f"{name} has no {pattern}")
    return mock.patch.dict(queries, {name: less})


def _look_up() -> list[Patch]:
    async def blind(*_given: Any) -> None:
        """Never finds anything."""

    return [mock.patch.object(Zendesk, "find_note", blind)]


def _stamp() -> list[Patch]:
    return [mock.patch.object(update, "check_stamp", return_value=None)]


def _effect_key() -> list[Patch]:
    """An effect belongs to its event, and not to what happened in the world."""
    first: dict[str, int] = {}
    intended, performed = handle.intent, handle._perform

    def own(key: str, number: int) -> str:
        return key if first.setdefault(key, number) == number else f"{key}#{number}"

    def intent(core: Any, key: str, number: int, *given: Any, **named: Any) -> Any:
        return intended(core, own(key, number), number, *given, **named)

    async def perform(core: Any, inbox: Any, event: Any, key: str, letter: Any = None) -> None:
        await performed(core, inbox, event, own(key, event.number), letter)

    return [mock.patch.object(handle, "intent", intent), mock.patch.object(handle, "_perform", perform)]


def _fence() -> list[Patch]:
    names = ("route", "release", "step_back", "renew", "finish", "postpone", "bury")
    return [_sql(INBOX, name, r" AND fence = :fence") for name in names]


def _attempt() -> list[Patch]:
    return [_sql(INBOX, "attempt_effect", r" AND version = :version")]


def _lane() -> list[Patch]:
    async def always(*_given: Any, **_named: Any) -> bool:
        return True

    return [
        _sql(INBOX, "claim", r"AND NOT EXISTS \(.*?\n        \)"),
        mock.patch.object(events.Events, "route", always),
    ]


def _unread() -> list[Patch]:
    async def at_once(*_given: Any) -> bool:
        return True

    return [mock.patch.object(events.Events, "_all_read_before", at_once)]


def _suppression() -> list[Patch]:
    return [_sql(STORE, "save_reply", r"AND NOT \(.*\n    \)")]


def _asked() -> list[Patch]:
    """Nobody looks at the list before a decision or a draft."""

    async def at_will(*_given: Any, **_named: Any) -> None:
        """Says nothing."""

    return [mock.patch.object(place, "check_not_suppressed", at_will) for place in (look, drafts)]


def _overlap() -> list[Patch]:
    return [mock.patch.object(reconcile, "OVERLAP", timedelta(0))]


def _known() -> list[Patch]:
    """Every delivery is a new event."""
    accept, add, number = Intake.accept, events.Events.add, count()

    async def accepted(intake: Any, arrival: Any) -> Any:
        object.__setattr__(arrival, "event_id", f"{arrival.event_id}#{next(number)}")
        return await accept(intake, arrival)

    async def added(inbox: Any, source: str, event_id: str, body: bytes) -> bool:
        # What the desk tells itself stays once: its event id is what it means.
        return await add(inbox, source, event_id if source == "desk" else f"{event_id}#{next(number)}", body)

    return [mock.patch.object(Intake, "accept", accepted), mock.patch.object(events.Events, "add", added)]


def _lag() -> list[Patch]:
    async def never(*_given: Any) -> bool:
        return False

    return [mock.patch.object(Zendesk, "_audits_lag", never)]


CONTROLS: dict[str, Callable[[], list[Patch]]] = {
    "look-up": _look_up,
    "stamp": _stamp,
    "effect-key": _effect_key,
    "fence": _fence,
    "attempt": _attempt,
    "lane": _lane,
    "unread": _unread,
    "suppression": _suppression,
    "asked": _asked,
    "overlap": _overlap,
    "known": _known,
    "lag": _lag,
}


@contextmanager
def without(*names: str) -> Iterator[None]:
    """The product without these controls; with all of them where no name is given."""
    with ExitStack() as taken:
        for name in names:
            for patch in CONTROLS[name]() if name else ():
                taken.enter_context(patch)
        yield
