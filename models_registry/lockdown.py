"""What the sandbox's child takes away from itself before it reads the first byte of a model.

Standard library alone, Linux; each measure that the system refuses is reported, not hidden. Seccomp is the
wall that needs no privilege: after it the process can compute, and read and write what is already open.
"""

import ctypes
import errno
import os
import platform
import resource
import signal
import struct
import tempfile
from pathlib import Path

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_CLONE_NEWUTS, _CLONE_NEWIPC, _CLONE_NEWUSER, _CLONE_NEWNET = 0x04000000, 0x08000000, 0x10000000, 0x40000000
_NOBODY = 65534

# name: (x86_64, aarch64); None where the machine lacks the call. Everything that is not here answers EPERM.
_ALLOWED: dict[str, tuple[int | None, int | None]] = {
    "read": (0, 63),
    "write": (1, 64),
    "close": (3, 57),
    "fstat": (5, 80),
    "poll": (7, None),
    "lseek": (8, 62),
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "munmap": (11, 215),
    "brk": (12, 214),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "readv": (19, 65),
    "writev": (20, 66),
    "sched_yield": (24, 124),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "nanosleep": (35, 101),
    "getpid": (39, 172),
    "exit": (60, 93),
    "uname": (63, 160),
    "gettimeofday": (96, 169),
    "getrusage": (98, 165),
    "sysinfo": (99, 179),
    "times": (100, 153),
    "getppid": (110, 173),
    "sigaltstack": (131, 132),
    "gettid": (186, 178),
    "futex": (202, 98),
    "sched_getaffinity": (204, 123),
    "restart_syscall": (219, 128),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115),
    "exit_group": (231, 94),
    "tgkill": (234, 131),
    "set_robust_list": (273, 99),
    "prlimit64": (302, 261),
    "getrandom": (318, 278),
    "membarrier": (324, 283),
    "rseq": (334, 293),
}
_MACHINES = {"x86_64": (0, 0xC000003E, 317), "aarch64": (1, 0xC00000B7, 277)}


class _Filter(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("program", ctypes.c_void_p))


def leave_folder(*, below: str) -> None:
    """Stand in an empty folder without a name. Made and removed by this process, so that no other's end leaves it."""
    folder = tempfile.mkdtemp(prefix="hitl-model-", dir=below)
    os.chdir(folder)
    Path(folder).rmdir()


def limit_resources(*, memory: int) -> None:
    """Address space, files, processes, core dumps. Bytes; the time limit is set per request."""
    for what, limit in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 16),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (limit, limit))


def allow_seconds(seconds: float) -> None:
    """CPU time this process may still use before the kernel ends it."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(used.ru_utime + used.ru_stime + seconds) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))


def leave_network() -> bool:
    """Move into a network namespace with nothing in it; False where the system does not let us."""
    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() == 0 and libc.unshare(_CLONE_NEWNET | _CLONE_NEWIPC | _CLONE_NEWUTS) == 0:
        return True
    return bool(libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET | _CLONE_NEWIPC | _CLONE_NEWUTS) == 0)


def drop_root() -> bool:
    """Become nobody where we are root. Returns whether the process is no longer root."""
    if os.geteuid() != 0:
        return True
    try:
        os.setgroups([])
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)
    except OSError:
        return False
    return os.geteuid() == _NOBODY


def die_with(parent: int) -> None:
    """End when the parent does. After drop_root: a change of user clears the wish."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    if os.getppid() != parent:
        raise SystemExit(0)


def filter_calls() -> bool:
    """Let the kernel refuse every system call that computing does not need; False where it cannot."""
    machine = _MACHINES.get(platform.machine())
    if machine is None:
        return False
    column, audit_arch, seccomp = machine
    numbers = [pair[column] for pair in _ALLOWED.values()]
    program = _program(audit_arch, sorted(number for number in numbers if number is not None))
    buffer = ctypes.create_string_buffer(program, len(program))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    description = _Filter(len(program) // 8, ctypes.cast(buffer, ctypes.c_void_p))
    mode_filter, all_threads = 1, 1
    return bool(libc.syscall(seccomp, mode_filter, all_threads, ctypes.byref(description)) == 0)


def _program(audit_arch: int, numbers: list[int]) -> bytes:
    """Classic BPF: wrong architecture dies, a listed call passes, every other answers EPERM."""
    load, equal, leave = 0x20, 0x15, 0x06
    allow, refuse, kill = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x80000000
    steps = [(load, 0, 0, 4), (equal, 1, 0, audit_arch), (leave, 0, 0, kill), (load, 0, 0, 0)]
    for left, number in zip(range(len(numbers), 0, -1), numbers, strict=True):
        steps.append((equal, left, 0, number))
    steps += [(leave, 0, 0, refuse), (leave, 0, 0, allow)]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)
