"""Whoever asks for no more mail is heeded at once, whatever else their ticket waits for.

The ticket is told in its turn, behind what came earlier, and only while Zendesk answers. Taking the address off needs nobody
else, so it waits for nobody.
"""

from datetime import timedelta

from deskgate.desk.audit.said import Once
from deskgate.desk.clock import iso
from deskgate.desk.core import Core
from deskgate.desk.inbox.payloads import MailEvent, read_multimail
from deskgate.desk.replies import Reply
from deskgate.desk.store.tables import Row, named_queries
from deskgate.desk.suppression import add

AT_ONCE = 200
# Two processes may finish storing in another order than they began: an event can appear behind a younger one.
APPEARS_WITHIN = timedelta(seconds=5)

WISHES = {"complained": "marked a mail as spam", "unsubscribed": "unsubscribed"}


def wish(core: Core, reply: Reply, kind: str) -> Once:
    """The address of that reply gets no more mail; nothing where it is off already. `kind` is one of `WISHES`."""
    key = f"{kind}:{reply.id}"
    return add(
        core.store, reply.recipient, reason=WISHES[kind], source=key, ticket_id=reply.ticket_id, since=core.now()
    )


async def heed(core: Core, number: int) -> int:
    """Look through the open events after that number; gives the number from which to look the next time."""
    sql = named_queries(__package__, core.store.dialect)
    settled = await core.store.rows(sql["newest_settled"], settled=iso(core.clock.now() - APPEARS_WITHIN))
    looked, full = number, True
    while full:
        rows = await core.store.rows(sql["perhaps_wishes"], number=looked, limit=AT_ONCE)
        for row in rows:
            await _heed(core, row)
        looked, full = max([looked, *(row["number"] for row in rows)]), len(rows) == AT_ONCE
    return max([number, *(int(row["number"]) for row in settled)])


async def _heed(core: Core, row: Row) -> None:
    word = read_multimail(bytes(row["body"]))
    if not isinstance(word, MailEvent) or word.kind not in WISHES:
        return
    reply = await core.store.reply_of_message(word.email_id or "")
    if reply is not None:
        await core.store.tell(wish(core, reply, word.kind))
