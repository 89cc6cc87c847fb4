"""`deskgate policy test`: what the policy would say about a ticket, step by step."""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from deskgate.cli import complain, say

if TYPE_CHECKING:
    import httpx

    from deskgate.desk.clock import Clock
    from deskgate.desk.policy.trial import Trial
    from deskgate.settings import Settings


def run(words: argparse.Namespace) -> int:
    """0 after an explanation, 1 where the ticket could not be read, 2 where there is no usable policy or text."""
    import anyio

    from deskgate.commands.common import settings_of
    from deskgate.desk.errors import DeskError
    from deskgate.desk.policy import PolicyError

    settings = settings_of(words)
    if settings is None:
        return 2
    if words.policy:
        settings = replace(settings, policy=Path(words.policy).expanduser().absolute())
    if settings.policy is None:
        complain(
            "No policy is set, so every reply is held for a person. Set DESKGATE_POLICY, or name a file: --policy."
        )
        return 2
    try:
        body = words.body if words.body_file is None else Path(words.body_file).read_text("utf-8")
        found = anyio.run(explained, settings, words.ticket, body)
    except (OSError, UnicodeDecodeError) as error:
        complain(f"The text cannot be read ({error}).")
        return 2
    except PolicyError as error:
        complain(f"{settings.policy} cannot be used:")
        for fault in error.faults:
            complain(f"  - {fault}")
        return 2
    except DeskError as error:
        complain(error.sentence)
        return 1
    say(json.dumps(found.dump(), indent=2) if words.json else "\n".join(found.lines()))
    return 0


async def explained(
    settings: "Settings",
    ticket_id: int,
    body: str | None,
    *,
    clock: "Clock | None" = None,
    transport: "httpx.AsyncBaseTransport | None" = None,
) -> "Trial":
    """The reasoning for one ticket under the policy that the settings name.

    Raises:
        PolicyError: the file cannot be used.
        DeskError: the ticket cannot be read.
    """
    from deskgate.app import open_desk
    from deskgate.desk.drafts import checked_body
    from deskgate.desk.errors import BadInput
    from deskgate.desk.policy.trial import trial

    text = None if body is None else checked_body(body)
    async with open_desk(settings, clock=clock, transport=transport) as desk:
        policies = desk.core.policies
        if policies is None:
            raise BadInput("No policy is set (DESKGATE_POLICY).")
        return await trial(desk.core, await policies.holder.current(), policies.gatherer, ticket_id, text)
