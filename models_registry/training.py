"""Training a transparent model: the same rows give the same artifact, byte for byte.

Rows are payloads and their known labels, and nothing else: no protected attribute can come in, because none
is passed. Scaled numbers, one-hot categories, weighted words, and a logistic regression, whose every answer is
explained exactly (`linear.py`). Quality is measured out of fold, on rows that the measured model never saw.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import skops.io
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

from models_registry.artifacts import canonical_artifact, fingerprint
from models_registry.features import Feature, extract, parse_features
from models_registry.outputs import Floats

CALIBRATION_BINS = 10
FOLDS = 5


@dataclass(frozen=True)
class Trained:
    """An artifact, its hash, and what `measure` says of models trained like it."""

    artifact: bytes
    sha256: str
    metrics: dict[str, Any]


def train(
    payloads: Sequence[Mapping[str, Any]],
    labels: Sequence[str],
    *,
    feature_schema: Mapping[str, Any],
    strength: float = 1.0,
    seed: int = 0,
) -> Trained:
    """Train on all rows; measure by stratified folds drawn with `seed`.

    `strength` is the inverse of the L2 penalty. Raises ValueError for payloads that do not fit the schema.
    """
    features = parse_features(feature_schema)
    matrix, truth = _matrix(features, payloads), np.asarray(labels)
    # several threads add floats in another order
    with threadpool_limits(1):
        model = _pipeline(features, matrix, strength=strength).fit(matrix, truth)
        answered = np.empty((len(truth), len(model.classes_)))
        for known, asked in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(matrix, truth):
            fold = _pipeline(features, matrix, strength=strength).fit(matrix[known], truth[known])
            answered[asked] = fold.predict_proba(matrix[asked])
    artifact = canonical_artifact(skops.io.dumps(model))
    metrics = {"method": f"{FOLDS}-fold cross-validation", **measure(answered, truth, classes=list(model.classes_))}
    return Trained(artifact, fingerprint(artifact), metrics)


def measure(probabilities: Floats, truth: NDArray[Any], *, classes: Sequence[str]) -> dict[str, Any]:
    """Accuracy, log-loss (nats), Brier score, and calibration of the winner's probability.

    `probabilities` (n, k) in the order of `classes`, `truth` (n,) of labels. The Brier score is the squared
    distance to the truth summed over labels (0 to 2). Calibration is told by bins of equal width; the expected
    calibration error weighs each bin's gap by its share of rows.
    """
    known = np.searchsorted(np.sort(classes), truth)
    place = np.argsort(classes)[known]
    told = probabilities[np.arange(len(truth)), place]
    right = probabilities.argmax(axis=1) == place
    exact = np.zeros_like(probabilities)
    exact[np.arange(len(truth)), place] = 1.0
    bins, gap = _calibration(probabilities.max(axis=1), right)
    return {
        "n": len(truth),
        "accuracy": round(float(right.mean()), 6),
        "log_loss": round(float(-np.log(np.clip(told, 1e-15, None)).mean()), 6),
        "brier": round(float(((probabilities - exact) ** 2).sum(axis=1).mean()), 6),
        "calibration_error": round(gap, 6),
        "calibration": bins,
    }


def _calibration(confidence: Floats, right: NDArray[np.bool_]) -> tuple[list[dict[str, Any]], float]:
    index = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    bins, gap = [], 0.0
    for number in np.unique(index).tolist():
        rows = index == number
        said, was = float(confidence[rows].mean()), float(right[rows].mean())
        gap += abs(said - was) * float(rows.mean())
        bins.append(
            {
                "from": number / CALIBRATION_BINS,
                "to": (number + 1) / CALIBRATION_BINS,
                "n": int(rows.sum()),
                "confidence": round(said, 6),
                "accuracy": round(was, 6),
            }
        )
    return bins, gap


def _matrix(features: Sequence[Feature], payloads: Sequence[Mapping[str, Any]]) -> NDArray[Any]:
    extraction = extract(features, payloads)
    if extraction.problems:
        row, reasons = next(iter(extraction.problems.items()))
        told = ", ".join(f"{name} {reason}" for name, reason in reasons.items())
        raise ValueError(f"{len(extraction.problems)} payloads do not fit the features; row {row}: {told}")
    matrix = np.empty((len(payloads), len(features)), dtype=object)
    for place, column in enumerate(extraction.columns.values):
        matrix[:, place] = column
    return matrix


def _pipeline(features: Sequence[Feature], matrix: NDArray[Any], *, strength: float) -> Pipeline:
    """One transformer a kind of feature: numbers, numbers that may be missing, categories; one a text."""
    numbers = [at for at, feature in enumerate(features) if feature.type == "number"]
    gaps = [at for at in numbers if not features[at].required and features[at].missing_value is None]
    categories = [at for at, feature in enumerate(features) if feature.type == "category"]
    known = [sorted(features[at].values or set(matrix[:, at])) for at in categories]
    filled = Pipeline([("fill", SimpleImputer(strategy="median")), ("scale", StandardScaler())])
    columns: list[tuple[str, Any, Any]] = [
        ("numbers", StandardScaler(), [at for at in numbers if at not in gaps]),
        ("gaps", filled, gaps),
        ("categories", OneHotEncoder(categories=known, handle_unknown="ignore", sparse_output=False), categories),
    ]
    # words are counted in one column of texts; the others take a table
    columns += [
        (f"words {at}", TfidfVectorizer(min_df=2, max_features=20_000), at)
        for at, feature in enumerate(features)
        if feature.type == "text"
    ]
    used = [column for column in columns if column[2] != []]
    predict = LogisticRegression(C=float(strength), max_iter=5_000, tol=1e-8)
    return Pipeline([("columns", ColumnTransformer(used)), ("predict", predict)])
