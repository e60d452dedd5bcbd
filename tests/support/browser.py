"""A real browser for tests: where Chromium is, how it is started, what axe-core says of a page, and pictures of it."""

import os
import shutil
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
CHROMIUM = next((found for name in NAMES if (found := shutil.which(name))), None)

# The second line keeps Chromium from asking its maker's servers for anything by itself.
FLAGS = [
    *(["--no-sandbox"] if os.geteuid() == 0 else []),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"),
    *("--disable-gpu", "--disable-quic"),
]

SIZES = (("light", 1440), ("dark", 390))
"""The two pictures that show most: a desk in daylight, a telephone at night."""


def poll(happened: Callable[[], Any], seconds: float = 30.0) -> Any:
    """What `happened` gives as soon as that is true; fails at the deadline."""
    deadline = time.monotonic() + seconds
    while not (value := happened()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)
    return value


def axe(page: Page) -> list[tuple[str, str, str]]:
    """What axe-core has against the page as it is now."""
    spec = find_spec("axe_playwright_python")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("axe-core is not installed. Get it by: make setup")
    page.evaluate((Path(spec.submodule_search_locations[0]) / "axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("axe.run()")["violations"]
    return [(one["id"], node["html"], node["failureSummary"]) for one in found for node in one["nodes"]]


def _in_the_end(page: Page, seconds: float = 5.0) -> list[tuple[str, str, str]]:
    """What axe-core has against the page once its colours have changed: they fade, and half-way nothing can be read."""
    deadline = time.monotonic() + seconds
    while (found := axe(page)) and time.monotonic() < deadline:
        time.sleep(0.2)
    return found


def readable(
    page: Page, settled: Callable[[], Any], *, name: str = "", reload: bool = True, height: int = 900
) -> None:
    """Asserts that the page has nothing against axe and never scrolls sideways, on a desk and on a telephone.

    `settled` waits until the page is drawn. With HUB_PICTURES set to a folder it leaves pictures called `name`.
    Without `reload` the page keeps what it has in the session's memory.
    """
    folder = os.environ.get("HUB_PICTURES")
    for scheme in ("light", "dark"):
        for width in (1440, 390):
            if (scheme, width) not in SIZES and not folder:
                continue
            page.set_viewport_size({"width": width, "height": height})
            page.emulate_media(color_scheme=scheme)
            if reload:
                page.reload()
            settled()
            if folder and name:
                page.screenshot(path=f"{folder}/{name}-{scheme}-{width}.png", full_page=True)
            found = _in_the_end(page)
            assert not found, (scheme, width, found)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
