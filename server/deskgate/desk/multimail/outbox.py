"""The sending key's side of MultiMail, the same whichever wire form the service answers."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

import anyio

from deskgate.desk.errors import AlreadyDecided, BadInput, OutcomeUnknown
from deskgate.desk.multimail.mail import Accepted, Draft, Gate, Mail, MailPage, Stage
from deskgate.desk.multimail.reading import record, stage_of
from deskgate.desk.multimail.refusals import lacks_scope
from deskgate.desk.wire import Conflict, Denied, Missing, Rejected

SUBJECT_LIMIT_CHARS = 998
BODY_LIMIT_CHARS = 262_144
PAGE_LIMIT = 100


class Forms:
    """Which wire form the service answers, found out once for both keys."""

    def __init__(self, api: str, probe: Callable[[], Awaitable[object]]) -> None:
        self.known = None if api == "auto" else api
        self._probe = probe
        self._lock = anyio.Lock()

    async def current(self) -> str:
        """`v1` or `short`.

        A v1 route that is not there proves the short form; one that answers proves v1. A refusal counts as v1 for this
        call only, since a gateway can refuse anything, and a failure on the way is raised and remembered as nothing.
        """
        if self.known is None:
            async with self._lock:
                if self.known is None:
                    return await self._find_out()
        return self.known

    async def _find_out(self) -> str:
        try:
            await self._probe()
        except Missing:
            self.known = "short"
            return "short"
        except (Denied, Rejected, Conflict):
            return "v1"
        self.known = "v1"
        return "v1"


class Sending(Protocol):
    """What a wire form has to be able to do for `Outbox`."""

    async def owns(self, mailbox: str) -> bool: ...
    async def gate(self) -> Gate: ...
    async def submit(self, draft: Draft) -> Accepted: ...
    async def find(self, draft: Draft) -> Accepted | None: ...
    async def read(self, message_id: str) -> Mail: ...
    async def pending(self) -> list[Mail]: ...
    async def queue(self) -> None: ...
    async def ours_on(self, thread_id: str) -> tuple[str, ...]: ...
    async def cancel(self, message_id: str) -> Any: ...
    async def tag(self, message_id: str, tags: Mapping[str, str]) -> None: ...
    async def inbox(self, *, limit: int, since_id: str | None, cursor: str | None) -> MailPage: ...


class Outbox:
    """Writing, looking up and cancelling mails. It holds the sending key, with which nothing can be approved."""

    def __init__(
        self, forms: Forms, sides: Mapping[str, Sending], elsewhere: "Callable[[str], Outbox] | None" = None
    ) -> None:
        self._forms = forms
        self._sides = sides
        self._elsewhere = elsewhere
        self._others: dict[str, Outbox] = {}

    async def at(self, mailbox: str) -> "Outbox":
        """The outbox of the mailbox with that address: this one, or in v1 another one that the same key may use.

        Raises:
            BadInput: this outbox's own mailbox is not there.
        """
        if self._elsewhere is None or await (await self._side()).owns(mailbox):
            return self
        if mailbox not in self._others:
            self._others[mailbox] = self._elsewhere(mailbox)
        return self._others[mailbox]

    @property
    def form(self) -> str | None:
        """`v1` or `short`, once it is known."""
        return self._forms.known

    async def _side(self) -> Sending:
        return self._sides[await self._forms.current()]

    async def gate(self) -> Gate:
        """What would happen to a mail sent now; good for one draft, as a mode can change.

        Raises:
            BadInput: the mailbox is not there; says which ones are.
        """
        return await (await self._side()).gate()

    async def submit(self, draft: Draft) -> Accepted:
        """Hand a mail over, to be held for approval.

        A lost answer is looked up before this returns or raises, and the mail is never handed over twice within one
        call. After an `OutcomeUnknown` call `find` before trying again: the thread may have moved on, and a repeat that
        takes another route is not covered by the service's own memory of the key.

        Raises:
            BadInput: the mail is too long, or the service refuses it as invalid.
            Suppressed: the recipient must not be written to.
            Forbidden: the key, the plan or the mailbox does not allow sending; says which.
            OutcomeUnknown: the mail may have been taken, and looking it up did not settle it.
        """
        _check(draft)
        return await (await self._side()).submit(draft)

    async def find(self, draft: Draft) -> Accepted | None:
        """Look for a mail whose answer was lost; `None` when everything that could show it was read and does not.

        A mail still in its scan may be missing from the lists of the short form, so `None` is proof only some seconds
        after the attempt.

        Raises:
            OutcomeUnknown: what can be seen does not settle it.
        """
        return await (await self._side()).find(draft)

    async def read(self, message_id: str) -> Mail:
        """One mail, whole. In the short form only what its lists show.

        Raises:
            Missing: nothing is there under that id (in the short form also: it is no longer listed).
        """
        return await (await self._side()).read(message_id)

    async def pending(self) -> list[Mail]:
        """Every outbound mail that is held, for a process without the deciding key."""
        return await (await self._side()).pending()

    async def sees_queue(self) -> bool:
        """Whether the deciders' list of held mails opens to the sending key.

        In v1 only the scope oversight opens it, so `True` says that the key could approve what it wrote. The short form
        documents one key for everything; there it proves nothing.

        Raises:
            Denied: the key is not accepted at all, or something in front of the service refused.
            Missing: the service has no such list.
        """
        try:
            await (await self._side()).queue()
        except Denied as error:
            if lacks_scope(error):
                return False
            raise
        return True

    async def cancel(self, message_id: str) -> Stage:
        """Take a held mail back; doing it again changes nothing. Gives `Stage.CANCELLED`.

        Raises:
            AlreadyDecided: it was approved, rejected or sent before.
            Missing: nothing is there under that id.
            OutcomeUnknown: the service did not confirm it.
        """
        try:
            data = await (await self._side()).cancel(message_id)
        except Conflict:
            raise AlreadyDecided(
                "This mail was already approved, rejected or sent, so it cannot be taken back."
            ) from None
        if stage_of(record(data, "message", "email")) is not Stage.CANCELLED:
            raise OutcomeUnknown(
                "MultiMail did not confirm that the mail was cancelled. Look at it before trying again."
            )
        return Stage.CANCELLED

    async def tag(self, message_id: str, tags: Mapping[str, str]) -> None:
        """Add tags to a mail and keep those it has; doing it again changes nothing."""
        await (await self._side()).tag(message_id, tags)

    async def inbox(self, *, limit: int = 50, since_id: str | None = None, cursor: str | None = None) -> MailPage:
        """Mails that arrived, newest first, `limit` 1 to 100.

        In v1 they come without bodies: `read` gives one, and marks the mail as read at the service.
        """
        bounded = max(1, min(limit, PAGE_LIMIT))
        return await (await self._side()).inbox(limit=bounded, since_id=since_id, cursor=cursor)

    async def ours_on(self, thread_id: str) -> tuple[str, ...]:
        """The ids of our own mails on a thread, as far as the service tells threads that it named itself."""
        return await (await self._side()).ours_on(thread_id)


def _check(draft: Draft) -> None:
    if len(draft.subject) > SUBJECT_LIMIT_CHARS:
        raise BadInput(f"The subject is longer than {SUBJECT_LIMIT_CHARS} characters.")
    if len(draft.body) > BODY_LIMIT_CHARS:
        raise BadInput(f"The text is longer than {BODY_LIMIT_CHARS:,} characters.")
    try:
        f"{draft.to}{draft.subject}{draft.body}".encode()
    except UnicodeEncodeError:
        raise BadInput("The text holds half a character (an unpaired surrogate), which no mail can carry.") from None
