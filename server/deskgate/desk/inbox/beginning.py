"""Since when what happens is this desk's to put on tickets: an account may have been at work for years before it."""

from datetime import datetime, timedelta

from deskgate.desk.clock import parse_time
from deskgate.desk.core import Core
from deskgate.desk.store.tables import named_queries

MARK = "effects_since"
# By how much the clocks of others, and of our processes, may be behind.
CLOCKS_DIFFER = timedelta(minutes=10)


async def beginning(core: Core) -> datetime:
    """Since the first reply was drafted on this database, or since this was first asked, where that was earlier.

    A reply may be answered before any process of ours looks for answers.
    """
    queries = named_queries(__package__, core.store.dialect)
    found = await core.store.rows(queries["mark"], name=MARK)
    if not found:
        await core.store.write((queries["begin"], {"name": MARK, "now": core.now()}))
        found = await core.store.rows(queries["mark"], name=MARK)
    return (parse_time(found[0]["value"]) or core.clock.now()) - CLOCKS_DIFFER
