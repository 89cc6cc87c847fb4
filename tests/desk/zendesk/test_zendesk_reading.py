"""Reading tickets, comments, audits and the own user."""

from datetime import UTC, datetime

import httpx
import pytest
from zendesk_answers import (
    BASE,
    CANARY,
    IP,
    STAMP,
    audit,
    client,
    comment,
    comment_event,
    not_found,
    says,
    ticket,
    user,
)

from deskgate.desk.errors import BadInput, Forbidden, TicketNotFound, UpstreamUnavailable
from deskgate.desk.wire import Rejected
from deskgate.desk.zendesk import Attachment, User

pytestmark = pytest.mark.anyio

MARA = 33144692244371


def comments_answer(*rows, more=False, after="YWZ0ZXI", **fields):
    links = {"next": f"{BASE}/api/v2/evil", "prev": "https://evil.example.net/prev"}
    meta = {"has_more": more, "after_cursor": after, "before_cursor": "YmVmb3Jl"}
    return says({"comments": list(rows), "users": [user()], "meta": meta, "links": links, **fields})


# One ticket


async def test_a_ticket_and_its_requester_are_read_in_one_request():
    zendesk, network = client(says({"ticket": ticket(), "users": [user(5), user()]}))
    found = await zendesk.ticket(5512)
    assert (found.id, found.subject, found.status, found.tags) == (5512, "Where is my order?", "open", ("order",))
    assert found.requester == User(MARA, "Mara Lindqvist", "mara@example.com", "end-user", True, True, False)
    assert found.channel == "email"
    assert str(network.requests[0].url) == f"{BASE}/api/v2/tickets/5512?include=users"


async def test_the_stamp_is_the_time_exactly_as_zendesk_wrote_it():
    for text in (STAMP, "2026-01-28T08:45:00+00:00", "someday"):
        zendesk, _ = client(says({"ticket": ticket(updated_at=text)}))
        assert (await zendesk.ticket(5512)).stamp == text


async def test_a_ticket_with_nothing_but_an_id_can_be_read():
    zendesk, _ = client(says({"ticket": {"id": 5512}}))
    found = await zendesk.ticket(5512)
    assert (found.subject, found.priority, found.tags, found.requester, found.stamp) == (
        "(no subject)",
        None,
        (),
        None,
        "",
    )
    assert found.status not in {"new", "open", "pending", "hold", "solved", "closed"}
    assert found.created_at == found.updated_at == datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("subject", [None, "", "  \n", 7])
async def test_a_ticket_without_a_subject_says_so(subject):
    zendesk, _ = client(says({"ticket": ticket(subject=subject)}))
    assert (await zendesk.ticket(5512)).subject == "(no subject)"


@pytest.mark.parametrize(
    "odd",
    [
        {"tags": None},
        {"tags": [None, 4, "order"]},
        {"via": None},
        {"via": []},
        {"requester_id": None},
        {"requester_id": "x"},
        {"assignee_id": {}},
        {"created_at": None},
        {"created_at": "2026-01-27T10:00:00"},
        {"updated_at": "0001-01-01T00:00:00+14:00"},
        {"updated_at": 10**400},
        {"updated_at": True},
        {"priority": 5},
        {"status": None},
        {"satisfaction_rating": "bad"},
        {"custom_fields": None},
    ],
    ids=str,
)
async def test_one_odd_field_does_not_hide_a_ticket(odd):
    zendesk, _ = client(says({"ticket": ticket(**odd), "users": [user()]}))
    found = await zendesk.ticket(5512)
    assert found.id == 5512
    assert found.created_at.tzinfo == found.updated_at.tzinfo == UTC


@pytest.mark.parametrize("people", [None, {}, [None, 3, {}, {"id": None}], "x"])
async def test_broken_side_loads_leave_the_requester_unknown(people):
    zendesk, _ = client(says({"ticket": ticket(), "users": people}))
    found = await zendesk.ticket(5512)
    assert (found.requester, found.requester_id) == (None, MARA)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"email": None}, ("Mara Lindqvist", None, True, True, False)),
        ({"email": "  "}, ("Mara Lindqvist", None, True, True, False)),
        ({"name": None}, ("", "mara@example.com", True, True, False)),
        ({"name": "mara@example.com", "suspended": True}, ("mara@example.com", "mara@example.com", True, True, True)),
        ({"active": False, "verified": False}, ("Mara Lindqvist", "mara@example.com", False, False, False)),
        ({"verified": None, "suspended": None}, ("Mara Lindqvist", "mara@example.com", False, True, False)),
    ],
)
async def test_requesters_of_every_kind_can_be_read(fields, expected):
    zendesk, _ = client(says({"ticket": ticket(), "users": [user(**fields)]}))
    found = (await zendesk.ticket(5512)).requester
    assert (found.name, found.email, found.verified, found.active, found.suspended) == expected


@pytest.mark.parametrize("number", [0, -1, 2**63, 10**30])
async def test_a_number_that_cannot_be_a_ticket_is_not_found_without_asking(number):
    zendesk, network = client()
    for ask in (zendesk.ticket, zendesk.comments, zendesk.audits):
        with pytest.raises(TicketNotFound):
            await ask(number)
    assert network.requests == []


@pytest.mark.parametrize("answer", [not_found(), httpx.Response(404), httpx.Response(410, json={})])
async def test_a_404_is_ticket_not_found_wherever_a_ticket_is_asked_for(answer):
    zendesk, _ = client(answer, answer, answer, answer)
    for ask in (zendesk.ticket(5512), zendesk.comments(5512), zendesk.audits(5512), zendesk.find_note(5512, "m")):
        with pytest.raises(TicketNotFound) as caught:
            await ask
        assert caught.value.facts == {"ticket_id": 5512}


@pytest.mark.parametrize(
    "answer",
    [
        says({"error": "InvalidEndpoint", "description": "Not found"}, 404),
        httpx.Response(404, text="\n<!DOCTYPE html><html>No help desk here</html>"),
    ],
)
async def test_a_wrong_address_is_not_taken_for_a_missing_ticket(answer):
    zendesk, _ = client(answer)
    with pytest.raises(UpstreamUnavailable, match="ZENDESK_SUBDOMAIN"):
        await zendesk.ticket(5512)


@pytest.mark.parametrize(
    "data", [{}, None, [], {"ticket": None}, {"ticket": []}, {"ticket": {}}, {"tickets": []}], ids=str
)
async def test_an_answer_without_a_ticket_is_no_answer(data):
    zendesk, _ = client(says(data))
    with pytest.raises(UpstreamUnavailable):
        await zendesk.ticket(5512)


# Many tickets


async def test_many_tickets_are_read_a_hundred_at_a_time_each_once():
    def answer(request: httpx.Request) -> httpx.Response:
        ids = [int(text) for text in request.url.params["ids"].split(",")]
        return says({"tickets": [ticket(number) for number in ids], "users": [user()], "count": len(ids)})

    zendesk, network = client(answer, answer, answer)
    wanted = [*range(1, 251), *range(1, 251), 0, -4, 2**70]
    found = await zendesk.tickets(wanted)
    assert sorted(found) == list(range(1, 251))
    assert [len(request.url.params["ids"].split(",")) for request in network.requests] == [100, 100, 50]
    assert all(one.requester and one.requester.email == "mara@example.com" for one in found.values())


async def test_a_ticket_that_zendesk_does_not_know_is_absent():
    zendesk, _ = client(says({"tickets": [ticket(1)], "users": [], "count": 1}))
    assert list(await zendesk.tickets([1, 2])) == [1]


async def test_no_tickets_need_no_request():
    zendesk, network = client()
    assert await zendesk.tickets([]) == {}
    assert network.requests == []


@pytest.mark.parametrize(
    "data", [{}, [], {"tickets": None}, {"tickets": {}}, {"tickets": ["x"]}, {"tickets": [{}]}], ids=str
)
async def test_an_unknown_envelope_is_never_an_empty_list(data):
    zendesk, _ = client(says(data))
    with pytest.raises(UpstreamUnavailable):
        await zendesk.tickets([1])


# Comments


async def test_comments_come_as_the_newest_page_oldest_first():
    rows = [comment(n, created_at=f"2026-01-27T10:00:0{n // 2}Z") for n in (5, 4, 3, 2)]
    zendesk, network = client(comments_answer(*rows, more=True))
    page = await zendesk.comments(5512, limit=4)
    assert [one.id for one in page.comments] == [2, 3, 4, 5]
    assert page.more
    assert dict(network.requests[0].url.params) == {"sort": "-created_at", "page[size]": "4", "include": "users"}
    assert page.comments[0].author == User(MARA, "Mara Lindqvist", "mara@example.com", "end-user", True, True, False)


async def test_older_comments_follow_from_the_cursor_and_no_link_is_followed():
    zendesk, network = client(
        comments_answer(comment(3), more=True, after="a/b+c=&x"), comments_answer(comment(2), more=False)
    )
    first = await zendesk.comments(5512, limit=1)
    second = await zendesk.comments(5512, limit=1, before=first.before)
    assert network.requests[1].url.params["page[after]"] == "a/b+c=&x"
    assert (second.before, second.more) == (None, False)
    assert {request.url.path for request in network.requests} == {"/api/v2/tickets/5512/comments"}


@pytest.mark.parametrize("limit", [-3, 0, 1, 100, 101, 10**9])
async def test_a_page_of_comments_has_one_to_a_hundred(limit):
    zendesk, network = client(comments_answer(comment()))
    await zendesk.comments(5512, limit=limit)
    assert 1 <= int(network.requests[0].url.params["page[size]"]) <= 100


async def cursor_of(ticket_id: int) -> str:
    zendesk, _ = client(comments_answer(comment(), more=True))
    page = await zendesk.comments(ticket_id, limit=1)
    return page.before


@pytest.mark.parametrize(
    "before",
    [
        "",
        "x",
        "....",
        "ümlaut",
        "W10",
        "bnVsbA",
        "WyJzZWFyY2giLDIsMjAsImFiIl0",
        "A" * 5000,
        "W" * 1999,
        "\ud800",
        "\x00",
    ],
)
async def test_a_forged_cursor_is_bad_input_and_asks_nothing(before):
    zendesk, network = client()
    with pytest.raises(BadInput):
        await zendesk.comments(5512, before=before)
    assert network.requests == []


async def test_a_cursor_of_another_ticket_is_bad_input():
    zendesk, network = client()
    with pytest.raises(BadInput, match="another ticket"):
        await zendesk.comments(5512, before=await cursor_of(5513))
    assert network.requests == []


async def test_a_cursor_that_zendesk_no_longer_takes_is_bad_input():
    zendesk, _ = client(says({"error": {"title": "Invalid attribute", "message": "cursor"}}, 400))
    with pytest.raises(BadInput, match="without it"):
        await zendesk.comments(5512, before=await cursor_of(5512))


async def test_a_page_that_zendesk_refuses_is_not_blamed_on_a_cursor_where_there_was_none():
    zendesk, _ = client(says({"error": {"title": "Invalid attribute", "message": "sort"}}, 400))
    with pytest.raises(Rejected):
        await zendesk.comments(5512)


async def test_more_without_a_cursor_is_said_and_leads_nowhere():
    zendesk, _ = client(comments_answer(comment(), more=True, after=None))
    page = await zendesk.comments(5512)
    assert (page.more, page.before) == (True, None)


async def test_a_comment_keeps_its_files_names_and_loses_their_addresses():
    zendesk, _ = client(comments_answer(comment()))
    found = (await zendesk.comments(5512)).comments[0]
    assert found.attachments == (Attachment("receipt.pdf", "application/pdf", 1234),)
    assert found.channel == "web"


async def test_no_address_place_or_token_of_a_customer_leaves_the_client():
    change = {"id": 3, "type": "Change", "field_name": "tags", "value": ["a"], "previous_value": []}
    push = {"id": 4, "type": "Notification", "value": CANARY, "body": CANARY, "recipients": [1]}
    zendesk, _ = client(
        comments_answer(comment()),
        says({"audits": [audit(comment_event(), change, push)], "next_page": None}),
        says(
            {
                "ticket": ticket(via={"channel": "email", "source": {"from": {"ip": IP}}}),
                "audit": audit(comment_event()),
            }
        ),
        says({"user": user(authenticity_token=CANARY, details=CANARY)}),
    )
    said = repr(
        [
            await zendesk.comments(5512),
            await zendesk.audits(5512),
            await zendesk.write_note(5512, "a note", marker="m-1", stamp=STAMP),
            await zendesk.me(),
        ]
    )
    assert "receipt.pdf" in said
    assert all(secret not in said for secret in (CANARY, IP, "Uppsala", "http"))


@pytest.mark.parametrize(
    ("public", "expected"), [(True, True), (False, False), (None, True), ("false", True), (0, True)]
)
async def test_only_what_is_plainly_private_counts_as_private(public, expected):
    zendesk, _ = client(comments_answer(comment(public=public)))
    assert (await zendesk.comments(5512)).comments[0].public is expected


async def test_a_comment_with_nothing_but_an_id_can_be_read():
    zendesk, _ = client(comments_answer({"id": 4}))
    found = (await zendesk.comments(5512)).comments[0]
    assert (found.body, found.author, found.author_id, found.attachments, found.channel) == ("", None, None, (), None)


async def test_new_public_comments_are_told_from_old_and_private_ones():
    rows = [
        comment(4, created_at="2026-01-28T08:46:00Z"),
        comment(3, created_at="2026-01-28T08:45:01Z", public=False),
        comment(2, created_at="2026-01-28T08:45:01Z"),
        comment(1, created_at=STAMP),
    ]
    zendesk, _ = client(comments_answer(*rows))
    moment = datetime(2026, 1, 28, 8, 45, tzinfo=UTC)
    assert [one.id for one in await zendesk.public_comments_since(5512, moment)] == [2, 4]


# Audits


async def test_audits_tell_who_changed_what():
    change = {"id": 3, "type": "Change", "field_name": "tags", "value": ["low-risk"], "previous_value": []}
    zendesk, network = client(says({"audits": [audit(change, comment_event(), marker=None)], "next_page": None}))
    found = (await zendesk.audits(5512))[0]
    assert (found.author_id, found.metadata, found.ticket_id) == (1, {}, 5512)
    first, second = found.events
    assert (first.type, first.field_name, first.value, first.previous_value) == ("Change", "tags", ["low-risk"], [])
    assert (second.type, second.comment_id, second.public, second.body) == ("Comment", 77001, False, "a note")
    assert network.requests[0].url.params["sort_order"] == "desc"


def audit_pages(count: int):
    """Newest first, a hundred a page, as the network asks for them."""

    def answer(request: httpx.Request) -> httpx.Response:
        page, size = int(request.url.params["page"]), int(request.url.params["per_page"])
        numbers = range(count, 0, -1)[(page - 1) * size : page * size]
        rows = [
            audit(comment_event(n + 7000), marker=f"m-{n}", id=n, created_at=f"2026-01-01T00:{n // 60:02}:{n % 60:02}Z")
            for n in numbers
        ]
        return says({"audits": rows, "next_page": "https://evil.example.net/" if page * size < count else None})

    return answer


@pytest.mark.parametrize(
    ("count", "limit", "expected", "requests"), [(250, 100, 100, 1), (250, 130, 130, 2), (7, 100, 7, 1)]
)
async def test_audits_are_read_newest_first_up_to_the_limit(count, limit, expected, requests):
    zendesk, network = client(*[audit_pages(count)] * 4)
    found = await zendesk.audits(5512, limit=limit)
    assert [one.id for one in found] == list(range(count, count - expected, -1))
    assert len(network.requests) == requests
    assert {request.url.host for request in network.requests} == {"desk.zendesk.example.com"}


async def test_a_note_is_found_by_its_marker_in_the_newest_three_hundred_audits():
    zendesk, network = client(*[audit_pages(500)] * 9)
    found = await zendesk.find_note(5512, "m-250")
    assert (found.comment_id, found.audit_id, found.ticket_id, found.public) == (7250, 250, 5512, False)
    assert len(network.requests) == 3
    assert await zendesk.find_note(5512, "m-9") is None
    assert len(network.requests) == 6


async def test_a_marker_that_nobody_wrote_is_not_found_and_a_prefix_is_no_match():
    zendesk, _ = client(*[audit_pages(20)] * 2)
    assert await zendesk.find_note(5512, "m") is None
    assert await zendesk.find_note(5512, "m-199") is None


async def test_an_archived_tickets_audits_come_unpaged_in_any_order():
    rows = [audit(comment_event(n), marker=f"m-{n}", id=n, created_at=f"2026-01-01T00:00:0{n}Z") for n in (1, 2, 3)]
    zendesk, _ = client(says({"audits": rows}), says({"audits": rows}))
    assert [one.id for one in await zendesk.audits(5512)] == [3, 2, 1]
    assert (await zendesk.find_note(5512, "m-1")).comment_id == 1


async def test_audits_in_the_wrong_order_cannot_prove_that_a_note_is_missing():
    rows = [audit(marker=None, id=n, created_at=f"2026-01-01T00:00:0{n}Z") for n in (1, 2)]
    zendesk, _ = client(says({"audits": rows, "next_page": "x"}))
    with pytest.raises(UpstreamUnavailable, match="newest first"):
        await zendesk.find_note(5512, "m-9")


@pytest.mark.parametrize("data", [{}, {"audits": None}, {"audits": [{}]}, []], ids=str)
async def test_an_answer_without_audits_never_means_that_no_note_is_there(data):
    zendesk, _ = client(says(data))
    with pytest.raises(UpstreamUnavailable):
        await zendesk.find_note(5512, "m-1")


# The own user


async def test_the_own_user_is_read():
    zendesk, network = client(says({"user": user(1, role="admin", authenticity_token=CANARY)}))
    assert (await zendesk.me()).role == "admin"
    assert network.requests[0].url.path == "/api/v2/users/me"


async def test_an_anonymous_answer_means_that_the_credential_was_not_taken():
    anonymous = {"id": None, "name": "Anonymous user", "email": "invalid@example.com", "authenticity_token": CANARY}
    zendesk, _ = client(says({"user": anonymous}))
    with pytest.raises(Forbidden) as caught:
        await zendesk.me()
    assert CANARY not in str(caught.value)


def test_a_client_shows_nothing_but_its_address():
    assert repr(client()[0]) == f"Zendesk('{BASE}')"
