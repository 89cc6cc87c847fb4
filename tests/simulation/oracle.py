"""What must be true at the end of a seed, told by the pretend services' own record."""

import json
import sqlite3
from collections import Counter
from typing import TYPE_CHECKING, Any

from deskgate.desk.inbox.effects import marker_of

if TYPE_CHECKING:
    from simulation.day import Day

LET_OUT = ("read", "sent")


class Oracle:
    """The end of one day. `broken` has a sentence for each promise that was not kept."""

    def __init__(self, day: "Day") -> None:
        self._day = day
        self.broken: list[str] = []
        self.counts: Counter[str] = Counter()
        day.tables.row_factory = sqlite3.Row
        with day.world.moment() as moment:
            documents = moment.store._connection.execute("SELECT document FROM ticket").fetchall()
            audits = moment.store._connection.execute("SELECT document FROM audit ORDER BY id").fetchall()
        self._tickets = {one["id"]: one for one in (json.loads(row["document"]) for row in documents)}
        self._audits = [json.loads(row["document"]) for row in audits]
        self._notes = self._marked()
        self._mails = {mail["id"]: mail for mail in day.world.emails()}
        self._replies = self._rows("SELECT * FROM replies WHERE message_id IS NOT NULL")

    def check(self) -> list[str]:
        """Every promise."""
        self._each_mail_once()
        self._each_reply_once()
        self._nothing_is_open()
        self._nobody_is_written_to()
        self._in_order()
        self._tags_by_hand_stay()
        self._one_follow_up()
        return self.broken

    def _rows(self, sql: str) -> list[dict[str, Any]]:
        return [dict(row) for row in self._day.tables.execute(sql)]

    def _marked(self) -> dict[str, list[dict[str, Any]]]:
        """Our notes by marker, oldest first: ticket, comment, text, whether it is public."""
        found: dict[str, list[dict[str, Any]]] = {}
        for audit in self._audits:
            marker = audit["metadata"].get("custom", {}).get("deskgate_effect")
            for event in audit["events"]:
                if marker and event["type"] == "Comment":
                    note = {"ticket": audit["ticket_id"], **event}
                    found.setdefault(marker, []).append(note)
        return found

    def _of(self, key: str) -> list[dict[str, Any]]:
        return self._notes.get(marker_of(key), [])

    def _once(self, key: str, wanted: bool | None, what: str) -> dict[str, Any] | None:
        """One note where `wanted`, none where not; `None`: at most one."""
        notes = self._of(key)
        self.counts["effects"] += len(notes)
        if len(notes) > 1:
            self.broken.append(f"doubled: {what} has {len(notes)} notes")
        if wanted and not notes:
            self.broken.append(f"lost: {what} has no note")
        if wanted is False and notes:
            self.broken.append(f"invented: {what} has a note")
        if any(note["public"] for note in notes):
            self.broken.append(f"public: {what}")
        return notes[0] if notes else None

    def _line(self, ticket: int) -> set[int]:
        """A ticket and all that continue it."""
        found = {ticket}
        for one in sorted(self._tickets.values(), key=lambda each: each["id"]):
            if (one["via"].get("source", {}).get("from", {}) or {}).get("ticket_id") in found:
                found.add(one["id"])
        return found

    def _each_mail_once(self) -> None:
        arrivals = Counter(row["email_id"] for row in self._rows("SELECT email_id FROM arrivals"))
        closed = {number for number, one in self._tickets.items() if one["status"] == "closed"}
        for email, written in self._day.people.written.items():
            what = f"mail {email} on ticket {written.ticket_id} ({written.words})"
            if arrivals[email] != 1:
                self.broken.append(f"lost: {what} is not among the arrivals")
            note = self._once(f"received:{email}", self._wanted(written, email, closed), what)
            if note is None or written.ticket_id is None:
                continue
            if note["ticket"] not in self._line(written.ticket_id):
                self.broken.append(f"astray: {what} is on {note['ticket']}")
            told = sum(written.words in one["body"] for notes in self._notes.values() for one in notes)
            if written.words and told != 1:
                self.broken.append(f"told {told} times: {what}")

    def _wanted(self, written: Any, email: str, closed: set[int]) -> bool | None:
        if written.ticket_id is None:
            return False
        automatic = self._mails[email]["subject"].startswith("Automatic reply")
        return None if automatic and closed & self._line(written.ticket_id) else True

    def _each_reply_once(self) -> None:
        closed = {number for number, one in self._tickets.items() if one["status"] == "closed"}
        for reply in self._replies:
            mail = self._mails[reply["message_id"]]
            out = any(mail[name] is not None for name in ("deliver_at", "delivered_at", "bounced_at"))
            what = f"reply {reply['id'][:8]} on {reply['ticket_id']} ({reply['state']}, {mail['status']})"
            may = None if reply["ticket_id"] in closed else True
            note = self._once(f"sent:{reply['id']}", may if out else False, f"going out of {what}")
            told = sum(_tells(one["body"], reply["body"]) for notes in self._notes.values() for one in notes)
            if note is not None and told != 1:
                self.broken.append(f"told {told} times: {what}")
            back = mail["bounced_at"] is not None
            self._once(f"bounced:{reply['id']}", may if back else False, f"coming back of {what}")
            self._once(f"complained:{reply['id']}", None, f"complaint about {what}")

    def _nothing_is_open(self) -> None:
        for row in self._rows("SELECT * FROM inbox_events WHERE state <> 'done'"):
            if not (row["state"] == "dead" and "unreadable" in (row["trouble"] or "")):
                self.broken.append(f"open: event {row['number']} {row['event_id']} is {row['state']}: {row['trouble']}")
        for row in self._rows("SELECT * FROM effects WHERE state <> 'done'"):
            self.broken.append(f"open: effect {row['key']} is {row['state']}")
        for row in self._rows("SELECT * FROM effects WHERE state = 'done' AND remote_id IS NOT NULL"):
            notes = self._notes.get(row["marker"], [])
            if not notes or notes[0]["ticket"] != row["ticket_id"]:
                self.broken.append(f"unproven: effect {row['key']} says {row['remote_id']} on {row['ticket_id']}")
        known = {row["marker"] for row in self._rows("SELECT marker FROM effects")}
        self.broken += [f"unknown: a note carries {marker}" for marker in self._notes if marker not in known]

    def _nobody_is_written_to(self) -> None:
        """No approval began after the address was off. One that was under way at that moment is counted, not broken."""
        of = {reply["message_id"]: reply for reply in self._replies}
        for mail, at in self._day.let_out.items():
            reply = of.get(mail)
            off = _place(self._day.off, reply["recipient"]) if reply else None
            if off is None or at < off:
                continue
            begun = self._day.approving.get(mail)
            if begun is None or begun > off:
                self.broken.append(f"written to: {mail} left at {at}, approved at {begun}, off at {off}")
            else:
                self.counts["under way when the address went off"] += 1
        for mail in self._mails.values():
            reply = of.get(mail["id"])
            waits = mail["status"] == "pending_send_approval" and reply is not None
            if waits and reply is not None and _place(self._day.off, reply["recipient"]):
                self.counts["still held for an address that is off"] += 1

    def _in_order(self) -> None:
        """Mails of one ticket that came into the inbox in their order stand on it in that order."""
        first: dict[str, int] = {}
        for row in self._rows("SELECT number, body FROM inbox_events WHERE state = 'done' ORDER BY number"):
            email = _email_of(row["body"])
            if email:
                first.setdefault(email, row["number"])
        last: dict[int, tuple[int, int, str]] = {}
        for email, written in self._day.people.written.items():
            notes = self._of(f"received:{email}")
            if written.ticket_id is None or not notes or email not in first or first[email] in self._day.waited_long:
                continue
            before = last.get(written.ticket_id)
            place = (first[email], notes[0]["id"], email)
            if before and before[0] < place[0] and before[1] > place[1]:
                self.counts["out of order"] += 1
                self.broken.append(f"order: {before[2]} came before {email} and stands after it on {written.ticket_id}")
            last[written.ticket_id] = max(before or place, place)

    def _one_follow_up(self) -> None:
        for one in self._tickets.values():
            if len(one.get("followup_ids") or ()) > 1:
                self.broken.append(f"doubled: ticket {one['id']} goes on in {one['followup_ids']}")

    def _tags_by_hand_stay(self) -> None:
        for ticket, tags in self._day.people.tags.items():
            gone = tags - set(self._tickets[ticket]["tags"])
            if gone:
                self.counts["tags by hand that a same-second write took away"] += len(gone)


def _email_of(body: bytes) -> str | None:
    try:
        found = json.loads(body)
    except ValueError:
        return None
    if "received" not in str(found.get("event", "")):
        return None
    return str(found.get("data", {}).get("email_id"))


def _place(off: dict[str, int], address: str) -> int | None:
    return off.get(address.strip().casefold())


def _tells(note: str, body: str) -> bool:
    return note.startswith("Sent by email") and body in note.splitlines()
