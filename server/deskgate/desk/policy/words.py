"""The words of a draft, a careful guess at its language, and the signs of a machine that answers by itself."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

from deskgate.desk.policy.facts import UNKNOWN_LANGUAGE
from deskgate.desk.policy.ways import EMPHASIS, resolved

LEAST_HITS = 4
LEAST_LEAD = 2
OPENING_CHARS = 400

# Short words that are common in one of these languages and in none of the others.
_COMMON = {
    "de": "der das und ist nicht sie wir ihre mit auf ein eine haben wurde werden bitte für auch oder",
    "en": "the and you your with have this that will would please are was from can our for when which",
    "es": "los las está usted nosotros gracias pero también cuando porque hemos puede muy desde hasta",
    "fr": "les nous vous votre est avec une dans être avons merci pas cette sont mais aussi",
    "it": "gli della nel questo abbiamo grazie sono essere può anche perché siamo vostro alla dei",
    "nl": "het een wij niet uw wordt zijn hebben voor naar bij maar deze kunt graag",
    "pt": "não você obrigado uma seu sua são está nós mas também isso pelo foi muito",
    "sv": "och att det inte som jag vår kan har till från din tack eller detta",
}
LANGUAGES = tuple(_COMMON)

_LOCAL_PARTS = frozenset({
    "mailer-daemon", "postmaster", "noreply", "no-reply", "no_reply", "donotreply", "do-not-reply", "do_not_reply", "bounce",
    "bounces", "autoreply", "auto-reply", "autoresponder", "notification", "notifications", "daemon", "root",
})  # fmt: skip
_SUBJECTS = (
    "automatic reply", "auto reply", "auto-reply", "autoreply", "auto response", "autoresponse", "out of office",
    "out of the office", "out-of-office", "undeliverable", "undelivered mail", "delivery status notification",
    "mail delivery", "delivery failure",
    "failure notice", "returned mail", "abwesenheit", "automatische antwort", "unzustellbar", "réponse automatique",
    "absence du bureau", "respuesta automática", "risposta automatica", "automatisch antwoord", "resposta automática",
    "autosvar", "automatiskt svar",
)  # fmt: skip
_OPENINGS = (
    *_SUBJECTS, "this is an automated", "this is an automatic", "automatically generated", "do not reply to this",
    "i am currently out", "i'm currently out", "i am away", "ich bin derzeit nicht", "je suis actuellement absent",
)  # fmt: skip

# CommonMark makes no emphasis of an underscore within a word, so `order_number` is two words; `readings` has it both ways.
_MARKS_WITHIN = re.compile(r"(?<=\w)[*~`\\]++(?=\w)")


def tokens(text: str) -> tuple[str, ...]:
    """The words of a text in order, as a mail program shows them: letters and digits, without case, in Unicode's compatible
    form. What does not show and Markdown's marks within a word are taken out; other signs separate words."""
    return _split(_MARKS_WITHIN.sub("", resolved(text)))


def readings(text: str) -> tuple[str, ...]:
    """The words of a text in every way in which a reader may see them: in one word, or apart, where programs differ.

    The readings follow one another with an empty word between, so that no phrase reaches from one into the next.
    """
    whole, apart = resolved(text).translate(EMPHASIS), resolved(text, unseen=" ")
    found = dict.fromkeys((tokens(text), _split(whole), _split(apart)))
    return tuple(word for words in found for word in ("", *words))[1:]


def _split(text: str) -> tuple[str, ...]:
    folded = unicodedata.normalize("NFC", text.casefold())
    return tuple("".join(char if char.isalnum() else " " for char in folded).split())


def has_phrase(words: Sequence[str], phrase: Sequence[str]) -> bool:
    """Whether the words of the phrase stand next to each other in this order."""
    length = len(phrase)
    return any(tuple(words[start : start + length]) == tuple(phrase) for start in range(len(words) - length + 1))


def language_of(words: Sequence[str]) -> str:
    """The language of a text, where its small words leave no doubt; else `unknown`.

    It takes `LEAST_HITS` small words of one language, and that many times `LEAST_LEAD` more than of any other.
    """
    counts = Counter(words)
    hits = {name: sum(counts[word] for word in common.split()) for name, common in _COMMON.items()}
    first, second = sorted(hits, key=lambda name: -hits[name])[:2]
    sure = hits[first] >= LEAST_HITS and hits[first] >= LEAST_LEAD * hits[second] + 1
    return first if sure else UNKNOWN_LANGUAGE


def answers_itself(address: str, subject: str, newest: str | None) -> bool:
    """Whether a requester looks like a machine: by address, by the ticket's subject, or by how their newest text begins.

    Zendesk does not pass on a mail's headers, so RFC 3834's signs cannot be read; the caps bound what this misses.
    """
    local = address.rpartition("@")[0].casefold()
    if local.partition("+")[0] in _LOCAL_PARTS or local.startswith(("bounce-", "bounces-", "noreply-", "no-reply-")):
        return True
    line = _plain(subject)
    for prefix in ("re:", "aw:", "fw:", "fwd:"):
        line = line.removeprefix(prefix).lstrip()
    opening = _plain((newest or "")[:OPENING_CHARS])
    return line.startswith(_SUBJECTS) or any(sign in opening for sign in _OPENINGS)


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
