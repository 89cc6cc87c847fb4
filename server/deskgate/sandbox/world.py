"""The state of the pretend world: one SQLite file and a Maildir, with the doors that tests and the demo use."""

import json
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import RLock
from typing import Any

from deskgate.sandbox import constants, maildir, seeding
from deskgate.sandbox.exchange import Answer, Ask, Json, RefusedError
from deskgate.sandbox.faults import FaultPlan
from deskgate.sandbox.moment import Moment
from deskgate.sandbox.store import Store
from deskgate.sandbox.switches import SWITCHES, Value
from deskgate.sandbox.times import utcnow

CALLS_KEPT = 10_000
FILE_NAME = "sandbox.sqlite3"


@dataclass(frozen=True)
class SentMail:
    """A mail that reached a customer. `path` is its file in the Maildir."""

    id: str
    to: list[str]
    subject: str
    body: str
    message_id: str
    in_reply_to: str | None
    thread_id: str
    path: Path


@dataclass(frozen=True)
class Call:
    """One HTTP call that this process received. `status` is None where nothing was answered; `fault` is a kind."""

    service: str
    method: str
    path: str
    query: str
    status: int | None
    fault: str | None = None


class World:
    """A pretend Zendesk and a pretend MultiMail over one folder. Several processes may open the same folder."""

    def __init__(self, folder: Path, store: Store, clock: Callable[[], datetime]) -> None:
        self.folder = folder
        self.faults = FaultPlan()
        self.clock = clock
        self._store = store
        self._lock = RLock()
        self._calls: deque[Call] = deque(maxlen=CALLS_KEPT)

    @classmethod
    def open(cls, folder: Path, clock: Callable[[], datetime] = utcnow) -> "World":
        """Open the world in this folder, and fill it with its tickets the first time."""
        folder.mkdir(parents=True, exist_ok=True)
        for part in maildir.FOLDERS:
            (folder / "Maildir" / part).mkdir(parents=True, exist_ok=True)
        world = cls(folder, Store(folder / FILE_NAME), clock)
        with world.moment() as moment:
            if moment.store.row("fact", name="seeded_at") is None:
                seeding.seed(moment)
        return world

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._store.close()

    @contextmanager
    def moment(self) -> Iterator[Moment]:
        """A transaction over the whole world; an exception leaves everything as it was."""
        with self._lock:
            self._store.begin()
            try:
                switches: dict[str, Value] = {name: switch.default for name, switch in SWITCHES.items()}
                for row in self._store.rows("switches"):
                    switches[row["name"]] = json.loads(row["value"])
                yield Moment(self._store, self.clock(), switches, self.folder)
            except BaseException:
                self._store.rollback()
                raise
            self._store.commit()

    def answer(self, service: str, ask: Ask) -> Answer:
        """What the named service answers. A refusal changes nothing."""
        from deskgate.sandbox.multimail.service import answer as multimail
        from deskgate.sandbox.zendesk.service import answer as zendesk

        try:
            with self.moment() as moment:
                return zendesk(moment, ask) if service == "zendesk" else multimail(moment, ask)
        except RefusedError as refusal:
            return refusal.answer

    def reset(self) -> None:
        """Back to the first day: records, mails, switches, faults and calls go, the six tickets are as they were."""
        with self.moment() as moment:
            moment.store.wipe()
            maildir.empty(self.folder / "Maildir")
            seeding.seed(moment)
        self.faults.clear()
        self._calls.clear()

    def switch(self, name: str, value: Any) -> None:
        """Set a switch. Raises KeyError for an unknown one, ValueError for a value that it cannot take."""
        checked = SWITCHES[name].checked(value)
        with self.moment() as moment:
            moment.store.run("switch_set", name=name, value=json.dumps(checked))

    def switches(self) -> dict[str, Value]:
        """The position of every switch."""
        with self.moment() as moment:
            return dict(moment.switches)

    def calls(self, service: str | None = None) -> list[Call]:
        """The HTTP calls that this process received, oldest first, at most the last ten thousand."""
        return [call for call in list(self._calls) if service in (None, call.service)]

    def note_call(self, call: Call) -> None:
        """Keep a call for `calls`."""
        self._calls.append(call)

    def sent_mails(self) -> list[SentMail]:
        """The mails that were delivered, oldest first."""
        from deskgate.sandbox.multimail.post import held_text

        return [
            SentMail(
                id=row["id"],
                to=json.loads(row["recipients"]),
                subject=row["subject"],
                body=held_text(row),
                message_id=row["header_id"],
                in_reply_to=row["in_reply_to"],
                thread_id=row["thread_id"],
                path=maildir.locate(self.folder / "Maildir", row["file"]),
            )
            for row in self._emails("emails_delivered")
        ]

    def held_mails(self) -> list[Json]:
        """The mails that wait for a decision, oldest first, as v1 shows them."""
        from deskgate.sandbox.multimail import views

        return [views.pending(row) for row in self._emails("emails_pending")]

    def emails(self) -> list[Json]:
        """Every mail of either direction, oldest first, with every field that the world keeps."""
        return [dict(row) for row in self._emails("emails")]

    def edit_held(self, message_id: str, **changes: Any) -> None:
        """Change a mail behind everyone's back: `to`, `cc` (lists), `subject`, `markdown`, `thread_id`.

        Raises LookupError for an unknown mail, KeyError for another field.
        """
        names = {"to": "recipients", "cc": "cc", "subject": "subject", "markdown": "markdown", "thread_id": "thread_id"}
        with self.moment() as moment:
            row = moment.store.one("email", id=message_id)
            columns = {column: row[column] for column in names.values()}
            for name, value in changes.items():
                columns[names[name]] = json.dumps(value) if name in ("to", "cc") else value
            moment.store.run("email_rewrite", id=message_id, **columns)

    def receive_reply(self, where: int | str, text: str, sender: str | None = None) -> str:
        """The customer answers by mail, on a ticket (its number) or a thread (its id); gives the new mail's id.

        Raises LookupError where no delivered mail could be answered.
        """
        from deskgate.sandbox import customer

        with self.moment() as moment:
            return customer.write_back(moment, where, text, sender)

    def suppress(self, address: str, reason: str = "manual_unsubscribe") -> None:
        """Put an address on MultiMail's suppression list."""
        from deskgate.sandbox.multimail.public import suppress

        with self.moment() as moment:
            suppress(moment, address, reason)

    def allow(self, pattern: str, mailbox_id: str = constants.MAILBOX_ID) -> str:
        """Let mails to this address (or `*@domain`) skip the queue; gives the entry's id."""
        from deskgate.sandbox.multimail.v1_admin import allow

        with self.moment() as moment:
            return allow(moment, mailbox_id, pattern, "operator")

    def set_mode(self, mode: str, mailbox_id: str = constants.MAILBOX_ID) -> None:
        """Put a mailbox into an oversight mode, as an operator could. Raises ValueError for an unknown mode."""
        from deskgate.sandbox.multimail.common import MODES
        from deskgate.sandbox.multimail.v1_admin import change_mailbox

        if mode not in MODES:
            raise ValueError(f"no such mode: {mode!r}; there are {', '.join(MODES)}")
        with self.moment() as moment:
            change_mailbox(moment, mailbox_id, oversight_mode=mode)

    def operator_codes(self) -> dict[str, str]:
        """The approval codes that the operator would have got by mail: purpose to code, oldest first."""
        with self.moment() as moment:
            return {row["purpose"]: row["code"] for row in moment.store.rows("operator_codes")}

    def ticket(self, ticket_id: int) -> Json:
        """A ticket as Zendesk has it. Raises LookupError."""
        return self._documents("ticket", f"no ticket {ticket_id}", id=ticket_id)[0]

    def comments(self, ticket_id: int) -> list[Json]:
        """A ticket's comments, oldest first."""
        return self._documents("comments", "", ticket_id=ticket_id)

    def user(self, user_id: int) -> Json:
        """A user as Zendesk has them. Raises LookupError."""
        return self._documents("person", f"no user {user_id}", id=user_id)[0]

    def edit_ticket(
        self, ticket_id: int, author_id: int = constants.HUMAN_AGENT_ID, channel: str = "web", **fields: Any
    ) -> Json:
        """Update a ticket as if by hand (the body of Zendesk's PUT), by the human agent unless said otherwise.

        `channel` is how it came in, as the audit shows it: `web` (the agents' interface), `api`, `email`, `rule`, …
        """
        from deskgate.sandbox.zendesk import records, update

        with self.moment() as moment:
            return update.update(moment, records.ticket(moment, ticket_id), fields, author_id, channel)

    def edit_user(self, user_id: int, **fields: Any) -> None:
        """Change a user's fields."""
        changed = {**self.user(user_id), **fields}
        with self.moment() as moment:
            moment.store.run("person_put", id=user_id, email=changed["email"], document=json.dumps(changed))

    def expire_tokens(self) -> None:
        """End the life of every OAuth token that has an end."""
        with self.moment() as moment:
            moment.store.run("oauth_tokens_expire", now=moment.now_ms)

    def _emails(self, query: str) -> list[Any]:
        from deskgate.sandbox.multimail.post import settle

        with self.moment() as moment:
            settle(moment)
            return moment.store.rows(query)

    def _documents(self, query: str, missing: str, **values: Any) -> list[Json]:
        with self.moment() as moment:
            found = [json.loads(row["document"]) for row in moment.store.rows(query, **values)]
        if not found and missing:
            raise LookupError(missing)
        return found
