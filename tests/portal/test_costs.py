"""What a page costs: a fixed number of queries, however much waits, and few bytes."""

from collections.abc import Callable

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tests.cast import Cast
from tests.portal.reading import read, seat_of
from tests.portal.scene import open_desk

Browser = Callable[[str], Client]

# on each page: session, member; the scope's begin, its setting, the setting's end, the scope's
SHELL = 6
# on each page that is shown: how many notices are not read
BELL = 1


@pytest.mark.parametrize("cases", [1, 25])
def test_queries_do_not_grow_with_the_work(
    browser_of: Browser, cast: Cast, cases: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    open_desk(cast, cases=cases)
    client = browser_of("alice")
    client.get("/")
    with django_assert_num_queries(SHELL + BELL + 5):
        client.get("/")
    with django_assert_num_queries(SHELL + BELL + 8):
        client.get("/queues/credit/")
    response = client.post("/queues/credit/next", follow=True)
    seat, page = seat_of(response), read(response)
    with django_assert_num_queries(SHELL + BELL + 3):
        client.get(f"/seats/{seat}/")
    fields = page.fields_of("/submit") | {"label": "approve"}
    with django_assert_num_queries(SHELL + 3):
        client.post(f"/seats/{seat}/heartbeat", fields)
    with django_assert_num_queries(SHELL + 6):
        client.post(f"/seats/{seat}/submit", fields)


def test_pages_are_light(browser_of: Browser, cast: Cast) -> None:
    open_desk(cast, cases=25)
    client = browser_of("alice")
    for path in ("/", "/queues/credit/", "/accounts/login/"):
        assert len(client.get(path).content) < 30_000, path
    assert len(client.post("/queues/credit/next", follow=True).content) < 30_000
