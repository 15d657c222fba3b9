"""Reading pages as a person does: text, forms and buttons of a response, by the standard library's parser."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from uuid import UUID

VOID = {"input", "meta", "link", "img", "br", "hr"}


@dataclass
class Page(HTMLParser):
    """A parsed response: its `text`, and its `forms` as (action, fields)."""

    source: str
    words: list[str] = field(default_factory=list)
    forms: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    hidden: int = 0

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.feed(self.source)

    def __hash__(self) -> int:
        return id(self)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self.forms.append((given.get("action") or "", {}))
        # as a browser would send it: a radio or a box only when it is ticked
        is_sent = given.get("type") not in ("radio", "checkbox") or "checked" in given
        if tag == "input" and self.forms and given.get("name") and is_sent:
            self.forms[-1][1][str(given["name"])] = given.get("value") or ""
        if tag in ("script", "style"):
            self.hidden += 1

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self.hidden -= 1

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.words.append(data)

    @property
    def text(self) -> str:
        """What the page says, spaces folded."""
        return re.sub(r"[ \n\t]+", " ", " ".join(self.words)).strip()

    def fields_of(self, action_end: str) -> dict[str, str]:
        """The fields of the form whose action ends so."""
        return next(fields for action, fields in self.forms if action.endswith(action_end))

    def has_form(self, action_end: str) -> bool:
        """Whether a form's action ends so."""
        return any(action.endswith(action_end) for action, _ in self.forms)


def read(response: Any) -> Page:
    """The page of a response."""
    return Page(response.content.decode())


def seat_of(response: Any) -> UUID:
    """The seat on whose page a response (or the end of its redirects) is."""
    found = re.search(r"/seats/([0-9a-f-]{36})/", response.request["PATH_INFO"])
    assert found, response.request["PATH_INFO"]
    return UUID(found[1])
