"""What would happen to a draft on a ticket: the whole reasoning, without drafting, sending or keeping anything."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from deskgate.desk.core import Core
from deskgate.desk.policy.evaluate import NO_DECIDING_KEY, Step, Verdict, evaluate, explain, held_back
from deskgate.desk.policy.facts import Facts, Held
from deskgate.desk.policy.gather import Gatherer, Unsent
from deskgate.desk.policy.monitored import way_out
from deskgate.desk.policy.rules import Policy
from deskgate.desk.recipients import plain_address
from deskgate.desk.text import label, reply_subject

_CORRECTED = {
    "another_person": "If a reviewer corrects it, another person has to approve.",
    "approve": "If a reviewer corrects it, they may approve it themselves.",
}
_TRUTHS = {True: "yes", False: "no", None: "unknown"}


@dataclass(frozen=True)
class Trial:
    """A verdict with every step to it. `steps` ends at the rule that matched."""

    policy: Policy
    facts: Facts
    steps: tuple[Step, ...]
    verdict: Verdict

    def dump(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "ticket_id": self.facts.ticket_id,
            "policy": {
                "version": self.policy.version,
                "hash": self.policy.hash,
                "corrections": self.policy.corrections,
            },
            "outcome": self.verdict.outcome,
            "rule": self.verdict.rule,
            "why": self.verdict.why,
            "guards": list(self.verdict.guards),
            "facts": self.facts.record(),
            "steps": [
                {
                    "rule": step.rule.name,
                    "outcome": step.rule.outcome,
                    "matched": step.matched,
                    "conditions": [asdict(answer) for answer in step.answers],
                }
                for step in self.steps
            ],
        }

    def lines(self) -> list[str]:
        """For people."""
        told = [f"Policy {label(self.policy.version)} ({self.policy.hash[:19]}), {len(self.policy.rules)} rules.", ""]
        told.append(f"What is known about ticket {self.facts.ticket_id}:")
        told += [f"  {name:<20} {_shown(value)}" for name, value in self.facts.record().items() if name != "ticket_id"]
        told += ["", "Rules, in order:"]
        for place, step in enumerate(self.steps, 1):
            said = "matches" if step.matched else "does not match"
            told.append(f"  {place}. {step.rule.name} ({step.rule.outcome}) {said}")
            told += [f"       {one.key:<20} {_TRUTHS[one.truth]:<8} {label(one.found)}" for one in step.answers]
        left = len(self.policy.rules) - len(self.steps)
        if left:
            told.append(f"  {left} more after that are not looked at.")
        return [*told, "", f"Outcome: {self.verdict.outcome}. {self.verdict.why}", _CORRECTED[self.policy.corrections]]


async def trial(core: Core, policy: Policy, gatherer: Gatherer, ticket_id: int, body: str | None) -> Trial:
    """What this policy would say about a reply with that text; without a text nothing about the text is known.

    It is assumed that MultiMail would hold the draft as written and that the ticket would not change meanwhile. The
    monitored mailbox is looked at where a rule would have the draft leave from it.

    Raises:
        TicketNotFound: no such ticket.
    """
    ticket = await core.zendesk.ticket(ticket_id)
    address = plain_address(ticket.requester.email or "") if ticket.requester else None
    draft = Unsent("", address or "", reply_subject(ticket.subject), body)
    found = await gatherer.facts(policy, ticket, draft, core.clock.now())
    facts = replace(found, ticket_moved=False, held=Held.AS_DRAFTED)
    verdict = evaluate(policy, facts)
    if verdict.outcome == "approve" and core.oversight is None:
        verdict = held_back(verdict, NO_DECIDING_KEY)
    if verdict.outcome == "monitored":
        gate = await way_out(core, policy)
        verdict = held_back(verdict, gate) if isinstance(gate, str) else verdict
    return Trial(policy, facts, explain(policy, facts), verdict)


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{label(str(name))} ({setter})" for name, setter in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(label(str(one)) for one in value) or "none"
    return str(value).lower() if isinstance(value, bool) else label(str(value))
