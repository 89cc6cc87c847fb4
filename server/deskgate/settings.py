"""The environment, read once into one frozen value. Nothing else in deskgate reads it.

A missing or contradictory setting stops the start, with one sentence for each fault.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from deskgate.addresses import SANDBOX_HOST, origin, public_origin
from deskgate.desk.principals import Role
from deskgate.principal_settings import principal, someone
from deskgate.service_settings import MultiMailSettings, ZendeskSettings, webhook_secrets
from deskgate.setting_names import choice, flag, misspelt, whole_number

SANDBOX_BASE = f"http://{SANDBOX_HOST}"

SECRETS = (
    "ZENDESK_OAUTH_TOKEN",
    "ZENDESK_OAUTH_CLIENT_SECRET",
    "ZENDESK_TOKEN",
    "MULTIMAIL_TOKEN",
    "MULTIMAIL_API_KEY",
    "MULTIMAIL_OVERSIGHT_TOKEN",
    "MULTIMAIL_ADMIN_TOKEN",
)


class SettingsError(Exception):
    """The environment cannot be used; `faults` has one sentence each."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(frozen=True)
class Settings:
    """Everything deskgate was told. Secrets do not show in its repr."""

    home: Path
    sandbox: bool
    role: Role
    principal: str
    owner: str
    approve: Literal["confirm", "unattended"]
    zendesk: ZendeskSettings
    multimail: MultiMailSettings
    database: str = field(repr=False)
    policy: Path | None = None
    tokens: Path | None = None
    public_url: str | None = None
    seen_hours: int = 24
    worker: bool = True
    reconcile_seconds: int = 120
    sandbox_faults: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    colour: bool = True
    audit_anchor: Path | None = None
    audit_ticket: int | None = None

    @property
    def data(self) -> str:
        """Where the data is, in words that hold no password."""
        kind, _, rest = self.database.partition("://")
        return (
            rest.removeprefix("/")
            if kind == "sqlite"
            else f"the PostgreSQL database at {rest.rpartition('@')[2].partition('?')[0]}"
        )

    @property
    def sandbox_folder(self) -> Path:
        """Where the pretend world lives."""
        return self.home / "sandbox"

    @property
    def keys_folder(self) -> Path:
        """Where the signing keys of audit trails are."""
        return self.sandbox_folder if self.sandbox else self.home


def home(environment: Mapping[str, str] | None = None) -> Path:
    """The data folder: DESKGATE_HOME, or the platform's folder for a user's data."""
    given = (os.environ if environment is None else environment).get("DESKGATE_HOME", "").strip()
    if given:
        return Path(given).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_data_dir("deskgate", appauthor=False))


def own_home() -> Path:
    """The data folder, made if it is missing and then readable to its owner alone.

    Raises:
        SettingsError: it cannot be made or written.
    """
    try:
        folder = home()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        writable = os.access(folder, os.W_OK | os.X_OK)
    except (OSError, RuntimeError):
        writable = False
    if not writable:
        raise SettingsError(["The data folder cannot be written. Set DESKGATE_HOME to a folder that belongs to you."])
    return folder


def token_file(environment: Mapping[str, str] | None = None) -> Path | None:
    """The file of the bearer tokens for HTTP: DESKGATE_TOKENS, or `None` where it is not set."""
    given = (os.environ if environment is None else environment).get("DESKGATE_TOKENS", "").strip()
    return Path(given).expanduser().absolute() if given else None


def inherited() -> dict[str, str]:
    """What a child process needs of this one's environment to run at all, and none of our settings."""
    needed = ("PATH", "HOME", "LANG", "SYSTEMROOT", "TEMP", "TMP", "PYTHONPATH", "VIRTUAL_ENV")
    return {name: os.environ[name] for name in needed if name in os.environ}


def told(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment without what is empty, which counts as not set."""
    source = os.environ if environment is None else environment
    return {name: value.strip() for name, value in source.items() if value.strip()}


def read(
    environment: Mapping[str, str] | None = None,
    *,
    sandbox: bool | None = None,
    role: str | None = None,
    sandbox_faults: tuple[str, ...] = (),
    services: bool = True,
) -> Settings:
    """Read the settings; arguments come from the command line and win.

    Without `services` nothing that only concerns the two services is a fault: what is read of them is not for use.

    Raises:
        SettingsError: with every fault found, not only the first.
    """
    given = told(environment)
    faults: list[str] = []
    pretend = flag(given, "DESKGATE_SANDBOX", faults) if sandbox is None else sandbox
    chosen = choice(given, "DESKGATE_ROLE", ("solo", "agent", "reviewer"), "solo", faults, role)
    approve = choice(given, "DESKGATE_APPROVE", ("confirm", "unattended"), "confirm", faults)
    zendesk, multimail = _pretended() if pretend else _live(given, faults if services else [])
    folder = _folder(given, faults)
    settings = Settings(
        home=folder,
        sandbox=pretend,
        role=chosen,  # type: ignore[arg-type]  # choice gives one of the three
        principal=principal(given, faults) or someone(chosen),
        owner="" if "DESKGATE_PRINCIPAL" in given else someone("solo"),
        approve=approve,  # type: ignore[arg-type]  # one of the two
        zendesk=zendesk,
        multimail=multimail,
        database=_database(given, folder, pretend, faults),
        policy=_path(given, "DESKGATE_POLICY", faults),
        tokens=_path(given, "DESKGATE_TOKENS", faults),
        audit_anchor=_path(given, "DESKGATE_AUDIT_ANCHOR", faults),
        audit_ticket=whole_number(given, "DESKGATE_AUDIT_TICKET", 0, (0, 2**53), faults) or None,
        seen_hours=whole_number(given, "DESKGATE_SEEN_HOURS", 24, (1, 168), faults),
        worker=flag(given, "DESKGATE_WORKER", faults, default="1"),
        reconcile_seconds=whole_number(given, "DESKGATE_RECONCILE_SECONDS", 2 if pretend else 120, (0, 86_400), faults),
        public_url=public_origin("DESKGATE_PUBLIC_URL", given.get("DESKGATE_PUBLIC_URL"), faults),
        sandbox_faults=sandbox_faults,
        notices=(*misspelt(given, faults), *_without_effect(given, pretend)),
        colour=not (os.environ if environment is None else environment).get("NO_COLOR") and given.get("TERM") != "dumb",
    )
    if services and chosen == "reviewer" and not settings.multimail.oversight_token:
        faults.append("DESKGATE_ROLE=reviewer needs MULTIMAIL_OVERSIGHT_TOKEN: without it nothing can be decided.")
    if faults:
        raise SettingsError(faults)
    return settings


def _folder(given: Mapping[str, str], faults: list[str]) -> Path:
    try:
        return home(given)
    except RuntimeError:
        faults.append("DESKGATE_HOME begins with ~ and that user has no home folder. Write the whole path.")
        return Path()


def _live(given: Mapping[str, str], faults: list[str]) -> tuple[ZendeskSettings, MultiMailSettings]:
    for name in SECRETS:
        value = given.get(name, "")
        if not value.isascii() or not value.isprintable() or " " in value:
            faults.append(
                f"{name} holds a character that no key has (a space, a line break, an accent). Copy it again."
            )
    return _zendesk(given, faults, sandbox=False), _multimail(given, faults, sandbox=False)


def _pretended() -> tuple[ZendeskSettings, MultiMailSettings]:
    from deskgate.sandbox.constants import SANDBOX_ENVIRONMENT

    told = SANDBOX_ENVIRONMENT(SANDBOX_BASE)
    faults: list[str] = []
    return _zendesk(told, faults, sandbox=True), _multimail(told, faults, sandbox=True)


def _zendesk(given: Mapping[str, str], faults: list[str], *, sandbox: bool) -> ZendeskSettings:
    subdomain = given.get("ZENDESK_SUBDOMAIN", "")
    base_url = given.get("ZENDESK_BASE_URL", "")
    if subdomain and base_url:
        faults.append("ZENDESK_SUBDOMAIN and ZENDESK_BASE_URL both say where Zendesk is. Keep one.")
    elif subdomain:
        if not subdomain.replace("-", "").isalnum() or not subdomain.isascii():
            faults.append("ZENDESK_SUBDOMAIN is only the first part of the address: `acme` for acme.zendesk.com.")
        base_url = f"https://{subdomain}.zendesk.com"
    if base_url:
        base_url = origin("ZENDESK_BASE_URL", base_url.removesuffix("/").removesuffix("/api/v2"), faults)
    else:
        faults.append("ZENDESK_SUBDOMAIN is missing: the first part of your Zendesk address (or set ZENDESK_BASE_URL).")
    name = "ZENDESK_WEBHOOK_SECRET"
    found = ZendeskSettings(
        base_url=base_url,
        oauth_token=given.get("ZENDESK_OAUTH_TOKEN", ""),
        client_id=given.get("ZENDESK_OAUTH_CLIENT_ID", ""),
        client_secret=given.get("ZENDESK_OAUTH_CLIENT_SECRET", ""),
        email=given.get("ZENDESK_EMAIL", ""),
        token=given.get("ZENDESK_TOKEN", ""),
        webhook_secrets=webhook_secrets(name, given.get(name, ""), faults, sandbox=sandbox),
    )
    _signed_in(found, faults)
    return found


def _signed_in(found: ZendeskSettings, faults: list[str]) -> None:
    halves = (
        ("ZENDESK_OAUTH_CLIENT_ID", found.client_id, "ZENDESK_OAUTH_CLIENT_SECRET", found.client_secret),
        ("ZENDESK_EMAIL", found.email, "ZENDESK_TOKEN", found.token),
    )
    if found.oauth_token:
        return
    for first, one, second, other in halves:
        if one and other:
            return
        if one or other:
            faults.append(f"{second if one else first} is missing: it goes with {first if one else second}.")
            return
    faults.append(
        "No Zendesk login is set: ZENDESK_OAUTH_TOKEN, or ZENDESK_OAUTH_CLIENT_ID with ZENDESK_OAUTH_CLIENT_SECRET, "
        "or ZENDESK_EMAIL with ZENDESK_TOKEN."
    )


def _multimail(given: Mapping[str, str], faults: list[str], *, sandbox: bool) -> MultiMailSettings:
    token = given.get("MULTIMAIL_TOKEN") or given.get("MULTIMAIL_API_KEY", "")
    oversight = given.get("MULTIMAIL_OVERSIGHT_TOKEN", "")
    alias = given.get("MULTIMAIL_API_KEY")
    if alias and given.get("MULTIMAIL_TOKEN", alias) != alias:
        faults.append("MULTIMAIL_TOKEN and MULTIMAIL_API_KEY are the same setting and differ. Keep one.")
    if not token:
        faults.append("MULTIMAIL_TOKEN is missing: a MultiMail key with the scopes read and send.")
    admin = given.get("MULTIMAIL_ADMIN_TOKEN", "")
    if token and token == oversight:
        faults.append(
            "MULTIMAIL_OVERSIGHT_TOKEN is the same key as MULTIMAIL_TOKEN. Whoever writes must not be able to approve: "
            "make a second key with the scope oversight."
        )
    if admin and admin in (token, oversight):
        faults.append(
            "MULTIMAIL_ADMIN_TOKEN is the same key as another one. A key that can change the mailbox must neither "
            "write nor approve: make a third key with the scope admin, or remove the setting."
        )
    mailbox = given.get("MULTIMAIL_MAILBOX", "")
    if mailbox.count("@") > 1 or any(char.isspace() or char in ",;<>" for char in mailbox):
        faults.append("MULTIMAIL_MAILBOX must be one plain address, like support@acme.example.")
    if "MULTIMAIL_MAILBOX" not in given:
        faults.append("MULTIMAIL_MAILBOX is missing: the address of the support mailbox at MultiMail.")
    name = "MULTIMAIL_WEBHOOK_SECRET"
    return MultiMailSettings(
        base_url=origin("MULTIMAIL_BASE_URL", given.get("MULTIMAIL_BASE_URL", "https://api.multimail.dev"), faults),
        mailbox=given.get("MULTIMAIL_MAILBOX", ""),
        token=token,
        oversight_token=oversight,
        admin_token=admin,
        webhook_secrets=webhook_secrets(name, given.get(name, ""), faults, sandbox=sandbox),
        api=choice(given, "MULTIMAIL_API", ("auto", "v1", "short"), "auto", faults),  # type: ignore[arg-type]
    )


def _path(given: Mapping[str, str], name: str, faults: list[str]) -> Path | None:
    try:
        return Path(given[name]).expanduser().absolute() if name in given else None
    except RuntimeError:
        faults.append(f"{name} begins with ~ and that user has no home folder. Write the whole path.")
        return None


def _without_effect(given: Mapping[str, str], pretend: bool) -> list[str]:
    told = "DESKGATE_DATABASE_URL has no effect in the sandbox, which keeps a file of its own in the data folder."
    return [told] if pretend and "DESKGATE_DATABASE_URL" in given else []


def _database(given: Mapping[str, str], folder: Path, pretend: bool, faults: list[str]) -> str:
    """Where the data is. The sandbox has its own file, so that a rehearsal never meets a real draft."""
    if pretend:
        return f"sqlite:///{folder / 'sandbox' / 'deskgate.sqlite3'}"
    url = given.get("DESKGATE_DATABASE_URL", "")
    if url.startswith(("postgresql://", "postgres://")):
        return url
    if url and (not url.startswith("sqlite:///") or url.endswith("/")):
        faults.append(
            "DESKGATE_DATABASE_URL must be sqlite:///path/to/file (one machine) or postgresql://user@host/database "
            "(several processes or machines)."
        )
    try:
        path = Path(url.removeprefix("sqlite:///")).expanduser().absolute() if url else folder / "deskgate.sqlite3"
    except RuntimeError:
        faults.append("DESKGATE_DATABASE_URL has a ~ and that user has no home folder. Write the whole path.")
        path = folder
    return f"sqlite:///{path}"
