"""Whoever asks for no more mail is heeded at once, whatever else their ticket waits for.

The ticket is told in its turn, behind what came earlier, and only while Zendesk answers. Taking the address off needs nobody
else, so it waits for nobody.
"""

from datetime import timedelta

from deskgate.desk.audit.said import Once
from deskgate.desk.clock import iso
from deskgate.desk.core import Core
from deskgate.desk.inbox.payloads import MailEvent, read_multimail
from deskgate.desk.people import key_of
from deskgate.desk.replies import HELD, UNDERWAY, Reply
from deskgate.desk.store import hashed
from deskgate.desk.store.tables import Row, named_queries
from deskgate.desk.suppression import add

AT_ONCE = 200
# Two processes may finish storing in another order than they began: an event can appear behind a younger one.
APPEARS_WITHIN = timedelta(seconds=5)

WISHES = {"complained": "marked a mail as spam", "unsubscribed": "unsubscribed"}


def wish(core: Core, reply: Reply, kind: str) -> Once | None:
    """The address of that reply gets no more mail; nothing where it is off already. `kind` is one of `WISHES`.

    `None` where the recipient was erased and not even the hash of their address is known.
    """
    address = reply.erased_hash if reply.erased else reply.recipient
    if address is None:
        return None
    key = f"{kind}:{reply.id}"
    return add(core.store, address, reason=WISHES[kind], source=key, ticket_id=reply.ticket_id, since=core.now())


async def written_to(core: Core, reply: Reply) -> set[str]:
    """To which addresses mails may wait whose recipient is that reply's; an erased one may have been written to again."""
    if not reply.erased:
        return {reply.recipient}
    waiting = await core.store.replies_in_state(HELD, *UNDERWAY)
    return {one.recipient for one in waiting if hashed(key_of(one.recipient)) == reply.erased_hash}


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
    wished = wish(core, reply, word.kind) if reply is not None else None
    if wished is not None:
        await core.store.tell(wished)
