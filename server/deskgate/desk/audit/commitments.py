"""Personal data beside the log: the record holds a keyed commitment, the text and its key can be deleted.

Without the key nothing can be guessed back from the commitment, however short the text was.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from deskgate.desk.audit.clean import CUT, canonical
from deskgate.desk.text import storable

KEY_BYTES = 32
TEXT_LIMIT_CHARS = 300_000


@dataclass(frozen=True)
class Sealed:
    """What a record holds of a text: the side row's name and the commitment."""

    row: str
    commitment: str


@dataclass(frozen=True)
class Personal:
    """A side row: deleting it is erasing. `person` is whose data it is, or empty. Only `row` ever shows in a repr."""

    row: str
    key: bytes = field(repr=False)
    text: str = field(repr=False)
    person: str = field(default="", repr=False)

    @property
    def sealed(self) -> Sealed:
        """What the record holds of it."""
        return Sealed(self.row, commitment(self.key, f"{self.person}\n{self.text}"))


def seal(words: Mapping[str, str], person: str = "") -> Personal:
    """A new side row over named texts (`to`, `subject`, `body`, `reason`, …) of a person, with a random key and name."""
    cleaned = {_fit(name): _fit(text) for name, text in words.items()}
    return Personal(secrets.token_hex(16), secrets.token_bytes(KEY_BYTES), canonical(cleaned).decode(), _fit(person))


def commitment(key: bytes, text: str) -> str:
    """HMAC-SHA-256 of the text, as hex."""
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _fit(text: str) -> str:
    kept = text if len(text) <= TEXT_LIMIT_CHARS else text[: TEXT_LIMIT_CHARS - len(CUT)] + CUT
    return storable(kept)
