"""The audit trail's signatures while a server runs and when it leaves."""

from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

if TYPE_CHECKING:
    from deskgate.desk import Desk
    from deskgate.desk.audit.keeper import Keeper
    from deskgate.settings import Settings


def keeper_of(settings: "Settings", desk: "Desk") -> "Keeper":
    """Whoever signs for the log of this desk. The import of cryptography takes a while."""
    from deskgate.desk.audit.keeper import Keeper

    return Keeper(desk.core.store, desk.core.clock, settings.keys_folder, settings.audit_anchor)


async def sign_along(settings: "Settings", desk: "Desk") -> None:
    """Sign the records as they come, until cancelled. Only a log's very first key is made at once; nobody waits for it."""
    from deskgate.desk.store.tables import named_queries

    (head,) = await desk.core.store.rows(named_queries("deskgate.desk.audit", desk.core.store.dialect)["head"])
    await anyio.sleep(1.0 if head["size"] else 0.0)
    keeper = await anyio.to_thread.run_sync(keeper_of, settings, desk)
    from deskgate.desk.audit.keeper import keep_checkpoints

    await keep_checkpoints(keeper)


async def sign_off(settings: "Settings", desk: "Desk") -> None:
    """Cover the last records, after whatever worked on them has ended."""
    keeper = await anyio.to_thread.run_sync(keeper_of, settings, desk)
    await keeper.sign_off()
