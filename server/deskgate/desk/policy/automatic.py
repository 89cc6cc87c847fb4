"""What the policy does to a reply that is held: approve it, or leave it to a person."""

import logging
from dataclasses import replace

from deskgate.desk.audit.said import acting_as
from deskgate.desk.core import Core
from deskgate.desk.decide import decide
from deskgate.desk.errors import DeskError
from deskgate.desk.look import Look, look_at, show
from deskgate.desk.multimail import Mail, Stage
from deskgate.desk.policy.admission import Admission, Policies, evaluation, gathered, moved, principal_of
from deskgate.desk.policy.evaluate import NO_DECIDING_KEY, evaluate, held_back
from deskgate.desk.policy.facts import Facts, Held
from deskgate.desk.policy.gather import about_links
from deskgate.desk.policy.records import (
    Evaluation,
    begin_approval,
    finish,
    finish_leaving,
    footer_known,
    had_turn,
    keep,
    take_turn,
)
from deskgate.desk.policy.rules import LETTING_OUT
from deskgate.desk.principals import Principal
from deskgate.desk.replies import GONE_OUT, HELD, Reply
from deskgate.desk.settle import read_mail

log = logging.getLogger("deskgate.policy")

SCAN_LOOKS = 8
SCAN_PAUSE_SECONDS = 0.4


async def automatic(
    core: Core, policies: Policies, reply: Reply, admission: Admission | None = None, *, once: bool = False
) -> Reply:
    """Apply the policy to a reply that is held; gives the reply as it is then.

    An approval goes through the same decision as a person's, once per reply. Whatever fails leaves the reply held, so a
    person decides. `admission` spares the second reading of what `admit` read a moment before; without one (a reply that
    was held earlier) everything is read anew. `once`: only if nobody applied it to this reply before.
    """
    tables = policies.gatherer.tables
    if once and reply.state in (HELD, *GONE_OUT):
        await finish_leaving(tables, reply.id, "held" if reply.state == HELD else "approved")
    if reply.state != HELD or reply.message_id is None or (once and await had_turn(tables, reply.id)):
        return reply
    try:
        found = admission or await gathered(core, policies, await core.zendesk.ticket(reply.ticket_id), reply)
        if once and not await take_turn(tables, reply.id, core.clock.now()):
            return reply
        return await _applied(core, policies, reply, found)
    except DeskError as error:
        log.warning("the policy was not applied to reply %s, which stays held: %s", reply.id, error.code)
        return reply


async def _applied(core: Core, policies: Policies, reply: Reply, found: Admission) -> Reply:
    tables = policies.gatherer.tables
    facts = _unheld(reply, found)
    verdict = evaluate(found.policy, facts)
    digest = reply.digest
    if verdict.outcome == "approve":  # only then is it worth the calls to see what is there by now
        mail = await _scanned(core, reply)
        found = await _anew(core, policies, reply, found)
        facts = _unheld(reply, found)
        verdict = evaluate(found.policy, facts)
        if verdict.outcome == "approve":
            facts, digest = await _as_held(core, reply, mail, found, principal_of(verdict.rule or ""))
            verdict = evaluate(found.policy, facts)
    else:
        facts = replace(facts, held=None)
    if found.by_hand and verdict.outcome in LETTING_OUT:
        verdict = held_back(verdict, "a person wrote it in the place of a reply that was held")
    if verdict.outcome == "monitored":
        verdict = held_back(verdict, found.why_not or "it was handed to the gated mailbox before")
    if verdict.outcome == "approve" and core.oversight is None:
        verdict = held_back(verdict, NO_DECIDING_KEY)
    if verdict.outcome != "approve":
        await keep(tables, evaluation(core, reply, verdict, facts, "held"))
        return reply
    begun = evaluation(core, reply, verdict, facts, "approving")
    if not await begin_approval(tables, found.policy, begun, reply.recipient):
        verdict = held_back(
            verdict, "the caps were reached at this very moment, or this reply had its one automatic try"
        )
        await keep(tables, evaluation(core, reply, verdict, facts, "held"))
        return reply
    return await _approved(core, policies, reply, begun, digest)


def _unheld(reply: Reply, found: Admission) -> Facts:
    """The facts as far as they are known without asking what MultiMail holds."""
    return replace(found.facts, ticket_moved=moved(found.ticket, reply), held=Held.AS_DRAFTED)


async def _anew(core: Core, policies: Policies, reply: Reply, found: Admission) -> Admission:
    """What is true by now: handing a draft over and scanning it takes as long as MultiMail likes."""
    ticket = await core.zendesk.ticket(reply.ticket_id)
    policy = await policies.holder.current()
    if (ticket, policy.hash) == (found.ticket, found.policy.hash):
        return found
    return replace(await gathered(core, policies, ticket, reply), why_not=found.why_not)


async def _approved(core: Core, policies: Policies, reply: Reply, begun: Evaluation, digest: str | None) -> Reply:
    caller = principal_of(begun.verdict.rule or "")
    try:
        with acting_as(caller.who):
            approved = await decide(
                core, caller, reply.message_id or "", "approve", digest=digest, reason=begun.verdict.why
            )
    except DeskError as error:
        log.warning("reply %s was not approved by %s: %s", reply.id, caller.id, error.code)
        await finish(policies.gatherer.tables, begun, f"failed:{error.code}")
        return await core.store.reply(reply.id) or reply
    await finish(policies.gatherer.tables, begun, "approved")
    return approved


async def _as_held(
    core: Core, reply: Reply, mail: Mail | None, found: Admission, caller: Principal
) -> tuple[Facts, str | None]:
    """The facts of what MultiMail holds, and its digest: whether it is the draft, and the links of the whole text."""
    facts = _unheld(reply, found)
    if mail is None or mail.stage is not Stage.HELD:
        return replace(facts, held=Held.NOT_HELD), None
    look = await show(core, look_at(reply, mail, found.ticket), caller)
    if look.own_copy:
        return replace(facts, held=Held.BODY_UNSEEN), look.digest
    links = about_links(f"{look.content.subject}\n{look.body}", reply.recipient)
    return replace(facts, held=await _compared(core, look), **links), look.digest


async def _compared(core: Core, look: Look) -> Held:
    if look.altered or look.redirected:
        return Held.ALTERED
    known = not look.footer or await footer_known(core.store, look.reply.mailbox, look.footer)
    return Held.AS_DRAFTED if known else Held.NEW_FOOTER


async def _scanned(core: Core, reply: Reply) -> Mail | None:
    mail = await read_mail(core, reply)
    for _ in range(SCAN_LOOKS):
        if mail is None or mail.stage is not Stage.SCANNING:
            break
        await core.clock.sleep(SCAN_PAUSE_SECONDS)
        mail = await read_mail(core, reply)
    return mail
