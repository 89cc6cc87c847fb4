"""`deskgate serve --transport http` for callers with tokens, as a process: when it starts, and when it refuses to."""

import signal
from pathlib import Path

import httpx
import pytest
from mcp_frames import INITIALIZE
from open_doors import ACCEPT, TokenFile, bearer
from real_process import deskgate

pytestmark = pytest.mark.anyio

HTTP = ("serve", "--sandbox", "--transport", "http", "--port", "0")
PUBLIC = {"DESKGATE_PUBLIC_URL": "https://desk.example.com"}


@pytest.fixture
def tokens(tmp_path: Path) -> TokenFile:
    return TokenFile(tmp_path / "tokens.jsonl")


def told(tokens: TokenFile) -> dict[str, str]:
    return {"DESKGATE_TOKENS": str(tokens.path)}


async def test_with_tokens_and_a_public_address_it_serves_every_address_of_the_machine(
    tmp_path: Path, tokens: TokenFile
) -> None:
    secret = tokens.new("bot", "draft")
    environment = {**told(tokens), **PUBLIC}
    async with deskgate(tmp_path, *HTTP, "--host", "0.0.0.0", environment=environment, hears=True) as pipe:
        said = await pipe.said("deskgate serves MCP at ")
        port = said.split("0.0.0.0:")[1].split("/mcp")[0]
        named = {**ACCEPT, "Host": "desk.example.com"}
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=20) as http:
            assert (await http.post("/mcp", headers=named, json=INITIALIZE)).status_code == 401
            let_in = await http.post("/mcp", headers={**named, **bearer(secret)}, json=INITIALIZE)
            assert let_in.status_code == 200
            foreign = await http.post("/mcp", headers={**ACCEPT, **bearer(secret)}, json=INITIALIZE)
            assert foreign.status_code == 421
            query = await http.post(f"/mcp?token={secret}", headers=named, json=INITIALIZE)
            assert query.status_code == 401
        pipe.process.send_signal(signal.SIGTERM)
        assert await pipe.leaves() == 0
    assert secret not in pipe.stderr
    assert "Traceback" not in pipe.stderr


async def test_with_tokens_loopback_needs_them_too(tmp_path: Path, tokens: TokenFile) -> None:
    secret = tokens.new("bot", "draft")
    async with deskgate(tmp_path, *HTTP, environment=told(tokens), hears=True) as pipe:
        origin = (await pipe.said("deskgate serves MCP at ")).split("MCP at ")[1].split("/mcp")[0]
        async with httpx.AsyncClient(base_url=origin, headers=ACCEPT, trust_env=False, timeout=20) as http:
            assert (await http.post("/mcp", json=INITIALIZE)).status_code == 401
            assert (await http.post("/mcp", headers=bearer(secret), json=INITIALIZE)).status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "desk.example.com", ""])
@pytest.mark.parametrize("given", [("DESKGATE_TOKENS",), ("DESKGATE_PUBLIC_URL",)])
async def test_half_of_what_an_open_address_needs_is_not_enough(
    tmp_path: Path, tokens: TokenFile, host: str, given: tuple[str, ...]
) -> None:
    tokens.new("bot", "draft")
    both = {**told(tokens), **PUBLIC}
    async with deskgate(tmp_path, *HTTP, "--host", host, environment={name: both[name] for name in given}) as pipe:
        assert await pipe.rest() == b""
        assert await pipe.leaves() == 2
    (missing,) = both.keys() - set(given)
    assert f"without {missing}:" in pipe.stderr
    assert "Traceback" not in pipe.stderr


async def test_a_public_address_without_tokens_is_refused_on_loopback_too(tmp_path: Path) -> None:
    async with deskgate(tmp_path, *HTTP, environment=PUBLIC) as pipe:
        assert await pipe.rest() == b""
        assert await pipe.leaves() == 2
    assert "through the proxy anybody could act for you" in pipe.stderr


@pytest.mark.parametrize(
    ("text", "mode", "said"),
    [
        (None, 0o600, "it cannot be read"),
        ("# nobody yet\n{}\n", 0o600, "line 2: the field 'id' is missing"),
        ("# nobody yet\n", 0o666, "may write to it"),
    ],
)
async def test_an_unusable_token_file_stops_the_start_and_says_where(
    tmp_path: Path, tokens: TokenFile, text: str | None, mode: int, said: str
) -> None:
    if text is not None:
        tokens.path.write_text(text)
        tokens.path.chmod(mode)
    async with deskgate(tmp_path, *HTTP, environment=told(tokens)) as pipe:
        assert await pipe.rest() == b""
        assert await pipe.leaves() == 2
    assert said in pipe.stderr
    assert str(tokens.path) in pipe.stderr
    assert "Traceback" not in pipe.stderr
