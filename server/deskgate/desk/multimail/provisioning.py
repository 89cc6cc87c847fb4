"""Making a mailbox or a webhook in two steps, each of them once, although any answer may be lost on the way.

MultiMail answers the first call by mailing a code to the operator; the same call with that code makes the thing. What may
have been made is looked up before anything is asked a second time.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from deskgate.desk.errors import BadInput, Forbidden, OutcomeUnknown
from deskgate.desk.multimail.administration import Administration, Mailbox, Webhook
from deskgate.desk.wire import Conflict, Denied, Rejected

T = TypeVar("T")

_SCOPE = "The admin key lacks a right. Set MULTIMAIL_ADMIN_TOKEN to a key with the scopes read and admin."
_PLAN = "The account's MultiMail plan does not allow another one. An operator must look at the plan. Nothing was made."


class WrongCode(Forbidden):
    """MultiMail does not take this code. A code is good once, for what it was asked for, and for 24 hours; to get another,
    run the same without --code."""


class AddressInUse(BadInput):
    """The address is taken. `settled`: certainly not by a mailbox of this account that could be used."""

    settled = True


@dataclass(frozen=True)
class CodeWanted:
    """MultiMail mails a code to the operator and wants it. `doubtful`: its answer was lost, so perhaps it does not."""

    doubtful: bool = False


async def make_mailbox(admin: Administration, address: str, name: str, code: str | None) -> Mailbox | CodeWanted:
    """Create a mailbox that is not there. It is read back, so that its mode is what the service says.

    Raises:
        WrongCode: the code is refused.
        AddressInUse: it is taken.
        BadInput: the address cannot be used.
        Forbidden: the key or the plan does not allow it.
        OutcomeUnknown: it may have been made, and looking it up did not settle it.
    """
    listed = await admin.form() != "short"

    async def find(wanted: str = address) -> Mailbox | None:
        return await admin.mailbox(wanted) if listed else None

    async def create() -> Mailbox | None:
        try:
            return await admin.create_mailbox(address, name, code)
        except (Denied, Rejected) as error:
            raise _refused(error, code, _BAD_ADDRESS) from None

    try:
        made = await _in_two_steps(create, find, code)
    except Conflict as error:
        if not re.search(r"in use|already|exists|taken", (error.label or error.text).casefold()):
            raise
        taken = AddressInUse(_TAKEN if listed else _TAKEN_SHORT)
        taken.settled = listed
        raise taken from None
    if isinstance(made, CodeWanted) or not listed:
        return made
    return await find(made.id or made.address) or made


async def make_webhook(
    admin: Administration, url: str, mailbox: Mailbox | None, known: frozenset[str], code: str | None
) -> Webhook | CodeWanted:
    """Register a webhook; `known` are the ids of those that were there before. Raises as `make_mailbox` does.

    Its `secret` is empty where the answer that had it was lost and the service does not say it again.
    """
    listed = await admin.form() != "short"

    async def find() -> Webhook | None:
        found = await admin.webhooks() if listed else []
        new = next(
            (one for one in found if one.leads_to(url, mailbox.id if mailbox else None) and one.id not in known), None
        )
        return await admin.webhook(new.id) if new else None

    async def create() -> Webhook | None:
        try:
            return await admin.create_webhook(url, mailbox, code)
        except (Denied, Rejected) as error:
            raise _refused(error, code, _BAD_URL) from None

    made = await _in_two_steps(create, find, code)
    if isinstance(made, CodeWanted) or (made.id and made.secret) or not listed:
        return made
    return await find() or made


async def _in_two_steps(
    create: Callable[[], Awaitable[T | None]], find: Callable[[], Awaitable[T | None]], code: str | None
) -> T | CodeWanted:
    """One step of the two, `create` without or with the code; what it made is looked up where its answer is lost.

    The repeat makes nothing twice: a code is good once. Its refusal can be the echo of a first call that came through.
    """
    try:
        return await create() or CodeWanted()
    except OutcomeUnknown:
        found = await find()
        if found is not None:
            return found
        if code is None:
            return CodeWanted(doubtful=True)
    except Conflict:
        found = await find()
        if found is None:
            raise
        return found
    try:
        return await create() or CodeWanted()
    except (Conflict, OutcomeUnknown, WrongCode):
        found = await find()
        if found is None:
            raise
        return found


_BAD_ADDRESS = (
    "MultiMail does not take this address. On its own domain give only the part before the @; a whole address has to be on "
    "a domain that the account has verified."
)
_BAD_URL = "MultiMail does not take this address or these events: it wants an https:// address that it can reach."
_TAKEN = (
    "The address is in use at MultiMail, and this account has no such mailbox: it belongs to somebody else, or was deleted "
    "here, after which it cannot be used again. Choose another address."
)
_TAKEN_SHORT = (
    "The address is in use at MultiMail. If this account made it, it is there and nothing is left to do; the short form "
    "has no list of mailboxes to look it up in."
)


def _refused(error: Denied | Rejected, code: str | None, invalid: str) -> Exception:
    """Why nothing was made. One 403 has five causes, and only its text tells them apart; it is never shown."""
    if isinstance(error, Rejected):
        return BadInput(invalid)
    if error.unknown_credential or error.from_gateway:
        return error
    said = (error.label or error.text).casefold()
    if re.search(r"scope|permission", said):
        return Forbidden(_SCOPE)
    if re.search(r"\bplan\b|limit|quota", said) and not re.search(r"\bcode\b", said):
        return Forbidden(_PLAN)
    return WrongCode() if code else error
