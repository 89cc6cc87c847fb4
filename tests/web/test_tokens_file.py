"""The token file and `deskgate token`: what is written, what is refused, and what never shows."""

import hashlib
import json
import re
import stat
from pathlib import Path
from typing import Any

import pytest

from deskgate import cli
from deskgate.web.token_file import issue, read_tokens
from deskgate.web.tokens import TokenFileError, parse

HASH = "0" * 64
GOOD: dict[str, Any] = {
    "id": "0a1b2c3d",
    "principal": "support-bot",
    "kind": "agent",
    "scopes": ["draft"],
    "owner": "alice",
    "sha256": HASH,
    "created": "2026-01-28T12:00:00Z",
    "label": "",
}


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    found = tmp_path / "tokens.jsonl"
    monkeypatch.setenv("DESKGATE_TOKENS", str(found))
    return found


def deskgate(*words: str) -> int:
    return cli.main(["token", *words])


def made(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Make a token; gives the secret."""
    assert deskgate("new", *words) == 0
    return capsys.readouterr().out.strip()


BOT = ("support-bot", "--kind", "agent", "--scope", "draft", "--owner", "alice")


def test_a_token_is_shown_once_and_only_its_hash_is_kept(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    secret = made(capsys, *BOT, "--label", "the night shift")
    assert re.fullmatch(r"dgt_[A-Za-z0-9_-]{43}", secret)
    text = path.read_text()
    assert secret.removeprefix("dgt_") not in text
    (token,) = read_tokens(path)
    assert token.sha256 == hashlib.sha256(secret.encode()).hexdigest()
    assert (token.principal, token.kind, token.scopes, token.owner) == ("support-bot", "agent", {"draft"}, "alice")
    assert token.label == "the night shift"


def test_the_secret_alone_goes_to_standard_output(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert deskgate("new", *BOT) == 0
    told = capsys.readouterr()
    assert len(told.out.splitlines()) == 1
    assert told.out.strip() not in told.err


def test_two_tokens_are_never_the_same(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert len({made(capsys, *BOT) for _ in range(5)}) == 5
    assert len({token.id for token in read_tokens(path)}) == 5


def test_nothing_secret_is_in_the_list(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    secret = made(capsys, *BOT)
    (token,) = read_tokens(path)
    for words in (("list",), ("list", "--json")):
        assert deskgate(*words) == 0
        told = capsys.readouterr()
        assert "support-bot" in told.out
        for hidden in (secret, secret[4:20], token.sha256, token.sha256[:12]):
            assert hidden not in told.out + told.err
    assert deskgate("list", "--json") == 0
    (shown,) = json.loads(capsys.readouterr().out)
    assert shown["id"] == token.id
    assert shown["scopes"] == ["draft"]
    assert token.sha256 not in repr(token)


def test_the_file_is_readable_by_its_owner_alone(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made(capsys, *BOT)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    made(capsys, *BOT)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_can_write_to_is_refused(path: Path, capsys: pytest.CaptureFixture[str], mode: int) -> None:
    made(capsys, *BOT)
    path.chmod(mode)
    with pytest.raises(TokenFileError, match="may write to it"):
        read_tokens(path)
    before = path.read_text()
    assert deskgate("new", *BOT) == 1
    assert path.read_text() == before


def test_revoking_takes_out_one_line_and_leaves_the_rest_as_it_is(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made(capsys, *BOT)
    path.write_text(path.read_text() + "\n# the second one, for the rotation\n")
    made(capsys, *BOT)
    first, second = read_tokens(path)
    assert deskgate("revoke", first.id) == 0
    assert path.read_text() == f"\n# the second one, for the rotation\n{second.line()}\n"
    assert deskgate("revoke", first.id) == 1
    assert first.id in capsys.readouterr().err


def test_a_link_to_the_file_is_followed_and_stays_a_link(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    real = tmp_path / "elsewhere" / "real.jsonl"
    real.parent.mkdir()
    path.symlink_to(real)
    made(capsys, *BOT)
    assert path.is_symlink()
    assert len(read_tokens(real)) == 1


def test_no_half_written_file_is_left_where_a_write_fails(
    path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made(capsys, *BOT)
    before = path.read_text()

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("deskgate.web.token_file.os.fsync", full)
    assert deskgate("new", *BOT) == 1
    assert "No space left" in capsys.readouterr().err
    assert path.read_text() == before
    assert sorted(one.name for one in path.parent.iterdir()) == ["tokens.jsonl", "tokens.jsonl.lock"]


def test_without_a_path_nothing_is_made(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DESKGATE_TOKENS", raising=False)
    assert deskgate("list") == 2
    assert "DESKGATE_TOKENS" in capsys.readouterr().err


def test_a_missing_file_is_named(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (("list",), ("revoke", "0a1b2c3d")):
        assert deskgate(*words) == 1
        assert str(path) in capsys.readouterr().err


@pytest.mark.parametrize("name", ["Alice", "аlice", "alice ", "", "reviewer:alice", "-alice", "a" * 101, "al\u200bice"])
def test_a_name_that_could_be_mistaken_for_another_is_refused(path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="must be 1 to 100"):
        issue(path, name, "agent", ["draft"], created="")
    if name:
        with pytest.raises(ValueError, match="must be 1 to 100"):
            issue(path, "support-bot", "agent", ["draft"], created="", owner=name)
    assert not path.exists()


def test_a_second_owner_for_one_principal_is_refused(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made(capsys, *BOT)
    assert deskgate("new", "support-bot", "--kind", "agent", "--scope", "decide", "--owner", "bob") == 1
    assert "another owner" in capsys.readouterr().err
    assert len(read_tokens(path)) == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kind": "robot"}, "'kind' must be one of human, agent"),
        ({"kind": "policy"}, "'kind' must be one of"),
        ({"scopes": ["draft", "approve"]}, "there is no scope 'approve'"),
        ({"scopes": []}, "at least one scope"),
        ({"scopes": "draft"}, "must be a list"),
        ({"scopes": [["draft"]]}, "there is no scope"),
        ({"scope": ["draft"]}, "there is no field 'scope'"),
        ({"principal": 7}, "'principal' must be text"),
        ({"owner": "Alice"}, "'owner' must be"),
        ({"sha256": "dgt_" + "x" * 43}, "is not in the form"),
        ({"sha256": HASH.upper() + "0"}, "is not in the form"),
        ({"id": "../x"}, "is not in the form"),
        ({"label": "a\u202eb"}, "printable"),
        ({"kind": None}, "'kind' must be text"),
    ],
)
def test_a_line_that_is_not_understood_refuses_the_file_and_is_named(change: dict[str, Any], said: str) -> None:
    text = f"# who may come in\n\n{json.dumps(GOOD)}\n{json.dumps({**GOOD, 'id': 'ffffffff', **change})}\n"
    with pytest.raises(TokenFileError) as refused:
        parse(text)
    (fault,) = refused.value.faults
    assert fault.startswith("line 4: ")
    assert said in fault


@pytest.mark.parametrize("field", ["id", "principal", "kind", "scopes", "sha256", "created"])
def test_a_line_with_a_field_missing_is_refused(field: str) -> None:
    line = {name: value for name, value in GOOD.items() if name != field}
    with pytest.raises(TokenFileError, match=f"line 1: the field '{field}' is missing"):
        parse(json.dumps(line))


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        "7",
        "[" * 100_000,
        '{"id": "a", "id": "b"}',
        json.dumps(GOOD)[:-1] + ', "scopes": ["decide"]}',
        "dgt_" + "x" * 43,
    ],
)
def test_a_line_that_is_no_single_object_is_refused(line: str) -> None:
    with pytest.raises(TokenFileError, match="line 1"):
        parse(line)


def test_every_fault_is_named_at_once() -> None:
    bad = json.dumps({**GOOD, "kind": "robot"})
    with pytest.raises(TokenFileError) as refused:
        parse(f"{bad}\n{bad}\n")
    assert [fault.split(":")[0] for fault in refused.value.faults] == ["line 1", "line 2"]


def test_the_same_hash_under_two_names_is_refused() -> None:
    other = {**GOOD, "id": "ffffffff", "principal": "other-bot"}
    with pytest.raises(TokenFileError, match="line 2: the same token stands there twice"):
        parse(f"{json.dumps(GOOD)}\n{json.dumps(other)}\n")


def test_a_principal_without_an_owner_is_its_own() -> None:
    (token,) = parse(json.dumps({name: value for name, value in GOOD.items() if name != "owner"}))
    assert token.owner == "support-bot"


def test_bytes_that_are_no_text_and_files_that_are_too_large_are_refused(path: Path) -> None:
    path.write_bytes(b"\xff\xfe")
    path.chmod(0o600)
    with pytest.raises(TokenFileError, match="UTF-8"):
        read_tokens(path)
    path.write_bytes(b"#" * 1_000_001)
    with pytest.raises(TokenFileError, match="larger"):
        read_tokens(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(TokenFileError):
        read_tokens(path)
