"""What the policy decides is on record with the rule, the version, the hash and the facts, and in the rule's own name."""

import json
from pathlib import Path

import pytest
from policy_desk import policy_desk
from policy_texts import rule
from test_policy_monitored import TEXT, add_mailbox

from audit.agreement import agree
from deskgate.desk.errors import Forbidden

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("database")]


async def test_an_automatic_approval_is_told_as_the_rules_doing(tmp_path: Path) -> None:
    async with policy_desk(tmp_path) as d:
        d.tag("low-risk")
        reply = await d.draft()
        assert reply.state == "sent"
        records = [one for one in await agree(d.bench.desk.core.store) if one["obj"].get("reply") == reply.id]
        evaluated = [one for one in records if one["ev"] == "policy.eval"]
        assert [one["res"]["status"] for one in evaluated] == ["approving", "approved"]
        (decided,) = [one for one in records if one["ev"] == "email.decide"]
        assert (decided["actor"]["kind"], decided["actor"]["id"]) == ("policy", "policy:low-risk")
        assert decided["dec"]["policy"] == [evaluated[0]["seq"]]
        told = evaluated[0]["dec"]
        assert (told["rule"], told["policy"], told["outcome"]) == ("low-risk", "7", "approve")
        assert told["hash"].startswith("sha256:")
        beside = await d.bench.desk.core.store.rows(
            "SELECT text, person FROM audit_personal WHERE seq = :seq", seq=evaluated[0]["seq"]
        )
        facts = json.loads(json.loads(beside[0]["text"])["facts"])
        assert facts["tags"]["low-risk"] == "human agent"
        assert beside[0]["person"] == reply.recipient


async def test_a_draft_that_a_rule_refuses_is_told_with_the_rule_and_nothing_is_drafted(tmp_path: Path) -> None:
    text = 'version = "1"\n' + rule("refuse", 'priority = ["low", "normal", "high", "urgent", "none"]')
    async with policy_desk(tmp_path, text, acquainted=False) as d:
        with pytest.raises(Forbidden):
            await d.draft()
        records = await agree(d.bench.desk.core.store)
        assert [(one["ev"], one["res"]["status"]) for one in records] == [
            ("policy.eval", "refused"),
            ("draft.refuse", "refused"),
        ]


async def test_a_mail_that_leaves_at_once_has_its_decision_on_record_before_it_is_handed_over(tmp_path: Path) -> None:
    async with policy_desk(tmp_path, TEXT) as d:
        add_mailbox(d)
        d.tag("low-risk")
        reply = await d.draft()
        records = [one for one in await agree(d.bench.desk.core.store) if one["obj"].get("reply") == reply.id]
        names = [f"{one['ev']} {one['res']['status']}" for one in records]
        assert names[:3] == ["policy.eval approving", "draft.create begun", "email.decide begun"]
        decided = records[2]
        assert decided["actor"]["id"] == "policy:notices"
        (taken,) = [one for one in records if one["res"]["status"] == "taken"]
        assert taken["dec"]["digest"] == reply.digest  # with the thread that MultiMail gave it
        assert (decided["dec"]["draft"], decided["dec"]["policy"]) == (records[1]["seq"], [records[0]["seq"]])
        assert "email.send" in {one["ev"] for one in records}
