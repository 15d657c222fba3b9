"""Chromium for the browser tests: the one that is there, else installed, else a sentence."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


def find_or_install() -> str:
    """The path of a Chromium, installing one where none is found; "" when none can be had."""
    return find() or install()


def find() -> str:
    """A browser that is already here: HITL_CHROMIUM, the PATH, or playwright's own folder."""
    chosen = os.environ.get("HITL_CHROMIUM", "")
    if chosen:
        return chosen
    on_path = next((path for name in NAMES if (path := shutil.which(name))), "")
    return on_path or downloaded()


def downloaded() -> str:
    """The Chromium that `playwright install` put into its folder, if it did."""
    default = Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "ms-playwright"
    folder = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or default)
    patterns = ("chromium-*/chrome-*/chrome", "chromium-*/chrome-mac*/*.app/Contents/MacOS/*")
    found = [path for pattern in patterns for path in sorted(folder.glob(pattern), reverse=True)]
    return str(found[0]) if found else ""


def install() -> str:
    """Debian's package as root, playwright's download otherwise; "" when neither is reachable."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        tell("Installing Chromium with apt-get.")
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["update"], ["install", "--yes", "--no-install-recommends", "chromium"]):
            attempt(["apt-get", "-q", *command], environment=environment)
        if found := find():
            return found
    tell("Installing Chromium with playwright's installer.")
    attempt([sys.executable, "-m", "playwright", "install", "chromium"], environment=dict(os.environ))
    found = find()
    if not found:
        tell(
            "No Chromium could be installed, so the browser tests will fail. Run "
            "`apt-get install chromium` (or set HITL_CHROMIUM), or leave them out with --without-browser."
        )
    return found


def attempt(command: list[str], *, environment: dict[str, str]) -> None:
    """Run an installer for ten minutes at most, its words shown; its failure is seen by what it left."""
    try:
        subprocess.run(command, check=False, env=environment, stdin=subprocess.DEVNULL, stdout=sys.stderr, timeout=600)
    except (OSError, subprocess.TimeoutExpired) as failure:
        tell(f"{command[0]}: {failure}")


def tell(sentence: str) -> None:
    """Progress goes to stderr; stdout is pytest's."""
    print(f"[test] {sentence}", file=sys.stderr, flush=True)
