"""Contrast, computed from the style sheet: WCAG 2.2 AA asks 4.5:1 for text and 3:1 for the edges of controls."""

import re
from pathlib import Path

import pytest

import deskgate.web.approvals

CSS = (Path(deskgate.web.approvals.__file__).parent / "static" / "approvals.css").read_text("utf-8")
ON_PAPER_AND_CARD = ("ink", "soft", "link", "stop")
TEXT = [
    *((ink, ground) for ink in ON_PAPER_AND_CARD for ground in ("paper", "card")),
    *((f"{name}-ink", name) for name in ("go", "stop", "warn", "badge", "hot", "quote", "note", "new", "old")),
    ("soft", "quote"), ("link", "quote"), ("ink", "quote"), ("link", "warn"),
]  # fmt: skip
EDGES = [(edge, ground) for edge in ("edge", "focus", "go", "stop") for ground in ("paper", "card")] + [
    ("focus", "quote")
]


def colours(scheme: str) -> dict[str, tuple[int, int, int]]:
    light, dark = re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)
    found = dict(re.findall(r"--([\w-]+): #([0-9a-f]{6});", light))
    if scheme == "dark":
        changed = dict(re.findall(r"--([\w-]+): #([0-9a-f]{6});", dark))
        assert changed.keys() == found.keys()
        found = changed
    return {name: (int(one[:2], 16), int(one[2:4], 16), int(one[4:], 16)) for name, one in found.items()}


def luminance(colour: tuple[int, int, int]) -> float:
    parts = [part / 255 for part in colour]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: tuple[int, int, int], other: tuple[int, int, int]) -> float:
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def test_the_formula_gives_what_wcag_says_for_black_on_white() -> None:
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast((0x76, 0x76, 0x76), (255, 255, 255)) == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), TEXT)
def test_text_stands_out(scheme: str, ink: str, ground: str) -> None:
    found = colours(scheme)
    assert contrast(found[ink], found[ground]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("edge", "ground"), EDGES)
def test_controls_and_focus_stand_out(scheme: str, edge: str, ground: str) -> None:
    found = colours(scheme)
    assert contrast(found[edge], found[ground]) >= 3.0


def test_the_style_sheet_names_every_colour_once() -> None:
    rules = CSS.rpartition("--old-ink")[2]
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b|rgba?\(|hsl", rules.partition(";")[2]) == []
