"""The policy in force: read again when its file changes, kept when the new file is broken."""

import hashlib
import logging
import os
from pathlib import Path

import pytest
from policy_texts import LOW_RISK, policy, policy_of, rule

from deskgate.desk.policy import PolicyError, PolicyHolder
from deskgate.desk.policy.check import outcomes_check, policy_check
from deskgate.desk.policy.rules import LARGEST_FILE_BYTES

pytestmark = pytest.mark.anyio


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "policy.toml"
    found.write_text(LOW_RISK)
    return found


def write(path: Path, text: str, seconds: int) -> None:
    path.write_text(text)
    os.utime(path, (seconds, seconds))


@pytest.mark.parametrize("text", [None, "version = ", 'version = "1"\nx = 1'])
async def test_a_broken_or_absent_file_at_the_start_refuses_the_start(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "policy.toml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(PolicyError):
        await PolicyHolder.open(path)


async def test_a_changed_file_is_in_force_at_the_next_use(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    holder = await PolicyHolder.open(path)
    assert (await holder.current()).version == "7"
    assert not caplog.records
    write(path, LOW_RISK.replace('"7"', '"8"'), 1_700_000_000)  # the same size
    assert (await holder.current()).version == "8"
    assert "policy 8 (sha256:" in caplog.text
    assert holder.faults == ()


async def test_a_broken_file_keeps_the_old_policy_and_is_reported_once(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    holder = await PolicyHolder.open(path)
    write(path, LOW_RISK + "\nx = 1", 1_700_000_000)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert (await holder.current()).version == "7"
    assert len(caplog.records) == 1
    assert "version 7 stays in force" in caplog.text
    line = await policy_check(holder)
    assert line.state == "fault"
    assert 'Rule "low-risk": "x" is not known here.' in line.text
    assert "version 7" in line.text


async def test_a_repaired_file_is_in_force_again_even_if_its_time_is_that_of_the_first(path: Path) -> None:
    os.utime(path, (1_600_000_000, 1_600_000_000))
    holder = await PolicyHolder.open(path)
    write(path, "broken", 1_700_000_000)
    await holder.current()
    assert holder.faults
    write(path, LOW_RISK, 1_600_000_000)
    assert (await holder.current()).version == "7"
    assert holder.faults == ()


async def test_a_file_that_is_gone_keeps_the_old_policy(path: Path) -> None:
    holder = await PolicyHolder.open(path)
    os.unlink(path)  # noqa: PTH108
    assert (await holder.current()).version == "7"
    assert holder.faults == ("The file cannot be read (No such file or directory).",)
    assert (await policy_check(holder)).state == "fault"


async def test_a_file_that_did_not_change_is_not_read_again(path: Path) -> None:
    os.utime(path, (1_600_000_000, 1_600_000_000))
    holder = await PolicyHolder.open(path)
    first = await holder.current()
    with path.open("r+") as file:
        file.write("#")  # a change that neither time nor size shows
    os.utime(path, (1_600_000_000, 1_600_000_000))
    assert await holder.current() is first


def filled(size: int) -> str:
    """A policy of so many bytes, of which the last one counts."""
    return LOW_RISK + "#" * (size - len(LOW_RISK) - 1) + "\n"


async def test_the_largest_file_is_read_to_its_last_byte_and_one_byte_more_is_refused(path: Path) -> None:
    largest = filled(LARGEST_FILE_BYTES)
    write(path, largest, 1_600_000_000)
    holder = await PolicyHolder.open(path)
    digest = hashlib.sha256(largest.encode()).hexdigest()
    assert (await holder.current()).hash == f"sha256:{digest}"
    write(path, filled(LARGEST_FILE_BYTES + 1), 1_700_000_000)
    assert (await holder.current()).hash == f"sha256:{digest}"
    assert holder.faults == ("The file is larger than 262,144 bytes.",)


async def test_the_check_up_says_which_policy_is_in_force(path: Path) -> None:
    line = await policy_check(await PolicyHolder.open(path))
    assert line.state == "ok"
    assert line.text == f"Version 7 ({policy(LOW_RISK).hash[:19]}) is in force: 1 approve; the rest is held."
    assert "every reply is held" in (await policy_check(None)).text


def test_the_check_up_says_what_each_outcome_comes_to_at_this_mailbox() -> None:
    text = policy_of(rule("approve", "first_contact = false", "a"), rule("monitored", "first_contact = false", "m"),
                     rule("refuse", "first_contact = false", "z"), top='monitored_mailbox = "u@example.com"')  # fmt: skip
    line = outcomes_check(text, "gated_send", deciding_key=True)
    assert line.state == "ok"
    names = ["hold", "approve", "refuse", "monitored", "a reviewer's correction"]
    assert [part.split(":")[0] for part in line.text.split("; ")] == names
    assert "monitored: leaves at once from u@example.com, with a copy" in line.text
    assert "correction: another person approves" in line.text
    barred = outcomes_check(text, "gated_send", deciding_key=True, obstacle="it is not there")
    assert barred.state == "warning"
    assert "monitored: waits for a person, because it is not there" in barred.text
    itself = outcomes_check(policy('version = "1"\ncorrections = "approve"'), "gated_send", deciding_key=True)
    assert "correction: they may approve it themselves" in itself.text
    assert outcomes_check(policy(LOW_RISK), "gated_send", deciding_key=True).state == "ok"
    assert "no deciding key" in outcomes_check(policy(LOW_RISK), None, deciding_key=False).text
    assert outcomes_check(policy(LOW_RISK), "monitored", deciding_key=True).state == "fault"
    assert outcomes_check(None, "gated_all", deciding_key=False).text == "hold: waits for a person."
