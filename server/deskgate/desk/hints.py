"""Commands in our own sentences, as they have to be typed where they are read."""

import re

# `deskgate sandbox …` is the pretend world itself; what names it already says enough.
_COMMAND = re.compile(r"`(deskgate (?!sandbox\b)(?:(?!--sandbox)[^`])+)`")


def typed_here(sentence: str, *, sandbox: bool) -> str:
    """The sentence with every `deskgate …` in it as it works here: in the pretend world it needs `--sandbox`."""
    return _COMMAND.sub(r"`\1 --sandbox`", sentence) if sandbox else sentence
