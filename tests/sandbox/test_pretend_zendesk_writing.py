"""What the pretend Zendesk lets be changed, and how it refuses."""

import httpx
import pytest

from deskgate.sandbox import constants
from deskgate.sandbox.world import World
from fakes import FakeClock

pytestmark = pytest.mark.anyio


async def put(zendesk: httpx.AsyncClient, ticket_id: int, **wish: object) -> httpx.Response:
    return await zendesk.put(f"tickets/{ticket_id}", json={"ticket": wish})


async def stamp_of(zendesk: httpx.AsyncClient, ticket_id: int) -> str:
    return str((await zendesk.get(f"tickets/{ticket_id}")).json()["ticket"]["updated_at"])


async def test_one_update_carries_comment_status_tags_and_marker(zendesk: httpx.AsyncClient) -> None:
    wish = {"comment": {"body": "n", "public": False}, "status": "pending", "tags": ["b", "a"], "metadata": {"k": "v"}}
    body = (await put(zendesk, 101, **wish)).json()
    assert (body["ticket"]["status"], body["ticket"]["tags"]) == ("pending", ["a", "b"])
    assert body["audit"]["metadata"]["custom"] == {"k": "v"}
    kinds = [(one["type"], one.get("field_name")) for one in body["audit"]["events"]]
    assert kinds == [("Comment", None), ("Change", "status"), ("Change", "tags")]
    newest = (await zendesk.get("tickets/101/audits", params={"sort_order": "desc"})).json()["audits"][0]
    assert newest == body["audit"]
    comments = (await zendesk.get("tickets/101/comments")).json()["comments"]
    assert (comments[-1]["id"], comments[-1]["public"]) == (body["audit"]["events"][0]["id"], False)
    assert comments[-1]["audit_id"] == newest["id"]


async def test_a_comment_is_public_when_nobody_says_otherwise(zendesk: httpx.AsyncClient) -> None:
    event = (await put(zendesk, 101, comment={"body": "oops"})).json()["audit"]["events"][0]
    assert event["public"] is True


async def test_the_description_cannot_be_written_and_a_header_says_so(zendesk: httpx.AsyncClient) -> None:
    before = (await zendesk.get("tickets/101")).json()["ticket"]["description"]
    answer = await put(zendesk, 101, description="other", id=5, status="pending")
    assert answer.json()["ticket"]["description"] == before
    assert answer.json()["ticket"]["id"] == 101
    assert '"ticket.description"' in answer.headers["x-zendesk-api-warn"]


async def test_additional_tags_mean_nothing_on_one_ticket(zendesk: httpx.AsyncClient) -> None:
    answer = await put(zendesk, 101, additional_tags=["x"])
    assert "x" not in answer.json()["ticket"]["tags"]
    assert "ticket.additional_tags" in answer.headers["x-zendesk-api-warn"]


@pytest.mark.parametrize("safe_update", [True, False, "true"])
async def test_any_safe_update_with_an_old_stamp_is_a_conflict(
    zendesk: httpx.AsyncClient, clock: FakeClock, safe_update: object
) -> None:
    stamp = await stamp_of(zendesk, 101)
    assert (await put(zendesk, 101, status="pending")).status_code == 200
    answer = await put(zendesk, 101, status="open", safe_update=safe_update, updated_stamp=stamp)
    assert (answer.status_code, answer.json()["error"]) == (409, "UpdateConflict")
    assert (await zendesk.get("tickets/101")).json()["ticket"]["status"] == "pending"


async def test_two_writes_in_one_second_slip_past_the_stamp(zendesk: httpx.AsyncClient, clock: FakeClock) -> None:
    await put(zendesk, 101, status="pending")
    stamp = await stamp_of(zendesk, 101)
    clock.advance(0.4)
    assert (await put(zendesk, 101, status="hold")).status_code == 200
    assert (await put(zendesk, 101, status="open", safe_update=True, updated_stamp=stamp)).status_code == 200


async def test_an_update_without_effect_leaves_the_stamp_alone(zendesk: httpx.AsyncClient) -> None:
    stamp = await stamp_of(zendesk, 101)
    await put(zendesk, 101, status="open")
    assert await stamp_of(zendesk, 101) == stamp


@pytest.mark.parametrize("key", ["status", "base"])
async def test_a_closed_ticket_takes_nothing(world: World, zendesk: httpx.AsyncClient, key: str) -> None:
    world.switch("closed_key", key)
    answers = [
        await put(zendesk, 103, comment={"body": "n"}),
        await zendesk.put("tickets/103/tags", json={"tags": ["x"]}),
    ]
    for answer in answers:
        assert answer.status_code == 422
        assert answer.json()["details"] == {key: [{"description": "Status: closed prevents ticket update"}]}


@pytest.mark.parametrize(
    ("comment", "words"),
    [({"body": "  "}, "blank"), ({"body": "x" * 65_537}, "too long"), ({"body": "x", "author_id": 7}, "not valid")],
)
async def test_a_bad_comment_is_refused_with_details(
    zendesk: httpx.AsyncClient, comment: dict[str, object], words: str
) -> None:
    answer = await put(zendesk, 101, comment=comment)
    assert answer.status_code == 422
    assert words in answer.text


async def test_a_comment_of_64_kilobytes_fits(zendesk: httpx.AsyncClient) -> None:
    assert (await put(zendesk, 101, comment={"body": "x" * 65_536})).status_code == 200


async def test_a_full_ticket_takes_no_comment_but_other_changes(world: World, zendesk: httpx.AsyncClient) -> None:
    world.switch("comment_limit", 130)
    assert (await put(zendesk, 105, comment={"body": "one more"})).status_code == 422
    assert (await put(zendesk, 105, status="open")).status_code == 200


async def test_thirty_updates_in_ten_minutes_are_enough(
    world: World, zendesk: httpx.AsyncClient, clock: FakeClock
) -> None:
    world.switch("ticket_updates", 2)
    first = await put(zendesk, 101, comment={"body": "1"})
    assert first.headers["zendesk-ratelimit-per-ticket-updates"].startswith("total=2; remaining=1; resets=")
    await put(zendesk, 101, comment={"body": "2"})
    answer = await put(zendesk, 101, comment={"body": "3"})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "600")
    clock.advance(601)
    assert (await put(zendesk, 101, comment={"body": "3"})).status_code == 200


async def test_tags_are_added_set_and_removed_by_verb(zendesk: httpx.AsyncClient) -> None:
    path = "tickets/101/tags"
    added = await zendesk.put(path, json={"tags": ["New One", "delivery"]})
    assert (added.status_code, added.json()["tags"]) == (200, ["delivery", "new_one", "order_48213"])
    removed = await zendesk.request("DELETE", path, json={"tags": ["delivery"]})
    assert (removed.status_code, removed.json()["tags"]) == (200, ["new_one", "order_48213"])
    replaced = await zendesk.post(path, json={"tags": ["only"]})
    assert (replaced.status_code, replaced.json()["tags"]) == (201, ["only"])
    assert (await zendesk.get(path)).json() == {"tags": ["only"]}


async def test_the_audit_says_who_set_a_tag(world: World, zendesk: httpx.AsyncClient) -> None:
    world.edit_ticket(101, constants.HUMAN_AGENT_ID, tags=["low-risk"])
    await zendesk.put("tickets/101/tags", json={"tags": ["by_api"]})
    newest, before = (await zendesk.get("tickets/101/audits", params={"sort_order": "desc"})).json()["audits"][:2]
    assert newest["author_id"] == constants.API_USER_ID
    assert before["author_id"] == constants.HUMAN_AGENT_ID
    assert before["events"][0]["value"] == ["low-risk"]
    assert newest["events"][0]["previous_value"] == ["low-risk"]


async def test_a_stale_tag_update_is_a_conflict(zendesk: httpx.AsyncClient) -> None:
    stale = {"tags": ["x"], "updated_stamp": "2019-09-12T21:45:16Z", "safe_update": "true"}
    assert (await zendesk.put("tickets/101/tags", json=stale)).status_code == 409


async def test_a_key_makes_creation_happen_once(zendesk: httpx.AsyncClient) -> None:
    wish = {"ticket": {"subject": "New", "comment": {"body": "text"}}}
    first = await zendesk.post("tickets", json=wish, headers={"idempotency-key": "k"})
    again = await zendesk.post("tickets", json=wish, headers={"idempotency-key": "k"})
    assert (first.status_code, first.headers["x-idempotency-lookup"]) == (201, "miss")
    assert (again.status_code, again.headers["x-idempotency-lookup"]) == (201, "hit")
    assert again.json() == first.json()
    other = await zendesk.post("tickets", json={"ticket": {"subject": "Other"}}, headers={"idempotency-key": "k"})
    assert (other.status_code, other.json()["error"]) == (400, "IdempotentRequestError")


async def test_the_key_means_nothing_on_an_update(world: World, zendesk: httpx.AsyncClient) -> None:
    for _ in range(2):
        wish = {"ticket": {"comment": {"body": "twice"}}}
        await zendesk.put("tickets/101", json=wish, headers={"idempotency-key": "k"})
    assert [one["body"] for one in world.comments(101)][-2:] == ["twice", "twice"]


async def test_a_closed_ticket_goes_on_as_a_follow_up(world: World, zendesk: httpx.AsyncClient) -> None:
    wish = {"subject": "Re: invoice", "comment": {"body": "again"}, "via_followup_source_id": 103}
    answer = await zendesk.post("tickets", json={"ticket": wish})
    made = answer.json()["ticket"]
    assert answer.headers["location"] == made["url"]
    assert made["via"]["source"]["from"]["ticket_id"] == 103
    assert world.ticket(103)["followup_ids"] == [made["id"]]
    refused = await zendesk.post("tickets", json={"ticket": {**wish, "via_followup_source_id": 101}})
    assert refused.status_code == 422


@pytest.mark.parametrize("body", [b"no json", b"[]", b"{}", b'{"ticket": 5}', b'{"ticket": {"subject": "\\ud800"}}'])
async def test_a_body_that_cannot_be_read_is_a_400_with_an_object(zendesk: httpx.AsyncClient, body: bytes) -> None:
    answer = await zendesk.put("tickets/101", content=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["title"] == "Invalid attribute"


async def test_a_refused_update_leaves_no_trace(world: World, zendesk: httpx.AsyncClient) -> None:
    before = len(world.comments(101))
    answer = await put(zendesk, 101, comment={"body": "n"}, status="nonsense")
    assert answer.status_code == 422
    assert len(world.comments(101)) == before
