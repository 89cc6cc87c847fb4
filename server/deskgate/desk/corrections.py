"""A correction: a person's words in the place of somebody else's, and when that person may let them out.

Whoever wrote the old words counts as a writer of the new ones, and so never approves them. Whoever corrected them is a
writer too. A policy may allow that one person to approve all the same: they read the mail and answer for it as a
reviewer, and the record says that nobody else did.
"""

from collections.abc import Sequence

from deskgate.desk.audit.said import Once
from deskgate.desk.audit.telling import of_inheriting, of_new_reply
from deskgate.desk.core import Core
from deskgate.desk.principals import Principal
from deskgate.desk.replies import Reply
from deskgate.desk.store import values_of
from deskgate.desk.store.tables import Row, Step, named_queries

STORE = "deskgate.desk.store"


async def add_correction(core: Core, caller: Principal, reply: Reply, old_reply_id: str) -> bool:
    """Add a reply that replaces an older one, with all its writers, in one transaction.

    False where a live reply with the same words exists, and nothing is added.
    """
    theirs = named_queries(STORE, core.store.dialect)
    drafter = {"reply_id": reply.id, "principal": caller.id, "owner": caller.owner or caller.id}
    link = {"reply_id": reply.id, "old_reply_id": old_reply_id, "made_by": caller.id, "made_at": reply.drafted_at}
    added = await core.store.write(
        (theirs["add_reply"], values_of(reply)),
        (theirs["add_drafter"], drafter),
        _inherited(reply.id, old_reply_id),
        (_sql("add_correction"), link),
        said=of_new_reply(reply, corrects=old_reply_id),
    )
    return added == 1


async def inherit(core: Core, reply: Reply, old_reply_id: str) -> None:
    """Count the writers of the old words among those of a reply that had the new words before."""
    told = Once(_inherited(reply.id, old_reply_id), (of_inheriting(reply.id, old_reply_id),))
    await core.store.tell(told)


async def is_correction(core: Core, reply_id: str) -> bool:
    """Whether a reply was put in the place of another one."""
    return bool(await core.store.rows(_sql("any_correction"), reply_id=reply_id))


async def grounds(core: Core, caller: Principal, reply: Reply) -> str | None:
    """Why this caller may approve this reply though they are among its writers; `None` where they may not.

    Only a person, only their own correction of a reply in which neither they nor anybody of theirs had a hand, only where
    the new words are not those of an agent of theirs either, and only where the policy in force says so at this moment.
    """
    if caller.kind != "human" or core.policies is None:
        return None
    found = await core.store.rows(_sql("correction"), reply_id=reply.id, made_by=caller.id)
    if not found:
        return None
    old_reply_id = found[0]["old_reply_id"]
    rows = await core.store.rows(_sql("earlier_drafters"), reply_id=reply.id, old_reply_id=old_reply_id)
    before = _people(rows)
    if not before or caller.names & before:
        return None
    elsewhere = await core.store.rows(_sql("writers_elsewhere"), reply_id=reply.id, made_by=caller.id)
    if caller.names & _people(elsewhere):
        return None
    policy = await core.policies.holder.current()
    if policy.corrections != "approve":
        return None
    return (
        f"Their own correction of another's text, which policy {policy.version} ({policy.hash[:19]}) lets them approve."
    )


def _people(rows: Sequence[Row]) -> set[str]:
    return {row["principal"] for row in rows} | {row["owner"] for row in rows}


def _inherited(reply_id: str, old_reply_id: str) -> Step:
    return _sql("inherit_drafters"), {"reply_id": reply_id, "old_reply_id": old_reply_id}


def _sql(name: str) -> str:
    return named_queries("deskgate.desk")[name]
