"""The bytes of evidence: served from an address of their own, to those who may see the case."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from cases.models import Case, EvidenceFile
from cases.queries import shown_files
from cases.services import add_file, examine_file
from hitl_platform.kernel.ids import uuid7
from hitl_platform.tenants.actor import Actor
from reviews.services import release_seat
from tests.browser.test_hostile_text import CORPUS
from tests.cases import samples
from tests.conftest import api_client
from tests.reviews.conftest import Office

pytestmark = pytest.mark.usefixtures("store")
Browser = Callable[[Actor], Client]


@pytest.fixture
def case(office: Office) -> Case:
    return office.bring()[0]


@pytest.fixture
def keep(office: Office, case: Case) -> Callable[..., EvidenceFile]:
    """Add a file to the case."""

    def add(content: bytes = b"", name: str = "scan.png") -> EvidenceFile:
        examined = examine_file(name=name, content=io.BytesIO(content or samples.png()))
        return add_file(actor=office.integrator, case_id=case.pk, examined=examined)[0]

    return add


def address(file: EvidenceFile) -> str:
    return f"/files/{file.pk}"


def look(client: Client, file: EvidenceFile, **headers: str) -> Any:
    """The answer, read to its end, which closes the file; the bytes are in `read`."""
    response: Any = client.get(address(file), **headers)
    response.read = b"".join(response)
    return response


class TestWhoSees:
    def test_a_key_and_those_who_read_cases(self, keep: Any, client_for: Browser, office: Office, cast: Any) -> None:
        file = keep()
        for client in (api_client("acme"), *(client_for(cast.people[name]) for name in ("mona", "ada", "mel", "olga"))):
            assert look(client, file).read == samples.png()

    def test_a_reviewer_while_the_seat_is_theirs(self, keep: Any, client_for: Browser, office: Office) -> None:
        file, alice = keep(), office.people["alice"]
        browser = client_for(alice)
        assert look(browser, file).status_code == 404, "waiting in one's queue is not yet in hand"
        seat = office.claim(alice)
        assert look(browser, file).status_code == 200
        assert look(client_for(office.people["bob"]), file).status_code == 404
        release_seat(actor=alice, seat_id=seat.pk)
        assert look(browser, file).status_code == 404

    def test_what_was_submitted_can_be_looked_at_again(self, keep: Any, client_for: Browser, office: Office) -> None:
        file = keep()
        office.judge(office.people["alice"])
        assert look(client_for(office.people["alice"]), file).status_code == 200

    def test_for_all_others_there_is_none(self, keep: Any, client_for: Browser, office: Office, cast: Any) -> None:
        file = keep()
        outsiders = (Client(), api_client("globex"), client_for(cast.people["gil"]), client_for(cast.people["bob"]))
        for client in outsiders:
            refused, unknown = look(client, file), client.get(f"/files/{uuid7()}")
            assert refused.status_code == unknown.status_code == 404
            assert refused.content.replace(str(file.pk).encode(), b"") == unknown.content

    def test_a_key_that_reads_no_cases_reads_no_files(self, keep: Any, office: Office) -> None:
        client = Client(HTTP_AUTHORIZATION="Bearer hitl_" + "x" * 43)
        assert look(client, keep()).status_code == 404

    def test_it_is_only_read(self, keep: Any) -> None:
        assert api_client("acme").post(address(keep())).status_code == 405


class TestHow:
    def test_headers(self, keep: Any) -> None:
        response = look(api_client("acme"), keep())
        assert response["Content-Type"] == "image/png"
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Content-Security-Policy"] == "sandbox; default-src 'none'; frame-ancestors 'none'"
        assert response["Cache-Control"] == "private, no-cache"
        assert response["Cross-Origin-Resource-Policy"] == "same-origin"
        assert response["X-Frame-Options"] == "DENY"
        assert "Set-Cookie" not in response

    def test_a_browser_that_has_it_is_told_so_only_while_it_may_see_it(
        self, keep: Any, client_for: Browser, office: Office
    ) -> None:
        file, alice = keep(), office.people["alice"]
        seat, browser = office.claim(alice), client_for(alice)
        etag = look(browser, file)["ETag"]
        assert look(browser, file, HTTP_IF_NONE_MATCH=etag).status_code == 304
        release_seat(actor=alice, seat_id=seat.pk)
        assert look(browser, file, HTTP_IF_NONE_MATCH=etag).status_code == 404

    @pytest.mark.parametrize(
        ("content", "name", "disposition"),
        [
            (samples.png(), "scan.png", 'inline; filename="scan.png"'),
            (samples.jpeg(), "SCAN.JPEG", 'inline; filename="SCAN.JPEG"'),
            (samples.png(), "scan.exe", 'inline; filename="scan.exe.png"'),
            (samples.PDF, "letter.pdf", 'attachment; filename="letter.pdf"'),
            (b"just words\n", "run.bat", 'attachment; filename="run.bat.txt"'),
            (b"just words\n", "page.html", 'attachment; filename="page.html.txt"'),
            (samples.MP4, "film", 'attachment; filename="film.mp4"'),
            (samples.png(), 'a"b; x=y.png', 'inline; filename="a\\"b; x=y.png"'),
            (samples.png(), "é.png", "inline; filename*=utf-8''%C3%A9.png"),
        ],
    )
    def test_saved_under_a_name_that_ends_as_its_bytes_are(
        self, keep: Any, content: bytes, name: str, disposition: str
    ) -> None:
        assert look(api_client("acme"), keep(content, name))["Content-Disposition"] == disposition

    def test_text_that_would_be_markup_is_saved_as_text(self, keep: Any) -> None:
        file = keep(b"a plain beginning\n" * 100 + b"<script>alert(1)</script>\n", "x.txt")
        response = look(api_client("acme"), file)
        assert response["Content-Type"] == "text/plain; charset=utf-8"
        assert response["Content-Disposition"].startswith("attachment")

    def test_names_of_the_corpus_stay_words_of_one_header(self, office: Office) -> None:
        client = api_client("acme")
        for at, name in enumerate(CORPUS):
            if at % 15 == 0:
                (case,) = office.submit()
            examined = examine_file(name=f"{name}{at}.png", content=io.BytesIO(samples.png()))
            file, _ = add_file(actor=office.integrator, case_id=case.pk, examined=examined)
            header = look(client, file)["Content-Disposition"]
            assert header.startswith("inline; filename")
            assert header.isprintable()


def test_the_layout_finds_files_by_name(keep: Any, case: Case, office: Office) -> None:
    file = keep()
    with office.scope():
        assert {name: shown.url for name, shown in shown_files(case.pk).items()} == {"scan.png": address(file)}
