"""Stories stand on the lending office of `tests/reviews`, committed, so that the sealer sees them."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from hitl_platform.tenants.actor import Actor
from tests.conftest import Committed
from tests.reviews.conftest import artifact, crown, loan_type, office, open_office, other_manager

# fixtures of the lending office are this folder's too
__all__ = ["artifact", "crown", "loan_type", "office", "open_office", "other_manager"]


@pytest.fixture(autouse=True)
def _committed(committed: Committed) -> None:
    """A story happens for good."""


class Desk:
    """A reviewer at the API, with a session."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def post(self, path: str, **body: Any) -> Any:
        """A POST that must be answered 200."""
        answer = self.client.post(f"/api/v1/{path}", data=json.dumps(body), content_type="application/json")
        assert answer.status_code == 200, answer.content
        return answer.json()

    def next_case(self) -> dict[str, Any] | None:
        """Claim the next seat of the loan queue."""
        seat: dict[str, Any] | None = self.post("queues/loans/claim")["seat"]
        return seat

    def answer(self, seat: dict[str, Any], label: str) -> dict[str, Any]:
        """Freeze the blind answer; what comes back shows the advice."""
        shown: dict[str, Any] = self.post(f"seats/{seat['id']}/answer", lease_token=seat["lease_token"], label=label)
        return shown

    def submit(self, seat: dict[str, Any], label: str, **more: Any) -> dict[str, Any]:
        """The last word."""
        done: dict[str, Any] = self.post(
            f"seats/{seat['id']}/submit", lease_token=seat["lease_token"], label=label, **more
        )
        return done


@pytest.fixture
def desk_of(client_for: Callable[[Actor], Client]) -> Callable[[Actor], Desk]:
    return lambda actor: Desk(client_for(actor))
