"""What a change of ours says for the record. Names, addresses and texts are `personal`; everything else stays for good."""

from collections.abc import Mapping
from typing import Any

from deskgate.desk.audit.said import Said, Who, acting
from deskgate.desk.people import key_of
from deskgate.desk.replies import GONE_OUT, OUTSIDE, NoteRecord, Reply

# What each state, newly reached, is called in the log.
_EVENT_OF_STATE = {
    "sending": "draft.create",
    "held": "email.pending",
    "approving": "email.decide",
    "rejecting": "email.decide",
    "sent": "email.send",
    "rejected": "email.decide",
    "cancelling": "email.cancel",
    "cancelled": "email.cancel",
    "failed": "draft.refuse",
    "delivered": "email.delivered",
    "bounced": "email.bounced",
}
_BEGUN = {"approving", "rejecting", "cancelling"}
# Nobody of ours brings these about: they are found out.
_FOUND = {"delivered", "bounced"}


def of_new_reply(reply: Reply, *, corrects: str | None = None) -> list[Said]:
    """A reply was drafted: who wrote which words for which ticket. A rule may have decided on it before it was sent.

    `ai` says that a program wrote it, as far as its credential tells. `corrects` is the reply whose place it takes.
    """
    who = _who(reply.drafted_by)
    drafted = Said(
        "draft.create",
        who,
        obj=_object(reply) | ({"corrects": corrects} if corrects else {}),
        dec={"words": reply.words, "ai": who.kind == "agent"},
        res={"status": "begun", "state": reply.state, "version": reply.version},
        personal={"to": reply.recipient, "subject": reply.subject, "body": reply.body},
        person=key_of(reply.recipient),
    )
    if reply.decision is None:
        return [drafted]
    rule = Who("policy", reply.decided_by or "", behalf=who.id)
    decided = Said(
        "email.decide",
        rule,
        _object(reply),
        _decision(reply),
        {"status": "begun", "state": reply.state, "version": reply.version},
        {"reason": reply.reason} if reply.reason else {},
        key_of(reply.recipient),
    )
    return [drafted, decided]


def of_saved_reply(reply: Reply) -> Said:
    """A reply changed; the record has the state it reached, and for a decision all that it rested on."""
    res: dict[str, object] = {"status": _status(reply), "state": reply.state, "version": reply.version + 1}
    if reply.bounce_type:
        res["bounce"] = reply.bounce_type
    personal = {"reason": reply.reason} if reply.reason else {}
    if reply.state == "held" and reply.footer:
        personal["footer"] = reply.footer
    return Said(
        _EVENT_OF_STATE[reply.state],
        _saver(reply),
        _object(reply),
        _decision(reply),
        res,
        personal,
        key_of(reply.recipient),
    )


def of_sending_found(reply: Reply) -> Said:
    """A mail that arrived, or came back, was sent before: for where only the end of it was ever seen."""
    res = {"status": "found", "state": reply.state, "version": reply.version + 1}
    return Said("email.send", _saver(reply), _object(reply), _decision(reply), res)


def _status(reply: Reply) -> str:
    if reply.state == "sending":  # handed over once more, or taken and on its way
        return "taken" if reply.message_id else "again"
    return "begun" if reply.state in _BEGUN else "done"


def _saver(reply: Reply) -> Who:
    who = acting()
    found = reply.state in _FOUND or reply.decided_by == OUTSIDE
    return Who("system", "deskgate", behalf=who.id) if found and who.kind != "system" else who


def _decision(reply: Reply) -> dict[str, object]:
    known = {
        "verdict": reply.decision,
        "digest": reply.decided_digest or reply.digest,
        "body_checked": None if reply.body_checked is None else bool(reply.body_checked),
        "by": reply.decided_by,
        "at": reply.decided_at,
        "sent_at": reply.sent_at if reply.state in GONE_OUT else None,
    }
    return {name: value for name, value in known.items() if value is not None}


def of_joining(reply_id: str, principal: str) -> Said:
    """The same words were drafted by somebody else too: they are one of the reply's writers from now on."""
    return Said("draft.create", _who(principal), {"reply": reply_id}, res={"status": "joined"})


def of_inheriting(reply_id: str, old_reply_id: str) -> Said:
    """The writers of the words that were corrected count as writers of the new ones."""
    return Said("draft.edit", acting(), {"reply": reply_id, "corrects": old_reply_id}, res={"status": "inherited"})


def of_refusal(ticket_id: int, words: str, code: str) -> Said:
    """A draft that was refused before there was a reply."""
    return Said("draft.refuse", acting(), {"ticket": ticket_id}, {"words": words, "code": code}, {"status": "refused"})


def of_showing(reply: Reply, digest: str, who: Who) -> Said:
    """Somebody was shown a held mail in this very form for the first time."""
    return Said("email.show", who, _object(reply), {"digest": digest}, {"status": "shown"})


def of_question(reply: Reply, decision: str, digest: str) -> Said:
    """A person in the chat was asked."""
    return Said("question.ask", acting(), _object(reply), {"verdict": decision, "digest": digest}, {"status": "asked"})


def of_answer(reply: Reply, decision: str, digest: str, answer: str) -> Said:
    """What the client said that the person answered: accept or decline."""
    return Said(
        "question.answer", acting(), _object(reply), {"verdict": decision, "digest": digest}, {"status": answer}
    )


def of_complaint(reply: Reply, kind: str, event_number: int) -> list[Said]:
    """The recipient called a mail of ours spam; that they only want no more is the suppression's own record."""
    about = _object(reply) | {"event": event_number}
    return [Said("email.complained", acting(), about, res={"status": "done"})] if kind == "complained" else []


def of_stale(reply: Reply, why: str | None) -> Said:
    """A held reply was found to fit its ticket no longer, or to fit it again."""
    return Said("ticket.read", acting(), _object(reply), res={"status": "moved" if why else "fits", "why": why or None})


def of_note(note: NoteRecord, *, added: bool = False) -> Said:
    """A private note: begun with its words, then done or failed."""
    version = note.version if added else note.version + 1
    status = "begun" if added else "again" if note.state == "posting" else note.state
    res: dict[str, object] = {"status": status, "state": note.state, "version": version}
    return Said(
        "note.write",
        _who(note.written_by) if added else acting(),
        obj={"ticket": note.ticket_id, "note": note.id},
        dec={"words": note.words},
        res=res | ({"comment": note.comment_id} if note.comment_id else {}),
        personal={"note": note.text} if added else {},
        person=note.person,
    )


def of_evaluation(row: Mapping[str, Any], used: Mapping[str, str], guards: tuple[str, ...], recipient: str) -> Said:
    """What the policy said of a draft. The facts may hold names (tags, hosts), so they stand beside the log."""
    dec = {
        "evaluation": row["id"],
        "policy": row["policy_version"],
        "hash": row["policy_hash"],
        "rule": row["rule"],
        "outcome": row["outcome"],
        "guards": list(guards),
        "asked": sorted(used),
    }
    return Said(
        "policy.eval",
        acting(),
        {"ticket": row["ticket_id"], "reply": row["reply_id"]},
        dec,
        {"status": row["effect"]},
        {"facts": row["facts"]},
        key_of(recipient) or None,
    )


def of_evaluated(reply_id: str, effect: str, evaluation_id: str | None = None) -> Said:
    """What became of an approval that the policy began."""
    dec = {"evaluation": evaluation_id} if evaluation_id else {}
    return Said("policy.eval", acting(), {"reply": reply_id}, dec, {"status": effect})


def _who(name: str) -> Who:
    known = acting()
    return known if known.id == name else Who("system", name, behalf=known.id)


def _object(reply: Reply) -> dict[str, object]:
    found = {"ticket": reply.ticket_id, "reply": reply.id, "message": reply.message_id, "thread": reply.thread_id}
    return {name: value for name, value in found.items() if value is not None}
