"""Who may decide on the page: invitations, sessions, and what somebody had open in a session.

An invitation and a session are 256 random bits each; the store keeps their SHA-256 only. What is looked up is the hash of
a guess, so the time of a look-up tells nothing about any real one.
"""

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from deskgate.desk import Principal
from deskgate.desk.audit.said import FINGERPRINT_CHARS, Once, Said, acting
from deskgate.desk.clock import Clock, iso, parse_time
from deskgate.desk.principals import DECIDE
from deskgate.desk.store import Store
from deskgate.desk.store.tables import named_queries

INVITE_LIFE = timedelta(minutes=60)
IDLE_LIFE = timedelta(hours=12)
SESSION_LIFE = timedelta(hours=24)
TOUCH_AFTER = timedelta(minutes=1)
NAME = re.compile(r"[a-z0-9](?:[a-z0-9._@+-]{0,58}[a-z0-9])?")


@dataclass(frozen=True)
class Session:
    """A signed-in reviewer. `secret` is what their cookie holds."""

    name: str
    secret: str

    def __repr__(self) -> str:
        return f"Session({self.name!r})"

    @property
    def principal(self) -> Principal:
        """For whom decisions of this session are made."""
        mark = self.hash[:FINGERPRINT_CHARS]
        return Principal(
            _named(self.name), "human", frozenset({DECIDE}), owner=self.name, credential=mark, auth="page session"
        )

    @property
    def hash(self) -> str:
        """How the store knows this session."""
        return _hashed(self.secret)

    @property
    def form_token(self) -> str:
        """What every form of this session carries; it tells nothing about the cookie."""
        return hmac.new(self.secret.encode(), b"forms of this session", hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class Correction:
    """A reviewer's text in place of an older reply's. `new_reply_id` is `None` until it is drafted."""

    old_reply_id: str
    subject: str
    body: str
    made_by: str
    made_at: str
    new_reply_id: str | None


@dataclass(frozen=True)
class Listed:
    """One line of `deskgate reviewer list`. Times are UTC ISO 8601; `sessions` counts those that are open now."""

    name: str
    invited_at: str
    revoked_at: str | None
    sessions: int


class Reviewers:
    """The roll of reviewers and everything that lives and ends with their sessions."""

    def __init__(self, tables: Store, clock: Clock) -> None:
        self._tables = tables
        self._clock = clock
        self._sql = named_queries(__package__, tables.dialect)

    async def invite(self, name: str) -> str:
        """A one-time secret for this person, good for `INVITE_LIFE`. Inviting again lets a revoked person back in.

        Raises:
            ValueError: the name is not one that can stand in records.
        """
        if not NAME.fullmatch(name):
            raise ValueError(
                "A reviewer's name has 1 to 60 lower-case letters, digits and . _ @ + -, and begins and ends with a letter "
                "or digit."
            )
        secret = secrets.token_urlsafe(32)
        expires_at = iso(self._clock.now() + INVITE_LIFE)
        await self._write(
            ("admit", {"name": name, "now": self._now()}),
            ("invite", {"token_hash": _hashed(secret), "name": name, "expires_at": expires_at}),
            said=[_said("reviewer.invite", name, expires=expires_at)],
        )
        return secret

    async def sign_in(self, invitation: str) -> Session | None:
        """Spend an invitation; `None` where it is unknown, spent, too old, or its owner was revoked."""
        secret = secrets.token_urlsafe(32)
        values = {"token_hash": _hashed(invitation), "session_hash": _hashed(secret), "now": self._now()}
        rows = await self._rows("invited", token_hash=values["token_hash"])
        if not rows:
            return None
        who = Session(rows[0]["name"], secret).principal.who
        spent = await self._write(("spend", values), ("start", values), said=[Said("reviewer.enter", who)])
        return await self.session(secret) if spent else None

    async def session(self, secret: str, *, active: bool = True) -> Session | None:
        """The session behind a cookie, unless it ended. `active`: this request is a person's doing and keeps it alive."""
        rows = await self._rows("session", session_hash=_hashed(secret))
        if not rows:
            return None
        row, now = rows[0], self._clock.now()
        started, seen = parse_time(row["started_at"]), parse_time(row["seen_at"])
        if started is None or seen is None or now - started >= SESSION_LIFE or now - seen >= IDLE_LIFE:
            return None
        if active and now - seen >= TOUCH_AFTER:
            await self._write(("touch", {"session_hash": _hashed(secret), "now": self._now()}))
        return Session(row["name"], secret)

    async def sign_out(self, session: Session) -> None:
        """End one session."""
        left = Said("reviewer.leave", session.principal.who)
        await self._write(("end", {"session_hash": session.hash, "now": self._now()}), said=[left])

    async def revoke(self, name: str) -> bool:
        """End a person's sessions and links, and keep them out; false where nobody of that name is in."""
        values = {"name": name, "now": self._now()}
        steps = ("revoke", values), ("end_all", values), ("void_invites", values)
        return await self._write(*steps, said=[_said("reviewer.revoke", name)]) > 0

    async def roll(self) -> list[Listed]:
        """Everybody ever invited, by name."""
        now = self._clock.now()
        rows = await self._rows("roll", oldest_start=iso(now - SESSION_LIFE), oldest_seen=iso(now - IDLE_LIFE))
        return [Listed(**row) for row in rows]

    async def open(self, session: Session, reply_id: str, digest: str) -> None:
        """Remember that this mail, in this very form, was in front of the reviewer."""
        values = {"session_hash": session.hash, "reply_id": reply_id, "digest": digest, "now": self._now()}
        opened = Said(
            "email.show", session.principal.who, {"reply": reply_id}, {"digest": digest}, {"status": "opened"}
        )
        first = Once((self._sql["open"], values), (opened,))
        await self._tables.tell(first, behind=[(self._sql["open_again"], values)])

    async def opened(self, session: Session, hours: float) -> dict[str, list[str]]:
        """Replies opened in this session within so many hours, and the digests seen, the newest last."""
        since = iso(self._clock.now() - timedelta(hours=hours))
        seen: dict[str, list[str]] = {}
        for row in await self._rows("opened", session_hash=session.hash, since=since):
            seen.setdefault(row["reply_id"], []).append(row["digest"])
        return seen

    async def tell(self, session: Session, report: list[dict[str, str]]) -> str:
        """Keep what came of a form; gives the id under which the next page finds it."""
        key = secrets.token_hex(16)
        values = {"id": key, "session_hash": session.hash, "now": self._now(), "report": json.dumps(report)}
        await self._write(("tell", values))
        return key

    async def told(self, session: Session, key: str) -> list[dict[str, str]]:
        """What came of a form of this session; nothing for anybody else's."""
        rows = await self._rows("told", id=key, session_hash=session.hash)
        found: list[dict[str, str]] = json.loads(rows[0]["report"]) if rows else []
        return found

    async def begin_correction(self, old_reply_id: str, subject: str, body: str, made_by: str) -> bool:
        """Keep a corrected text; false where one for the same reply was begun before."""
        values = {"old_reply_id": old_reply_id, "subject": subject, "body": body, "made_by": made_by}
        begun = Said("draft.edit", acting(), {"reply": old_reply_id}, {"by": made_by}, {"status": "begun"})
        return await self._write(("correct", {**values, "now": self._now()}), said=[begun]) > 0

    async def drop_correction(self, old_reply_id: str) -> None:
        """Forget a correction that was never drafted."""
        dropped = Said("draft.edit", acting(), {"reply": old_reply_id}, res={"status": "dropped"})
        await self._write(("drop_correction", {"old_reply_id": old_reply_id}), said=[dropped])

    async def finish_correction(self, old_reply_id: str, new_reply_id: str) -> None:
        """Tie the new reply to the old one."""
        done = Said("draft.edit", acting(), {"reply": new_reply_id, "corrects": old_reply_id}, res={"status": "done"})
        values = {"old_reply_id": old_reply_id, "new_reply_id": new_reply_id}
        await self._write(("finish_correction", values), said=[done])

    async def correction_of(self, reply_id: str) -> Correction | None:
        """What replaces this reply."""
        rows = await self._rows("correction_of", reply_id=reply_id)
        return Correction(**rows[0]) if rows else None

    async def correction_behind(self, reply_id: str) -> Correction | None:
        """What this reply came from, where it is a correction."""
        rows = await self._rows("correction_behind", reply_id=reply_id)
        return Correction(**rows[0]) if rows else None

    def _now(self) -> str:
        return iso(self._clock.now())

    async def _rows(self, name: str, **values: Any) -> list[dict[str, Any]]:
        return await self._tables.rows(self._sql[name], **values)

    async def _write(self, *steps: tuple[str, dict[str, Any]], said: Sequence[Said] = ()) -> int:
        return await self._tables.write(*((self._sql[name], values) for name, values in steps), said=said)


def _named(reviewer: str) -> str:
    return f"reviewer:{reviewer}"


def _said(event: str, reviewer: str, **more: object) -> Said:
    return Said(event, acting(), {"reviewer": _named(reviewer)}, res={"status": "done", **more})


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
