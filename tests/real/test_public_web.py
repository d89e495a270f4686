"""Public forums in a browser: what is public and nothing else, whatever was written there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from cliquenntp.service.first_run import SAMPLE
from cliquenntp.web.public.site import CONNECTIONS_PER_ADDRESS, REQUESTS_PER_MINUTE
from tests.nntp_client import NewsClient
from tests.real.node_process import LOOPBACK, NodeProcess
from tests.real.reading import message_id, overview, post
from tests.web.accessible import wrong_with
from tests.web.browser import Answer, Browser

pytestmark = pytest.mark.real

CONFIG = f"""
public_forums = ["clique.welcome"]
public_web = "{LOOPBACK}"
contact = "abuse@example.org <b>"
"""

SCRIPT = "<script>alert(1)</script>"


def browser_of(node: NodeProcess) -> Browser:
    """Return a browser at the public pages."""
    return Browser(int(node.ask("status")["public_web"][0].rpartition(":")[2]))


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    """A node with a public forum, in which somebody wrote what he should not, and one that is not public."""
    node = NodeProcess(tmp_path_factory.mktemp("public") / "node", config=CONFIG)
    try:
        node.start()
        node.cliquectl("import", str(SAMPLE), "--forum", "welcome")
        node.cliquectl("create-forum", "secret", "--description", "Nobody's business")
        post(node, "clique.secret", "Hidden words")
        post(node, "clique.welcome", SCRIPT)
        with NewsClient("127.0.0.1", node.nntp_port) as client:
            head = "Newsgroups: clique.welcome\r\nFrom: \"<img src=x>\" <r@example.invalid>\r\nSubject: Both\r\n"
            assert client.post(f"{head}\r\n{SCRIPT}\r\n.dot\r\n".encode()).startswith("240")
        yield node
    finally:
        node.kill()


def all_pages(browser: Browser) -> dict[str, Answer]:
    """Return every page that can be reached by links from the first one, by its path."""
    found: dict[str, Answer] = {}
    waiting = ["/"]
    while waiting:
        path = waiting.pop()
        found[path] = browser.get(path)
        for reference in found[path].references:
            whole = path.partition("?")[0] + reference if reference.startswith("?") else reference
            if whole not in found and whole not in waiting and not whole.startswith("#"):
                waiting.append(whole)
    return found


def test_the_public_forum_can_be_read_as_threads(node: NodeProcess) -> None:
    browser = browser_of(node)
    first = browser.get()
    assert "clique.welcome" in first.words
    forum = browser.get("/clique.welcome")
    subjects = {re.sub(r"^Re: ", "", subject) for subject in overview(node, "clique.welcome")}
    threads = [one for one in forum.references if one.startswith("/clique.welcome/")]
    assert threads
    assert sum(subject in forum.words for subject in subjects) > 2
    thread = browser.get("/clique.welcome/" + message_id(node, "clique.welcome", "Both")[1:53])
    assert ".dot" in thread.words
    assert "abuse@example.org <b>" in thread.words


def test_every_page_is_safe_and_none_names_what_is_not_public(node: NodeProcess) -> None:
    pages = all_pages(browser_of(node))
    assert len(pages) > 10
    for path, page in pages.items():
        assert page.status == 200, path
        assert not page.headers["content-type"].startswith("text/html") or wrong_with(page.text) == [], path
        assert "secret" not in page.text, path
        assert "Hidden" not in page.text, path
        assert "<script" not in page.text, path
        assert "<img" not in page.text, path
        assert "<form" not in page.text, path
        assert "set-cookie" not in page.headers, path
        assert "script-src" not in page.headers["content-security-policy"], path
        assert "default-src 'none'" in page.headers["content-security-policy"], path
        assert all(one.startswith(("/", "?", "#")) for one in page.references), path
        assert not re.search(r"[\w.]+@example\.(?!org)", page.text), path
    assert any(SCRIPT in page.words for page in pages.values())


def test_what_is_not_there_and_what_is_not_public_look_the_same(node: NodeProcess) -> None:
    browser = browser_of(node)
    hidden = message_id(node, "clique.secret", "Hidden words")[1:53]
    own = next(row["id"] for row in node.ask("forums") if row["name"] == "clique.welcome")
    paths = (
        "/clique.secret", f"/clique.secret/{hidden}", f"/clique.welcome/{hidden}", "/clique.none", "/clique.welcome/x",
        f"/clique.welcome/{own}", "/live.json", "/overlay.svg/clique.welcome", "/forum/clique.welcome", "/%00",
        "/%ff/%ff", "/clique.welcome/" + "a" * 5000, "/../../etc/passwd",
    )  # fmt: skip
    answers = [browser.get(path) for path in paths]
    assert {answer.status for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1
    for odd in ("?before=-1", "?before=x", "?before=0", "?before=999999999999999999", "?before=1&before=2"):
        assert browser.get("/clique.welcome" + odd).status == 200, odd


def test_nothing_can_be_sent(node: NodeProcess) -> None:
    browser = browser_of(node)
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert browser.ask(method, "/create").status == 405
    assert browser.ask("POST", "/create", body="name=x").status == 413
    assert browser.ask("HEAD", "/clique.welcome").text == ""


def test_a_page_that_did_not_change_is_not_sent_again(node: NodeProcess) -> None:
    browser = browser_of(node)
    first = browser.get("/clique.welcome")
    assert first.headers["cache-control"] == "public, max-age=60"
    again = browser.ask("GET", "/clique.welcome", {"If-None-Match": first.headers["etag"]})
    assert (again.status, again.text) == (304, "")
    post(node, "clique.welcome", "News")
    changed = browser.ask("GET", "/clique.welcome", {"If-None-Match": first.headers["etag"]})
    assert changed.status == 200
    assert "News" in changed.words
    assert browser.get("/robots.txt").text.startswith("User-agent: *")


def test_a_cancelled_article_is_gone_from_the_pages(node: NodeProcess) -> None:
    browser = browser_of(node)
    post(node, "clique.welcome", "Taken back soon")
    cancelled = message_id(node, "clique.welcome", "Taken back soon")
    path = f"/clique.welcome/{cancelled[1:53]}"
    assert browser.get(path).status == 200
    post(node, "clique.welcome", "cmsg", f"Control: cancel {cancelled}")
    assert browser.get(path).status == 404
    assert "Taken back soon" not in browser.get("/clique.welcome").words


def test_a_long_forum_and_a_long_thread_have_pages(make_node: Callable[..., NodeProcess], tmp_path: Path) -> None:
    node = make_node("long", config=CONFIG.replace("clique.welcome", "clique.long"))
    articles = []
    for number in range(450):
        answers = f"References: <n{number % 3}@x>\n" if number > 2 and number < 70 else ""
        articles.append(
            f"From a@b Sat Jan  1 00:00:00 2022\nFrom: A <a@b>\nSubject: Number {number}\nMessage-ID: <n{number}@x>\n"
            f"Date: Sat, 1 Jan 2022 {number // 60:02}:{number % 60:02}:00 +0000\n{answers}\nText\n\n")
    (tmp_path / "long.mbox").write_text("".join(articles))
    node.cliquectl("import", str(tmp_path / "long.mbox"), "--forum", "long")
    browser = browser_of(node)
    shown: list[str] = []
    path = "/clique.long"
    while path:
        page = browser.get(path)
        shown += re.findall(r"Number \d+(?=</bdi></a>)", page.text)
        path = next((one for one in page.references if "?before=" in one), "")
    assert len(set(shown)) == 450 - 67
    thread = next(one for one in page.references if one.startswith("/clique.long/"))
    first = browser.get(thread)
    assert "Page 1 of 2" in first.words
    assert first.text.count("<article") == 20
    assert browser.get(f"{thread}?page=2").text.count("<article") >= 3


def test_one_address_gets_only_so_much(make_node: Callable[..., NodeProcess]) -> None:
    """All of 127.0.0.0/8 is this machine, but a port on all addresses does not count as loopback."""
    config = CONFIG.replace(LOOPBACK, "tcp:0")
    node = make_node("limited", config=config)
    node.cliquectl("create-forum", "welcome")
    port = int(node.ask("status")["public_web"][0].rpartition(":")[2])
    browser = Browser(port)
    statuses = [browser.get("/robots.txt").status for _ in range(REQUESTS_PER_MINUTE + 20)]
    assert statuses[:50] == [200] * 50
    assert statuses[-1] == 429
    other = HTTPConnection("127.0.0.1", port, source_address=("127.0.0.2", 0))
    other.request("GET", "/robots.txt")
    assert other.getresponse().status == 200
    held = [
        HTTPConnection("127.0.0.1", port, source_address=("127.0.0.3", 0)) for _ in range(CONNECTIONS_PER_ADDRESS + 1)]
    answers = []
    for connection in held:
        try:
            connection.request("GET", "/robots.txt")
            answers.append(connection.getresponse().status)
        except OSError:
            answers.append(0)
    assert answers == [200] * CONNECTIONS_PER_ADDRESS + [0]
    for connection in (other, *held):
        connection.close()
