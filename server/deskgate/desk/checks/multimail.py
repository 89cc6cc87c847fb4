"""MultiMail: its wire form, the mailbox and its mode, the allowlist, and what the sending and deciding keys may do.

Nothing is sent to find anything out.
"""

from dataclasses import dataclass, field

from deskgate.desk.checks.administration import administration_checks
from deskgate.desk.checks.line import FAULT, OK, WARNING, Check, attempt, failed, plain, refused, unchecked
from deskgate.desk.checks.webhooks import WebhookFacts
from deskgate.desk.core import Core
from deskgate.desk.errors import BadInput, DeskError
from deskgate.desk.multimail import Gate, Mail
from deskgate.desk.multimail.administration import LOOSE_MODES, Administration
from deskgate.desk.multimail.mail import HOLDING_MODES
from deskgate.desk.principals import Role
from deskgate.desk.wire import Denied, Missing

ENTRIES_SHOWN = 20

MODES = {
    "gated_send": "every reply waits until somebody approves it",
    "gated_all": "every reply waits until somebody approves it, and what customers write waits as well",
    "monitored": "mails go out at once, with a copy to the overseer",
    "autonomous": "mails go out at once and nobody sees them first",
    "read_only": "nothing can be sent from it",
}
_SWAPPED = "The two keys look swapped: exchange MULTIMAIL_TOKEN and MULTIMAIL_OVERSIGHT_TOKEN."
_SENDING_KEY = "Set MULTIMAIL_TOKEN to a key with the scopes read and send, and no others."
_DECIDING_KEY = "Set MULTIMAIL_OVERSIGHT_TOKEN to a key with the scope oversight, and no others."


@dataclass(frozen=True)
class MultiMailFacts:
    """What the settings say. Keys are here to be compared with the beginnings that MultiMail lists; none is shown."""

    address: str
    role: Role
    sending_key: str = field(repr=False)
    deciding_key: str = field(repr=False)
    webhook: WebhookFacts = field(default_factory=WebhookFacts)


@dataclass(frozen=True)
class _Heard:
    """What MultiMail answered. `seen`: the sending key is let at the queue; `held`: what the deciding key sees there."""

    form: str | None
    gate: Gate | DeskError
    seen: bool | DeskError
    held: list[Mail] | DeskError | None

    @property
    def swapped(self) -> bool:
        return self.seen is True and isinstance(self.held, Denied)


async def multimail_checks(core: Core, facts: MultiMailFacts, admin: Administration | None) -> list[Check]:
    """Every check of MultiMail. `core.oversight` is absent where no deciding key is in use."""
    gate = await attempt(core.outbox.gate())
    if isinstance(gate, DeskError) and not isinstance(gate, BadInput | Denied):
        where = (
            f"Check that this machine reaches {facts.address} (MULTIMAIL_BASE_URL), then try again in a few minutes."
        )
        names = ("mailbox", "sending key", *(["deciding key"] if core.oversight is not None else []))
        skipped = [unchecked(name, "MultiMail did not answer") for name in names]
        known = [] if core.oversight is not None else [_no_deciding_key(facts)]
        return [failed("multimail", gate, where), *skipped, *known]
    seen = await attempt(core.outbox.sees_queue())
    held = await attempt(core.oversight.pending()) if core.oversight is not None else None
    heard = _Heard(core.outbox.form, gate, seen, held)
    checks = [
        _form(heard, facts.address),
        *_mailbox(heard),
        _sending_key(heard),
        _deciding_key(heard, facts),
    ]
    if admin is not None and heard.form != "short":
        now = core.clock.now()
        checks += await administration_checks(admin, facts.sending_key, facts.deciding_key, facts.webhook, now)
    return checks


def _form(heard: _Heard, address: str) -> Check:
    name = "multimail"
    nowhere = isinstance(heard.seen if heard.form == "short" else heard.gate, Missing)
    if nowhere:
        return Check(
            name,
            FAULT,
            f"What answers at {address} is not MultiMail, or not in the form that MULTIMAIL_API asks for.",
            "Check MULTIMAIL_BASE_URL (the address before /v1), and set MULTIMAIL_API=auto.",
        )
    if heard.form is None:
        return Check(name, WARNING, f"{address} answers; in which form is not known, as it refuses the sending key.")
    forms = {"v1": "its published form (v1)", "short": "the short form"}
    return Check(name, OK, f"{address} answers in {forms[heard.form]}.")


def _mailbox(heard: _Heard) -> list[Check]:
    gate = heard.gate
    if isinstance(gate, Denied):
        return [unchecked("mailbox", "MultiMail refuses the sending key")]
    if isinstance(gate, DeskError):
        todo = "Set MULTIMAIL_MAILBOX to the address of the support mailbox, as MultiMail shows it."
        return [failed("mailbox", gate, todo)]
    if gate.mode is None:
        text = (
            f"{gate.mailbox}: the short form shows neither mode nor allowlist of a mailbox. deskgate asks for gated_send "
            "with every mail."
        )
        return [Check("mailbox", OK, text)]
    return [_mode(gate, gate.mode), *_allowlist(gate), *_copies(gate)]


def _mode(gate: Gate, mode: str) -> Check:
    shown = plain(mode) or "unknown"
    meaning = MODES.get(mode, "deskgate does not know this mode")
    text = f"{gate.mailbox} is in mode {shown}: {meaning}."
    if mode in HOLDING_MODES:
        return Check("mailbox", OK, text)
    return Check(
        "mailbox",
        FAULT,
        f"{text} deskgate refuses to draft from it (not_gated).",
        "`deskgate setup mailbox` sets it to gated_send."
        if mode in LOOSE_MODES
        else "Have the mailbox's oversight mode set to gated_send at MultiMail.",
    )


def _allowlist(gate: Gate) -> list[Check]:
    name = "allowlist"
    todo = "Remove the entry from the mailbox's allowlist at MultiMail."
    if not gate.allowlist_known:
        text = "MultiMail does not show the whole allowlist to the sending key, so deskgate refuses every draft (not_gated)."
        return [Check(name, FAULT, text, _SENDING_KEY)]
    if not gate.allowlist:
        return [Check(name, OK, "It is empty: no recipient skips the approval.")]
    text = "{}: mail to these recipients would skip the approval, so deskgate refuses to draft to them (not_gated)."
    found = [Check(name, WARNING, text.format(plain(entry)), todo) for entry in gate.allowlist[:ENTRIES_SHOWN]]
    if len(gate.allowlist) > ENTRIES_SHOWN:
        found.append(Check(name, WARNING, f"{len(gate.allowlist) - ENTRIES_SHOWN} more entries like these.", todo))
    return found


def _copies(gate: Gate) -> list[Check]:
    """Who gets a copy of every mail by a setting of the mailbox. Neither stands in a draft."""
    name = "copies"
    if not gate.cc and not gate.bcc:
        return [Check(name, OK, "The mailbox copies what it sends to nobody.")]
    found = []
    if gate.cc:
        text = (
            f"The mailbox copies every mail to {plain(', '.join(gate.cc))} (auto_cc). A mail with a cc is not the one that "
            "was drafted, so each approval ends as digest_mismatch."
        )
        found.append(Check(name, WARNING, text, "Clear the mailbox's auto_cc at MultiMail."))
    if gate.bcc:
        text = (
            f"The mailbox sends a hidden copy of every mail to {plain(', '.join(gate.bcc))} (auto_bcc). No reviewer sees "
            "that, and no record holds it."
        )
        todo = "Clear the mailbox's auto_bcc at MultiMail, unless that copy is wanted and customers are told of it."
        found.append(Check(name, WARNING, text, todo))
    return found


def _sending_key(heard: _Heard) -> Check:
    name = "sending key"
    for answer in (heard.gate, heard.seen):
        if isinstance(answer, Denied):
            return refused(name, answer, "read", _SWAPPED if heard.swapped else _SENDING_KEY)
    if isinstance(heard.seen, DeskError):
        return failed(name, heard.seen)
    if not heard.seen:
        return Check(
            name, OK, "It is kept out of the approval queue, as it should be. Whether it may send, only --smoke shows."
        )
    if heard.form == "v1":
        return Check(
            name,
            FAULT,
            "It can list what waits for approval, so it has the scope oversight: whoever drafts with it could approve.",
            f"{_SENDING_KEY} Then revoke this one.",
        )
    return Check(
        name,
        WARNING,
        "It can list what waits for approval. The short form does not tell whether it could approve as well.",
        "Ask MultiMail what this key may do, and use one that cannot decide.",
    )


def _deciding_key(heard: _Heard, facts: MultiMailFacts) -> Check:
    name = "deciding key"
    if heard.held is None:
        return _no_deciding_key(facts)
    if isinstance(heard.held, Denied):
        return refused(name, heard.held, "oversight", _SWAPPED if heard.swapped else _DECIDING_KEY)
    if isinstance(heard.held, DeskError):
        return failed(name, heard.held)
    return Check(
        name,
        OK,
        f"It lists the approval queue ({len(heard.held)} waiting). Whether it could send as well was not tried: "
        "that would take a mail.",
    )


def _no_deciding_key(facts: MultiMailFacts) -> Check:
    name = "deciding key"
    if facts.role == "agent" and facts.deciding_key:
        return Check(
            name,
            WARNING,
            "MULTIMAIL_OVERSIGHT_TOKEN is set and ignored: the role agent never decides.",
            "Take it out of this process's environment, so that nothing here can read it.",
        )
    if facts.role == "agent":
        return Check(name, OK, "Not set, as it should be for the role agent.")
    return Check(
        name,
        WARNING,
        "Not set: replies can be drafted here, and nothing can be approved or rejected (decide_reply is not offered).",
        f"{_DECIDING_KEY} Without it, decide at MultiMail.",
    )
