"""The deciding key's side of MultiMail. Nothing here can write a mail."""

from collections.abc import Mapping
from typing import Any, Protocol

from deskgate.desk.errors import OutcomeUnknown
from deskgate.desk.multimail.mail import Decided, Mail, Stage
from deskgate.desk.multimail.outbox import Forms
from deskgate.desk.multimail.reading import first, held_mails, id_of, record, stage_of, text

_APPROVED = frozenset({Stage.SENT, Stage.DELIVERED})


class Deciding(Protocol):
    """What a wire form has to be able to do for `Oversight`."""

    async def pending(self) -> Any: ...
    async def decide(self, message_id: str, *, approve: bool) -> Any: ...


class Oversight:
    """Listing what is held and deciding on it. It holds the deciding key, with which nothing can be sent."""

    def __init__(self, forms: Forms, sides: Mapping[str, Deciding]) -> None:
        self._forms = forms
        self._sides = sides

    async def pending(self) -> list[Mail]:
        """Every outbound mail that is held, read anew each time.

        Raises:
            UpstreamUnavailable: also when the list comes in a form that nobody knows, which is never taken as empty.
        """
        return held_mails(await self._sides[await self._forms.current()].pending())

    async def decide(self, message_id: str, *, approve: bool, reason: str | None = None) -> Decided:
        """Approve or reject one held mail.

        `reason` stays in our own record: neither wire form documents a field for it.

        Raises:
            Missing: nothing is held under that id; also how some services say that it was decided before.
            Conflict: it was decided before.
            OutcomeUnknown: no answer, or one that does not confirm this very decision. Look the mail up.
        """
        data = await self._sides[await self._forms.current()].decide(message_id, approve=approve)
        answer = record(data, "email", "message")
        status = text(answer.get("status")) or ""
        stage = stage_of({"status": status})
        confirmed = stage in _APPROVED if approve else stage is Stage.REJECTED
        if not confirmed or id_of(answer) not in {None, message_id}:
            raise OutcomeUnknown(
                "MultiMail's answer does not confirm the decision, so it may or may not have taken effect.",
                service="MultiMail",
            )
        return Decided(status, approve, first(answer, "postmark_message_id", "provider_message_id"))
