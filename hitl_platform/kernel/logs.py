"""One log record, one line: control characters are escaped, so that no input can forge a line."""

import copy
import logging
import time


class LineFormatter(logging.Formatter):
    """`time level logger: message`, tracebacks folded into the line with visible escapes."""

    converter = staticmethod(time.gmtime)

    def __init__(self) -> None:
        super().__init__("%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        if record.exc_info and record.levelno < logging.ERROR:
            # a refusal is no failure: where it was raised helps nobody who reads the log
            record = copy.copy(record)
            record.exc_info = record.exc_text = None
        line = super().format(record)
        return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in line)
