from tests.reviews.conftest import Office
from hitl_platform.tenants.actor import Actor
from reviews.services import claim_next


def test_hands_out_the_next_seat(office: Office, alice: Actor) -> None:
    (case,) = office.submit()
    seat = claim_next(actor=alice, queue_key="loans")
    assert seat is not None
    assert seat.case_id == case.pk
