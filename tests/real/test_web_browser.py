"""The status page in a real headless Chromium, as a person uses it: wide and narrow, by keyboard, without scripts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.real.chromium import NARROW, WIDE, Open, address_of, look, needs_chromium
from tests.real.node_process import LOOPBACK, NodeProcess
from tests.real.reading import count, post, wait_for_subject
from tests.real.waiting import wait_for

pytestmark = [pytest.mark.real, needs_chromium]

HOLD = """
window.rounds = [];
const later = window.setTimeout;
window.setTimeout = (what, wait) => wait === 3000 ? window.rounds.push(what) : later(what, wait);
"""
"""keeps what the page's script would do in three seconds"""

GO = "rounds.shift()().then(arguments[0]);"

PICTURE = "return document.querySelector('#deliveries ~ div img').src;"

REQUESTS = "return performance.getEntriesByType('resource').map(one => new URL(one.name).origin);"


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
    for name in ("overlay", "deliveries"):
        drawn = f"const picture = document.querySelector('img[src*=\"/{name}.svg\"]'); picture.scrollIntoView(); " \
            "return picture.naturalWidth;"
        wait_for("the picture", lambda drawn=drawn: browser.execute_script(drawn) > 0)
        look(browser, name, WIDE, tmp_path)
    assert browser.get_log("browser") == []


def test_deliveries_are_seen_as_they_happen(make_node: Callable[..., NodeProcess], open_chromium: Open) -> None:
    """The test begins each round of the page's script, to see also what a round leaves as it was."""
    from selenium.webdriver.common.by import By

    node, friend = make_node(clique=True, web=LOOPBACK), make_node("friend", clique=True)
    node.ask("create-forum", name="tea", description="")
    friend.ask("join", invitation=node.ask("invite", name="clique.tea")["invitation"])
    wait_for("the forum", lambda: count(friend, "clique.tea") == 1)
    browser = open_chromium()
    browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": HOLD})
    browser.get(address_of(node) + "forum/clique.tea")

    def write(writer: NodeProcess, reader: NodeProcess, subject: str) -> None:
        post(writer, "clique.tea", subject)
        wait_for_subject(reader, "clique.tea", subject)

    def go_round(motion: str = "no-preference") -> tuple[list[str], bool]:
        """Let a round happen; return the table's rows, and whether there is another picture."""
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-reduced-motion", "value": motion}]})
        before = browser.execute_script(PICTURE)
        browser.execute_async_script(GO)
        rows = browser.find_elements(By.CSS_SELECTOR, "[data-refresh] tbody tr")
        return [row.text for row in rows], browser.execute_script(PICTURE) != before

    write(node, friend, "Green")
    write(friend, node, "Black")
    name = friend.ask("status")["node"][:8]
    rows, is_drawn = go_round()
    assert is_drawn
    assert rows[0].startswith(f"Black (clique.tea) from {name} ")
    assert rows[1].startswith(f"Green (clique.tea) to {name} ")
    assert go_round() == (rows, True)
    assert go_round("reduce") == (rows, False)
    write(friend, node, "White")
    rows, is_drawn = go_round("reduce")
    assert rows[0].startswith("White (clique.tea) from")
    assert is_drawn

    hold = browser.find_element(By.CSS_SELECTOR, "[data-pause]")
    hold.click()
    assert hold.get_attribute("aria-pressed") == "true"
    write(friend, node, "Oolong")
    assert go_round() == (rows, False)
    hold.click()
    assert go_round()[0][0].startswith("Oolong (clique.tea) from")
    assert set(browser.execute_script(REQUESTS)) == {address_of(node).rstrip("/")}
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
