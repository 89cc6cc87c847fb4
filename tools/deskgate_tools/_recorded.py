"""The audit trail as a model may see it: no personal text, and no word of a foreign server at length."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from deskgate.desk.text import label
from deskgate_tools._call import Shape

if TYPE_CHECKING:
    from deskgate.desk.audit.timeline import Moment
    from deskgate.desk.audit.trail import Approval, Signed

LINE_CHARS = 160
WHO_CHARS = 120
ROOT_CHARS = 16


class Step(Shape):
    """One record; `digest` is that of the mail it is about."""

    seq: int
    at: str
    event: str
    who: str
    what: str
    verdict: str | None
    digest: str | None

    def text(self) -> str:
        """One line."""
        return f"#{self.seq} {self.at} {self.event} by {self.who}: {self.what}"


class Way(Shape):
    """One reply's way out: each step with its record's number, who and when; null where it has not happened."""

    message_id: str | None
    drafted: str | None
    decided: str | None
    digest: str | None
    sent: str | None

    def text(self) -> str:
        """One line."""
        decided = f"{self.decided} over {self.digest or 'no digest'}" if self.decided else "no decision"
        sent = f"sent {self.sent}" if self.sent else "not sent"
        return f"Reply {self.message_id or '(no id yet)'}: drafted {self.drafted}; {decided}; {sent}."


def checkpoint(signed: "Signed") -> str:
    """Over how many records, the beginning of their root, and how old it is."""
    return f"{signed.size} records, root {signed.root[:ROOT_CHARS]}…, {signed.age} s old"


def step(moment: "Moment") -> Step:
    """A record for a model."""
    return Step(
        seq=moment.seq,
        at=moment.at,
        event=moment.record["ev"],
        who=label(moment.who, WHO_CHARS),
        what=label(moment.what, LINE_CHARS),
        verdict=label(moment.fact("dec", "verdict"), 20) or None,
        digest=label(moment.fact("dec", "digest"), 80) or None,
    )


def ways(approvals: "Sequence[Approval]") -> list[Way]:
    """The approval chains for a model."""
    return [
        Way(
            message_id=one.message_id or None,
            drafted=_told(one.drafted),
            decided=_told(one.decided, one.decided.fact("dec", "verdict") if one.decided else ""),
            digest=(label(one.decided.fact("dec", "digest"), 80) or None) if one.decided else None,
            sent=_told(one.sent),
        )
        for one in approvals
    ]


def _told(moment: "Moment | None", verdict: str = "") -> str | None:
    if moment is None:
        return None
    who = moment.fact("dec", "by") if verdict else ""
    return label(f"{verdict} by {who or moment.who} at {moment.at} (#{moment.seq})".strip(), LINE_CHARS)
