"""Every kind of page in a real headless Chromium, looked through by axe-core, wide and 320 pixels narrow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.real.chromium import Open, address_of, needs_chromium, wrong_with
from tests.real.node_process import LOOPBACK, NodeProcess
from tests.real.reading import post
from tests.real.waiting import wait_for

pytestmark = [pytest.mark.real, needs_chromium]

LONG = "a.forum-with-a-long-name.and-more-of-it"


def submit(browser: Any, address: str, form: str, **fields: str) -> None:
    """Fill in a form of the page at an address, and send it."""
    from selenium.webdriver.common.by import By

    browser.get(address)
    for name, value in fields.items():
        browser.find_element(By.ID, name).send_keys(value)
    browser.find_element(By.CSS_SELECTOR, f'form[action="{form}"] button').click()


def test_the_status_page(make_node: Callable[..., NodeProcess], open_chromium: Open) -> None:
    node, friend = make_node(clique=True, web=LOOPBACK), make_node("friend", clique=True)
    start = address_of(node)
    browser = open_chromium()
    browser.get(start)
    assert wrong_with(browser) == [], "an empty node"

    submit(browser, start, "/create", name=LONG, description="What grows, and when")
    wait_for("the forum's page", lambda: LONG in browser.title)
    friend.ask("join", invitation=node.ask("invite", name=f"clique.{LONG}")["invitation"])
    wait_for("the link is told", lambda: any(f"clique.{LONG}" in one.get("forums", ()) for one in node.ask("peers")))
    post(node, f"clique.{LONG}", "Radishes " * 9)
    for path in ("", f"forum/clique.{LONG}", "forum/clique.none"):
        browser.get(start + path)
        assert wrong_with(browser) == [], path

    submit(browser, start, "/create", name="../x")
    wait_for("a refusal", lambda: browser.title.startswith("Not done"))
    assert wrong_with(browser) == [], "refused"
    submit(browser, f"{start}forum/clique.{LONG}", f"/unfollow/clique.{LONG}")
    wait_for("what was done", lambda: browser.title.startswith("Done"))
    assert wrong_with(browser) == [], "done"
    browser.get(f"{start}forum/clique.{LONG}")
    assert wrong_with(browser) == [], "not followed"


def test_the_public_pages(make_node: Callable[..., NodeProcess], open_chromium: Open, tmp_path: Path) -> None:
    node = make_node(config=(
        f'public_forums = ["clique.{LONG}"]\npublic_web = "{LOOPBACK}"\ncontact = "abuse@example.org"\n'))
    start = address_of(node, "public_web")
    browser = open_chromium()
    browser.get(start)
    assert wrong_with(browser) == [], "nothing to read"

    articles = [
        f"From a@b Sat Jan  1 00:00:00 2022\nFrom: {'A' * 80} <a@b>\nSubject: {'Endless' * 20}{number}\n"
        f"Message-ID: <n{number}@x>\nDate: Sat, 1 Jan 2022 00:{number // 60:02}:{number % 60:02} +0000\n"
        f"{f'References: <n0@x> <n{number - 1}@x>' if 0 < number < 30 else 'X-Top: yes'}\n\n{'wide' * 60}\n\n"
        for number in range(230)
    ]
    (tmp_path / "long.mbox").write_text("".join(articles))
    node.cliquectl("import", str(tmp_path / "long.mbox"), "--forum", LONG)
    browser.get(start)
    pages = {"the forums": start, "a forum": f"{start}clique.{LONG}", "not here": f"{start}clique.none"}
    browser.get(pages["a forum"])
    [pages["older threads"]] = links(browser, "nav.buttons a")
    browser.get(pages["older threads"])
    pages["a thread"] = links(browser, "tbody a")[-1]
    browser.get(pages["a thread"])
    pages["its second page"] = links(browser, "nav.buttons a")[0]
    pages["an article"] = links(browser, "article a")[-1]
    for name, page in pages.items():
        browser.get(page)
        assert wrong_with(browser) == [], name

    browser.execute_script("""
        const picture = document.createElement("img");
        picture.src = "/icon.svg"; picture.style.width = "400px"; document.querySelector("main").append(picture);""")
    found = wrong_with(browser)
    assert any("image-alt" in one for one in found), found
    assert "320 px: the page is wider than the window" in found


def links(browser: Any, selector: str) -> list[str]:
    """Return where the links of a page lead."""
    from selenium.webdriver.common.by import By

    return [one.get_attribute("href") for one in browser.find_elements(By.CSS_SELECTOR, selector)]
