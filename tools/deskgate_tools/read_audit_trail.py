"""What was recorded, and whether it holds."""

from typing import Annotated

from pydantic import Field

from deskgate_tools._call import CurrentDesk, Facts, MessageId, Shape, TicketId
from deskgate_tools._recorded import Step, Way, checkpoint, step, ways

FACTS = Facts("Read the audit trail", read_only=True, destructive=False, idempotent=True, scope="audit")

NOTHING = "Nothing is recorded about it here."
MORE = "Older records were left out: raise the limit (to 50), or ask for one reply."
UNSIGNED = "No checkpoint was signed yet: a running `deskgate serve` that holds the log's key signs within a minute."
CHEAP = (
    "Looked at: these records, each with the hash after it, and the newest checkpoint, by the key that the log names. "
    "All of it is checked by `deskgate audit verify`, and by an auditor who has the key from elsewhere."
)


class AuditTrail(Shape):
    """Records, oldest first, and the newest checkpoint. `verifies` is null where nothing was signed yet."""

    records: list[Step]
    replies: list[Way]
    checkpoint: str | None
    verifies: bool | None
    notice: str

    def text(self) -> str:
        """One line a record, then the replies' ways out, then what holds."""
        lines = [each.text() for each in (*self.records, *self.replies)]
        if self.checkpoint:
            lines.append(f"Newest checkpoint: {self.checkpoint}.")
        holds = {True: "It fits. ", False: "IT DOES NOT FIT. ", None: ""}[self.verifies]
        return "\n".join([*lines, holds + self.notice])


async def read_audit_trail(
    desk: CurrentDesk,
    ticket_id: TicketId | None = None,
    message_id: MessageId | None = None,
    limit: Annotated[int, Field(ge=1, le=50)] = 20,
) -> AuditTrail:
    """See who did what, who approved which digest, and whether the record verifies."""
    trail = await desk.trail(limit=limit, message_id=message_id, ticket_id=ticket_id)
    signed = trail.signed
    told = [trail.fault, MORE if trail.more else "", "" if trail.moments or trail.fault else NOTHING]
    told += [trail.archived, CHEAP if signed else "" if trail.fault else UNSIGNED]
    return AuditTrail(
        records=[step(each) for each in trail.moments],
        replies=ways(trail.approvals),
        checkpoint=checkpoint(signed) if signed else None,
        verifies=False if trail.fault else True if signed else None,
        notice=" ".join(filter(None, told)),
    )
