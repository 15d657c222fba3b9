"""Dawid-Skene against arithmetic by hand, a slow second implementation, and what EM promises."""

import math
from collections import Counter

import numpy as np
import pytest

from reviews.consensus import MAXIMUM_LIKELIHOOD, REGULARISED, Regularisation, aggregate
from reviews.consensus.dawid_skene import RIGHT_ANSWERS, SPREAD_ANSWERS

# three people on three tasks: A A A, A A B, B B B
TASK = [0, 0, 0, 1, 1, 1, 2, 2, 2]
WORKER = [0, 1, 2] * 3
LABEL = [0, 0, 0, 0, 0, 1, 1, 1, 1]
SIZES = {"n_tasks": 3, "n_workers": 3, "n_labels": 2}


def crowd(seed: int, *, n_tasks: int = 60, n_workers: int = 8, n_labels: int = 3) -> tuple[np.ndarray, ...]:
    """Answers of people who are right seven times in ten, four to a task, the last task unanswered."""
    random = np.random.default_rng(seed)
    task = np.repeat(np.arange(n_tasks - 1), 4)
    worker = np.concatenate([random.permutation(n_workers)[:4] for _ in range(n_tasks - 1)])
    truth = random.integers(0, n_labels, n_tasks)[task]
    label = np.where(random.random(len(task)) < 0.7, truth, random.integers(0, n_labels, len(task)))
    return task, worker, label


def rounds(count: int, *, strength: float = 0.0, anchor: float = 0.0, hard: bool = False) -> Regularisation:
    return Regularisation(strength=strength, anchor=anchor, max_iterations=count, tolerance=None, hard=hard)


def test_one_round_of_maximum_likelihood_by_hand() -> None:
    # Votes say A with 1, 2/3, 0, so the prior is 5/9, 4/9. Workers 0 and 1 said A to tasks 0 and 1: of the tasks
    # that are A all, of the 4/3 that are B one quarter. Worker 2 said A to task 0 alone: 1 of 5/3, and none.
    found = aggregate(TASK, WORKER, LABEL, **SIZES, method="dawid_skene_ml", regularisation=rounds(1))
    assert found.prior == pytest.approx([5 / 9, 4 / 9])
    assert found.confusions[0] == pytest.approx(np.array([[1, 0], [1 / 4, 3 / 4]]), abs=1e-9)
    assert found.confusions[1] == pytest.approx(found.confusions[0])
    assert found.confusions[2] == pytest.approx(np.array([[3 / 5, 2 / 5], [0, 1]]), abs=1e-9)
    # Task 1: 5/9 · 1 · 1 · 2/5 for A against 4/9 · 1/4 · 1/4 · 1 for B, which is 8 to 1.
    assert found.posteriors == pytest.approx(np.array([[1, 0], [8 / 9, 1 / 9], [0, 1]]), abs=1e-8)
    assert (found.iterations, found.converged) == (1, False)


def test_one_round_with_the_prior_by_hand() -> None:
    # All workers against the votes: A was given 5/3 + 5/3 + 1 times to what is A, 1/3 + 1/3 to what is B;
    # B was given 2/3 times to what is A, 1 + 1 + 4/3 to what is B; five right answers and one spread are added.
    of_a, of_b = np.array([13 / 3 + 5.5, 2 / 3 + 0.5]), np.array([2 / 3 + 0.5, 10 / 3 + 5.5])
    of_a, of_b = of_a / of_a.sum(), of_b / of_b.sum()
    found = aggregate(
        TASK, WORKER, LABEL, **SIZES, method="dawid_skene", regularisation=rounds(1, strength=4, anchor=0.5)
    )
    assert found.confusions[2] == pytest.approx(
        np.array([([1, 2 / 3] + 4 * of_a) / (5 / 3 + 4), ([0, 4 / 3] + 4 * of_b) / (4 / 3 + 4)])
    )
    assert found.prior == pytest.approx([(5 / 3 + 1) / 5, (4 / 3 + 1) / 5])


@pytest.mark.parametrize("hard", [False, True])
@pytest.mark.parametrize(("strength", "anchor"), [(0.0, 0.0), (10.0, 0.0), (0.0, 0.3), (10.0, 0.3), (5.0, 1.0)])
def test_agrees_with_a_slow_implementation(strength: float, anchor: float, hard: bool) -> None:
    task, worker, label = crowd(3)
    chosen = rounds(7, strength=strength, anchor=anchor, hard=hard)
    sizes = {"n_tasks": 60, "n_workers": 8, "n_labels": 3}
    found = aggregate(task, worker, label, **sizes, method="dawid_skene", regularisation=chosen)
    answers = list(zip(task.tolist(), worker.tolist(), label.tolist(), strict=True))
    posteriors, confusions, prior = slowly(answers, regularisation=chosen, **sizes)
    assert found.posteriors == pytest.approx(np.array(posteriors), abs=1e-9)
    assert found.confusions == pytest.approx(np.array(confusions), abs=1e-9)
    assert found.prior == pytest.approx(np.array(prior), abs=1e-9)


@pytest.mark.parametrize(("strength", "anchor"), [(0.0, 0.0), (10.0, 0.3), (3.0, 0.7)])
def test_no_round_makes_the_fit_worse(strength: float, anchor: float) -> None:
    task, worker, label = crowd(5)
    sizes = {"n_tasks": 60, "n_workers": 8, "n_labels": 3}
    values = []
    for count in range(1, 25):
        chosen = rounds(count, strength=strength, anchor=anchor)
        found = aggregate(task, worker, label, **sizes, method="dawid_skene", regularisation=chosen)
        values.append(objective(task, worker, label, confusions=found.confusions, prior=found.prior, chosen=chosen))
    steps = np.diff(values)
    assert np.all(steps > -1e-7)
    assert steps[0] > 1e-3


def test_stops_when_nothing_moves_and_says_so() -> None:
    task, worker, label = crowd(7)
    sizes = {"n_tasks": 60, "n_workers": 8, "n_labels": 3}
    found = aggregate(task, worker, label, **sizes, method="dawid_skene")
    assert found.converged
    assert 1 < found.iterations < REGULARISED.max_iterations
    longer = rounds(found.iterations + 50, strength=REGULARISED.strength, anchor=REGULARISED.anchor)
    settled = aggregate(task, worker, label, **sizes, method="dawid_skene", regularisation=longer)
    assert settled.posteriors == pytest.approx(found.posteriors, abs=1e-3)
    assert not settled.converged
    hurried = Regularisation(max_iterations=found.iterations - 1)
    assert not aggregate(task, worker, label, **sizes, method="dawid_skene", regularisation=hurried).converged


def test_hundreds_of_answers_to_one_task_neither_under_nor_overflow() -> None:
    # 3,000 people on one task would multiply to 10^-900; 30 more tasks let each person be known
    n_workers = 3000
    task = np.concatenate([np.zeros(n_workers, dtype=int), 1 + np.arange(n_workers) % 30])
    worker = np.concatenate([np.arange(n_workers)] * 2)
    label = np.where(np.arange(2 * n_workers) % 3 == 0, 1, 0)
    for method in ("dawid_skene", "dawid_skene_ml"):
        found = aggregate(task, worker, label, n_tasks=31, n_workers=n_workers, n_labels=2, method=method)
        assert np.all(np.isfinite(found.posteriors))
        assert found.posteriors.sum(axis=1) == pytest.approx(np.ones(31))
        assert np.all(np.isfinite(found.confusions))


def test_a_newcomer_is_what_all_are_together_and_an_unknown_label_counts_as_rare() -> None:
    task, worker, label = crowd(11)
    found = aggregate(task, worker, label, n_tasks=60, n_workers=9, n_labels=4, method="dawid_skene")
    newcomer = found.confusions[8]
    assert newcomer.sum(axis=1) == pytest.approx(np.ones(4))
    assert np.all(np.diag(newcomer)[:3] > 0.6)
    pretended = RIGHT_ANSWERS + SPREAD_ANSWERS
    assert newcomer[3, 3] == pytest.approx((RIGHT_ANSWERS + SPREAD_ANSWERS / 4) / pretended)
    assert 0 < found.prior[3] < found.prior[:3].min()
    plain = aggregate(task, worker, label, n_tasks=60, n_workers=9, n_labels=4, method="dawid_skene_ml")
    assert plain.confusions[8] == pytest.approx(np.full((4, 4), 1 / 4))


def test_the_prior_holds_back_a_worker_with_two_answers() -> None:
    # the newcomer (worker 3) contradicts three people who always agree: once is no proof of anything
    task = [*np.repeat(np.arange(40), 3).tolist(), 0, 1]
    worker = [0, 1, 2] * 40 + [3, 3]
    label = [*np.repeat(np.arange(40) % 2, 3).tolist(), 1, 0]
    sizes = {"n_tasks": 40, "n_workers": 4, "n_labels": 2}
    plain = aggregate(task, worker, label, **sizes, method="dawid_skene_ml")
    held = aggregate(task, worker, label, **sizes, method="dawid_skene")
    assert plain.confusions[3, 0, 1] > 0.99
    assert 0.05 < held.confusions[3, 0, 1] < 0.3


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"strength": -1.0}, "strength"),
        ({"strength": math.nan}, "strength"),
        ({"strength": math.inf}, "strength"),
        ({"anchor": 1.1}, "anchor"),
        ({"anchor": math.nan}, "anchor"),
        ({"max_iterations": 0}, "max_iterations"),
        ({"tolerance": -1e-9}, "tolerance"),
        ({"tolerance": math.nan}, "tolerance"),
    ],
)
def test_refuses_a_regularisation_without_meaning(given: dict[str, float], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        Regularisation(**given)


def test_maximum_likelihood_is_the_paper_and_the_default_is_held_back() -> None:
    assert (MAXIMUM_LIKELIHOOD.strength, MAXIMUM_LIKELIHOOD.anchor, MAXIMUM_LIKELIHOOD.hard) == (0.0, 0.0, False)
    assert 5 <= REGULARISED.strength <= 20


def slowly(
    answers: list[tuple[int, int, int]], *, n_tasks: int, n_workers: int, n_labels: int, regularisation: Regularisation
) -> tuple[list[list[float]], list[list[list[float]]], list[float]]:
    """The model one number at a time: Dawid & Skene (1979), equations 2.3 to 2.5, and what holds it back."""
    tasks, workers, labels = range(n_tasks), range(n_workers), range(n_labels)
    counts, total = Counter(answers), Counter(task for task, _, _ in answers)
    votes = [[sum(counts[t, w, k] for w in workers) / max(total[t], 1) for k in labels] for t in tasks]
    everybody = [[sum(votes[t][j] for t, _, given in answers if given == k) for k in labels] for j in labels]
    pooled = []
    for j in labels:
        row = [everybody[j][k] + SPREAD_ANSWERS / n_labels + RIGHT_ANSWERS * (j == k) for k in labels]
        pooled.append([value / sum(row) for value in row])
    posteriors, anchor, strength = votes, regularisation.anchor, regularisation.strength
    for _ in range(regularisation.max_iterations):
        truth = [certain(row) for row in posteriors] if regularisation.hard else posteriors
        weight = [[(1 - anchor) * truth[t][j] + anchor * votes[t][j] for j in labels] for t in tasks]
        weight = [weight[t] if total[t] else [0.0] * n_labels for t in tasks]
        prior = normalised([sum(weight[t][j] for t in tasks) + (1 if strength else 0) for j in labels])
        confusions = [
            slow_confusion(
                [(t, k) for t, w, k in answers if w == worker], weight=weight, pooled=pooled, strength=strength
            )
            for worker in workers
        ]
        posteriors = [
            normalised([prior[j] * math.prod(confusions[w][j][k] for at, w, k in answers if at == t) for j in labels])
            for t in tasks
        ]
    return posteriors, confusions, prior


def slow_confusion(
    mine: list[tuple[int, int]], *, weight: list[list[float]], pooled: list[list[float]], strength: float
) -> list[list[float]]:
    labels = range(len(pooled))
    used = {k for _, k in mine} or set(labels)
    matrix = []
    for j in labels:
        row = [sum(weight[t][j] for t, given in mine if given == k) + strength * pooled[j][k] for k in labels]
        matrix.append(normalised(row if strength else [max(row[k], 1e-10) if k in used else 0.0 for k in labels]))
    return matrix


def certain(row: list[float]) -> list[float]:
    chosen = min(k for k, value in enumerate(row) if value >= max(row) - 1e-9)
    return [float(k == chosen) for k in range(len(row))]


def normalised(row: list[float]) -> list[float]:
    return [value / sum(row) for value in row]


def objective(
    task: np.ndarray, worker: np.ndarray, label: np.ndarray, *,
    confusions: np.ndarray, prior: np.ndarray, chosen: Regularisation,
) -> float:  # fmt: skip
    """(1 - anchor) log-likelihood + anchor log-likelihood of the votes as truth + logarithm of the priors."""
    n_tasks, n_labels = task.max() + 1, len(prior)
    votes = np.zeros((n_tasks, n_labels))
    np.add.at(votes, (task, label), 1)
    votes /= votes.sum(axis=1, keepdims=True)
    joint = np.tile(np.log(prior), (n_tasks, 1))
    np.add.at(joint, task, np.log(np.maximum(confusions[worker, :, label], 1e-300)))
    value = (1 - chosen.anchor) * np.log(np.exp(joint).sum(axis=1)).sum()
    value += chosen.anchor * (votes * joint)[votes > 0].sum()
    if chosen.strength:
        pooled = np.zeros((n_labels, n_labels))
        np.add.at(pooled.T, label, votes[task])
        pooled += SPREAD_ANSWERS / n_labels + RIGHT_ANSWERS * np.eye(n_labels)
        pooled /= pooled.sum(axis=1, keepdims=True)
        value += chosen.strength * (pooled * np.log(confusions)).sum() + np.log(prior).sum()
    return float(value)
