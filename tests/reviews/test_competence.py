"""Competence: shrunken confusion matrices, intervals, patterns, and the rule of a pause, as pure computation."""

import numpy as np
import pytest

from reviews.quality.competence import STRENGTH, confusion_counts, fails_quiz, is_below, shrunken
from reviews.quality.confusing import Pattern, patterns
from reviews.quality.intervals import newcombe, share_of, wilson


def test_counts_by_reviewer_truth_and_answer() -> None:
    counts = confusion_counts([0, 0, 1], [0, 0, 1], [0, 1, 1], n_reviewers=3, n_labels=2)
    assert counts.tolist() == [[[1, 1], [0, 0]], [[0, 0], [0, 1]], [[0, 0], [0, 0]]]
    with pytest.raises(ValueError, match="out of range"):
        confusion_counts([0], [2], [0], n_reviewers=1, n_labels=2)
    with pytest.raises(ValueError, match="one true"):
        confusion_counts([0], [1, 0], [0], n_reviewers=1, n_labels=2)


def test_somebody_new_gets_the_prior() -> None:
    counts = np.zeros((3, 2, 2))
    counts[0], counts[1] = [[80, 20], [5, 95]], [[90, 10], [15, 85]]
    found = shrunken(counts)
    assert np.allclose(found.mean[2], found.prior)
    assert np.allclose(found.prior.sum(axis=1), 1)
    assert np.all(found.low[2] < found.mean[2])
    assert np.all(found.mean[2] < found.high[2])


def test_shrinks_by_the_stated_strength() -> None:
    counts = np.zeros((2, 2, 2))
    counts[0, 0], counts[1, 0] = [3, 1], [900, 100]
    found = shrunken(counts)
    expected = (3 + STRENGTH * found.prior[0, 0]) / (4 + STRENGTH)
    assert found.mean[0, 0, 0] == pytest.approx(expected)
    assert found.mean[1, 0, 0] == pytest.approx(0.9, abs=0.001)
    assert np.ptp([found.low[1, 0, 0], found.high[1, 0, 0]]) < np.ptp([found.low[0, 0, 0], found.high[0, 0, 0]])


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    random = np.random.default_rng(7)
    truth = random.beta(16, 4, size=2_000)
    counts = np.zeros((2_000, 2, 2))
    counts[:, 0, 0] = random.binomial(30, truth)
    counts[:, 0, 1] = 30 - counts[:, 0, 0]
    found = shrunken(counts, strength=20)
    held = (found.low[:, 0, 0] <= truth) & (truth <= found.high[:, 0, 0])
    assert 0.93 < held.mean() < 0.97


def test_wilson_and_newcombe_are_as_published() -> None:
    # Newcombe (1998), tables I and II
    low, high = wilson([81, 15, 0], [263, 148, 20])
    assert np.round(low, 4).tolist() == [0.2553, 0.0624, 0.0]
    assert np.round(high, 4).tolist() == [0.3662, 0.1605, 0.1611]
    difference = newcombe((56, 70), (48, 80))
    assert difference is not None
    assert (round(difference.low, 4), round(difference.high, 4)) == (0.0524, 0.3339)
    assert newcombe((0, 0), (1, 2)) is None
    assert (share_of(0, 0).low, share_of(0, 0).high, share_of(0, 0).share) == (0.0, 1.0, None)


def test_noise_does_not_pause() -> None:
    random = np.random.default_rng(3)
    right = random.random((1_000, 100)) < 0.85
    counts = right.cumsum(axis=1)
    paused = [any(is_below(int(row[n - 1]), n, bar=0.7, after=10) for n in range(10, 101)) for row in counts[:300]]
    assert np.mean(paused) <= 0.01, "85 % right against a bar of 70 %, asked after each of 100 items"
    bad = (random.random((300, 100)) < 0.4).cumsum(axis=1)
    caught = [any(is_below(int(row[n - 1]), n, bar=0.7, after=10) for n in range(10, 101)) for row in bad]
    assert np.mean(caught) > 0.99
    assert not is_below(0, 9, bar=0.7, after=10)


def test_the_quiz_is_an_examination() -> None:
    assert fails_quiz(2, 5, items=5, at_least=0.8)
    assert not fails_quiz(4, 5, items=5, at_least=0.8)
    assert not fails_quiz(0, 4, items=5, at_least=0.8), "not yet complete"
    assert not fails_quiz(0, 0, items=0, at_least=0.8), "no quiz"


def test_only_what_was_shown_three_times_is_a_pattern() -> None:
    missed = [("a", "b")] * 4 + [("b", "a")] * 2 + [("c", "c")] * 9
    assert patterns(missed) == [Pattern("a", "b", 3)]
