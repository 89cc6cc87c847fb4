"""What only the admin key shows: the scopes of the other keys, and the registered webhooks."""

from datetime import datetime

from deskgate.desk.checks.line import FAULT, OK, WARNING, Check, attempt, failed, plain, refused
from deskgate.desk.checks.webhooks import WebhookFacts, webhook_checks
from deskgate.desk.errors import DeskError
from deskgate.desk.multimail.administration import Administration, ApiKey
from deskgate.desk.wire import Denied, Missing


async def administration_checks(
    admin: Administration, sending_key: str, deciding_key: str, webhook: WebhookFacts, now: datetime
) -> list[Check]:
    """The admin key itself, the scopes of the other two, and the webhooks. Reads only."""
    keys = await attempt(admin.keys())
    webhooks = keys if isinstance(keys, Denied) else await webhook_checks(admin, webhook, now)
    if isinstance(webhooks, Denied):
        todo = (
            "Set MULTIMAIL_ADMIN_TOKEN to a key with the scopes read and admin, or leave it out: only doctor and setup "
            "use it."
        )
        return [refused("admin key", webhooks, "admin", todo)]
    return [*_scopes(keys, sending_key, deciding_key), *webhooks]


def _scopes(keys: list[ApiKey] | DeskError, sending_key: str, deciding_key: str) -> list[Check]:
    name = "key scopes"
    if isinstance(keys, Missing):
        return [Check(name, OK, "MultiMail has no list of keys here, so their scopes were not looked at.")]
    if isinstance(keys, DeskError):
        return [failed(name, keys)]
    checks = [_one(keys, "MULTIMAIL_TOKEN", sending_key, frozenset({"read", "send"}))]
    if deciding_key:
        checks.append(_one(keys, "MULTIMAIL_OVERSIGHT_TOKEN", deciding_key, frozenset({"oversight"})))
    return checks


def _one(keys: list[ApiKey], setting: str, secret: str, wanted: frozenset[str]) -> Check:
    name = "key scopes"
    known = [key for key in keys if key.begins(secret)]
    if len(known) != 1:
        return Check(name, WARNING, f"Which of the account's keys {setting} is cannot be told from their beginnings.")
    scopes = known[0].scopes
    has = plain(", ".join(sorted(scopes))) or "no scope"
    if scopes == wanted:
        return Check(name, OK, f"{setting} has exactly the scopes that it needs: {has}.")
    todo = f"Make a key with exactly the scopes {' and '.join(sorted(wanted))} for {setting}, and revoke this one."
    # Reading what it may decide on lets nothing out; anything else beyond the wanted scopes is power that it must not have.
    harmless = wanted <= scopes and scopes - wanted <= {"read"}
    return Check(name, WARNING if harmless else FAULT, f"{setting} has other scopes than it should have: {has}.", todo)
