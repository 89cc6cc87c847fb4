"""Writes that share a transaction: each is still made as a whole or not at all, and is told what came of it."""

import hashlib
import json
from collections.abc import Sequence

import anyio
import psycopg
import pytest

from deskgate.desk.audit.said import NOTHING_BEFORE, Said, acting
from deskgate.desk.store import Store, StoreUnusable, open_store, postgres
from deskgate.desk.store.postgres import _at_once, translated
from deskgate.desk.store.tables import Tail
from deskgate.desk.store.together import Together, Write

pytestmark = pytest.mark.anyio

ADD = "INSERT INTO marks (name, value, set_at) VALUES (:name, '', '')"


def written(name: str) -> Said:
    return Said("config.change", acting(), {"name": name})


async def mark(store: Store, name: str) -> int:
    return await store.write((ADD, {"name": name}), said=[written(name)])


class Disk:
    """Makes writes, holds them up until it is let go, and remembers which ones shared a transaction."""

    def __init__(self) -> None:
        self.shared: list[int] = []
        self.alone: list[Write] = []
        self.go = anyio.Event()
        self.busy = anyio.Event()
        self.fails: Exception | None = None
        self.bad: Write | None = None

    async def together(self, writes: Sequence[Write]) -> None:
        if self.fails is not None:
            raise self.fails
        self.shared.append(len(writes))
        for one in writes:
            one.changed, one.error = 1, None

    async def one(self, write: Write) -> None:
        self.busy.set()
        await self.go.wait()
        self.alone.append(write)
        if write is self.bad:
            raise ValueError("mine alone")
        write.changed, write.error = 1, None


async def behind_a_busy_disk(disk: Disk, writes: Sequence[Write]) -> None:
    """The first one holds the disk while all the others arrive; then it is let go."""
    together = Together(disk.together, disk.one)
    async with anyio.create_task_group() as group:
        group.start_soon(together.make, writes[0])
        await disk.busy.wait()
        for one in writes[1:]:
            group.start_soon(together.make, one)
        await anyio.wait_all_tasks_blocked()
        disk.go.set()


def some(number: int) -> list[Write]:
    return [Write((), ()) for _ in range(number)]


async def test_who_waits_meanwhile_is_taken_along() -> None:
    disk, writes = Disk(), some(6)
    await behind_a_busy_disk(disk, writes)
    assert (disk.shared, disk.alone) == ([5], [writes[0]])
    assert [one.result() for one in writes] == [1] * 6


async def test_where_one_is_to_blame_the_others_do_not_suffer() -> None:
    disk, writes = Disk(), some(5)
    disk.fails, disk.bad = ValueError("somebody's"), writes[2]
    await behind_a_busy_disk(disk, writes)
    assert disk.alone == writes
    with pytest.raises(ValueError, match="mine alone"):
        writes[2].result()
    assert [one.result() for one in writes if one is not writes[2]] == [1] * 4


async def test_an_outcome_that_nobody_knows_is_told_to_all_and_nothing_is_run_again() -> None:
    disk, writes = Disk(), some(4)
    disk.fails = StoreUnusable("gone in the midst of COMMIT")
    await behind_a_busy_disk(disk, writes)
    assert disk.alone == writes[:1]
    for one in writes[1:]:
        with pytest.raises(StoreUnusable, match="COMMIT"):
            one.result()


async def test_what_was_not_made_does_not_pass_for_a_refusal() -> None:
    with pytest.raises(StoreUnusable, match="not known"):
        Write((), ()).result()


async def test_of_many_at_once_the_one_that_cannot_be_made_leaves_no_record_and_the_others_do(database: str) -> None:
    store = await open_store(database)
    assert await mark(store, "taken") == 1
    found: dict[str, int] = {}

    async def make(name: str, key: str) -> None:
        found[key] = await mark(store, name)

    async with anyio.create_task_group() as group:
        for number in range(20):
            group.start_soon(make, "taken" if number == 7 else f"n{number}", f"n{number}")
    assert found == {f"n{number}": int(number != 7) for number in range(20)}
    rows = await store.rows("SELECT seq FROM audit_records ORDER BY seq")
    assert [row["seq"] for row in rows] == list(range(20))
    await store.aclose()


async def test_one_whose_record_cannot_be_made_is_told_so_and_the_others_go_on(database: str) -> None:
    store = await open_store(database)
    told: list[str] = []

    async def bad() -> None:
        with pytest.raises(ValueError, match="no such event"):
            await store.write((ADD, {"name": "bad"}), said=[Said("no.such", acting())])
        told.append("bad")

    async with anyio.create_task_group() as group:
        for number in range(6):
            group.start_soon(mark, store, f"n{number}")
        group.start_soon(bad)
    assert told == ["bad"]
    assert len(await store.rows("SELECT name FROM marks WHERE name LIKE 'n%'")) == 6
    assert await store.rows("SELECT name FROM marks WHERE name = 'bad'") == []
    await store.aclose()


def test_writes_that_go_out_together_keep_their_own_values_and_hang_on_the_first_one() -> None:
    one = ("UPDATE b SET x = :x WHERE t = '12:30';\n", {"x": 2})
    two = ("INSERT INTO a (x, y) SELECT :x, :y ::text", {"x": 1, "y": "100%"})
    sql, values = _at_once([one, two])
    assert translated(sql) == (
        b"WITH step_0 AS (UPDATE b SET x = %(x_0)s WHERE t = '12:30' RETURNING 1), "
        b"step_1 AS (INSERT INTO a (x, y) SELECT %(x_1)s, %(y_1)s ::text FROM step_0) SELECT 1 AS one FROM step_0"
    )
    assert values == {"x_0": 2, "x_1": 1, "y_1": "100%"}


async def unbroken(store: Store) -> int:
    """How many records there are: numbered without gaps, each naming the one before, and the head behind the last."""
    rows = await store.rows("SELECT seq, line FROM audit_records ORDER BY seq")
    lines = [bytes(row["line"]) for row in rows]
    (head,) = await store.rows("SELECT size, prev FROM audit_head")
    hashes = [NOTHING_BEFORE, *(hashlib.sha256(line).hexdigest() for line in lines)]
    assert [(row["seq"], json.loads(line)["prev"]) for row, line in zip(rows, lines, strict=True)] == list(
        enumerate(hashes[:-1])
    )
    assert (head["size"], head["prev"]) == (len(rows), hashes[-1])
    return len(rows)


async def test_who_was_overtaken_by_another_process_records_behind_it(database: str) -> None:
    one, two = [await open_store(database) for _ in range(2)]
    for number in range(4):
        for store in (one, one, two):
            await store.tell(written(f"told {number}"))
            await mark(store, f"{number} of {id(store)} {len(await store.rows('SELECT 1 AS one FROM audit_records'))}")
    assert await unbroken(one) == 24
    await one.aclose()
    await two.aclose()


async def test_who_wrote_what_did_not_last_records_behind_what_did(database: str) -> None:
    store = await open_store(database)
    await store.tell(written("a"))
    unnamed = {"name": "b", "value": None}
    assert await store.write((ADD, {"name": "b"}), said=[written("b")]) == 1
    fails = "INSERT INTO marks (name, value, set_at) VALUES (:name, :value, '')"
    assert await store.write((ADD, {"name": "c"}), (fails, unnamed), said=[written("c")]) == 0
    await store.tell(written("d"))
    assert await unbroken(store) == 3
    await store.aclose()


async def test_a_database_put_back_behind_a_running_process_goes_on_from_where_it_was_put_back(database: str) -> None:
    store = await open_store(database)
    for name in "abcd":
        await store.tell(written(name))
    (kept,) = await store.rows("SELECT size, prev, ts, frontier FROM audit_head")
    for name in "efgh":
        await store.tell(written(name))
    if store.dialect == "sqlite":
        await store.rows("DROP TRIGGER audit_records_kept")
    else:
        await store.write(("ALTER TABLE audit_records DISABLE TRIGGER USER", {}))
    await store.write(
        ("UPDATE audit_head SET size = :size, prev = :prev, ts = :ts, frontier = :frontier", kept),
        ("DELETE FROM audit_records WHERE seq >= 4", {}),
    )
    await store.tell(written("i"))
    await mark(store, "j")
    assert await unbroken(store) == 6
    await store.aclose()


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_a_head_that_is_not_where_it_was_read_takes_no_record_and_no_change(database: str) -> None:
    store = await open_store(database)
    insert = ("INSERT INTO marks (name, value, set_at) SELECT 'b', '', ''", {})
    tail = Tail(
        ("SELECT 1 AS one", {}), lambda _: [("UPDATE audit_head SET ts = ts WHERE size = 7", {}), insert], crowded=True
    )
    with pytest.raises(StoreUnusable, match="busy"):
        await store.write((ADD, {"name": "a"}), tails=[tail])
    assert await store.rows("SELECT * FROM marks") == []
    await store.aclose()


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_on_postgresql_records_of_one_moment_share_transactions(database: str) -> None:
    store = await open_store(database)
    async with anyio.create_task_group() as group:
        for number in range(20):
            group.start_soon(mark, store, f"n{number}")
    with psycopg.connect(database) as connection:
        found = connection.execute("SELECT count(*), count(DISTINCT xmin::text) FROM audit_records").fetchone()
    assert found is not None
    assert found[0] == 20
    assert found[1] < 10
    await store.aclose()


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_who_waits_for_a_locked_row_does_not_fail_the_others(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "BUSY_SECONDS", 1.0)
    store = await open_store(database)
    await mark(store, "locked")
    told: dict[str, object] = {}

    async def change(name: str, sql: str) -> None:
        try:
            told[name] = await store.write((sql, {"name": name}), said=[written(name)])
        except StoreUnusable as error:
            told[name] = error.sentence

    with psycopg.connect(database) as other:
        other.execute("UPDATE marks SET value = 'held' WHERE name = 'locked'")
        async with anyio.create_task_group() as group:
            group.start_soon(change, "first", ADD)
            group.start_soon(change, "locked", "UPDATE marks SET value = 'x' WHERE name = :name")
            group.start_soon(change, "free", ADD)
        other.rollback()
    assert (told["first"], told["free"]) == (1, 1)
    assert told["locked"] == "The database is too busy with the same rows. Try again in a moment."
    await store.aclose()
