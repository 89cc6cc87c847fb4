"""What kind of mail arrived: a person's answer, a machine's, or a report that our own mail was not delivered.

A machine's mail must never reopen a ticket; a person's must never be lost. Headers decide where they are known (RFC 3834,
RFC 3464). MultiMail's documented answers carry none (`EmailResponse` of its OpenAPI document has sender, subject, text,
status and spam verdict), so that mostly the signs of sender, subject and text remain. One such sign alone makes no machine:
MultiMail takes `Re:` and `Fwd:` off inbound subjects, and a person who answers an "Automatic reply: …" or forwards an
"Undeliverable: …" has that very subject. It takes two signs from different places, and for a bounce a sender that delivers
mail; with less the mail is an answer, and the doubt is told.

Whatever the kind, the mail belongs on its ticket: a kind decides whether the ticket is reopened, not whether it is shown.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from deskgate.desk.inbox.kinds_signs import (
    AUTOMATIC_OPENINGS,
    AUTOMATIC_SUBJECTS,
    BOUNCE_SUBJECTS,
    BOUNCE_TEXTS,
    DAEMONS,
    MACHINES,
    POSTMASTERS,
)

Kind = Literal["answer", "automatic", "bounce"]
Spam = Literal["clean", "flagged", "quarantined"]

OPENING_CHARS = 600
REPORT_CHARS = 8000
# MultiMail's words for it, as `status` of a mail and as `spam_verdict` (its OpenAPI document).
_SPAM: dict[str, Spam] = {
    "spam_flagged": "flagged",
    "flagged": "flagged",
    "spam_quarantined": "quarantined",
    "quarantined": "quarantined",
}
_SUPPRESSED = frozenset({"all", "oof", "autoreply"})


@dataclass(frozen=True)
class Arrived:
    """What is known of a mail. `text` is its new text; `headers` is empty where the service gives none."""

    sender: str
    subject: str = ""
    text: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    spam: Spam = "clean"


@dataclass(frozen=True)
class Judgement:
    """The kind, what speaks for it, and whether a person should know that it may be wrong.

    `doubtful` comes with `answer` only: something looks like a machine or like spam, and it is not enough to drop a mail.
    """

    kind: Kind
    signs: tuple[str, ...] = ()
    doubtful: bool = False


def spam_of(status: str | None, verdict: str | None) -> Spam:
    """MultiMail's opinion of a mail, from its status and its verdict; the worse one counts."""
    found = {_SPAM.get(status or ""), _SPAM.get(verdict or "")}
    return "quarantined" if "quarantined" in found else "flagged" if "flagged" in found else "clean"


def kind_of(mail: Arrived) -> Judgement:
    """Which kind a mail is.

    Spam is no kind: a mail that mapped to a ticket may be the customer's whatever a filter says, so that it stays an
    answer, doubtful.
    """
    headers = {name.strip().casefold(): value for name, value in mail.headers.items()}
    bounce, automatic = _header_signs(headers)
    if bounce:
        return Judgement("bounce", bounce)
    weak = _weak_signs(mail)
    if automatic:
        kind: Kind = "bounce" if _is_bounce(weak, machine=True) else "automatic"
        return Judgement(kind, (*automatic, *weak))
    if _word(headers.get("auto-submitted")) == "no":  # the sender's program says that a person wrote it
        return _answer(mail, ())
    if _is_bounce(weak):
        return Judgement("bounce", tuple(weak))
    if _is_automatic(weak):
        return Judgement("automatic", tuple(weak))
    return _answer(mail, tuple(weak))


def _answer(mail: Arrived, signs: tuple[str, ...]) -> Judgement:
    if mail.spam != "clean":
        signs = (*signs, f"spam: {mail.spam}")
    return Judgement("answer", signs, doubtful=bool(signs))


def _header_signs(headers: Mapping[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What the headers say: that it is a bounce, that a machine wrote it."""
    bounce: list[str] = []
    automatic: list[str] = []
    content = _flat(headers.get("content-type"))
    if content.startswith("multipart/report"):
        report = "delivery-status" in content or "report-type" not in content
        (bounce if report else automatic).append("header: Content-Type multipart/report")
    if "x-failed-recipients" in headers:
        bounce.append("header: X-Failed-Recipients")
    submitted = _word(headers.get("auto-submitted"))
    if submitted not in ("", "no"):
        automatic.append(f"header: Auto-Submitted {submitted}"[:80])
    if _flat(headers.get("return-path")) == "<>":
        automatic.append("header: Return-Path <>")
    precedence = _word(headers.get("precedence"))
    if precedence in ("bulk", "junk", "auto_reply"):
        automatic.append(f"header: Precedence {precedence}")
    asked = {part.strip() for part in _flat(headers.get("x-auto-response-suppress")).split(",")}
    if asked & _SUPPRESSED:
        automatic.append("header: X-Auto-Response-Suppress")
    for name in ("x-autoreply", "x-autorespond", "x-autoresponse", "x-autoresponder"):
        if name in headers and _word(headers[name]) not in ("no", "false", "0"):
            automatic.append(f"header: {name}")
    return tuple(bounce), tuple(automatic)


def _weak_signs(mail: Arrived) -> list[str]:
    """Signs that a person's mail may bear too, each with the place where it stands."""
    local = mail.sender.strip().strip("<>").rpartition("@")[0].casefold().partition("+")[0]
    subject = _flat(mail.subject[:OPENING_CHARS])
    # A report's machine-readable part looks the same in every language and stands behind some paragraphs of prose.
    text = _flat(mail.text[:REPORT_CHARS])
    signs = []
    if local in DAEMONS:
        signs.append("sender: delivery system")
    elif local in POSTMASTERS or local.startswith(("bounce-", "bounces-", "microsoftexchange")):
        signs.append("sender: postmaster")
    elif local in MACHINES or local.startswith(("noreply-", "no-reply-", "autoreply-")):
        signs.append("sender: takes no mail")
    if subject.startswith(BOUNCE_SUBJECTS):
        signs.append("subject: not delivered")
    elif subject.startswith(AUTOMATIC_SUBJECTS):
        signs.append("subject: automatic")
    if sum(sign in text for sign in BOUNCE_TEXTS) >= 2:
        signs.append("text: delivery report")
    elif any(sign in text[:OPENING_CHARS] for sign in AUTOMATIC_OPENINGS):
        signs.append("text: automatic")
    return signs


def _is_bounce(signs: list[str], *, machine: bool = False) -> bool:
    """Whether these signs make a bounce; `machine`: headers already say that no person wrote it."""
    if "sender: delivery system" in signs:
        return True
    told = "subject: not delivered" in signs or "text: delivery report" in signs
    return told and (machine or "sender: postmaster" in signs)


def _is_automatic(signs: list[str]) -> bool:
    """Whether these signs make a machine: two of them, and not only those that stand in a bounce which a person forwards."""
    return len(signs) >= 2 and set(signs) != {"subject: not delivered", "text: delivery report"}


def _word(value: str | None) -> str:
    """The first word of a structured header, without its comment and parameters."""
    words = _flat(value).partition(";")[0].partition("(")[0].split()
    return words[0] if words else ""


def _flat(value: str | None) -> str:
    return " ".join(unicodedata.normalize("NFKC", value or "").casefold().replace("’", "'").split())
