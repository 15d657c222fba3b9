#!/usr/bin/env python3
"""The one command of the project: `demo`, `test`, `bench` and every Django command."""

import sys

if sys.version_info < (3, 11):
    sys.exit("Python 3.11 or newer is needed; this is %d.%d." % sys.version_info[:2])

from hitl_platform import bootstrap


def main() -> int:
    """Get the dependencies, then let the command line of the project choose."""
    name = sys.argv[1] if len(sys.argv) > 1 else "help"
    bootstrap.ensure_dependencies("test" if name == "test" else "run")
    from hitl_platform.embedded import command_line  # noqa: PLC0415  # its imports are installed only now

    return command_line.run(sys.argv)


if __name__ == "__main__":
    sys.exit(main())
