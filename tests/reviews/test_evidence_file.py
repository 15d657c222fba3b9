"""The bytes of evidence: served from an address of their own, to those who may see the case."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from cases.models import Case, EvidenceFile
from cases.queries import payloads, shown_files
from cases.services import add_file, examine_file
from hitl_platform.kernel.ids import uuid7
from hitl_platform.tenants.actor import Actor
from reviews.models import Seat
from reviews.services import release_seat
from reviews.type_versions import type_version
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


def of_seat(seat: Seat, number: int = 1) -> str:
    return f"/files/{seat.pk}/{number}"


def look(client: Client, file: EvidenceFile | str, **headers: str) -> Any:
    """The answer, read to its end, which closes the file; the bytes are in `read`."""
    response: Any = client.get(file if isinstance(file, str) else address(file), **headers)
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
        with office.scope():
            at = of_seat(Seat.objects.get())
        assert look(browser, at).status_code == 404, "waiting in one's queue is not yet in hand"
        seat = office.claim(alice)
        assert look(browser, at).read == samples.png()
        assert look(browser, file).status_code == 404, "its id is for those who read cases"
        assert look(client_for(office.people["bob"]), at).status_code == 404
        assert look(api_client("globex"), at).status_code == look(Client(), at).status_code == 404
        release_seat(actor=alice, seat_id=seat.pk)
        assert look(browser, at).status_code == 404

    def test_what_was_submitted_can_be_looked_at_again(self, keep: Any, client_for: Browser, office: Office) -> None:
        keep()
        office.judge(office.people["alice"])
        with office.scope():
            seat = Seat.objects.get()
        assert look(client_for(office.people["alice"]), of_seat(seat)).status_code == 200

    def test_only_numbers_that_there_are(self, keep: Any, client_for: Browser, office: Office) -> None:
        keep()
        seat, browser = office.claim(office.people["alice"]), client_for(office.people["alice"])
        for number in (0, 2, 10**30):
            assert look(browser, of_seat(seat, number)).status_code == 404

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
        keep()
        alice = office.people["alice"]
        seat, browser = office.claim(alice), client_for(alice)
        etag = look(browser, of_seat(seat))["ETag"]
        assert look(browser, of_seat(seat), HTTP_IF_NONE_MATCH=etag).status_code == 304
        release_seat(actor=alice, seat_id=seat.pk)
        assert look(browser, of_seat(seat), HTTP_IF_NONE_MATCH=etag).status_code == 404

    def test_a_seats_file_is_served_like_any_other(self, keep: Any, client_for: Browser, office: Office) -> None:
        file, seat = keep(), office.claim(office.people["alice"])
        one = look(api_client("acme"), file)
        other = look(client_for(office.people["alice"]), of_seat(seat))
        asked = {"HTTP_RANGE": "bytes=2-5"}
        part = look(client_for(office.people["alice"]), of_seat(seat), **asked)
        assert (part.status_code, part.read) == (206, samples.png()[2:6])
        assert "Last-Modified" not in other
        for name in ("Content-Type", "Content-Security-Policy", "Cache-Control", "Content-Disposition", "ETag"):
            assert one[name] == other[name], name

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


class TestParts:
    """A film is not read to its end to be looked at from its middle."""

    @pytest.mark.parametrize(
        ("asked", "part"),
        [
            ("bytes=0-3", slice(0, 4)),
            ("bytes=4-", slice(4, None)),
            ("bytes=-5", slice(-5, None)),
            ("bytes=2-999999", slice(2, None)),
            ("bytes=-999999", slice(0, None)),
        ],
    )
    def test_a_part(self, asked: str, part: slice, keep: Any) -> None:
        whole = samples.png()
        response = look(api_client("acme"), keep(), HTTP_RANGE=asked)
        assert response.status_code == 206
        assert response.read == whole[part]
        assert response["Content-Length"] == str(len(whole[part]))
        first = whole.index(whole[part]) if part.start else 0
        assert response["Content-Range"] == f"bytes {first}-{first + len(whole[part]) - 1}/{len(whole)}"
        assert response["Content-Security-Policy"].startswith("sandbox")

    @pytest.mark.parametrize("asked", ["bytes=5-2", "bytes=0-1,4-5", "lines=0-1", "bytes=-", "bytes=a-b", ""])
    def test_what_is_no_part_is_the_whole(self, asked: str, keep: Any) -> None:
        response = look(api_client("acme"), keep(), HTTP_RANGE=asked)
        assert (response.status_code, response.read) == (200, samples.png())
        assert response["Accept-Ranges"] == "bytes"

    @pytest.mark.parametrize("asked", ["bytes=999999-", "bytes=-0"])
    def test_behind_the_end_there_is_nothing(self, asked: str, keep: Any) -> None:
        response = look(api_client("acme"), keep(), HTTP_RANGE=asked)
        assert (response.status_code, response.read) == (416, b"")
        assert response["Content-Range"] == f"bytes */{len(samples.png())}"

    def test_of_another_file_than_was_begun_the_whole(self, keep: Any) -> None:
        file = keep()
        etag = look(api_client("acme"), file)["ETag"]
        asked = {"HTTP_RANGE": "bytes=0-3"}
        assert look(api_client("acme"), file, **asked, HTTP_IF_RANGE=etag).status_code == 206
        assert look(api_client("acme"), file, **asked, HTTP_IF_RANGE='"other"').status_code == 200

    def test_for_who_may_not_see_it_there_is_no_part(self, keep: Any, client_for: Browser, office: Office) -> None:
        response = look(client_for(office.people["bob"]), keep(), HTTP_RANGE="bytes=0-3")
        assert response.status_code == 404
        assert "Content-Range" not in response


class TestText:
    """Text is read by us: it becomes words of our page, whatever it holds."""

    def page(self, client: Client, seat_id: Any, number: int = 1) -> Any:
        return client.get(f"/seats/files/{seat_id}/{number}/")

    def test_it_is_shown_as_words(self, keep: Any, client_for: Browser, office: Office) -> None:
        keep(b"dear sirs\n" * 200 + b"<script>alert(1)</script>\n", "letter.txt")
        alice = office.people["alice"]
        seat, client = office.claim(alice), client_for(alice)
        response = self.page(client, seat.pk)
        assert b"&lt;script&gt;alert(1)" in response.content
        assert b"<script>alert" not in response.content
        assert "script-src 'self';" in response["Content-Security-Policy"]
        release_seat(actor=alice, seat_id=seat.pk)
        assert self.page(client, seat.pk).status_code == 404

    def test_a_long_one_is_cut_and_says_so(self, keep: Any, client_for: Browser, office: Office) -> None:
        keep("é".encode() * 200_000 + b"the end", "long.txt")
        seat = office.claim(office.people["alice"])
        response = self.page(client_for(office.people["alice"]), seat.pk)
        assert b"the end" not in response.content
        assert "The first 256.0" in response.content.decode()

    def test_only_text_of_this_case_for_who_holds_it(self, keep: Any, client_for: Browser, office: Office) -> None:
        keep(b"just words\n", "a.txt")
        keep()
        seat = office.claim(office.people["alice"])
        assert self.page(client_for(office.people["alice"]), seat.pk, 2).status_code == 404, "an image"
        assert self.page(client_for(office.people["bob"]), seat.pk).status_code == 404
        office.bring()
        other = office.claim(office.people["bob"])
        assert self.page(client_for(office.people["bob"]), other.pk).status_code == 404


def test_the_layout_finds_files_by_name(keep: Any, case: Case, office: Office) -> None:
    file, seat_id = keep(), uuid7()
    with office.scope():
        assert {name: shown.url for name, shown in shown_files(case.pk).items()} == {"scan.png": address(file)}
        assert shown_files(case.pk, seat_id=seat_id)["scan.png"].url == f"/files/{seat_id}/1"


def test_a_reviewer_is_never_told_when_a_file_came(
    keep: Any, client_for: Browser, office: Office, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An id holds the time at which it was made: of a case that comes again, long before its seat."""
    with office.scope():
        key, name = next((key, said) for key, said in payloads([case.pk])[case.pk].items() if isinstance(said, str))
        version = type_version(case.type_version_id)
    section = {"title": "Papers", "style": "documents", "fields": [{"key": key, "format": "document"}]}
    monkeypatch.setattr(version, "layout", {"sections": [section]})
    file = keep(b"just words\n", name)
    client = client_for(office.people["alice"])
    seat = office.claim(office.people["alice"])
    for path in (f"/seats/{seat.pk}/", f"/api/v1/seats/{seat.pk}/", f"/seats/files/{seat.pk}/1/"):
        text = client.get(path).content.decode()
        assert of_seat(seat) in text, path
        assert str(file.pk) not in text, path
        assert str(case.pk) not in text, path
    assert str(file.pk) not in str(look(client, of_seat(seat)).headers)
