"""Edges of asking the policy before MultiMail hears of a draft: who a rule is, what a refusal says, what is read once."""

from pathlib import Path

import pytest
from policy_desk import KETTLE, policy_desk
from policy_texts import rule
from test_policy_monitored import TEXT, add_mailbox
from test_policy_once import lose

from audit.agreement import agree
from deskgate.desk.errors import Forbidden
from deskgate.desk.policy import principal_of
from deskgate.desk.principals import DECIDE, Principal

pytestmark = pytest.mark.anyio


def test_a_rule_decides_in_its_own_name_and_may_do_nothing_else() -> None:
    assert principal_of("low-risk") == Principal("policy:low-risk", "policy", frozenset({DECIDE}))


async def test_a_refused_draft_is_on_record_with_its_code_and_its_words(tmp_path: Path) -> None:
    text = 'version = "1"\n' + rule("refuse", 'words_any = ["kettle"]', "never")
    async with policy_desk(tmp_path, text, acquainted=False) as d:
        with pytest.raises(Forbidden, match=r'refuses this draft \(rule "never"\): No\. Nothing was sent\.') as error:
            await d.draft()
        assert error.value.facts == {"ticket_id": 101}
        evaluated, refused = await agree(d.bench.desk.core.store)
        assert (evaluated["ev"], evaluated["dec"]["rule"], evaluated["dec"]["outcome"]) == (
            ("policy.eval", "never", "refuse")
        )
        assert (refused["ev"], refused["dec"]["code"]) == ("draft.refuse", "forbidden")
        assert len(refused["dec"]["words"]) == 64
        assert refused["obj"] == {"ticket": 101}


async def test_a_lost_draft_is_not_read_up_on_twice_and_does_not_leave_at_once(tmp_path: Path) -> None:
    async with policy_desk(tmp_path, 'version = "hold"') as d:
        add_mailbox(d)
        d.tag("low-risk")
        await lose(d, "timeout_before")
        d.path.write_text(TEXT)
        before = len(d.bench.world.calls("zendesk"))
        reply = await d.draft()
        assert reply.state == "held"
        assert (await d.last(reply))["guards"] == ["it was handed to the gated mailbox before"]
        asked = [call.path for call in d.bench.world.calls("zendesk")[before:]]
        assert len([path for path in asked if "audits" in path]) == 1
        assert d.sent() == []
        assert [one["markdown"] for one in d.bench.world.emails() if one["markdown"] == KETTLE] == [KETTLE]
