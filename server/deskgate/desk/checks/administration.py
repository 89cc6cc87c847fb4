"""What only the admin key shows: the scopes of the other keys, and the registered webhooks."""

from deskgate.desk.checks.line import FAULT, OK, WARNING, Check, attempt, failed, plain, refused
from deskgate.desk.errors import DeskError
from deskgate.desk.multimail.administration import Administration, ApiKey, Delivery, Webhook
from deskgate.desk.wire import Denied, Missing

SHOWN = 5


async def administration_checks(admin: Administration, sending_key: str, deciding_key: str) -> list[Check]:
    """The admin key itself, the scopes of the other two, and the webhooks. Reads only."""
    keys, webhooks = await attempt(admin.keys()), await attempt(admin.webhooks())
    deliveries = [] if isinstance(webhooks, DeskError) else await attempt(admin.deliveries())
    for answer in (keys, webhooks, deliveries):
        if isinstance(answer, Denied):
            todo = "Set MULTIMAIL_ADMIN_TOKEN to a key with the scope admin, or leave it out: only doctor uses it."
            return [refused("admin key", answer, "admin", todo)]
    return [*_scopes(keys, sending_key, deciding_key), _webhooks(webhooks), *_deliveries(deliveries)]


def _scopes(keys: list[ApiKey] | DeskError, sending_key: str, deciding_key: str) -> list[Check]:
    name = "key scopes"
    if isinstance(keys, Missing):
        return [Check(name, WARNING, "MultiMail has no list of keys here, so their scopes are not known.")]
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


def _webhooks(found: list[Webhook] | DeskError) -> Check:
    name = "webhooks"
    if isinstance(found, Missing):
        return Check(name, OK, "MultiMail has no list of webhooks here. This version of deskgate needs none.")
    if isinstance(found, DeskError):
        return failed(name, found)
    if not found:
        return Check(name, OK, "None is registered. This version of deskgate needs none.")
    shown = "; ".join(f"{plain(one.place)} ({plain(', '.join(one.events))})" for one in found[:SHOWN])
    more = f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return Check(name, OK, f"{len(found)} registered, which this version of deskgate does not use: {shown}{more}.")


def _deliveries(found: list[Delivery] | DeskError) -> list[Check]:
    name = "webhooks"
    if isinstance(found, Missing):
        return []
    if isinstance(found, DeskError):
        return [failed(name, found)]
    lost = [one for one in found if one.status == "failed"]
    if not lost:
        return []
    text = (
        f"{len(lost)} of the last {len(found)} deliveries failed; the newest went to {plain(lost[0].place)} and got "
        f"{plain(lost[0].answer or 'no answer')}."
    )
    return [Check(name, WARNING, text, "Look at what answers at that address, or delete the webhook at MultiMail.")]
