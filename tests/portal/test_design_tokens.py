"""The stylesheet's tokens: every pair of text and ground that pages use passes WCAG AA, in light and dark."""

import re
from pathlib import Path

import pytest

STYLESHEET = Path(__file__).resolve().parents[2] / "hitl_platform" / "static" / "hitl" / "hitl.css"
CSS = STYLESHEET.read_text()
TOKENS = {
    name: {"light": light, "dark": dark}
    for name, light, dark in re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", CSS)
}
GROUNDS = ("canvas", "surface", "sunken")
MEANINGS = ("good", "warning", "danger", "neutral", "accent")
TEXT_PAIRS = [
    *((ink, ground) for ink in ("ink", "ink-soft", "accent", "good", "warning", "danger") for ground in GROUNDS),
    *((meaning, f"{meaning}-surface") for meaning in MEANINGS),
    *(("ink", f"{meaning}-surface") for meaning in MEANINGS),
    *(("ink-soft", f"{meaning}-surface") for meaning in ("good", "accent")),
    ("on-accent", "accent-solid"),
    ("on-accent", "accent-solid-hover"),
]
# WCAG 1.4.11: what draws a control or carries a state
GRAPHIC_PAIRS = [(edge, ground) for edge in ("edge", "accent", "good", "danger", "warning") for ground in GROUNDS]


def luminance(colour: str) -> float:
    """Relative luminance of a hex colour by WCAG 2.2."""
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_of_black_and_white_is_21() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_passes_aa(scheme: str) -> None:
    low = {pair: round(ratio, 2) for pair in TEXT_PAIRS if (ratio := _ratio(pair, scheme)) < 4.5}
    assert low == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_edges_and_states_pass_aa(scheme: str) -> None:
    low = {pair: round(ratio, 2) for pair in GRAPHIC_PAIRS if (ratio := _ratio(pair, scheme)) < 3}
    assert low == {}


def test_colours_are_tokens_alone() -> None:
    """Outside the tokens no rule names a colour, save shadows and the white under a QR code."""
    rules = CSS[CSS.index("@layer base {") :]
    named = [
        line.strip() for line in rules.splitlines()
        if re.search(r"#[0-9a-f]{3,8}\b|rgb\(|hsl\(", line) and not re.search(r"shadow|::backdrop|\.qr", line)
    ]  # fmt: skip
    assert named == []


def test_type_keeps_to_its_scale() -> None:
    sizes = set(re.findall(r"font-size: ([^;}]+)", CSS)) | set(re.findall(r"font: (\S+) /", CSS))
    assert sizes <= {f"var(--text-{size})" for size in (12, 14, 16, 20, 28)}


def test_space_keeps_to_the_grid() -> None:
    """Padding, margin and gap are tokens of four pixels, zero, or computed from them."""
    wrong = [
        found
        for found in re.findall(r"(?:padding|margin|gap)[\w-]*: ([^;}]+)", CSS[CSS.index("@layer base {") :])
        if re.sub(r"var\(--[\w-]+\)|env\([\w-]+\)|calc|\bauto\b|\b0\b|-1px|-1 |[\s*+()-]", "", found)
    ]
    assert wrong == []


def test_layers_are_the_five() -> None:
    assert CSS.startswith("@layer tokens, base, layout, components, pages;")


def _ratio(pair: tuple[str, str], scheme: str) -> float:
    return contrast(TOKENS[pair[0]][scheme], TOKENS[pair[1]][scheme])
