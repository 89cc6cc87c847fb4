"""What several commands share."""

import argparse
import logging
from typing import TYPE_CHECKING

from deskgate.cli import complain

if TYPE_CHECKING:
    from deskgate.settings import Settings


def settings_of(words: argparse.Namespace) -> "Settings | None":
    """The settings, or `None` after saying on standard error what is wrong with them."""
    from deskgate import settings

    try:
        found = settings.read(
            sandbox=words.sandbox, role=getattr(words, "role", None), sandbox_faults=tuple(getattr(words, "fault", ()))
        )
    except settings.SettingsError as error:
        complain("deskgate cannot start:")
        for fault in error.faults:
            complain(f"  - {fault}")
        complain("All settings are in .env.example. Without any account: add --sandbox.")
        return None
    for notice in found.notices:
        logging.getLogger("deskgate").warning("%s", notice)
    return found
