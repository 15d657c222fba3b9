"""Run a command that dies with its parent: `python -I -S leash.py PARENT SIGNAL UID:GID DIRECTORY COMMAND…`.

A program of its own instead of a `preexec_fn`, which may deadlock where the parent has threads. The process
keeps its id across the final exec, so the parent signals and waits for the command itself.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Drop to the account, tie the process to its parent, exec. Never returns."""
    parent, signal_number, account, directory, *command = arguments
    if account != "-":
        uid, gid = (int(part) for part in account.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    # After setuid: the kernel clears the death signal whenever credentials change.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal_number), 0, 0, 0)
    if os.getppid() != int(parent):  # the parent died before the signal was armed
        os._exit(1)
    # The parent holds signals back while it starts us, and an exec would keep that.
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    os.chdir(directory)
    os.execv(command[0], command)  # noqa: S606  # the command is given whole, no shell is wanted


if __name__ == "__main__":
    main(sys.argv[1:])
