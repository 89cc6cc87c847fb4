"""What must be true at every moment of a random walk, told by the world's own record and by what the walk saw."""

import hashlib
import json
import sqlite3
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from deskgate.sandbox.world import World
from story.gate_line import Attempt

TICKETS = (101, 104)

Words = tuple[int, str]


@dataclass(kw_only=True)
class Promise:
    """What we know ourselves of who did what, and the sentences that have to hold."""

    counts: Counter[str]
    drafters: dict[Words, set[str]] = field(default_factory=dict)
    shown: dict[str, set[str]] = field(default_factory=dict)
    words_of: dict[str, Words] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    outside: dict[str, bool] = field(default_factory=dict)
    tried: list[Attempt] = field(default_factory=list)
    addresses: dict[str, set[str]] = field(default_factory=dict)
    requesters: dict[int, set[str]] = field(default_factory=dict)
    tagged_by: dict[int, str | None] = field(default_factory=dict)
    world: World = field(init=False)
    rows_seen: sqlite3.Connection = field(init=False)

    def rows(self) -> dict[str, sqlite3.Row]:
        """Our replies by MultiMail's id."""
        found = self.rows_seen.execute("SELECT * FROM replies WHERE message_id IS NOT NULL ORDER BY drafted_at, id")
        return {row["message_id"]: row for row in found}

    def check(self) -> None:
        """Every sentence of the promise, against the world's own record."""
        mails = [mail for mail in self.world.emails() if mail["direction"] == "outbound"]
        for row in self.rows_seen.execute("SELECT id, ticket_id, recipient FROM replies"):
            known = self.addresses.setdefault(row["id"], self.requesters[row["ticket_id"]])
            assert row["recipient"] in known, f"drafted to {row['recipient']}, requester {known}"
        for mail in mails:
            self.words_of.setdefault(mail["id"], (_ticket_of(mail["markdown"]), mail["markdown"]))
        # A mail whose draft's answer was lost, and that somebody at MultiMail then readdressed and let out, can be
        # recognised by nobody: the same words, asked for again days later, are another mail.
        elsewhere = {one["id"] for one in mails if one["id"] in self.outside and one["thread_id"] == "thr_elsewhere"}
        live = [one["id"] for one in mails if one["status"] not in ("rejected", "cancelled")]
        alive = Counter(self.words_of[one] for one in live if one not in elsewhere)
        assert not [words for words, count in alive.items() if count > 1], f"held or sent twice: {alive}"
        rows = self.rows()
        for mail in mails:
            if mail["approved_at"] is not None or mail["delivered_at"] is not None:
                self._check_gone(mail, rows.get(mail["id"]))

    def _check_gone(self, mail: dict[str, Any], row: sqlite3.Row | None) -> None:
        first = mail["id"] not in self.gone
        self.gone.add(mail["id"])
        if mail["id"] in self.outside:
            self.counts["left: decided outside"] += first
            return
        assert row is not None, f"left without a record: {mail['id']}"
        assert row["decision"] == "approve", f"left and recorded as {row['decision']}/{row['state']}"
        assert json.loads(mail["recipients"]) == [row["recipient"]], f"went to {mail['recipients']}"
        assert json.loads(mail["cc"]) == json.loads(mail["bcc"]) == [], f"went to {mail['cc']} too"
        by_policy = row["decided_by"].startswith("policy:")
        digest = row["decided_digest"]
        assert digest in self._digests(mail, row, first=first), (
            f"decided on {digest}, which are not the bytes that left"
        )
        if first:
            self.counts["left: by policy" if by_policy else "left: approved here"] += 1
            if by_policy:
                assert self.tagged_by.get(row["ticket_id"]) == "a human", "a rule let it out on the API's own tag"
            else:
                # The same bytes under the same ticket have the same digest, also where they were drafted twice.
                assert digest in {row["digest"]}.union(*self.shown.values()), "approved what was never shown"
                causes = [one for one in self.tried if one.message_id == mail["id"]]
                assert any(one.entitled and one.may_have_worked for one in causes), f"let out by {causes}"

    def _digests(self, mail: dict[str, Any], row: sqlite3.Row, *, first: bool) -> set[str]:
        """Every digest that these bytes may have been shown under."""
        shown = self.rows_seen.execute("SELECT seen FROM views WHERE reply_id = ?", (row["id"],))
        tickets = [row["seen"], *(view["seen"] for view in shown)]
        whole = mail["markdown"] + mail["footer"]
        texts = {(mail["markdown"], ""), (whole, "")}
        if mail["markdown"].rstrip() == row["body"].rstrip():
            texts.add((row["body"], ""))
        # A block behind a rule line may pass for MultiMail's own: then it is a part of the digest by itself.
        for held in (mail["markdown"], whole):
            below = held.removeprefix(row["body"].rstrip())
            if below != held and below.strip().startswith("---"):
                texts.add((row["body"], below.strip()))
                self.counts["left: a block that somebody wrote"] += first and below != mail["footer"]
        return {
            _digest(mail, row, json.loads(seen), text, thread)
            for seen in tickets
            for text in texts
            for thread in (mail["thread_id"], "")
        }


def _ticket_of(body: str) -> int:
    return next((number for number in TICKETS if f"about {number}." in body), 0)


def _digest(mail: dict[str, Any], row: sqlite3.Row, seen: dict[str, Any], text: tuple[str, str], thread: str) -> str:
    """Written out here once more, so that a product that forgets a field is found."""
    body, footer = text
    facts = {
        "v": 1, "ticket": seen, "mailbox": mail["sender"], "to": [row["recipient"]], "cc": [],
        "subject": mail["subject"], "body": body, "thread": thread, **({"footer": footer} if footer else {}),
    }  # fmt: skip
    canonical = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()
