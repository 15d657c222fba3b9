"""Starts processes, merges what they print, restarts what dies, stops everything in order.

One thread and one loop: a child's death signal is tied to the thread that started it, and a log that is read
by one reader is in order.
"""

import contextlib
import json
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hitl_platform.bootstrap import ROOT

from .children import kill_group, spawn, undisturbed
from .failures import ServerFailed
from .narrator import Narrator
from .programs import Program, child_environment
from .servers import Servers

MOST_RESTARTS = 5  # of one process within
RESTART_WINDOW = 300.0  # seconds


class StopAsked(KeyboardInterrupt):
    """Ctrl-C, SIGTERM or SIGHUP."""


@dataclass
class Member:
    """One running process and what is known of it."""

    program: Program
    child: "subprocess.Popen[bytes]"
    unfinished: bytes = b""
    said_ready: int = 0
    ready: bool = False


@dataclass
class Supervisor:
    """The processes of one demo. Use it from the main thread only."""

    servers: Servers
    environment: Mapping[str, str]
    narrator: Narrator
    children_file: Path
    members: dict[str, Member] = field(default_factory=dict)
    deaths: dict[str, list[float]] = field(default_factory=dict)
    selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)

    def start(self, program: Program) -> Member:
        """Start a process and listen to it."""
        environment = child_environment(self.environment, superuser=program.superuser)
        with undisturbed():
            child = spawn(program.command, environment=environment, directory=ROOT, output=subprocess.PIPE)
            assert child.stdout is not None  # noqa: S101  # for the type checker: PIPE was asked for
            os.set_blocking(child.stdout.fileno(), False)
            self.selector.register(child.stdout, selectors.EVENT_READ, program.name)
            member = self.members[program.name] = Member(program=program, child=child)
        self.note_children()
        return member

    def run_once(self, program: Program) -> None:
        """Run a process to its end while the others are heard; raises ServerFailed when it fails."""
        member = self.start(program)
        while member.child.poll() is None:
            self.pump(timeout=0.1)
            self.mend(but=program.name)
        self.drain(member)
        self.forget(member)
        if member.child.returncode != 0:
            raise ServerFailed(f"{program.name} failed with exit code {member.child.returncode}.")

    def wait_until_ready(self, *names: str, patience: float = 90.0) -> None:
        """Wait until each of these is ready; raises ServerFailed naming those that are not."""
        deadline = time.monotonic() + patience
        while waiting := [name for name in names if not self.members[name].ready]:
            if time.monotonic() > deadline:
                raise ServerFailed(f"Not ready after {patience:.0f} s: {', '.join(waiting)}.")
            self.pump(timeout=0.1)
            for name in waiting:
                member = self.members[name]
                member.ready = member.program.is_ready(member.said_ready)
            self.mend()

    def watch(self, *, tick: Callable[[], None] = lambda: None, until: str = "") -> int:
        """Listen and restart until the process named `until` ends (its exit code), or until asked to stop."""
        while True:
            self.pump(timeout=0.5)
            ended = self.members.get(until)
            if ended is not None and ended.child.poll() is not None:
                self.drain(ended)
                self.forget(ended)
                return ended.child.returncode
            # whose end is waited for, that one's is not to be mended away between two looks
            self.mend(but=until)
            tick()

    def pump(self, *, timeout: float) -> None:
        """Read what the processes printed, up to `timeout` seconds."""
        for key, _ in self.selector.select(timeout):
            member = self.members.get(key.data)
            if member is not None:
                self.drain(member)

    def drain(self, member: Member) -> None:
        """Read everything there is from one process and hand it on, line by line."""
        output = member.child.stdout
        if output is None or output.closed:
            return
        with contextlib.suppress(BlockingIOError):
            while chunk := os.read(output.fileno(), 65536):
                *lines, member.unfinished = (member.unfinished + chunk).split(b"\n")
                for line in lines:
                    self.hear(member, line=line)
            self.close_output(member)

    def close_output(self, member: Member) -> None:
        """The end of a process's output: its last line may have no line feed."""
        output = member.child.stdout
        if output is None or output.closed:
            return
        self.selector.unregister(output)
        output.close()
        if member.unfinished:
            self.hear(member, line=member.unfinished)
            member.unfinished = b""

    def hear(self, member: Member, *, line: bytes) -> None:
        """One line of a process: does it say that it is ready, and what else?"""
        text = line.decode("utf-8", errors="replace").rstrip()
        member.said_ready += member.program.says_ready(text)
        if text:
            self.narrator.hear(text, name=member.program.name)

    def mend(self, *, but: str = "") -> None:
        """Restart what died: servers first, since the rest needs them. What runs once is not, but said if it failed."""
        for name, server in (("postgres", self.servers.postgres), ("valkey", self.servers.valkey)):
            if server.child is not None and server.child.poll() is not None:
                self.count_death(name, code=server.child.returncode)
                kill_group(server.child.pid)
                server.start()
        for member in list(self.members.values()):
            code = member.child.poll()
            if code is None or member.program.name == but:
                continue
            self.drain(member)
            self.forget(member)
            if not member.program.once:
                self.count_death(member.program.name, code=code)
                kill_group(member.child.pid)
                self.start(member.program)
            else:
                self.tell_failure(member.program.name, code=code)

    def tell_failure(self, name: str, *, code: int) -> None:
        """Say that what runs once has failed, if it has."""
        if code != 0:
            self.narrator.say(f"{name} failed with exit code {code}; the demo goes on without it.")

    def count_death(self, name: str, *, code: int) -> None:
        """Say that a process died, and give up when it does so again and again."""
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        recent = [at for at in self.deaths.get(name, []) if at > time.monotonic() - RESTART_WINDOW]
        self.deaths[name] = [*recent, time.monotonic()]
        if len(recent) >= MOST_RESTARTS:
            raise ServerFailed(f"{name} ended again ({how}), {MOST_RESTARTS} restarts did not help.")
        self.narrator.say(f"{name} ended with {how}; starting it again ({len(recent) + 1} of {MOST_RESTARTS}).")

    def forget(self, member: Member) -> None:
        """Stop listening to a process that ended."""
        self.close_output(member)
        self.members.pop(member.program.name, None)
        self.note_children()

    def stop(self) -> None:
        """Ask all processes to end: visitors, then the others, the last started first. Servers stop later."""
        members = list(reversed(self.members.values()))
        # visitors first: they would tell of doors that close on them
        for leaving in ([m for m in members if m.program.visits], [m for m in members if not m.program.visits]):
            self.end(leaving)

    def end(self, members: Sequence[Member]) -> None:
        """Ask these processes to end, wait for them, kill what outlives its patience."""
        asked = time.monotonic()
        for member in members:
            if member.child.poll() is None:
                member.child.send_signal(signal.SIGTERM)
        for member in members:
            while member.child.poll() is None and time.monotonic() < asked + member.program.patience:
                self.pump(timeout=0.05)
            self.drain(member)
            kill_group(member.child.pid)
            member.child.wait()
            self.forget(member)

    def note_children(self) -> None:
        """Remember the groups on disk, for the next start where the kernel knows no death signal."""
        running = {name: member.child.pid for name, member in self.members.items()}
        self.children_file.write_text(json.dumps(running), encoding="ascii")
