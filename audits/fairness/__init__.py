"""Fairness: what the decisions of people and models were, group by group, and whether they differ.

Computation on counts with NumPy and SciPy alone: no rows of a database, no clock, no settings, no Django.

    Cube, CubeBuilder   a population as counts by attributes, factors, truth and deciders
    Plan, Population    what is read, and how
    audit               counts in, a document out: the same counts and plan, the same bytes
    rule_sets           what laws and standards ask for, as dated data

Everything is told per group: its counts, its rates with intervals, and how it stands against the others. What is not
defined is None; it is never 0.
"""

from audits.fairness.audit import audit, document_bytes, document_digest
from audits.fairness.cube import TRUTH, Axis, Cube, CubeBuilder, answer, attribute, factor
from audits.fairness.disparities import is_below
from audits.fairness.metrics import DEFINITIONS
from audits.fairness.plan import Histogram, Plan, Population, Stage, score_edges, time_edges
from audits.fairness.rules import RuleSet, rule_set, rule_sets

__all__ = [
    "DEFINITIONS",
    "TRUTH",
    "Axis",
    "Cube",
    "CubeBuilder",
    "Histogram",
    "Plan",
    "Population",
    "RuleSet",
    "Stage",
    "answer",
    "attribute",
    "audit",
    "document_bytes",
    "document_digest",
    "factor",
    "is_below",
    "rule_set",
    "rule_sets",
    "score_edges",
    "time_edges",
]
