"""Two clients of the platform, with the standard library alone: a system that submits, a person in the portal."""

import http.client
import json
import re
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

JSON = "application/json"
NDJSON = "application/x-ndjson"


class Unexpected(AssertionError):
    """The platform answered something else than the story demands."""


@dataclass(frozen=True)
class Answer:
    """One HTTP response, read whole."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    def lines(self) -> list[Any]:
        """The body as one JSON value a line."""
        return [json.loads(line) for line in self.body.splitlines() if line]


def exchange(
    address: str, method: str, path: str, *, body: bytes | None = None, headers: dict[str, str] | None = None
) -> Answer:
    """One request on a connection of its own; redirects are the caller's."""
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(address).netloc, timeout=60)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        response = connection.getresponse()
        names = {name.lower(): value for name, value in response.getheaders() if name.lower() != "set-cookie"}
        cookies = response.headers.get_all("Set-Cookie") or []
        return Answer(response.status, {**names, "set-cookie": "\n".join(cookies)}, response.read())
    finally:
        connection.close()


@dataclass(frozen=True)
class Integrator:
    """A system with a service key."""

    address: str
    key: str

    def ask(
        self, method: str, path: str, *, body: bytes | None = None, kind: str = JSON, expect: tuple[int, ...] = (200,)
    ) -> Answer:
        """One call of /api/v1/; raises Unexpected when the status is none of those expected."""
        headers = {"Authorization": f"Bearer {self.key}"} | ({"Content-Type": kind} if body is not None else {})
        answer = exchange(self.address, method, f"/api/v1/{path}", body=body, headers=headers)
        if answer.status not in expect:
            raise Unexpected(f"{method} /api/v1/{path} answered {answer.status}: {answer.body[:600].decode()}")
        return answer

    def get(self, path: str) -> Any:
        """The JSON of a GET."""
        return self.ask("GET", path).json()

    def pages(self, path: str, *, most: int) -> list[Any]:
        """Up to `most` items of a list, over as many pages as that takes."""
        items: list[Any] = []
        joint = "&" if "?" in path else "?"
        page = self.get(path)
        while True:
            items += page["items"]
            if len(items) >= most or not page["next_cursor"]:
                return items[:most]
            page = self.get(f"{path}{joint}cursor={urllib.parse.quote(page['next_cursor'])}")


@dataclass
class Form:
    """One HTML form: where it goes, what it sends, what can be chosen."""

    action: str = ""
    values: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)


class Forms(HTMLParser):
    """Collects the forms of a page, and its links."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """HTMLParser's own name."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(action=given.get("action", "")))
        elif tag == "a":
            self.links.append(given.get("href", ""))
        elif tag in {"input", "textarea", "button"} and self.forms and given.get("name"):
            form, name = self.forms[-1], given["name"]
            if tag == "button" or given.get("type") in {"radio", "checkbox"}:
                form.choices.setdefault(name, []).append(given.get("value", "on"))
            else:
                form.values[name] = given.get("value", "")


@dataclass
class Person:
    """Somebody in the portal: cookies, pages and forms, no JavaScript."""

    address: str
    email: str
    password: str
    cookies: dict[str, str] = field(default_factory=dict)

    def open(self, path: str, *, form: dict[str, str] | None = None) -> tuple[str, str]:
        """Follow a link or send a form, and every redirect; answers the last path and its page."""
        for _ in range(10):
            body = urllib.parse.urlencode(form).encode() if form is not None else None
            headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
            if body is not None:
                headers["Content-Type"] = "application/x-www-form-urlencoded"
            answer = exchange(self.address, "POST" if body is not None else "GET", path, body=body, headers=headers)
            self.keep_cookies(answer.headers["set-cookie"])
            if answer.status not in {301, 302, 303, 307, 308}:
                if answer.status != 200:
                    raise Unexpected(f"{self.email}: {path} answered {answer.status}")
                return path, answer.body.decode()
            path = urllib.parse.urljoin(path, answer.headers["location"])
            form = form if answer.status in {307, 308} else None
        raise Unexpected(f"{self.email}: {path} redirects for ever")

    def keep_cookies(self, lines: str) -> None:
        """Remember what the server set (attributes do not matter on one address)."""
        for line in lines.splitlines():
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name.strip()] = value.strip()

    def log_in(self) -> None:
        """Through the login form, and the choice of an organisation where there are several."""
        _, page = self.open("/accounts/login/")
        form = next(form for form in Forms(page).forms if "password" in form.values)
        path, page = self.open("/accounts/login/", form={**form.values, "login": self.email, "password": self.password})
        if path.startswith("/accounts/login"):
            raise Unexpected(f"{self.email} could not log in")
        if path.startswith("/tenants/choose"):
            chosen = next(form for form in Forms(page).forms if "tenant" in form.choices)
            path, page = self.open(path, form={**chosen.values, "tenant": chosen.choices["tenant"][0]})
        if path not in {"/", "/console/"}:
            raise Unexpected(f"{self.email} arrived at {path}")

    def queues(self) -> list[str]:
        """The keys of the queues on the first page."""
        _, page = self.open("/")
        return sorted({found[1] for link in Forms(page).links if (found := re.fullmatch(r"/queues/([^/]+)/", link))})

    def next_case(self, queue: str) -> tuple[str, str]:
        """Claim the next case of a queue; answers where that led, and the page."""
        _, page = self.open(f"/queues/{queue}/")
        token = next(form.values["csrfmiddlewaretoken"] for form in Forms(page).forms if form.values)
        return self.open(f"/queues/{queue}/next", form={"csrfmiddlewaretoken": token})

    def decide(self, page: str, *, choose: Callable[[str, list[str]], str]) -> tuple[str, str]:
        """Fill in the decision of a case page and send it; `choose(reference, labels)` names the label.

        Answers where the portal led from there: the same case with its advice, the next case, or the queue.
        """
        form = next(form for form in Forms(page).forms if form.choices.get("label"))
        label = choose(shown_reference(page), form.choices["label"])
        return self.open(form.action, form={**form.values, "label": label})


def shown_reference(page: str) -> str:
    """The short name of the case that a case page shows."""
    found = re.search(r"Case ([0-9A-F]{4}-[0-9A-F]{4})", page)
    if found is None:
        raise Unexpected("A case page shows no case.")
    return found[1]
