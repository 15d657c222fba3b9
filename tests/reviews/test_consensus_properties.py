"""What holds for any answers: probabilities, indifference to order and names, and agreement with unanimous panels."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reviews.consensus import (
    METHODS,
    Aggregation,
    Regularisation,
    aggregate,
    agreement_per_task,
    encode,
    krippendorff_alpha,
    most_probable,
    posterior_given,
    posteriors_given,
    tied,
)

# A fixed number of rounds: a rounding error must not decide when to stop.
FIXED = {
    "majority": None,
    "dawid_skene": Regularisation(max_iterations=8, tolerance=None),
    "dawid_skene_ml": Regularisation(strength=0.0, anchor=0.0, max_iterations=4, tolerance=None),
}
CLOSE = {"rtol": 0, "atol": 1e-7}
slowly = settings(max_examples=60, deadline=None)


@dataclass(frozen=True)
class Crowd:
    """Answers and their sizes; some tasks, workers and labels may be without any."""

    task: np.ndarray
    worker: np.ndarray
    label: np.ndarray
    sizes: dict[str, int]

    def aggregated(self, method: str, **changed: Any) -> Aggregation:
        arrays = {"task": self.task, "worker": self.worker, "label": self.label, **changed}
        return aggregate(**arrays, **self.sizes, method=method, regularisation=FIXED[method])


@st.composite
def crowds(draw: st.DrawFn) -> Crowd:
    n_tasks, n_workers, n_labels = draw(st.integers(1, 9)), draw(st.integers(1, 6)), draw(st.integers(1, 4))
    one = st.tuples(st.integers(0, n_tasks - 1), st.integers(0, n_workers - 1), st.integers(0, n_labels - 1))
    answers = np.array(draw(st.lists(one, min_size=1, max_size=50)))
    sizes = {"n_tasks": n_tasks, "n_workers": n_workers, "n_labels": n_labels}
    return Crowd(answers[:, 0], answers[:, 1], answers[:, 2], sizes)


def shuffled(draw: st.DrawFn | Any, count: int) -> np.ndarray:
    return np.array(draw(st.permutations(range(count))))


@pytest.mark.parametrize("method", METHODS)
@slowly
@given(crowd=crowds())
def test_everything_is_a_probability(method: str, crowd: Crowd) -> None:
    found = crowd.aggregated(method)
    n_tasks, n_workers, n_labels = crowd.sizes.values()
    assert found.posteriors.shape == (n_tasks, n_labels)
    assert found.confusions.shape == (n_workers, n_labels, n_labels)
    assert found.prior.shape == (n_labels,)
    for rows in (found.posteriors, found.confusions, found.prior):
        assert np.all((rows >= 0) & (rows <= 1 + 1e-12))
        np.testing.assert_allclose(rows.sum(axis=-1), 1.0, atol=1e-12)


@pytest.mark.parametrize("method", METHODS)
@slowly
@given(crowd=crowds(), data=st.data())
def test_the_order_of_the_answers_makes_no_difference(method: str, crowd: Crowd, data: st.DataObject) -> None:
    order = shuffled(data.draw, len(crowd.task))
    moved = crowd.aggregated(method, task=crowd.task[order], worker=crowd.worker[order], label=crowd.label[order])
    np.testing.assert_allclose(moved.posteriors, crowd.aggregated(method).posteriors, **CLOSE)


@pytest.mark.parametrize("method", METHODS)
@slowly
@given(crowd=crowds(), data=st.data())
def test_names_make_no_difference(method: str, crowd: Crowd, data: st.DataObject) -> None:
    tasks = shuffled(data.draw, crowd.sizes["n_tasks"])
    workers = shuffled(data.draw, crowd.sizes["n_workers"])
    labels = shuffled(data.draw, crowd.sizes["n_labels"])
    found = crowd.aggregated(method)
    renamed = crowd.aggregated(method, task=tasks[crowd.task], worker=workers[crowd.worker], label=labels[crowd.label])
    np.testing.assert_allclose(renamed.posteriors[np.ix_(tasks, labels)], found.posteriors, **CLOSE)
    np.testing.assert_allclose(renamed.confusions[np.ix_(workers, labels, labels)], found.confusions, **CLOSE)
    np.testing.assert_allclose(renamed.prior[labels], found.prior, **CLOSE)


@pytest.mark.parametrize("method", ["majority", "dawid_skene"])
@slowly
@given(crowd=crowds(), data=st.data())
def test_unanimous_panels_get_their_label(method: str, crowd: Crowd, data: st.DataObject) -> None:
    count = crowd.sizes["n_tasks"]
    said = np.array(data.draw(st.lists(st.integers(0, crowd.sizes["n_labels"] - 1), min_size=count, max_size=count)))
    found = crowd.aggregated(method, label=said[crowd.task])
    answered = np.unique(crowd.task)
    assert most_probable(found.posteriors)[answered].tolist() == said[answered].tolist()
    assert not tied(found.posteriors)[answered].any() or crowd.sizes["n_labels"] == 1


@pytest.mark.parametrize("method", METHODS)
@slowly
@given(crowd=crowds())
def test_a_task_without_answers_has_the_prior(method: str, crowd: Crowd) -> None:
    sizes = {**crowd.sizes, "n_tasks": crowd.sizes["n_tasks"] + 1}
    without = crowd.aggregated(method)
    found = Crowd(crowd.task, crowd.worker, crowd.label, sizes).aggregated(method)
    np.testing.assert_allclose(found.posteriors[-1], found.prior, atol=1e-12)
    np.testing.assert_allclose(found.posteriors[:-1], without.posteriors, **CLOSE)
    np.testing.assert_allclose(found.prior, without.prior, **CLOSE)


@pytest.mark.parametrize("method", ["dawid_skene", "dawid_skene_ml"])
@slowly
@given(crowd=crowds())
def test_posteriors_can_be_recomputed_from_confusions_and_prior(method: str, crowd: Crowd) -> None:
    found = crowd.aggregated(method)
    model = {"confusions": found.confusions, "prior": found.prior}
    again = posteriors_given(crowd.task, crowd.worker, crowd.label, n_tasks=crowd.sizes["n_tasks"], **model)
    np.testing.assert_allclose(again, found.posteriors, **CLOSE)
    mine = crowd.task == 0
    one = posterior_given(crowd.label[mine], crowd.worker[mine], **model)
    np.testing.assert_allclose(one, found.posteriors[0], **CLOSE)


@slowly
@given(crowd=crowds())
def test_majority_is_the_share_of_votes(crowd: Crowd) -> None:
    found = crowd.aggregated("majority")
    for task in np.unique(crowd.task):
        votes = crowd.label[crowd.task == task]
        shares = np.bincount(votes, minlength=crowd.sizes["n_labels"]) / len(votes)
        np.testing.assert_allclose(found.posteriors[task], shares, atol=1e-12)
        assert tied(found.posteriors)[task] == (np.sum(shares == shares.max()) > 1)
        assert most_probable(found.posteriors)[task] == np.argmax(shares)


@slowly
@given(crowd=crowds(), data=st.data())
def test_agreement_knows_no_names_and_full_agreement_is_one(crowd: Crowd, data: st.DataObject) -> None:
    sizes = {name: crowd.sizes[name] for name in ("n_tasks", "n_labels")}
    tasks = shuffled(data.draw, sizes["n_tasks"])
    labels = shuffled(data.draw, sizes["n_labels"])
    shares = agreement_per_task(crowd.task, crowd.label, **sizes)
    alpha = krippendorff_alpha(crowd.task, crowd.label, **sizes)
    np.testing.assert_allclose(agreement_per_task(tasks[crowd.task], labels[crowd.label], **sizes)[tasks], shares)
    np.testing.assert_allclose(krippendorff_alpha(tasks[crowd.task], labels[crowd.label], **sizes), alpha)
    heard = shares[~np.isnan(shares)]
    assert np.all((heard >= 0) & (heard <= 1))
    assert np.array_equal(np.isnan(shares), np.bincount(crowd.task, minlength=sizes["n_tasks"]) < 2)
    if not np.isnan(alpha):
        assert alpha <= 1
        assert (alpha == 1) == np.all(heard == 1)


@slowly
@given(values=st.lists(st.integers(-(2**62), 2**62) | st.integers(-5, 20), min_size=1, max_size=40))
def test_encoding_is_undone_by_its_keys(values: list[int]) -> None:
    for given_values in (values, np.array(values), [str(value) for value in values]):
        codes, keys = encode(given_values)
        assert keys[codes].tolist() == list(given_values)
        assert keys.tolist() == sorted(set(np.asarray(given_values).tolist()))
        assert sorted(set(codes.tolist())) == list(range(len(keys)))
