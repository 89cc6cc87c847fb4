"""What was recorded of a reply stands on its page, closed until somebody opens it."""

from pathlib import Path

import pytest
from approvals_bench import Desk

from audit.agreement import records_of
from deskgate.desk.audit.archiving import archive, prune
from deskgate.desk.audit.keeper import Keeper
from deskgate.desk.audit.said import Who

pytestmark = pytest.mark.anyio


def recorded(html: str) -> str:
    """The part of the page that tells it."""
    return html[html.index('<details class="trail">') : html.index("</details>", html.index('class="trail"'))]


async def test_a_waiting_reply_shows_who_drafted_it_and_that_it_was_seen(desk: Desk) -> None:
    reply = await desk.draft("Hello.")
    ines = await desk.reviewer()
    first = recorded((await ines.get(f"/approvals/{reply.id}")).html)
    assert "draft: begun" in first
    assert "held at MultiMail" in first
    assert reply.digest in first
    assert "mail shown" in recorded((await ines.get(f"/approvals/{reply.id}")).html)
    assert "Hello." not in first, "the mail itself stands above"
    assert " open" not in first.split(">")[0]


async def test_a_reply_whose_first_records_were_archived_says_where_they_went(desk: Desk, tmp_path: Path) -> None:
    reply = await desk.draft("Hello.")
    keeper = Keeper(desk.bench.desk.core.store, desk.bench.clock, tmp_path / "keys")
    await archive(keeper, tmp_path / "of january", Who("human", "ines"))
    upto, _ = await prune(keeper)
    later = await desk.draft("Hello again.")
    ines = await desk.reviewer()
    told = f"Records before number {upto} were archived (of january)"
    assert told in recorded((await ines.get(f"/approvals/{reply.id}")).html)
    assert told not in (await ines.get(f"/approvals/{later.id}")).html


async def test_a_list_of_what_waits_is_not_on_record_as_a_mail_that_was_shown(desk: Desk) -> None:
    async def shown_to_people() -> set[str]:
        records = await records_of(desk.bench.desk.core.store)
        return {one["obj"]["reply"] for one in records if one["ev"] == "email.show" and one["actor"]["kind"] == "human"}

    first, _ = await desk.draft("Hello."), await desk.draft("Hello again.", 104)
    ines = await desk.reviewer()
    await ines.get("/approvals/")
    assert await shown_to_people() == set()
    await ines.get(f"/approvals/{first.id}")
    assert await shown_to_people() == {first.id}


async def test_a_decided_reply_shows_who_decided_and_why(desk: Desk) -> None:
    reply = await desk.draft("Hello.")
    ines = await desk.reviewer()
    await ines.post(f"/approvals/{reply.id}/reject", {"reason": "<b>her name is wrong</b>"})
    told = recorded((await ines.get(f"/approvals/{reply.id}")).html)
    assert "decision: begun, verdict reject" in told
    assert "human reviewer:" in told
    assert "&lt;b&gt;her name is wrong&lt;/b&gt;" in told


async def test_a_record_that_was_changed_is_told_and_the_reply_can_still_be_rejected(
    desk: Desk, tmp_path: Path
) -> None:
    reply = await desk.draft("Hello.")
    store = desk.bench.desk.core.store
    ines = await desk.reviewer()
    assert "does not fit" not in (await ines.get(f"/approvals/{reply.id}")).text
    await Keeper(store, desk.bench.clock, tmp_path).sign()
    await store.rows("DROP TRIGGER audit_records_stay")
    await store.write(("UPDATE audit_records SET line = :line WHERE ev = 'email.pending'", {"line": b"x"}))
    page = await ines.get(f"/approvals/{reply.id}")
    assert page.status == 200
    assert "The audit trail does not fit." in page.text
    assert "Reject" in page.text


async def test_a_text_of_the_record_that_was_changed_is_not_shown(desk: Desk) -> None:
    reply = await desk.draft("Hello.")
    ines = await desk.reviewer()
    await ines.post(f"/approvals/{reply.id}/reject", {"reason": "her name is wrong"})
    changed = "UPDATE audit_personal SET text = REPLACE(text, 'her name is wrong', 'she asked for it')"
    await desk.bench.desk.core.store.write((changed, {}))
    page = (await ines.get(f"/approvals/{reply.id}")).text
    assert "The audit trail does not fit." in page
    assert "she asked for it" not in page
