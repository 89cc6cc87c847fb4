"""Is this mail the draft whose answer was lost?

Marks decide where the wire form carries them. Without marks, recipient, subject and body have to agree; a mail that
agrees as far as it can be seen, and shows no body, settles nothing.
"""

import re

from deskgate.desk.multimail.mail import Draft, Mail, Stage
from deskgate.desk.people import key_of

_PREFIX = r"(?i)^(?:\s*(?:re|fwd?|aw|wg)\s*(?:\[\d+\])?:)+"
_OVER = frozenset({Stage.INBOUND, Stage.REJECTED, Stage.CANCELLED, Stage.FAILED})


def topic(subject: str | None) -> str:
    """A subject without `Re:` and its kin, case and spacing: what a reply and the mail it answers share."""
    return " ".join(re.sub(_PREFIX, "", subject or "").split()).casefold()


def same_person(one: str | None, other: str | None) -> bool:
    """Whether two addresses are the same one; an empty one is nobody's."""
    return bool(one and other) and key_of(one or "") == key_of(other or "")


def resembles(draft: Draft, mail: Mail) -> bool:
    """Whether this mail is, or by everything but its body could be, the draft."""
    if mail.key is not None:
        return mail.key == draft.key
    if mail.direction == "inbound" or mail.stage in _OVER or mail.ticket_id not in {None, draft.ticket_id}:
        return False
    addressed = len(mail.to) == 1 and same_person(mail.to[0], draft.to)
    return addressed and topic(mail.subject) == topic(draft.subject)


def is_draft(draft: Draft, mail: Mail) -> bool | None:
    """Whether this mail is the draft; `None` where it resembles it and shows too little to tell."""
    if not resembles(draft, mail):
        return False
    if mail.key is not None:
        return True
    if mail.body is None:
        return None
    ours, theirs = _plain(draft.body), _plain(mail.body)
    # The service may have put its footer below the body.
    return theirs == ours or theirs.startswith(ours + "\n")


def _plain(body: str) -> str:
    return "\n".join(line.rstrip() for line in body.strip().splitlines())
