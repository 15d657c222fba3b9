"""The project's settings with short leases and small batches, so that a run of minutes sees many of both."""

from hitl_platform.settings import *  # noqa: F403 - a settings module is the other one with changes
from hitl_platform.settings import STEP_KINDS as _KINDS

STEP_KINDS = {name: {**terms, "cases": 25, "lease_seconds": 30} for name, terms in _KINDS.items()}
# a model's process that starts cold on a busy machine must fit
CELERY_TASK_TIME_LIMIT = 28
