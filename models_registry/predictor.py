"""One model loaded in the sandbox's child: columns in, probabilities and explanations out."""

import io
import warnings
from typing import Any

import numpy as np
import skops.io
from numpy.typing import NDArray

from models_registry.artifacts import ESTIMATORS, LOADERS, ArtifactRefused, fingerprint, inspect_artifact
from models_registry.linear import LinearReading, read_linear
from models_registry.outputs import Floats, Reply

Column = Floats | list[str]

_TRUSTED = sorted(ESTIMATORS | LOADERS["TypeNode"] | LOADERS["DTypeNode"] | LOADERS["NdArrayNode"])


class Predictor:
    """A checked model with its labels in the order that the registry knows them by."""

    def __init__(self, content: bytes, *, sha256: str, labels: list[str], n_features: int) -> None:
        """Hash, inspect and load the same bytes; raises ArtifactRefused."""
        if fingerprint(content) != sha256:
            raise ArtifactRefused("The stored artifact is not the one that was registered: its hash differs.")
        inspect_artifact(content)
        # trained elsewhere may mean another scikit-learn; the example run at registration is what counts
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.model = skops.io.load(io.BytesIO(content), trusted=_TRUSTED)
        if not hasattr(self.model, "predict_proba"):
            raise ArtifactRefused("The model has no predict_proba: it cannot say how sure it is.")
        self.labels = labels
        self.order = _order(getattr(self.model, "classes_", None), labels)
        self.linear: LinearReading | None = read_linear(self.model, n_features=n_features)

    def predict(self, columns: list[Column], *, n_rows: int) -> Reply:
        """Probabilities (n_rows, n_labels) in the order of `labels`."""
        matrix = _matrix(columns, n_rows)
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            if self.linear is None:
                return Reply(self._ordered(self.model.predict_proba(matrix)), None, None)
            return self._predict_linear(matrix, self.linear)

    def _predict_linear(self, matrix: NDArray[Any], linear: LinearReading) -> Reply:
        steps = [step for _, step in getattr(self.model, "steps", [("", self.model)])]
        transformed: Any = matrix
        for step in steps[:-1]:
            transformed = transformed if isinstance(step, str) else step.transform(transformed)
        raw = steps[-1].predict_proba(transformed)
        # the explanation speaks of the winner and the runner-up, in the model's own order of labels
        ranked = np.argsort(-raw, axis=1, kind="stable")[:, :2]
        contributions, baseline = linear.explain(transformed, ranked)
        return Reply(self._ordered(raw), contributions, baseline)

    def _ordered(self, raw: Any) -> Floats:
        return np.ascontiguousarray(np.asarray(raw, dtype=np.float64)[:, self.order])


def _order(classes: Any, labels: list[str]) -> list[int]:
    found = [str(label) for label in classes] if classes is not None else []
    if sorted(found) != sorted(labels):
        raise ArtifactRefused(f"The model knows the labels {found[:20]}, not {labels[:20]}.")
    return [found.index(label) for label in labels]


def _matrix(columns: list[Column], n_rows: int) -> NDArray[Any]:
    """Rows by features: floats where every feature is a number, else objects."""
    if all(isinstance(column, np.ndarray) for column in columns):
        return np.column_stack(columns) if columns else np.empty((n_rows, 0))
    matrix = np.empty((n_rows, len(columns)), dtype=object)
    for index, column in enumerate(columns):
        matrix[:, index] = column
    return matrix
