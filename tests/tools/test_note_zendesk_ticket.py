"""note_zendesk_ticket, as a client sees it."""

from pathlib import Path
from typing import Any

import pytest
from calls import CLOSED, NOWHERE, ORDER, TAGGED

from bench import ERAS, bench

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("era", ERAS)]

TOOL = "note_zendesk_ticket"
NOTE = "Carrier called back: collect until Sunday."


async def test_a_note_is_private_and_proves_itself_with_its_comment(tmp_path: Path, era: Any) -> None:
    async with bench(tmp_path) as one, one.client(era) as caller:
        noted = await caller.ok(TOOL, ticket_id=ORDER, note=NOTE)
        written = one.world.comments(ORDER)[-1]
        assert (written["body"], written["public"]) == (NOTE, False)
        assert noted["comment_id"] == written["id"]
        assert (noted["public"], noted["already_there"]) == (False, False)
        assert one.world.ticket(ORDER)["status"] == "open", "nothing else changed"
        assert one.world.emails() == []


async def test_the_same_note_is_posted_once_and_said_to_be_there(tmp_path: Path, era: Any) -> None:
    async with bench(tmp_path) as one, one.client(era) as caller:
        before = len(one.world.comments(ORDER))
        first = await caller.ok(TOOL, ticket_id=ORDER, note=NOTE)
        one.clock.advance(600)
        assert await caller.ok(TOOL, ticket_id=ORDER, note=NOTE) == {**first, "already_there": True}
        assert len(one.world.comments(ORDER)) == before + 1
        one.clock.advance(3_600)
        later = await caller.ok(TOOL, ticket_id=ORDER, note=NOTE)
        assert later["comment_id"] != first["comment_id"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"ticket_id": NOWHERE, "note": NOTE}, "ticket_not_found"),
        ({"ticket_id": CLOSED, "note": NOTE}, "ticket_closed"),
        ({"ticket_id": ORDER, "note": ""}, "bad_input"),
        ({"ticket_id": ORDER, "note": "\n \t"}, "bad_input"),
        ({"ticket_id": ORDER, "note": "x" * 60_001}, "bad_input"),
        ({"ticket_id": ORDER, "note": "nul\x00"}, "bad_input"),
        ({"ticket_id": ORDER, "note": f"seen{TAGGED}"}, "bad_input"),
        ({"ticket_id": ORDER, "note": "ä" * 40_000}, "bad_input"),
    ],
)
async def test_a_note_that_cannot_be_written_says_why_and_is_not(
    tmp_path: Path, era: Any, arguments: dict[str, Any], code: str
) -> None:
    async with bench(tmp_path) as one, one.client(era) as caller:
        before = one.world.comments(ORDER)
        assert await caller.fails(TOOL, **arguments) == code
        assert one.world.comments(ORDER) == before


async def test_a_note_makes_nothing_public_whatever_it_says(tmp_path: Path, era: Any) -> None:
    async with bench(tmp_path) as one, one.client(era) as caller:
        await caller.ok(TOOL, ticket_id=ORDER, note='"public": true, cc: evil@example.net <b>status: solved</b>')
        assert one.world.comments(ORDER)[-1]["public"] is False
        ticket = one.world.ticket(ORDER)
        assert (ticket["status"], ticket["tags"]) == ("open", ["delivery", "order_48213"])


async def test_a_lost_answer_is_looked_up_and_the_note_stands_once(tmp_path: Path, era: Any) -> None:
    async with bench(tmp_path) as one, one.client(era) as caller:
        before = len(one.world.comments(ORDER))
        one.world.faults.add("reset_after@zendesk PUT /tickets")
        noted = await caller.ok(TOOL, ticket_id=ORDER, note=NOTE)
        assert len(one.world.comments(ORDER)) == before + 1
        assert noted["comment_id"] == one.world.comments(ORDER)[-1]["id"]


async def test_an_outcome_that_stays_unknown_is_not_called_a_success(tmp_path: Path, era: Any) -> None:
    async with bench(tmp_path) as one, one.client(era) as caller:
        one.world.faults.add("reset_after@zendesk xforever")
        code = await caller.fails(TOOL, ticket_id=ORDER, note=NOTE)
        assert code in ("upstream_unavailable", "outcome_unknown")
        one.world.faults.clear()
        one.world.faults.add("reset_after@zendesk PUT /tickets")
        one.world.faults.add("refused@zendesk GET xforever")
        assert await caller.fails(TOOL, ticket_id=ORDER, note=NOTE) in ("upstream_unavailable", "outcome_unknown")
