"""One readable log for many processes: on the terminal what a person wants to read, in a file everything."""

import re
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

COLOURS = ("36", "33", "35", "32", "34", "96", "93")
# Time, level and logger of our own log lines; the terminal shows its own time.
LOG_LINE = re.compile(r"^\d{4}-\d\d-\d\dT[\d:.]+Z (?P<level>[A-Z]+) (?P<logger>\S+): (?P<text>.*)$")
MAIL = re.compile(r"Content-Type: text/plain; [^\n]*\nMIME-Version: ")
RULE = re.compile(r"-{79}$")
HEADER = {field: re.compile(rf"^{field}: (.*)$", re.MULTILINE) for field in ("Subject", "To")}
CHATTY = ("celery.", "kombu.", "amqp", "granian", "django.request")


@dataclass
class Narrator:
    """Prints `time  name │ line`; lines of the libraries below WARNING go to the file alone."""

    log: IO[str] | None = None
    stream: IO[str] = field(default_factory=lambda: sys.stdout)
    names: list[str] = field(default_factory=list)

    def say(self, text: str, *, name: str = "demo") -> None:
        """A line of ours, or of a process as it is."""
        stamp = time.strftime("%H:%M:%S")
        for line in text.splitlines() or [""]:
            print(f"{stamp} {self.paint(f'{name:<9}', name=name)} │ {line}", file=self.stream, flush=True)
            self.keep(f"{stamp} {name:<9} | {line}")

    def hear(self, line: str, *, name: str) -> None:
        """A line that a process printed."""
        found = LOG_LINE.match(line)
        if found is None:
            self.say(line, name=name)
        elif found["level"] in {"WARNING", "ERROR", "CRITICAL"}:
            # A traceback is folded into one line there; here each line is named, so it may be unfolded.
            self.warn(found["level"], text=found["text"].replace("\\n", "\n"), name=name)
        elif found["logger"].startswith(CHATTY) or found["level"] == "DEBUG":
            self.keep(f"{time.strftime('%H:%M:%S')} {name:<9} | {line}")
        else:
            self.say(found["text"], name=name)

    def warn(self, level: str, *, text: str, name: str) -> None:
        """A warning or worse; of a mail that no server takes and that is printed, who would get it, and of what."""
        mail = MAIL.match(text)
        if mail is None and not RULE.match(text):
            self.say(f"{level.lower()}: {text}", name=name)
            return
        for line in text.splitlines():
            self.keep(f"{time.strftime('%H:%M:%S')} {name:<9} | {line}")
        if mail is not None:
            subject, to = (HEADER[field].search(text) for field in ("Subject", "To"))
            self.say(f"mail to {to[1] if to else 'somebody'}: {subject[1] if subject else ''}", name=name)

    def paint(self, text: str, *, name: str) -> str:
        """The text in the colour of this process, on a terminal."""
        if name not in self.names:
            self.names.append(name)
        colour = COLOURS[self.names.index(name) % len(COLOURS)]
        return f"\033[{colour}m{text}\033[0m" if self.stream.isatty() else text

    def keep(self, line: str) -> None:
        """Write to the file."""
        if self.log is not None:
            self.log.write(f"{line}\n")
            self.log.flush()


def open_log(path: Path) -> IO[str]:
    """A new log file, private; the one before is kept beside it."""
    if path.exists():
        path.replace(path.with_suffix(".before.log"))
    file = path.open("w", encoding="utf-8")
    path.chmod(0o600)
    return file
