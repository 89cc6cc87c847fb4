"""The client against the pretend Zendesk: the same promises, kept over a whole exchange."""

from datetime import timedelta
from itertools import pairwise

import pytest

from deskgate.desk.credentials import Credential
from deskgate.desk.errors import (
    BadInput,
    DeskError,
    Forbidden,
    OutcomeUnknown,
    RateLimited,
    TicketClosed,
    TicketNotFound,
    UpstreamUnavailable,
)
from deskgate.desk.wire import Conflict, Wire
from deskgate.desk.zendesk import (
    ClientCredentials,
    TicketSearch,
    Zendesk,
    api_token_credential,
    bearer_credential,
)
from deskgate.sandbox import constants
from deskgate.sandbox.transport import SandboxTransport
from deskgate.sandbox.world import World
from fakes import FakeClock

pytestmark = pytest.mark.anyio

BASE = constants.ORIGIN + "/zendesk"


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def world(tmp_path, clock):
    world = World.open(tmp_path, clock.now)
    yield world
    world.close()


def connected(world: World, clock: FakeClock, credential: Credential) -> Zendesk:
    return Zendesk(Wire("Zendesk", BASE, credential, clock, transport=SandboxTransport(world)), clock)


@pytest.fixture
def zendesk(world, clock):
    return connected(world, clock, api_token_credential(constants.API_USER_EMAIL, constants.ZENDESK_TOKEN))


def puts(world: World) -> int:
    return sum(call.method == "PUT" for call in world.calls("zendesk"))


def notes(world: World, text: str) -> int:
    return sum(one["body"] == text for one in world.comments(101))


# Ways in


async def test_every_way_in_leads_to_the_same_user(world, clock):
    ways = [
        api_token_credential(constants.API_USER_EMAIL, constants.ZENDESK_TOKEN),
        bearer_credential(constants.ZENDESK_BEARER),
        ClientCredentials(
            BASE,
            constants.ZENDESK_CLIENT_ID,
            constants.ZENDESK_CLIENT_SECRET,
            clock,
            transport=SandboxTransport(world),
        ),
    ]
    for way in ways:
        me = await connected(world, clock, way).me()
        assert (me.id, me.email) == (constants.API_USER_ID, constants.API_USER_EMAIL)


@pytest.mark.parametrize("way", [bearer_credential("wrong"), api_token_credential("x@example.com", "wrong")])
async def test_a_wrong_credential_is_forbidden(world, clock, way):
    with pytest.raises(Forbidden):
        await connected(world, clock, way).ticket(101)


async def test_an_expired_access_token_is_replaced_without_the_caller_noticing(world, clock):
    transport = SandboxTransport(world)
    login = ClientCredentials(
        BASE, constants.ZENDESK_CLIENT_ID, constants.ZENDESK_CLIENT_SECRET, clock, transport=transport
    )
    zendesk = connected(world, clock, login)
    await zendesk.ticket(101)
    clock.advance(1741)
    await zendesk.ticket(101)
    logins = [call for call in world.calls("zendesk") if call.path.endswith("/oauth/tokens")]
    assert len(logins) == 2
    assert all(call.status == 200 for call in world.calls("zendesk"))


async def test_a_token_that_dies_early_is_replaced_after_its_401(world, clock):
    world.switch("token_seconds", 120)
    transport = SandboxTransport(world)
    login = ClientCredentials(
        BASE, constants.ZENDESK_CLIENT_ID, constants.ZENDESK_CLIENT_SECRET, clock, transport=transport
    )
    zendesk = connected(world, clock, login)
    await zendesk.ticket(101)
    world.clock = lambda: clock.now() + timedelta(seconds=300)
    assert (await zendesk.ticket(101)).id == 101
    assert [call.status for call in world.calls("zendesk")] == [200, 200, 401, 200, 200]


# Reading


async def test_all_six_tickets_can_be_read_each_with_one_call(world, zendesk):
    for number in range(101, 107):
        assert (await zendesk.ticket(number)).requester is not None
    assert len(world.calls("zendesk")) == 6
    assert sorted(await zendesk.tickets(range(90, 120))) == list(range(101, 107))
    assert len(world.calls("zendesk")) == 7


async def test_a_ticket_that_is_not_there_is_not_found(zendesk):
    for ask in (zendesk.ticket, zendesk.comments, zendesk.audits):
        with pytest.raises(TicketNotFound):
            await ask(999)


async def test_a_very_long_thread_is_read_page_by_page_without_gap_or_overlap(world, zendesk):
    page = await zendesk.comments(105, limit=25)
    newest_first = [*reversed(page.comments)]
    while page.more:
        page = await zendesk.comments(105, limit=25, before=page.before)
        newest_first += reversed(page.comments)
    assert [one.id for one in newest_first] == [one["id"] for one in reversed(world.comments(105))]
    assert len(newest_first) >= 130
    assert all(older.created_at <= newer.created_at for newer, older in pairwise(newest_first))


async def test_nothing_of_the_customers_whereabouts_is_in_what_is_read(world, zendesk):
    said = ""
    for number in range(101, 107):
        said += repr(await zendesk.ticket(number)) + repr(await zendesk.comments(number, limit=100))
        said += repr(await zendesk.audits(number))
    said += repr(await zendesk.me())
    secrets = [one["metadata"]["system"].get("ip_address") for n in range(101, 107) for one in world.comments(n)]
    files = [file["content_url"] for n in range(101, 107) for one in world.comments(n) for file in one["attachments"]]
    assert files
    assert any(secrets)
    assert not [secret for secret in {*secrets, *files} if secret and secret in said]
    assert "authenticity_token" not in said


# Search


async def test_search_finds_by_parameters_and_pages(zendesk):
    first = await zendesk.search(TicketSearch(limit=4))
    second = await zendesk.search(TicketSearch(limit=4, cursor=first.cursor))
    assert sorted(one.id for one in first.tickets + second.tickets) == list(range(101, 107))
    assert (first.total, second.cursor) == (6, None)
    closed = await zendesk.search(TicketSearch(status="closed"))
    assert [one.status for one in closed.tickets] == ["closed"]
    assert closed.tickets[0].requester is not None


@pytest.mark.parametrize("text", ["type:user", "order type:user", "-tags:delivery", '" type:user "', "x OR type:user"])
async def test_no_text_makes_search_leave_the_tickets(world, zendesk, text):
    page = await zendesk.search(TicketSearch(query=text))
    assert {one.id for one in page.tickets} <= set(range(101, 107))
    assert all(one.status != "unknown" for one in page.tickets)


async def test_a_deep_page_is_never_refused(world, zendesk):
    page = await zendesk.search(TicketSearch(limit=1))
    while page.cursor:
        page = await zendesk.search(TicketSearch(limit=1, cursor=page.cursor))
    assert {call.status for call in world.calls("zendesk")} == {200}


# Writing


async def test_a_note_is_posted_once_privately_and_can_be_found(world, zendesk, clock):
    ticket = await zendesk.ticket(101)
    clock.advance(5)
    note = await zendesk.write_note(101, "seen by staff", marker="m-1", stamp=ticket.stamp)
    posted = world.comments(101)[-1]
    assert (posted["id"], posted["public"], posted["body"]) == (note.comment_id, False, "seen by staff")
    assert await zendesk.find_note(101, "m-1") == note
    assert await zendesk.find_note(101, "m-2") is None


async def test_the_same_stamp_lands_only_once(world, zendesk, clock):
    ticket = await zendesk.ticket(101)
    clock.advance(5)
    await zendesk.write_note(101, "once", marker="m-1", stamp=ticket.stamp)
    with pytest.raises(Conflict):
        await zendesk.write_note(101, "once", marker="m-1", stamp=ticket.stamp)
    assert notes(world, "once") == 1


async def test_a_human_answer_after_the_stamp_is_a_conflict_and_shows_as_a_new_public_comment(world, zendesk, clock):
    ticket = await zendesk.ticket(101)
    clock.advance(5)
    world.edit_ticket(101, comment={"body": "I took this one", "public": True})
    with pytest.raises(Conflict):
        await zendesk.write_note(101, "late", marker="m-1", stamp=ticket.stamp)
    new = await zendesk.public_comments_since(101, ticket.updated_at)
    assert [one.body for one in new] == ["I took this one"]


async def test_our_own_note_is_no_new_public_comment(zendesk, clock):
    ticket = await zendesk.ticket(101)
    clock.advance(5)
    await zendesk.write_note(101, "quiet", marker="m-1", stamp=ticket.stamp)
    assert await zendesk.public_comments_since(101, ticket.updated_at) == []


@pytest.mark.parametrize("key", ["status", "base"])
async def test_the_closed_ticket_takes_neither_note_nor_tag(world, zendesk, key):
    world.switch("closed_key", key)
    closed = (await zendesk.search(TicketSearch(status="closed"))).tickets[0]
    with pytest.raises(TicketClosed):
        await zendesk.write_note(closed.id, "x", marker="m-1", stamp=closed.stamp)
    with pytest.raises(TicketClosed):
        await zendesk.add_tags(closed.id, ["x"])


async def test_a_full_ticket_is_not_called_closed(world, zendesk, clock):
    world.switch("comment_limit", 1)
    ticket = await zendesk.ticket(101)
    with pytest.raises(BadInput):
        await zendesk.write_note(101, "x", marker="m-1", stamp=ticket.stamp)


async def test_a_tag_is_added_and_removed_and_the_audits_say_who_did(world, zendesk):
    before = set((await zendesk.ticket(101)).tags)
    assert set(await zendesk.add_tags(101, ["low-risk"])) == before | {"low-risk"}
    assert set(await zendesk.add_tags(101, ["low-risk"])) == before | {"low-risk"}
    change = next(event for event in (await zendesk.audits(101))[0].events if event.field_name == "tags")
    assert set(change.value) - set(change.previous_value) == {"low-risk"}
    assert (await zendesk.audits(101))[0].author_id == constants.API_USER_ID
    assert set(await zendesk.remove_tags(101, ["low-risk"])) == before


# Trouble


APPLIED = ["500_after", "503_after", "reset_after", "timeout_after", "truncated", "html_after"]
NOT_APPLIED_BUT_UNCLEAR = ["500", "503", "503:2", "503:html", "reset_before", "timeout_before", "html", "plain"]


@pytest.mark.parametrize("fault", APPLIED)
async def test_a_note_that_was_applied_in_spite_of_trouble_is_found_and_never_doubled(world, zendesk, clock, fault):
    ticket = await zendesk.ticket(101)
    clock.advance(5)
    world.faults.add(f"{fault}@zendesk PUT")
    with pytest.raises(OutcomeUnknown):
        await zendesk.write_note(101, "once", marker="m-1", stamp=ticket.stamp)
    assert puts(world) == 1
    note = await zendesk.find_note(101, "m-1")
    assert note is not None
    assert (notes(world, "once"), note.comment_id) == (1, world.comments(101)[-1]["id"])


@pytest.mark.parametrize("fault", NOT_APPLIED_BUT_UNCLEAR)
async def test_a_note_whose_fate_is_unclear_is_sent_once_and_not_found(world, zendesk, fault):
    ticket = await zendesk.ticket(101)
    world.faults.add(f"{fault}@zendesk PUT")
    with pytest.raises(OutcomeUnknown):
        await zendesk.write_note(101, "never", marker="m-1", stamp=ticket.stamp)
    assert puts(world) == 1
    assert await zendesk.find_note(101, "m-1") is None
    assert notes(world, "never") == 0


@pytest.mark.parametrize("fault", ["429", "429:3", "429:4,text", "refused"])
async def test_a_note_that_was_certainly_not_applied_is_sent_again(world, zendesk, fault):
    ticket = await zendesk.ticket(101)
    world.faults.add(f"{fault}@zendesk PUT")
    await zendesk.write_note(101, "once", marker="m-1", stamp=ticket.stamp)
    assert notes(world, "once") == 1


@pytest.mark.parametrize("fault", ["cloudflare_403", "409", "429:93", "429:date"])
async def test_a_note_that_was_refused_is_an_error_and_is_not_there(world, zendesk, fault):
    kinds = {"cloudflare_403": Forbidden, "409": Conflict, "429:93": RateLimited, "429:date": RateLimited}
    ticket = await zendesk.ticket(101)
    world.faults.add(f"{fault}@zendesk PUT")
    with pytest.raises(kinds[fault]):
        await zendesk.write_note(101, "never", marker="m-1", stamp=ticket.stamp)
    assert notes(world, "never") == 0


@pytest.mark.parametrize("fault", ["429:2", "503", "503:1,html", "reset_before", "refused", "timeout_before", "html"])
@pytest.mark.parametrize("ask", ["ticket", "tickets", "comments", "audits", "search", "find", "me", "add"])
async def test_passing_trouble_is_not_noticed_by_whoever_reads_or_tags(world, zendesk, fault, ask):
    asks = {
        "ticket": lambda: zendesk.ticket(101),
        "tickets": lambda: zendesk.tickets([101]),
        "comments": lambda: zendesk.comments(101),
        "audits": lambda: zendesk.audits(101),
        "search": lambda: zendesk.search(TicketSearch()),
        "find": lambda: zendesk.find_note(101, "m"),
        "me": zendesk.me,
        "add": lambda: zendesk.add_tags(101, ["x"]),
    }
    calm = await asks[ask]()
    world.faults.add(f"{fault}@zendesk")
    if ask in {"add", "audits"}:
        await asks[ask]()
    else:
        assert await asks[ask]() == calm
    assert world.faults.waiting() == []


@pytest.mark.parametrize(
    "fault", ["500", "503", "reset_before", "timeout_before", "html", "plain", "truncated", "refused"]
)
async def test_trouble_that_stays_is_an_error_and_never_an_empty_answer(world, zendesk, fault):
    world.faults.add(f"{fault}@zendesk xforever")
    for ask in (
        zendesk.tickets([101]),
        zendesk.comments(101),
        zendesk.search(TicketSearch()),
        zendesk.find_note(101, "m"),
    ):
        with pytest.raises(UpstreamUnavailable):
            await ask


@pytest.mark.parametrize("fault", [*APPLIED, *NOT_APPLIED_BUT_UNCLEAR])
async def test_a_tag_under_lasting_trouble_is_of_unknown_outcome(world, zendesk, fault):
    world.faults.add(f"{fault}@zendesk PUT xforever")
    with pytest.raises(OutcomeUnknown):
        await zendesk.add_tags(101, ["x"])


async def test_no_error_carries_a_credential(world, zendesk, caplog):
    caplog.set_level("DEBUG")
    for fault in ("429:93", "503", "html", "cloudflare_403", "reset_before"):
        world.faults.add(f"{fault}@zendesk xforever")
        with pytest.raises(DeskError) as caught:
            await zendesk.ticket(101)
        assert constants.ZENDESK_TOKEN not in f"{caught.value!r} {caught.value} {caught.value.facts} {caplog.text}"
        world.faults.clear()
