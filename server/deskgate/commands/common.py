"""What several commands share."""

import argparse
import logging
from typing import TYPE_CHECKING

from deskgate.cli import complain

if TYPE_CHECKING:
    from deskgate.settings import Settings


def sentence_in(group: BaseException) -> str:
    """The sentence of the one error that such a group holds."""
    while isinstance(group, BaseExceptionGroup):
        group = group.exceptions[0]
    return getattr(group, "sentence", str(group))


def settings_of(words: argparse.Namespace, *, services: bool = True) -> "Settings | None":
    """The settings, or `None` after saying on standard error what is wrong with them.

    Without `services` neither those two nor the policy have to be set up: for what looks at the data alone.
    """
    from deskgate import settings

    try:
        found = settings.read(
            sandbox=words.sandbox,
            role=getattr(words, "role", None),
            sandbox_faults=tuple(getattr(words, "fault", ())),
            services=services,
        )
    except settings.SettingsError as error:
        complain("deskgate cannot start:")
        for fault in error.faults:
            complain(f"  - {fault}")
        complain("`deskgate settings` prints every setting with what it means. Without any account: add --sandbox.")
        return None
    try:
        settings.own_home()
    except settings.SettingsError as error:
        complain(f"deskgate cannot start: {error}")
        return None
    for notice in found.notices:
        logging.getLogger("deskgate").warning("%s", notice)
    broken = policy_faults(found) if services else []
    if broken:
        complain(f"deskgate cannot start: the policy file {found.policy} cannot be used:")
        for fault in broken:
            complain(f"  - {fault}")
        return None
    return found


def hush_pool() -> None:
    """The pool logs each connection that failed; a command's own sentence says it once for all of them."""
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)


def policy_faults(settings: "Settings") -> list[str]:
    """What is wrong with the policy file, where one is set: with a broken one nothing starts."""
    if settings.policy is None:
        return []
    from deskgate.desk.policy import PolicyError, parse

    try:
        parse(settings.policy.read_bytes())
    except OSError as error:
        return [f"The file cannot be read ({error.strerror})."]
    except PolicyError as error:
        return error.faults
    return []
