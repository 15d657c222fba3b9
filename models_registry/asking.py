"""Asking one version about payloads, in this process's sandbox."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from models_registry.features import Columns, parse_features
from models_registry.models import ModelVersion
from models_registry.outputs import Reply
from models_registry.sandbox import ModelRef, shared_sandbox
from models_registry.scoring import Scores, score_payloads


def ask_version(
    version: ModelVersion,
    payloads: Sequence[Mapping[str, Any]],
    *,
    fetch: Callable[[], bytes],
    seconds: float,
) -> Scores:
    """What a version says of each payload, labels in the version's order; failures row by row, within `seconds`.

    `fetch` reads the artifact where the sandbox does not hold it yet; whatever it says is checked by its hash.
    """
    features = parse_features(version.feature_schema)
    ref = ModelRef(version.sha256, tuple(version.labels), len(features))

    def ask(columns: Columns) -> Reply:
        return shared_sandbox().predict(ref, columns, fetch=fetch)

    return score_payloads(features, payloads, n_labels=len(version.labels), ask=ask, seconds=seconds)
