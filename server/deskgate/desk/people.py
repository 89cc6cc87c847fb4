"""How a person is recognised. One address has many spellings, and Zendesk, MultiMail and an operator each have their own."""

import re
import unicodedata

_BARE = re.compile(r"""[^\s<>()\[\]@,;:"\\]+@[\w-]+(?:\.[\w-]+)*""")
LONGEST_DOMAIN_CHARS = 255


def key_of(address: str) -> str:
    """The one form of an address under which everything about its owner is kept and looked up; never what mail is sent to.

    Letter case and the composition of accents make no difference, and a domain is written as mail servers know it
    (`xn--…`). What is no address has a key as well, so that nothing that arrives is without one.
    """
    local, at, domain = address.strip().rpartition("@")
    return folded(local) + at + (_ascii(domain) if at else folded(domain))


def spellings(key: str) -> tuple[str, ...]:
    """The key, and the same with its domain in the letters that people write."""
    local, at, domain = key.rpartition("@")
    shown = _unicode(domain)
    return (key,) if shown == domain else (key, f"{local}{at}{shown}")


def bare(key: str) -> bool:
    """Whether the key is an address and nothing else: no name beside it, no `mailto:`, no mark of a sentence behind it."""
    return _BARE.fullmatch(key) is not None


def folded(text: str) -> str:
    """A text as it is compared: without letter case, accents composed (Unicode's canonical caseless matching)."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())


def _ascii(domain: str) -> str:
    # Before letter case goes, as casefold would make another domain of one with ß in it.
    if domain.isascii() or len(domain) > LONGEST_DOMAIN_CHARS:
        return folded(domain)
    import idna

    try:
        return idna.encode(domain, uts46=True).decode("ascii").lower()
    except UnicodeError:
        return folded(domain)


def _unicode(domain: str) -> str:
    if "xn--" not in domain:
        return domain
    import idna

    try:
        return idna.decode(domain)
    except UnicodeError:
        return domain
