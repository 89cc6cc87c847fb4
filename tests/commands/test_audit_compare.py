"""`deskgate audit compare`: what MultiMail's own log and ours do not share is named."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from at_terminal import Told, typed
from audit_office import AtWork, Operator, bench

from bench import Bench, Person
from deskgate.commands.audit import Office
from deskgate.commands.audit_compare import compare
from deskgate.desk.errors import BadInput
from deskgate.sandbox.transport import SandboxTransport

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("database")]


async def compared(one: Bench, folder: Path, *words: str) -> Told:
    audit = Operator(one, folder)
    network = SandboxTransport(one.world)
    return await typed(
        lambda terminal, given: compare(
            Office(audit.keeper.store, audit.keeper, one.clock, terminal, given, audit.settings), network
        ),
        "audit",
        "compare",
        *words,
    )


async def lived(one: Bench) -> tuple[str, str, str]:
    """One reply that was approved, one rejected, one cancelled."""
    desk = AtWork.of(one)
    sent = (await desk.sent())["message_id"]
    rejected, cancelled = [(await desk.held(body=body))["message_id"] for body in ("One.", "Two.")]
    async with one.client("auto", Person()) as caller:
        await caller.ok("decide_reply", message_id=rejected, decision="reject")
        await caller.ok("cancel_reply", message_id=cancelled)
    return sent, rejected, cancelled


def in_their_log(folder: Path, statement: str) -> None:
    """Something that happened at MultiMail without us."""
    with closing(sqlite3.connect(folder / "sandbox" / "sandbox.sqlite3")) as file:
        file.execute(statement)
        file.commit()


async def test_both_logs_say_the_same_of_a_desk_at_work(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        await lived(one)
        told = await compared(one, tmp_path, "--json")
        assert told.data["theirs_only"] == []
        assert told.data["ours_only"] == []
        assert told.data["both"] == 6, "three were sent there; one approved, one rejected, one cancelled"
        assert told.code == 0


async def test_what_only_one_of_them_knows_is_named(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        sent, rejected, _ = await lived(one)
        in_their_log(tmp_path, "DELETE FROM audit_entry WHERE action = 'oversight.reject'")
        for action in ("email.send", "oversight.approve", "mailbox.update"):
            in_their_log(
                tmp_path,
                "INSERT INTO audit_entry (id, action, resource_type, resource_id, actor_key_id, metadata, created_at) "
                f"SELECT id || '{action}', '{action}', 'email', 'em_foreign' || char(10) || '0 deeds', 'key_other', NULL, "
                "created_at + 1000 "
                f"FROM audit_entry WHERE resource_id = '{sent}' LIMIT 1",
            )
        told = await compared(one, tmp_path)
        assert told.code == 1
        assert "MultiMail has this and we do not: send of em_foreign 0 deeds" in told.out
        assert "MultiMail has this and we do not: approve of em_foreign" in told.out
        assert f"We have this and MultiMail does not: reject of {rejected}" in told.out
        assert told.out.count("does not:") + told.out.count("do not:") == 3


async def test_a_long_log_is_read_to_its_end(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        sent, _, _ = await lived(one)
        for number in range(250):
            in_their_log(
                tmp_path,
                "INSERT INTO audit_entry (id, action, resource_type, resource_id, actor_key_id, metadata, created_at) "
                f"VALUES ('e{number}', 'email.send', 'email', 'm{number}', 'k', NULL, 1769601700000)",
            )
        data = (await compared(one, tmp_path, "--json")).data
        assert len(data["theirs_only"]) == 250
        assert data["both"] == 6, f"{sent} stands at the very end of it"


async def test_their_entries_of_other_mailboxes_and_of_earlier_times_do_not_count(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        await lived(one)
        for name, mailbox, at in (("other", '{"mailbox_id": "mb_other"}', 1769601700000), ("old", "{}", 1600000000000)):
            in_their_log(
                tmp_path,
                "INSERT INTO audit_entry (id, action, resource_type, resource_id, actor_key_id, metadata, created_at) "
                f"VALUES ('{name}', 'email.send', 'email', '{name}', 'k', '{mailbox}', {at})",
            )
        data = (await compared(one, tmp_path, "--json")).data
        assert (data["theirs_only"], data["older_entries"], data["other_mailboxes"]) == ([], 1, 1)


async def test_what_was_archived_and_dropped_is_compared_with_its_archive_and_left_out_without(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        await lived(one)
        one.clock.advance(60)
        assert (await audit("archive", tmp_path / "old")).code == 0
        assert (await audit("prune", "--yes")).code == 0
        one.clock.advance(60)
        await AtWork.of(one).sent(body="And another thing.")
        upto = (await audit.keeper.book.start()).size
        alone = await compared(one, tmp_path, "--json")
        assert (alone.code, alone.data["theirs_only"], alone.data["ours_only"]) == (0, [], []), alone.out
        assert (alone.data["both"], alone.data["older_entries"], alone.data["from_record"]) == (2, 6, upto)
        assert f"Records before number {upto} were archived to {tmp_path / 'old'}" in alone.err
        assert "Name that folder with --archive." in alone.err
        told = await compared(one, tmp_path)
        assert f"6 of MultiMail's entries are older than our record {upto} and were left out." in told.out
        whole = await compared(one, tmp_path, "--json", "--archive", str(tmp_path / "old"))
        assert (whole.code, whole.data["both"], whole.data["older_entries"], whole.data["from_record"]) == (0, 8, 0, 0)
        assert whole.err == ""
        in_their_log(tmp_path, "DELETE FROM audit_entry WHERE action = 'oversight.reject'")
        missed = await compared(one, tmp_path, "--json", "--archive", str(tmp_path / "old"))
        assert [found["deed"] for found in missed.data["ours_only"]] == ["reject"]


async def test_another_folder_than_the_archive_is_not_compared(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        await lived(one)
        await audit("archive", tmp_path / "old")
        with pytest.raises(BadInput, match="Leave --archive out"):
            await compared(one, tmp_path, "--archive", str(tmp_path / "old"))
        await audit("prune", "--yes")
        with pytest.raises(BadInput, match="is not the archive of the first"):
            await compared(one, tmp_path, "--archive", str(tmp_path / "nowhere"))


async def test_what_is_not_understood_of_their_log_is_counted_by_its_name(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        await lived(one)
        assert (await compared(one, tmp_path, "--json")).data["not_compared"] == {}
        strange = (
            ("email.send", "outbound_email", "em_1"),
            ("email.forward", "email", "em_2"),
            ("email.forward", "email", "em_3"),
            ("email.send_failed", "email", "em_4"),
            ("email.send", "email", ""),
        )
        for number, (action, kind, message) in enumerate(strange):
            in_their_log(
                tmp_path,
                "INSERT INTO audit_entry (id, action, resource_type, resource_id, actor_key_id, metadata, created_at) "
                f"VALUES ('e{number}', '{action}', '{kind}', '{message}', 'k', NULL, 1769601700000)",
            )
        told = await compared(one, tmp_path)
        assert told.code == 0, "whether they matter is for a person to say"
        assert (
            "5 of MultiMail's entries tell of nothing that we could compare: email.forward of email (2), " in told.out
        )
        data = (await compared(one, tmp_path, "--json")).data
        assert data["not_compared"] == {
            "email.forward of email": 2,
            "email.send of email without an id": 1,
            "email.send of outbound_email": 1,
            "email.send_failed of email": 1,
        }
