"""The durable memory: what is unique, what is guarded, and what the file is."""

import asyncio
import sqlite3
import stat
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import psycopg
import pytest

from deskgate.desk.replies import CANCELLED, FAILED, HELD, REJECTED, SENDING, NoteRecord, Reply
from deskgate.desk.store import Store, StoreUnusable, open_store
from deskgate.desk.store.tables import Tail, migrations

pytestmark = pytest.mark.anyio

STEPS = migrations("sqlite")
BEFORE_PEOPLE = 9
OLD_ROWS = """
INSERT INTO replies (id, version, ticket_id, words, mailbox, recipient, subject, body, seen, state, drafted_by, drafted_at)
VALUES ('r', 1, 7, 'w', 'm', 'Maria@example.com', 's', 'b', '{}', 'sent', 'one', '2025');
INSERT INTO arrivals (email_id, ticket_id, sender, verified, subject, words, original, kind, arrived_at)
VALUES ('e', 7, 'ANNA@example.net', 0, 's', 'w', 'o', 'answer', '2025');
INSERT INTO effects (key, marker, kind, event_number, ticket_id, plan, state, begun_at)
VALUES ('sent:r', 'm1', 'sent', 1, 7, '{}', 'done', '2025'), ('received:e', 'm2', 'received', 2, 7, '{}', 'done', '2025');
INSERT INTO policy_evaluations
VALUES ('p', 'r', 7, '2025', '1', 'h', NULL, 'hold', '[]', '{}', 'held');
INSERT INTO views (reply_id, digest, seen, shown_at) VALUES ('r', 'v', '{"email": "Anna@example.net"}', '2025');
"""


def a_reply(number: int = 1, **changes: Any) -> Reply:
    reply = Reply(
        id=f"{number:032x}",
        ticket_id=101,
        words=f"words {number}",
        mailbox="support@desk.example.com",
        recipient="maria@example.com",
        subject="Re: kettle",
        body="Hello",
        seen="{}",
        state=SENDING,
        drafted_by="one",
        drafted_at=f"2026-01-28T12:00:{number:02d}Z",
    )
    return replace(reply, **changes)


def a_note(number: int = 1, **changes: Any) -> NoteRecord:
    note = NoteRecord(
        id=f"{number:032x}",
        ticket_id=101,
        words="words",
        text="Seen",
        stamp="2026-01-28T12:00:00Z",
        state="posting",
        written_by="one",
        written_at=f"2026-01-28T12:00:{number:02d}Z",
    )
    return replace(note, **changes)


async def added(store: Store, reply: Reply) -> bool:
    return await store.add_reply(reply, principal="one", owner="team")


async def test_a_reply_comes_back_as_it_was_kept(database: str) -> None:
    store = await open_store(database)
    reply = a_reply(body="naïve 你好 \u200d\n'; DROP TABLE replies; --", message_id="m1", body_checked=True)
    assert await added(store, reply)
    for found in (
        await store.reply(reply.id),
        await store.reply_of_message("m1"),
        await store.reply_with_words(reply.words),
    ):
        assert found == replace(reply, body_checked=1)
    assert await store.drafters(reply.id) == {"one", "team"}
    assert await store.reply("no such id") is None
    await store.aclose()


async def test_what_was_kept_is_there_after_a_restart(database: str) -> None:
    store = await open_store(database)
    await added(store, a_reply())
    await store.add_note(a_note(), since="2999")
    await store.aclose()
    again = await open_store(database)
    assert await again.reply(a_reply().id) == a_reply()
    assert await again.note_with_words("words") == a_note()
    await again.aclose()


async def test_a_change_names_the_version_it_saw_or_is_refused(database: str) -> None:
    store = await open_store(database)
    await added(store, a_reply())
    first = await store.save_reply(a_reply(state=HELD))
    assert first == a_reply(state=HELD, version=2)
    assert await store.save_reply(a_reply(state=FAILED)) is None, "somebody was faster"
    assert await store.reply(a_reply().id) == first
    assert await store.save_reply(a_reply(9)) is None, "nothing is changed that is not there"
    await store.aclose()


async def test_the_words_of_a_live_reply_are_taken_until_it_is_cancelled_or_failed(database: str) -> None:
    store = await open_store(database)
    taken = a_reply(1)
    assert await added(store, taken)
    assert not await added(store, a_reply(2, words=taken.words))
    assert await store.drafters(a_reply(2).id) == set(), "a refused reply leaves no drafter"
    for state, free in ((HELD, False), (REJECTED, False), (CANCELLED, True), (FAILED, True)):
        fresh = await store.reply(taken.id)
        assert fresh is not None
        await store.save_reply(replace(fresh, state=state))
        number = 10 + len(state)
        other = a_reply(number, words=taken.words, state=CANCELLED if not free else SENDING)
        assert (await store.reply_with_words(taken.words) is None) is free
        if free:
            assert await added(store, other)
            kept = await store.reply(other.id)
            assert kept is not None
            await store.save_reply(replace(kept, state=CANCELLED))
        else:
            assert not await added(store, replace(other, state=SENDING))
    await store.aclose()


async def test_one_message_belongs_to_one_reply(database: str) -> None:
    store = await open_store(database)
    await added(store, a_reply(1, message_id="m1"))
    await added(store, a_reply(2))
    assert await store.save_reply(a_reply(2, message_id="m1")) is None
    found = await store.reply_of_message("m1")
    assert found is not None
    assert found.id == a_reply(1).id
    await store.aclose()


async def test_replies_are_listed_newest_first_and_states_oldest_first(database: str) -> None:
    store = await open_store(database)
    for number in (2, 3, 1):
        await added(store, a_reply(number, ticket_id=101 if number < 3 else 102, state=HELD if number > 1 else SENDING))
    assert [one.id for one in await store.recent_replies(10)] == [a_reply(n).id for n in (3, 2, 1)]
    assert [one.id for one in await store.recent_replies(1)] == [a_reply(3).id]
    assert [one.id for one in await store.replies_of_ticket(101)] == [a_reply(n).id for n in (2, 1)]
    assert [one.id for one in await store.replies_in_state(HELD, SENDING)] == [a_reply(n).id for n in (2, 3, 1)]
    await store.aclose()


async def test_everybody_who_drafted_the_words_is_remembered_once(database: str) -> None:
    store = await open_store(database)
    await added(store, a_reply())
    for _ in range(2):
        await store.add_drafter(a_reply().id, principal="two", owner="two")
    assert await store.drafters(a_reply().id) == {"one", "team", "two"}
    await store.aclose()


async def test_the_first_showing_of_a_digest_counts(database: str) -> None:
    store = await open_store(database)
    await added(store, a_reply())
    await store.add_view(a_reply().id, "sha256:1", "first", "2026-01-28T12:00:00Z")
    await store.add_view(a_reply().id, "sha256:1", "second", "2026-01-28T12:00:09Z")
    assert await store.view(a_reply().id, "sha256:1") == "first"
    assert await store.view(a_reply().id, "sha256:2") is None
    await store.aclose()


async def test_a_note_is_being_posted_once_and_can_be_posted_again_later(database: str) -> None:
    store = await open_store(database)
    assert await store.add_note(a_note(1), since="2999")
    assert not await store.add_note(a_note(2), since="2999")
    saved = await store.save_note(a_note(1, state="posted", comment_id=7))
    assert saved == a_note(1, state="posted", comment_id=7, version=2)
    assert await store.save_note(a_note(1, state="failed")) is None
    assert await store.add_note(a_note(3), since="2999")
    found = await store.note_with_words("words")
    assert found is not None
    assert found.id == a_note(3).id
    await store.aclose()


async def test_two_connections_that_draft_the_same_words_make_one_reply(database: str) -> None:
    one, two = [await open_store(database) for _ in range(2)]
    won: list[bool] = []

    async def draft(store: Store, number: int) -> None:
        won.append(await added(store, a_reply(number, words="the same")))

    async with anyio.create_task_group() as group:
        for number in range(1, 13):
            group.start_soon(draft, one if number % 2 else two, number)
    assert sorted(won) == [False] * 11 + [True]
    assert len(await two.recent_replies(50)) == 1
    await one.aclose()
    await two.aclose()


async def test_of_two_connections_that_change_the_same_version_one_wins(database: str) -> None:
    one, two = [await open_store(database) for _ in range(2)]
    await added(one, a_reply())
    won: list[Reply | None] = []

    async def change(store: Store, reason: str) -> None:
        won.append(await store.save_reply(a_reply(state=HELD, reason=reason)))

    async with anyio.create_task_group() as group:
        for number in range(12):
            group.start_soon(change, one if number % 2 else two, str(number))
    (winner,) = [each for each in won if each is not None]
    assert await two.reply(a_reply().id) == winner
    assert winner.version == 2
    await one.aclose()
    await two.aclose()


async def test_the_file_is_as_durable_and_as_private_as_promised(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "a.sqlite3"
    store = await open_store(f"sqlite:///{path}")
    await added(store, a_reply())

    def pragma(name: str) -> Any:
        return store.tables._connection.execute(f"PRAGMA {name}").fetchone()[0]

    assert pragma("journal_mode") == "wal"
    assert pragma("synchronous") == 2, "FULL"
    assert pragma("foreign_keys") == 1
    assert pragma("user_version") == len(STEPS)
    for each in path.parent.iterdir():
        assert stat.S_IMODE(each.stat().st_mode) == 0o600, each.name
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    await store.aclose()


@pytest.mark.parametrize("done", range(len(STEPS)))
async def test_a_file_of_any_older_version_is_brought_up_to_date_with_what_it_holds(tmp_path: Path, done: int) -> None:
    path = tmp_path / "a.sqlite3"
    old = sqlite3.connect(path)
    for step in STEPS[:done]:
        old.executescript(step)
    old.execute(f"PRAGMA user_version = {done}")
    if done:
        old.execute(
            "INSERT INTO replies (id, version, ticket_id, words, mailbox, recipient, subject, body, seen, state, drafted_by,"
            " drafted_at) VALUES ('old', 1, 7, 'w', 'm', 'r', 's', 'b', '{}', 'held', 'one', '2025-01-01T00:00:00Z')"
        )
    old.commit()
    old.close()
    store = await open_store(f"sqlite:///{path}")
    assert [one.id for one in await store.recent_replies(5)] == (["old"] if done else [])
    assert await added(store, a_reply())
    await store.aclose()


async def test_what_an_older_version_kept_is_found_by_the_person_it_is_about(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite3"
    old = sqlite3.connect(path)
    for step in STEPS[:BEFORE_PEOPLE]:
        old.executescript(step)
    old.executescript(OLD_ROWS)
    old.execute(f"PRAGMA user_version = {BEFORE_PEOPLE}")
    old.commit()
    old.close()
    store = await open_store(f"sqlite:///{path}")
    found = {
        (row["what"], row["person"])
        for row in await store.rows(
            "SELECT id AS what, person FROM replies UNION SELECT email_id, person FROM arrivals "
            "UNION SELECT key, person FROM effects UNION SELECT id, person FROM policy_evaluations "
            "UNION SELECT digest, person FROM views"
        )
    }
    assert found == {
        ("r", "maria@example.com"),
        ("sent:r", "maria@example.com"),
        ("p", "maria@example.com"),
        ("v", "anna@example.net"),
        ("e", "anna@example.net"),
        ("received:e", "anna@example.net"),
    }
    await store.aclose()


async def test_what_erasures_of_an_older_version_left_behind_goes(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite3"
    old = sqlite3.connect(path)
    for step in STEPS[: BEFORE_PEOPLE + 1]:
        old.executescript(step)
    old.execute(f"PRAGMA user_version = {BEFORE_PEOPLE + 1}")
    old.execute("INSERT INTO reviewer_outcomes VALUES ('o', 's', '2025', 'The mail goes to maria@example.com.')")
    old.execute(
        "INSERT INTO suppressions VALUES ('(erased)', 'marked a mail as spam', 'complained:r', 7, '2025', NULL)"
    )
    old.commit()
    old.close()
    store = await open_store(f"sqlite:///{path}")
    assert await store.rows("SELECT * FROM reviewer_outcomes") == []
    assert await store.rows("SELECT * FROM suppressions") == []
    await store.aclose()


async def test_a_file_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite3"
    new = sqlite3.connect(path)
    new.execute("PRAGMA user_version = 999")
    new.commit()
    new.close()
    with pytest.raises(StoreUnusable, match="newer deskgate"):
        await open_store(f"sqlite:///{path}")
    again = sqlite3.connect(path)
    assert again.execute("PRAGMA user_version").fetchone() == (999,)
    assert again.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    again.close()


async def test_a_migration_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite3"
    half = sqlite3.connect(path)
    half.execute("CREATE TABLE notes (mine TEXT)")  # the first step makes other tables before it trips over this one
    half.commit()
    half.close()
    with pytest.raises(StoreUnusable):
        await open_store(f"sqlite:///{path}")
    again = sqlite3.connect(path)
    assert [name for (name,) in again.execute("SELECT name FROM sqlite_master")] == ["notes"]
    assert again.execute("PRAGMA user_version").fetchone() == (0,)
    again.close()


async def test_a_path_that_cannot_be_used_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StoreUnusable, match="DESKGATE_HOME"):
        await open_store(f"sqlite:///{tmp_path / 'file' / 'a.sqlite3'}")
    (tmp_path / "noise.sqlite3").write_bytes(b"this is no database at all " * 100)
    with pytest.raises(StoreUnusable, match="DESKGATE_HOME"):
        await open_store(f"sqlite:///{tmp_path / 'noise.sqlite3'}")


async def test_a_ticket_number_beyond_what_the_file_can_hold_is_no_crash_of_other_rows(database: str) -> None:
    store = await open_store(database)
    with pytest.raises((OverflowError, psycopg.DataError)):
        await added(store, a_reply(ticket_id=2**70))
    assert await added(store, a_reply()), "the failed transaction was rolled back"
    await store.aclose()


async def test_a_note_that_another_process_finished_meanwhile_is_not_begun_again(database: str) -> None:
    store = await open_store(database)
    first = a_note(1)
    assert await store.add_note(first, since="2000")
    assert await store.save_note(replace(first, state="posted"))
    assert not await store.add_note(a_note(2), since="2000")
    assert await store.add_note(a_note(3), since="2999")
    await store.aclose()


async def test_the_end_of_a_transaction_can_depend_on_what_it_sees_and_counts_without_gaps(database: str) -> None:
    one, two = [await open_store(database) for _ in range(2)]
    add = "INSERT INTO marks (name, value, set_at) VALUES (:name, :value, '')"
    seen = ("SELECT count(*) AS n FROM marks", {})

    async def mark(store: Store, name: str) -> None:
        def then(rows: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
            return [("UPDATE marks SET value = :value WHERE name = :name", {"name": name, "value": str(rows[0]["n"])})]

        lock = ("UPDATE marks SET value = value WHERE name = 'head'", {})
        assert await store.write(lock, (add, {"name": name, "value": ""}), tails=[Tail(seen, then)]) == 1

    await one.write((add, {"name": "head", "value": ""}))
    async with anyio.create_task_group() as group:
        for number in range(12):
            group.start_soon(mark, one if number % 2 else two, f"n{number}")
    rows = await one.rows("SELECT value FROM marks WHERE name <> 'head'")
    assert sorted(int(row["value"]) for row in rows) == list(range(2, 14))
    await one.aclose()
    await two.aclose()


async def test_an_end_that_fails_undoes_the_whole_transaction(database: str) -> None:
    store = await open_store(database)
    add = ("INSERT INTO marks (name, value, set_at) VALUES ('a', '', '')", {})

    def no_record(_rows: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
        raise ValueError("cannot be written")

    with pytest.raises(ValueError, match="cannot be written"):
        await store.write(add, tails=[Tail(("SELECT 1 AS one", {}), no_record)])
    assert await store.rows("SELECT * FROM marks") == []
    assert await store.write(add, tails=[Tail(("SELECT 1 AS one", {}), lambda _rows: [add])]) == 0, (
        "a unique index said no"
    )
    assert await store.rows("SELECT * FROM marks") == []
    await store.aclose()


async def test_whoever_is_cut_off_in_a_write_leaves_the_file_to_the_next_one(tmp_path: Path) -> None:
    store = await open_store(f"sqlite:///{tmp_path / 'deskgate.db'}")
    add = "INSERT INTO marks (name, value, set_at) VALUES (:name, '', '')"
    begun, go_on = threading.Event(), threading.Event()

    def slowly(_rows: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
        begun.set()
        go_on.wait(10)
        return []

    first = asyncio.create_task(store.write((add, {"name": "a"}), tails=[Tail(("SELECT 1 AS one", {}), slowly)]))
    await anyio.to_thread.run_sync(begun.wait)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    second = asyncio.create_task(store.write((add, {"name": "b"})))
    await anyio.wait_all_tasks_blocked()
    go_on.set()
    assert await second == 1
    assert len(await store.rows("SELECT * FROM marks")) == 2
    await store.aclose()


async def test_an_end_is_not_reached_where_the_first_step_changed_nothing(database: str) -> None:
    store = await open_store(database)
    nothing = ("UPDATE marks SET value = 'x' WHERE name = 'none'", {})
    add = ("INSERT INTO marks (name, value, set_at) VALUES ('a', '', '')", {})
    assert await store.write(nothing, tails=[Tail(("SELECT 1 AS one", {}), lambda _rows: [add])]) == 0
    assert await store.rows("SELECT * FROM marks") == []
    await store.aclose()


async def test_bytes_and_long_numbers_come_back_as_they_were_kept(database: str) -> None:
    store = await open_store(database)
    raw = bytes(range(256)) * 40
    add = (
        "INSERT INTO inbox_events (source, event_id, body_hash, headers, body, received_at, state, due_at)"
        " VALUES ('s', 'e', 'h', '{}', :body, '', 'new', :due)"
    )
    assert await store.write((add, {"body": raw, "due": 2**53})) == 1
    (row,) = await store.rows("SELECT * FROM inbox_events WHERE headers LIKE '%}'")
    assert (row["number"], bytes(row["body"]), row["due_at"]) == (1, raw, 2**53)
    await store.aclose()


async def test_a_database_that_does_not_answer_is_told_without_its_password() -> None:
    with pytest.raises(StoreUnusable, match="DESKGATE_DATABASE_URL") as told:
        await open_store("postgresql://someone:canary-secret@127.0.0.1:1/nowhere?connect_timeout=1")
    assert "canary" not in str(told.value)
