"""Who gets no mail from here, and why. Our own list decides: MultiMail's can be read and not added to."""

from dataclasses import dataclass

from deskgate.desk.audit.said import Once, Said, acting
from deskgate.desk.errors import Suppressed
from deskgate.desk.hints import typed_here
from deskgate.desk.people import key_of
from deskgate.desk.store import hashed
from deskgate.desk.store.tables import Tables, named_queries


@dataclass(frozen=True)
class Suppression:
    """One address that is off. `since` is UTC ISO 8601."""

    address: str
    reason: str
    since: str


def add(tables: Tables, address: str, *, reason: str, source: str, ticket_id: int | None, since: str) -> Once:
    """Take an address off, and record it. It belongs into the transaction that learnt of the wish."""
    who = key_of(address)
    values = {"address": who, "reason": reason, "source": source, "ticket_id": ticket_id, "since": since}
    said = Said(
        "suppress.add",
        acting(),
        {"ticket": ticket_id},
        {"source": source},
        {"status": "done"},
        {"address": who, "reason": reason},
        who,
    )
    return Once((named_queries("deskgate.desk.inbox", tables.dialect)["suppress"], values), (said,))


async def suppression_of(tables: Tables, address: str) -> Suppression | None:
    """Why and since when this address gets no mail; `None` where it may."""
    sql = named_queries("deskgate.desk.inbox", tables.dialect)["suppression"]
    found = await tables.rows(sql, address=key_of(address), address_hash=hashed(key_of(address)))
    return Suppression(**found[0]) if found else None


@dataclass(frozen=True)
class Listed(Suppression):
    """The same with where the wish came from: an event's key, or `operator:` and a name."""

    source: str
    ticket_id: int | None


async def suppressed(tables: Tables) -> list[Listed]:
    """Every address that is off, the newest first."""
    sql = named_queries("deskgate.desk.inbox", tables.dialect)["suppressions"]
    return [Listed(**row) for row in await tables.rows(sql)]


def lift(tables: Tables, address: str, *, now: str) -> Once:
    """Let an address get mail again, and record it; nothing where it is not off."""
    who = key_of(address)
    said = Said("suppress.remove", acting(), res={"status": "done"}, personal={"address": who}, person=who)
    values = {"address": who, "address_hash": hashed(who), "now": now}
    return Once((named_queries("deskgate.desk.inbox", tables.dialect)["lift_suppression"], values), (said,))


async def held_for(tables: Tables, address: str) -> int:
    """How many replies to this address are not out yet."""
    sql = named_queries("deskgate.desk.inbox", tables.dialect)["held_for"]
    return len(await tables.rows(sql, address=key_of(address)))


async def check_not_suppressed(tables: Tables, address: str, *, ticket_id: int, sandbox: bool = False) -> None:
    """Stop here where this address must not be written to.

    Raises:
        Suppressed: says why and since when.
    """
    found = await suppression_of(tables, address)
    if found is not None:
        sentence = (
            f"The ticket's requester gets no more email from here ({found.reason}, since {found.since}). Answer in Zendesk, "
            "or have an operator lift it with `deskgate suppressions remove ADDRESS`."
        )
        raise Suppressed(typed_here(sentence, sandbox=sandbox), ticket_id=ticket_id)
