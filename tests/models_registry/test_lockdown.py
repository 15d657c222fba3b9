"""What a process can still do after the lockdown: compute, and nothing else."""

import json
import subprocess
import sys

import pytest

from hitl_platform.bootstrap import ROOT

ATTEMPTS = {
    "open a file to read": "open('/etc/hostname')",
    "open a file to write": "open('/tmp/hitl-escape', 'w')",
    "list a folder": "os.listdir('/')",
    "read the environment of another process": "open('/proc/1/environ', 'rb').read()",
    "make a socket": "socket.socket(socket.AF_INET, socket.SOCK_STREAM)",
    "make a local socket": "socket.socket(socket.AF_UNIX)",
    "make a process": "os.fork()",
    "make a thread": "threading.Thread(target=print).start()",
    "run a program": "os.execv('/bin/true', ['/bin/true'])",
    "signal another process": "os.kill(os.getppid(), 0)",
    "change its user": "os.setuid(0)",
    "import what is not there": "__import__('wave')",
    "trace a process": "ctypes.CDLL(None, use_errno=True).ptrace(16, os.getppid(), 0, 0) == -1 and denied()",
}
SCRIPT = """
import ctypes, json, os, socket, sys, threading
sys.path.insert(0, {root!r})
from models_registry import lockdown
libc = ctypes.CDLL(None, use_errno=True)
def denied():
    raise PermissionError(ctypes.get_errno(), "denied")
walls = {{"network": lockdown.leave_network(), "not_root": lockdown.drop_root()}}
lockdown.die_with(os.getppid())
lockdown.limit_resources(memory=1 << 30)
walls["seccomp"] = lockdown.filter_calls()
told = {{}}
for name, code in {attempts!r}.items():
    try:
        eval(code)
        told[name] = "done"
    except BaseException as error:
        told[name] = type(error).__name__
try:
    bytearray(2 << 30)
    told["take memory"] = "done"
except MemoryError as error:
    told["take memory"] = "MemoryError"
print(json.dumps([walls, told]))
"""


@pytest.fixture(scope="module")
def outcome():
    script = SCRIPT.format(root=str(ROOT), attempts=ATTEMPTS)
    run = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True)
    return json.loads(run.stdout)


def test_every_wall_stands_here(outcome):
    walls, _ = outcome
    assert walls["seccomp"]
    assert walls["not_root"]


@pytest.mark.parametrize("attempt", [*ATTEMPTS, "take memory"])
def test_refuses_to(outcome, attempt):
    _, told = outcome
    assert told[attempt] in {"PermissionError", "RuntimeError", "ModuleNotFoundError", "MemoryError", "OSError"}
