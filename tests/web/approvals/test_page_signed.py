"""The queue's footer carries the newest checkpoint, so that whoever keeps a copy of the page holds an anchor."""

from pathlib import Path

import pytest
from approvals_bench import Desk

from deskgate.desk.audit.keeper import Keeper
from deskgate.desk.audit.note import parse_checkpoint, parse_note

pytestmark = pytest.mark.anyio


async def test_the_footer_shows_what_was_signed_last(desk: Desk, tmp_path: Path) -> None:
    await desk.draft("Hello.")
    ines = await desk.reviewer()
    assert "Audit trail:" not in (await ines.get("/approvals/")).text
    note = await Keeper(desk.bench.desk.core.store, desk.bench.clock, tmp_path).sign()
    size = parse_checkpoint(parse_note(note).text).size
    root = note.decode().split("\n")[2]
    page = await ines.get("/approvals/")
    assert f"Audit trail: {size} records signed, root {root[:16]}…" in page.text
    assert f'title="{root}"' in page.html
