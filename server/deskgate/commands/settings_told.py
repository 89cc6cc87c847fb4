"""That the settings changed, for the audit trail: at each start they are held against what was told the last time."""

import json
from dataclasses import fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deskgate.desk import Desk
    from deskgate.settings import Settings

# How something is shown, or what follows from a setting that is named itself.
NOT_TOLD = ("zendesk", "multimail", "database", "notices", "colour")


async def tell_settings(settings: "Settings", desk: "Desk") -> None:
    """One record where something changed since the last start in the same role, naming what. Values go in as hashes.

    Raises:
        StoreUnusable: it could not be written.
    """
    from deskgate.desk.audit.said import SYSTEM, Said
    from deskgate.desk.store.tables import named_queries

    store = desk.core.store
    sql = named_queries("deskgate.desk.audit", store.dialect)
    policy = await desk.core.policies.holder.current() if desk.core.policies else None
    now = _hashes(settings) | ({"policy.hash": policy.hash} if policy else {})
    name = f"settings:{settings.role}"
    rows = await store.rows(sql["settings_told"], name=name)
    before = json.loads(rows[0]["value"]) if rows else {}
    changed = sorted(one for one in {**before, **now} if before.get(one) != now.get(one))
    if not changed:
        return
    said = Said(
        "config.change",
        SYSTEM,
        {"role": settings.role},
        {"changed": changed, "values": {one: now.get(one, "") for one in changed}},
        {"status": "changed" if before else "first"},
    )
    values = {"name": name, "value": json.dumps(now, sort_keys=True), "now": desk.core.now()}
    await store.write((sql["tell_settings"], values), said=[said])


def _hashes(settings: "Settings") -> dict[str, str]:
    from deskgate.desk.audit.said import fingerprint

    # An address with a password in it could be guessed from its hash, so it counts without.
    values: dict[str, object] = {"database": settings.data}
    values |= {field.name: getattr(settings, field.name) for field in fields(settings) if field.name not in NOT_TOLD}
    for part in ("zendesk", "multimail"):
        group = getattr(settings, part)
        values |= {f"{part}.{field.name}": getattr(group, field.name) for field in fields(group)}
    return {name: fingerprint(value if isinstance(value, str) else repr(value)) for name, value in values.items()}
