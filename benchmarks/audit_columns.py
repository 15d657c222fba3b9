"""A simulated population as columns, and what is measured on it. Needs no server and no Django."""

import numpy as np

from audits.fairness import CubeBuilder, Plan, Population, answer, attribute, audit, document_bytes
from audits.fairness.metrics import answer_table, confusion, groups_of, rate

SIZES = {"race": 6, "sex": 2, "age": 5}
DECIDERS = ("ai", "human", "final")
AXES = (
    *(attribute(name, [str(code) for code in range(size)]) for name, size in SIZES.items()),
    *(answer(name) for name in ("truth", *DECIDERS)),
)
# what the other library is asked for: seven metrics of three attributes, one decider
SINGLE = [[name] for name in SIZES]


def simulated_columns(n: int) -> dict[str, np.ndarray]:
    """Codes of a byte each: attributes, the truth, three deciders who are right in three of four cases."""
    random = np.random.default_rng(1979)
    columns = {name: random.integers(0, size, n, dtype=np.int8) for name, size in SIZES.items()}
    truth = random.integers(0, 2, n, dtype=np.int8)
    for name in DECIDERS:
        columns[name] = truth ^ (random.integers(0, 4, n, dtype=np.int8) == 0).astype(np.int8)
    return {**columns, "truth": truth}


def whole_audit(columns: dict[str, np.ndarray]) -> bytes:
    """What is measured: codes counted, everything computed and written."""
    cube = CubeBuilder(AXES).add(columns).cube()
    return document_bytes(audit(Population(cube), plan=Plan()))


def same_metrics(columns: dict[str, np.ndarray]) -> None:
    """What fairlearn is asked for, and no more: counted from the columns, the rates of three attribute sets."""
    axes = [axis for axis in AXES if axis.name in (*SIZES, "truth", "final")]
    cube = CubeBuilder(axes).add(columns).cube()
    for names in SINGLE:
        groups = groups_of(cube, attributes=tuple(names))
        counts = confusion(answer_table(cube, groups=groups, decider="final"), favourable=1)
        for pair in counts.pairs().values():
            rate(pair)
