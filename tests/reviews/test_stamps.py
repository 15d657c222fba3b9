"""Rubber stamps: a two-second approver is flagged, honest people with the same rate on easy cases are not."""

from collections.abc import Sequence

import numpy as np
import pytest

from reviews.quality.stamps import LEVEL, Finding, Judged, Seeded, fit_times, look

JUDGMENTS = 60


def period(
    *, honest: int, stampers: int = 0, seed: int, approves: float = 1.0, seeded: int = 0, careless: int = 0
) -> tuple[Judged, Seeded, int]:
    """A month: honest people (each with a pace of their own) and stampers of two seconds on cases of all lengths.

    All approve with probability `approves`. Of `seeded` wrong advices an honest person keeps 30 %, a careless one all.
    """
    random = np.random.default_rng(seed)
    people = honest + stampers
    reviewer = np.repeat(np.arange(people), JUDGMENTS)
    length = np.exp(random.normal(7, 0.8, size=len(reviewer)))
    pace = np.exp(random.normal(0, 0.35, size=people))[reviewer]
    seconds = 8 * pace * (length / 1_000) ** 0.6 * np.exp(random.normal(1.5, 0.5, size=len(reviewer)))
    is_stamp = reviewer >= honest
    seconds = np.where(is_stamp, random.uniform(1.5, 2.5, size=len(reviewer)), seconds)
    label = (random.random(len(reviewer)) > approves).astype(np.int64)
    judged = Judged(
        reviewer=reviewer,
        label=label,
        confidence=random.uniform(0.5, 1, size=len(reviewer)),
        agreed=label == 0,
        shown=random.random(len(reviewer)) > 0.2,
        control=np.zeros(len(reviewer), dtype=bool),
        seconds=seconds,
        length=length,
    )
    asked = np.repeat(np.arange(people), seeded)
    kept = (random.random(len(asked)) < 0.3) | (asked < careless)
    return judged, Seeded(asked, kept), people


def false_flags(findings: Sequence[Finding]) -> float:
    """The share of honest reviewers with a flag."""
    return sum(bool(finding.flags) for finding in findings) / max(len(findings), 1)


def test_the_false_flag_rate_of_honest_people_is_as_stated() -> None:
    rates, periods_with_a_flag = [], 0
    for seed in range(20):
        judged, seeded, people = period(honest=200, seed=seed, seeded=10)
        rate = false_flags(look(judged, seeded, n_reviewers=people))
        rates.append(rate)
        periods_with_a_flag += rate > 0
    assert np.mean(rates) <= 0.02, "of 4,000 honest people who approve everything at their own pace"
    assert periods_with_a_flag <= 2, f"at {LEVEL:.0%} a period, 2 of 20 would already be a rare month"


@pytest.mark.parametrize("stampers", [1, 10, 40])
def test_two_second_approvers_are_flagged(stampers: int) -> None:
    judged, seeded, people = period(honest=200, stampers=stampers, seed=100 + stampers)
    findings = look(judged, seeded, n_reviewers=people)
    assert [finding.flags for finding in findings[200:]] == [["too_fast"]] * stampers
    assert not any(finding.flags for finding in findings[:200]), "the same rate at normal time is nobody's fault"
    faster = findings[200].times_faster
    assert faster is not None
    assert faster > 5


def test_a_small_team_finds_its_stamper() -> None:
    judged, seeded, people = period(honest=4, stampers=1, seed=5)
    assert [finding.flags for finding in look(judged, seeded, n_reviewers=people)] == [[], [], [], [], ["too_fast"]]


def test_being_quick_with_different_answers_is_no_stamp() -> None:
    judged, seeded, people = period(honest=50, stampers=1, seed=6, approves=0.6)
    assert not any(finding.flags for finding in look(judged, seeded, n_reviewers=people))


def test_keeping_wrong_advice_is_found_and_compared() -> None:
    judged, seeded, people = period(honest=50, seed=8, seeded=20, careless=1, approves=0.9)
    findings = look(judged, seeded, n_reviewers=people)
    assert findings[0].flags == ["keeps_wrong_advice"]
    assert (findings[0].kept_wrong.count, findings[0].kept_wrong.total) == (20, 20)
    assert not any(finding.flags for finding in findings[1:])


def test_the_effect_of_advice_comes_from_the_control_arm() -> None:
    n = 400
    control = np.arange(n) < 200
    agreed = np.where(control, np.arange(n) % 2 == 0, np.arange(n) % 10 != 0)
    judged = Judged(
        reviewer=np.zeros(n, dtype=np.int64), label=(~agreed).astype(np.int64), confidence=np.full(n, 0.7),
        agreed=agreed,
        shown=~control, control=control, seconds=np.full(n, 30.0), length=np.full(n, 500.0),
    )  # fmt: skip
    empty = Seeded(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=bool))
    (finding,) = look(judged, empty, n_reviewers=1)
    assert finding.effect is not None
    assert finding.effect.value == pytest.approx(0.4)
    assert 0.3 < finding.effect.low < 0.4 < finding.effect.high < 0.5
    assert [(band.low, band.mine.total) for band in finding.bands] == [(0.6, 200)]


def test_the_fit_is_robust_and_knows_one_length() -> None:
    random = np.random.default_rng(1)
    length = np.exp(random.normal(7, 1, size=500))
    seconds = 2 * (1 + length) ** 0.5
    seconds[:100] = 1
    fit = fit_times(seconds, length)
    assert fit.slope == pytest.approx(0.5, abs=0.05)
    assert fit_times(np.full(5, 20.0), np.zeros(5)).slope == 0
    with pytest.raises(ValueError, match="nothing"):
        fit_times(np.zeros(0), np.zeros(0))


def test_a_period_without_judgments_says_nothing() -> None:
    nothing, none = np.zeros(0), np.zeros(0, dtype=np.int64)
    no = np.zeros(0, dtype=bool)
    judged = Judged(none, none, nothing, no, no, no, nothing, nothing)
    assert look(judged, Seeded(none, no), n_reviewers=0) == []
