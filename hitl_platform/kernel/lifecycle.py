"""A lifecycle is one table: verb -> (sources, target)."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from hitl_platform.kernel.errors import Conflict

Arrows = Mapping[str, tuple[tuple[str, ...], str]]


class Lifecycle:
    """The allowed transitions of one kind of thing.

    `arrows` maps a verb to the states it may start from and the state it ends in. An unknown state or
    a verb without a source is a mistake of the programmer and raises ValueError at import.
    """

    def __init__(self, name: str, states: type[StrEnum], arrows: Arrows) -> None:
        known = {str(state) for state in states}
        for verb, (sources, target) in arrows.items():
            if not sources or not {str(s) for s in (*sources, target)} <= known:
                raise ValueError(f"lifecycle {name}: verb {verb} names a state that {states.__name__} lacks")
        self.name = name
        self.states = states
        self.arrows: Arrows = MappingProxyType(
            {verb: (tuple(str(s) for s in sources), str(target)) for verb, (sources, target) in arrows.items()}
        )

    def sources(self, verb: str) -> tuple[str, ...]:
        """The states from which `verb` is allowed."""
        return self.arrows[verb][0]

    def target(self, verb: str) -> str:
        """The state in which `verb` ends."""
        return self.arrows[verb][1]

    def allows(self, verb: str, state: str) -> bool:
        """Whether `verb` may be applied in `state`."""
        return str(state) in self.arrows[verb][0]

    def apply(self, verb: str, state: str) -> str:
        """The state after `verb`; raises Conflict where the table has no such arrow."""
        sources, target = self.arrows[verb]
        if str(state) not in sources:
            raise Conflict(
                f"This {self.name} is {str(state).replace('_', ' ')}; "
                f"{verb.replace('_', ' ')} needs it to be {' or '.join(s.replace('_', ' ') for s in sources)}.",
                code=f"{self.name.replace(' ', '_')}_not_{'_or_'.join(sources)}",
            )
        return target
