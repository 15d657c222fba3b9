"""The lending office of the tests of reviews, decided cases and all."""

from tests.reviews.conftest import artifact, crown, loan_type, office, open_office, other_manager

__all__ = ["artifact", "crown", "loan_type", "office", "open_office", "other_manager"]
