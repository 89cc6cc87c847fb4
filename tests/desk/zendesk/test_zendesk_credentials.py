"""The three ways into Zendesk."""

import base64
import json
import logging

import anyio
import httpx
import pytest
from zendesk_answers import BASE, says, ticket

from deskgate.desk.errors import DeskError, Forbidden, RateLimited, UpstreamUnavailable
from deskgate.desk.wire import Wire
from deskgate.desk.zendesk import ClientCredentials, Zendesk, api_token_credential, bearer_credential
from fakes import FakeClock, Script

pytestmark = pytest.mark.anyio

SECRET = "canary-secret-41"
TOKEN = "canary-token-"


class Login:
    """A token endpoint that numbers its tokens."""

    def __init__(self, life: object = 1800):
        self.clock = FakeClock()
        self.life = life
        self.issued = 0
        self.asked: list[httpx.Request] = []
        self.credential = self.with_network(httpx.MockTransport(self.answer))

    def with_network(self, network: httpx.AsyncBaseTransport, **fields) -> ClientCredentials:
        return ClientCredentials(BASE, "desk", SECRET, self.clock, transport=network, **fields)

    async def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        await anyio.lowlevel.checkpoint()
        self.issued += 1
        token = {"access_token": f"{TOKEN}{self.issued}", "token_type": "bearer", "scope": "read write"}
        return says(token if self.life is None else {**token, "expires_in": self.life})


async def test_an_api_token_is_basic_login_with_the_token_suffix():
    scheme, _, value = (await api_token_credential("ines@example.com", "s:3cret").header()).partition(" ")
    assert (scheme, base64.b64decode(value)) == ("Basic", b"ines@example.com/token:s:3cret")


async def test_a_given_token_is_a_bearer():
    assert await bearer_credential("abc").header() == "Bearer abc"


async def test_fixed_credentials_cannot_be_renewed_and_are_not_shown():
    for credential in (api_token_credential("ines@example.com", SECRET), bearer_credential(SECRET)):
        assert not await credential.renew(await credential.header())
        assert SECRET not in repr(credential)
        assert base64.b64encode(SECRET.encode()).decode() not in repr(credential)


async def test_client_credentials_fetch_a_token_once_and_keep_it():
    login = Login()
    assert [await login.credential.header() for _ in range(3)] == [f"Bearer {TOKEN}1"] * 3
    request = login.asked[0]
    assert (request.method, str(request.url)) == ("POST", f"{BASE}/oauth/tokens")
    assert json.loads(request.content) == {
        "grant_type": "client_credentials",
        "client_id": "desk",
        "client_secret": SECRET,
        "scope": "read write",
    }
    assert "authorization" not in request.headers
    assert login.issued == 1


async def test_the_scope_can_be_narrowed():
    login = Login()
    await login.with_network(httpx.MockTransport(login.answer), scope="tickets:read users:read").header()
    assert json.loads(login.asked[0].content)["scope"] == "tickets:read users:read"


@pytest.mark.parametrize(
    ("life", "good_seconds"),
    [
        (1800, 1740),
        (None, 1740),
        ("3600", 3540),
        (90, 45),
        (10, 5),
        (0, 1740),
        (-5, 1740),
        ("soon", 1740),
        (True, 1740),
    ],
)
async def test_a_token_is_renewed_before_its_end(life, good_seconds):
    login = Login(life)
    await login.credential.header()
    login.clock.advance(good_seconds - 0.5)
    assert await login.credential.header() == f"Bearer {TOKEN}1"
    login.clock.advance(0.5)
    assert await login.credential.header() == f"Bearer {TOKEN}2"


async def test_many_tasks_share_one_fetch():
    login = Login()
    seen: list[str] = []

    async def ask() -> None:
        seen.append(await login.credential.header())

    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(ask)
    assert seen == [f"Bearer {TOKEN}1"] * 20
    assert login.issued == 1


async def test_many_401s_of_one_old_token_fetch_one_new_token():
    login = Login()
    old = await login.credential.header()
    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(login.credential.renew, old)
    assert login.issued == 2
    assert await login.credential.header() == f"Bearer {TOKEN}2"


async def test_a_revoked_token_is_replaced_and_the_request_sent_again():
    login = Login()
    network = Script(says({"error": "invalid_token"}, 401), says({"ticket": ticket()}))
    zendesk = Zendesk(Wire("Zendesk", BASE, login.credential, login.clock, transport=network), login.clock)
    assert (await zendesk.ticket(5512)).id == 5512
    tokens = [request.headers["authorization"] for request in network.requests]
    assert tokens == [f"Bearer {TOKEN}1", f"Bearer {TOKEN}2"]


async def test_a_failed_renewal_leaves_no_old_token_behind():
    login = Login()
    network = Script(
        says({"access_token": f"{TOKEN}1"}), says({"error": "x"}, 401), says({"access_token": f"{TOKEN}2"})
    )
    credential = login.with_network(network)
    with pytest.raises(Forbidden):
        await credential.renew(await credential.header())
    assert await credential.header() == f"Bearer {TOKEN}2"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
async def test_a_refused_client_is_forbidden_and_named_by_its_settings(status):
    credential = Login().with_network(Script(says({"error": "invalid_client", "error_description": SECRET}, status)))
    with pytest.raises(Forbidden, match="ZENDESK_OAUTH_CLIENT_ID") as caught:
        await credential.header()
    assert caught.value.facts["status"] == status


async def test_a_passing_failure_of_the_login_is_tried_again():
    credential = Login().with_network(
        Script(httpx.ReadTimeout("slow"), says({}, 503), says({"access_token": f"{TOKEN}9"}))
    )
    assert await credential.header() == f"Bearer {TOKEN}9"


async def test_a_limited_login_says_the_seconds():
    credential = Login().with_network(Script(says({}, 429, retry_after="60")))
    with pytest.raises(RateLimited):
        await credential.header()


@pytest.mark.parametrize(
    "data",
    [None, [], {}, {"access_token": None}, {"access_token": ""}, {"access_token": " "}, {"access_token": "a\r\nX: y"}],
    ids=str,
)
async def test_an_answer_without_a_usable_token_is_upstream_unavailable(data):
    credential = Login().with_network(Script(says(data)))
    with pytest.raises(UpstreamUnavailable):
        await credential.header()


@pytest.mark.parametrize("status", [200, 400, 401, 403, 429, 500, 503])
async def test_the_secret_and_the_token_are_in_no_error_log_line_or_repr(status, caplog):
    caplog.set_level(logging.DEBUG)

    def echo(request: httpx.Request) -> httpx.Response:
        said = request.content.decode()
        return says({"error": said, "error_description": said, "access_token": f"{said}\n"}, status)

    credential = Login().with_network(httpx.MockTransport(echo))
    with pytest.raises(DeskError) as caught:
        await credential.header()
    said = f"{caught.value} {caught.value!r} {caught.value.facts} {credential!r} {caplog.text}"
    assert SECRET not in said


async def test_closing_the_credential_closes_its_connection():
    login = Login()
    await login.credential.header()
    client = login.credential._wire._client
    await login.credential.aclose()
    assert client.is_closed
