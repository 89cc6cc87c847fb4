"""What no webhook told, found by asking.

Every few minutes MultiMail is asked which mails arrived, which are held, and what became of those that went out.
What is news goes through the same inbox as a webhook, where what was known already changes nothing.
"""

import hashlib
import json
import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import anyio

from deskgate.desk.clock import iso
from deskgate.desk.core import Core
from deskgate.desk.errors import DeskError
from deskgate.desk.inbox.accept import forget
from deskgate.desk.inbox.beginning import beginning
from deskgate.desk.inbox.events import Events
from deskgate.desk.inbox.handle import OURS
from deskgate.desk.multimail import Mail
from deskgate.desk.people import key_of
from deskgate.desk.replies import APPROVING, CANCELLING, HELD, REJECTING, SENT, Reply
from deskgate.desk.settle import settle
from deskgate.desk.store.tables import named_queries
from deskgate.desk.suppression import add, suppression_of

if TYPE_CHECKING:
    from deskgate.desk.multimail.suppression_list import Suppressed, Why

log = logging.getLogger("deskgate.reconcile")

PAGE = 100
PAGES = 50
# A mail may show up in the list after a younger one (a scan, a queue), so the mark stays this far behind.
OVERLAP = timedelta(minutes=30)
# For so long a delivered mail may still come back.
LATE_BOUNCES = timedelta(days=3)
AT_ONCE = 50
# Longer than any sender repeats itself.
BODIES_KEPT = timedelta(days=90)
TURN_SECONDS = 300
REASONS: "dict[Why, str]" = {
    "bounce": "a mail to it came back",
    "complaint": "marked a mail as spam",
    "unsubscribed": "unsubscribed",
    "unknown": "suppressed at MultiMail",
}


async def reconcile(core: Core, events: Events) -> int:
    """Ask for everything once; gives how many events were new, and 0 where another process is at it.

    Raises:
        DeskError: MultiMail could not be asked. The next round asks for the same again.
    """
    if not await _turn(core):
        return 0
    try:
        found = await _arrived(core, events)
        found += await _held(core, events)
        found += await _suppressed(core, events)
        await _gone_out(core, events)
        await _forget(core)
    finally:
        with anyio.CancelScope(shield=True):
            await core.store.write((_queries(core)["end_turn"], {}))
    return found


async def _turn(core: Core) -> bool:
    """Whether this process may do a round now: of several on one database, one at a time does."""
    queries = _queries(core)
    now = core.clock.now()
    until = iso(now + timedelta(seconds=TURN_SECONDS))
    await core.store.write((queries["first_mark"], {"name": "reconciling", "value": "", "now": iso(now)}))
    values = {"now": iso(now), "until": until}
    return await core.store.write((queries["take_turn"], values)) == 1


async def _arrived(core: Core, events: Events) -> int:
    """Inbound mails since the mark."""
    since = await beginning(core)
    mark = await _marked(core, "inbox_read")
    mails = await _listed(core, mark, since)
    found = 0
    for mail in reversed(mails):
        if await core.store.rows(_queries(core)["arrival"], email_id=mail.message_id):
            continue
        body = json.dumps({"event": "message.received", "data": {"email_id": mail.message_id}})
        found += await events.add("reconcile", f"received:{mail.message_id}", body.encode())
    settled = [mail for mail in mails if mail.created_at and mail.created_at < core.clock.now() - OVERLAP]
    if settled:
        values = {"name": "inbox_read", "value": settled[0].message_id, "now": core.now()}
        await core.store.write((_queries(core)["set_mark"], values))
    return found


async def _listed(core: Core, mark: str | None, since: datetime) -> list[Mail]:
    """Newest first; none from before this desk began to work."""
    mails: list[Mail] = []
    cursor: str | None = None
    for _ in range(PAGES):
        page = await core.outbox.inbox(limit=PAGE, since_id=mark, cursor=cursor)
        fresh = [mail for mail in page.mails if mail.created_at is None or mail.created_at >= since]
        mails += fresh
        cursor = page.cursor
        if cursor is None or len(fresh) < len(page.mails):
            return mails
    log.warning(
        "more than %d mails arrived since the last look; the oldest of them wait for the next one", PAGE * PAGES
    )
    return mails


async def _held(core: Core, events: Events) -> int:
    """Replies that wait: those that are no longer listed were decided elsewhere, the others are the policy's to see."""
    rows = await core.store.replies_in_state(HELD, APPROVING, REJECTING, CANCELLING)
    if not rows:
        return 0
    listed = {mail.message_id for mail in await (core.oversight.pending() if core.oversight else core.outbox.pending())}
    found = 0
    for reply in rows:
        if reply.message_id not in listed:
            await _settled(core, reply)
        elif core.policies is not None and reply.state == HELD:
            found += await events.add(OURS, f"pending:{reply.id}", b"{}")
    return found


async def _suppressed(core: Core, events: Events) -> int:
    """Addresses that MultiMail writes to no more, by its unsubscribe link, a complaint or a hard bounce."""
    if core.suppressed_there is None:
        return 0
    try:
        there = await core.suppressed_there()
    except DeskError as error:  # the short form has no such list, and a key may lack the scope: the rest goes on
        log.info("MultiMail's suppression list could not be read: %s", error.code)
        return 0
    found = 0
    for entry in there:
        if await suppression_of(core.store, entry.address) is None:
            found += await _left(core, events, entry)
    return found


async def _left(core: Core, events: Events, entry: "Suppressed") -> int:
    """Only who asked for it is told of on a ticket: a mail that came back, or was called spam, is told by its own event."""
    address = key_of(entry.address)
    asked = entry.why == "unsubscribed"
    rows = await core.store.rows(_queries(core)["last_mail_to"], address=address) if asked else []
    if not rows:
        reason = REASONS[entry.why]
        await core.store.tell(
            add(core.store, address, reason=reason, source="reconcile", ticket_id=None, since=core.now())
        )
        return 0
    body = json.dumps({"event": "message.unsubscribed", "data": {"email_id": rows[0]["message_id"]}})
    name = hashlib.sha256(address.encode()).hexdigest()
    return await events.add("reconcile", f"suppressed:{name}", body.encode())


async def _gone_out(core: Core, events: Events) -> None:
    """Mails that went out: did they arrive, did they come back? What follows is owed by their state."""
    for reply in (await core.store.replies_in_state(SENT))[:AT_ONCE]:
        await _settled(core, reply)
    mark = await _marked(core, "late_checked") or ""
    since = iso(core.clock.now() - LATE_BOUNCES)
    rows = await core.store.rows(_queries(core)["delivered_since"], since=since, after=mark, limit=AT_ONCE)
    for row in rows:
        await _settled(core, Reply(**row), late=True)
    last = f"{rows[-1]['sent_at']} {rows[-1]['id']}" if len(rows) == AT_ONCE else ""
    await core.store.write((_queries(core)["set_mark"], {"name": "late_checked", "value": last, "now": core.now()}))


async def _forget(core: Core) -> None:
    """Once a day: drop the bodies of events that are done for long. Their hashes stay, and with them the protection."""
    today = core.now()[:10]
    if await _marked(core, "forgot") == today:
        return
    await forget(core.store, before=iso(core.clock.now() - BODIES_KEPT))
    await core.store.write((_queries(core)["set_mark"], {"name": "forgot", "value": today, "now": core.now()}))


async def _settled(core: Core, reply: Reply, *, late: bool = False) -> None:
    try:
        await settle(core, reply, late=late)
    except DeskError as error:
        log.info("reply %s could not be looked up: %s", reply.id, error.code)


async def _marked(core: Core, name: str) -> str | None:
    found = await core.store.rows(_queries(core)["mark"], name=name)
    return str(found[0]["value"]) if found else None


def _queries(core: Core) -> dict[str, str]:
    return named_queries("deskgate.desk.inbox", core.store.dialect)
