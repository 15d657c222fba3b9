"""Many real processes that do something at the same moment: `python -m tests.concurrency.rivals`.

Reads a list of tasks as JSON, makes a process of each by fork, lets every one open its connection, releases them
all at once, and prints what became of each, in order.
"""

import importlib
import json
import os
import sys
import time
from typing import Any
from uuid import UUID

import django
from django.conf import settings
from django.db import connection

Task = dict[str, Any]


def main() -> None:
    """Run the tasks of standard input."""
    django.setup()
    # each step alone, so that two workers get two steps of one panel
    for terms in settings.STEP_KINDS.values():
        terms["cases"] = 1
    tasks: list[Task] = json.load(sys.stdin)
    # once, before the fork, and after Django is set up
    act = importlib.import_module("tests.concurrency.acts").act
    ready_read, ready_write = os.pipe()
    gate_read, gate_write = os.pipe()
    results = [_fork(task, act, ready_write, gate_read, gate_write) for task in tasks]
    for _ in tasks:
        os.read(ready_read, 1)
    os.close(gate_write)
    answers = []
    for pid, stream in results:
        with os.fdopen(stream, "rb") as answer:
            answers.append(json.loads(answer.read()))
        os.waitpid(pid, 0)
    print(json.dumps(answers))


def _fork(task: Task, act: Any, ready: int, gate: int, gate_write: int) -> tuple[int, int]:
    mine, theirs = os.pipe()
    pid = os.fork()
    if pid:
        os.close(theirs)
        return pid, mine
    try:
        os.close(gate_write)
        connection.ensure_connection()
        os.write(ready, b"1")
        # end of file is the start signal: it reaches every process at once
        os.read(gate, 1)
        # a task may have its instant: the moment at which a lease ends, say
        time.sleep(max(0.0, task.get("at", 0.0) - time.time()))
        answer = act(task["do"], UUID(task["tenant"]), task)
    except BaseException as error:  # noqa: BLE001 - a process's outermost: the parent must hear of it, whatever it was
        answer = {"failed": repr(error)}
    os.write(theirs, json.dumps(answer).encode())
    os._exit(0)


if __name__ == "__main__":
    main()
