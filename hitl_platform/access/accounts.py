"""Accounts are made by owners, never by visitors."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings

from hitl_platform.access.entry import memberships_of


class ClosedAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """allauth's adapter with the sign-up shut."""

    def is_open_for_signup(self, request: Any) -> bool:
        return False

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """In the name of the product and of the person's organisations; addresses are the public ones."""
        user = context.get("user")
        organisations = [each.name for each in memberships_of(user)] if user is not None else []
        super().send_mail(
            template_prefix, email, {**context, "organisations": ", ".join(organisations), "site": settings.PUBLIC_URL}
        )
