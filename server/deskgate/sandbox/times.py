"""Points in time in the three spellings that the two services use."""

from datetime import UTC, datetime


def utcnow() -> datetime:
    """The machine's clock, in UTC."""
    return datetime.now(UTC)


def epoch_ms(moment: datetime) -> int:
    """Milliseconds since 1970."""
    return round(moment.timestamp() * 1000)


def whole_seconds(moment: datetime) -> str:
    """Zendesk's spelling: UTC, whole seconds, `Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_ms(milliseconds: int | None) -> str | None:
    """MultiMail's ISO spelling, with milliseconds; None stays None."""
    if milliseconds is None:
        return None
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_text(text: str) -> datetime:
    """Read an ISO 8601 date or time (UTC where no zone is given). Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
