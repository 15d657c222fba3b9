"""docs/lifecycles.md draws exactly the arrows that the code allows."""

import importlib
import re

import pytest

from hitl_platform.kernel.errors import Conflict
from hitl_platform.kernel.lifecycle import Lifecycle
from tests.architecture.sources import ROOT

MODULES = ("cases.states", "models_registry.states", "reviews.states", "audits.states", "hitl_platform.pipeline.states")
ARROW = re.compile(r"^\s*(\w+) --> (\w+) : (\w+)$", re.MULTILINE)


def lifecycles() -> dict[str, Lifecycle]:
    """Every lifecycle of the product by its name."""
    found = [value for module in MODULES for value in vars(importlib.import_module(module)).values()]
    return {value.name: value for value in found if isinstance(value, Lifecycle)}


def arrows(lifecycle: Lifecycle) -> set[tuple[str, str, str]]:
    """(source, target, verb) of each arrow."""
    return {(source, target, verb) for verb, (sources, target) in lifecycle.arrows.items() for source in sources}


def test_the_diagrams_are_the_tables() -> None:
    text = (ROOT / "docs" / "lifecycles.md").read_text()
    drawn = {
        section.split("\n", 1)[0].strip().lower(): set(ARROW.findall(section))
        for section in text.split("\n## ")[1:]
        if "stateDiagram" in section
    }
    assert drawn == {name: arrows(lifecycle) for name, lifecycle in lifecycles().items()}


def test_every_state_can_be_reached() -> None:
    for name, lifecycle in lifecycles().items():
        targets = {target for _, target in lifecycle.arrows.values()}
        starts = {str(state) for state in lifecycle.states} - targets
        assert len(starts) <= 1, f"{name}: {starts} are reached by no arrow"


def test_every_refusal_has_a_code_of_one_word() -> None:
    """`urn:hitl:problem:CODE` is a URN: a code has no space, however many words its lifecycle's name has."""
    for name, lifecycle in lifecycles().items():
        for verb, (sources, _) in lifecycle.arrows.items():
            for state in {str(state) for state in lifecycle.states} - set(sources):
                with pytest.raises(Conflict) as refusal:
                    lifecycle.apply(verb, state)
                assert re.fullmatch(r"[a-z_]+", refusal.value.code), f"{name}: {refusal.value.code}"
