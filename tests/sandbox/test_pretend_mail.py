"""The mail that a customer would get: it reads in any mail program, and nothing in it can become a header."""

import mailbox
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deskgate.sandbox import mime
from deskgate.sandbox.constants import MAILBOX_ID
from deskgate.sandbox.mime import Letter, build
from deskgate.sandbox.world import World
from fakes import FakeClock

pytestmark = pytest.mark.anyio

NAMES = {
    "from", "to", "subject", "date", "message-id", "mime-version", "content-type", "x-ai-generated",
    "list-unsubscribe", "list-unsubscribe-post",
}  # fmt: skip


def letter(**more: object) -> Letter:
    given_parts = {
        "sender": "support@desk.example.com",
        "sender_name": "Harbour Lane Goods",
        "to": ("maria@example.com",),
        "cc": (),
        "subject": "Re: Order",
        "markdown": "Hello",
        "written_at": datetime(2026, 1, 28, 12, 0, tzinfo=UTC),
        "header_id": "<a1@desk.example.com>",
        "in_reply_to": None,
        "ancestors": (),
        "unsubscribe_url": "https://multimail.example.com/v1/unsubscribe/a1",
        "unsubscribe_mail": "unsubscribe@desk.example.com",
        **more,
    }
    return Letter(**given_parts)  # type: ignore[arg-type]


def read(raw: bytes) -> EmailMessage:
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def text_of(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


async def test_a_delivered_mail_lies_in_a_maildir_that_mail_programs_open(
    world: World, tmp_path: Path, clock: FakeClock, sender: httpx.AsyncClient
) -> None:
    world.set_mode("autonomous")
    mail = {"to": ["maria@example.com"], "subject": "Grüße", "markdown": "Hello\n\n**Maria** <b>"}
    await sender.post(f"/v1/mailboxes/{MAILBOX_ID}/send", json=mail)
    clock.advance(0.3)
    (sent,) = world.sent_mails()
    (stored,) = mailbox.Maildir(tmp_path / "sandbox" / "Maildir", create=False)
    assert str(stored["Message-ID"]) == sent.message_id
    message = read(sent.path.read_bytes())
    assert message["Subject"] == "Grüße"
    assert str(message["From"]) == "Harbour Lane Goods <support@desk.example.com>"
    assert message["To"] == "maria@example.com"
    assert message["X-AI-Generated"] == "true"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message.get_content_type() == "multipart/alternative"
    assert text_of(message, "plain") == "Hello\n\n**Maria** <b>\n"
    assert "<p>**Maria** &lt;b&gt;</p>" in text_of(message, "html")


async def test_a_mail_that_a_program_marked_as_read_is_still_found(
    world: World, clock: FakeClock, sender: httpx.AsyncClient
) -> None:
    world.set_mode("autonomous")
    mail = {"to": ["maria@example.com"], "subject": "s", "markdown": "m"}
    await sender.post(f"/v1/mailboxes/{MAILBOX_ID}/send", json=mail)
    clock.advance(0.3)
    (sent,) = world.sent_mails()
    moved = sent.path.parent.parent / "cur" / f"{sent.path.name}:2,S"
    sent.path.rename(moved)
    assert world.sent_mails()[0].path == moved


@pytest.mark.parametrize(
    "subject",
    [
        "plain\r\nBcc: spy@example.net",
        "=?utf-8?q?hi=0ABcc:_spy@example.net?=",
        "=?utf-8?b?aGkKQmNjOiBzcHlAZXhhbXBsZS5uZXQ=?=",
        "=?utf-8?q?hi=0D=0A=0D=0Abody?=",
        "=?utf-8?q?=3D=3Futf-8=3Fq=3Fhi=3D0ABcc=3A_x=3F=3D?=",
        "a\x00b\x85c\u2028Bcc: x",
        "=?unknown-charset?q?x=0ABcc:_spy@example.net?=",
        "=?utf-8?b?!!!?=",
        "ends with =?",
        "x" * 998,
    ],
)
async def test_a_subject_stays_a_subject(subject: str) -> None:
    message = read(build(letter(subject=subject)))
    assert {name.lower() for name in message.keys()} == NAMES  # noqa: SIM118, a message is no dict
    assert "\n" not in str(message["Subject"])
    assert "=?" not in mime.clean_header(subject)


@pytest.mark.parametrize("name", ["=?utf-8?q?x=0ABcc:_spy@example.net?=", 'Q "uote" <spy@example.net>', "Zoë\r\nX: y"])
async def test_a_display_name_stays_a_name(name: str) -> None:
    message = read(build(letter(sender_name=name)))
    assert {one.lower() for one in message.keys()} == NAMES  # noqa: SIM118
    (address,) = message["From"].addresses
    assert address.addr_spec == "support@desk.example.com"


async def test_a_long_thread_keeps_its_first_and_last_twenty_ids_unbroken() -> None:
    ids = tuple(f"<{'x' * 100}{number:03d}@desk.example.com>" for number in range(50))
    raw = build(letter(ancestors=ids, in_reply_to=ids[-1]))
    head = raw.partition(b"From:")[0]
    assert b"=?" not in head
    references = head.decode().partition("References: ")[2].split()
    assert references == [ids[0], *ids[-20:]]
    assert max(len(line) for line in raw.splitlines()) < 998


@pytest.mark.parametrize("header_id", ["<a b@x>", "a@x", "<a@x>\r\nBcc: y", "<ä@x>", ""])
async def test_an_id_that_is_no_token_is_refused(header_id: str) -> None:
    with pytest.raises(mime.UnsafeMailError):
        build(letter(header_id=header_id))


async def test_attachments_come_along() -> None:
    attachment = {"name": "a\r\nb.txt", "content_base64": "aGk=", "content_type": "text/plain"}
    (part,) = read(build(letter(attachments=(attachment,)))).iter_attachments()
    assert (part.get_filename(), part.get_content().strip()) == ("a b.txt", "hi")


@settings(deadline=None)
@given(subject=st.text(max_size=200), markdown=st.text(max_size=400))
def test_any_text_reads_back_as_it_was(subject: str, markdown: str) -> None:
    subject, markdown = (text.encode("utf-8", "ignore").decode() for text in (subject, markdown))
    message = read(build(letter(subject=subject, markdown=markdown)))
    assert {name.lower() for name in message.keys()} == NAMES  # noqa: SIM118
    assert text_of(message, "plain").rstrip("\n") == mime.plain_text(markdown).rstrip("\n")
