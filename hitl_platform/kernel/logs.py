"""One log record, one line: control characters are escaped, so that no input can forge a line."""

import logging
import time


class LineFormatter(logging.Formatter):
    """`time level logger: message`, tracebacks folded into the line with visible escapes."""

    converter = staticmethod(time.gmtime)

    def __init__(self) -> None:
        super().__init__("%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in line)
