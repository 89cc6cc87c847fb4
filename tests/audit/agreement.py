"""Whether the states and the records of a database agree exactly: every record has its state, every state its record."""

import hashlib
import json
from collections import Counter
from typing import Any

from deskgate.desk.audit.commitments import Personal, Sealed
from deskgate.desk.audit.journal import head_of
from deskgate.desk.audit.said import NOTHING_BEFORE
from deskgate.desk.audit.tree import Frontier, leaf_hash
from deskgate.desk.store import Store

Record = dict[str, Any]


async def records_of(store: Store) -> list[Record]:
    """Every record, after looking that the log is whole: numbers, chain, tree, head, and the texts beside it."""
    rows = await store.rows("SELECT seq, line FROM audit_records ORDER BY seq")
    lines = [bytes(row["line"]) for row in rows]
    records = [json.loads(line) for line in lines]
    assert [row["seq"] for row in rows] == [record["seq"] for record in records] == list(range(len(rows)))
    prev, frontier = NOTHING_BEFORE, Frontier()
    for line, record in zip(lines, records, strict=True):
        assert record["prev"] == prev
        prev, frontier = hashlib.sha256(line).hexdigest(), frontier.append(leaf_hash(line))
    (head,) = await store.rows("SELECT * FROM audit_head")
    assert (head["size"], head["prev"], head_of(head).root) == (len(lines), prev, frontier.root())
    beside = {row["seq"]: row for row in await store.rows("SELECT * FROM audit_personal")}
    assert set(beside) == {record["seq"] for record in records if "pii" in record}
    for seq, row in beside.items():
        personal = Personal(row["name"], bytes(row["secret"]), row["text"], row["person"] or "")
        assert personal.sealed == Sealed(**records[seq]["pii"])
    return records


async def agree(store: Store) -> list[Record]:
    """Hold every table against the log; gives the records."""
    records = await records_of(store)
    await _replies(store, records)
    await _notes(store, records)
    await _shown(store, records)
    await _inbox(store, records)
    await _policy(store, records)
    return records


def _of(records: list[Record], event: str, *statuses: str) -> list[Record]:
    found = [record for record in records if record["ev"] == event]
    return [record for record in found if not statuses or record["res"]["status"] in statuses]


def _versions(records: list[Record], about: str) -> dict[str, list[tuple[int, str]]]:
    """Which versions of each row are told of, in the order of the log, and the state of each."""
    told: dict[str, list[tuple[int, str]]] = {}
    for record in records:
        if "version" in record.get("res", {}) and about in record["obj"]:
            told.setdefault(record["obj"][about], []).append((record["res"]["version"], record["res"]["state"]))
    return told


async def _replies(store: Store, records: list[Record]) -> None:
    rows = {row["id"]: row for row in await store.rows("SELECT * FROM replies")}
    told = _versions([record for record in records if record["ev"] != "note.write"], "reply")
    told = {reply: list(dict.fromkeys(versions)) for reply, versions in told.items()}  # a rule decides while it drafts
    assert {reply: [number for number, _ in versions] for reply, versions in told.items()} == {
        reply: list(range(1, row["version"] + 1)) for reply, row in rows.items()
    }
    assert {reply: versions[-1][1] for reply, versions in told.items()} == {k: row["state"] for k, row in rows.items()}
    writers = {(row["reply_id"], row["principal"]) for row in await store.rows("SELECT * FROM drafters")}
    drafted = [
        (record["obj"]["reply"], record["actor"]["id"]) for record in _of(records, "draft.create", "begun", "joined")
    ]
    assert Counter(drafted) == Counter(writers)
    stale = {row["id"] for row in rows.values() if row["stale"]}
    last = {record["obj"]["reply"]: record["res"]["status"] for record in _of(records, "ticket.read")}
    assert {reply for reply, status in last.items() if status == "moved"} == stale


async def _notes(store: Store, records: list[Record]) -> None:
    rows = {row["id"]: row for row in await store.rows("SELECT * FROM notes")}
    told = _versions(_of(records, "note.write"), "note")
    assert {note: [number for number, _ in versions] for note, versions in told.items()} == {
        note: list(range(1, row["version"] + 1)) for note, row in rows.items()
    }
    assert {note: versions[-1][1] for note, versions in told.items()} == {k: row["state"] for k, row in rows.items()}


async def _shown(store: Store, records: list[Record]) -> None:
    def forms(status: str) -> Counter[tuple[str, ...]]:
        return Counter(
            (record["obj"]["reply"], record["dec"]["digest"], record["actor"]["id"])
            for record in _of(records, "email.show", status)
        )

    shown = await store.rows("SELECT * FROM showings")
    assert forms("shown") == Counter((row["reply_id"], row["digest"], row["principal"]) for row in shown)
    opened = await store.rows(
        "SELECT reply_id, digest, name FROM reviewer_opened AS one JOIN reviewer_sessions AS two "
        "ON one.session_hash = two.session_hash"
    )
    assert forms("opened") == Counter((row["reply_id"], row["digest"], f"reviewer:{row['name']}") for row in opened)


async def _inbox(store: Store, records: list[Record]) -> None:
    arrivals = await store.rows("SELECT email_id FROM arrivals")
    received = [record["obj"]["message"] for record in _of(records, "email.received")]
    assert Counter(received) == Counter(row["email_id"] for row in arrivals)
    effects = await store.rows("SELECT * FROM effects")
    for status, expected in (
        ("intended", {row["marker"]: 1 for row in effects}),
        ("done", {row["marker"]: 1 for row in effects if row["state"] == "done"}),
        ("tried", {row["marker"]: row["version"] - 1 - (row["state"] == "done") for row in effects}),
    ):
        told = Counter(record["obj"]["marker"] for record in _of(records, "ticket.write", status))
        assert told == +Counter(expected), status
    for row in effects:
        if row["state"] == "done":
            (proof,) = [one for one in _of(records, "ticket.write", "done") if one["obj"]["marker"] == row["marker"]]
            assert (proof["res"].get("remote"), proof["obj"]["ticket"]) == (row["remote_id"], row["ticket_id"])
    ended = await store.rows("SELECT address, ended_at FROM suppressions")
    assert len(_of(records, "suppress.add")) - len(_of(records, "suppress.remove")) == sum(
        row["ended_at"] is None for row in ended
    )
    buried = len(_of(records, "webhook.accept", "buried")) - len(_of(records, "webhook.accept", "replayed"))
    assert buried == len(await store.rows("SELECT number FROM inbox_events WHERE state = 'dead'"))


async def _policy(store: Store, records: list[Record]) -> None:
    rows = await store.rows("SELECT * FROM policy_evaluations")
    told: dict[str, str] = {}
    for record in _of(records, "policy.eval"):
        if "evaluation" in record.get("dec", {}):
            told[record["dec"]["evaluation"]] = record["res"]["status"]
    for record in _of(records, "policy.eval"):
        if "evaluation" not in record.get("dec", {}):  # of whichever was begun for this reply
            (begun,) = [row["id"] for row in rows if row["reply_id"] == record["obj"]["reply"] and row["id"] in told]
            told[begun] = record["res"]["status"]
    assert told == {row["id"]: row["effect"] for row in rows}
