"""Exact explanations of linear models: how much each original feature moved the log-odds.

For a scikit-learn pipeline of column-wise preprocessing and a LogisticRegression, the log-odds of the most
probable label against the runner-up is `baseline + sum(contributions)`, with nothing approximated. With two
labels that is the decision function up to its sign; with more it is the difference of two labels' scores.
Runs in the sandbox's child; NumPy, SciPy and scikit-learn alone.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    RobustScaler,
    StandardScaler,
)

from models_registry.outputs import Floats

# cells of the dense matrix that one block of rows may take
_BLOCK_CELLS = 2_000_000
_ONE_TO_ONE = (StandardScaler, MinMaxScaler, MaxAbsScaler, RobustScaler, OrdinalEncoder, TfidfTransformer)


@dataclass(frozen=True)
class LinearReading:
    """A linear model taken apart: `origins[j]` is the original feature of the j-th transformed column."""

    pipeline: Any
    coefficients: Floats  # (n_scores, n_columns)
    intercepts: Floats  # (n_scores,)
    origins: NDArray[np.intp]
    n_features: int

    def explain(self, transformed: Any, ranked: NDArray[np.intp]) -> tuple[Floats, Floats]:
        """Contributions (n, n_features) and baselines (n,) of label `ranked[:, 0]` against `ranked[:, 1]`.

        `transformed` (n, n_columns), dense or sparse, is the input of the last step.
        """
        n_rows, n_columns = transformed.shape
        contributions = np.empty((n_rows, self.n_features))
        first, second = ranked[:, 0], ranked[:, 1]
        weights, constants = self._scores()
        step = max(1, _BLOCK_CELLS // max(1, n_columns))
        for start in range(0, n_rows, step):
            rows = slice(start, start + step)
            block = transformed[rows]
            dense = block.toarray() if hasattr(block, "toarray") else np.asarray(block)
            moved = dense * (weights[first[rows]] - weights[second[rows]])
            contributions[rows] = self._by_feature(moved)
        return contributions, constants[first] - constants[second]

    def _scores(self) -> tuple[Floats, Floats]:
        """Weights and constants of every label's score; two labels share one row of coefficients."""
        if len(self.coefficients) > 1:
            return self.coefficients, self.intercepts
        zeros = np.zeros_like(self.coefficients)
        return np.vstack([zeros, self.coefficients]), np.concatenate([[0.0], self.intercepts])

    def _by_feature(self, moved: Floats) -> Floats:
        order = np.argsort(self.origins, kind="stable")
        present, starts = np.unique(self.origins[order], return_index=True)
        sums = np.zeros((len(moved), self.n_features))
        if len(present):
            sums[:, present] = np.add.reduceat(moved[:, order], starts, axis=1)
        return sums


def read_linear(model: Any, *, n_features: int) -> LinearReading | None:
    """The model taken apart, or None where it is not of a kind that this can read exactly."""
    steps = [step for _, step in model.steps] if isinstance(model, Pipeline) else [model]
    final = steps[-1]
    if not isinstance(final, LogisticRegression):
        return None
    origins = _origins_through(steps[:-1], list(range(n_features)))
    if origins is None:
        return None
    coefficients = np.asarray(final.coef_, dtype=np.float64)
    intercepts = np.asarray(final.intercept_, dtype=np.float64)
    if coefficients.ndim != 2 or coefficients.shape[1] != len(origins):
        return None
    if intercepts.shape != (len(coefficients),) or len(coefficients) not in (1, len(final.classes_)):
        return None
    return LinearReading(model, coefficients, intercepts, np.asarray(origins, dtype=np.intp), n_features)


def _origins_after(step: Any, origins: list[int] | None) -> list[int] | None:
    """Which original feature each output column of `step` comes from, given the same for its inputs."""
    if origins is None or isinstance(step, _ONE_TO_ONE) or step == "passthrough":
        return origins
    if isinstance(step, Pipeline):
        return _origins_through([inner for _, inner in step.steps], origins)
    read = next((read for kind, read in _READERS if isinstance(step, kind)), None)
    return read(step, origins) if read is not None else None


def _origins_through(steps: list[Any], origins: list[int] | None) -> list[int] | None:
    for step in steps:
        origins = _origins_after(step, origins)
    return origins


def _origins_of_imputed(imputer: SimpleImputer, origins: list[int]) -> list[int] | None:
    # a column that had no value in training is dropped, an indicator is a column more
    statistics = np.asarray(imputer.statistics_)
    dropped = statistics.dtype.kind == "f" and bool(np.isnan(statistics).any())
    return None if imputer.add_indicator or dropped else origins


def _origins_of_words(vectorizer: CountVectorizer, origins: list[int]) -> list[int] | None:
    return origins * len(vectorizer.vocabulary_) if len(origins) == 1 else None


def _origins_of_categories(encoder: OneHotEncoder, origins: list[int]) -> list[int] | None:
    if len(encoder.categories_) != len(origins) or getattr(encoder, "_infrequent_enabled", False):
        return None
    dropped = encoder.drop_idx_ if encoder.drop_idx_ is not None else [None] * len(origins)
    after: list[int] = []
    for origin, values, drop in zip(origins, encoder.categories_, dropped, strict=True):
        after += [origin] * (len(values) - (drop is not None))
    return after


def _origins_of_columns(step: ColumnTransformer, origins: list[int]) -> list[int] | None:
    after: dict[int, int] = {}
    for name, transformer, columns in step.transformers_:
        where = step.output_indices_.get(name, slice(0, 0))
        if isinstance(transformer, str) and transformer == "drop":
            continue
        indices = _column_indices(columns, len(origins))
        inner = None if indices is None else _origins_after(transformer, [origins[i] for i in indices])
        if inner is None or len(inner) != where.stop - where.start:
            return None
        after.update(zip(range(where.start, where.stop), inner, strict=True))
    return [after[j] for j in range(len(after))] if set(after) == set(range(len(after))) else None


def _column_indices(columns: Any, n_inputs: int) -> list[int] | None:
    if isinstance(columns, slice):
        return list(range(n_inputs))[columns]
    listed = [columns] if isinstance(columns, int | np.integer) else list(columns)
    if any(isinstance(column, bool | np.bool_) for column in listed):
        return [i for i, taken in enumerate(listed) if taken]
    whole = [int(column) for column in listed if isinstance(column, int | np.integer)]
    return whole if len(whole) == len(listed) and all(-n_inputs <= i < n_inputs for i in whole) else None


_READERS: tuple[tuple[type, Any], ...] = (
    (SimpleImputer, _origins_of_imputed),
    (OneHotEncoder, _origins_of_categories),
    (CountVectorizer, _origins_of_words),
    (ColumnTransformer, _origins_of_columns),
)
