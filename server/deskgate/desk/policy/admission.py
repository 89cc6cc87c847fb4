"""What the policy does to a draft before MultiMail hears of it: refuse it, send it on its way, or let it be held."""

import uuid
from dataclasses import dataclass, replace

from deskgate.desk.audit.telling import of_refusal
from deskgate.desk.core import Core
from deskgate.desk.corrections import is_correction
from deskgate.desk.digest import Seen
from deskgate.desk.errors import Forbidden
from deskgate.desk.policy.evaluate import Verdict, evaluate
from deskgate.desk.policy.facts import Facts, Held
from deskgate.desk.policy.gather import Gatherer, Unsent
from deskgate.desk.policy.holder import PolicyHolder
from deskgate.desk.policy.records import Evaluation, keep
from deskgate.desk.policy.rules import Policy
from deskgate.desk.principals import DECIDE, Principal
from deskgate.desk.replies import Reply
from deskgate.desk.zendesk import Ticket


@dataclass(frozen=True)
class Policies:
    """The policy in force, and what it takes to apply it."""

    holder: PolicyHolder
    gatherer: Gatherer


@dataclass(frozen=True)
class Admission:
    """What was found out before a draft was handed over, for the evaluation that follows when it is held.

    `reply` is the row as it is to be handed over: with a decision in it, it leaves from the monitored mailbox. `why_not`
    is why a rule that wanted that did not get it. `by_hand`: a person wrote it in the place of a reply that was held, and
    no rule lets it out.
    """

    policy: Policy
    ticket: Ticket
    facts: Facts
    reply: Reply
    why_not: str = ""
    by_hand: bool = False


def principal_of(rule: str) -> Principal:
    """Who decides when a rule does."""
    return Principal(f"policy:{rule}", "policy", frozenset({DECIDE}))


async def admit(core: Core, policies: Policies, ticket: Ticket, reply: Reply, *, by_hand: bool) -> Admission:
    """Ask the policy about a draft that MultiMail never heard of. `by_hand`: it is a person's correction of a held one.

    Raises:
        Forbidden: a rule refuses it; nothing was sent, and the evaluation is kept.
    """
    found, verdict = await _admitted(core, policies, ticket, reply)
    found = replace(found, by_hand=by_hand)
    if by_hand or verdict.outcome != "monitored":
        return found
    from deskgate.desk.policy.monitored import leave

    return await leave(core, policies, found, verdict)


async def admit_again(core: Core, policies: Policies, ticket: Ticket, reply: Reply) -> Admission:
    """Ask the policy about a draft that was handed over before, and whose answer was lost.

    What was handed to the gated mailbox goes there again; what was to leave at once is asked about as if it were new.

    Raises:
        Forbidden: a rule refuses it; nothing was sent, and the evaluation is kept.
        OutcomeUnknown: it was to leave at once, and the policy or the time is against it by now.
    """
    found, verdict = await _admitted(core, policies, ticket, reply)
    if reply.decision is None:
        return replace(found, why_not="it was handed to the gated mailbox before")
    from deskgate.desk.policy.monitored import leave_again

    await leave_again(core, found, verdict)
    return found


async def _admitted(core: Core, policies: Policies, ticket: Ticket, reply: Reply) -> tuple[Admission, Verdict]:
    """The facts, and the verdict as far as a text that nobody holds can be judged."""
    found = await gathered(core, policies, ticket, reply)
    facts = replace(found.facts, ticket_moved=moved(ticket, reply), held=Held.AS_DRAFTED)
    verdict = evaluate(found.policy, facts)
    if verdict.outcome == "refuse":
        refused = of_refusal(ticket.id, reply.words, "forbidden")
        evaluated = evaluation(core, reply, verdict, found.facts, "refused")
        await keep(policies.gatherer.tables, evaluated, refused)
        raise Forbidden(
            f'The policy refuses this draft (rule "{verdict.rule}"): {verdict.reason} Nothing was sent.',
            ticket_id=ticket.id,
        )
    return found, verdict


async def gathered(core: Core, policies: Policies, ticket: Ticket, reply: Reply) -> Admission:
    """The facts of this moment."""
    policy = await policies.holder.current()
    draft = Unsent(reply.id, reply.recipient, reply.subject, reply.body)
    facts = await policies.gatherer.facts(policy, ticket, draft, core.clock.now())
    return Admission(policy, ticket, facts, reply, by_hand=await is_correction(core, reply.id))


def moved(ticket: Ticket, reply: Reply) -> bool:
    """Whether the ticket is another than the one that the reply answers."""
    return Seen.of(ticket) != Seen.load(reply.seen)


def evaluation(core: Core, reply: Reply, verdict: Verdict, facts: Facts, effect: str) -> Evaluation:
    """One verdict, to be kept."""
    return Evaluation(uuid.uuid4().hex, reply.id, reply.recipient, core.clock.now(), verdict, facts, effect)
