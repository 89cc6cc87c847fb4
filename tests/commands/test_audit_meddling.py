"""`deskgate audit verify` on a database whose rows somebody put in, changed or took away: named, and never a traceback."""

import json
from pathlib import Path
from typing import Any

import pytest
from audit_office import AtWork, Operator, bench

from bench import Bench
from desk.inbox.desk_at_work import TICKET

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("database")]

FAR = 5_000


async def meddle(one: Bench, statement: str, **values: Any) -> None:
    """As somebody who owns the database."""
    store = one.desk.core.store
    if store.dialect == "sqlite":
        await store.rows("DROP TRIGGER IF EXISTS audit_records_stay")
        await store.rows("DROP TRIGGER IF EXISTS audit_records_kept")
    else:
        await store.write(("ALTER TABLE audit_records DISABLE TRIGGER USER", {}))
    await store.write((statement, values))


async def ghost(one: Bench, seq: int, ev: str = "email.decide") -> None:
    """A record that says that Ines approved something, under a number that the log does not count."""
    (row,) = await one.desk.core.store.rows("SELECT line FROM audit_records WHERE ev = 'draft.create'")
    record = json.loads(bytes(row["line"]))
    record |= {"seq": seq, "ev": ev, "actor": {"kind": "human", "id": "ghost"}, "obj": {"ticket": TICKET}}
    await meddle(
        one,
        "INSERT INTO audit_records (seq, line, ev, ts, ticket_id) VALUES (:seq, :line, :ev, :ts, :ticket)",
        seq=seq,
        line=json.dumps(record, sort_keys=True, separators=(",", ":")).encode(),
        ev=ev,
        ts=record["ts"],
        ticket=TICKET,
    )


@pytest.mark.parametrize("ev", ["email.decide", "key.rotate"])
@pytest.mark.parametrize("seq", [-7, FAR])
async def test_records_that_the_log_does_not_count_are_a_finding_and_are_shown_to_nobody(
    tmp_path: Path, seq: int, ev: str
) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        await AtWork.of(one).sent()
        assert (await audit("export", tmp_path / "before")).code == 0
        await ghost(one, seq, ev)
        told = await audit.verify(None, "--anchor", tmp_path / "before" / "checkpoint")
        assert told.code == 1, told.out
        assert f"record.seq, record {seq}: Records that the log does not count were put in: 1" in told.out
        shown = await audit("show", str(TICKET))
        assert shown.code == 0, shown.err
        assert "ghost" not in shown.out
        async with one.client("auto") as caller:
            for about in ({}, {"ticket_id": TICKET}):
                trail = await caller.ok("read_audit_trail", **about)
                assert "ghost" not in json.dumps(trail)
        exported = await audit("export", tmp_path / "after", "--ticket", str(TICKET))
        assert exported.code == 0, exported.err
        assert "ghost" not in (tmp_path / "after" / "audit.jsonl").read_text("utf-8")


async def test_a_record_put_in_among_the_archived_ones_is_a_finding_and_is_not_shown(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        await AtWork.of(one).sent()
        assert (await audit("archive", tmp_path / "old")).code == 0
        await ghost(one, FAR)
        assert (await audit("prune", "--yes")).code == 0
        await meddle(one, f"UPDATE audit_records SET seq = 3, ev = 'key.rotate' WHERE seq = {FAR}")
        told = await audit.verify()
        assert told.code == 1, told.out
        assert "ghost" not in (await audit("show", str(TICKET))).out


@pytest.mark.parametrize("seq", [-4, 100_000])
async def test_texts_of_records_that_the_log_does_not_count_are_a_finding(tmp_path: Path, seq: int) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        await AtWork.of(one).sent()
        await audit.keeper.sign()
        forged = "INSERT INTO audit_personal (name, seq, secret, text) VALUES ('zz', :seq, :secret, 'forged')"
        await meddle(one, forged, seq=seq, secret=b"x")
        told = await audit.verify()
        assert told.code == 1, told.out
        assert f"personal.order, record {seq}: " in told.out
