"""Who may call the pretend Zendesk."""

from collections.abc import AsyncIterator

import httpx
import pytest

from deskgate.sandbox import constants
from deskgate.sandbox.transport import SandboxTransport
from deskgate.sandbox.world import World
from fakes import FakeClock

pytestmark = pytest.mark.anyio

BASE = f"{constants.ORIGIN}/zendesk"
CLIENT = {"client_id": constants.ZENDESK_CLIENT_ID, "client_secret": constants.ZENDESK_CLIENT_SECRET}


@pytest.fixture
async def stranger(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=SandboxTransport(world), base_url=BASE) as client:
        yield client


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def token(client: httpx.AsyncClient, **wish: object) -> str:
    body = {"grant_type": "client_credentials", **CLIENT, **wish}
    return str((await client.post("/oauth/tokens", json=body)).json()["access_token"])


async def test_three_kinds_of_401_differ(stranger: httpx.AsyncClient) -> None:
    nobody = await stranger.get("/api/v2/tickets/101")
    assert (nobody.status_code, nobody.json()) == (401, {"error": "Couldn't authenticate you"})
    wrong = await stranger.get("/api/v2/tickets/101", headers=bearer("made-up"))
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_token")
    client = await stranger.post("/oauth/tokens", data={"grant_type": "client_credentials", "client_id": "x"})
    assert (client.status_code, client.json()["error"]) == (401, "invalid_client")


async def test_an_unknown_path_is_told_before_the_login_is_looked_at(stranger: httpx.AsyncClient) -> None:
    answer = await stranger.get("/api/v2/nothing")
    assert (answer.status_code, answer.json()["error"]) == (404, "InvalidEndpoint")


@pytest.mark.parametrize(
    ("login", "secret"),
    [
        (constants.API_USER_EMAIL, constants.ZENDESK_TOKEN),
        (f"{constants.API_USER_EMAIL}/token", "wrong"),
        ("odalys@example.com/token", constants.ZENDESK_TOKEN),
        ("nobody@example.com/token", constants.ZENDESK_TOKEN),
    ],
)
async def test_a_wrong_basic_login_is_refused(stranger: httpx.AsyncClient, login: str, secret: str) -> None:
    answer = await stranger.get("/api/v2/tickets/101", auth=(login, secret))
    assert (answer.status_code, answer.json()) == (401, {"error": "Couldn't authenticate you"})


async def test_a_human_agent_can_log_in_and_acts_as_herself(stranger: httpx.AsyncClient) -> None:
    login = (f"{constants.HUMAN_AGENT_EMAIL}/token", constants.ZENDESK_TOKEN)
    wish = {"ticket": {"tags": ["low-risk"]}}
    audit = (await stranger.put("/api/v2/tickets/101", json=wish, auth=login)).json()["audit"]
    assert audit["author_id"] == constants.HUMAN_AGENT_ID


async def test_a_token_lives_for_a_while(world: World, stranger: httpx.AsyncClient, clock: FakeClock) -> None:
    world.switch("token_seconds", 100)
    headers = bearer(await token(stranger))
    assert (await stranger.get("/api/v2/tickets/101", headers=headers)).status_code == 200
    clock.advance(100)
    late = await stranger.get("/api/v2/tickets/101", headers=headers)
    assert (late.status_code, late.json()["error"]) == (401, "invalid_token")


async def test_tokens_can_be_ended_at_will_but_not_the_standing_one(
    world: World, stranger: httpx.AsyncClient, clock: FakeClock
) -> None:
    headers = bearer(await token(stranger, expires_in=7200))
    world.expire_tokens()
    assert (await stranger.get("/api/v2/tickets/101", headers=headers)).status_code == 401
    standing = bearer(constants.ZENDESK_BEARER)
    assert (await stranger.get("/api/v2/tickets/101", headers=standing)).status_code == 200


@pytest.mark.parametrize(
    ("scope", "reads_tickets", "writes", "reads_users"),
    [
        ("read", 200, 403, 200),
        ("read write", 200, 200, 200),
        ("tickets:read users:read", 200, 403, 200),
        ("tickets:read tickets:write", 200, 200, 403),
        ("tickets:read reed", 403, 403, 403),
    ],
)
async def test_a_scope_reaches_as_far_as_it_says(
    stranger: httpx.AsyncClient, scope: str, reads_tickets: int, writes: int, reads_users: int
) -> None:
    headers = bearer(await token(stranger, scope=scope))
    answers = [
        await stranger.get("/api/v2/tickets/101", headers=headers),
        await stranger.put("/api/v2/tickets/101/tags", json={"tags": ["x"]}, headers=headers),
        await stranger.get("/api/v2/users/me", headers=headers),
    ]
    assert [answer.status_code for answer in answers] == [reads_tickets, writes, reads_users]


async def test_a_refresh_kills_the_old_pair(stranger: httpx.AsyncClient) -> None:
    wish = {"grant_type": "refresh_token", "refresh_token": constants.ZENDESK_REFRESH, **CLIENT}
    pair = (await stranger.post("/oauth/tokens", json=wish)).json()
    fresh = await stranger.get("/api/v2/tickets/101", headers=bearer(pair["access_token"]))
    old = await stranger.get("/api/v2/tickets/101", headers=bearer(constants.ZENDESK_BEARER))
    assert (fresh.status_code, old.status_code) == (200, 401)
    assert (await stranger.post("/oauth/tokens", json=wish)).json()["error"] == "invalid_grant"


async def test_a_stranger_learns_that_they_are_nobody(stranger: httpx.AsyncClient) -> None:
    me = (await stranger.get("/api/v2/users/me.json")).json()["user"]
    assert (me["id"], me["name"]) == (None, "Anonymous user")
