"""A link with which a person sets a password of their own, once: nobody else ever knows it."""

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.urls import reverse

from hitl_platform.tenants.models import User


def password_link(user: User) -> str:
    """Opens the page that sets the user's password; ends with its first use or after PASSWORD_RESET_TIMEOUT."""
    arguments = {"uidb36": user_pk_to_url_str(user), "key": default_token_generator.make_token(user)}
    return settings.PUBLIC_URL + reverse("account_reset_password_from_key", kwargs=arguments)
