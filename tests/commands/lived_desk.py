"""A desk that has known a customer for a while, and everything that is on its disk."""

from pathlib import Path

import psycopg
from audit_office import AtWork

from bench import Bench
from desk.inbox.desk_at_work import REQUESTER, TICKET

WORDS = "Kvarnen has the blue kettle"
ANSWER = "Thank you, my garden is in Vimmerby"
NEEDLES = (REQUESTER, "lindqvist", WORDS, ANSWER, "Vimmerby")


async def lived(one: Bench) -> AtWork:
    """A ticket with a reply that went out, the customer's answer, a note, and somebody else's ticket beside it."""
    desk = AtWork.of(one)
    await desk.sent(body=f"{WORDS}.")
    await desk.work()
    one.world.receive_reply(TICKET, ANSWER, quoted=True)
    await desk.work()
    async with one.client() as caller:
        await caller.ok("note_zendesk_ticket", ticket_id=TICKET, note=f"She said: {ANSWER}")
    return desk


async def deleted_before(one: Bench, text: str) -> None:
    """Deleting a row leaves its bytes in a SQLite file: they must go as well."""
    store = one.desk.core.store
    if store.dialect == "sqlite":
        await store.rows("PRAGMA secure_delete = OFF")
    await store.write(("INSERT INTO marks (name, value, set_at) VALUES ('old', :text, '')", {"text": text * 50}))
    await store.write(("DELETE FROM marks WHERE name = 'old'", {}))


def bytes_of(folder: Path, database: str) -> bytes:
    """Everything in the data folder but the pretend services, or all rows of the database."""
    if database.startswith("sqlite"):
        files = [*folder.glob("sandbox/deskgate.sqlite3*"), *folder.glob("sandbox/audit*"), *folder.glob("*")]
        return b"".join(path.read_bytes() for path in files if path.is_file())
    with psycopg.connect(database) as connection:
        names = [row[0] for row in connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()"
        )]  # fmt: skip
        rows = [str(row) for name in names for row in connection.execute(f'SELECT * FROM "{name}"'.encode())]
        decoded = [
            bytes(row[0]).decode("utf-8", "replace") for row in connection.execute("SELECT body FROM inbox_events")
        ]
        return "\n".join(rows + decoded).encode()
