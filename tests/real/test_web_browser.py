"""The status page in a real headless Chromium, as a person uses it: wide and narrow, by keyboard, without scripts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.real.chromium import NARROW, WIDE, Open, address_of, look, needs_chromium
from tests.real.node_process import LOOPBACK, NodeProcess
from tests.real.reading import post
from tests.real.waiting import wait_for

pytestmark = [pytest.mark.real, needs_chromium]

def test_a_person_makes_a_forum_and_another_joins_it(
    make_node: Callable[..., NodeProcess], open_chromium: Open, tmp_path: Path,
) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    first, second = make_node("first", clique=True, web=LOOPBACK), make_node("second", clique=True, web=LOOPBACK)
    browser = open_chromium()
    browser.get(address_of(first))
    look(browser, "empty", WIDE, tmp_path)
    browser.find_element(By.ID, "name").send_keys("garden", Keys.TAB, "What grows, and when", Keys.ENTER)
    wait_for("the forum's page", lambda: "clique.garden" in browser.title)
    look(browser, "forum", WIDE, tmp_path)
    invitation = browser.find_element(By.ID, "invitation").get_attribute("value")

    browser.get(address_of(second))
    browser.find_element(By.ID, "invitation").send_keys(invitation, Keys.ENTER)
    wait_for("the forum is joined", lambda: "clique.garden" in browser.title)

    browser.get(address_of(first))
    documents = browser.find_element(By.CSS_SELECTOR, "[data-live=documents]")
    assert documents.text == "1"
    post(first, "clique.garden", "Radishes")
    wait_for("the number moves without a reload", lambda: documents.text == "2")
    look(browser, "node", WIDE, tmp_path)
    look(browser, "node-narrow", NARROW, tmp_path)
    browser.get(address_of(first) + "forum/clique.garden")
    look(browser, "forum-narrow", NARROW, tmp_path)
    drawn = 'const picture = document.querySelector(".overlay"); picture.scrollIntoView(); return picture.naturalWidth;'
    wait_for("the overlay's picture", lambda: browser.execute_script(drawn) > 0)
    look(browser, "overlay", WIDE, tmp_path)
    assert browser.get_log("browser") == []


def test_the_keyboard_alone_reaches_everything(make_node: Callable[..., NodeProcess], open_chromium: Open) -> None:
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    browser = open_chromium()
    browser.get(address_of(make_node(web=LOOPBACK)))
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
    browser.get(address_of(make_node(web=LOOPBACK)))
    browser.find_element(By.ID, "name").send_keys("quiet", Keys.ENTER)
    wait_for("the forum's page", lambda: "clique.quiet" in browser.title)
