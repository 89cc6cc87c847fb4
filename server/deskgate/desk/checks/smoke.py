"""The smoke test: hold one reply for real, see it wait, take it back. It never decides.

A reply that was handed over is taken back whatever happens in between, an interrupted run included.
"""

from collections.abc import Callable

from deskgate.desk import Desk
from deskgate.desk.checks.line import FAULT, OK, Check
from deskgate.desk.core import unbroken
from deskgate.desk.digest import words_of
from deskgate.desk.errors import AlreadyDecided, DeskError, OutcomeUnknown
from deskgate.desk.queue import Pending
from deskgate.desk.replies import GONE_OUT, Reply

WAIT_SECONDS = 30.0
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 3.0
TRIES = 3
PAGE = 100

Tell = Callable[[Check], None]

TEXT = (
    "deskgate smoke test {mark}\n\n"
    "An operator is checking that replies are held for approval. Do not approve this mail: it will be cancelled."
)


async def smoke(desk: Desk, ticket_id: int, mark: str, tell: Tell) -> None:
    """Draft a marked reply to the ticket, see it in the queue, cancel it; `tell` hears of each step as it ends.

    `mark` makes the words unique, so that each run is a mail of its own.
    """
    body = TEXT.format(mark=mark)
    try:
        reply = await _drafted(desk, ticket_id, body, tell)
        if reply is not None:
            tell(await _seen(desk, reply))
    finally:
        with unbroken() as scope:
            await _taken_back(desk, ticket_id, body, mark, tell)
        if scope.cancelled_caught:
            tell(Check("cancel", FAULT, "Cancelling took too long, so its outcome is not known.", _find(mark)))


async def _drafted(desk: Desk, ticket_id: int, body: str, tell: Tell) -> Reply | None:
    name = "draft"
    for last in (False,) * (TRIES - 1) + (True,):
        try:
            reply = await desk.draft(ticket_id, body)
        except OutcomeUnknown as error:
            if last:
                tell(Check(name, FAULT, error.sentence))
                return None
            await desk.core.clock.sleep(LONGEST_PAUSE_SECONDS)  # the same draft again is looked up first
        except DeskError as error:
            tell(Check(name, FAULT, f"{error.sentence} ({error.code})", "Mend this, or try with another open ticket."))
            return None
        else:
            text = f"MultiMail took a reply to ticket {ticket_id} for {reply.recipient} (message {reply.message_id})."
            tell(Check(name, OK, text))
            return reply
    return None


async def _seen(desk: Desk, reply: Reply) -> Check:
    name, clock = "queue", desk.core.clock
    begun, pause = clock.monotonic(), FIRST_PAUSE_SECONDS
    try:
        while True:
            found = await _in_queue(desk, reply)
            if found is not None and not found.scanning:
                return _as_drafted(found, clock.monotonic() - begun)
            if clock.monotonic() - begun + pause > WAIT_SECONDS:
                return await _unseen(desk, reply)
            await clock.sleep(pause)
            pause = min(LONGEST_PAUSE_SECONDS, pause * 2)
    except DeskError as error:
        return Check(name, FAULT, f"The queue could not be read: {error.sentence} ({error.code})")


async def _in_queue(desk: Desk, reply: Reply) -> Pending | None:
    cursor: str | None = None
    while True:
        page = await desk.pending(limit=PAGE, cursor=cursor, ticket_id=reply.ticket_id)
        for item in page.items:
            if item.reply.id == reply.id:
                return item
        if page.cursor is None:
            return None
        cursor = page.cursor


def _as_drafted(found: Pending, seconds: float) -> Check:
    name = "queue"
    altered = found.look.altered if found.look else ()
    if altered:
        text = f"It waits for approval, and what MultiMail holds is not what was drafted: {', '.join(altered)}."
        return Check(name, FAULT, text, "Find out at MultiMail who or what changes held mails.")
    return Check(name, OK, f"It waits for approval, as it was drafted (seen after {seconds:.0f} s).")


async def _unseen(desk: Desk, reply: Reply) -> Check:
    state = (await desk.track(message_id=reply.message_id))[0].state
    if state in GONE_OUT:
        return _let_out(reply)
    text = f"It did not show up in the approval queue within {WAIT_SECONDS:.0f} s; its state is {state}."
    return Check("queue", FAULT, text, "Look at the mailbox at MultiMail: its scan may be stuck, or somebody decided.")


def _let_out(reply: Reply) -> Check:
    return Check(
        "queue",
        FAULT,
        f"The mail went out to {reply.recipient}: somebody approved it, or MultiMail did not hold it.",
        "Stop drafting with this mailbox until it is clear which of the two it was (MultiMail's log says).",
    )


async def _taken_back(desk: Desk, ticket_id: int, body: str, mark: str, tell: Tell) -> None:
    """By its words, since an interruption may have cut off everything but our own record."""
    reply = await desk.core.store.reply_with_words(words_of(ticket_id, body))
    if reply is None:
        return
    find = _find(mark)
    if reply.message_id is None:
        tell(Check("cancel", FAULT, "It is not known whether MultiMail holds the mail, so it was not cancelled.", find))
        return
    for last in (False,) * (TRIES - 1) + (True,):
        try:
            await desk.cancel(reply.message_id, "deskgate smoke test")
        except AlreadyDecided as error:
            tell(
                Check("cancel", FAULT, f"It could not be cancelled: {error.sentence}", "Ask MultiMail who let it out.")
            )
            return
        except DeskError as error:
            if last:
                tell(Check("cancel", FAULT, f"It could not be cancelled: {error.sentence} ({error.code})", find))
                return
            await desk.core.clock.sleep(LONGEST_PAUSE_SECONDS)
        else:
            tell(Check("cancel", OK, "It was cancelled again. Nothing was sent and nothing was decided."))
            return


def _find(mark: str) -> str:
    return f"Find the mail with the words 'smoke test {mark}' in the approval queue and reject it."
