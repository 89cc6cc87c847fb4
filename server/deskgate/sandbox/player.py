"""Plays the customer from another process: in this machine's sandbox folder, or in a sandbox that listens nearby."""

from dataclasses import dataclass
from pathlib import Path

from deskgate.sandbox.exchange import Json
from deskgate.sandbox.world import FILE_NAME, World

ANSWER_SECONDS = 10.0


@dataclass(frozen=True)
class Turn:
    """What the customer does on a ticket (its number) or thread (its id): answers, or has the mail come back."""

    where: int | str
    text: str = ""
    sender: str | None = None
    automatic: bool = False
    quoted: bool = False
    bounce: bool = False


def play(folder: Path, turn: Turn, port: int | None = None) -> str:
    """Do it in the world of this folder, beside whoever serves it; gives the id of the new (or returned) mail.

    Where no mail was delivered there, a sandbox that listens on that loopback port is asked. Raises LookupError when
    neither has a mail that could be answered.
    """
    try:
        return _here(folder, turn)
    except LookupError:
        found = None if port is None else _there(port, turn)
        if found is None:
            raise
        return found


def _here(folder: Path, turn: Turn) -> str:
    if not (folder / FILE_NAME).exists():
        raise LookupError(f"no sandbox was ever started in {folder}")
    world = World.open(folder)
    try:
        if turn.bounce:
            return world.bounce(turn.where)
        return world.receive_reply(turn.where, turn.text, turn.sender, automatic=turn.automatic, quoted=turn.quoted)
    finally:
        world.close()


def _there(port: int, turn: Turn) -> str | None:
    import httpx

    wish: Json = {"ticket" if isinstance(turn.where, int) else "thread": turn.where}
    if not turn.bounce:
        wish |= {"text": turn.text, "automatic": turn.automatic, "quoted": turn.quoted, "sender": turn.sender}
    url = f"http://127.0.0.1:{port}/sandbox/{'bounce' if turn.bounce else 'reply'}"
    try:
        answer = httpx.post(url, json=wish, timeout=ANSWER_SECONDS, trust_env=False)
        return str(answer.json()["email_id"])
    except (httpx.HTTPError, ValueError, KeyError, TypeError):  # nobody there, no sandbox, or nothing to answer there
        return None
