"""Identifiers as MultiMail spells them."""

from random import Random

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_id(now_ms: int, random: Random) -> str:
    """A ULID: 26 characters, of which the first ten tell the time."""
    number = now_ms << 80 | random.getrandbits(80)
    return "".join(ALPHABET[number >> 5 * place & 31] for place in range(25, -1, -1))


def operator_code(random: Random) -> str:
    """A code as the operator gets it by mail, for example A7X-29K."""
    letters = "".join(random.choice(ALPHABET[2:]) for _ in range(6))
    return f"{letters[:3]}-{letters[3:]}"
