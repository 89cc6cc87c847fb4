"""Writing to a ticket so that it happens once and proves itself.

A ticket update takes no idempotency key. What makes a note exact instead: `safe_update` with the stamp of the read that
led to it, so that of all attempts at most one lands; and a marker in the update's metadata, which Zendesk gives back in
the ticket's audits as `metadata.custom`, so that a lost answer can be looked up.
"""

import json
import logging
from collections.abc import Iterable
from typing import Any

from deskgate.desk.errors import BadInput, DeskError, OutcomeUnknown, TicketClosed, UpstreamUnavailable
from deskgate.desk.wire import Again, Answer, Missing, Rejected, Wire
from deskgate.desk.zendesk import reading
from deskgate.desk.zendesk.models import Audit, AuditEvent, Note
from deskgate.desk.zendesk.paths import absent, api_path, ticket_path
from deskgate.desk.zendesk.search import tag_name

log = logging.getLogger("deskgate.zendesk")

MARKER = "deskgate_effect"
# Zendesk keeps about 64 KB per comment; counted in bytes because it does not say which it counts.
LONGEST_NOTE_BYTES = 65_000


async def put_note(
    wire: Wire,
    ticket_id: int,
    text: str,
    *,
    marker: str,
    stamp: str,
    status: str | None = None,
    tags: Iterable[str] | None = None,
) -> Note:
    """One private note in one request, with what else changes beside it; see `Zendesk.write_note`."""
    update: dict[str, Any] = {
        # `public` is true when it is left out, and the value sticks to later comments: it is always said.
        "comment": {"body": _note_text(text), "public": False},
        "metadata": {MARKER: marker},
        # An absent key is what makes an update unsafe; even `false` means safe.
        "safe_update": True,
        "updated_stamp": stamp,
    }
    if status is not None:
        update["status"] = status
    if tags is not None:
        update["tags"] = list(dict.fromkeys(tags))
    if not stamp:
        raise UpstreamUnavailable("Zendesk did not say when the ticket last changed, so no note can be guarded.")
    try:
        answer = await _change(wire, "PUT", ticket_id, (), {"ticket": update}, Again.UNAPPLIED)
    except OutcomeUnknown:
        raise _unproven(ticket_id, "the answer to a private note was lost") from None
    return _proof(answer, ticket_id, text)


async def post_follow_up(
    wire: Wire, closed_id: int, requester_id: int, subject: str, text: str, *, marker: str, tags: Iterable[str]
) -> int:
    """A ticket that continues a closed one; see `Zendesk.follow_up`."""
    ticket = {
        "via_followup_source_id": closed_id,
        "requester_id": requester_id,
        "subject": subject,
        "comment": {"body": _note_text(text), "public": False},
        "status": "open",
        "tags": list(dict.fromkeys(tags)),
        "metadata": {MARKER: marker},
    }
    # The one write for which Zendesk takes a key, so a repeat is answered with the ticket of the first time.
    answer = await wire.call(
        "POST", api_path("tickets"), again=Again.KEYED, body={"ticket": ticket}, headers={"Idempotency-Key": marker}
    )
    made = reading.number(reading.one(answer.data, "ticket").get("id"))
    if not made:
        raise _unproven(closed_id, "Zendesk took a follow-up ticket and does not say its number")
    return made


def noted(audit: Audit, ticket_id: int, text: str | None = None) -> Note:
    """The note that an audit of ours holds; the comment with that text where an automation added others.

    Raises:
        OutcomeUnknown: the audit shows no comment.
    """
    found = [event for event in audit.events if event.comment_id and event.public is not None]
    found.sort(key=lambda event: not _same(event, text))
    if not found or audit.ticket_id not in {None, ticket_id}:
        raise _unproven(ticket_id, "Zendesk took a private note but does not show it")
    event = found[0]
    when = audit.created_at if audit.created_at != reading.NO_TIME else None
    return Note(event.comment_id or 0, audit.id, ticket_id, event.public is not False, when)


async def put_tags(wire: Wire, ticket_id: int, tags: list[str], *, present: bool) -> tuple[str, ...]:
    """Add tags (`present`) or remove them; the ticket's tags afterwards.

    Adding and removing are set operations at Zendesk's side, so a repeat changes nothing.
    """
    wanted = {tag_name(tag): None for tag in tags}
    if not wanted:
        raise BadInput("No tag was given.")
    method = "PUT" if present else "DELETE"
    answer = await _change(wire, method, ticket_id, ("tags",), {"tags": list(wanted)}, Again.KEYED)
    after = answer.data.get("tags") if isinstance(answer.data, dict) else None
    if not isinstance(after, list):
        raise OutcomeUnknown(
            f"Zendesk took a change of tags on ticket {ticket_id} and does not show the result. Look at its tags.",
            ticket_id=ticket_id,
        )
    there = reading.tags(after)
    if any((tag in {name.lower() for name in there}) is not present for tag in wanted):
        done = "added" if present else "removed"
        raise UpstreamUnavailable(f"Zendesk accepted the tags but has not {done} them.", ticket_id=ticket_id)
    return there


async def _change(
    wire: Wire, method: str, ticket_id: int, parts: tuple[str, ...], body: dict[str, Any], again: Again
) -> Answer:
    try:
        answer = await wire.call(method, ticket_path(ticket_id, *parts), again=again, body=body)
    except Missing as error:
        raise absent(error, ticket_id) from None
    except Rejected as error:
        raise await _refused(wire, ticket_id, error) from None
    ignored = answer.headers.get("x-zendesk-api-warn")
    if ignored:
        log.warning("Zendesk ignored a part of an update: %.200r", ignored)
    return answer


async def _refused(wire: Wire, ticket_id: int, error: Rejected) -> DeskError:
    """A closed ticket refuses every update, under the key `status` or `base`, in the language of the account."""
    details = _details(error.text)
    said = [details[key] for key in ("status", "base") if key in details]
    if not said:
        return error
    if "closed" not in json.dumps(said).lower():
        answer = await wire.call("GET", ticket_path(ticket_id), again=Again.READ)
        if reading.ticket(reading.one(answer.data, "ticket"), {}).status != "closed":
            return error
    return TicketClosed(ticket_id=ticket_id)


def _details(text: str) -> dict[str, Any]:
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    details = body.get("details") if isinstance(body, dict) else None
    return details if isinstance(details, dict) else {}


def _proof(answer: Answer, ticket_id: int, text: str) -> Note:
    try:
        audit = reading.audit(reading.one(answer.data, "audit"))
    except UpstreamUnavailable:
        raise _unproven(ticket_id, "Zendesk took a private note but does not show it") from None
    note = noted(audit, ticket_id, text)
    if note.public:
        raise _unproven(ticket_id, "Zendesk says that a note meant to be private is public")
    return note


def _unproven(ticket_id: int, what: str) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"On ticket {ticket_id}, {what}. Look at the ticket's newest internal notes before writing it again.",
        ticket_id=ticket_id,
    )


def _same(event: AuditEvent, text: str | None) -> bool:
    return text is not None and event.body is not None and event.body.split() == text.split()


def _note_text(text: str) -> str:
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise BadInput("The note holds characters that cannot be written as UTF-8.") from None
    if not text.strip():
        raise BadInput("The note is empty.")
    if size > LONGEST_NOTE_BYTES:
        raise BadInput(f"The note is longer than {LONGEST_NOTE_BYTES:,} bytes. Shorten it.")
    return text
