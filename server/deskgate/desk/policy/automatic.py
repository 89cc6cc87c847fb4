"""What the policy does to a draft: refuse it before it is sent, approve it once it is held, or leave it to a person."""

import logging
import uuid
from dataclasses import dataclass, replace

from deskgate.desk.core import Core
from deskgate.desk.decide import decide
from deskgate.desk.digest import Seen
from deskgate.desk.errors import DeskError, Forbidden
from deskgate.desk.look import look_at, show
from deskgate.desk.multimail import Mail, Stage
from deskgate.desk.policy.evaluate import Verdict, evaluate
from deskgate.desk.policy.facts import Facts, Held
from deskgate.desk.policy.gather import Gatherer, Unsent, about_links
from deskgate.desk.policy.holder import PolicyHolder
from deskgate.desk.policy.records import Evaluation, begin_approval, finish, keep
from deskgate.desk.policy.rules import Policy
from deskgate.desk.principals import DECIDE, Principal
from deskgate.desk.replies import HELD, Reply
from deskgate.desk.settle import read_mail
from deskgate.desk.zendesk import Ticket

log = logging.getLogger("deskgate.policy")

SCAN_LOOKS = 8
SCAN_PAUSE_SECONDS = 0.4


@dataclass(frozen=True)
class Policies:
    """The policy in force, and what it takes to apply it."""

    holder: PolicyHolder
    gatherer: Gatherer


@dataclass(frozen=True)
class Admission:
    """What was found out before a draft was handed over, for the evaluation that follows when it is held."""

    policy: Policy
    ticket: Ticket
    facts: Facts


def principal_of(rule: str) -> Principal:
    """Who decides when a rule does."""
    return Principal(f"policy:{rule}", "policy", frozenset({DECIDE}))


async def admit(core: Core, policies: Policies, ticket: Ticket, draft: Unsent) -> Admission:
    """Ask the policy about a draft before MultiMail hears of it.

    Raises:
        Forbidden: a rule refuses it; nothing was sent, and the evaluation is kept.
    """
    policy = await policies.holder.current()
    facts = await policies.gatherer.facts(policy, ticket, draft, core.clock.now())
    verdict = evaluate(policy, facts)
    if verdict.outcome == "refuse":
        await keep(policies.gatherer.tables, _evaluation(core, draft.reply_id, verdict, facts, "refused"))
        raise Forbidden(
            f'The policy refuses this draft (rule "{verdict.rule}"): {verdict.reason} Nothing was sent.',
            ticket_id=ticket.id,
        )
    return Admission(policy, ticket, facts)


async def automatic(core: Core, policies: Policies, reply: Reply, admission: Admission | None = None) -> Reply:
    """Apply the policy to a reply that is held; gives the reply as it is then.

    An approval goes through the same decision as a person's, once per reply. Whatever fails leaves the reply held, so a
    person decides. `admission` spares the second reading of what `admit` read a moment before; without one (a reply that
    was held earlier) everything is read anew.
    """
    if reply.state != HELD or reply.message_id is None:
        return reply
    try:
        found = admission or await _admission(core, policies, reply)
        return await _applied(core, policies, reply, found)
    except DeskError as error:
        log.warning("the policy was not applied to reply %s, which stays held: %s", reply.id, error.code)
        return reply


async def _admission(core: Core, policies: Policies, reply: Reply) -> Admission:
    policy = await policies.holder.current()
    ticket = await core.zendesk.ticket(reply.ticket_id)
    draft = Unsent(reply.id, reply.recipient, reply.subject, reply.body)
    return Admission(policy, ticket, await policies.gatherer.facts(policy, ticket, draft, core.clock.now()))


async def _applied(core: Core, policies: Policies, reply: Reply, found: Admission) -> Reply:
    tables = policies.gatherer.tables
    moved = Seen.of(found.ticket) != Seen.load(reply.seen)
    facts = replace(found.facts, ticket_moved=moved, held=Held.AS_DRAFTED)
    verdict = evaluate(found.policy, facts)
    if verdict.outcome == "approve":  # only then is it worth a call to see what MultiMail holds
        facts = await _as_held(core, reply, found.ticket, facts)
        verdict = evaluate(found.policy, facts)
    else:
        facts = replace(facts, held=None)
    if verdict.outcome != "approve" or core.oversight is None:
        await keep(tables, _evaluation(core, reply.id, verdict, facts, "held"))
        return reply
    begun = _evaluation(core, reply.id, verdict, facts, "approving")
    if not await begin_approval(tables, found.policy, begun, reply.recipient):
        await keep(tables, _evaluation(core, reply.id, verdict, facts, "held"))
        return reply
    return await _approved(core, policies, reply, begun)


async def _approved(core: Core, policies: Policies, reply: Reply, begun: Evaluation) -> Reply:
    caller = principal_of(begun.verdict.rule or "")
    try:
        approved = await decide(
            core, caller, reply.message_id or "", "approve", digest=reply.digest, reason=begun.verdict.why
        )
    except DeskError as error:
        log.warning("reply %s was not approved by %s: %s", reply.id, caller.id, error.code)
        await finish(policies.gatherer.tables, begun, f"failed:{error.code}")
        return await core.store.reply(reply.id) or reply
    await finish(policies.gatherer.tables, begun, "approved")
    return approved


async def _as_held(core: Core, reply: Reply, ticket: Ticket, facts: Facts) -> Facts:
    """The facts of what MultiMail holds: whether it is the draft, and the links of the whole text, its footer included."""
    mail = await _scanned(core, reply)
    if mail is None or mail.stage is not Stage.HELD:
        return replace(facts, held=Held.NOT_HELD)
    # The rules look at the whole text, so from here on its footer counts as seen.
    look = await show(core, look_at(reply, mail, ticket))
    if look.own_copy:
        return replace(facts, held=Held.BODY_UNSEEN)
    links = about_links(f"{look.content.subject}\n{look.body}", reply.recipient)
    return replace(facts, held=Held.ALTERED if look.altered or look.redirected else Held.AS_DRAFTED, **links)


async def _scanned(core: Core, reply: Reply) -> Mail | None:
    mail = await read_mail(core, reply)
    for _ in range(SCAN_LOOKS):
        if mail is None or mail.stage is not Stage.SCANNING:
            break
        await core.clock.sleep(SCAN_PAUSE_SECONDS)
        mail = await read_mail(core, reply)
    return mail


def _evaluation(core: Core, reply_id: str, verdict: Verdict, facts: Facts, effect: str) -> Evaluation:
    return Evaluation(uuid.uuid4().hex, reply_id, core.clock.now(), verdict, facts, effect)
