"""Accounts are made by owners, never by visitors."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter


class ClosedAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """allauth's adapter with the sign-up shut."""

    def is_open_for_signup(self, request: Any) -> bool:
        return False
