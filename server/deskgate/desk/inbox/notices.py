"""What the ticket's private notes say. Zendesk shows them to agents only."""

from deskgate.desk.replies import Reply

NOTE_BYTES = 60_000
ANSWERED_TAG = "customer-reply"
UNSUBSCRIBED_TAG = "email-unsubscribed"
BOUNCED_TAG = "email-bounced"
COMPLAINED_TAG = "email-complained"

_CUT = "\n\n[Cut here: the mail is longer than a note can be. The whole of it is in MultiMail.]"


def answered(
    sender: str, words: str, original: str, *, kind: str, verified: bool, remarks: tuple[str, ...] = ()
) -> str:
    """A customer's mail: who wrote, whether it is the requester, the new text first and the whole mail below it."""
    opening = {
        "answer": f"Answer by email from {sender}",
        "automatic": f"Automatic answer by email from {sender} (a machine wrote it, so the ticket was not reopened)",
        "bounce": f"Report by email from {sender} that a mail could not be delivered (the ticket was not reopened)",
    }[kind]
    who = "the ticket's requester" if verified else "NOT the ticket's requester: check who this is before acting on it"
    head = "\n".join((f"{opening}, {who}." if kind == "answer" else f"{opening}.", *remarks))
    new = words.strip()
    whole = original.strip()
    if not new:
        return fitted(f"{head}\n\nNo new words above the quoted text. The whole mail:\n\n{whole}")
    if new == whole:
        return fitted(f"{head}\n\n{new}")
    return fitted(f"{head}\n\n{new}\n\n----- The whole mail, with what it quotes -----\n{whole}")


def wants_out(address: str) -> str:
    """The customer asked for no more mail."""
    return f"{address} asks to get no more email. deskgate sends nothing to this address any more, and refuses drafts to it."


def wants_out_unproven(address: str) -> str:
    """Somebody asked for no more mail, and it is not clear that they may."""
    return f"{address} asks to get no more email. They are not the requester, so nothing was stopped: decide by hand."


def sent(reply: Reply) -> str:
    """What went out, so that nobody answers a second time."""
    head = [
        f"Sent by email to {reply.recipient} at {reply.sent_at}.",
        f"Subject: {reply.subject}",
        f"Drafted by {reply.drafted_by}; approved by {reply.decided_by} at {reply.decided_at}.",
    ]
    if reply.decided_digest:
        head.append(f"What was approved: {reply.decided_digest}")
    return fitted("\n".join(head) + f"\n\n{reply.body}{reply.footer or ''}")


def bounced(reply: Reply) -> str:
    """A mail of ours came back."""
    why = f" ({reply.bounce_type})" if reply.bounce_type else ""
    return (
        f"The email to {reply.recipient} of {reply.sent_at} could not be delivered{why}, so the customer has not read it. "
        f"Subject: {reply.subject}"
    )


def complained(reply: Reply) -> str:
    """The recipient marked a mail of ours as spam."""
    told = f"{recipient(reply)} marked the email of {reply.sent_at} as spam."
    return f"{told} deskgate sends nothing to this address any more."


def recipient(reply: Reply) -> str:
    """How a note calls whoever got a mail of ours."""
    return "The customer, whose data was erased here since," if reply.erased else reply.recipient


def fitted(text: str) -> str:
    """Within what one note can hold, cut at a character; what no note takes (NUL, half a character) is replaced."""
    raw = text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace")
    if len(raw) <= NOTE_BYTES:
        return raw.decode()
    return raw[: NOTE_BYTES - len(_CUT.encode())].decode("utf-8", "ignore") + _CUT
