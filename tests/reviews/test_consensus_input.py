"""What aggregate and its kin refuse, and in which words."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reviews.consensus import (
    aggregate,
    agreement_per_task,
    encode,
    fleiss_kappa,
    krippendorff_alpha,
    most_probable,
    posterior_given,
    posteriors_given,
    tied,
)

ROOT = Path(__file__).resolve().parents[2]
GOOD: dict[str, Any] = {
    "task": [0, 0, 1],
    "worker": [0, 1, 0],
    "label": [1, 1, 0],
    "n_tasks": 2,
    "n_workers": 2,
    "n_labels": 2,
    "method": "majority",
}
CONFUSIONS = np.array([[[0.9, 0.1], [0.2, 0.8]], [[0.6, 0.4], [0.5, 0.5]]])
PRIOR = np.array([0.7, 0.3])


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"task": []}, "task is empty"),
        ({"label": np.array([], dtype=int)}, "label is empty"),
        ({"task": [0, 0]}, "one length, not 2, 3 and 3"),
        ({"worker": [[0, 1, 0]]}, "worker must have one dimension, not 2"),
        ({"label": [1.0, 1.0, 0.0]}, "label must hold integers, not float64"),
        ({"label": [True, True, False]}, "label must hold integers, not bool"),
        ({"label": ["1", "1", "0"]}, "label must hold integers, not <U1"),
        ({"task": [0, 0, 2]}, "task must lie between 0 and 1, but holds 0 to 2"),
        ({"worker": [0, -1, 0]}, "worker must lie between 0 and 1, but holds -1 to 0"),
        ({"label": np.array([0, 255, 0], dtype=np.uint8)}, "label must lie between 0 and 1, but holds 0 to 255"),
        ({"n_labels": 0}, "n_labels must be at least 1"),
        ({"n_tasks": 2**30}, "posteriors would have 2,147,483,648 cells"),
        ({"n_workers": 2**28}, "confusions would have 1,073,741,824 cells"),
        ({"method": "mean"}, "method must be one of majority, dawid_skene, dawid_skene_ml, not 'mean'"),
    ],
)
def test_aggregate_refuses_with_a_sentence(changed: dict[str, Any], sentence: str) -> None:
    assert aggregate(**GOOD).posteriors.tolist() == [[0.0, 1.0], [1.0, 0.0]]
    with pytest.raises(ValueError, match=sentence):
        aggregate(**{**GOOD, **changed})


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.uint32, np.int64, np.uint64])
def test_any_kind_of_integer_will_do(dtype: type[np.integer]) -> None:
    # 200 workers of 3 labels do not fit a byte: the codes must not wrap around
    task, worker = np.repeat(np.arange(100), 2), np.arange(200)
    label = np.arange(200) % 3
    sizes = {"n_tasks": 100, "n_workers": 200, "n_labels": 3, "method": "dawid_skene"}
    wide = aggregate(task, worker, label, **sizes)
    small = aggregate(task.astype(dtype), worker, label.astype(dtype), **sizes)
    np.testing.assert_array_equal(small.posteriors, wide.posteriors)
    np.testing.assert_array_equal(small.confusions, wide.confusions)


def test_the_answers_are_left_as_they_were() -> None:
    arrays = [np.array(GOOD[name], dtype=np.int32) for name in ("task", "worker", "label")]
    copies = [array.copy() for array in arrays]
    for method in ("majority", "dawid_skene", "dawid_skene_ml"):
        aggregate(*arrays, n_tasks=2, n_workers=2, n_labels=2, method=method)
    for array, copy in zip(arrays, copies, strict=True):
        np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize("method", ["majority", "dawid_skene", "dawid_skene_ml"])
def test_two_answers_of_one_worker_to_one_task_both_count(method: str) -> None:
    sizes = {"n_tasks": 2, "n_workers": 3, "n_labels": 2, "method": method}
    both = aggregate([0, 0, 0, 1, 1, 1], [0, 0, 1, 0, 1, 2], [0, 1, 1, 0, 0, 0], **sizes)
    first = aggregate([0, 0, 1, 1, 1], [0, 1, 0, 1, 2], [0, 1, 0, 0, 0], **sizes)
    assert both.posteriors[0, 1] > first.posteriors[0, 1]
    if method == "majority":
        assert both.posteriors[0].tolist() == pytest.approx([1 / 3, 2 / 3])


def test_a_tie_goes_to_the_lowest_code_and_is_told() -> None:
    found = aggregate([0, 0, 1, 1, 1], [0, 1, 0, 1, 2], [2, 1, 0, 2, 2], **{**SIZES, "method": "majority"})
    assert most_probable(found.posteriors).tolist() == [1, 2]
    assert tied(found.posteriors).tolist() == [True, False]
    # what rounding does to two equal sums is no difference
    nearly = np.array([[0.5 - 1e-16, 0.5 + 1e-16], [0.5 - 1e-6, 0.5 + 1e-6]])
    assert most_probable(nearly).tolist() == [0, 1]
    assert tied(nearly).tolist() == [True, False]


SIZES = {"n_tasks": 2, "n_workers": 3, "n_labels": 3}


def test_a_posterior_given_confusions_by_hand() -> None:
    # worker 0 says 1: 0.7 · 0.1 against 0.3 · 0.8; worker 1 then says 0: times 0.6 against 0.5
    found = posterior_given([1, 0], [0, 1], confusions=CONFUSIONS, prior=PRIOR)
    assert found == pytest.approx(np.array([0.042, 0.12]) / 0.162)
    assert posterior_given([], [], confusions=CONFUSIONS, prior=PRIOR) == pytest.approx(PRIOR)
    panels = posteriors_given([0, 0, 2], [0, 1, 0], [1, 0, 0], n_tasks=3, confusions=CONFUSIONS, prior=PRIOR)
    assert panels[0] == pytest.approx(found)
    assert panels[1] == pytest.approx(PRIOR)
    assert panels[2] == pytest.approx(np.array([0.63, 0.06]) / 0.69)


@pytest.mark.parametrize(
    ("label", "worker", "model", "sentence"),
    [
        ([0], [2], {}, "worker must lie between 0 and 1"),
        ([2], [0], {}, "label must lie between 0 and 1"),
        ([0, 1], [0], {}, "one length"),
        ([0], [], {}, "worker is empty"),
        ([0], [0], {"prior": PRIOR * 2}, "rows of prior must be probabilities"),
        ([0], [0], {"prior": np.array([1.2, -0.2])}, "rows of prior must be probabilities"),
        ([0], [0], {"prior": np.array([0.2, 0.3, 0.5])}, "confusions must be"),
        ([0], [0], {"confusions": CONFUSIONS.transpose(0, 2, 1)}, "rows of confusions must be probabilities"),
        ([0], [0], {"confusions": np.full((2, 2, 2), np.nan)}, "rows of confusions must be probabilities"),
        ([], [], {"prior": PRIOR * 2}, "rows of prior must be probabilities"),
    ],
)
def test_a_posterior_is_refused_with_a_sentence(
    label: list[int], worker: list[int], model: dict[str, np.ndarray], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        posterior_given(label, worker, **{"confusions": CONFUSIONS, "prior": PRIOR, **model})


def test_agreement_where_it_is_undefined_is_not_a_number() -> None:
    sizes = {"n_tasks": 3, "n_labels": 2}
    assert np.isnan(krippendorff_alpha([0, 1, 2], [0, 1, 1], **sizes))
    assert np.isnan(krippendorff_alpha([0, 0, 1, 1], [1, 1, 1, 1], **sizes))
    assert np.isnan(fleiss_kappa([0, 0, 1, 1], [1, 1, 1, 1], **sizes))
    shares = agreement_per_task([0, 0, 0, 1], [1, 1, 0, 1], **sizes)
    np.testing.assert_allclose(shares, [1 / 3, np.nan, np.nan])
    for task, label in (([0, 0, 1], [0, 1, 0]), ([0, 1], [0, 1])):
        with pytest.raises(ValueError, match="panels of one size"):
            fleiss_kappa(task, label, **sizes)
    with pytest.raises(ValueError, match="label must lie between 0 and 1"):
        krippendorff_alpha([0, 0], [0, 2], **sizes)


def test_encoding_needs_one_dimension() -> None:
    with pytest.raises(ValueError, match="one dimension"):
        encode([[1, 2], [3, 4]])
    codes, keys = encode(np.array([], dtype=np.int64))
    assert (len(codes), len(keys)) == (0, 0)


def test_encoding_spans_every_integer_type() -> None:
    for values in (
        np.array([127, -128, 0], dtype=np.int8),
        np.array([2**63 + 5, 2**63 + 1, 2**64 - 1], dtype=np.uint64),
        np.array([2**63 - 1, 2**63 - 3], dtype=np.int64),
        np.arange(200_000, dtype=np.uint32)[::-1] + 4_000_000_000,
    ):
        codes, keys = encode(values)
        np.testing.assert_array_equal(keys[codes], values)
        assert keys.dtype == values.dtype
        assert np.all(np.diff(keys.astype(object)) > 0)


def test_the_package_stands_on_numpy_and_scipy_alone() -> None:
    # distributions that reviews.consensus brings in, whatever the rest of the suite has loaded
    script = (
        "import sys, reviews.consensus, reviews.consensus.tables;"
        "print(*sorted({name.split('.')[0] for name in sys.modules} - set(sys.stdlib_module_names)))"
    )
    ran = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    brought = {name for name in ran.stdout.split() if not name.startswith("_")}
    assert {"numpy", "reviews", "scipy"} <= brought
    assert not brought & {"cases", "celery", "django", "hitl_platform", "numba", "pandas", "sklearn"}
