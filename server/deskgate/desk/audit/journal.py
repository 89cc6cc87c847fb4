"""Where records get their place: at the end of the very transaction that changes what they tell of.

No record, no action: a record that cannot be written undoes the change. The head row is read, and locked, inside the
transaction, so that numbers have no gaps on either database; and last in it, so that others wait for it shortly.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from deskgate.desk.audit.commitments import seal
from deskgate.desk.audit.record import Actor, Entry, Head, append
from deskgate.desk.audit.said import Once, Said
from deskgate.desk.audit.tree import Frontier
from deskgate.desk.clock import Clock
from deskgate.desk.store.tables import Dialect, Row, Step, Tail, named_queries

# With which key the call is made that such a record begins.
_KEY_OF_EVENT = {
    "draft.create": "send",
    "email.cancel": "send",
    "email.decide": "oversight",
    "note.write": "zendesk",
    "ticket.write": "zendesk",
}
_CALLING = ("begun", "again", "tried")
# Records that name the earlier ones of the same reply which they rest on, and by which word they name each kind.
_RESTING = ("email.decide", "email.send")
_GROUNDS = {"policy.eval": "policy", "question.answer": "answers", "email.decide": "decisions"}

Earlier = dict[str, list[Row]]


class Journal:
    """The log of one database. `keys` are the fingerprints of the keys that this process calls with."""

    def __init__(self, dialect: Dialect, clock: Clock, keys: Mapping[str, str] | None = None) -> None:
        self._sql = named_queries(__package__, dialect)
        self._clock = clock
        self._keys = keys or {}
        # Where the log stood after the last record of this journal's own, and whether nobody had written before that one.
        self._left: tuple[Row, Head] | None = None
        self._undisturbed = False

    def tail(self, said: Sequence[Said]) -> Tail:
        """The end of a transaction that records this, where none of it depends on what the transaction itself sees."""
        return self._last(lambda rows: self._steps(rows[0], said, {}))

    def tails(self, said: Sequence[Said | Once], happened: dict[int, bool]) -> list[Tail]:
        """The end of a transaction that records this. `happened` gets, by its place, whether each `Once` did.

        A transaction may be run again as a whole: each run overwrites what the one before it found.
        """
        earlier: Earlier = {}
        tails = []
        for place, one in enumerate(said):
            if isinstance(one, Once):
                tails.append(Tail(_returning(one.step), _kept(happened, place)))
        for reply_id in sorted({str(one.obj.get("reply")) for one in _all(said) if one.ev in _RESTING}):
            tails.append(Tail((self._sql["grounds"], {"reply_id": reply_id}), _noted(earlier, reply_id)))

        def then(rows: list[Row]) -> list[Step]:
            told = [one for place, one in enumerate(said) if happened.get(place, True)]
            return self._steps(rows[0], _all(told), earlier)

        return [*tails, self._last(then)]

    def _last(self, then: Callable[[list[Row]], list[Step]]) -> Tail:
        return Tail((self._sql["head"], {}), then, crowded=True, guess=self._guess)

    def _guess(self) -> list[Row]:
        """Where several processes write in turns, it would be wrong as often as not, so it has been right once before."""
        return [self._left[0]] if self._left and self._undisturbed else []

    def _head(self, row: Row) -> Head:
        return self._left[1] if self._left and self._left[0] is row else head_of(row)

    def _steps(self, row: Row, said: Sequence[Said], earlier: Earlier) -> list[Step]:
        head, before = self._head(row), {reply_id: list(rows) for reply_id, rows in earlier.items()}
        steps: list[Step] = []
        for one in said:
            head, added = self._placed(head, self._whole(one, before))
            steps += added
            reply_id = one.obj.get("reply")
            if isinstance(reply_id, str) and reply_id in before:
                before[reply_id].append(added[0][1])
        left = {"log": head.log, "size": head.size, "prev": head.prev, "ts": head.ts, "frontier": head.frontier.dump()}
        self._undisturbed = self._left is not None and row["prev"] == self._left[0]["prev"]
        self._left = left, head
        return [(self._sql["advance"], left | {"was": row["prev"]}), *steps] if steps else []

    def _whole(self, said: Said, earlier: Earlier) -> Said:
        """With the key of the call, and with what a decision rests on."""
        res = dict(said.res)
        key = self._keys.get(_KEY_OF_EVENT.get(said.ev, ""))
        if key and res.get("status") in _CALLING:
            res["key"] = key
        if said.ev not in _RESTING:
            return replace(said, res=res)
        before = earlier.get(str(said.obj.get("reply")), [])
        if said.ev == "email.send":
            res |= _key_of_decision(said, before)
        return replace(said, dec={**said.dec, **_chain(before)}, res=res)

    def _placed(self, head: Head, said: Said) -> tuple[Head, list[Step]]:
        personal = seal(said.personal, said.person or "") if said.personal else None
        actor = Actor(**vars(said.who))
        entry = Entry(said.ev, actor, said.obj, said.dec, said.res, personal.sealed if personal else None)  # type: ignore[arg-type]  # append checks the word
        placed = append(head, entry, self._clock.now())
        ticket, reply = said.obj.get("ticket"), said.obj.get("reply")
        row = {
            "seq": placed.seq,
            "line": placed.line,
            "ev": said.ev,
            "ts": placed.head.ts,
            "ticket_id": ticket if isinstance(ticket, int) else None,
            "reply_id": reply if isinstance(reply, str) else None,
        }
        steps: list[Step] = [(self._sql["add_record"], row)]
        if personal is not None:
            beside = {
                "name": personal.row,
                "seq": placed.seq,
                "secret": personal.key,
                "text": personal.text,
                "person": personal.person or None,
                "ticket_id": row["ticket_id"],
            }
            steps.append((self._sql["add_personal"], beside))
        return placed.head, steps


def _returning(step: Step) -> Step:
    sql, values = step
    if sql.startswith("SELECT"):
        return step
    return f"{sql.rstrip().rstrip(';')} RETURNING 1 AS one", values


def _kept(happened: dict[int, bool], place: int) -> Callable[[list[Row]], Sequence[Step]]:
    def then(rows: list[Row]) -> Sequence[Step]:
        happened[place] = bool(rows)
        return ()

    return then


def _noted(earlier: Earlier, reply_id: str) -> Callable[[list[Row]], Sequence[Step]]:
    def then(rows: list[Row]) -> Sequence[Step]:
        earlier[reply_id] = list(rows)
        return ()

    return then


def _all(said: Sequence[Said | Once]) -> list[Said]:
    return [event for one in said for event in (one.said if isinstance(one, Once) else (one,))]


def _chain(before: list[Row]) -> dict[str, Any]:
    """The records that a decision rests on, by their numbers; nothing of what is not there (any more)."""
    drafts = [row["seq"] for row in before if row["ev"] == "draft.create"]
    found: dict[str, Any] = {"draft": drafts[0]} if drafts else {}
    for event, word in _GROUNDS.items():
        numbers = [row["seq"] for row in before if row["ev"] == event]
        if numbers:
            found[word] = numbers
    return found


def _key_of_decision(sent: Said, before: list[Row]) -> dict[str, str]:
    """The key that let a mail out: that of the last decision on record, where it is the one that the mail left by."""
    decisions = [json.loads(bytes(row["line"])) for row in before if row["ev"] == "email.decide"]
    last = decisions[-1] if decisions else {}
    same = last.get("dec", {}).get("by") == sent.dec.get("by") and last.get("res", {}).get("status") == "begun"
    key = last.get("res", {}).get("key")
    return {"key": key} if same and key else {}


def head_of(row: Row) -> Head:
    """The head as its row has it."""
    return Head(row["log"], row["size"], row["prev"], row["ts"], Frontier.load(row["size"], row["frontier"]))
