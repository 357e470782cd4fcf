"""Where this machine keeps a Chromium for browser tests."""

import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_chromium() -> str | None:
    """Path of the first Chromium or Chrome on PATH, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)
