"""The newest checkpoint of the audit trail as a private note on a ticket that the operator chose, once a day.

What stands on that ticket is out of reach of whoever gets hold of the log and its key. The day is part of the effect's key,
so any number of processes put one note on it.
"""

from deskgate.desk.audit.said import Said, acting
from deskgate.desk.core import Core
from deskgate.desk.errors import BadInput
from deskgate.desk.inbox.arriving import lane_of
from deskgate.desk.inbox.effects import Change, done, effect_of, intent, perform
from deskgate.desk.inbox.events import Event, Events
from deskgate.desk.store.tables import Row, named_queries

PREFIX = "anchor:"


async def due(core: Core) -> str | None:
    """The event that is owed: none before the first checkpoint, twice a day (UTC), or where nothing else happened since."""
    if core.anchor_ticket is None:
        return None
    today = PREFIX + core.now()[:10]
    asked = {"event_id": today, "ticket_id": core.anchor_ticket}
    found = await core.store.rows(named_queries(__package__, core.store.dialect)["anchor_due"], **asked)
    return today if found else None


async def anchor(core: Core, events: Events, event: Event) -> None:
    """Put it there. Raises as `handle` does.

    Raises:
        BadInput: the ticket is closed.
    """
    ticket_id = core.anchor_ticket
    if ticket_id is None:
        await events.finish(event, remark="no ticket is chosen any more")
        return
    if not await events.route(event, await lane_of(core, ticket_id)):
        return
    if (await core.zendesk.ticket(ticket_id)).status == "closed":
        raise BadInput(
            f"Ticket {ticket_id} of DESKGATE_AUDIT_TICKET is closed and takes no note. Name an open one, start deskgate "
            "again, and replay this event."
        )
    (newest,) = await core.store.rows(named_queries("deskgate.desk.audit", core.store.dialect)["newest_checkpoint"])
    owed = intent(core, event.event_id, event.number, ticket_id, Change(_text(newest)), _said(ticket_id, newest))
    await events.keep(event, said=[owed])
    effect = await effect_of(core, event.event_id)
    if effect is None:
        raise BadInput(f"The effect {event.event_id} is not on record.")
    await events.finish(event, said=[done(core, await perform(core, effect))])


def _text(newest: Row) -> str:
    note = bytes(newest["note"]).decode()
    origin = note.partition("\n")[0]
    return (
        f"Checkpoint of deskgate's audit trail over {newest['size']} records, signed {newest['signed_at']}. Leave it here: "
        f"nobody can change those records any more without it showing.\n\n{note}\n"
        f"To check: copy the lines from {origin} down to the one that begins with a dash into a file, the empty one among "
        "them, and run `deskgate audit verify DIR --anchor FILE`."
    )


def _said(ticket_id: int, newest: Row) -> Said:
    root = bytes(newest["note"]).decode().split("\n")[2]
    return Said("checkpoint.anchor", acting(), {"ticket": ticket_id}, {"size": newest["size"], "root": root})
