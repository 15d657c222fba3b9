"""Fourteen public sets with known truth: what others measured on them, and what the default must reach.

The sets may not be shipped with the project: HITL_CONSENSUS_DATA names the folder that holds them.
"""

from collections.abc import Iterator

import pytest

from benchmarks.crowd_sets import VARIABLE, CrowdSet, folder, read_sets
from reviews.consensus import fleiss_kappa, krippendorff_alpha

# set: accuracy of majority by crowd-kit 1.4.2, nominal alpha by krippendorff, Fleiss' kappa by statsmodels
# (None: not measured, panels of several sizes)
MEASURED = {
    "CF_amt": (0.8467, 0.520895, None),
    "D_PosSent": (0.9320, 0.149302, 0.149259),
    "D_Product": (0.8966, 0.157473, 0.157440),
    "MS": (0.7100, 0.301031, None),
    "SP_amt": (0.9440, 0.737688, 0.737662),
    "S_Adult": (0.7598, None, None),
    "S_Rel": (0.5361, None, None),
    "bird": (0.7593, 0.125501, 0.125293),
    "dog": (0.8178, 0.519418, 0.519358),
    "face": (0.6301, 0.494920, None),
    "fact": (0.9010, None, None),
    "rte": (0.9187, 0.241479, 0.241384),
    "snow_temp": (0.9394, 0.223413, 0.223245),
    "web": (0.7765, 0.210421, None),
}


@pytest.fixture(scope="module")
def sets() -> Iterator[dict[str, CrowdSet]]:
    home = folder()
    if not home.is_dir():
        pytest.skip(
            f"the fourteen sets are not on this machine ({VARIABLE} names their folder); they may not be shipped"
        )
    found = {one.name: one for one in read_sets(home)}
    assert set(found) == set(MEASURED)
    return found


def test_majority_and_agreement_are_as_others_measure_them(sets: dict[str, CrowdSet]) -> None:
    for name, (accuracy, alpha, kappa) in MEASURED.items():
        one = sets[name]
        assert one.accuracy(one.aggregated("majority")) == pytest.approx(accuracy, abs=6e-5), name
        arrays = {"task": one.table.task, "label": one.table.label}
        sizes = {"n_tasks": len(one.table.tasks), "n_labels": len(one.table.labels)}
        if alpha is not None:
            assert krippendorff_alpha(**arrays, **sizes) == pytest.approx(alpha, abs=1e-6), name
        if kappa is not None:
            assert fleiss_kappa(**arrays, **sizes) == pytest.approx(kappa, abs=1e-6), name


def test_the_default_is_better_than_a_vote_and_nowhere_much_worse(sets: dict[str, CrowdSet]) -> None:
    reached = {name: one.accuracy(one.aggregated("dawid_skene")) for name, one in sets.items()}
    assert sum(reached.values()) / len(reached) >= 0.840
    for name, one in sets.items():
        if len(one.truth) >= 500:
            assert reached[name] >= MEASURED[name][0] - 0.015, name
