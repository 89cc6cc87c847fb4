"""Looking at a held reply: what MultiMail would send, what the ticket is by now, and whether either moved."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from deskgate.desk.audit.said import SYSTEM, Once, acting, acting_as
from deskgate.desk.audit.telling import of_showing
from deskgate.desk.clock import parse_time
from deskgate.desk.core import Core
from deskgate.desk.digest import Content, Seen, digest_of, split_footer
from deskgate.desk.errors import DeskError, DigestMismatch, Suppressed, TicketChanged, TicketNotFound
from deskgate.desk.multimail import Mail
from deskgate.desk.people import key_of
from deskgate.desk.principals import Principal
from deskgate.desk.replies import APPROVING, CANCELLING, REJECTING, Reply
from deskgate.desk.store.tables import Step, named_queries
from deskgate.desk.suppression import check_not_suppressed
from deskgate.desk.zendesk import Ticket

ENDED = ("solved", "closed")
_BEGUN = {APPROVING: "an approval", REJECTING: "a rejection", CANCELLING: "a cancellation"}


@dataclass(frozen=True)
class Look:
    """One held reply, seen at one moment.

    `body` is the whole text as held, footer included. `altered` names what differs from the draft, `moved` what changed
    on the ticket as far as one look tells. `digest` is over all of it: a decision that carries it decides on this look.
    `own_copy` says that MultiMail did not give the body back and ours is shown instead. `unread` is why the ticket could
    not be read: such a reply can be rejected and not approved.
    """

    reply: Reply
    content: Content
    body: str
    footer: str
    seen: Seen
    digest: str
    altered: tuple[str, ...]
    moved: tuple[str, ...]
    own_copy: bool
    unread: DeskError | None = None
    suspended: bool = False
    attachments: tuple[str, ...] = ()

    @property
    def different(self) -> tuple[str, ...]:
        """In what the held mail is another than the draft, MultiMail's footer included."""
        return (*self.altered, *(["a footer under the text"] if self.footer else []))

    @property
    def redirected(self) -> bool:
        """Whether the held mail would go to anyone but the recipient that was derived from the ticket."""
        return self.content.to != (self.reply.recipient,) or bool(self.content.cc)

    def with_footer(self) -> "Look":
        """After the footer was kept with the reply."""
        return replace(self, reply=replace(self.reply, footer=self.footer, version=self.reply.version + 1))


def look_at(reply: Reply, mail: Mail, ticket: Ticket | DeskError | None) -> Look:
    """Compare draft, held mail and ticket; in place of a ticket, `None` (Zendesk has none) or why it was not read."""
    held_body = mail.body if mail.body is not None else reply.body
    body, footer = split_footer(reply.body, held_body)
    content = Content(
        to=tuple(_same_address(address, reply.recipient) for address in mail.to),
        cc=mail.cc or (),
        subject=mail.subject if mail.subject is not None else reply.subject,
        body=body,
        # A thread that the answer to the draft did not name is learned here; one that it named has to stay.
        thread=(mail.thread_id if reply.thread_id else None) or reply.thread_id or "",
    )
    # A footer belongs to MultiMail as long as it stays as it was first seen; a new one is somebody's edit.
    if reply.footer is not None and footer != reply.footer:
        content, footer = replace(content, body=held_body), ""
    drafted = Seen.load(reply.seen)
    seen = Seen.of(ticket) if isinstance(ticket, Ticket) else drafted
    unread = TicketNotFound(ticket_id=reply.ticket_id) if ticket is None else ticket
    return Look(
        reply=reply,
        content=content,
        body=held_body,
        footer=footer,
        seen=seen,
        digest=digest_of(reply, content, seen, footer),
        altered=(*_altered(reply, content), *(["attachments"] if mail.attachments else [])),
        moved=(*_begun(reply), *_moved(drafted, seen)),
        own_copy=mail.body is None,
        unread=unread if isinstance(unread, DeskError) else None,
        suspended=isinstance(ticket, Ticket) and ticket.requester is not None and ticket.requester.suspended,
        attachments=mail.attachments,
    )


async def show(core: Core, look: Look, to: Principal) -> Look:
    """Remember that this look was shown, and to whom, so that their decision can name its digest."""
    (shown,) = await show_all(core, [look], to)
    return shown


async def show_all(core: Core, looks: Sequence[Look], to: Principal) -> list[Look]:
    """The same for several mails at once, in one write."""
    now = core.now()
    for look in looks:
        if look.digest != look.reply.digest:
            requester = key_of(look.seen.email or "") or None
            await core.store.add_view(look.reply.id, look.digest, look.seen.dump(), now, requester)
    values = [{"reply_id": look.reply.id, "digest": look.digest, "principal": to.id, "shown_at": now} for look in looks]
    shown = [
        Once((_sql("show"), one), (of_showing(look.reply, look.digest, to.who),))
        for one, look in zip(values, looks, strict=True)
    ]
    return await _told(core, looks, shown, behind=[(_sql("show_again"), one) for one in values])


async def with_footers(core: Core, looks: Sequence[Look]) -> list[Look]:
    """Remember the footer that MultiMail first appended. That is our own finding, whoever had us look."""
    return await _told(core, looks)


async def _told(
    core: Core, looks: Sequence[Look], shown: Sequence[Once] = (), behind: Sequence[Step] = ()
) -> list[Look]:
    new = {place: look for place, look in enumerate(looks) if look.reply.footer is None and not look.own_copy}
    who = acting()
    with acting_as(who if who.kind == "system" else replace(SYSTEM, behalf=who.id)):
        footers = [core.store.saving(replace(look.reply, footer=look.footer)) for look in new.values()]
    if not shown and not footers:
        return list(looks)
    kept = (await core.store.tell(*shown, *footers, behind=behind))[len(shown) :]
    after = {place: look.with_footer() for (place, look), done in zip(new.items(), kept, strict=True) if done}
    return [after.get(place, look) for place, look in enumerate(looks)]


async def check(core: Core, look: Look, digest: str | None) -> Seen:
    """Hold the digest that somebody saw against what is there now; gives the ticket as they saw it.

    Without a digest, the one of the draft counts.

    Raises:
        DigestMismatch: the held mail is not what that digest was made of, or would go to somebody else.
        TicketChanged: the mail is the same and the ticket moved since.
        Suppressed: the recipient asked for no more mail, or Zendesk has suspended them.
        TicketNotFound, UpstreamUnavailable, RateLimited, Forbidden: the ticket could not be read.
    """
    if look.unread is not None:
        raise look.unread
    if look.suspended:
        raise Suppressed("Zendesk has suspended this requester since the draft; nothing is sent to them. Reject it.")
    await check_not_suppressed(core.store, look.reply.recipient, ticket_id=look.reply.ticket_id, sandbox=core.sandbox)
    if look.redirected:
        raise DigestMismatch(
            "The held mail is no longer addressed to the ticket's requester alone. It cannot be approved: reject it.",
            message_id=look.reply.message_id,
        )
    if look.content.thread != (look.reply.thread_id or ""):  # listings do not show it, so nobody could have seen it
        raise DigestMismatch(
            "The held mail was moved to another thread. It cannot be approved: cancel it, and draft it again.",
            message_id=look.reply.message_id,
        )
    if look.attachments:  # no draft has any, and no digest covers them
        raise DigestMismatch(
            "The held mail carries attachments that nobody drafted. It cannot be approved: reject it.",
            message_id=look.reply.message_id,
        )
    given = digest or look.reply.digest
    seen = await _behind(core, look, given)
    if seen is None:
        raise DigestMismatch(
            "The digest does not belong to the mail as it is held now"
            + (f" (different: {', '.join(look.different)})" if look.different else "")
            + ". Nothing was sent: list the pending replies, read it again, and decide with the digest shown there.",
            message_id=look.reply.message_id,
        )
    changes = [*_moved_for_certain(seen, look.seen), *await _new_comments(core, seen, look.seen)]
    if changes:
        raise TicketChanged(
            f"Since this was seen: {'; '.join(changes)}. Read the ticket, list the pending replies, and decide with the "
            "fresh digest shown there, or reject it.",
            message_id=look.reply.message_id,
            changes=changes,
        )
    return seen


async def check_age(core: Core, look: Look, digest: str | None, caller: Principal) -> None:
    """Hold an approval against the time at which its maker was last shown that digest.

    Whoever was never shown it leans on somebody else's look: then its first showing counts, and for the draft's own
    digest the moment of drafting.

    Raises:
        DigestMismatch: that was too long ago.
    """
    given = digest or look.reply.digest or ""
    rows = await core.store.rows(_sql("shown_at"), reply_id=look.reply.id, digest=given, principal=caller.id)
    shown = parse_time(rows[0]["shown_at"]) if rows else None
    if shown is None or core.clock.now() - shown >= timedelta(hours=core.seen_hours):
        raise DigestMismatch(
            f"This mail was not shown to you within the last {core.seen_hours} hours. Nothing was sent: list the pending "
            "replies, look at it again, and decide with the digest shown there.",
            message_id=look.reply.message_id,
        )


async def _behind(core: Core, look: Look, digest: str | None) -> Seen | None:
    candidates = [Seen.load(look.reply.seen), look.seen]
    if digest:
        shown = await core.store.view(look.reply.id, digest)
        candidates += [Seen.load(shown)] if shown else []
    return next((seen for seen in candidates if digest_of(look.reply, look.content, seen, look.footer) == digest), None)


def _begun(reply: Reply) -> Iterable[str]:
    if reply.state in _BEGUN:
        yield f"{_BEGUN[reply.state]} was begun at {reply.attempted_at} and its answer was lost"


def _moved_for_certain(before: Seen, now: Seen) -> Iterable[str]:
    if before.requester_id != now.requester_id:
        yield "the ticket has another requester"
    elif key_of(before.email or "") != key_of(now.email or ""):
        yield "the requester's email address changed"
    if now.status in ENDED and before.status != now.status:
        yield f"the ticket was {now.status}"


def _moved(before: Seen, now: Seen) -> Iterable[str]:
    certain = list(_moved_for_certain(before, now))
    yield from certain
    if not certain and before.updated_at != now.updated_at:
        yield f"the ticket was updated at {now.updated_at}, after this was drafted; read it to see how"


async def _new_comments(core: Core, before: Seen, now: Seen) -> list[str]:
    since = parse_time(before.updated_at)
    if before.updated_at == now.updated_at or since is None:
        return []
    comments = await core.zendesk.public_comments_since(now.ticket_id, since)
    return [f"{len(comments)} new public comment(s) on the ticket"] if comments else []


def _altered(reply: Reply, content: Content) -> Iterable[str]:
    if content.to != (reply.recipient,):
        yield "recipient"
    if content.cc:
        yield "cc"
    if content.subject != reply.subject:
        yield "subject"
    if content.body != reply.body:
        yield "body"
    if content.thread != (reply.thread_id or ""):
        yield "thread"


def _same_address(held: str, drafted: str) -> str:
    """The drafted spelling where the two differ in nothing that a mail server tells apart in practice."""
    return drafted if key_of(held) == key_of(drafted) else held


def _sql(name: str) -> str:
    return named_queries("deskgate.desk")[name]
