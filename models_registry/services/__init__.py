"""Writes: one function a verb."""

from models_registry.services.predictions import store_failures, store_scores
from models_registry.services.registration import create_model, register_version
from models_registry.services.versions import promote_version, retire_version

__all__ = [
    "create_model",
    "promote_version",
    "register_version",
    "retire_version",
    "store_failures",
    "store_scores",
]
