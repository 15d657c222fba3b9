"""Routing rules: read, type-checked, evaluated and explained, on plain values (no database, no clock)."""

from reviews.routing.definition import Problem, Surroundings, check_definition
from reviews.routing.policy import CaseFacts, CompiledPolicy, Route
from reviews.routing.types import CASE_FIELDS

__all__ = ["CASE_FIELDS", "CaseFacts", "CompiledPolicy", "Problem", "Route", "Surroundings", "check_definition"]
