"""`deskgate doctor`: look at everything that a live desk needs, say what is wrong and what to do about it."""

import argparse
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from deskgate.addresses import LOCAL_ADDRESS, MULTIMAIL_PATH
from deskgate.commands.common import hush_pool, policy_faults
from deskgate.commands.doctor_report import Report, broken_policy, conclude, show, unusable
from deskgate.desk import Desk
from deskgate.desk.checks import (
    FAULT,
    OK,
    WARNING,
    Check,
    MultiMailFacts,
    WebhookFacts,
    multimail_checks,
    open_calls,
    smoke,
    zendesk_checks,
    zendesk_webhook,
)
from deskgate.desk.clock import Clock, SystemClock
from deskgate.desk.credentials import FixedCredential
from deskgate.desk.hints import typed_here
from deskgate.desk.multimail.administration import Administration
from deskgate.desk.store import StoreUnusable
from deskgate.desk.wire import Wire
from deskgate.settings import Settings, SettingsError, read

if TYPE_CHECKING:
    import httpx

_ROLES = {
    "solo": "This process drafts and decides.",
    "agent": "This process drafts and never decides.",
    "reviewer": "This process decides and never drafts.",
}


def run(words: argparse.Namespace) -> int:
    """Check everything. 0 without a fault (warnings are none), 1 with one, 2 where the settings cannot be used."""
    tell: Callable[[Check], None] = (lambda _: None) if words.json else show
    hush_pool()
    try:
        settings = read(sandbox=words.sandbox, role=words.role)
    except SettingsError as error:
        report = Report(unusable(error.faults))
        for check in report.checks:
            tell(check)
        conclude(report, as_json=words.json)
        return 2
    import anyio

    report = anyio.run(lambda: examine(settings, smoke_ticket=words.smoke, tell=tell))
    conclude(report, as_json=words.json)
    return 0 if report.ok else 1


async def examine(
    settings: Settings,
    *,
    smoke_ticket: int | None = None,
    transport: "httpx.AsyncBaseTransport | None" = None,
    clock: Clock | None = None,
    tell: Callable[[Check], None] = lambda _: None,
) -> Report:
    """Every check, then the smoke test if a ticket is given. `tell` hears of each line as soon as it is known.

    `transport` replaces the network in tests.
    """
    clock = clock or SystemClock()
    report = Report()

    def here(check: Check) -> Check:
        return replace(check, todo=check.todo and typed_here(check.todo, sandbox=settings.sandbox))

    def found(*checks: Check) -> None:
        for check in map(here, checks):
            report.checks.append(check)
            tell(check)

    def stepped(step: Check) -> None:
        report.smoke.append(here(step))
        tell(replace(here(step), name=f"smoke: {step.name}"))

    found(*_told(settings))
    broken = broken_policy(settings.policy, policy_faults(settings))
    if broken:
        settings = replace(settings, policy=None)  # everything else is looked at all the same
    async with _desk(settings, clock, transport) as (desk, data):
        found(data, await open_calls(desk.core.store))
        login = settings.zendesk
        now, anchor = clock.now(), settings.audit_ticket
        found(*await zendesk_checks(desk.zendesk, way=login.way, address=login.base_url, now=now, anchor_ticket=anchor))
        async with _administration(settings, clock, transport) as admin:
            found(*await multimail_checks(desk.core, _facts(settings), admin))
        found(*broken)
        if desk.core.policies is not None:
            found(*await _policy(desk))
        found(*_admin_key(settings))
        if _reached(settings) is not None:
            found(zendesk_webhook(secret_is_set=bool(settings.zendesk.webhook_secrets)))
        if smoke_ticket is not None:
            await _smoke(desk, settings, smoke_ticket, data, stepped)
    return report


async def _policy(desk: Desk) -> list[Check]:
    """The policy in force, and what its outcomes come to at this mailbox."""
    from deskgate.desk.errors import DeskError
    from deskgate.desk.policy.check import outcomes_check, policy_check
    from deskgate.desk.policy.monitored import way_out

    policies = desk.core.policies
    holder = policies.holder if policies else None
    checks = [await policy_check(holder)]
    try:
        gate = await desk.core.outbox.gate()
    except DeskError:
        return checks  # the mailbox's own line says why
    policy = await holder.current() if holder else None
    way = await way_out(desk.core, policy) if policy else None
    obstacle = way if isinstance(way, str) else None
    return [
        *checks,
        outcomes_check(policy, gate.mode, deciding_key=desk.core.oversight is not None, obstacle=obstacle),
    ]


async def _smoke(desk: Desk, settings: Settings, ticket: int, data: Check, tell: Callable[[Check], None]) -> None:
    if settings.role == "reviewer":
        tell(Check("draft", FAULT, "Not tried: the role reviewer never drafts.", "Set DESKGATE_ROLE to solo or agent."))
    elif data.state == FAULT:
        tell(Check("draft", FAULT, "Not tried: no record of it could be kept.", "Mend the data file first."))
    else:
        import secrets

        await smoke(desk, ticket, secrets.token_hex(4), tell)


@asynccontextmanager
async def _desk(
    settings: Settings, clock: Clock, transport: "httpx.AsyncBaseTransport | None"
) -> AsyncIterator[tuple[Desk, Check]]:
    """The desk as `serve` opens it. Where the data file cannot be used, over an empty one that is thrown away."""
    from deskgate.app import open_desk

    async with AsyncExitStack() as opened:
        try:
            desk = await opened.enter_async_context(open_desk(settings, clock=clock, transport=transport))
            data = Check("data file", OK, f"{settings.data} can be read and written.")
        except (StoreUnusable, OSError, sqlite3.Error) as error:
            home = Path(opened.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
            other = replace(settings, home=home, database=f"sqlite:///{home / 'deskgate.sqlite3'}")
            desk = await opened.enter_async_context(open_desk(other, clock=clock, transport=transport))
            data = _unusable_data(settings, error)
        yield desk, data


def _unusable_data(settings: Settings, error: Exception) -> Check:
    """`serve` would not start. A database elsewhere has nothing to do with the data folder."""
    text = (
        error.sentence if isinstance(error, StoreUnusable) else f"The folder {settings.home} cannot be used ({error})."
    )
    todo = "Give this user the right to write there, or set DESKGATE_HOME to another folder."
    if not settings.database.startswith("sqlite:"):
        todo = (
            "Until then nothing starts. Try `psql` with the address in DESKGATE_DATABASE_URL, as the user that deskgate "
            "runs as: it says what is wrong. Then run this again."
        )
    return Check("data file", FAULT, text, todo)


@asynccontextmanager
async def _administration(
    settings: Settings, clock: Clock, transport: "httpx.AsyncBaseTransport | None"
) -> AsyncIterator[Administration | None]:
    """The admin key's own connection, where the key is set."""
    given = settings.multimail
    if not given.admin_token:
        yield None
        return
    from deskgate.app import _pretend_network

    network = transport or (_pretend_network(settings) if settings.sandbox else None)
    wire = Wire("MultiMail", given.base_url, FixedCredential(f"Bearer {given.admin_token}"), clock, transport=network)
    try:
        yield Administration(wire, given.api)
    finally:
        await wire.aclose()


def _facts(settings: Settings) -> MultiMailFacts:
    given = settings.multimail
    here = _reached(settings)
    webhook = WebhookFacts(here + MULTIMAIL_PATH if here else None, given.webhook_secrets)
    return MultiMailFacts(given.base_url, settings.role, given.token, given.oversight_token, webhook)


def _reached(settings: Settings) -> str | None:
    """Where the two services post to; the sandbox posts to this machine."""
    return settings.public_url or (LOCAL_ADDRESS if settings.sandbox else None)


def _told(settings: Settings) -> list[Check]:
    """What the settings alone say."""
    world = "the sandbox, a pretend Zendesk and MultiMail" if settings.sandbox else "the live services"
    checks = [Check("settings", OK, f"They are complete. This looks at {world}. The data folder is {settings.home}.")]
    checks += [Check("settings", WARNING, notice, "Remove it until it has an effect.") for notice in settings.notices]
    checks.append(
        Check("role", OK, f"{settings.role}: {_ROLES[settings.role]} The record names it {settings.principal}.")
    )
    if settings.role != "agent":
        checks.append(_approval(settings))
    return checks


def _approval(settings: Settings) -> Check:
    if settings.approve == "confirm":
        return Check(
            "approval", OK, "confirm: a person is shown the whole mail in the chat and asked, for every decision."
        )
    return Check(
        "approval",
        WARNING,
        "unattended: nobody is asked. Whoever drafted a reply still cannot approve it.",
        "Keep this only where a process of its own reviews (role reviewer); otherwise set DESKGATE_APPROVE=confirm.",
    )


def _admin_key(settings: Settings) -> list[Check]:
    if settings.multimail.admin_token:
        return []
    text = "Not set, which is fine. With it, doctor would also look at the scopes of the keys and at webhooks."
    return [Check("admin key", OK, text)]
