"""`deskgate audit compare`: our record beside MultiMail's own log."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from deskgate.commands.terminal import Line
from deskgate.desk.text import label

if TYPE_CHECKING:
    import httpx

    from deskgate.commands.audit import Office
    from deskgate.desk.wire import Wire


async def compare(office: "Office", transport: "httpx.AsyncBaseTransport | None" = None) -> int:
    """0 where both say the same, 1 where not, or where MultiMail's log cannot be read."""
    from deskgate.desk.audit.comparing import compare as compared
    from deskgate.desk.multimail.administration import Administration
    from deskgate.desk.multimail.vendor_log import vendor_entries

    terminal, multimail = office.terminal, office.settings.multimail
    if not multimail.admin_token:
        terminal.complain("MULTIMAIL_ADMIN_TOKEN is missing: only a key with the scope admin reads MultiMail's log.")
        return 2
    async with _wire(office, transport) as wire:
        mailbox = await Administration(wire, multimail.api).mailbox(multimail.mailbox)
        found = await compared(
            office.keeper.book, vendor_entries(wire), mailbox.id if mailbox else None, office.words.archive
        )
    if found.first:
        folder = (await office.keeper.book.start()).folder
        terminal.complain(
            f"Records before number {found.first} were archived to {folder} and dropped here. They were not compared, nor "
            "was what MultiMail has from before. Name that folder with --archive."
        )
    if office.words.json:
        terminal.give(json.dumps(found.told, indent=2))
        return 1 if found.theirs_only or found.ours_only else 0
    lines = [f"MultiMail has this and we do not: {deed} of {label(message)}" for message, deed in found.theirs_only]
    lines += [f"We have this and MultiMail does not: {deed} of {message}" for message, deed in found.ours_only]
    lines.append(f"{found.both} deeds stand in both logs.")
    if found.earlier:
        ours = f"our record {found.first}" if found.first else "our log"
        lines.append(f"{found.earlier} of MultiMail's entries are older than {ours} and were left out.")
    if found.elsewhere:
        lines.append(f"{found.elsewhere} mails of other mailboxes were left out.")
    if found.unknown:
        names = ", ".join(f"{name} ({number})" for name, number in found.unknown.items())
        lines.append(
            f"{sum(found.unknown.values())} of MultiMail's entries tell of nothing that we could compare: {names}."
        )
    terminal.show([Line(line) for line in lines], terminal.stdout)
    return 1 if found.theirs_only or found.ours_only else 0


@asynccontextmanager
async def _wire(office: "Office", transport: "httpx.AsyncBaseTransport | None") -> "AsyncIterator[Wire]":
    from deskgate.desk.credentials import FixedCredential
    from deskgate.desk.wire import Wire

    settings = office.settings
    if transport is None and settings.sandbox:
        from deskgate.sandbox.transport import SandboxTransport
        from deskgate.sandbox.world import World

        transport = SandboxTransport(World.open(settings.sandbox_folder))
    key = FixedCredential(f"Bearer {settings.multimail.admin_token}")
    wire = Wire("MultiMail", settings.multimail.base_url, key, office.clock, transport=transport)
    try:
        yield wire
    finally:
        await wire.aclose()
