"""`deskgate audit erase`, `hold`, `subject-export`: what is kept about a person, and how it is forgotten."""

import json
from pathlib import Path

import pytest
from at_terminal import typed
from audit_office import AtWork, Operator, bench
from lived_desk import ANSWER, NEEDLES, WORDS, bytes_of, deleted_before, lived

from desk.inbox.desk_at_work import REQUESTER, TICKET
from deskgate.commands.events import act as events
from deskgate.desk.store import hashed

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("database")]


async def test_a_person_is_forgotten_and_the_log_still_verifies(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        await lived(one)
        await audit("export", tmp_path / "before")
        await deleted_before(one, f"{WORDS}, in a row that was deleted long ago")
        before = bytes_of(tmp_path, audit.settings.database).decode("utf-8", "replace")
        assert all(needle in before for needle in NEEDLES)
        told = await audit("erase", "--requester", REQUESTER.upper(), "--yes")
        assert told.code == 0, told.err
        after = bytes_of(tmp_path, audit.settings.database).decode("utf-8", "replace")
        assert [needle for needle in NEEDLES if needle.casefold() in after.casefold()] == []
        checked = await audit.verify(None, "--anchor", tmp_path / "before" / "checkpoint")
        assert checked.code == 2, checked.out
        assert "were erased, as the log says" in checked.out
        await audit("export", tmp_path / "after", "--with-personal")
        checked = await audit.verify(tmp_path / "after", "--anchor", audit.outside(tmp_path / "after"))
        assert checked.code == 0, checked.out
        record = json.loads((tmp_path / "after" / "audit.jsonl").read_bytes().splitlines()[-2])
        assert record["ev"] == "erase"
        assert record["res"]["rows"]["replies"] == 1
        assert REQUESTER not in (tmp_path / "after" / "audit.jsonl").read_text("utf-8")
        assert "Zendesk" in told.err
        assert "MultiMail" in told.err


async def test_an_event_whose_body_was_erased_says_so(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        await lived(one)
        store = one.desk.core.store
        (row,) = await store.rows("SELECT MAX(number) AS number FROM inbox_events")
        await Operator(one, tmp_path)("erase", "--requester", REQUESTER, "--yes")
        shown = await typed(
            lambda terminal, words: events(store, terminal, words), "events", "show", str(row["number"]), "--body"
        )
        assert "it was erased with a person" in shown.out


@pytest.mark.parametrize("typed", ["Ina@bücher.example", "ina@xn--bcher-kva.example"])
async def test_a_person_is_found_and_forgotten_by_every_spelling_of_their_address(tmp_path: Path, typed: str) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        one.world.edit_user(one.world.ticket(TICKET)["requester_id"], email="ina@bücher.example")
        await lived(one)
        one.world.receive_reply(TICKET, "Once more", sender="INA@BÜCHER.example")
        await AtWork.of(one).work()
        told = await audit("erase", "--requester", typed, "--yes")
        assert told.code == 0, told.err
        after = bytes_of(tmp_path, audit.settings.database).decode("utf-8", "replace").casefold()
        spellings = ("ina@xn--", "ina@bücher", json.dumps("ina@bücher")[1:-1], WORDS, ANSWER, "Once more")
        assert [needle for needle in spellings if needle.casefold() in after] == []


async def test_the_receipt_shows_whom_the_record_is_about_and_nothing_else_does(tmp_path: Path) -> None:
    from deskgate.desk.audit.commitments import commitment

    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        await lived(one)
        data = (await audit("erase", "--requester", REQUESTER, "--yes", "--json")).data
        (row,) = await one.desk.core.store.rows("SELECT line FROM audit_records WHERE ev = 'erase'")
        said = json.loads(bytes(row["line"]))
        assert said["seq"] == data["seq"]
        assert said["dec"]["requester"] == commitment(bytes.fromhex(data["receipt"]), REQUESTER)


async def test_the_desk_goes_on_with_an_erased_ticket(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        desk = await lived(one)
        notes = len(desk.notes())
        await audit("erase", "--requester", REQUESTER, "--yes")
        await desk.work()
        assert len(desk.notes()) == notes, "nothing erased is written to the ticket afterwards"
        async with one.client() as caller:
            tracked = await caller.ok("track_reply", ticket_id=TICKET)
            assert tracked["replies"][0]["state"] in ("sent", "delivered")
            await caller.ok("check_inbox", ticket_id=TICKET)
            assert await caller.ok("draft_gated_reply", ticket_id=TICKET, body="A new beginning.")
        assert "were erased" in (await audit("show", str(TICKET))).out


async def test_what_went_out_just_now_and_was_erased_is_not_put_on_the_ticket_any_more(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        desk = AtWork.of(one)
        await desk.sent(body=WORDS)
        assert (await audit("erase", "--requester", REQUESTER, "--yes")).code == 0
        await desk.worker.owe()
        await desk.work()
        assert desk.notes() == []


async def test_nothing_is_erased_while_a_reply_waits(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        held = await AtWork.of(one).held(body=WORDS)
        told = await audit("erase", "--requester", REQUESTER, "--yes")
        assert told.code == 1
        assert held["message_id"] in told.err
        async with one.client() as caller:
            await caller.ok("cancel_reply", message_id=held["message_id"])
        assert (await audit("erase", "--requester", REQUESTER, "--yes")).code == 0


async def test_nothing_is_erased_while_a_hold_stands(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        await lived(one)
        assert (await audit("hold", "set", REQUESTER, "--reason", "case 12")).code == 0
        assert "already" in (await audit("hold", "set", REQUESTER, "--reason", "again")).out
        (row,) = (await audit("hold", "list", "--json")).data
        assert (row["person"], row["reason"], row["set_by"]) == (REQUESTER, "case 12", "ines")
        told = await audit("erase", "--requester", REQUESTER, "--yes")
        assert told.code == 1
        assert "hold" in told.err
        assert WORDS in (await audit("show", str(TICKET))).out
        assert (await audit("hold", "release", REQUESTER, "--reason", "closed")).code == 0
        assert (await audit("hold", "release", REQUESTER)).code == 1
        assert "No hold stands." in (await audit("hold", "list")).out
        assert (await audit("erase", "--requester", REQUESTER, "--yes")).code == 0
        assert await one.desk.core.store.rows("SELECT * FROM audit_holds") == []


@pytest.mark.parametrize(
    "typed",
    [
        f"Maria Lindqvist <{REQUESTER}>",
        f"<{REQUESTER}>",
        f"mailto:{REQUESTER}",
        f"{REQUESTER}.",
        f"{REQUESTER},",
        f"'{REQUESTER}'",
        f"{REQUESTER};other@example.com",
        "foo",
        "",
    ],
)
@pytest.mark.parametrize("words", [("hold", "set", "{}", "--reason", "x"), ("erase", "--yes", "--requester", "{}")])
async def test_an_address_with_something_beside_it_is_refused_and_not_taken_for_somebody(
    tmp_path: Path, words: tuple[str, ...], typed: str
) -> None:
    async with bench(tmp_path) as one:
        audit, store = Operator(one, tmp_path), one.desk.core.store
        await lived(one)
        await store.write(("UPDATE inbox_events SET body = :body", {"body": f'"From: {typed} (she)"'.encode()}))
        size = (await audit.keeper.book.standing()).head.size
        told = await audit(*(word.format(typed) for word in words))
        assert told.code == 1
        assert told.out == ""
        assert "as name@example.com" in told.err
        assert await store.rows("SELECT * FROM audit_holds") == []
        assert (await audit.keeper.book.standing()).head.size == size, "nothing was recorded"


async def test_a_hold_on_an_address_that_nothing_is_kept_about_stands_and_says_so(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        await lived(one)
        known = await audit("hold", "set", REQUESTER, "--reason", "case 12")
        assert known.err == ""
        unknown = await audit("hold", "set", "maria.lindqist@example.com", "--reason", "case 12")
        assert unknown.code == 0
        assert "Nothing is kept here about this address so far. Look at the spelling" in unknown.err
        with pytest.raises(SystemExit):
            await audit("hold", "set", "ina@example.com", "--reason", "  ")


async def test_somebody_who_is_known_by_an_odd_address_is_held_and_forgotten_by_it(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        desk = await lived(one)
        one.world.receive_reply(TICKET, "Who am I?", sender='"Odd, one"@example.net')
        await desk.work()
        odd = '"odd, one"@example.net'
        assert (await audit("hold", "set", odd, "--reason", "case 12")).err == ""
        assert (await audit("hold", "release", odd)).code == 0
        assert (await audit("erase", "--requester", odd, "--yes")).code == 0


async def test_without_a_yes_nothing_is_erased(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        await lived(one)
        told = await audit("erase", "--requester", REQUESTER)
        assert told.code == 1
        assert "1 reply" in told.out
        assert "Nothing was erased" in told.err
        assert (await audit("erase", "--requester", "nobody@example.com", "--yes")).code == 1


async def test_an_erased_person_who_wants_no_mail_still_gets_none(tmp_path: Path) -> None:
    from deskgate.desk.suppression import add

    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        await lived(one)
        store = one.desk.core.store
        wish = add(
            store, REQUESTER, reason="asked", source="operator:ines", ticket_id=None, since="2026-01-28T12:00:00Z"
        )
        await store.write(wish.step, said=wish.said)
        assert (await audit("erase", "--requester", REQUESTER, "--yes")).code == 0
        after = bytes_of(tmp_path, audit.settings.database).decode("utf-8", "replace")
        assert REQUESTER not in after
        async with one.client() as caller:
            assert await caller.fails("draft_gated_reply", ticket_id=TICKET, body="Hello") == "suppressed"


@pytest.mark.parametrize("event", ["message.complained", "message.unsubscribed"])
async def test_a_wish_for_no_mail_that_comes_after_an_erasure_is_heeded_and_names_nobody(
    tmp_path: Path, event: str
) -> None:
    async with bench(tmp_path) as one:
        audit, desk, store = Operator(one, tmp_path), AtWork.of(one), one.desk.core.store
        sent = await desk.sent(body=WORDS)
        await desk.work()
        assert (await audit("erase", "--requester", REQUESTER, "--yes")).code == 0
        again = await desk.held(body="A new beginning.")
        told = json.dumps({"event": event, "data": {"email_id": sent["message_id"]}}).encode()
        await desk.worker.events.add("multimail", "wish", told)
        await desk.work()
        (off,) = await store.rows("SELECT address FROM suppressions")
        assert off["address"] == hashed(REQUESTER)
        (note,) = [each for each in desk.notes() if "sends nothing to this address any more" in each]
        assert note.startswith("The customer, whose data was erased here since, ")
        assert "(erased)" not in note
        async with one.client() as caller:
            (tracked,) = (await caller.ok("track_reply", message_id=again["message_id"]))["replies"]
            assert tracked["state"] == "cancelled"
            assert await caller.fails("draft_gated_reply", ticket_id=TICKET, body="One more thing") == "suppressed"
            assert await caller.ok("draft_gated_reply", ticket_id=104, body="Somebody else is still written to.")
        assert (await audit.verify(None)).code == 2, "it still verifies, without an anchor outside"


async def test_of_a_mail_that_never_went_out_no_trace_of_an_address_stays_to_compare_with(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        audit, desk, store = Operator(one, tmp_path), AtWork.of(one), one.desk.core.store
        held = await desk.held(body=WORDS)
        async with one.client() as caller:
            await caller.ok("cancel_reply", message_id=held["message_id"])
        assert (await audit("erase", "--requester", REQUESTER, "--yes")).code == 0
        assert hashed(REQUESTER) not in str(await store.rows("SELECT * FROM replies"))
        told = json.dumps({"event": "message.complained", "data": {"email_id": held["message_id"]}}).encode()
        await desk.worker.events.add("multimail", "wish", told)
        await desk.work()
        assert await store.rows("SELECT * FROM suppressions") == []
        assert set(await desk.states()) == {"done"}


async def test_an_access_request_is_answered_in_one_folder(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        await lived(one)
        folder = tmp_path / "answer"
        told = await audit("subject-export", folder, "--requester", REQUESTER)
        assert told.code == 0, told.err
        data = json.loads((folder / "data.json").read_text("utf-8"))
        assert data["tickets"] == [TICKET]
        assert WORDS in data["replies"][0]["body"]
        assert any(ANSWER in row["words"] for row in data["arrivals"])
        assert any(ANSWER in row["text"] for row in data["notes"])
        assert "drafted_by" not in data["replies"][0]
        assert WORDS in (folder / "mails" / "to-0001.txt").read_text("utf-8")
        assert ANSWER in (folder / "mails" / "from-0001.txt").read_text("utf-8")
        assert REQUESTER in (folder / "README.txt").read_text("utf-8")
        assert folder.stat().st_mode & 0o077 == 0
        assert (folder / "data.json").stat().st_mode & 0o077 == 0
        (row,) = await one.desk.core.store.rows("SELECT line FROM audit_records WHERE ev = 'export.subject'")
        assert REQUESTER.encode() not in bytes(row["line"])
        assert (await audit("subject-export", folder, "--requester", REQUESTER)).code == 1
        nobody = await audit("subject-export", tmp_path / "other", "--requester", "nobody@example.com")
        assert nobody.code == 1
        assert not (tmp_path / "other").exists()


async def test_an_access_request_names_none_of_our_people_and_holds_no_mail_of_others(tmp_path: Path) -> None:
    async with bench(tmp_path, DESKGATE_PRINCIPAL="ines.real.name") as one:
        audit = Operator(one, tmp_path)
        desk = await lived(one)
        one.world.receive_reply(TICKET, "Who am I, and what is this?", sender="stranger@example.net")
        await desk.work()
        async with one.client() as caller:
            await caller.ok("note_zendesk_ticket", ticket_id=TICKET, note="ines.real.name called her.")
        assert "ines.real.name" in "".join(desk.notes())
        told = await audit("subject-export", tmp_path / "answer", "--requester", REQUESTER)
        assert told.code == 0, told.err
        files = {path.name: path.read_text("utf-8") for path in (tmp_path / "answer").rglob("*") if path.is_file()}
        assert [name for name, text in files.items() if "ines.real.name" in text] == []
        assert [name for name, text in files.items() if "Who am I" in text] == []
        assert "(name left out) called her." in files["notes.txt"]
        assert "approved by (name left out) at" in files["data.json"]
        assert "approved by (name left out) at" in files["records.jsonl"]


@pytest.mark.parametrize("dropped", [False, True])
async def test_an_access_request_does_not_say_why_a_legal_hold_was_set_or_released(
    tmp_path: Path, *, dropped: bool
) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        await lived(one)
        await audit("hold", "set", REQUESTER, "--reason", "case 12")
        await audit("hold", "release", REQUESTER, "--reason", "verdict 13")
        await audit("hold", "set", REQUESTER, "--reason", "case 14")
        if dropped:
            assert (await audit("archive", tmp_path / "old")).code == 0
            assert (await audit("prune", "--yes")).code == 0
        told = await audit("subject-export", tmp_path / "answer", "--requester", REQUESTER)
        assert told.code == 0, told.err
        files = {path.name: path.read_text("utf-8") for path in (tmp_path / "answer").rglob("*") if path.is_file()}
        why = ("case 12", "verdict 13", "case 14", "ines")
        assert [needle for needle in why for text in files.values() if needle in text] == []
        assert dropped or "hold.set" in files["records.jsonl"]
        assert "approved by (name left out)" in files["records.jsonl"], "other reasons and notes stay"


async def test_an_access_request_counts_what_its_folder_holds(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        desk = await lived(one)
        one.world.receive_reply(TICKET, "Who am I, and what is this?", sender="stranger@example.net")
        await desk.work()
        folder = tmp_path / "answer"
        told = await audit("subject-export", folder, "--requester", REQUESTER)
        readme, notes = (folder / "README.txt").read_text("utf-8"), (folder / "notes.txt").read_text("utf-8")
        counted = {name: len(list((folder / "mails").glob(f"{name}-*"))) for name in ("to", "from")}
        assert counted == {"to": 1, "from": 1}
        assert f"{counted['to']} mails written to you, {counted['from']} mails received from you" in readme
        assert "1 reply, 1 mail from them or on their ticket" in told.out
        theirs = [note for note in desk.notes() if "Who am I" not in note]
        assert len(theirs) == 3, "what went out, what came back, and what an agent wrote"
        assert notes.count(f", ticket {TICKET}\n") == 3
        assert "3 internal notes" in readme
        (row,) = await one.desk.core.store.rows("SELECT line FROM audit_records WHERE ev = 'export.subject'")
        assert json.loads(bytes(row["line"]))["res"]["rows"]["arrivals"] == 1


async def test_an_access_request_tells_a_wish_for_no_mail_that_was_taken_back_from_one_that_stands(
    tmp_path: Path,
) -> None:
    from deskgate.desk.suppression import add, lift

    async with bench(tmp_path) as one:
        audit, store = Operator(one, tmp_path), one.desk.core.store
        await lived(one)
        wish = add(
            store, REQUESTER, reason="asked", source="operator:ines", ticket_id=None, since="2026-01-28T12:00:00Z"
        )
        await store.write(wish.step, said=wish.said)
        await audit("subject-export", tmp_path / "before", "--requester", REQUESTER)
        before = (tmp_path / "before" / "README.txt").read_text("utf-8")
        assert "No more mail to you: since 2026-01-28T12:00:00Z (asked)" in before
        back = lift(store, REQUESTER, now="2026-01-29T12:00:00Z")
        await store.write(back.step, said=back.said)
        await audit("subject-export", tmp_path / "after", "--requester", REQUESTER)
        after = (tmp_path / "after" / "README.txt").read_text("utf-8")
        told = "No more mail to you: no longer; it was so from 2026-01-28T12:00:00Z to 2026-01-29T12:00:00Z (asked)"
        assert told in after
        assert "operator:ines" not in (tmp_path / "after" / "data.json").read_text("utf-8")


async def test_the_data_file_can_be_written_anew_later(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        await deleted_before(one, WORDS)
        told = await audit("scrub")
        if one.desk.core.store.dialect == "postgres":
            assert told.code == 1
            assert "VACUUM FULL" in told.err
            return
        assert told.code == 0
        assert WORDS.encode() not in bytes_of(tmp_path, audit.settings.database)
