"""What `deskgate setup` has to know. Most settings may still be missing then: making them is what it is for."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deskgate.addresses import LOCAL_ADDRESS, public_origin
from deskgate.service_settings import MultiMailSettings
from deskgate.setting_names import flag
from deskgate.settings import SANDBOX_BASE, SettingsError, _multimail, home, told

MISSING = " is missing: "


@dataclass(frozen=True)
class SetupSettings:
    """MultiMail with the admin key, and where this server is reached (`None`: nobody said so)."""

    home: Path
    sandbox: bool
    multimail: MultiMailSettings
    public_url: str | None
    zendesk_secret: bool = False

    @property
    def sandbox_folder(self) -> Path:
        """Where the pretend world lives."""
        return self.home / "sandbox"


def read(environment: Mapping[str, str] | None = None, *, sandbox: bool | None = None) -> SetupSettings:
    """Read them.

    Raises:
        SettingsError: one is unusable, or there is no admin key.
    """
    given = told(environment)
    faults: list[str] = []
    pretend = flag(given, "DESKGATE_SANDBOX", faults) if sandbox is None else sandbox
    source = _pretended() if pretend else given
    multimail = _multimail(source, faults, sandbox=pretend)
    faults = [fault for fault in faults if MISSING not in fault]
    if not multimail.admin_token:
        faults.append(
            "MULTIMAIL_ADMIN_TOKEN is missing: setup needs a MultiMail key with the scopes read and admin. Set it for "
            "this one command and forget it."
        )
    public_url = public_origin("DESKGATE_PUBLIC_URL", given.get("DESKGATE_PUBLIC_URL"), faults)
    if faults:
        raise SettingsError(faults)
    return SetupSettings(
        home=home(given),
        sandbox=pretend,
        multimail=multimail,
        public_url=public_url or (LOCAL_ADDRESS if pretend else None),
        zendesk_secret="ZENDESK_WEBHOOK_SECRET" in source,
    )


def _pretended() -> dict[str, str]:
    from deskgate.sandbox.constants import SANDBOX_ENVIRONMENT

    return SANDBOX_ENVIRONMENT(SANDBOX_BASE)
