"""Routing rules: read, type-checked, evaluated and explained, on plain values (no database, no clock)."""

from reviews.routing.definition import Problem, Surroundings, check_definition
from reviews.routing.policy import CaseFacts, CompiledPolicy, Route

__all__ = ["CaseFacts", "CompiledPolicy", "Problem", "Route", "Surroundings", "check_definition"]
