"""Who is kept though no reply ever went to them: strangers on a ticket, customers whom only a note is about."""

import json
from pathlib import Path

import pytest
from audit_office import AtWork, Operator, bench
from lived_desk import WORDS, bytes_of, lived

from bench import Person
from desk.inbox.desk_at_work import REQUESTER, TICKET
from web.approvals.approvals_bench import opened

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("database")]

SECRET = "my number is 0495-12345"
QUIET_TICKET = 106

INA = "ina@x.example"
# What arrived and names her, and what names people whose addresses only look alike.
HERS = (
    INA,
    "Ina <INA@X.example>",
    "Greetings\nina@x.example.",
    "write to ina@x.example. Thanks",
    "(ina@x.example), mailto:ina@x.example?subject=x",
    "_ina@x.example_ and --ina@x.example--",
    "連絡先ina@x.exampleです",
    "quoted-printable =20ina@x.example=3E, in an address of a page %20ina@x.example",
    json.dumps({"inner": "a text within a text\nina@x.example\n"}),
    "karina@x.example and ina@x.example",
)
OTHERS = (
    "karina@x.example",
    "bettina@x.example, k.ina@x.example, k-ina@x.example, 1+ina@x.example",
    "änina@x.example",
    "\nkarina@x.example",
    "?to=karina@x.example",
    "ina@x.example.com",
    "ina@x.example-shop.com, ina@x.examples",
)


async def arrived(desk: AtWork, *bodies: bytes) -> None:
    """Webhooks that nobody here understands, and that are kept all the same."""
    for body in bodies:
        await desk.worker.events.add("multimail", body.hex(), body)


def telling(*texts: str) -> list[bytes]:
    return [json.dumps({"event": "no such thing", "text": text}).encode() for text in texts]


async def kept_bodies(desk: AtWork) -> set[bytes]:
    rows = await desk.one.desk.core.store.rows("SELECT body FROM inbox_events WHERE source = 'multimail'")
    return {bytes(row["body"]) for row in rows} - {b""}


def spelt(address: str) -> tuple[str, ...]:
    """As it stands in a table, and as JSON writes it."""
    return address.casefold(), json.dumps(address.casefold())[1:-1], json.dumps(address)[1:-1].casefold()


@pytest.mark.parametrize(
    ("sender", "typed"),
    [
        ("anna.second@example.net", "Anna.Second@example.net"),
        ("Änne@example.com", "änne@example.com"),
        ("a\u0308nne@example.com", "ÄNNE@example.com"),
        ("ÖSTEN@bücher.example", "östen@xn--bcher-kva.example"),
    ],
)
async def test_a_stranger_on_somebody_elses_ticket_is_forgotten_and_the_customer_is_not(
    tmp_path: Path, sender: str, typed: str
) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        desk = await lived(one)
        one.world.receive_reply(TICKET, f"Write to me instead, {SECRET}", sender=sender)
        one.world.receive_mail(sender, "Hello", f"Nobody answers, {SECRET}")
        await desk.work()
        told = await audit("erase", "--requester", typed, "--yes")
        assert told.code == 0, told.err
        assert "2 mails from them" in told.out
        assert "1 change of a ticket" in told.out
        after = bytes_of(tmp_path, audit.settings.database).decode("utf-8", "replace").casefold()
        assert [needle for needle in (*spelt(sender), SECRET) if needle in after] == []
        assert WORDS.casefold() in after
        assert (await audit.verify(None)).code == 2
        assert (await audit("erase", "--requester", typed, "--yes")).code == 1, "nothing is kept any more"


async def test_what_arrived_from_a_stranger_and_could_not_be_read_is_forgotten_too(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        desk = AtWork.of(one)
        body = json.dumps({"event": "no such thing", "data": {"from": "Östen@BÜCHER.example", "text": SECRET}})
        await desk.worker.events.add("multimail", "e1", body.encode())
        await desk.work()
        told = await audit("erase", "--requester", "östen@xn--bcher-kva.example", "--yes")
        assert told.code == 0, told.err
        assert SECRET.encode() not in bytes_of(tmp_path, audit.settings.database)


async def test_a_note_about_a_customer_who_never_got_a_reply_is_forgotten_with_them(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        async with one.client() as caller:
            await caller.ok("note_zendesk_ticket", ticket_id=QUIET_TICKET, note=f"On the phone: {SECRET}")
        email = one.world.user(one.world.ticket(QUIET_TICKET)["requester_id"])["email"]
        folder = tmp_path / "answer"
        assert (await audit("subject-export", folder, "--requester", email)).code == 0
        assert SECRET in (folder / "notes.txt").read_text("utf-8")
        assert json.loads((folder / "data.json").read_text("utf-8"))["tickets"] == [QUIET_TICKET]
        told = await audit("erase", "--requester", email, "--yes")
        assert told.code == 0, told.err
        assert "1 note" in told.out
        assert SECRET.encode() not in bytes_of(tmp_path, audit.settings.database)
        assert (await audit.verify(None)).code == 2


async def test_an_access_request_holds_nothing_of_a_stranger_in_whatever_letters(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        desk = await lived(one)
        for sender in ("anna.second@example.net", "Änne@bücher.example"):
            one.world.receive_reply(TICKET, f"I am somebody else, {SECRET}", sender=sender)
        await desk.work()
        told = await audit("subject-export", tmp_path / "hers", "--requester", REQUESTER)
        assert told.code == 0, told.err
        hers = "".join(path.read_text("utf-8") for path in (tmp_path / "hers").rglob("*") if path.is_file()).casefold()
        assert WORDS.casefold() in hers
        assert [needle for needle in (SECRET, "anna.second", *spelt("änne")) if needle in hers] == []
        told = await audit("subject-export", tmp_path / "theirs", "--requester", "ÄNNE@bücher.example")
        assert told.code == 0, told.err
        data = json.loads((tmp_path / "theirs" / "data.json").read_text("utf-8"))
        assert [SECRET in row["words"] for row in data["arrivals"]] == [True]
        assert [SECRET in row["plan"]["text"] for row in data["ticket_changes"]] == [True]
        assert (data["tickets"], data["replies"], data["notes"]) == ([], [], [])


async def test_what_a_stranger_quotes_of_the_customers_mails_is_forgotten_with_the_customer(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        desk = await lived(one)
        one.world.receive_reply(TICKET, "I am her brother", sender="brother@example.net", quoted=True)
        await desk.work()
        told = await audit("erase", "--requester", REQUESTER, "--yes")
        assert told.code == 0, told.err
        after = bytes_of(tmp_path, audit.settings.database)
        assert [needle for needle in (WORDS, REQUESTER) if needle.encode() in after] == []


async def test_nothing_of_a_ticket_is_erased_while_a_hold_stands_on_a_stranger_who_wrote_on_it(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        desk = await lived(one)
        one.world.receive_reply(TICKET, f"I am her brother, {SECRET}", sender="brother@example.net")
        await desk.work()
        await audit("hold", "set", "Brother@example.net", "--reason", "case 12")
        told = await audit("erase", "--requester", REQUESTER, "--yes")
        assert told.code == 1
        assert "hold" in told.err
        after = bytes_of(tmp_path, audit.settings.database)
        assert [needle for needle in (WORDS, SECRET) if needle.encode() not in after] == []
        await audit("hold", "release", "brother@example.net")
        assert (await audit("erase", "--requester", REQUESTER, "--yes")).code == 0


@pytest.mark.parametrize("typed", ["", " ", "e", "maria.lindqvist", "@example.com", "maria.lindqvist@"])
async def test_part_of_an_address_is_nobody_to_forget_or_to_answer(tmp_path: Path, typed: str) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        await lived(one)
        await audit("erase", "--requester", REQUESTER, "--yes")
        before = await one.desk.core.store.rows("SELECT * FROM inbox_events ORDER BY number")
        for words in (("erase", "--yes"), ("subject-export", str(tmp_path / "answer"))):
            told = await audit(*words, "--requester", typed)
            assert told.code == 1
            assert "whole address" in told.err
        assert await one.desk.core.store.rows("SELECT * FROM inbox_events ORDER BY number") == before


async def test_of_two_customers_of_one_ticket_each_is_forgotten_alone(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        desk = await lived(one)
        second = one.world.ticket(QUIET_TICKET)["requester_id"]
        one.world.edit_ticket(TICKET, requester_id=second)
        await desk.sent(body="Good day, you are the customer now.")
        one.world.receive_reply(TICKET, f"So I am, and {SECRET}")
        await desk.work()
        told = await audit("erase", "--requester", REQUESTER, "--yes")
        assert told.code == 0, told.err
        after = bytes_of(tmp_path, audit.settings.database)
        assert [needle for needle in (WORDS, REQUESTER) if needle.encode() in after] == []
        kept = await audit("subject-export", tmp_path / "second", "--requester", one.world.user(second)["email"])
        assert "1 reply, 1 mail from them or on their ticket, 2 notes" in kept.out
        told = await audit("erase", "--requester", one.world.user(second)["email"], "--yes")
        assert told.code == 0, told.err
        after = bytes_of(tmp_path, audit.settings.database)
        assert [needle for needle in ("you are the customer now", SECRET) if needle.encode() in after] == []


async def test_nothing_that_the_reviewers_page_told_of_an_approval_outlives_the_customer(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        reply = await desk.draft()
        ines = await desk.reviewer()
        assert "Approved." in (await ines.look_and_approve(reply.id)).text
        audit = Operator(desk.bench, tmp_path)
        await AtWork.of(desk.bench).work()
        told = await audit("erase", "--requester", REQUESTER, "--yes")
        assert told.code == 0, told.err
        assert REQUESTER.encode() not in bytes_of(tmp_path, audit.settings.database)


async def test_whoever_was_the_requester_only_while_anothers_reply_was_shown_is_forgotten_too(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        audit = Operator(one, tmp_path)
        held = await AtWork.of(one).held(body=WORDS)
        first = one.world.ticket(TICKET)["requester_id"]
        one.world.edit_ticket(TICKET, requester_id=one.world.ticket(QUIET_TICKET)["requester_id"])
        email = one.world.user(one.world.ticket(TICKET)["requester_id"])["email"]
        async with one.client("auto", Person()) as caller:
            await caller.ok("list_zendesk_pending")
            assert email in str(await one.desk.core.store.rows("SELECT seen FROM views"))
            one.world.edit_ticket(TICKET, requester_id=first)
            await caller.ok("cancel_reply", message_id=held["message_id"])
        await audit("subject-export", tmp_path / "answer", "--requester", email)
        data = json.loads((tmp_path / "answer" / "data.json").read_text("utf-8"))
        assert [each["email"] for each in data["tickets_shown"]] == [email]
        told = await audit("erase", "--requester", email.upper(), "--yes")
        assert told.code == 0, told.err
        assert "1 showing of their ticket" in told.out
        after = bytes_of(tmp_path, audit.settings.database)
        assert email.encode() not in after
        assert WORDS.encode() in after
        assert REQUESTER.encode() in after


async def test_what_arrived_about_people_whose_addresses_only_look_alike_stays(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        desk, audit = AtWork.of(one), Operator(one, tmp_path)
        unread = (b"no JSON, with a line\\nina@x.example", b'{"to": "ina@x.example", "to": "", "event": "hidden"}')
        await arrived(desk, *telling(*HERS, *OTHERS), *unread)
        await desk.work()
        told = await audit("erase", "--requester", INA, "--yes")
        assert told.code == 0, told.err
        assert await kept_bodies(desk) == set(telling(*OTHERS))


async def test_nobody_waits_for_what_is_still_to_do_about_a_longer_address(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        desk, audit = AtWork.of(one), Operator(one, tmp_path)
        await arrived(desk, *telling(INA))
        await desk.work()
        await arrived(desk, *telling("bettina@x.example"))
        told = await audit("erase", "--requester", INA, "--yes")
        assert told.code == 0, told.err


async def test_what_arrived_about_somebody_under_legal_hold_is_erased_with_nobody(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        desk, audit = AtWork.of(one), Operator(one, tmp_path)
        both = telling("From karina@x.example: ask ina@x.example")
        await arrived(desk, *both, *telling("From ina@x.example"))
        await desk.work()
        await audit("hold", "set", "Karina@x.example", "--reason", "case 12")
        told = await audit("erase", "--requester", INA, "--yes")
        assert told.code == 1
        assert "hold" in told.err
        assert len(await kept_bodies(desk)) == 2
        await audit("hold", "release", "karina@x.example")
        assert (await audit("erase", "--requester", INA, "--yes")).code == 0
        assert await kept_bodies(desk) == set()


async def test_a_legal_hold_stands_in_nobodys_way_whose_address_only_ends_alike(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        desk, audit = AtWork.of(one), Operator(one, tmp_path)
        await arrived(desk, *telling("From karina@x.example", "From ina@x.example"))
        await desk.work()
        await audit("hold", "set", "karina@x.example", "--reason", "case 12")
        assert (await audit("erase", "--requester", INA, "--yes")).code == 0
        assert await kept_bodies(desk) == set(telling("From karina@x.example"))
