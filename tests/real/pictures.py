"""python -m tests.real.pictures FOLDER: takes the pictures of the status page that stand in the documentation.

Some nodes share a forum in which their people write for half a minute; a real Chromium looks at one of them.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.real.chromium import WIDE, address_of, open_browsers, resize
from tests.real.node_process import LOOPBACK, NodeProcess
from tests.real.readers.pictures import keep
from tests.real.reading import count, post, wait_for_subject
from tests.real.waiting import wait_for

NODES = ("home", "ann", "bob", "carol", "dave", "erin")
SUBJECTS = (
    "Radishes under the apple tree", "When to sow beans", "Slugs", "A hose that does not kink", "Tomatoes from seed",
    "Compost in winter", "Which currant is it?", "Frost tonight", "Seeds to swap", "Peas and sticks",
)
PAUSE_SECONDS = 0.5, 7.0
"""between two posts, so that the axis of time has something in each of its parts"""

MISSED = 4, 6
"""subjects that are written while the node that is looked at sleeps, and come to it late"""


def take(folder: Path) -> None:
    """Write the pictures into a folder."""
    with TemporaryDirectory() as place, ExitStack() as stack:
        nodes = []
        for name in NODES:
            nodes.append(NodeProcess(Path(place) / name, clique=True, web=LOOPBACK if name == NODES[0] else "off"))
            stack.callback(nodes[-1].kill)
            nodes[-1].launch()
        for node in nodes:
            node.wait()
        home, *others = nodes
        home.ask("create-forum", name="garden", description="What grows, and when")
        invitation = home.ask("invite", name="clique.garden")["invitation"]
        for node in others:
            node.ask("join", invitation=invitation)
            wait_for("the forum", lambda node=node: count(node, "clique.garden"))
        _write(nodes)
        browser = stack.enter_context(open_browsers(Path(place)))()
        for name, path in (("status-page", ""), ("forum-page", "forum/clique.garden")):
            browser.get(address_of(home) + path)
            _photograph(browser, folder / f"{name}.png")


def _write(nodes: list[NodeProcess]) -> None:
    """Let the people at the nodes write; the first node sleeps for a while."""
    dice = random.Random(7)
    home, *others = nodes
    for number, subject in enumerate(SUBJECTS):
        if number == MISSED[0]:
            os.kill(home.pid, signal.SIGSTOP)
        post(dice.choice(others), "clique.garden", subject)
        time.sleep(dice.uniform(*PAUSE_SECONDS))
        if number == MISSED[1]:
            os.kill(home.pid, signal.SIGCONT)
    for node in nodes:
        wait_for_subject(node, "clique.garden", SUBJECTS[-1])
    post(home, "clique.garden", "Plums for whoever comes")
    wait_for("all have it", lambda: all(count(node, "clique.garden") == len(SUBJECTS) + 2 for node in nodes))


def _photograph(browser: Any, path: Path) -> None:
    """Take a picture of a whole page, as high as it is."""
    resize(browser, WIDE)
    shown = "return [...document.images].every(image => image.complete && image.naturalWidth)"
    wait_for("the page's pictures", lambda: browser.execute_script(shown))
    resize(browser, (WIDE[0], browser.execute_script("return document.documentElement.scrollHeight")))
    keep(browser.get_screenshot_as_png(), path)


if __name__ == "__main__":
    take(Path(sys.argv[1]))
