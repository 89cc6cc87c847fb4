"""Builds the mail that a customer would get, so that nothing in a subject or a name can become a header.

Python before 3.11.10 turns an encoded word with a line break inside into a new header (CVE-2024-6923), and folds long
ids in References into encoded words that mail programs do not follow. Therefore text is decoded and cleaned before it
is set, ids are written by hand, and the finished bytes are parsed again and compared.
"""

import base64
import html
import re
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
HEADER_ID = re.compile(r"<[!-;=?-~]{1,250}>")
CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
KEPT_ANCESTORS = 20
POLICY = policy.SMTP.clone(max_line_length=998)


class UnsafeMailError(ValueError):
    """Raised when the finished message does not read back as what was put into it."""


@dataclass(frozen=True)
class Letter:
    """Everything that goes into one message. `ancestors` is its References, oldest first."""

    sender: str
    sender_name: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    subject: str
    markdown: str
    written_at: datetime
    header_id: str
    in_reply_to: str | None
    ancestors: tuple[str, ...]
    unsubscribe_url: str
    unsubscribe_mail: str
    attachments: tuple[dict[str, Any], ...] = ()


def is_address(text: Any) -> bool:
    """Whether this is one plain ASCII address and nothing else."""
    return isinstance(text, str) and len(text) <= 254 and ADDRESS.fullmatch(text) is not None


def clean_header(text: str) -> str:
    """One line of text that no mail parser can take for anything but text."""
    for _ in range(5):
        text = CONTROLS.sub(" ", text)
        if "=?" not in text:
            break
        try:
            decoded = str(make_header(decode_header(text)))
        except (HeaderParseError, LookupError, ValueError):
            break
        if decoded == text:
            break
        text = decoded
    text = CONTROLS.sub(" ", text)
    return " ".join(text.replace("=?", "= ?").split())


def plain_text(markdown: str) -> str:
    """The text with every kind of line end as one line feed, as mail knows no other."""
    return markdown.replace("\r\n", "\n").replace("\r", "\n")


def html_of(markdown: str) -> str:
    """The text as HTML: paragraphs and line breaks, everything else escaped."""
    paragraphs = re.split(r"\n\s*\n", markdown.strip("\n"))
    inner = "\n".join("<p>" + html.escape(part).replace("\n", "<br>\n") + "</p>" for part in paragraphs)
    return f"<!doctype html>\n<html><body>\n{inner}\n</body></html>\n"


def build(letter: Letter) -> bytes:
    """The message as bytes, ready for a Maildir. Raises UnsafeMailError rather than write something else."""
    message = EmailMessage(policy=POLICY)
    local, _, domain = letter.sender.rpartition("@")
    message["From"] = Address(clean_header(letter.sender_name), local, domain)
    message["To"] = ", ".join(letter.to)
    if letter.cc:
        message["Cc"] = ", ".join(letter.cc)
    message["Subject"] = clean_header(letter.subject)
    message["Date"] = format_datetime(letter.written_at)
    message["X-AI-Generated"] = "true"
    text = plain_text(letter.markdown)
    message.set_content(text, charset="utf-8", cte="quoted-printable")
    message.add_alternative(html_of(text), subtype="html", charset="utf-8", cte="quoted-printable")
    for attachment in letter.attachments:
        _attach(message, attachment)
    raw = _handwritten(letter) + message.as_bytes()
    _check(raw, letter, message.keys())
    return raw


def _handwritten(letter: Letter) -> bytes:
    lines = [
        f"Message-ID: {_id(letter.header_id)}",
        f"List-Unsubscribe: <{letter.unsubscribe_url}>,\r\n <mailto:{letter.unsubscribe_mail}?subject=unsubscribe>",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
    ]
    if letter.in_reply_to:
        lines.append(f"In-Reply-To: {_id(letter.in_reply_to)}")
    if letter.ancestors:
        kept = (letter.ancestors[0], *letter.ancestors[1:][-KEPT_ANCESTORS:])
        lines.append("References: " + "\r\n ".join(_id(ancestor) for ancestor in kept))
    return "".join(line + "\r\n" for line in lines).encode("ascii")


def _id(text: str) -> str:
    if not HEADER_ID.fullmatch(text):
        raise UnsafeMailError("a Message-ID is not one plain token")
    return text


def _attach(message: EmailMessage, attachment: dict[str, Any]) -> None:
    kind = re.fullmatch(r"([a-z]+)/([a-z0-9.+-]+)", str(attachment["content_type"]).lower())
    main, sub = (
        (kind[1], kind[2]) if kind and kind[1] not in ("multipart", "message") else ("application", "octet-stream")
    )
    content = base64.b64decode(attachment["content_base64"])
    message.add_attachment(content, maintype=main, subtype=sub, filename=clean_header(str(attachment["name"])))


def _check(raw: bytes, letter: Letter, names: list[str]) -> None:
    handwritten = ["Message-ID", "List-Unsubscribe", "List-Unsubscribe-Post"]
    handwritten += ["In-Reply-To"] if letter.in_reply_to else []
    handwritten += ["References"] if letter.ancestors else []
    again = message_from_bytes(raw, policy=policy.default)
    part = again.get_body(("plain",))
    if sorted(again.keys()) != sorted([*handwritten, *names]) or part is None:
        raise UnsafeMailError("the message reads back with other headers than were set")
    if plain_text(part.get_content()).rstrip("\n") != plain_text(letter.markdown).rstrip("\n"):
        raise UnsafeMailError("the message reads back with another text than was set")
