"""Texts in passages: what a case highlights in one, and where two differ. Pure.

Places in a text count its characters (code points) with line ends as one each, because that is what a browser's page
holds; `readable` gives the text in that form.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

MOST_HIGHLIGHTS = 500
# comparing words takes time that grows with their square
MOST_WORDS = 4_000


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of text; `marked` where it is highlighted or differs, with what is said of it."""

    text: str
    marked: bool = False
    said: str = ""


def readable(text: str) -> str:
    """The text with line ends as a page has them."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def highlighted(text: str, marks: Iterable[Any]) -> tuple[Passage, ...]:
    """The text in passages; `marks` are `{"start", "end", "title"?}`, and where two overlap the first has it."""
    passages, at = [], 0
    for start, end, said in sorted(_spans(text, marks))[:MOST_HIGHLIGHTS]:
        begin = max(start, at)
        if begin < end:
            passages += [Passage(text[at:begin]), Passage(text[begin:end], marked=True, said=said)]
            at = end
    passages.append(Passage(text[at:]))
    return tuple(passage for passage in passages if passage.text)


def compared(before: str, after: str) -> tuple[tuple[Passage, ...], tuple[Passage, ...]]:
    """Both texts, with the words marked that the other does not have."""
    old, new = (re.findall(r"\s+|\S+", text) for text in (before, after))
    if max(len(old), len(new)) > MOST_WORDS:
        differ = before != after
        return (Passage(before, marked=differ),), (Passage(after, marked=differ),)
    left: list[Passage] = []
    right: list[Passage] = []
    for what, a, b, c, d in SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        same = what == "equal"
        left.append(Passage("".join(old[a:b]), marked=not same, said="" if same else "only before"))
        right.append(Passage("".join(new[c:d]), marked=not same, said="" if same else "only after"))
    return tuple(each for each in left if each.text), tuple(each for each in right if each.text)


def _spans(text: str, marks: Iterable[Any]) -> Iterable[tuple[int, int, str]]:
    for mark in marks:
        start, end = (mark.get("start"), mark.get("end")) if isinstance(mark, Mapping) else (None, None)
        if type(start) is int and type(end) is int and 0 <= start < end <= len(text):
            yield start, end, str(mark.get("title", ""))
