"""What the console's home shows: needs, each a link, and figures of today."""

from dataclasses import dataclass
from typing import Literal

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


def thousands(number: int) -> str:
    """A whole number with narrow spaces between its thousands."""
    return f"{number:,}".replace(",", "\u202f")
