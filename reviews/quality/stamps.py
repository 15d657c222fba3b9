"""Rubber stamps and automation bias: what a period of judgments in one queue says of each reviewer. Pure, vectorised.

Two findings raise a flag, each tested for every reviewer, together at `LEVEL` over the whole queue and period by
Bonferroni's inequality, so that honest work of everybody is left alone in 99 of 100 periods:

- *too fast to have looked*: the reviewer's median residual of a robust fit of log time on log length lies beyond the
  spread of the others' (normal in the logarithm, as times are), at least `FASTER`-fold, with nearly one answer for all;
- *keeps wrong advice*: of known cases on which the advice is wrong, the reviewer keeps it more often than the others
  do (Fisher's exact test), and nearly always.

Overrides by the model's confidence and the effect of advice are evidence beside them and flag nobody: people differ
honestly in both. Fit: P. J. Huber, Robust Statistics (1981), 7.8, iterated weights, k = 1.345.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr
from scipy.stats import hypergeom

from reviews.consensus.answers import Floats
from reviews.quality.intervals import Difference, Share, newcombe, share_of

LEVEL = 0.01
# fewer judgments, or fewer known cases with wrong advice, say nothing of their author
LEAST, LEAST_SEEDED = 20, 8
FASTER = 3.0
NEARLY_ALL = 0.95
# people differ in speed by this much at least, in log time, however alike the others of a small queue are
LEAST_SPREAD = 0.25
BANDS = (0.0, 0.6, 0.8, 0.9, 0.95, 1.0)
HUBER = 1.345

Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Judged:
    """n judgments. reviewer, label: codes; confidence of the model (nan: none); agreed with its answer; whether that
    was shown, and whether the seat was of the arm without advice; seconds (nan: unknown); length in characters."""

    reviewer: Codes
    label: Codes
    confidence: Floats
    agreed: Flags
    shown: Flags
    control: Flags
    seconds: Floats
    length: Floats


@dataclass(frozen=True, slots=True)
class Seeded:
    """Answers to known cases on whose wrong advice was shown: whose, and whether they kept it."""

    reviewer: Codes
    kept: Flags


@dataclass(frozen=True, slots=True)
class Band:
    """Overrides of advice of one confidence: one reviewer's, and everybody else's."""

    low: float
    high: float
    mine: Share
    others: Share


@dataclass(frozen=True, slots=True)
class Finding:
    """What is known of one reviewer; `flags` names the findings that hold, and is empty for most people."""

    reviewer: int
    judged: int
    one_answer: Share
    times_faster: float | None
    p_speed: float
    kept_wrong: Share
    others_kept_wrong: Share
    p_wrong: float
    bands: Sequence[Band]
    effect: Difference | None
    flags: Sequence[str]


@dataclass(frozen=True, slots=True)
class Fit:
    """log seconds = intercept + slope · log(1 + length), robustly."""

    intercept: float
    slope: float

    def residuals(self, seconds: Floats, length: Floats) -> Floats:
        """How much longer each judgment took than its length explains, in log time."""
        left: Floats = np.log(np.maximum(seconds, 0.1)) - self.intercept - self.slope * np.log1p(length)
        return left


def fit_times(seconds: Floats, length: Floats, *, rounds: int = 30) -> Fit:
    """The robust fit; its slope is 0 where all are of one length. Raises ValueError for no judgments."""
    if not len(seconds):
        raise ValueError("nothing to fit")
    y, x = np.log(np.maximum(seconds, 0.1)), np.log1p(length)
    varies = float(np.ptp(x)) > 0
    design = np.column_stack([np.ones_like(x), x]) if varies else np.ones((len(x), 1))
    weights = np.ones_like(y)
    found = np.array([float(np.median(y)), 0.0][: design.shape[1]])
    for _ in range(rounds):
        scaled = design * weights[:, np.newaxis]
        found = np.linalg.lstsq(scaled.T @ design, scaled.T @ y, rcond=None)[0]
        left = np.abs(y - design @ found)
        scale = max(1.4826 * float(np.median(left)), 1e-6)
        weights = np.minimum(1.0, HUBER * scale / np.maximum(left, 1e-12))
    return Fit(float(found[0]), float(found[1]) if varies else 0.0)


def look(judged: Judged, seeded: Seeded, *, n_reviewers: int, level: float = LEVEL) -> list[Finding]:
    """What the period says of each of n_reviewers, in the order of their codes."""
    speeds, p_speed = _speeds(judged, n_reviewers)
    kept = np.bincount(seeded.reviewer, weights=seeded.kept, minlength=n_reviewers).astype(int)
    asked = np.bincount(seeded.reviewer, minlength=n_reviewers)
    p_wrong = _keeps_wrong(kept, asked)
    tests = int(np.isfinite(speeds).sum() + (asked >= LEAST_SEEDED).sum())
    bar = level / max(tests, 1)
    counts = _same_answers(judged, n_reviewers)
    bands = _bands(judged, n_reviewers)
    findings = []
    for code in range(n_reviewers):
        mine = judged.reviewer == code
        one = share_of(*counts[code])
        wrong = share_of(int(kept[code]), int(asked[code]))
        faster = float(np.exp(-speeds[code])) if np.isfinite(speeds[code]) else None
        flags = []
        if faster is not None and p_speed[code] <= bar and faster >= FASTER and (one.share or 0) >= NEARLY_ALL:
            flags.append("too_fast")
        if wrong.total >= LEAST_SEEDED and p_wrong[code] <= bar and (wrong.share or 0) >= NEARLY_ALL:
            flags.append("keeps_wrong_advice")
        others = share_of(int(kept.sum() - kept[code]), int(asked.sum() - asked[code]))
        findings.append(
            Finding(code, int(mine.sum()), one, faster, float(p_speed[code]), wrong, others, float(p_wrong[code]),
                    bands[code], _effect(judged, mine), flags)
        )  # fmt: skip
    return findings


def _speeds(judged: Judged, n_reviewers: int) -> tuple[Floats, Floats]:
    """Median residual of each reviewer around the median of all (nan: too few), and its one-sided p-value."""
    medians, p_values = np.full(n_reviewers, np.nan), np.ones(n_reviewers)
    timed = np.isfinite(judged.seconds)
    if not timed.any():
        return medians, p_values
    seconds, length, reviewer = judged.seconds[timed], judged.length[timed], judged.reviewer[timed]
    left = fit_times(seconds, length).residuals(seconds, length)
    for code in np.flatnonzero(np.bincount(reviewer, minlength=n_reviewers) >= LEAST):
        medians[code] = np.median(left[reviewer == code])
    known = np.isfinite(medians)
    if known.sum() >= 2:
        medians -= np.median(medians[known])
        spread = max(1.4826 * float(np.median(np.abs(medians[known]))), LEAST_SPREAD)
        p_values[known] = ndtr(medians[known] / spread)
    return medians, p_values


def _keeps_wrong(kept: Codes, asked: Codes) -> Floats:
    """Fisher's exact test of each reviewer against all others, one-sided."""
    p_values = np.asarray(hypergeom.sf(kept - 1, asked.sum(), kept.sum(), asked), dtype=np.float64)
    return np.where(asked > 0, p_values, 1.0)


def _same_answers(judged: Judged, n_reviewers: int) -> list[tuple[int, int]]:
    """How often the most frequent label was given or, if that is more, the model's answer kept; and of how many."""
    labels = int(judged.label.max(initial=0)) + 1
    table = np.bincount(judged.reviewer * labels + judged.label, minlength=n_reviewers * labels)
    most = table.reshape(n_reviewers, labels).max(axis=1)
    with_model = judged.shown & np.isfinite(judged.confidence)
    agreed = np.bincount(judged.reviewer[judged.agreed & with_model], minlength=n_reviewers)
    total = np.bincount(judged.reviewer, minlength=n_reviewers)
    return [(int(max(a, b)), int(n)) for a, b, n in zip(most, agreed, total, strict=True)]


def _bands(judged: Judged, n_reviewers: int) -> Mapping[int, list[Band]]:
    shown = judged.shown & np.isfinite(judged.confidence)
    found: dict[int, list[Band]] = {code: [] for code in range(n_reviewers)}
    for low, high in pairwise(BANDS):
        inside = shown & (judged.confidence >= low) & ((judged.confidence < high) | (high == BANDS[-1]))
        total = np.bincount(judged.reviewer[inside], minlength=n_reviewers)
        overrides = np.bincount(judged.reviewer[inside & ~judged.agreed], minlength=n_reviewers)
        for code in np.flatnonzero(total):
            others = share_of(int(overrides.sum() - overrides[code]), int(total.sum() - total[code]))
            found[int(code)].append(Band(low, high, share_of(int(overrides[code]), int(total[code])), others))
    return found


def _effect(judged: Judged, mine: Flags) -> Difference | None:
    """How much more often this reviewer agrees with the model when its answer is shown than in the control arm."""
    known = mine & np.isfinite(judged.confidence)
    shown, control = known & judged.shown & ~judged.control, known & judged.control
    return newcombe(
        (int((shown & judged.agreed).sum()), int(shown.sum())),
        (int((control & judged.agreed).sum()), int(control.sum())),
    )
