"""The status page in a real headless Chromium, as a person uses it: wide and narrow, by keyboard, without scripts.

CLIQUENNTP_PICTURES names a folder that keeps the screenshots.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import needs_program
from tests.real.node_process import LOOPBACK, NodeProcess
from tests.real.reading import post
from tests.real.waiting import wait_for

pytestmark = [pytest.mark.real, needs_program("chromedriver", "chromium chromium-driver")]

WIDE, NARROW = (1100, 900), (360, 740)

Open = Callable[..., Any]


@pytest.fixture
def open_chromium(tmp_path: Path) -> Iterator[Open]:
    """A function that starts a Chromium of its own, with scripts or without."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    browsers: list[Any] = []

    def start(scripts: bool = True) -> Any:
        options = webdriver.ChromeOptions()
        for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu",
                     f"--user-data-dir={tmp_path / f'chromium{len(browsers)}'}"):
            options.add_argument(flag)
        if not scripts:
            options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        browsers.append(webdriver.Chrome(options, Service(shutil.which("chromedriver"))))
        return browsers[-1]

    yield start
    for browser in browsers:
        browser.quit()


def address_of_page(node: NodeProcess) -> str:
    """Return the address to type."""
    _, host, port = node.cliquectl("status")["web"][0].split(":")
    return f"http://{host}:{port}/"


def look(browser: Any, name: str, size: tuple[int, int], folder: Path) -> None:
    """Take a picture, and see that nothing lies beyond the screen's edge."""
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
        "width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size is NARROW})
    folder = Path(os.environ.get("CLIQUENNTP_PICTURES", folder))
    browser.save_screenshot(str(folder / f"{name}.png"))
    assert browser.execute_script("return document.documentElement.scrollWidth") <= size[0], name


def test_a_person_makes_a_forum_and_another_joins_it(
    make_node: Callable[..., NodeProcess], open_chromium: Open, tmp_path: Path,
) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    first, second = make_node("first", clique=True, web=LOOPBACK), make_node("second", clique=True, web=LOOPBACK)
    browser = open_chromium()
    browser.get(address_of_page(first))
    look(browser, "empty", WIDE, tmp_path)
    browser.find_element(By.ID, "name").send_keys("garden", Keys.TAB, "What grows, and when", Keys.ENTER)
    wait_for("the forum's page", lambda: "clique.garden" in browser.title)
    look(browser, "forum", WIDE, tmp_path)
    invitation = browser.find_element(By.ID, "invitation").get_attribute("value")

    browser.get(address_of_page(second))
    browser.find_element(By.ID, "invitation").send_keys(invitation, Keys.ENTER)
    wait_for("the forum is joined", lambda: "clique.garden" in browser.title)

    browser.get(address_of_page(first))
    documents = browser.find_element(By.CSS_SELECTOR, "[data-live=documents]")
    assert documents.text == "1"
    post(first, "clique.garden", "Radishes")
    wait_for("the number moves without a reload", lambda: documents.text == "2")
    look(browser, "node", WIDE, tmp_path)
    look(browser, "node-narrow", NARROW, tmp_path)
    browser.get(address_of_page(first) + "forum/clique.garden")
    look(browser, "forum-narrow", NARROW, tmp_path)
    drawn = 'const picture = document.querySelector(".overlay"); picture.scrollIntoView(); return picture.naturalWidth;'
    wait_for("the overlay's picture", lambda: browser.execute_script(drawn) > 0)
    look(browser, "overlay", WIDE, tmp_path)
    assert browser.get_log("browser") == []


def test_the_keyboard_alone_reaches_everything(make_node: Callable[..., NodeProcess], open_chromium: Open) -> None:
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    browser = open_chromium()
    browser.get(address_of_page(make_node(web=LOOPBACK)))
    reached = []
    for _ in range(12):
        ActionChains(browser).send_keys(Keys.TAB).perform()
        focused = browser.switch_to.active_element
        reached.append(focused.get_attribute("id") or focused.text)
    assert reached[0] == "To the content"
    for name in ("invitation", "peer", "root", "Join", "name", "description", "Create"):
        assert name in reached, reached


def test_without_scripts_a_forum_can_be_made(make_node: Callable[..., NodeProcess], open_chromium: Open) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    browser = open_chromium(scripts=False)
    browser.get(address_of_page(make_node(web=LOOPBACK)))
    browser.find_element(By.ID, "name").send_keys("quiet", Keys.ENTER)
    wait_for("the forum's page", lambda: "clique.quiet" in browser.title)
