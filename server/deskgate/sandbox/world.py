"""The state of the pretend world: one SQLite file and a Maildir, with the doors that tests and the demo use."""

import json
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from random import Random, SystemRandom
from sqlite3 import Row
from threading import RLock
from typing import Any

from deskgate.sandbox import constants, customer, maildir, outbox, seeding
from deskgate.sandbox.exchange import Answer, Ask, Json, RefusedError
from deskgate.sandbox.faults import FaultPlan
from deskgate.sandbox.moment import Moment
from deskgate.sandbox.multimail.post import rewrite, settle
from deskgate.sandbox.seen import Call, SentMail, sent_mail
from deskgate.sandbox.store import Store
from deskgate.sandbox.switches import SWITCHES, Value
from deskgate.sandbox.times import utcnow

CALLS_KEPT = 10_000
FILE_NAME = "sandbox.sqlite3"


class World:
    """A pretend Zendesk and a pretend MultiMail over one folder. Several processes may open the same folder."""

    def __init__(self, folder: Path, store: Store, clock: Callable[[], datetime], random: Random) -> None:
        self.folder = folder
        self.faults = FaultPlan()
        self.clock = clock
        self._store = store
        self._random = random
        self._lock = RLock()
        self._calls: deque[Call] = deque(maxlen=CALLS_KEPT)

    @classmethod
    def open(cls, folder: Path, clock: Callable[[], datetime] = utcnow, seed: int | None = None) -> "World":
        """Open the world in this folder, and fill it the first time. With a seed (for one opener only) ids repeat."""
        folder.mkdir(parents=True, exist_ok=True)
        for part in maildir.FOLDERS:
            (folder / "Maildir" / part).mkdir(parents=True, exist_ok=True)
        random = SystemRandom() if seed is None else Random(seed)  # noqa: S311, a rehearsal's ids guard nothing
        world = cls(folder, Store(folder / FILE_NAME), clock, random)
        with world.moment() as moment:
            if moment.store.row("fact", name="seeded_at") is None:
                seeding.seed(moment)
            elif moment.store.row("fact", name="webhooks_at") is None:  # a folder from before there were webhooks
                seeding.webhooks(moment, constants.DESK)
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
                yield Moment(self._store, self.clock(), switches, self.folder, self._random)
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
        return [sent_mail(self.folder, row) for row in self._emails("emails_delivered")]

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
        with self.moment() as moment:
            rewrite(moment, message_id, changes)

    def receive_reply(
        self,
        where: int | str,
        text: str,
        sender: str | None = None,
        *,
        automatic: bool = False,
        cc: Sequence[str] = (),
        quoted: bool = False,
    ) -> str:
        """The customer answers by mail, on a ticket (its number) or a thread (its id); gives the new mail's id.

        `automatic` makes it look like an absence notice, `quoted` adds the answered mail below, as mail programs do.
        Raises LookupError where no delivered mail could be answered.
        """
        with self.moment() as moment:
            return customer.write_back(moment, where, text, sender, automatic=automatic, cc=cc, quoted=quoted)

    def receive_mail(
        self, sender: str, subject: str, text: str, *, thread_id: str | None = None, cc: Sequence[str] = ()
    ) -> str:
        """A mail comes into the support mailbox that answers nothing; gives its id."""
        with self.moment() as moment:
            mailbox = moment.store.one("mailbox", id=constants.MAILBOX_ID)
            return customer.receive(moment, mailbox, sender, subject, text, cc=cc, thread_id=thread_id)

    def bounce(self, where: int | str, kind: str = "hard_bounce") -> str:
        """A delivered mail (last of a ticket or thread, or by its id) comes back after all. Raises LookupError."""
        with self.moment() as moment:
            return customer.bounce_late(moment, where, kind)

    def complain(self, where: int | str) -> str:
        """The reader of a delivered mail calls it spam. Raises LookupError."""
        with self.moment() as moment:
            return customer.complain(moment, where)

    def due_deliveries(self, limit: int = 100) -> list[outbox.Delivery]:
        """Claim the webhook calls that are due, in order, for whoever carries them; see `outbox`."""
        with self.moment() as moment:
            settle(moment)
            return outbox.claim(moment, limit)

    def delivered(self, delivery_id: str, status: int | None) -> None:
        """What a webhook call was answered with; None: nothing came. Raises LookupError for an unknown call."""
        with self.moment() as moment:
            outbox.report(moment, delivery_id, status)

    def deliveries(self) -> list[Json]:
        """Every webhook call so far, oldest first, with every field that the world keeps."""
        with self.moment() as moment:
            return [dict(row) for row in moment.store.rows("deliveries")]

    def webhooks(self) -> list[Json]:
        """Who is told what, with the secrets."""
        with self.moment() as moment:
            return [_hook(row) for row in moment.store.rows("webhooks")]

    def register_webhook(
        self, service: str, url: str, *, events: Sequence[str] = (), form: str = "v1", secret: str = ""
    ) -> Json:
        """Have `multimail` (in the form `v1` or `short`; every event unless named) or `zendesk` report to an address."""
        from deskgate.sandbox.multimail.webhooks import register

        with self.moment() as moment:
            return _hook(register(moment, service, url, form=form, events=events, secret=secret))

    def point_webhooks(self, desk: str) -> None:
        """Have both services report to the deskgate at this origin; without one, nobody reports anywhere any more."""
        with self.moment() as moment:
            if desk:
                seeding.webhooks(moment, desk.rstrip("/"))
            else:
                moment.store.run("webhooks_drop")

    def drop_webhook(self, hook_id: str) -> None:
        """End a registration. Raises LookupError for an unknown one."""
        with self.moment() as moment:
            moment.store.run("webhook_drop", id=moment.store.one("webhook", id=hook_id)["id"])

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

    def merge_tickets(self, source_id: int, target_id: int) -> None:
        """The human agent merges a ticket into another: it is closed for good, and both say so in a private note."""
        from deskgate.sandbox.zendesk import update

        with self.moment() as moment:
            update.merge(moment, source_id, target_id, constants.HUMAN_AGENT_ID)

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
        with self.moment() as moment:
            settle(moment)
            return moment.store.rows(query)

    def _documents(self, query: str, missing: str, **values: Any) -> list[Json]:
        with self.moment() as moment:
            found = [json.loads(row["document"]) for row in moment.store.rows(query, **values)]
        if not found and missing:
            raise LookupError(missing)
        return found


def _hook(row: Row) -> Json:
    return {**dict(row), "events": json.loads(row["events"])}
