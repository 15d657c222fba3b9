"""Writes: one function a verb."""

from cases.services.arrows import (
    NewDecision,
    decide_cases,
    reopen_cases,
    restore_cases,
    review_cases,
    score_cases,
)
from cases.services.bulk import open_bulk, submit_lines
from cases.services.case_types import create_case_type, revise_case_type
from cases.services.files import add_file, add_url, erase_file, examine_file
from cases.services.outcomes import post_outcome
from cases.services.submit import submit_case, submit_chunk
from cases.services.withdraw import withdraw_case

__all__ = [
    "NewDecision",
    "add_file",
    "add_url",
    "create_case_type",
    "decide_cases",
    "erase_file",
    "examine_file",
    "open_bulk",
    "post_outcome",
    "reopen_cases",
    "restore_cases",
    "review_cases",
    "revise_case_type",
    "score_cases",
    "submit_case",
    "submit_chunk",
    "submit_lines",
    "withdraw_case",
]
