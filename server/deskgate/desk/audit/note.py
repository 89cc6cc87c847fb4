"""Signing: the log's key, checkpoints, and the change from one key to the next.

Reading and checking of notes is the verifier's; it is exported here so that the two have one meaning.
"""

import base64
import re
from dataclasses import dataclass, field
from functools import cached_property

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from deskgate.desk.audit.verify import (
    ED25519,
    ROTATION_TITLE,
    Checkpoint,
    Key,
    Note,
    key_of,
    parse_checkpoint,
    parse_note,
    parse_vkey,
    signers,
    ssh_armor,
    ssh_head,
    ssh_key,
    ssh_message,
)

__all__ = [
    "Checkpoint",
    "Key",
    "Note",
    "Signer",
    "checkpoint_of",
    "checkpoint_text",
    "parse_checkpoint",
    "parse_note",
    "parse_vkey",
    "rotation_note",
    "sign",
    "signers",
]

ORIGIN_LIMIT_CHARS = 100
_ORIGIN = re.compile(r"[a-z0-9][a-z0-9._/-]*", re.ASCII)


def checked_origin(name: str) -> str:
    """The name of a log, which is also its key's: like a URL without scheme, as `example.com/desk`.

    It goes into shell commands of VERIFY.txt, so it has no character that a shell or ssh-keygen would read.

    Raises:
        ValueError: it is something else.
    """
    if not _ORIGIN.fullmatch(name) or len(name) > ORIGIN_LIMIT_CHARS:
        raise ValueError(f"A log's name has only small letters, digits, and . _ / - ({name[:120]!r} does not).")
    return name


@dataclass(frozen=True)
class Signer:
    """A private key under the log's name. Its repr does not show it."""

    name: str
    seed: bytes = field(repr=False)

    @classmethod
    def new(cls, name: str) -> "Signer":
        """A fresh key."""
        return cls(checked_origin(name), Ed25519PrivateKey.generate().private_bytes_raw())

    @cached_property
    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    @cached_property
    def key(self) -> Key:
        """The public key."""
        return key_of(self.name, self._private.public_key().public_bytes_raw())

    @property
    def vkey(self) -> str:
        """The public key as signed notes write it."""
        return self.key.vkey

    def sign(self, message: bytes) -> bytes:
        """64 bytes."""
        return self._private.sign(message)

    def ssh_sign(self, data: bytes) -> bytes:
        """An SSH signature in the namespace `file`, as `ssh-keygen -Y verify` reads it."""
        return ssh_armor(ssh_head(self.key.public) + self.sign(ssh_message(data)))


def sign(text: str, *by: Signer) -> bytes:
    """The text, which ends with a newline, as a signed note."""
    lines = [f"— {one.name} {base64.b64encode(one.key.id + one.sign(text.encode())).decode()}\n" for one in by]
    return f"{text}\n{''.join(lines)}".encode()


def checkpoint_text(origin: str, size: int, root: bytes) -> str:
    """What a checkpoint's signature is made over."""
    return f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"


def checkpoint_of(origin: str, size: int, root: bytes, *by: Signer) -> bytes:
    """A signed checkpoint. The first one after a change of key is signed by both keys, the new one first."""
    return sign(checkpoint_text(origin, size, root), *by)


def rotation_note(old: Signer, new: Signer, size: int, root: bytes) -> str:
    """What the record `key.rotate`, number `size`, holds as `dec["rotation"]`.

    Both keys say that one follows the other, and what the log was until then: so neither's thief can tell that part anew.
    """
    text = f"{ROTATION_TITLE}\n{old.name}\n{old.vkey}\n{new.vkey}\n{size}\n{base64.b64encode(root).decode()}\n"
    return sign(text, old, new).decode()


def pem_of(key: Key) -> bytes:
    """The public key as openssl reads it."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return Ed25519PublicKey.from_public_bytes(key.public).public_bytes(serialization.Encoding.PEM, form)


def ssh_public_of(key: Key) -> str:
    """The public key as SSH writes it, without a comment."""
    return f"ssh-ed25519 {base64.b64encode(ssh_key(key.public)).decode()}"


def private_text(signer: Signer) -> str:
    """The private key on one line, in the form of Go's note package: `PRIVATE+KEY+<name>+<id>+<base64(type, seed)>`."""
    data = base64.b64encode(bytes([ED25519]) + signer.seed).decode()
    return f"PRIVATE+KEY+{signer.name}+{signer.key.id.hex()}+{data}\n"


def private_of(text: str) -> Signer:
    """Read `private_text`.

    Raises:
        ValueError: it is something else. The sentence does not repeat it.
    """
    words = text.removesuffix("\n").split("+", 4)
    try:
        data = base64.b64decode(words[4], validate=True)
        signer = Signer(checked_origin(words[2]), data[1:])
        right = words[:2] == ["PRIVATE", "KEY"] and data[0] == ED25519 and signer.key.id.hex() == words[3]
    except (ValueError, IndexError):
        right = False
    if not right:
        raise ValueError("The file does not hold a signing key of deskgate.")
    return signer
