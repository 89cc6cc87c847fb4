"""What the policy remembers: every evaluation, and the automatic approvals of the last day."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from deskgate.desk.audit.said import Said
from deskgate.desk.audit.telling import of_evaluated, of_evaluation
from deskgate.desk.clock import iso
from deskgate.desk.people import key_of
from deskgate.desk.policy.evaluate import Verdict
from deskgate.desk.policy.facts import Facts
from deskgate.desk.policy.rules import Policy
from deskgate.desk.replies import OUTSIDE
from deskgate.desk.store import Store
from deskgate.desk.store.tables import Tables, named_queries

CAP_WINDOW = timedelta(hours=24)


@dataclass(frozen=True)
class Evaluation:
    """One verdict as it is kept."""

    id: str
    reply_id: str
    recipient: str
    evaluated_at: datetime
    verdict: Verdict
    facts: Facts
    effect: str

    def row(self) -> dict[str, Any]:
        """As the table has it."""
        return {
            "id": self.id,
            "reply_id": self.reply_id,
            "ticket_id": self.facts.ticket_id,
            "person": key_of(self.recipient) or None,
            "evaluated_at": iso(self.evaluated_at),
            "policy_version": self.verdict.version,
            "policy_hash": self.verdict.policy_hash,
            "rule": self.verdict.rule,
            "outcome": self.verdict.outcome,
            "guards": json.dumps(self.verdict.guards),
            "facts": json.dumps(self.facts.record() | {"asked": self.verdict.facts_used}, sort_keys=True),
            "effect": self.effect,
        }

    def said(self) -> Said:
        """As the audit trail has it."""
        verdict = self.verdict
        return of_evaluation(self.row(), verdict.facts_used, verdict.guards, self.recipient)


async def keep(store: Store, evaluation: Evaluation, *also: Said) -> None:
    """Keep an evaluation that lets nothing out; `also` goes on record with it."""
    await store.write((_sql("add_evaluation"), evaluation.row()), said=[evaluation.said(), *also])


async def begin_approval(store: Store, policy: Policy, evaluation: Evaluation, recipient: str) -> bool:
    """Keep an approving evaluation and take its place within the caps, in one transaction.

    False where the caps are reached, or where this reply had its one automatic try: then nothing is kept.
    """
    place = {
        "reply_id": evaluation.reply_id,
        "evaluation_id": evaluation.id,
        "begun_at": iso(evaluation.evaluated_at),
        "since": iso(evaluation.evaluated_at - CAP_WINDOW),
        "recipient_cap": policy.per_recipient_per_day,
        "domain_cap": policy.per_domain_per_day,
        **_keys(recipient),
    }
    steps = (_sql("take_place"), place), (_sql("add_approving"), evaluation.row())
    return await store.write(*steps, said=[evaluation.said()]) == 1


async def finish(store: Store, evaluation: Evaluation, effect: str) -> None:
    """Say what became of an approval that was begun."""
    said = of_evaluated(evaluation.reply_id, effect, evaluation.id)
    await store.write((_sql("finish"), {"id": evaluation.id, "effect": effect}), said=[said])


async def finish_leaving(store: Store, reply_id: str, effect: str) -> None:
    """The same for a reply that was to leave from the monitored mailbox, where it is not said yet."""
    values = {"reply_id": reply_id, "effect": effect}
    await store.write((_sql("finish_leaving"), values), said=[of_evaluated(reply_id, effect)])


async def take_turn(tables: Tables, reply_id: str, now: datetime) -> bool:
    """Take the one turn that a reply has before the policy; false where it was taken."""
    return await tables.write((_sql("take_turn"), {"reply_id": reply_id, "taken_at": iso(now)})) == 1


async def had_turn(tables: Tables, reply_id: str) -> bool:
    """Whether a reply had its turn."""
    return bool(await tables.rows(_sql("turn"), reply_id=reply_id))


async def approvals_since(tables: Tables, recipient: str, now: datetime) -> tuple[int, int]:
    """Automatic approvals of the last 24 hours, to this address and to its domain. Every try counts, sent or not."""
    (row,) = await tables.rows(_sql("approvals_since"), since=iso(now - CAP_WINDOW), **_keys(recipient))
    return int(row["to_recipient"] or 0), int(row["to_domain"] or 0)


async def reached_before(tables: Tables, recipient: str, reply_id: str) -> bool:
    """Whether a mail of ours went out to this address before and did not bounce."""
    found = await tables.rows(_sql("earlier_mail"), recipient=key_of(recipient), reply_id=reply_id)
    return bool(found)


async def footer_known(tables: Tables, mailbox: str, footer: str) -> bool:
    """Whether a person approved a mail of this mailbox with just this footer under it."""
    found = await tables.rows(_sql("footer_approved"), mailbox=mailbox, footer=footer, outside=OUTSIDE)
    return bool(found)


async def evaluations_of(tables: Tables, reply_id: str) -> list[dict[str, Any]]:
    """The evaluations of a reply, oldest first."""
    return await tables.rows(_sql("evaluations_of"), reply_id=reply_id)


def _keys(recipient: str) -> dict[str, str]:
    """Who counts as one address: letter case and what stands behind a plus sign make no difference."""
    local, _, domain = key_of(recipient).rpartition("@")
    address = f"{local.partition('+')[0]}@{domain}"
    return {"recipient_key": hashlib.sha256(address.encode("utf-8", "surrogatepass")).hexdigest(), "domain": domain}


def _sql(name: str) -> str:
    return named_queries(__package__)[name]
