"""What the console's home shows: needs, each a link, figures of today, and what could be changed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.utils import timezone

Tone = Literal["danger", "warning", "neutral"]


@dataclass(frozen=True, slots=True)
class Need:
    """Something that waits for the person who looks. `count` 0 means that nothing does."""

    count: int
    one: str
    many: str
    url: str
    tone: Tone = "neutral"
    detail: str = ""

    @property
    def words(self) -> str:
        """The need in words that agree with its count."""
        return f"{thousands(self.count)} {self.one if self.count == 1 else self.many}"


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of today, with what it is a part of."""

    name: str
    value: str
    detail: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """Something that could be done otherwise, why, and where."""

    words: str
    because: str
    url: str


def thousands(number: int) -> str:
    """A whole number with narrow spaces between its thousands."""
    return f"{number:,}".replace(",", "\u202f")


def since(moment: datetime) -> str:
    """How long ago that was, in the largest unit that fits: 37 s, 4 min, 2 h, 3 days."""
    seconds = max(0, int((timezone.now() - moment).total_seconds()))
    for unit, size in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
