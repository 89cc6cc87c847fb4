"""`deskgate policy test`: the whole reasoning in our own words, and nothing is done."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from policy_desk import KETTLE, policy_desk
from policy_texts import LOW_RISK

from deskgate.app import open_desk
from deskgate.cli import main
from deskgate.commands.policy import explained
from deskgate.desk.policy import PolicyError
from deskgate.sandbox.constants import API_USER_ID
from deskgate.sandbox.transport import SandboxTransport
from deskgate.settings import read

pytestmark = pytest.mark.anyio

WARY = LOW_RISK + '[[rule]]\nname = "rest"\noutcome = "hold"\n[[rule]]\nname = "never"\noutcome = "hold"\n'


async def test_the_explanation_is_what_then_happens(tmp_path: Path) -> None:
    async with policy_desk(tmp_path) as d:
        told = read({"DESKGATE_HOME": str(tmp_path), "DESKGATE_POLICY": str(d.path)}, sandbox=True)
        d.tag("low-risk")
        mails = len(d.bench.world.emails())
        network = SandboxTransport(d.bench.world)
        found = await explained(told, 101, KETTLE, clock=d.bench.clock, transport=network)
        assert (found.verdict.outcome, found.verdict.rule) == ("approve", "low-risk")
        assert len(d.bench.world.emails()) == mails
        assert (await d.draft()).state == "sent"
        without = await explained(told, 101, None, clock=d.bench.clock, transport=network)
        assert without.verdict.outcome == "hold"
        assert "low-risk (approve) matches" in "\n".join(without.lines())


async def test_it_says_why_each_rule_did_not_match_and_shows_no_text_of_the_customer(tmp_path: Path) -> None:
    async with policy_desk(tmp_path, WARY) as d:
        told = read({"DESKGATE_HOME": str(tmp_path), "DESKGATE_POLICY": str(d.path)}, sandbox=True)
        d.tag("low-risk", author_id=API_USER_ID)
        found = await explained(told, 101, KETTLE, clock=d.bench.clock, transport=SandboxTransport(d.bench.world))
        text = "\n".join(found.lines())
        assert "1. low-risk (approve) does not match" in text
        assert "tags_all             no       low-risk: set by our API user" in text
        assert "priority             yes      normal" in text
        assert "2. rest (hold) matches" in text
        assert "1 more after that are not looked at." in text
        assert 'Outcome: hold. Rule "rest" says hold.' in text
        assert text.endswith("If a reviewer corrects it, another person has to approve.")
        assert "kettle" not in text.casefold()
        assert "maria" not in text.casefold()
        dumped = json.loads(json.dumps(found.dump()))
        assert (dumped["outcome"], dumped["rule"], dumped["ticket_id"]) == ("hold", "rest", 101)
        assert [step["matched"] for step in dumped["steps"]] == [False, True]


def test_a_start_with_a_broken_policy_is_refused_with_every_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "policy.toml"
    path.write_text("x = 1")
    monkeypatch.setenv("DESKGATE_HOME", str(tmp_path))
    monkeypatch.setenv("DESKGATE_POLICY", str(path))
    for words in (["serve", "--sandbox"], ["policy", "test", "101", "--sandbox"]):
        assert main(words) == 2
        told = capsys.readouterr()
        assert '"x" is not known here.' in told.err
        assert '"version" is missing' in told.err
        assert told.out == ""


async def test_a_desk_is_not_opened_over_a_broken_policy(tmp_path: Path) -> None:
    told = read({"DESKGATE_HOME": str(tmp_path), "DESKGATE_POLICY": str(tmp_path / "none.toml")}, sandbox=True)
    with pytest.raises(PolicyError):
        async with open_desk(told):
            pass


def test_the_command_line_explains_and_its_exit_codes_tell_what_happened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path, text = tmp_path / "policy.toml", tmp_path / "reply.txt"
    path.write_text(LOW_RISK)
    text.write_text(KETTLE)
    monkeypatch.setenv("DESKGATE_HOME", str(tmp_path))
    monkeypatch.delenv("DESKGATE_POLICY", raising=False)
    assert main(["policy", "test", "101", "--sandbox"]) == 2
    assert "No policy is set" in capsys.readouterr().err
    tried = ["--sandbox", "--policy", str(path)]
    assert main(["policy", "test", "101", "--body-file", str(text), "--json", *tried]) == 0
    assert json.loads(capsys.readouterr().out)["outcome"] == "hold"
    assert main(["policy", "test", "101", "--body", KETTLE, *tried]) == 0
    assert "Outcome: hold. No rule matched, so a person decides." in capsys.readouterr().out
    assert main(["policy", "test", "999", *tried]) == 1
    assert main(["policy", "test", "101", "--body", " ", *tried]) == 1
    assert main(["policy", "test", "101", "--body-file", str(tmp_path / "none"), *tried]) == 2
    path.write_text("version = 1")
    assert main(["policy", "test", "101", *tried]) == 2
    assert '"version" must be a text' in capsys.readouterr().err


def test_the_start_does_not_pay_for_a_policy_that_is_not_set() -> None:
    code = "import sys, deskgate.desk; sys.exit('tomllib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
