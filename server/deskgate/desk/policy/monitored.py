"""Replies that leave at once, from the monitored mailbox, decided by a rule before MultiMail hears of them.

Nothing holds such a mail, so everything is settled beforehand: the guard rails, a place within the caps, the mailbox's mode,
and once more the ticket. The decision stands in the row before the call. The mail is a new one, with the address in it:
never an answer whose recipient MultiMail would choose. It carries the reply's id as its key, so that MultiMail takes a
repeat for the same mail; a repeat is made only while MultiMail remembers the key, and while the policy still says so.

The published form alone can be used. The short form documents neither a key nor a list of what went out, so there a lost
answer could not be told from a mail that was never taken; and nothing there says how a mailbox is set.
"""

from dataclasses import replace
from datetime import timedelta

from deskgate.desk.clock import parse_time
from deskgate.desk.core import Core
from deskgate.desk.digest import Content, Seen, digest_of
from deskgate.desk.errors import DeskError, OutcomeUnknown
from deskgate.desk.multimail import Gate
from deskgate.desk.multimail.mail import MONITORED_MODE
from deskgate.desk.policy.admission import Admission, Policies, evaluation, moved, principal_of
from deskgate.desk.policy.evaluate import Verdict
from deskgate.desk.policy.records import begin_approval, take_turn
from deskgate.desk.policy.rules import Policy
from deskgate.desk.replies import Reply

# MultiMail remembers a key for 24 hours; what may still be on its way needs some of them.
KEY_LIFE = timedelta(hours=23)


async def leave(core: Core, policies: Policies, found: Admission, verdict: Verdict) -> Admission:
    """Decide that a reply leaves at once; or, where anything stands in its way, say why it does not."""
    gate = await way_out(core, found.policy)
    if isinstance(gate, str):
        return replace(found, why_not=gate)
    row = _decided(core, found, verdict, gate.mailbox)
    if row.recipient.casefold() == row.mailbox.casefold():
        return replace(found, why_not="the requester's address is the monitored mailbox itself")
    try:
        again = await core.zendesk.ticket(row.ticket_id)
    except DeskError as error:
        return replace(found, why_not=f"the ticket could not be read once more ({error.code})")
    if moved(again, row):
        return replace(found, why_not="the ticket changed since the draft")
    tables = policies.gatherer.tables
    facts = replace(found.facts, ticket_moved=False)
    begun = evaluation(core, row, verdict, facts, "approving")
    if not await begin_approval(tables, found.policy, begun, row.recipient):
        return replace(found, why_not="the caps for automatic replies within 24 hours are reached")
    await take_turn(tables, row.id, core.clock.now())
    return replace(found, reply=row)


async def leave_again(core: Core, found: Admission, verdict: Verdict) -> None:
    """Whether a mail that was decided to leave, and whose answer was lost, may be handed over once more.

    Raises:
        OutcomeUnknown: it may not; whether it left has to be looked up by a person.
    """
    row = found.reply
    drafted = parse_time(row.drafted_at)
    gate = await way_out(core, found.policy)
    same = (
        verdict.outcome == "monitored"
        and principal_of(verdict.rule or "").id == row.decided_by
        and isinstance(gate, Gate)
        and gate.mailbox == row.mailbox
    )
    if drafted is None or core.clock.now() - drafted >= KEY_LIFE or not same:
        raise OutcomeUnknown(
            f"By the policy this reply was to leave at once from {row.mailbox}; MultiMail's answer was lost, and by now it "
            "cannot be sent again safely. Look in MultiMail whether it went out. If it did not, draft other words.",
            ticket_id=row.ticket_id,
        )


async def way_out(core: Core, policy: Policy) -> Gate | str:
    """The monitored mailbox as it is now, or why nothing can leave from it."""
    mailbox = policy.monitored_mailbox
    if mailbox is None:
        return "the policy names no monitored mailbox"
    try:
        outbox = await core.outbox.at(mailbox)
        if core.outbox.form != "v1":
            return "MultiMail's short form cannot make sure that a mail is sent only once"
        if outbox is core.outbox:
            return "the monitored mailbox is the one whose mails are held"
        gate = await outbox.gate()
    except DeskError as error:
        return f"the monitored mailbox could not be looked at ({error.code})"
    if gate.mode != MONITORED_MODE:
        return "the monitored mailbox is not in MultiMail's mode monitored"
    if gate.cc or gate.bcc:
        return "the monitored mailbox copies its mails to further addresses"
    return gate


def _decided(core: Core, found: Admission, verdict: Verdict, mailbox: str) -> Reply:
    row = replace(
        found.reply,
        mailbox=mailbox,
        thread_id=None,
        decision="approve",
        decided_by=principal_of(verdict.rule or "").id,
        decided_at=core.now(),
        body_checked=False,
        reason=verdict.why,
    )
    digest = digest_of(row, Content.of_draft(row), Seen.load(row.seen))
    return replace(row, digest=digest, decided_digest=digest)
