"""`deskgate reviewer`: who may decide on the page."""

import argparse
import json
import logging
import sys
from typing import TYPE_CHECKING

from deskgate.addresses import LOCAL_ADDRESS, public_origin
from deskgate.cli import complain, say
from deskgate.desk.hints import typed_here

if TYPE_CHECKING:
    from deskgate.settings import Settings
    from deskgate.web.approvals.reviewers import Reviewers


def run(words: argparse.Namespace) -> int:
    """Invite, list or revoke. 0 done, 1 nobody of that name, 2 unusable settings or name."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    import anyio

    from deskgate.commands.common import settings_of

    settings = settings_of(words)
    if settings is None:
        return 2
    try:
        words.page = page_of(words, settings.public_url)
    except ValueError as error:
        complain(str(error))
        return 2
    return anyio.run(_with_roll, settings, words)


def page_of(words: argparse.Namespace, public_url: str | None) -> str | None:
    """Where the page was said to be: on the command line, else by the settings; `None` where nobody said so.

    Raises:
        ValueError: with a sentence on why `--url` cannot be the page's.
    """
    if words.port is not None:
        return f"http://127.0.0.1:{words.port}"
    if words.url is None:
        return public_url
    faults: list[str] = []
    found = public_origin("--url", words.url.strip().rstrip("/"), faults)
    if found is None:
        raise ValueError(faults[0])
    return found


async def _with_roll(settings: "Settings", words: argparse.Namespace) -> int:
    from deskgate.desk.audit.said import Who, acting_as
    from deskgate.desk.clock import SystemClock
    from deskgate.desk.store import StoreUnusable, open_store
    from deskgate.web.approvals.reviewers import Reviewers

    try:
        store = await open_store(settings.database)
    except StoreUnusable as error:
        complain(error.sentence)
        return 2
    try:
        with acting_as(Who("human", settings.principal, auth="terminal")):
            return await act(Reviewers(store, SystemClock()), words, words.page, sandbox=settings.sandbox)
    finally:
        await store.aclose()


async def act(reviewers: "Reviewers", words: argparse.Namespace, page: str | None, *, sandbox: bool = False) -> int:
    """Carry out one of the three on an open roll. `page` is the origin of the page, where somebody said it."""
    if words.action == "invite":
        return await _invite(reviewers, words.name, page)
    if words.action == "revoke":
        return await _revoke(reviewers, words.name)
    return await _list(reviewers, as_json=words.json, sandbox=sandbox)


async def _invite(reviewers: "Reviewers", name: str, page: str | None) -> int:
    try:
        secret = await reviewers.invite(name)
    except ValueError as error:
        complain(str(error))
        return 2
    say(f"{(page or LOCAL_ADDRESS).rstrip('/')}/approvals/sign-in/{secret}")
    complain(f"Give this link to {name} alone, by a way you trust. It signs in once, within 60 minutes.")
    if page is None:
        complain(
            "It leads to port 8642 of this machine, where `deskgate serve --transport http` listens unless told otherwise. "
            "For another port give --port; for another machine give --url, or set DESKGATE_PUBLIC_URL."
        )
    return 0


async def _revoke(reviewers: "Reviewers", name: str) -> int:
    if not await reviewers.revoke(name):
        complain(f"Nobody named {name} is a reviewer.")
        return 1
    say(f"{name} is no reviewer any more; open sessions and unused links have ended.")
    return 0


async def _list(reviewers: "Reviewers", *, as_json: bool, sandbox: bool) -> int:
    roll = await reviewers.roll()
    if as_json:
        from dataclasses import asdict

        say(json.dumps([asdict(one) for one in roll], indent=2))
        return 0
    if not roll:
        say(typed_here("Nobody was invited so far: `deskgate reviewer invite NAME`", sandbox=sandbox))
    for one in roll:
        state = f"revoked {one.revoked_at}" if one.revoked_at else f"{one.sessions} open session(s)"
        say(f"{one.name:<24} invited {one.invited_at}  {state}")
    return 0
