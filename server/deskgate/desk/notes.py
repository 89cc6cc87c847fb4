"""A private note on a ticket, posted exactly once whatever the network does.

The update is conditional on the ticket's stamp and carries a marker. All tries under one stamp can land at most once; the
marker tells whether one did. The stamp is replaced only after the ticket has moved past it, because from then on no
earlier try can land any more.
"""

import logging
import uuid
from dataclasses import replace
from datetime import timedelta

from deskgate.desk.clock import iso, parse_time
from deskgate.desk.core import Core, unbroken
from deskgate.desk.digest import words_of
from deskgate.desk.drafts import checked_body
from deskgate.desk.errors import DeskError, OutcomeUnknown, TicketClosed
from deskgate.desk.people import key_of
from deskgate.desk.principals import Principal
from deskgate.desk.replies import NoteRecord
from deskgate.desk.wire import Conflict
from deskgate.desk.zendesk import Note

log = logging.getLogger("deskgate.notes")

POSTING, POSTED, FAILED = "posting", "posted", "failed"
# The same text on the same ticket within this time is the same note asked for again, not a second one.
SAME_NOTE = timedelta(hours=1)
TRIES = 3
# Stamps have a grain of one second; a second try waits longer than that, so that it cannot share the first one's second.
PAUSE_SECONDS = 1.5


async def note(core: Core, caller: Principal, ticket_id: int, text: str) -> tuple[NoteRecord, bool]:
    """Post a private note; gives the record, and whether it had been posted before this call.

    Raises:
        BadInput, TicketNotFound, TicketClosed
        OutcomeUnknown: the answer was lost and the look-up found nothing (yet); asking again is safe.
    """
    text = checked_body(text)
    words = words_of(ticket_id, text)
    async with core.alone(f"note {words}"):
        known = await core.store.note_with_words(words)
        if known is not None and known.state == POSTED and _recent(core, known):
            return known, True
        if known is None or known.state == POSTED:
            known = await _begun(core, caller, ticket_id, words, text)
            if known.state == POSTED:  # by another process, while this one read the ticket
                return known, True
            repeated = False
        else:
            repeated = True
        with unbroken():
            return await _post(core, known, look_first=repeated)
    raise OutcomeUnknown("Zendesk took too long over this note. Ask for the same note again: it is posted only once.")


def _recent(core: Core, known: NoteRecord) -> bool:
    written = parse_time(known.written_at)
    return written is not None and core.clock.now() - written < SAME_NOTE


async def _begun(core: Core, caller: Principal, ticket_id: int, words: str, text: str) -> NoteRecord:
    ticket = await core.zendesk.ticket(ticket_id)
    if ticket.status == "closed":
        raise TicketClosed(ticket_id=ticket_id)
    requester = ticket.requester.email if ticket.requester else None
    record = NoteRecord(
        id=uuid.uuid4().hex,
        ticket_id=ticket_id,
        person=key_of(requester) if requester else None,
        words=words,
        text=text,
        stamp=ticket.stamp,
        state=POSTING,
        written_by=caller.id,
        written_at=core.now(),
    )
    if await core.store.add_note(record, since=iso(core.clock.now() - SAME_NOTE)):
        return record
    known = await core.store.note_with_words(words)
    if known is not None and known.state == POSTED:
        return known
    raise _at_work()


async def _post(core: Core, record: NoteRecord, *, look_first: bool) -> tuple[NoteRecord, bool]:
    if look_first:
        found = await core.zendesk.find_note(record.ticket_id, record.id)
        if found:
            return await _posted(core, record, found), True
    doubtful = look_first
    for _ in range(TRIES):
        try:
            written = await core.zendesk.write_note(record.ticket_id, record.text, marker=record.id, stamp=record.stamp)
            return await _posted(core, record, written), False
        except (OutcomeUnknown, Conflict) as error:
            log.info("note %s: %s, looking it up", record.id, error.code)
            doubtful = True
        except DeskError:
            if not doubtful:  # an earlier try may still land, and only this row knows its marker
                await _keep(core, replace(record, state=FAILED))
            raise
        await core.clock.sleep(PAUSE_SECONDS)
        found, record = await _looked_up(core, record)
        if found:
            return await _posted(core, record, found), False
    raise OutcomeUnknown(
        "Zendesk's answers to this note were lost and it does not show on the ticket so far. Ask for the same note "
        "again in a moment: deskgate looks for it first and posts it only once.",
        ticket_id=record.ticket_id,
    )


async def _looked_up(core: Core, record: NoteRecord) -> tuple[Note | None, NoteRecord]:
    """Read the ticket, then look for the marker: what the ticket moved past before the look can no longer land."""
    try:
        ticket = await core.zendesk.ticket(record.ticket_id)
        found = await core.zendesk.landed(ticket, record.id, record.stamp)
    except DeskError as error:
        raise OutcomeUnknown(
            f"Zendesk's answer to this note was lost and looking it up failed ({error.code}). Ask for the same note "
            "again in a moment: deskgate looks for it first and posts it only once.",
            ticket_id=record.ticket_id,
        ) from error
    if found is None and ticket.stamp != record.stamp:
        record = await _keep(core, replace(record, stamp=ticket.stamp))
    return found, record


async def _posted(core: Core, record: NoteRecord, written: Note) -> NoteRecord:
    posted_at = iso(written.created_at) if written.created_at else core.now()
    posted = replace(record, state=POSTED, comment_id=written.comment_id, posted_at=posted_at)
    saved = await core.store.save_note(posted)
    # Another process may have found this very note and recorded it first.
    known = saved or await core.store.note_with_words(record.words)
    if known is None or known.id != record.id or known.state != POSTED:
        raise _at_work()
    return known


async def _keep(core: Core, record: NoteRecord) -> NoteRecord:
    saved = await core.store.save_note(record)
    if saved is None:
        raise _at_work()
    return saved


def _at_work() -> OutcomeUnknown:
    return OutcomeUnknown("Another process is posting the same note right now. Ask again in a moment.")
