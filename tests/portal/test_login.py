"""Logging in: by password and second step, the same words for every failure, counted by account and by address."""

import re

import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.test import Client, override_settings

from hitl_platform.doors.middleware import TENANT_KEY
from hitl_platform.tenants.actor import Actor
from hitl_platform.tenants.models import User
from tests.cast import PASSWORD, email_of
from tests.portal.conftest import QuickHasher

LOGIN = "/accounts/login/"


pytestmark = pytest.mark.usefixtures("quick_login")


@pytest.fixture
def browser() -> Client:
    return Client()


def log_in(client: Client, *, email: str, password: str = PASSWORD, address: str = "192.0.2.1") -> object:
    return client.post(LOGIN, {"login": email, "password": password}, REMOTE_ADDR=address)


def is_logged_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def text_of(response: object) -> str:
    body = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", response.content.decode())
    return re.sub(r'value="[^"]*@example.org"', "", body)


def test_password_opens_the_queues(browser: Client, alice: Actor) -> None:
    response = browser.post(f"{LOGIN}?next=/queues/credit/", {"login": email_of("alice"), "password": PASSWORD})
    assert (response.status_code, response["Location"]) == (302, "/queues/credit/")
    assert is_logged_in(browser)


def test_a_login_gives_the_session_a_new_key(browser: Client, alice: Actor) -> None:
    browser.get(LOGIN)
    browser.session["before"] = "1"
    session = browser.session
    session.save()
    before = session.session_key
    log_in(browser, email=email_of("alice"))
    assert browser.session.session_key not in (None, before)


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_next_leads_nowhere_else(browser: Client, alice: Actor, target: str) -> None:
    response = browser.post(LOGIN, {"login": email_of("alice"), "password": PASSWORD, "next": target})
    assert response["Location"] == "/start/"


@pytest.mark.parametrize(
    ("name", "place"),
    [("alice", "/"), ("sam", "/"), ("mona", "/console/"), ("ada", "/audits/")],
)
def test_each_begins_where_their_work_is(browser: Client, cast: object, name: str, place: str) -> None:
    log_in(browser, email=email_of(name))
    assert browser.get("/start/")["Location"] == place


def test_nobody_begins_without_a_login(browser: Client) -> None:
    assert browser.get("/start/")["Location"].startswith(LOGIN)


def test_a_wrong_password_and_an_unknown_address_look_alike(browser: Client, alice: Actor) -> None:
    wrong = log_in(browser, email=email_of("alice"), password="not the one")
    unknown = log_in(browser, email=email_of("nobody"), password="not the one")
    assert wrong.status_code == unknown.status_code == 200
    assert text_of(wrong) == text_of(unknown)
    assert not is_logged_in(browser)


def test_a_wrong_password_and_an_unknown_address_cost_the_same(browser: Client, alice: Actor) -> None:
    """What takes time at a login is hashing: the work is the same whether the account exists or not."""
    log_in(browser, email=email_of("alice"), password="not the one")
    work = []
    for name in ("alice", "nobody"):
        QuickHasher.hashed.clear()
        log_in(browser, email=email_of(name), password="not the one")
        work.append(len(QuickHasher.hashed))
    assert work[0] == work[1] > 0


def test_a_reset_says_the_same_of_every_address(browser: Client, alice: Actor) -> None:
    answers = [browser.post("/accounts/password/reset/", {"email": email_of(name)}) for name in ("alice", "nobody")]
    assert [(answer.status_code, answer["Location"]) for answer in answers] == [
        (302, "/accounts/password/reset/done/")
    ] * 2


def test_resets_are_counted_too(browser: Client, alice: Actor) -> None:
    for _ in range(5):
        browser.post("/accounts/password/reset/", {"email": email_of("alice")})
    assert browser.post("/accounts/password/reset/", {"email": email_of("alice")}).status_code == 429


def test_failures_are_counted_by_account_from_wherever_they_come(browser: Client, alice: Actor) -> None:
    for number in range(5):
        log_in(browser, email=email_of("alice"), password="no", address=f"192.0.2.{number + 10}")
    refused = log_in(browser, email=email_of("alice"), address="192.0.2.99")
    assert b"Too many" in refused.content
    assert not is_logged_in(browser)


def test_failures_are_counted_by_address_whatever_the_account(browser: Client, alice: Actor) -> None:
    for number in range(10):
        log_in(browser, email=email_of(f"guess{number}"), password="no")
    refused = log_in(browser, email=email_of("alice"))
    assert b"Too many" in refused.content
    assert not is_logged_in(browser)


def test_a_forged_forwarding_header_does_not_help(browser: Client, alice: Actor) -> None:
    for number in range(10):
        browser.post(
            LOGIN, {"login": email_of(f"guess{number}"), "password": "no"}, HTTP_X_FORWARDED_FOR=f"198.51.100.{number}"
        )
    refused = browser.post(
        LOGIN, {"login": email_of("alice"), "password": PASSWORD}, HTTP_X_FORWARDED_FOR="203.0.113.7"
    )
    assert b"Too many" in refused.content


def test_without_the_counter_nobody_gets_in(alice: Actor) -> None:
    """The counter lives in Valkey; while it is away a login is refused, not waved through."""
    dead = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1/0"}}
    browser = Client(raise_request_exception=False)
    with override_settings(CACHES=dead):
        response = log_in(browser, email=email_of("alice"))
    assert response.status_code >= 500
    assert not is_logged_in(browser)


def test_nobody_signs_up(browser: Client, cast: object) -> None:
    page = browser.get("/accounts/signup/")
    assert "There is no sign-up here" in page.content.decode()
    browser.post("/accounts/signup/", {"email": "new@example.org", "password1": PASSWORD, "password2": PASSWORD})
    assert not User.objects.filter(email="new@example.org").exists()


def test_a_closed_account_stays_out(browser: Client, alice: Actor) -> None:
    User.objects.filter(pk=alice.id).update(is_active=False)
    log_in(browser, email=email_of("alice"))
    assert not is_logged_in(browser)


def test_a_form_without_its_token_is_refused(alice: Actor) -> None:
    strict = Client(enforce_csrf_checks=True)
    response = log_in(strict, email=email_of("alice"))
    assert response.status_code == 403
    assert "too old" in response.content.decode()
    assert not is_logged_in(strict)


def test_session_and_token_cookies_are_out_of_scripts_reach(browser: Client, alice: Actor) -> None:
    browser.get(LOGIN)
    log_in(browser, email=email_of("alice"))
    for cookie in browser.cookies.values():
        assert cookie["httponly"], cookie.key
        assert cookie["samesite"] == "Lax", cookie.key


class TestSecondStep:
    @pytest.fixture
    def secret(self, alice: Actor) -> str:
        secret = generate_totp_secret()
        TOTP.activate(User.objects.get(pk=alice.id), secret)
        return secret

    @staticmethod
    def code(secret: str) -> str:
        return format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))

    def test_the_password_alone_is_not_enough(self, browser: Client, secret: str) -> None:
        response = log_in(browser, email=email_of("alice"))
        assert response["Location"].startswith("/accounts/2fa/authenticate/")
        assert not is_logged_in(browser)
        assert browser.get("/").status_code == 302

    def test_the_code_completes_it(self, browser: Client, secret: str) -> None:
        log_in(browser, email=email_of("alice"))
        browser.post("/accounts/2fa/authenticate/", {"code": self.code(secret)})
        assert is_logged_in(browser)

    def test_a_code_works_once(self, browser: Client, secret: str) -> None:
        code = self.code(secret)
        log_in(browser, email=email_of("alice"))
        browser.post("/accounts/2fa/authenticate/", {"code": code})
        again = Client()
        log_in(again, email=email_of("alice"))
        again.post("/accounts/2fa/authenticate/", {"code": code})
        assert not is_logged_in(again)

    def test_a_recovery_code_works_once(self, secret: str, alice: Actor) -> None:
        codes = RecoveryCodes.activate(User.objects.get(pk=alice.id)).get_unused_codes()
        for expected in (True, False):
            browser = Client()
            log_in(browser, email=email_of("alice"))
            browser.post("/accounts/2fa/authenticate/", {"code": codes[0]})
            assert is_logged_in(browser) is expected

    def test_wrong_codes_are_counted(self, browser: Client, secret: str) -> None:
        log_in(browser, email=email_of("alice"))
        for _ in range(5):
            browser.post("/accounts/2fa/authenticate/", {"code": "000000"})
        refused = browser.post("/accounts/2fa/authenticate/", {"code": self.code(secret)})
        assert refused.status_code == 429 or b"Too many" in refused.content
        assert not is_logged_in(browser)

    def test_secrets_are_not_kept_in_the_clear(self, secret: str, alice: Actor) -> None:
        stored = Authenticator.objects.get(user_id=alice.id, type=Authenticator.Type.TOTP).data["secret"]
        assert stored != secret
        assert get_adapter().decrypt(stored) == secret


class TestChoice:
    def test_one_organisation_is_entered_at_once(self, browser: Client, alice: Actor) -> None:
        log_in(browser, email=email_of("alice"))
        assert browser.get("/").status_code == 200

    def test_several_are_offered_and_the_chosen_one_entered(
        self, browser: Client, alice: Actor, both_worlds: User, globex: object
    ) -> None:
        log_in(browser, email=both_worlds.email)
        assert browser.get("/")["Location"] == "/tenants/choose/"
        page = browser.get("/tenants/choose/").content.decode()
        assert "Acme" in page
        assert "Globex" in page
        before = browser.session.session_key
        assert browser.post("/tenants/choose/", {"tenant": str(globex.id)})["Location"] == "/start/"
        assert browser.session[TENANT_KEY] == str(globex.id)
        assert browser.session.session_key != before

    @pytest.mark.parametrize("wanted", ["", "nonsense", "00000000-0000-0000-0000-000000000000"])
    def test_none_but_ones_own_can_be_chosen(self, browser: Client, alice: Actor, wanted: str) -> None:
        log_in(browser, email=email_of("alice"))
        assert browser.post("/tenants/choose/", {"tenant": wanted}).status_code == 404
        assert browser.session.get(TENANT_KEY) != wanted

    def test_another_tenant_looks_like_a_random_one(self, browser: Client, alice: Actor, globex: object) -> None:
        log_in(browser, email=email_of("alice"))
        foreign = browser.post("/tenants/choose/", {"tenant": str(globex.id)})
        assert foreign.status_code == 404
