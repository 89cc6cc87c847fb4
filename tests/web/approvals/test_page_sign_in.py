"""Signing in: one link, one person, one time; and how a session ends."""

import sqlite3
from pathlib import Path

import pytest
from approvals_bench import ORIGIN, Desk, opened

pytestmark = pytest.mark.anyio


async def sign_in(desk: Desk, secret: str) -> tuple[int, object]:
    http = desk.browser()
    answer = await http.post("/approvals/sign-in", data={"secret": secret}, headers={"origin": desk.origin})
    return answer.status_code, http


async def test_a_scanner_that_opens_the_link_does_not_spend_it(desk: Desk) -> None:
    secret = await desk.reviewers.invite("ines")
    for method in ("GET", "HEAD", "GET"):
        answer = await desk.browser().request(method, f"/approvals/sign-in/{secret}")
        assert answer.status_code == 200
        assert not answer.cookies
    assert (await sign_in(desk, secret))[0] == 200


async def test_a_link_signs_in_once(desk: Desk) -> None:
    secret = await desk.reviewers.invite("ines")
    assert (await sign_in(desk, secret))[0] == 200
    status, http = await sign_in(desk, secret)
    assert status == 403
    assert (await http.get("/approvals/")).status_code == 401  # type: ignore[attr-defined]


async def test_a_link_is_good_for_an_hour(desk: Desk) -> None:
    early, late = await desk.reviewers.invite("ines"), await desk.reviewers.invite("ines")
    desk.bench.clock.advance(3599)
    assert (await sign_in(desk, early))[0] == 200
    desk.bench.clock.advance(1)
    assert (await sign_in(desk, late))[0] == 403


async def test_an_idle_session_ends_after_twelve_hours_and_a_busy_one_after_a_day(desk: Desk) -> None:
    idle, busy = await desk.reviewer("ines"), await desk.reviewer("tomasz")
    desk.bench.clock.advance(11 * 3600)
    assert (await busy.get("/approvals/")).status == 200
    desk.bench.clock.advance(3600)
    ended = await idle.get("/approvals/")
    assert ended.status == 401
    assert "Your session has ended" in ended.text
    assert (await busy.get("/approvals/")).status == 200
    desk.bench.clock.advance(11 * 3600)
    assert (await busy.get("/approvals/")).status == 200
    desk.bench.clock.advance(3600)
    assert (await busy.get("/approvals/")).status == 401


async def test_asking_for_arrivals_keeps_no_session_alive(desk: Desk) -> None:
    ines = await desk.reviewer()
    for _ in range(12):
        desk.bench.clock.advance(3600)
        last = await ines.get("/approvals/arrivals?after=")
    assert last.status == 401


async def test_an_ended_session_decides_nothing(desk: Desk) -> None:
    reply = await desk.draft()
    ines = await desk.reviewer()
    digest = (await ines.get(f"/approvals/{reply.id}")).value("digest")
    desk.bench.clock.advance(13 * 3600)
    refused = await ines.approve(reply.id, digest)
    assert refused.status == 401
    assert "Nothing was decided by your last request." in refused.text
    assert desk.sent == []


async def test_signing_out_ends_the_session_for_a_copied_cookie_too(desk: Desk) -> None:
    ines = await desk.reviewer()
    thief = desk.browser()
    thief.cookies.update(ines.http.cookies)
    assert (await thief.get("/approvals/")).status_code == 200
    out = await ines.post("/approvals/sign-out")
    assert "You are signed out" in out.text
    assert not ines.http.cookies
    assert (await thief.get("/approvals/")).status_code == 401


async def test_revoking_somebody_ends_their_sessions_and_links_and_nobody_elses(desk: Desk) -> None:
    ines, tomasz = await desk.reviewer("ines"), await desk.reviewer("tomasz")
    unused = await desk.reviewers.invite("ines")
    assert await desk.reviewers.revoke("ines")
    assert (await ines.get("/approvals/")).status == 401
    assert (await sign_in(desk, unused))[0] == 403
    assert (await tomasz.get("/approvals/")).status == 200
    again = await desk.reviewers.invite("ines")
    assert (await ines.get("/approvals/")).status == 401
    assert (await sign_in(desk, again))[0] == 200
    assert (await sign_in(desk, unused))[0] == 403


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(tmp_path: Path) -> None:
    for number, (url, origin) in enumerate([(None, ORIGIN), ("https://desk.example.com", "https://desk.example.com")]):
        async with opened(tmp_path / str(number), origin=origin, public_url=url) as desk:
            http = desk.browser()
            http.follow_redirects = False
            secret = await desk.reviewers.invite("ines")
            answer = await http.post("/approvals/sign-in", data={"secret": secret}, headers={"origin": origin})
            flags = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")[1:]}
            assert {"httponly", "samesite=strict", "path=/"} <= flags
            assert ("secure" in flags) == (url is not None)
            assert answer.headers["set-cookie"].startswith("__Host-") == (url is not None)
            assert not any(flag.startswith("domain") for flag in flags)


async def test_guessing_links_is_slowed_down_for_the_one_who_guesses(desk: Desk) -> None:
    guesser = desk.browser(client=("192.0.2.1", 5))
    honest = desk.browser(client=("192.0.2.2", 5))
    secret = await desk.reviewers.invite("ines")

    async def guess(text: str) -> int:
        told = {"secret": text}
        return (await guesser.post("/approvals/sign-in", data=told, headers={"origin": ORIGIN})).status_code

    assert [await guess(f"{number:043d}") for number in range(12)] == [403] * 10 + [429] * 2
    assert await guess(secret) == 429
    desk.bench.clock.advance(60)
    given = {"data": {"secret": secret}, "headers": {"origin": ORIGIN}}
    assert (await honest.post("/approvals/sign-in", **given)).status_code == 200
    desk.bench.clock.advance(541)
    assert await guess("x" * 43) == 403


async def test_the_data_file_and_the_logs_hold_no_secret(
    desk: Desk, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    unused = await desk.reviewers.invite("tomasz")
    ines = await desk.reviewer("ines")
    cookie = next(iter(ines.http.cookies.values()))
    await ines.get("/approvals/")
    await sign_in(desk, "y" * 43)
    with sqlite3.connect(tmp_path / "sandbox" / "deskgate.sqlite3") as file:
        dump = "\n".join(file.iterdump())
    ours = "\n".join(line.getMessage() for line in caplog.records if not line.name.startswith(("httpx", "httpcore")))
    for secret in (unused, cookie, ines.token):
        assert len(secret) >= 43
        assert secret not in dump
        assert secret not in ours


async def test_every_link_page_looks_the_same_so_that_it_tells_a_guesser_nothing(desk: Desk) -> None:
    real, made_up = await desk.reviewers.invite("ines"), "z" * 43
    pages = [(await desk.browser().get(f"/approvals/sign-in/{one}")).text.replace(one, "") for one in (real, made_up)]
    assert pages[0] == pages[1]


@pytest.mark.parametrize("name", ["", "Ines", "a" * 61, "ines\n", "in es", "inеs", "-ines", "ines<b>"])
async def test_a_name_that_could_pass_for_another_is_not_invited(desk: Desk, name: str) -> None:
    with pytest.raises(ValueError, match="lower-case"):
        await desk.reviewers.invite(name)


async def test_somebody_not_signed_in_sees_how_to_and_nothing_else(desk: Desk) -> None:
    reply = await desk.draft("A text that is nobody's business.")
    for path in ("/approvals/", f"/approvals/{reply.id}", f"/approvals/{reply.id}/edit"):
        answer = await desk.browser().get(path)
        assert answer.status_code == 401
        assert "deskgate reviewer invite NAME" in answer.text
        assert "nobody's business" not in answer.text
