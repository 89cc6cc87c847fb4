"""Who approves a correction: the policy may say the one who made it, and nobody else gains by that."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from approvals_bench import Desk, Reviewer, opened
from test_page_correcting import NEW, OLD, correct, waiting

from deskgate.desk import Principal, Reply
from deskgate.desk.errors import SelfApproval

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("database")]

LETTING = 'version = "7"\ncorrections = "approve"\n'


@asynccontextmanager
async def letting(folder: Path, text: str = LETTING) -> AsyncIterator[Desk]:
    """A desk whose policy lets reviewers approve their corrections."""
    path = folder / "policy.toml"
    path.write_text(text)
    async with opened(folder, DESKGATE_POLICY=str(path)) as desk:
        yield desk


async def corrected(desk: Desk, ines: Reviewer, by: str = "agent-7", **more: str) -> Reply:
    """A reply of an agent's that Ines has put into other words."""
    old = await desk.draft(OLD, by=by, **more)
    await correct(ines, old.id)
    [(new_id, _, _)] = await waiting(desk)
    found = await desk.bench.desk.core.store.reply(new_id)
    assert found is not None
    return found


async def test_the_policy_may_let_a_reviewer_approve_what_they_corrected_and_the_record_says_so(tmp_path: Path) -> None:
    async with letting(tmp_path) as desk:
        ines = await desk.reviewer("ines")
        new = await corrected(desk, ines)
        assert "You wrote this text" not in (await ines.get(f"/approvals/{new.id}")).text
        await ines.look_and_approve(new.id)
        assert [mail.body for mail in desk.sent] == [NEW]
        row = await desk.bench.desk.core.store.reply(new.id)
        assert (row.decided_by, row.drafted_by) == ("reviewer:ines", "reviewer:ines")
        assert row.reason.startswith("Their own correction of another's text, which policy 7 (sha256:")


@pytest.mark.parametrize("text", ['version = "7"\n', 'version = "7"\ncorrections = "another_person"\n'])
async def test_without_that_word_in_the_policy_another_person_approves(tmp_path: Path, text: str) -> None:
    async with letting(tmp_path, text) as desk:
        ines = await desk.reviewer("ines")
        new = await corrected(desk, ines)
        assert (await ines.look_and_approve(new.id)).status == 403
        assert desk.sent == []


async def test_the_policy_of_the_moment_of_approving_counts(tmp_path: Path) -> None:
    async with letting(tmp_path) as desk:
        ines = await desk.reviewer("ines")
        new = await corrected(desk, ines)
        (tmp_path / "policy.toml").write_text('version = "8"\n')
        assert (await ines.look_and_approve(new.id)).status == 403
        assert desk.sent == []


async def test_whoever_wrote_the_old_words_still_approves_nothing(tmp_path: Path) -> None:
    async with letting(tmp_path) as desk:
        ines, tomasz = await desk.reviewer("ines"), await desk.reviewer("tomasz")
        new = await corrected(desk, ines, owner="tomasz")
        assert (await tomasz.look_and_approve(new.id)).status == 403
        agent = Principal("agent-7", "agent", frozenset({"draft", "decide"}), owner="tomasz")
        core = replace(desk.bench.desk.core, asks=False)
        with pytest.raises(SelfApproval):
            await replace(desk.bench.desk, core=core, caller=agent).decide(new.message_id, "approve")
        assert desk.sent == []


async def test_a_correction_of_ones_own_agents_words_is_still_ones_own(tmp_path: Path) -> None:
    async with letting(tmp_path) as desk:
        ines = await desk.reviewer("ines")
        new = await corrected(desk, ines, owner="ines")
        assert (await ines.look_and_approve(new.id)).status == 403
        assert desk.sent == []


async def test_ones_own_agents_words_in_the_place_of_anothers_draft_are_still_ones_own(tmp_path: Path) -> None:
    async with letting(tmp_path) as desk:
        ines = await desk.reviewer("ines")
        mine = await desk.draft(NEW, by="agent-9", owner="ines")
        agent = Principal("agent-9", "agent", frozenset({"draft"}), owner="ines")
        await replace(desk.bench.desk, caller=agent).cancel(mine.message_id or "", "another way")
        desk.bench.clock.advance(60)
        new = await corrected(desk, ines)
        assert new.body == NEW
        assert (await ines.look_and_approve(new.id)).status == 403
        assert desk.sent == []


async def test_a_correction_of_ones_own_correction_waits_for_somebody_else(tmp_path: Path) -> None:
    async with letting(tmp_path) as desk:
        ines, tomasz = await desk.reviewer("ines"), await desk.reviewer("tomasz")
        new = await corrected(desk, ines)
        await correct(ines, new.id, body="Third words.")
        [(third, _, _)] = await waiting(desk)
        assert (await ines.look_and_approve(third)).status == 403
        await tomasz.look_and_approve(third)
        assert [mail.body for mail in desk.sent] == ["Third words."]


async def test_only_the_one_who_corrected_last_is_let_off(tmp_path: Path) -> None:
    async with letting(tmp_path) as desk:
        ines, tomasz = await desk.reviewer("ines"), await desk.reviewer("tomasz")
        new = await corrected(desk, ines)
        await correct(tomasz, new.id, body="Third words.")
        [(third, _, _)] = await waiting(desk)
        assert (await ines.look_and_approve(third)).status == 403
        await tomasz.look_and_approve(third)
        assert [mail.body for mail in desk.sent] == ["Third words."]


async def test_an_agent_that_bears_the_reviewers_very_name_is_not_let_off(tmp_path: Path) -> None:
    async with letting(tmp_path) as desk:
        ines = await desk.reviewer("ines")
        new = await corrected(desk, ines)
        core = replace(desk.bench.desk.core, asks=False)
        agent = Principal("reviewer:ines", "agent", frozenset({"draft", "decide"}), owner="ines")
        with pytest.raises(SelfApproval):
            await replace(desk.bench.desk, core=core, caller=agent).decide(new.message_id, "approve")
        assert desk.sent == []


async def test_a_person_who_drafted_words_of_their_own_is_not_let_off(tmp_path: Path) -> None:
    async with letting(tmp_path) as desk:
        person = Principal("reviewer:ines", "human", frozenset({"draft", "decide"}), owner="ines")
        reply = await replace(desk.bench.desk, caller=person).draft(101, NEW)
        with pytest.raises(SelfApproval):
            await replace(desk.bench.desk, caller=person).decide(reply.message_id, "approve")
        assert desk.sent == []


async def test_another_person_who_drafted_the_very_same_words_is_not_let_off(tmp_path: Path) -> None:
    async with letting(tmp_path) as desk:
        new = await corrected(desk, await desk.reviewer("ines"))
        person = Principal("reviewer:tomasz", "human", frozenset({"draft", "decide"}), owner="tomasz")
        theirs = replace(desk.bench.desk, caller=person)
        assert (await theirs.draft(101, NEW)).id == new.id
        with pytest.raises(SelfApproval):
            await theirs.decide(new.message_id, "approve")
        assert desk.sent == []


async def test_only_the_subject_may_be_corrected_and_approved_too(tmp_path: Path) -> None:
    async with letting(tmp_path) as desk:
        ines = await desk.reviewer("ines")
        old = await desk.draft(OLD)
        await correct(ines, old.id, subject="Your kettle", body=OLD)
        [(new_id, _, _)] = await waiting(desk)
        await ines.look_and_approve(new_id)
        assert [mail.subject for mail in desk.sent] == ["Your kettle"]


async def test_the_writers_of_the_old_words_are_there_from_the_first_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with letting(tmp_path) as desk:
        ines, core = await desk.reviewer("ines"), desk.bench.desk.core
        old = await desk.draft(OLD, by="agent-7", owner="tomasz")
        submit, writers = core.outbox.submit, []

        async def watched(draft: object) -> object:
            [new] = await core.store.replies_in_state("sending")
            writers.append(await core.store.drafters(new.id))
            return await submit(draft)

        monkeypatch.setattr(core.outbox, "submit", watched)
        await correct(ines, old.id)
        assert writers == [{"agent-7", "tomasz", "reviewer:ines", "ines"}]


async def test_no_rule_lets_out_what_a_person_wrote_in_the_place_of_a_held_reply(tmp_path: Path) -> None:
    rule = '[[rule]]\nname = "all"\noutcome = "approve"\nrequester_verified = true\n'
    async with letting(tmp_path, 'version = "hold"\n') as desk:
        ines, tomasz = await desk.reviewer("ines"), await desk.reviewer("tomasz")
        first = await desk.draft("Hello Maria.")
        await tomasz.look_and_approve(first.id)
        old = await desk.draft(OLD)
        (tmp_path / "policy.toml").write_text('version = "8"\n' + rule)
        await correct(ines, old.id)
        assert [body for _, body, _ in await waiting(desk)] == [NEW]
        assert len(desk.sent) == 1
        straight = await desk.bench.desk.draft(101, "Dear Maria, once more.")
        assert straight.decided_by == "policy:all"
