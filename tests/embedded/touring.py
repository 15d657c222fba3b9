"""A walk through a running demonstration: what its README promises, seen by the people whom it names."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from hitl_platform.embedded.visitors import Person, exchange

# mode, stop rule, whether it confirms the model
KINDS_OF_PANEL = {
    ("first_response", "fixed", False),
    ("majority", "fixed", False),
    ("unanimous", "fixed", False),
    ("weighted", "confident", False),
    ("chain", "fixed", False),
    ("majority", "fixed", True),
}
PANELS = """
select template.mode, template.stop, template.confirms_model, panel.state
from reviews_panel panel join reviews_paneltemplate template on template.id = panel.template_id
where panel.purpose = 'live' group by 1, 2, 3, 4
"""
SIMULATED = """
select count(*) from reviews_judgment judgment join tenants_user who on who.id = judgment.reviewer_id
where not who.simulated or judgment.rationale not like 'Simulated%'
"""
# by login: an address, and what its page says
PAGES: dict[str, dict[str, tuple[str, ...]]] = {
    "manager@northwind.example": {
        "/console/reviews/escalation/": ("Overdue: somebody looks at it", "A reviewer asks for help", "Disagreement"),
        "/console/reviews/goldcontest/": ("Simulated reviewer 1",),
        "/console/reviews/stampflag/": ("Simulated hasty reviewer",),
        "/console/reviews/absence/": ("Simulated absent reviewer",),
        "/notices/": ("it is overdue", "a reviewer asks for help"),
    },
    "reviewer@northwind.example": {
        "/": ("Large loans", "Small loans", "Loans for new cars", "Business loans"),
        "/notices/": ("was handed to you", "You are named in a comment"),
        "/practice/loans/": ("File note, written by the demonstration",),
    },
    "reviewer2@northwind.example": {"/queues/business-loans/": ("asking for skills that you do not have",)},
    "simulated1@northwind.example": {
        "/my-work/": ("Contest waits", "95 % interval", "So far:", "Simulated reviewer 1")
    },
    "simulated-hasty@northwind.example": {"/my-work/": ("times as fast as the others judge cases of the same length",)},
    "simulated-paused@st-agnes.example": {"/queues/cytology/": ("You are paused here", "0 of 4 known cases")},
    "manager@st-agnes.example": {"/console/reviews/reviewerpause/": ("Simulated paused reviewer",)},
}


@dataclass
class Tour:
    """Somebody who walks through the demo at `address`, with the logins that it has written."""

    address: str
    home: Path
    people: dict[str, Person] = field(default_factory=dict)

    def somebody(self, email: str) -> Person:
        """A person who has logged in."""
        if email not in self.people:
            logins = {each["email"]: each["password"] for each in json.loads((self.home / "logins.json").read_text())}
            self.people[email] = Person(self.address, email, logins[email])
            self.people[email].log_in()
        return self.people[email]

    def walk(self) -> None:
        """Everything, by everybody."""
        self.count_panels()
        for email, pages in PAGES.items():
            for path, said in pages.items():
                _, page = self.somebody(email).open(path)
                assert [each for each in said if each not in page] == [], f"{email} at {path}"
        self.take_what_was_handed_over()
        self.look_at_a_dispute()
        self.look_at_a_plot()

    def count_panels(self) -> None:
        """Panels of every kind have settled, and others wait; all that was said was said by simulated people."""
        url = json.loads((self.home / "environment.json").read_text())["MIGRATOR_DATABASE_URL"]
        with psycopg.connect(url) as connection:
            rows = connection.execute(PANELS).fetchall()
            others = connection.execute(SIMULATED).fetchone()
        by_state = {state: {tuple(row[:3]) for row in rows if row[3] == state} for state in ("settled", "open")}
        assert by_state["settled"] >= KINDS_OF_PANEL
        assert by_state["open"] >= KINDS_OF_PANEL
        assert any(row[3] == "disputed" for row in rows)
        assert others == (0,)

    def take_what_was_handed_over(self) -> None:
        """The case that a colleague handed over comes first, with what was said on it, and text to mark."""
        path, page = self.somebody("reviewer@northwind.example").next_case("large-loans")
        assert path.startswith("/seats/")
        assert "Simulated reviewer 3" in page
        assert "@nora" in page
        assert 'data-text="note"' in page

    def look_at_a_dispute(self) -> None:
        """Both judgments side by side, and why."""
        path, page = self.somebody("adjudicator@northwind.example").next_case("large-loans")
        assert path.startswith("/seats/")
        assert "2 judgments side by side" in page
        assert page.count("Simulated judgment. Decisive:") == 2

    def look_at_a_plot(self) -> None:
        """An image and a document that came with the case, and a queue whose model is confirmed blind."""
        nora = self.somebody("reviewer@st-agnes.example")
        path, page = nora.next_case("plots")
        assert path.startswith("/seats/")
        assert "reading-guide.pdf" in page
        source = re.search(r'<img src="(/files/[^"]+)" alt="[^"]*plot.png"', page)
        assert source is not None
        cookies = {"Cookie": "; ".join(f"{name}={value}" for name, value in nora.cookies.items())}
        image = exchange(self.address, "GET", source[1], headers=cookies)
        assert (image.status, image.headers["content-type"]) == (200, "image/png")
        _, page = nora.next_case("second-reading")
        assert "Your own answer first" in page
