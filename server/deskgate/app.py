"""The composition root: from settings to clients, store and desk. The one place that chooses live or sandbox."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import cache, partial
from typing import TYPE_CHECKING

import anyio

from deskgate.addresses import LOCAL_ADDRESS
from deskgate.desk import Core, Desk, Principal
from deskgate.desk.audit.said import fingerprint
from deskgate.desk.clock import Clock, SystemClock
from deskgate.desk.credentials import Credential, FixedCredential
from deskgate.desk.multimail import connect
from deskgate.desk.principals import SCOPES_OF_ROLE
from deskgate.desk.store import Store, open_store
from deskgate.desk.wire import Wire
from deskgate.desk.zendesk import Zendesk
from deskgate.desk.zendesk.credentials import ClientCredentials, api_token_credential, bearer_credential
from deskgate.service_settings import ZendeskSettings
from deskgate.settings import Settings

if TYPE_CHECKING:
    import httpx

    from deskgate.desk.heard import Heard
    from deskgate.desk.multimail.suppression_list import Suppressed
    from deskgate.desk.policy import Policies
    from deskgate.desk.wire import Network
    from deskgate.sandbox.faults import Fault


@asynccontextmanager
async def open_desk(
    settings: Settings,
    *,
    clock: Clock | None = None,
    transport: "httpx.AsyncBaseTransport | None" = None,
    heard: "Heard | None" = None,
) -> AsyncIterator[Desk]:
    """Everything a process owns, opened once and closed once.

    `transport` replaces the network in tests; otherwise the sandbox answers in-process or the real services do. `heard` is
    told of every call to the two services.

    Raises:
        PolicyError: a policy is set and its file cannot be used.
    """
    clock = clock or SystemClock()
    network: Network | None = transport or (_pretend_network(settings) if settings.sandbox else None)
    login = _zendesk_login(settings.zendesk, clock, network)
    wire = _wires(heard)
    zendesk = wire("Zendesk", settings.zendesk.base_url, login, clock, transport=network)
    multimail = settings.multimail
    sending = wire("MultiMail", multimail.base_url, _bearer(multimail.token), clock, transport=network)
    deciding = _deciding(settings, clock, network, wire)
    administering = _administering(settings, clock, network)
    store = await open_store(settings.database, clock, keys=_fingerprints(settings))
    outbox, oversight = connect(sending, deciding, mailbox=multimail.mailbox, api=multimail.api, clock=clock)
    reading = Zendesk(zendesk, clock)
    core = Core(
        zendesk=reading,
        outbox=outbox,
        oversight=oversight,
        store=store,
        clock=clock,
        asks=settings.approve == "confirm",
        seen_hours=settings.seen_hours,
        anchor_ticket=settings.audit_ticket,
        sandbox=settings.sandbox,
        page=f"{settings.public_url or LOCAL_ADDRESS}/approvals",
        policies=await _policies(settings, reading, store),
        suppressed_there=_suppressed_there(administering),
    )
    try:
        yield Desk(core, local_principal(settings))
    finally:
        with anyio.CancelScope(shield=True):
            for held in (
                zendesk,
                sending,
                deciding,
                administering,
                store,
                *([login] if isinstance(login, ClientCredentials) else []),
            ):
                if held is not None:
                    await held.aclose()


async def _policies(settings: Settings, zendesk: Zendesk, store: Store) -> "Policies | None":
    if settings.policy is None:
        return None
    from deskgate.desk.policy import Gatherer, Policies, PolicyHolder

    return Policies(await PolicyHolder.open(settings.policy), Gatherer(zendesk, store))


def local_principal(settings: Settings) -> Principal:
    """Who a local process acts for. An MCP client is an agent; what a person says there comes as a confirmation."""
    role = settings.role
    return Principal(
        settings.principal, "agent", SCOPES_OF_ROLE[role], settings.owner, solo=role == "solo", auth="own process"
    )


def _wires(heard: "Heard | None") -> Callable[..., Wire]:
    if heard is None:
        return Wire
    from deskgate.desk.heard import HeardWire

    return partial(HeardWire, heard=heard)


def _deciding(settings: Settings, clock: Clock, network: "Network | None", wire: Callable[..., Wire]) -> Wire | None:
    """The deciding key's own connection; a drafting process never gets one, even where the key is set."""
    key = settings.multimail.oversight_token
    if not key or settings.role == "agent":
        return None
    return wire("MultiMail", settings.multimail.base_url, _bearer(key), clock, transport=network)


def _administering(settings: Settings, clock: Clock, network: "Network | None") -> Wire | None:
    """Only for reading MultiMail's suppression list, which opens to no lesser key."""
    key = settings.multimail.admin_token
    return Wire("MultiMail", settings.multimail.base_url, _bearer(key), clock, transport=network) if key else None


def _suppressed_there(wire: Wire | None) -> "Callable[[], Awaitable[list[Suppressed]]] | None":
    if wire is None:
        return None
    from deskgate.desk.multimail.suppression_list import suppressed

    return partial(suppressed, wire)


def _fingerprints(settings: Settings) -> dict[str, str]:
    """Of the keys that this process calls with, for the audit trail."""
    zendesk, multimail = settings.zendesk, settings.multimail
    secret = {"oauth token": zendesk.oauth_token, "oauth client": zendesk.client_secret, "api token": zendesk.token}
    deciding = "" if settings.role == "agent" else multimail.oversight_token
    used = {"zendesk": secret[zendesk.way], "send": multimail.token, "oversight": deciding}
    return {name: fingerprint(key) for name, key in used.items() if key}


def _bearer(token: str) -> Credential:
    return FixedCredential(f"Bearer {token}")


def _zendesk_login(settings: ZendeskSettings, clock: Clock, network: "Network | None") -> Credential:
    if settings.way == "oauth token":
        return bearer_credential(settings.oauth_token)
    if settings.way == "oauth client":
        return ClientCredentials(
            settings.base_url, settings.client_id, settings.client_secret, clock, transport=network
        )
    return api_token_credential(settings.email, settings.token)


def _pretend_network(settings: Settings) -> "Network":
    """The pretend world, opened at the first request: its code and httpx are a tenth of the start."""
    plan = _faults(settings)

    @cache
    def opened() -> "httpx.AsyncBaseTransport":
        from deskgate.sandbox.transport import SandboxTransport
        from deskgate.sandbox.world import World

        world = World.open(settings.sandbox_folder)
        world.faults.replace(plan)
        return SandboxTransport(world)

    return opened


def _faults(settings: Settings) -> "list[Fault]":
    if not settings.sandbox_faults:
        return []
    from deskgate.sandbox.faults import parse_fault

    return [parse_fault(text) for text in settings.sandbox_faults]
