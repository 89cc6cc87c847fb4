"""How the pretend Zendesk searches."""

import httpx
import pytest

from deskgate.sandbox.world import World
from fakes import FakeClock

pytestmark = pytest.mark.anyio


async def found(zendesk: httpx.AsyncClient, query: str, **params: object) -> list[int]:
    body = (await zendesk.get("search", params={"query": query, **params})).json()
    return sorted(one["id"] for one in body["results"])


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("type:ticket status:open", [101, 104]),
        ("type:ticket status<open", [102, 106]),
        ("type:ticket status>=solved", [103]),
        ("type:ticket status:new status:closed", [102, 103, 106]),
        ("type:ticket priority:high tags:refund", [104]),
        ("type:ticket priority>normal", [104, 105]),
        ("type:ticket priority:none", [102, 106]),
        ("type:ticket -tags:refund status:open", [101]),
        ("type:ticket kettle birthday", [101]),
        ('type:ticket "seventieth birthday"', [101]),
        ('type:ticket "birthday seventieth"', []),
        ('type:ticket subject:"nightly export"', [105]),
        ("type:ticket requester:odalys@example.com", [106]),
        ("type:ticket created<2026-01-01", [103, 105]),
    ],
)
async def test_a_query_is_typed_words(zendesk: httpx.AsyncClient, query: str, ids: list[int]) -> None:
    assert await found(zendesk, query) == ids


async def test_a_query_without_a_type_finds_people_too(zendesk: httpx.AsyncClient) -> None:
    body = (await zendesk.get("search", params={"query": "odalys"})).json()
    assert {one["result_type"] for one in body["results"]} == {"ticket", "user"}


async def test_requesters_come_along_when_asked(zendesk: httpx.AsyncClient) -> None:
    params = {"query": "type:ticket status:open", "include": "tickets(users)"}
    body = (await zendesk.get("search", params=params)).json()
    assert {one["requester_id"] for one in body["results"]} <= {one["id"] for one in body["users"]}


async def test_results_can_be_sorted(zendesk: httpx.AsyncClient) -> None:
    params = {"query": "type:ticket", "sort_by": "priority", "sort_order": "asc"}
    order = [one["priority"] for one in (await zendesk.get("search", params=params)).json()["results"]]
    assert order == [None, None, "low", "normal", "high", "high"]


async def test_a_thousand_results_are_all_that_it_shows(world: World, zendesk: httpx.AsyncClient) -> None:
    body = {"ticket": {"subject": "many", "comment": {"body": "bulk"}}}
    for _ in range(1005):
        await zendesk.post("tickets", json=body)
    tenth = (await zendesk.get("search", params={"query": "type:ticket bulk", "page": 10})).json()
    assert (len(tenth["results"]), tenth["count"], tenth["next_page"]) == (100, 1005, None)
    eleventh = await zendesk.get("search", params={"query": "type:ticket bulk", "page": 11})
    assert (eleventh.status_code, eleventh.json()["error"]) == (422, "invalid")
    assert (await zendesk.get("search/count", params={"query": "type:ticket bulk"})).json() == {"count": 1005}


async def test_search_knows_no_cursor(zendesk: httpx.AsyncClient) -> None:
    answer = await zendesk.get("search", params={"query": "type:ticket", "page[size]": 10})
    assert answer.status_code == 400
    assert "page must be an integer" in answer.json()["error"]["message"]


@pytest.mark.parametrize("params", [{}, {"query": " "}, {"query": "type:ticket", "sort_by": "colour"}])
async def test_a_bad_query_is_a_422(zendesk: httpx.AsyncClient, params: dict[str, str]) -> None:
    answer = await zendesk.get("search", params=params)
    assert (answer.status_code, answer.json()["error"]) == (422, "invalid")


async def test_the_index_lags_behind_a_write(world: World, zendesk: httpx.AsyncClient, clock: FakeClock) -> None:
    world.switch("index_seconds", 60)
    await zendesk.put("tickets/101/tags", json={"tags": ["fresh"]})
    await zendesk.post("tickets", json={"ticket": {"subject": "fresh", "comment": {"body": "x"}}})
    assert await found(zendesk, "type:ticket tags:fresh") == []
    assert await found(zendesk, "type:ticket fresh") == []
    assert await found(zendesk, "type:ticket tags:delivery") == [101]
    clock.advance(61)
    assert await found(zendesk, "type:ticket tags:fresh") == [101]
    assert len(await found(zendesk, "type:ticket fresh")) == 1
