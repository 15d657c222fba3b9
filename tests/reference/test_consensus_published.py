"""Consensus against what is printed in the literature."""

import numpy as np
import pytest

from reviews.consensus import aggregate, agreement_per_task, fleiss_kappa, krippendorff_alpha, most_probable

# Dawid & Skene (1979), table 1: 45 patients' fitness for anaesthesia, 1 to 4, as judged three times by the first
# anaesthetist and once each by four others.
PATIENTS = """
1111111 3334334 1122122 2223121 2223222 2223322 1222111 3333433 2222223 2322223 4444444 2223343 1111111 2223212
1211111 1112111 1111111 1111111 2222221 2221322 2222222 2222221 2223222 2212222 1111111 1111111 2322222 1111111
1111111 1121121 1111111 3333233 1111111 2222222 2223232 4334343 2212232 2323233 3333432 1111111 1111111 1212111
2322222 1211111 2222222
"""
OBSERVERS = [0, 0, 0, 1, 2, 3, 4]
# The paper's estimates, to the two decimals that it prints: how frequent each class is, and for each observer the
# probability of each judgment (column) by true class (row).
MARGINALS = [0.40, 0.42, 0.11, 0.07]
ERROR_RATES = [
    [[0.89, 0.11, 0, 0], [0.07, 0.88, 0.05, 0], [0, 0.34, 0.66, 0], [0, 0, 0.56, 0.44]],
    [[0.83, 0.17, 0, 0], [0.05, 0.63, 0.31, 0], [0, 0, 1, 0], [0, 0, 0, 1]],
    [[1, 0, 0, 0], [0.11, 0.79, 0.11, 0], [0, 0.40, 0.20, 0.40], [0, 0, 0.67, 0.33]],
    [[0.94, 0.06, 0, 0], [0.05, 0.84, 0.10, 0], [0, 0, 0.80, 0.20], [0, 0, 0.33, 0.67]],
    [[1, 0, 0, 0], [0.16, 0.73, 0.11, 0], [0, 0.21, 0.79, 0], [0, 0, 0.33, 0.67]],
]


def answers_of(panels: list[str]) -> tuple[list[int], list[int]]:
    """Tasks and labels of one string a panel, one character an answer, '.' where there is none."""
    said = [(task, int(label)) for task, panel in enumerate(panels) for label in panel if label != "."]
    return [task for task, _ in said], [label for _, label in said]


def test_the_anaesthetists_of_the_paper() -> None:
    task, label = answers_of(PATIENTS.split())
    found = aggregate(
        task, OBSERVERS * 45, np.array(label) - 1, n_tasks=45, n_workers=5, n_labels=4, method="dawid_skene_ml"
    )
    assert found.converged
    assert found.prior == pytest.approx(np.array(MARGINALS), abs=0.0051)
    assert found.confusions == pytest.approx(np.array(ERROR_RATES), abs=0.0051)
    # patients of whom the answers leave a doubt; of all others the class is certain
    doubtful = {6: (0, 0.981), 34: (1, 0.948), 37: (2, 0.979), 29: (0, 0.9991), 41: (0, 0.9998)}
    for patient, (chosen, probability) in doubtful.items():
        assert found.posteriors[patient, chosen] == pytest.approx(probability, abs=6e-4)
    others = [patient for patient in range(45) if patient not in doubtful]
    assert np.all(found.posteriors[others].max(axis=1) > 0.9995)
    assert (most_probable(found.posteriors) + 1)[[1, 2, 11, 35]].tolist() == [4, 2, 3, 4]


def test_krippendorffs_four_observers_and_twelve_units() -> None:
    # K. Krippendorff: Computing Krippendorff's Alpha-Reliability (2011), section C: nominal alpha 0.743
    observers = ["123321412...", "1233224125.3", ".3332342251.", "12332441251."]
    task, label = answers_of(["".join(column) for column in zip(*observers, strict=True)])
    assert krippendorff_alpha(task, label, n_tasks=12, n_labels=6) == pytest.approx(0.743, abs=5e-4)


def test_three_coders_and_fifteen_units() -> None:
    # the worked example of the encyclopaedia article on Krippendorff's alpha: nominal 0.691
    coders = [".....34121133.3", "1.213343.......", "..21344.21133.4"]
    task, label = answers_of(["".join(column) for column in zip(*coders, strict=True)])
    assert krippendorff_alpha(task, label, n_tasks=15, n_labels=5) == pytest.approx(0.691, abs=5e-4)


def test_fourteen_raters_of_ten_subjects() -> None:
    # the worked example of the encyclopaedia article on Fleiss' kappa: 0.210, and the agreement of each subject
    table = [
        [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
    ]  # fmt: skip
    task = [row for row, counts in enumerate(table) for count in counts for _ in range(count)]
    label = [code for counts in table for code, count in enumerate(counts) for _ in range(count)]
    sizes = {"n_tasks": 10, "n_labels": 5}
    assert fleiss_kappa(task, label, **sizes) == pytest.approx(0.210, abs=5e-4)
    shares = [1.000, 0.253, 0.308, 0.440, 0.330, 0.462, 0.242, 0.176, 0.286, 0.286]
    assert agreement_per_task(task, label, **sizes) == pytest.approx(shares, abs=5e-4)
