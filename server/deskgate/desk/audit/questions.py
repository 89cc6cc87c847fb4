"""Whether a question in the chat is still open, by the log: it has no other memory."""

import json

from deskgate.desk.audit.said import Said
from deskgate.desk.store import Store
from deskgate.desk.store.tables import named_queries

NEWEST = 50
ABOUT_QUESTIONS = ("question.ask", "question.answer")


async def is_open(store: Store, asked: Said) -> bool:
    """Whether the newest word about this reply's questions is this very question, to the same principal."""
    sql = named_queries(__package__, store.dialect)["of_reply"]
    rows = await store.rows(sql, reply_id=asked.obj["reply"], limit=NEWEST)
    records = (json.loads(bytes(row["line"])) for row in rows)
    last = next((record for record in records if record["ev"] in ABOUT_QUESTIONS), None)
    if last is None or last["ev"] != asked.ev:
        return False
    return bool(last["actor"]["id"] == asked.who.id and last["dec"] == dict(asked.dec))
