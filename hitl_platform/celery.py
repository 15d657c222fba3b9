"""The Celery app: the engine that answers doorbells. Its settings are Django's, under CELERY_."""

import gc
import logging
import os
from typing import Any

from celery import Celery
from celery.schedules import crontab
from celery.signals import worker_process_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hitl_platform.settings")

# two lines for every doorbell would bury what matters
for _chatter in ("celery.worker.strategy", "celery.app.trace"):
    logging.getLogger(_chatter).setLevel(logging.WARNING)

app = Celery("hitl")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.set_default()
app.autodiscover_tasks(["hitl_platform.pipeline"])
app.conf.update(
    task_default_queue="hitl",
    # a child that is slow to start on a busy machine is not started over and over
    worker_proc_alive_timeout=60,
    # a pool child is renewed before fragmentation shows, and when a model made it large
    worker_max_tasks_per_child=5_000,
    worker_max_memory_per_child=1_500_000,
    # the task itself drops connections that broke; a new one for each doorbell costs more than its work
    CELERY_DB_REUSE_MAX=1_000,
    worker_send_task_events=False,
    worker_enable_remote_control=False,
)
# calendar jobs only: what a fact causes is a step, written with that fact
app.conf.beat_schedule = {
    "clear sessions": {"task": "hitl.clear_sessions", "schedule": crontab(hour=3, minute=17)},
}


@worker_process_init.connect  # type: ignore[untyped-decorator]  # Celery ships no types
def keep_what_is_loaded(**_: Any) -> None:
    """Leave what a pool child begins with out of its collections: a third of the time of routing went there."""
    gc.collect()
    gc.freeze()
