"""Decisions on held mails, and their withdrawal."""

from sqlite3 import Row

from deskgate.sandbox.moment import Moment
from deskgate.sandbox.multimail import events
from deskgate.sandbox.multimail.common import log, refused
from deskgate.sandbox.multimail.post import let_out, settle

PENDING = ("pending_send_approval", "pending_inbound_approval")
CANCELLABLE = ("pending_scan", *PENDING)


def decide(moment: Moment, email_id: object, action: object, reason: str, actor: str) -> str:
    """Approve or reject a held mail; gives MultiMail's word for what became of it."""
    if action not in ("approve", "reject"):
        raise refused(400, "action must be approve or reject")
    row = moment.store.row("email", id=str(email_id))
    if row is None or row["status"] == "pending_scan":
        raise refused(404, "Email not found")
    if row["status"] not in PENDING:
        return _again(moment, row)
    log(moment, actor, f"oversight.{action}", "email", row["id"], **({"reason": reason} if reason else {}))
    outbound = row["direction"] == "outbound"
    approved = action == "approve"
    moment.store.run(
        "email_decided",
        id=row["id"],
        status="unread" if approved and not outbound else row["status"] if approved else "rejected",
        approved_at=moment.now_ms if approved else None,
        approved_by=actor if approved else None,
        reason=reason or None,
    )
    events.fire(moment, "approved" if approved else "rejected", row)
    if approved and outbound:
        let_out(moment, row)
        settle(moment)
    elif approved:
        events.fire(moment, "received", row)
    return "rejected" if not approved else "approved_and_sent" if outbound else "approved"


def cancel(moment: Moment, row: Row, actor: str) -> None:
    """Withdraw a mail that has not been let out. Cancelling again changes nothing; anything else is 409."""
    if row["status"] == "cancelled":
        return
    if row["status"] not in CANCELLABLE:
        raise refused(409, f"Email cannot be cancelled in status {row['status']}")
    moment.store.run("email_status", id=row["id"], status="cancelled")
    log(moment, actor, "email.cancel", "email", row["id"])


def _again(moment: Moment, row: Row) -> str:
    if moment.choice("decide_twice") == "404":
        raise refused(404, "Email not found")
    if moment.choice("decide_twice") == "409" or (row["approved_at"] is None and row["status"] != "rejected"):
        raise refused(409, "Email has already been decided")
    return "rejected" if row["approved_at"] is None else "approved_and_sent"
