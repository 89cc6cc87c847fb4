"""One line of a check-up."""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Literal, TypeVar

from deskgate.desk.errors import DeskError
from deskgate.desk.text import clean
from deskgate.desk.wire import Denied

T = TypeVar("T")
State = Literal["ok", "warning", "fault"]

OK: State = "ok"
WARNING: State = "warning"
FAULT: State = "fault"

AGAIN = "Try again in a few minutes."


@dataclass(frozen=True)
class Check:
    """What was looked at and what was found. `todo` says what to do where it is not simply good."""

    name: str
    state: State
    text: str
    todo: str | None = None


async def attempt(asking: Awaitable[T]) -> T | DeskError:
    """What a service answers, or why it does not: a check-up goes on either way."""
    try:
        return await asking
    except DeskError as error:
        return error


def plain(text: str, limit: int = 120) -> str:
    """Somebody else's words on one line of a terminal, without anything that a terminal would act on."""
    return " ".join(clean(text).split())[:limit]


def failed(name: str, error: DeskError, todo: str = AGAIN) -> Check:
    """A check that could not be made, in the error's own sentence."""
    return Check(name, FAULT, error.sentence, todo)


def refused(name: str, error: Denied, scope: str, todo: str) -> Check:
    """A MultiMail key that is not taken, or a gateway in front of MultiMail, which is not about the key."""
    if error.from_gateway:
        text = (
            f"A gateway in front of MultiMail refused the request ({error.status}), so the key was not even looked at."
        )
        return Check(name, FAULT, text, AGAIN)
    text = f"MultiMail refuses it ({error.status}): it is wrong, revoked, or lacks the scope {scope}."
    return Check(name, FAULT, text, todo)


def unchecked(name: str, why: str) -> Check:
    """A check that could not be made because of a fault that another line names."""
    return Check(name, WARNING, f"Not checked, because {why}.")
