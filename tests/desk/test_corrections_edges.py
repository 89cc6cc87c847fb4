"""Edges of corrections: who counts as a writer of what, which words were taken already, and what no rule lets out."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from audit.agreement import records_of
from bench import Bench, bench
from deskgate.desk import Desk, Principal, Reply
from deskgate.desk.corrections import add_correction, grounds, inherit, is_correction
from deskgate.desk.digest import words_of
from deskgate.desk.errors import DeskError, SelfApproval
from deskgate.desk.principals import DECIDE, DRAFT
from deskgate.sandbox.faults import parse_fault

pytestmark = pytest.mark.anyio

TICKET = 101
OLD, NEW = "Dear Maria, your kettle is lost.", "Dear Maria, your kettle waits at the shop."
INES = Principal("reviewer:ines", "human", frozenset({DRAFT, DECIDE}), owner="ines")
TOMASZ = Principal("reviewer:tomasz", "human", frozenset({DRAFT, DECIDE}), owner="tomasz")
HIS_AGENT = Principal("agent-8", "agent", frozenset({DRAFT}), owner="tomasz")
ANOTHER = Principal("agent-7", "agent", frozenset({DRAFT}), owner="astrid")
LETTING = 'version = "7"\ncorrections = "approve"\n'


def at(here: Bench, who: Principal) -> Desk:
    return replace(here.desk, caller=who)


@asynccontextmanager
async def opened(folder: Path, policy: str = LETTING) -> AsyncIterator[tuple[Bench, Reply]]:
    """A desk whose policy lets reviewers approve their corrections, and a reply that was taken back to be corrected."""
    path = folder / "policy.toml"
    path.write_text(policy)
    async with bench(folder, DESKGATE_POLICY=str(path)) as here:
        old = await at(here, HIS_AGENT).draft(TICKET, OLD)
        await at(here, INES).cancel(old.message_id or "")
        here.clock.advance(5)
        yield here, old


async def test_a_correction_is_added_once_whoever_else_has_the_same_words(tmp_path: Path) -> None:
    async with opened(tmp_path) as (here, old):
        core = here.desk.core
        new = replace(old, id="n" * 32, words=words_of(TICKET, NEW), body=NEW, state="sending", version=1)
        new = replace(new, message_id=None, thread_id=None, digest=None, decided_at=None, drafted_by=INES.id)
        assert await add_correction(core, INES, new, old.id) is True
        assert await add_correction(core, INES, replace(new, id="m" * 32), old.id) is False
        assert await core.store.reply("m" * 32) is None
        assert await is_correction(core, new.id) is True
        assert await is_correction(core, "m" * 32) is False
        assert await core.store.drafters(new.id) == {"reviewer:ines", "ines", "agent-8", "tomasz"}


async def test_a_correction_that_multimail_refuses_for_certain_leaves_its_words_free(tmp_path: Path) -> None:
    async with opened(tmp_path) as (here, old):
        here.world.faults.add(parse_fault("cloudflare_403@multimail POST send"))
        with pytest.raises(DeskError):
            await at(here, INES).draft(TICKET, NEW, corrects=old)
        (failed,) = [one for one in await here.desk.replies_of(TICKET) if one.body == NEW]
        assert failed.state == "failed"
        again = await at(here, INES).draft(TICKET, NEW, corrects=old)
        assert (again.state, again.id != failed.id) == ("held", True)


async def test_words_that_another_drafted_before_get_the_old_writers_too_and_the_record_says_so(tmp_path: Path) -> None:
    async with opened(tmp_path) as (here, old):
        known = await at(here, ANOTHER).draft(TICKET, NEW)
        again = await at(here, INES).draft(TICKET, NEW, corrects=old)
        assert again.id == known.id
        everybody = {"agent-7", "astrid", "reviewer:ines", "ines", "agent-8", "tomasz"}
        assert await here.desk.core.store.drafters(known.id) == everybody
        told = [one for one in await records_of(here.desk.core.store) if one["ev"] == "draft.edit"]
        assert [(one["obj"], one["res"]["status"]) for one in told] == [
            ({"reply": known.id, "corrects": old.id}, "inherited")
        ]
        with pytest.raises(SelfApproval):
            await at(here, TOMASZ).decide(known.message_id or "", "approve")
        await inherit(here.desk.core, known, old.id)
        assert len([one for one in await records_of(here.desk.core.store) if one["ev"] == "draft.edit"]) == 1


async def test_the_reason_on_record_names_the_policy_that_lets_them_approve(tmp_path: Path) -> None:
    async with opened(tmp_path) as (here, old):
        new = await at(here, INES).draft(TICKET, NEW, corrects=old)
        core = here.desk.core
        assert core.policies is not None
        policy = await core.policies.holder.current()
        short = policy.hash.removeprefix("sha256:")[:12]
        why = f"Their own correction of another's text, which policy 7 (sha256:{short}) lets them approve."
        assert await grounds(core, INES, new) == why
        assert await grounds(core, TOMASZ, new) is None
        assert await grounds(core, replace(INES, kind="agent"), new) is None
        done = await at(here, INES).decide(new.message_id or "", "approve", reason="better")
        assert (done.state, done.reason) == ("sent", f"better ({why})")
        other = await at(here, INES).draft(TICKET, f"{NEW} Goodbye.", corrects=old)
        assert (await at(here, INES).decide(other.message_id or "", "approve")).reason == why


async def test_whose_agent_had_the_new_words_before_does_not_approve_them_as_a_correction(tmp_path: Path) -> None:
    async with opened(tmp_path) as (here, old):
        her_agent = Principal("agent-9", "agent", frozenset({DRAFT}), owner="ines")
        before = await at(here, her_agent).draft(TICKET, NEW)
        await at(here, TOMASZ).cancel(before.message_id or "")
        here.clock.advance(5)
        new = await at(here, INES).draft(TICKET, NEW, corrects=old)
        assert new.id != before.id
        assert await grounds(here.desk.core, INES, new) is None
        with pytest.raises(SelfApproval):
            await at(here, INES).decide(new.message_id or "", "approve")
        assert here.world.sent_mails() == []


async def test_a_correction_that_was_held_before_there_was_a_policy_is_let_out_by_no_rule(tmp_path: Path) -> None:
    wide = 'version = "7"\n[[rule]]\nname = "wide"\noutcome = "approve"\nstatus = ["open", "pending", "new"]\n'
    async with opened(tmp_path, wide) as (here, old):
        first = await at(here, ANOTHER).draft(TICKET, "Hello, we are looking into it.")
        await at(here, INES).decide(first.message_id or "", "approve")
        here.clock.advance(60)
        without = replace(here.desk, core=replace(here.desk.core, policies=None), caller=INES)
        new = await without.draft(TICKET, NEW, corrects=old)
        plain = await without.draft(TICKET, f"{NEW} Goodbye.")
        assert (new.state, plain.state) == ("held", "held")
        assert (await at(here, INES).draft(TICKET, NEW)).state == "held"
        assert (await at(here, INES).draft(TICKET, plain.body)).decided_by == "policy:wide"
