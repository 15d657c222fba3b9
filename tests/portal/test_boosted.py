"""What the portal's script asks for comes without what the browser has already."""

from collections.abc import Callable

from django.test import Client

Browser = Callable[[str], Client]

BOOSTED = {"HX-Request": "true", "HX-Boosted": "true"}


def test_a_boosted_page_is_its_main_part(browser_of: Browser) -> None:
    client = browser_of("alice")
    whole, boosted = client.get("/"), client.get("/", headers=BOOSTED)
    main = [response.content.decode().partition("<main")[2].partition("</main>")[0] for response in (whole, boosted)]
    assert main[0] == main[1] != ""
    assert "<title>My queues" in boosted.content.decode()
    for part in ("<script", '<header class="bar"', '<dialog id="keys"', "/notices/"):
        assert part in whole.content.decode(), part
        assert part not in boosted.content.decode(), part


def test_caches_keep_both_apart(browser_of: Browser) -> None:
    assert "HX-Boosted" in browser_of("alice").get("/")["Vary"]
