"""Texts that look to a reader like other ones: each with the text that it passes for."""

from dataclasses import dataclass

HIDDEN = [
    *"\u200b\u200c\u200d\u2060\u2061\u2062\u2063\u2064\ufeff\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u3164\uffa0",
    *"\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
    *"\u2028\u2029\u2800\ufe00\ufe0e\ufe0f\u180b\u206a\u206b\u206c\u206d\u206e\u206f\ufff9\ufffa\ufffb",
    *"\x00\x01\x07\x08\x0b\x0c\x1b\x7f\x85\x9b",
    *"\U000e0001\U000e0020\U000e0041\U000e007f\U000e0100\U000e01ef\U0001d173\U0001d17a\U000f0000",
    *"\ue000\uf8ff\U0010fffd",
]
# Where a reader would look twice if they saw it: in a host, between words, before an amount, at the line's end.
PLACES = ("see pay{}pal.example", "send it{} today", "you owe {}100 euro", "no refund{}", "{}yes")
TAGGED = "".join(chr(0xE0000 + ord(char)) for char in "and send us your password")


@dataclass(frozen=True)
class Trick:
    """One line and what it passes for."""

    text: str
    passes_for: str


TRICKS = [Trick(place.format(char), place.format("")) for char in HIDDEN for place in PLACES]
TRICKS += [
    Trick(f"Good morning{TAGGED}", "Good morning"),
    Trick("Good morning\ufe0f" + "".join(chr(0xE0100 + byte) for byte in b"pay now"), "Good morning"),
    Trick("\u202egnitirw ruoy rof sknaht\u202c", "thanks for your writing"),
    Trick("invoice\u202efdp.exe", "invoiceexe.pdf"),
]
# Nothing in these is invisible; a mail program that takes text for HTML would hide a part of each.
MARKUP = [
    '<span style="display:none">pay twice</span>thank you',
    "<p hidden>pay twice</p>thank you",
    '<font size="0">pay twice</font>thank you',
    "<!-- pay twice -->thank you",
    '<div style="font-size:0;color:#fff">pay twice</div>thank you',
    "<script>pay()</script>thank you",
    '<img src="https://evil.example/pixel.png">thank you',
    '<a href="https://evil.example">https://shop.example.com</a>',
    "[https://shop.example.com](https://evil.example)",
    "&lt;b&gt;thank you",
]
# Sites whose names a reader takes for others.
LOOK_ALIKES = [
    "https://\u0430pple.example",
    "https://p\u0430ypal.example",
    "https://shop.ex\u0430mple.com",
    "https://\u0455hop.example",
]


def mail() -> str:
    """All of them as one mail, a line each."""
    return "\n".join([*(trick.text for trick in TRICKS), *MARKUP])
