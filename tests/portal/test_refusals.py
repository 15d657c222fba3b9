"""Refusals as pages: each in the portal's look, with a way on, and nothing that tells more than it should."""

from collections.abc import Callable

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path
from pytest_django import Settings

from cases.services import withdraw_case
from hitl_platform.doors import errors
from hitl_platform.kernel.errors import Conflict, Forbidden, Invalid, TooLarge, Unavailable
from hitl_platform.pipeline.runner import drain
from hitl_platform.tenants.scope import tenant_scope
from reviews.models import Seat
from tests.cast import Cast
from tests.portal.reading import read
from tests.portal.scene import Desk
from tests.portal.test_case_page import send, take

Browser = Callable[[str], Client]


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a secret detail of the machine")


def refusing(request: HttpRequest, kind: str) -> HttpResponse:
    kinds = {"conflict": Conflict, "forbidden": Forbidden, "large": TooLarge, "unavailable": Unavailable}
    if kind == "invalid":
        raise Invalid("The form is wrong.", fields={"label": ["There is no such label."]})
    raise kinds[kind]("This is why.")


handler400, handler403, handler404, handler500 = (
    errors.bad_request, errors.forbidden, errors.not_found, errors.server_error,
)  # fmt: skip
urlpatterns = [
    path("broken/", broken),
    path("refusing/<str:kind>/", refusing),
    path("", include("hitl_platform.urls")),
]


@pytest.fixture
def odd_addresses(settings: Settings) -> None:
    settings.ROOT_URLCONF = __name__


def test_an_unknown_address(browser_of: Browser) -> None:
    response = browser_of("alice").get("/no/such/page/")
    page = read(response)
    assert response.status_code == 404
    assert "Not found" in page.text
    assert "My queues" in page.text


def test_a_stranger_gets_the_same_page(cast: object) -> None:
    assert Client().get("/no/such/page/").status_code == 404


@pytest.mark.usefixtures("odd_addresses")
class TestByKind:
    @pytest.mark.parametrize(
        ("kind", "status"),
        [("conflict", 409), ("forbidden", 403), ("large", 413), ("unavailable", 503), ("invalid", 400)],
    )
    def test_a_refusal_says_why_and_leads_on(self, browser_of: Browser, kind: str, status: int) -> None:
        for client in (browser_of("alice"), Client()):
            response = client.get(f"/refusing/{kind}/")
            page = read(response)
            assert response.status_code == status
            assert 'href="/"' in page.source
            assert ("There is no such label." if kind == "invalid" else "This is why.") in page.text

    def test_a_failure_of_ours_tells_nothing_of_the_machine(self, browser_of: Browser) -> None:
        client = browser_of("alice")
        client.raise_request_exception = False
        response = client.get("/broken/")
        page = read(response)
        assert response.status_code == 500
        assert "Something went wrong here" in page.text
        assert "secret detail" not in page.source
        assert "RuntimeError" not in page.source


def test_a_malformed_request_is_the_clients(browser_of: Browser) -> None:
    response = browser_of("alice").post("/queues/credit/next", data=b"\xff" * 10, content_type="multipart/form-data")
    assert response.status_code in (400, 404)


def test_another_method_is_told_which_there_are(browser_of: Browser) -> None:
    response = browser_of("alice").delete("/")
    assert response.status_code == 405
    assert "GET" in response["Allow"]


def test_a_case_that_was_withdrawn_meanwhile(browser_of: Browser, cast: Cast, desk: Desk) -> None:
    client = browser_of("alice")
    seat, page = take(client)
    with tenant_scope(cast.keys["acme"].tenant_id):
        case_id = Seat.objects.get(pk=seat).case_id
    withdraw_case(actor=cast.keys["acme"], case_id=case_id)
    drain(cast.tenants["acme"].id)
    refused = send(client, seat, page=page, label="approve")
    assert refused.status_code == 409
    assert refused["HX-Push-Url"] == f"/seats/{seat}/"
    assert "This case no longer waits for you" in read(refused).text
    assert read(refused).has_form("/next")
