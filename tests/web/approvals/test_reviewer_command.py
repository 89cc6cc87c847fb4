"""`deskgate reviewer`: inviting, listing and revoking from the command line."""

import argparse
import json

import pytest
from approvals_bench import Desk

from deskgate.commands.reviewer import act

pytestmark = pytest.mark.anyio


def words(action: str, name: str = "", *, as_json: bool = False) -> argparse.Namespace:
    return argparse.Namespace(action=action, name=name, json=as_json)


async def test_an_invitation_prints_a_link_that_signs_in_and_nothing_else_on_standard_output(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await act(desk.reviewers, words("invite", "ines"), "https://desk.example.com/") == 0
    told = capsys.readouterr()
    link = told.out.strip()
    assert link.startswith("https://desk.example.com/approvals/sign-in/")
    secret = link.rpartition("/")[2]
    assert secret not in told.err
    session = await desk.reviewers.sign_in(secret)
    assert session
    assert session.name == "ines"
    assert session.secret not in repr(session)


async def test_without_a_public_address_the_link_leads_to_this_machine(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await act(desk.reviewers, words("invite", "ines"), None) == 0
    told = capsys.readouterr()
    assert told.out.startswith("http://127.0.0.1:8642/approvals/sign-in/")
    assert "DESKGATE_PUBLIC_URL" in told.err


async def test_a_name_that_cannot_stand_in_records_is_refused(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert await act(desk.reviewers, words("invite", "Ines M"), None) == 2
    assert capsys.readouterr().out == ""


async def test_the_list_tells_who_is_in_and_who_is_out(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert await act(desk.reviewers, words("list"), None) == 0
    assert "Nobody was invited so far" in capsys.readouterr().out
    await desk.reviewer("ines")
    await desk.reviewer("tomasz")
    assert await act(desk.reviewers, words("revoke", "tomasz"), None) == 0
    capsys.readouterr()
    await act(desk.reviewers, words("list", as_json=True), None)
    told = json.loads(capsys.readouterr().out)
    assert [(one["name"], one["sessions"], one["revoked_at"] is None) for one in told] == [
        ("ines", 1, True),
        ("tomasz", 0, False),
    ]
    await act(desk.reviewers, words("list"), None)
    assert "revoked 2026-01-28T12:00:00Z" in capsys.readouterr().out


async def test_revoking_nobody_is_said(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert await act(desk.reviewers, words("revoke", "nobody"), None) == 1
    assert "Nobody named nobody" in capsys.readouterr().err
