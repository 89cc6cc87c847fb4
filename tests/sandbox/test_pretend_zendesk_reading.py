"""What the pretend Zendesk shows: tickets, users, comments, pages."""

import httpx
import pytest

from deskgate.sandbox import constants
from deskgate.sandbox.world import World

pytestmark = pytest.mark.anyio


async def test_a_ticket_and_its_requester_come_in_one_call(zendesk: httpx.AsyncClient) -> None:
    body = (await zendesk.get("tickets/101.json", params={"include": "users"})).json()
    people = {one["id"]: one for one in body["users"]}
    assert people[body["ticket"]["requester_id"]]["email"] == "maria.lindqvist@example.com"
    assert body["ticket"]["requester_id"] > 2**31


async def test_the_six_tickets_cover_what_breaks_clients(zendesk: httpx.AsyncClient) -> None:
    answer = await zendesk.get("tickets/show_many", params={"ids": "101,102,103,104,105,106,999", "include": "users"})
    tickets = {one["id"]: one for one in answer.json()["tickets"]}
    people = {one["id"]: one for one in answer.json()["users"]}
    assert sorted(tickets) == [101, 102, 103, 104, 105, 106]
    assert people[tickets[102]["requester_id"]]["email"] is None
    assert tickets[103]["status"] == "closed"
    assert people[tickets[103]["requester_id"]]["active"] is False
    assert tickets[106]["priority"] is None
    assert tickets[106]["satisfaction_rating"] == {"score": "unoffered"}
    assert tickets[101]["satisfaction_rating"] is None
    assert people[tickets[106]["requester_id"]]["name"] == "Odalys"


async def test_the_injected_ticket_carries_invisible_and_turned_characters(world: World) -> None:
    text = " ".join(one["body"] for one in world.comments(104))
    assert "\u202e" in text
    assert "\u200b" in text
    assert any(0xE0000 <= ord(letter) < 0xE0080 for letter in text)
    assert "decide_reply" in text


async def test_show_many_refuses_more_than_a_hundred_ids(zendesk: httpx.AsyncClient) -> None:
    answer = await zendesk.get("tickets/show_many", params={"ids": ",".join(str(one) for one in range(1, 102))})
    assert answer.status_code == 400
    assert answer.json() == {
        "error": "TooManyValues",
        "description": "Parameter  cannot specify more than 100 values",
        "max_count": 100,
    }


async def test_a_cursor_walks_the_long_thread_and_only_has_more_tells_its_end(zendesk: httpx.AsyncClient) -> None:
    first = (await zendesk.get("tickets/105/comments", params={"page[size]": 100})).json()
    assert first["meta"]["has_more"] is True
    after = {"page[size]": 100, "page[after]": first["meta"]["after_cursor"]}
    second = (await zendesk.get("tickets/105/comments", params=after)).json()
    assert len(first["comments"]) + len(second["comments"]) == 130
    assert second["meta"]["has_more"] is False
    assert second["links"]["next"] is not None
    assert len({one["id"] for one in first["comments"] + second["comments"]}) == 130


async def test_a_cursor_walks_backwards_too(zendesk: httpx.AsyncClient) -> None:
    newest = (await zendesk.get("tickets/105/comments", params={"page[size]": 3, "sort": "-created_at"})).json()
    params = {"page[size]": 3, "sort": "-created_at", "page[after]": newest["meta"]["after_cursor"]}
    older = (await zendesk.get("tickets/105/comments", params=params)).json()
    back = {"page[size]": 3, "sort": "-created_at", "page[before]": older["meta"]["before_cursor"]}
    assert (await zendesk.get("tickets/105/comments", params=back)).json()["comments"] == newest["comments"]
    assert newest["comments"][0]["created_at"] > older["comments"][0]["created_at"]


async def test_the_next_link_can_be_followed(zendesk: httpx.AsyncClient) -> None:
    first = (await zendesk.get("tickets/105/comments", params={"page[size]": 2, "include": "users"})).json()
    second = (await zendesk.get(first["links"]["next"])).json()
    assert second["comments"][0]["id"] > first["comments"][-1]["id"]
    assert second["users"]


async def test_offset_pages_stand_beside_cursors(zendesk: httpx.AsyncClient) -> None:
    params = {"per_page": 60, "page": 3, "sort_order": "desc"}
    body = (await zendesk.get("tickets/105/comments", params=params)).json()
    assert (len(body["comments"]), body["count"], body["next_page"]) == (10, 130, None)
    assert "page=2" in body["previous_page"]
    beyond = await zendesk.get("tickets/105/comments", params={"page": 101})
    assert beyond.status_code == 400


async def test_a_cursor_list_of_tickets_lacks_fields(zendesk: httpx.AsyncClient) -> None:
    by_cursor = (await zendesk.get("tickets", params={"page[size]": 2})).json()
    by_offset = (await zendesk.get("tickets", params={"per_page": 2})).json()
    assert "fields" not in by_cursor["tickets"][0]
    assert "fields" in by_offset["tickets"][0]


async def test_a_comment_tells_where_its_writer_sits(zendesk: httpx.AsyncClient) -> None:
    comment = (await zendesk.get("tickets/101/comments")).json()["comments"][0]
    assert comment["metadata"]["system"]["ip_address"] == "203.0.113.77"
    assert comment["metadata"]["system"]["location"]


async def test_an_attachment_lies_on_another_host_behind_a_token(zendesk: httpx.AsyncClient) -> None:
    comments = (await zendesk.get("tickets/101/comments")).json()["comments"]
    url = httpx.URL(comments[-1]["attachments"][0]["content_url"])
    assert url.host.endswith("example.net")
    assert "/token/" in url.path
    with pytest.raises(httpx.ConnectError):
        await zendesk.get(url)


async def test_the_callers_own_record_carries_a_secret(zendesk: httpx.AsyncClient) -> None:
    me = (await zendesk.get("users/me")).json()["user"]
    assert me["id"] == constants.API_USER_ID
    assert me["authenticity_token"].startswith("csrf_")


async def test_unknown_records_and_unknown_paths_are_different_404s(zendesk: httpx.AsyncClient) -> None:
    assert (await zendesk.get("tickets/999")).json() == {"error": "RecordNotFound", "description": "Not found"}
    assert (await zendesk.get("users/1")).json()["error"] == "RecordNotFound"
    assert (await zendesk.get("tickts/101")).json() == {"error": "InvalidEndpoint", "description": "Not found"}
    empty = await zendesk.get("guide/content_tags")
    assert (empty.status_code, empty.content) == (404, b"")


async def test_users_come_many_at_once(zendesk: httpx.AsyncClient) -> None:
    ids = f"{constants.HUMAN_AGENT_ID},5,{constants.API_USER_ID}"
    body = (await zendesk.get("users/show_many", params={"ids": ids})).json()
    assert [one["role"] for one in body["users"]] == ["admin", "agent"]


@pytest.mark.parametrize(
    ("generation", "there", "missing"),
    [
        ("plain", "x-rate-limit", "ratelimit-limit"),
        ("2023", "rate-limit-remaining", "ratelimit-limit"),
        ("2024", "ratelimit-reset", "rate-limit-reset"),
        ("all", "ratelimit-reset", "no-such-header"),
    ],
)
async def test_rate_headers_come_in_three_generations(
    world: World, zendesk: httpx.AsyncClient, generation: str, there: str, missing: str
) -> None:
    world.switch("rate_headers", generation)
    headers = (await zendesk.get("tickets/101")).headers
    assert headers["x-rate-limit"] == "700"
    assert there in headers
    assert missing not in headers


async def test_every_answer_names_its_request(zendesk: httpx.AsyncClient) -> None:
    answer = await zendesk.get("tickets/999")
    assert answer.headers["x-zendesk-api-version"] == "v2"
    assert answer.headers["x-request-id"]


@pytest.mark.parametrize("number", ["0", "99999999999999999999999", "²", "-1", "1.5", "x"])
async def test_a_number_that_no_ticket_has_is_told_politely(zendesk: httpx.AsyncClient, number: str) -> None:
    answers = [
        await zendesk.get(f"tickets/{number}"),
        await zendesk.get("tickets/show_many", params={"ids": number}),
        await zendesk.get("tickets", params={"per_page": number}),
        await zendesk.get("search", params={"query": "type:ticket", "page": number}),
        await zendesk.get("tickets/105/comments", params={"page[size]": number}),
        await zendesk.put("tickets/101", json={"ticket": {"requester_id": number}}),
        await zendesk.post("tickets", json={"ticket": {"comment": "c", "via_followup_source_id": number}}),
    ]
    assert [answer.status_code for answer in answers][2:5] == [400, 400, 400]
    assert all(answer.status_code in (200, 400, 404, 422) for answer in answers)
