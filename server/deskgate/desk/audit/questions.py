"""Whether a question in the chat is still open, by the log: it has no other memory."""

import json

from deskgate.desk.audit.said import Said
from deskgate.desk.store import Store
from deskgate.desk.store.tables import named_queries


async def is_open(store: Store, asked: Said) -> bool:
    """Whether the newest word about this reply's questions is this very question, to the same principal."""
    sql = named_queries(__package__, store.dialect)["newest_about_question"]
    rows = await store.rows(sql, reply_id=asked.obj["reply"])
    if not rows:
        return False
    last = json.loads(bytes(rows[0]["line"]))
    return (last["ev"], last["actor"]["id"], last["dec"]) == (asked.ev, asked.who.id, dict(asked.dec))
