"""Every address of the login library, walked: each is a page of ours, leads on, or is closed."""

from collections.abc import Callable, Iterator

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core import mail
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import User
from tests.cast import email_of
from tests.portal.reading import read

Browser = Callable[[str], Client]


def addresses() -> Iterator[str]:
    """The addresses below /accounts/ that take no argument."""

    def walk(patterns: list[URLPattern | URLResolver], prefix: str) -> Iterator[str]:
        for each in patterns:
            place = prefix + str(each.pattern).lstrip("^").rstrip("$")
            if isinstance(each, URLResolver):
                yield from walk(each.url_patterns, place)
            elif "<" not in place and "(" not in place:
                yield f"/{place}"

    return (address for address in walk(get_resolver().url_patterns, "") if address.startswith("/accounts/"))


@pytest.mark.parametrize("address", sorted(set(addresses())))
@pytest.mark.parametrize("who", ["a stranger", "alice"])
def test_every_address_is_ours_or_leads_on(browser_of: Browser, who: str, address: str) -> None:
    client = browser_of("alice")
    client = Client() if who == "a stranger" else client
    response = client.get(address)
    assert response.status_code in (200, 302, 404, 405), address
    if response.status_code == 200:
        assert "hitl/hitl" in response.content.decode(), address
        assert "Menu:" not in response.content.decode(), address


def test_nobody_changes_the_address_by_which_cases_name_them(browser_of: Browser) -> None:
    assert browser_of("alice").get("/accounts/email/").status_code == 404
    assert browser_of("alice").post("/accounts/email/", {"email": "x@example.org"}).status_code == 404


def test_a_reset_by_mail(browser_of: Browser, alice: Actor) -> None:
    client = Client()
    client.post("/accounts/password/reset/", {"email": email_of("alice")})
    assert "Look into your mail" in read(client.get("/accounts/password/reset/done/")).text
    (message,) = mail.outbox
    link = next(word for word in str(message.body).split() if "/password/reset/key/" in word)
    page = client.get("/" + link.split("/", 3)[3], follow=True)
    action = page.request["PATH_INFO"]
    assert "New password" in read(page).text
    new = "a wholly new staple of horses"
    done = client.post(action, {"password1": new, "password2": new}, follow=True)
    assert "Your password is changed" in read(done).text
    assert User.objects.get(pk=alice.id).check_password(new)
    again = client.get("/" + link.split("/", 3)[3], follow=True)
    assert "This link no longer works" in read(again).text


def test_turning_the_second_step_on_and_off(browser_of: Browser, alice: Actor) -> None:
    client = browser_of("alice")
    assert "Off" in read(client.get("/accounts/2fa/")).text
    user = User.objects.get(pk=alice.id)
    TOTP.activate(user, generate_totp_secret())
    RecoveryCodes.activate(user)
    page = read(client.get("/accounts/2fa/"))
    assert "Authenticator app On" in page.text
    assert "Recovery codes 10 left" in page.text
