"""The system's Chromium; `python -m tests.support.chromium` installs it where it is missing and may be."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def path() -> str | None:
    """Where a Chromium is, or None."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def main() -> int:
    """Find or install Chromium; 0 when there is one."""
    if path():
        return 0
    if os.getuid() == 0 and shutil.which("apt-get"):
        quiet = {"DEBIAN_FRONTEND": "noninteractive", **os.environ}
        for command in (["update", "-q"], ["install", "-y", "-q", "chromium"]):
            subprocess.run(["apt-get", *command], env=quiet, check=False, stdout=subprocess.DEVNULL)
        if path():
            return 0
    sys.stderr.write("The browser tests need Chromium: install the package `chromium` (apt-get install chromium).\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
