"""Where the server and its page are: what `serve` says, what an invitation leads to, and what is not served."""

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from desk_terminal import Seat

from deskgate.cli import _parser, main
from deskgate.commands.reviewer import page_of
from deskgate.commands.serving import may_serve, origin_of, served
from deskgate.settings import inherited

PUBLIC = "https://desk.example.com"


def invited(*words: str, public_url: str | None = None) -> str | None:
    """Where the link of an invitation leads."""
    return page_of(_parser().parse_args(["reviewer", "invite", "ines", *words]), public_url)


def test_an_invitation_leads_where_it_is_told_then_where_the_settings_say() -> None:
    assert invited() is None
    assert invited("--port", "9000") == "http://127.0.0.1:9000"
    assert invited("--url", f"{PUBLIC}/") == PUBLIC
    assert invited("--url", "http://[::1]:9000") == "http://[::1]:9000"
    assert invited(public_url=PUBLIC) == PUBLIC
    assert invited("--port", "9000", public_url=PUBLIC) == "http://127.0.0.1:9000"


@pytest.mark.parametrize(
    "url", ["desk.example.com", "http://desk.example.com", f"{PUBLIC}/page", "https://a@b.example"]
)
def test_an_address_that_cannot_be_the_pages_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="--url"):
        invited("--url", url)


def test_the_link_names_the_port_that_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DESKGATE_HOME", str(tmp_path))
    assert main(["reviewer", "invite", "ines", "--port", "9000", "--sandbox"]) == 0
    told = capsys.readouterr()
    assert told.out.startswith("http://127.0.0.1:9000/approvals/sign-in/")
    assert "--port" not in told.err
    assert main(["reviewer", "invite", "ines", "--sandbox"]) == 0
    assert "For another port give --port" in capsys.readouterr().err
    assert main(["reviewer", "invite", "ines", "--url", "nowhere", "--sandbox"]) == 2


def test_it_says_where_the_page_is_and_how_somebody_gets_in(seat: Seat) -> None:
    told = served(seat.settings(), origin_of("127.0.0.1", 8642), "http://127.0.0.1:8642/approvals")
    assert told.splitlines() == [
        "deskgate serves MCP at http://127.0.0.1:8642/mcp and /sse",
        (
            "The reviewer's page is at http://127.0.0.1:8642/approvals; `deskgate reviewer invite NAME --sandbox` makes "
            "the link that signs NAME in."
        ),
    ]
    assert "invite NAME --url http://[::1]:9000 " in served(seat.settings(), origin_of("::1", 9000), "")


def test_a_server_on_another_port_names_its_page_there(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "deskgate", "serve", "--sandbox", "--transport", "http", "--port", "0"]
    environment = inherited() | {"DESKGATE_HOME": str(tmp_path)}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        end = threading.Timer(60, process.kill)  # a server that says nothing must not hold the tests up
        end.start()
        assert process.stderr is not None
        served_line, page_line = process.stderr.readline(), process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 0
        end.cancel()
    origin = served_line.split("MCP at ")[1].split("/mcp")[0]
    assert f"page is at {origin}/approvals; " in page_line
    assert f"invite NAME --port {origin.rpartition(':')[2]} --sandbox" in page_line


@pytest.mark.parametrize(
    ("given", "says", "not_says"),
    [
        ({}, ("Make a token", "set DESKGATE_PUBLIC_URL"), ()),
        (
            {"DESKGATE_TOKENS": "/etc/tokens"},
            ("Set DESKGATE_PUBLIC_URL", "any web page"),
            ("Make a token", "act for you"),
        ),
        ({"DESKGATE_PUBLIC_URL": PUBLIC}, ("Make a token", "act for you"), ("any web page",)),
    ],
    ids=["neither", "no address", "no tokens"],
)
def test_what_is_refused_names_only_what_is_missing(
    seat: Seat,
    capsys: pytest.CaptureFixture[str],
    given: dict[str, str],
    says: tuple[str, ...],
    not_says: tuple[str, ...],
) -> None:
    seat.environment = given
    assert not may_serve(seat.settings(), "0.0.0.0")
    told = capsys.readouterr().err
    assert [words for words in says if words not in told] == []
    assert [words for words in not_says if words in told] == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:9000", "http://localhost"])
def test_an_address_of_this_machine_needs_no_tokens(seat: Seat, url: str) -> None:
    seat.environment = {"DESKGATE_PUBLIC_URL": url}
    assert may_serve(seat.settings(), "127.0.0.1")
