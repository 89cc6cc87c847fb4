"""What the forms do: approve or reject one reply, or several. Everything ends in the desk's one `decide`."""

from starlette.responses import Response

from deskgate.desk import Reply
from deskgate.desk.errors import BadInput, DeskError
from deskgate.web.approvals.reply_page import reply_of
from deskgate.web.approvals.sorting import Choice
from deskgate.web.approvals.visit import Visit

REASON_LIMIT_CHARS = 500
BATCH_LIMIT = 100
LOOK_AGAIN = (
    "You have not had this mail, as it is in this form, in front of you in this session, or it was too long ago. Look at "
    "it again; nothing was sent."
)


class NotSeen(DeskError):
    """Whoever approves must have had the mail in front of them, lately and in this session."""

    code = "not_seen"


async def approve(visit: Visit) -> Response:
    """Approve one reply with the digest of what was shown."""
    reply = await reply_of(visit)
    if reply is None:
        return visit.page("no_such_reply.html", status=404)
    opened = await visit.house.reviewers.opened(visit.session, visit.house.seen_hours)
    line = await _approved(visit, reply, visit.field("digest"), opened.get(reply.id, []))
    return await visit.done([line])


async def reject(visit: Visit) -> Response:
    """Send one reply back, with a reason."""
    reply = await reply_of(visit)
    if reply is None:
        return visit.page("no_such_reply.html", status=404)
    digest = visit.field("digest") or None
    return await visit.done([await _rejected(visit, reply, digest, _reason(visit))])


async def batch(visit: Visit) -> Response:
    """Decide the ticked replies, one after the other; each line of the report says what became of one."""
    choice = Choice.of_query(visit.field("choice"))
    decision = visit.field("decision")
    ids = list(dict.fromkeys(visit.form.get("reply", [])))
    if decision not in ("approve", "reject") or not ids:
        raise BadInput("Tick at least one reply and choose what to do with it.")
    if len(ids) > BATCH_LIMIT:
        raise BadInput(f"At most {BATCH_LIMIT} replies at once.")
    reason = _reason(visit) if decision == "reject" else ""
    opened = await visit.house.reviewers.opened(visit.session, visit.house.seen_hours)
    report = []
    for reply_id in ids:
        reply = await visit.desk.core.store.reply(reply_id)
        if reply is None or not reply.message_id:
            continue
        try:
            if decision == "approve":
                seen = opened.get(reply.id, [])
                report.append(await _approved(visit, reply, seen[-1] if seen else "", seen))
            else:
                report.append(await _rejected(visit, reply, None, reason))
        except DeskError as error:
            report.append(_line(reply, "trouble", f"{error.code}: {error.sentence}"))
    return await visit.done(report, choice.query)


async def _approved(visit: Visit, reply: Reply, digest: str, seen: list[str]) -> dict[str, str]:
    if not digest or digest not in seen:
        raise NotSeen(LOOK_AGAIN)
    done = await visit.desk.decide(reply.message_id or "", "approve", digest=digest)
    if done.decided_by != visit.session.principal.id:
        return _line(done, "same", f"It was already approved by {done.decided_by}.")
    return _line(done, "approved", "Approved. The mail goes to the customer.")


async def _rejected(visit: Visit, reply: Reply, digest: str | None, reason: str) -> dict[str, str]:
    done = await visit.desk.decide(reply.message_id or "", "reject", digest=digest, reason=reason)
    if done.decided_by != visit.session.principal.id:
        return _line(done, "same", f"It was already rejected by {done.decided_by}.")
    return _line(done, "rejected", "Rejected. Nothing was sent to the customer.")


def _line(reply: Reply, outcome: str, text: str) -> dict[str, str]:
    """What is kept until it was told: without any customer's words or address, as nobody looks for them here."""
    return {"reply_id": reply.id, "ticket_id": str(reply.ticket_id), "outcome": outcome, "text": text}


def _reason(visit: Visit) -> str:
    reason = " ".join(visit.field("reason").split())
    if not reason:
        raise BadInput("Say why: whoever wrote the reply has to know what to do better.")
    if len(reason) > REASON_LIMIT_CHARS:
        raise BadInput(f"The reason has {len(reason)} characters; the limit is {REASON_LIMIT_CHARS}.")
    return reason
