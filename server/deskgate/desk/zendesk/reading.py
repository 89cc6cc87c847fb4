"""From Zendesk's JSON to models, forgiving in every field and strict about the envelope.

Zendesk adds attributes without notice, leaves most optional ones null, and one odd field must not hide a ticket.
An answer without the expected envelope, on the other hand, is no answer: it is never read as "nothing there".
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from deskgate.desk.clock import parse_time
from deskgate.desk.errors import UpstreamUnavailable
from deskgate.desk.text import storable
from deskgate.desk.zendesk.models import (
    NO_SUBJECT,
    UNKNOWN,
    Attachment,
    Audit,
    AuditEvent,
    Comment,
    Ticket,
    User,
)

NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)


def one(data: Any, name: str) -> Mapping[str, Any]:
    """The object called `name` in an answer.

    Raises:
        UpstreamUnavailable: the answer has no such object.
    """
    found = data.get(name) if isinstance(data, dict) else None
    if not isinstance(found, dict):
        raise strange(name)
    return found


def many(data: Any, name: str) -> list[Mapping[str, Any]]:
    """The list of objects called `name` in an answer.

    Raises:
        UpstreamUnavailable: the answer has no such list, or something in it is not an object.
    """
    found = data.get(name) if isinstance(data, dict) else None
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise strange(name)
    return found


def strange(name: str) -> UpstreamUnavailable:
    """The error for an answer that does not look like Zendesk's."""
    return UpstreamUnavailable(
        f"Zendesk's answer has no usable '{name}'. If this stays, check the address in the settings.", service="Zendesk"
    )


def users(data: Any) -> dict[int, User]:
    """The side-loaded users of an answer, by id. A row that is not a user is left out: side-loads are a courtesy."""
    rows = data.get("users") if isinstance(data, dict) else None
    known = (row for row in (rows if isinstance(rows, list) else ()) if isinstance(row, dict) and number(row.get("id")))
    return {found.id: found for found in map(user, known)}


def user(row: Mapping[str, Any]) -> User:
    """One user.

    Raises:
        UpstreamUnavailable: the object has no id.
    """
    return User(
        id=_id(row, "user"),
        name=(words(row.get("name")) or "").strip(),
        email=(words(row.get("email")) or "").strip() or None,
        role=words(row.get("role")) or "end-user",
        verified=row.get("verified") is True,
        active=row.get("active") is not False,
        suspended=row.get("suspended") is True,
    )


def ticket(row: Mapping[str, Any], people: Mapping[int, User]) -> Ticket:
    """One ticket, with its requester where `people` has them.

    Raises:
        UpstreamUnavailable: the object has no id.
    """
    created, updated = moment(row.get("created_at")), moment(row.get("updated_at"))
    requester_id = number(row.get("requester_id"))
    return Ticket(
        id=_id(row, "ticket"),
        subject=(words(row.get("subject")) or "").strip() or NO_SUBJECT,
        status=words(row.get("status")) or UNKNOWN,
        priority=words(row.get("priority")) or None,
        tags=tags(row.get("tags")),
        channel=_channel(row),
        created_at=created or updated or NO_TIME,
        updated_at=updated or created or NO_TIME,
        requester_id=requester_id,
        assignee_id=number(row.get("assignee_id")),
        organization_id=number(row.get("organization_id")),
        requester=people.get(requester_id) if requester_id is not None else None,
        stamp=words(row.get("updated_at")) or "",
    )


def comment(row: Mapping[str, Any], people: Mapping[int, User]) -> Comment:
    """One comment, with its author where `people` has them. Whatever is not plainly private counts as public.

    Raises:
        UpstreamUnavailable: the object has no id.
    """
    author_id = number(row.get("author_id"))
    body = words(row.get("body"))
    files = row.get("attachments")
    return Comment(
        id=_id(row, "comment"),
        author=people.get(author_id) if author_id is not None else None,
        author_id=author_id,
        public=row.get("public") is not False,
        body=body if body is not None else words(row.get("plain_body")) or "",
        created_at=moment(row.get("created_at")) or NO_TIME,
        channel=_channel(row),
        attachments=tuple(_attachment(file) for file in _objects(files)),
    )


def audit(row: Mapping[str, Any]) -> Audit:
    """One audit.

    Raises:
        UpstreamUnavailable: the object has no id.
    """
    metadata = row.get("metadata")
    custom = metadata.get("custom") if isinstance(metadata, dict) else None
    return Audit(
        id=_id(row, "audit"),
        ticket_id=number(row.get("ticket_id")),
        author_id=number(row.get("author_id")),
        created_at=moment(row.get("created_at")) or NO_TIME,
        events=tuple(_event(event) for event in _objects(row.get("events"))),
        metadata=dict(custom) if isinstance(custom, dict) else {},
        channel=_channel(row),
    )


def tags(value: Any) -> tuple[str, ...]:
    """A list of tags, whatever is in it."""
    return tuple(tag for tag in value if isinstance(tag, str)) if isinstance(value, list) else ()


def number(value: Any) -> int | None:
    """An id or a count: a positive integer or zero, also where it came as text; else `None`."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def words(value: Any) -> str | None:
    """Text that can be stored anywhere, or `None` where it is anything else."""
    return storable(value) if isinstance(value, str) else None


def moment(value: Any) -> datetime | None:
    """A time in UTC, or `None` where it cannot be read or does not exist in UTC."""
    try:
        parsed = parse_time(value)
        return parsed.astimezone(UTC) if parsed else None
    except OverflowError:
        return None


def _id(row: Mapping[str, Any], name: str) -> int:
    found = number(row.get("id"))
    if not found:
        raise strange(f"{name}.id")
    return found


def _objects(value: Any) -> Iterable[Mapping[str, Any]]:
    return (row for row in value if isinstance(row, dict)) if isinstance(value, list) else ()


def _channel(row: Mapping[str, Any]) -> str | None:
    via = row.get("via")
    return words(via.get("channel")) if isinstance(via, dict) else None


def _attachment(row: Mapping[str, Any]) -> Attachment:
    return Attachment(
        file_name=words(row.get("file_name")) or "",
        content_type=words(row.get("content_type")) or "",
        size=number(row.get("size")) or 0,
    )


def _event(row: Mapping[str, Any]) -> AuditEvent:
    kind = words(row.get("type")) or UNKNOWN
    if kind in {"Create", "Change"}:
        name, value = words(row.get("field_name")), row.get("value")
        return AuditEvent(kind, name, value, row.get("previous_value"), channel=_channel(row))
    if kind == "Comment":
        public = row.get("public")
        return AuditEvent(
            kind,
            comment_id=number(row.get("id")),
            public=public if isinstance(public, bool) else None,
            body=words(row.get("body")),
        )
    return AuditEvent(kind)
