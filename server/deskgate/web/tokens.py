"""What stands in the token file: who may come in over HTTP, as whom, and with which rights.

One JSON object per line; empty lines and lines that begin with `#` are left alone.
"""

import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

Kind = Literal["human", "agent"]
KINDS: tuple[Kind, ...] = get_args(Kind)
SCOPES = ("draft", "decide", "audit", "admin")

# One spelling per name: `Alice`, `alice` and look-alikes in other scripts must not pass for two people at the gate. No
# colon, which separates kinds of principals elsewhere (`reviewer:alice`).
NAME = re.compile(r"[a-z0-9][a-z0-9._@/+-]{0,99}")
NAME_RULE = "1 to 100 of a-z, 0-9 and . _ @ / + -, beginning with a letter or a digit"
_ID = re.compile(r"[a-z0-9-]{1,40}")
_HASH = re.compile(r"[0-9a-f]{64}")
_TEXTS = ("id", "principal", "kind", "owner", "sha256", "created", "label")
_NEEDED = ("id", "principal", "kind", "scopes", "sha256", "created")


class TokenFileError(Exception):
    """The token file cannot be used; `faults` has one sentence each, with the line it is about."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(frozen=True)
class Token:
    """One line. `owner` is the person or team behind the principal; `created` is a UTC time in ISO 8601."""

    id: str
    principal: str
    kind: Kind
    scopes: frozenset[str]
    owner: str
    created: str
    sha256: str = field(repr=False)
    label: str = ""

    def shown(self) -> dict[str, Any]:
        """Everything but the hash, as `deskgate token list` shows it."""
        return {
            "id": self.id,
            "principal": self.principal,
            "kind": self.kind,
            "scopes": [scope for scope in SCOPES if scope in self.scopes],
            "owner": self.owner,
            "created": self.created,
            "label": self.label,
        }

    def line(self) -> str:
        """The token as a line of the file."""
        return json.dumps({**self.shown(), "sha256": self.sha256}, ensure_ascii=True)


def hash_of(secret: str) -> str:
    """The hash that stands in the file. No salt: there is nothing to guess about 256 random bits."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def parse(text: str) -> tuple[Token, ...]:
    """Read the file's text.

    Raises:
        TokenFileError: with every fault found. One is enough to refuse the whole file: a line that is skipped could be
            the one that said who owns a principal.
    """
    tokens: list[Token] = []
    faults: list[str] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            token = _token(line)
            _consistent(token, tokens)
        except ValueError as error:
            faults.append(f"line {number}: {error}")
        else:
            tokens.append(token)
    if faults:
        raise TokenFileError(faults)
    return tuple(tokens)


def _token(line: str) -> Token:
    found = line_object(line)
    unknown = sorted(set(found) - {*_TEXTS, "scopes"})
    missing = [name for name in _NEEDED if name not in found]
    if unknown:
        raise ValueError(f"there is no field {unknown[0][:40]!r}")
    if missing:
        raise ValueError(f"the field {missing[0]!r} is missing")
    for name in _TEXTS:
        if not isinstance(found.get(name, ""), str):
            raise ValueError(f"{name!r} must be text")  # noqa: TRY004 - a fault of the line, collected with the others
    if not _ID.fullmatch(found["id"]) or not _HASH.fullmatch(found["sha256"]):
        raise ValueError("'id' or 'sha256' is not in the form that `deskgate token new` writes")
    if len(found.get("label", "")) > 200 or not found.get("label", "").isprintable():
        raise ValueError("'label' must be at most 200 printable characters")
    owner = found.get("owner") or found["principal"]
    return Token(
        id=found["id"],
        principal=checked_name("principal", found["principal"]),
        kind=checked_kind(found["kind"]),
        scopes=checked_scopes(found["scopes"]),
        owner=checked_name("owner", owner),
        created=found["created"],
        sha256=found["sha256"],
        label=found.get("label", ""),
    )


def line_object(line: str) -> dict[str, Any]:
    """One line of the file, before anything is known about its fields.

    Raises:
        ValueError: it is no JSON object, or has a field twice.
    """

    def single(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({name for name, _ in pairs}) != len(pairs):
            raise ValueError("a field stands there twice")
        return dict(pairs)

    try:
        found = json.loads(line, object_pairs_hook=single)
    except json.JSONDecodeError:
        raise ValueError("this is not a JSON object") from None
    except RecursionError:
        raise ValueError("this is nested too deeply") from None
    if not isinstance(found, dict):
        raise ValueError("this is not a JSON object")  # noqa: TRY004 - as above
    return found


def checked_name(what: str, value: str) -> str:
    """A principal's or owner's name.

    Raises:
        ValueError: it could be mistaken for another one.
    """
    if not NAME.fullmatch(value):
        raise ValueError(f"{what!r} must be {NAME_RULE}")
    return value


def checked_kind(value: str) -> Kind:
    """`human` or `agent`.

    Raises:
        ValueError: anything else.
    """
    for kind in KINDS:
        if value == kind:
            return kind
    raise ValueError(f"'kind' must be one of {', '.join(KINDS)}")


def checked_scopes(value: object) -> frozenset[str]:
    """The rights of a token, at least one.

    Raises:
        ValueError: none, or one that does not exist.
    """
    if not isinstance(value, list) or not value:
        raise ValueError("'scopes' must be a list of at least one scope")
    unknown = next((one for one in value if one not in SCOPES), None)
    if unknown is not None:
        raise ValueError(f"there is no scope {str(unknown)[:40]!r}; there are {', '.join(SCOPES)}")
    return frozenset(value)


def _consistent(token: Token, earlier: list[Token]) -> None:
    for other in earlier:
        if token.id == other.id or token.sha256 == other.sha256:
            raise ValueError(f"the same token stands there twice ({token.id})")
        if token.principal == other.principal and (token.owner, token.kind) != (other.owner, other.kind):
            raise ValueError(
                f"{token.principal} has another owner or kind in an earlier line; one principal has one of each"
            )
