"""What the record says about calls that were cut off."""

import sqlite3

from deskgate.desk.checks.line import FAULT, OK, WARNING, Check
from deskgate.desk.replies import UNDERWAY
from deskgate.desk.store import Store

SHOWN = 5


async def open_calls(store: Store) -> Check:
    """Replies whose last call to MultiMail has no known outcome."""
    name = "open calls"
    try:
        replies = await store.replies_in_state(*UNDERWAY)
    except sqlite3.Error as error:
        return Check(name, FAULT, f"The data file cannot be read ({error}).", "Restore it from a backup.")
    if not replies:
        return Check(name, OK, "No reply waits for the outcome of a call.")
    shown = ", ".join(
        f"ticket {reply.ticket_id} ({reply.state} since {reply.attempted_at})" for reply in replies[:SHOWN]
    )
    more = f" and {len(replies) - SHOWN} more" if len(replies) > SHOWN else ""
    return Check(
        name,
        WARNING,
        f"The outcome of a call is not known for {len(replies)} of the replies: {shown}{more}.",
        "`deskgate serve` looks them up when it starts; where that is not enough, ask for the same draft, decision or "
        "cancellation again, which never happens twice.",
    )
