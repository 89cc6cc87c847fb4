"""Webhooks on a real port: what a socket can do that a polite client does not."""

from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import anyio.abc
import pytest
from hooks import MAIL, Hooks, hooks, of_multimail, on_a_port

from deskgate.web.webhooks import MULTIMAIL_BYTES

pytestmark = pytest.mark.anyio

LIMIT_SECONDS = 10.0
# By the door, or by uvicorn's parser (of which there are two) before it; 0: it hung up.
REFUSED = (0, 400, 401, 415)


@pytest.fixture
async def h(tmp_path: Path) -> AsyncIterator[tuple[Hooks, int]]:
    async with hooks(f"sqlite:///{tmp_path}/d.sqlite3") as opened, on_a_port(opened.app) as port:
        yield opened, port


def head(*lines: str, body: bytes = MAIL) -> bytes:
    """The head of a signed request; `lines` say how long it is."""
    signed = [f"{name}: {value}" for name, value in of_multimail(body).items()]
    return "\r\n".join(["POST /webhooks/multimail HTTP/1.1", "host: desk", *signed, *lines, "", ""]).encode()


def chunked(body: bytes, size: int) -> bytes:
    """A body as chunks."""
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


async def say(port: int, *pieces: bytes, hang_up: bool = False) -> bytes:
    """Send the pieces one by one; gives what is answered until the other side closes or has answered once."""
    heard = b""
    with anyio.fail_after(LIMIT_SECONDS):
        async with await anyio.connect_tcp("127.0.0.1", port) as stream:
            try:
                for piece in pieces:
                    await stream.send(piece)
                if hang_up:
                    await stream.send_eof()
                while b"\r\n\r\n" not in heard:
                    heard += await stream.receive()
            except (anyio.EndOfStream, anyio.BrokenResourceError):
                pass
    return heard


def status(answer: bytes) -> int:
    """The status of an answer; 0 where there is none."""
    return int(answer.split()[1]) if answer else 0


async def test_chunks_of_any_size_are_taken(h: tuple[Hooks, int]) -> None:
    hooked, port = h
    for size in (1, 7, 1000):
        body = MAIL + b" " * size
        pieces = chunked(body, size)
        answer = await say(port, head("transfer-encoding: chunked", body=body), pieces[:5], pieces[5:])
        assert status(answer) == 202
    assert len(await hooked.events()) == 3


async def test_a_body_shorter_than_announced_is_never_taken(h: tuple[Hooks, int]) -> None:
    hooked, port = h
    answer = await say(port, head(f"content-length: {len(MAIL) + 1}"), MAIL, hang_up=True)
    assert status(answer) in (0, 400)
    answer = await say(port, head("transfer-encoding: chunked"), b"5\r\n" + MAIL[:3], hang_up=True)
    assert status(answer) in (0, 400)
    assert await hooked.events() == []


async def test_a_body_longer_than_announced_is_cut_there_and_then_not_signed(h: tuple[Hooks, int]) -> None:
    hooked, port = h
    assert status(await say(port, head(f"content-length: {len(MAIL) - 1}"), MAIL)) in REFUSED
    assert await hooked.events() == []


@pytest.mark.parametrize(
    "lines",
    [
        ("content-length: 10", "content-length: 11"),
        ("content-length: -1",),
        ("content-length: 1e3",),
        ("content-length: +10",),
        ("transfer-encoding: gzip, chunked",),
        ("transfer-encoding: chunked", "transfer-encoding: chunked"),
    ],
)
async def test_a_length_that_can_be_read_in_two_ways_is_refused(h: tuple[Hooks, int], lines: tuple[str, ...]) -> None:
    hooked, port = h
    assert status(await say(port, head(*lines), chunked(MAIL, 50), hang_up=True)) in REFUSED
    assert await hooked.events() == []


async def test_an_endless_stream_is_cut_off(h: tuple[Hooks, int]) -> None:
    hooked, port = h
    piece = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    answer = await say(port, head("transfer-encoding: chunked"), *[piece] * (4 * MULTIMAIL_BYTES // 65_536))
    assert status(answer) in (0, 413)
    assert hooked.refused() == {"too_large": 1}


async def test_a_connection_takes_one_webhook_after_the_other(h: tuple[Hooks, int]) -> None:
    hooked, port = h
    bodies = [MAIL + b" " * number for number in range(20)]
    with anyio.fail_after(LIMIT_SECONDS):
        async with await anyio.connect_tcp("127.0.0.1", port) as stream:
            for body in bodies:
                await stream.send(head(f"content-length: {len(body)}", body=body) + body)
                heard = b""
                while not heard.endswith(b"\r\n\r\n"):
                    heard += await stream.receive()
                assert status(heard) == 202
    assert [bytes(event["body"]) for event in await hooked.events()] == bodies
