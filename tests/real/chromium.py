"""A real headless Chromium at a node's pages: how wide it is, what it shows, and what axe-core finds wrong there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

from tests.conftest import needs_program
from tests.real.node_process import NodeProcess
from tests.real.ports import free_port

WIDE, NARROW = (1100, 900), (320, 640)
"""widths and heights in CSS pixels; 320 is what WCAG 2.2 (1.4.10) asks for: a wide screen at 400 %"""

needs_chromium = needs_program("chromedriver", "chromium chromium-driver")

Open = Callable[..., Any]

_AXE = """
const done = arguments[arguments.length - 1];
axe.run(document, {resultTypes: ["violations"], rules: {"target-size": {enabled: true}}}).then(
  found => done(found.violations.map(
    one => one.id + ": " + one.help + "\\n" + one.nodes.map(node => node.html).join("\\n"))),
  error => done([String(error)]));
"""


@contextmanager
def open_browsers(folder: Path) -> Iterator[Open]:
    """Return a function that starts a Chromium of its own, with scripts or without; end all afterwards."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    browsers: list[Any] = []

    def start(scripts: bool = True) -> Any:
        options = webdriver.ChromeOptions()
        for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu",
                     f"--user-data-dir={folder / f'chromium{len(browsers)}'}"):
            options.add_argument(flag)
        if not scripts:
            options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        browsers.append(webdriver.Chrome(options, Service(shutil.which("chromedriver"), free_port())))
        return browsers[-1]

    try:
        yield start
    finally:
        for browser in browsers:
            browser.quit()


def address_of(node: NodeProcess, kind: str = "web") -> str:
    """Return the address to type, of the status page or of another kind."""
    _, host, port = node.ask("status")[kind][0].split(":")
    return f"http://{host}:{port}/"


def resize(browser: Any, size: tuple[int, int]) -> None:
    """Make the window so large; a narrow one is a telephone's."""
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
        "width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size is NARROW})


def look(browser: Any, name: str, size: tuple[int, int], folder: Path) -> None:
    """Take a picture, and see that nothing lies beyond the screen's edge.

    CLIQUENNTP_PICTURES names a folder that keeps the pictures.
    """
    resize(browser, size)
    folder = Path(os.environ.get("CLIQUENNTP_PICTURES", folder))
    browser.save_screenshot(str(folder / f"{name}.png"))
    assert is_within(browser, size), name


def is_within(browser: Any, size: tuple[int, int]) -> bool:
    """Tell whether a page is not wider than the window."""
    # not window.innerWidth: on a telephone that grows with what is too wide
    return bool(browser.execute_script("return document.documentElement.scrollWidth") <= size[0])


def wrong_with(browser: Any) -> list[str]:
    """Return what axe-core finds wrong with the page that is shown, in both colour schemes, wide and narrow.

    All its rules count, also those that it calls best practices, and the size of what is to be tapped (WCAG 2.5.8).
    """
    # the package is for Playwright; its script is axe-core as it is
    axe = (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
    wrong = []
    for size, scheme in ((WIDE, "dark"), (NARROW, "light")):
        resize(browser, size)
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": scheme}]})
        browser.execute_script(axe)
        wrong += [f"{size[0]} px, {scheme}: {one}" for one in browser.execute_async_script(_AXE)]
        if not is_within(browser, size):
            wrong.append(f"{size[0]} px: the page is wider than the window")
    return wrong
