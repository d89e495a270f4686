"""What each newsreader can do with a node, tried as its user would do it; ``abilities.py`` says what that is."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from cliquenntp.document import decode_header
from tests.nntp_client import NewsClient
from tests.real.articles import write_mbox
from tests.real.node_process import NodeProcess
from tests.real.ports import free_port
from tests.real.readers.abilities import NEWSREADERS, cells, marks_of, table
from tests.real.readers.conftest import SAMPLE
from tests.real.readers.drivers import DRIVERS
from tests.real.readers.newsreader import Access, Newsreader
from tests.real.reading import wait_for_subject
from tests.real.waiting import wait_for

WELCOME = "clique.welcome"
THREAD = "Welcome: what you are looking at"
LANGUAGES = "Grüße: ein Betreff mit Umlauten"
MIME = "clique.mime"
MANY = 20_000

pytestmark = pytest.mark.real


def able(*abilities: str) -> pytest.MarkDecorator:
    """Give a test each newsreader that has one of these abilities."""
    names = dict.fromkeys(name for name, ability in cells() if ability in abilities)
    return pytest.mark.parametrize("name", [pytest.param(name, marks=marks_of(NEWSREADERS[name])) for name in names])


@pytest.fixture
def access(node: NodeProcess) -> Access:
    return Access(node.nntp_port, node.cliquectl("user")["address"])


@pytest.fixture
def reader(name: str, access: Access, make_reader: Callable[..., Newsreader]) -> Newsreader:
    reader = make_reader(name, access)
    reader.start()
    return reader


def lines_of(node: NodeProcess, newsgroup: str) -> list[list[str]]:
    """Return a newsgroup's overview."""
    with NewsClient("127.0.0.1", node.nntp_port) as client:
        client.command(f"GROUP {newsgroup}")
        return [line.decode().split("\t") for line in client.listing("OVER 1-")[1]]


def depths_below(node: NodeProcess, newsgroup: str, subject: str) -> list[int]:
    """Return how deep the articles of a thread stand, in the order of a newsreader that draws it as a tree."""
    lines = lines_of(node, newsgroup)
    top = next(line[4] for line in lines if decode_header(line[1].encode()) == subject)
    found = []

    def below(message_id: str, depth: int) -> None:
        found.append(depth)
        for line in lines:
            if line[5].split()[-1:] == [message_id]:
                below(line[4], depth + 1)

    below(top, 0)
    return found


def newsgroup_of(node: NodeProcess, forum: str, subject: str) -> str:
    """Return a message's own newsgroup."""
    with NewsClient("127.0.0.1", node.nntp_port) as client:
        lines = [line.decode().partition("\t") for line in client.listing(f"LIST NEWSGROUPS {forum}.*")[1]]
    return next(name for name, _, description in lines if description == subject)


@able("thread")
def test_thread(node: NodeProcess, reader: Newsreader) -> None:
    reader.open(WELCOME)
    for subject in (THREAD, LANGUAGES):
        assert reader.depths(subject) == depths_below(node, WELCOME, subject)


@able("sub-thread")
def test_sub_thread(node: NodeProcess, reader: Newsreader) -> None:
    newsgroup = newsgroup_of(node, WELCOME, THREAD)
    reader.open(newsgroup)
    assert reader.depths(THREAD) == [0, 1, 2]


@able("languages")
def test_languages(reader: Newsreader) -> None:
    for subject, text in (
        ("Lateinisch: süße Äpfel", "Süße Äpfel sind in ISO-8859-1 gekocht."),
        ("Základ: příliš žluťoučký kůň", "úpěl ďábelské ódy."),
    ):
        reader.open(MIME)
        assert text in reader.read(subject)


@able("attachment")
def test_attachment(reader: Newsreader) -> None:
    reader.open(MIME)
    shown = reader.read("With an attachment")
    assert "Die Möhren hängen an." in shown
    assert "plan.txt" in reader.attachments(shown)


@able("post", "follow up", "own")
def test_posts_and_follows_up(node: NodeProcess, forum: str, name: str, reader: Newsreader) -> None:
    subject = "Frisch: Äpfel"
    reader.open(forum)
    reader.post(forum, subject, "Süß und rund.")
    reader.open(forum)
    assert "own" in NEWSREADERS[name].cannot or reader.is_own(subject)
    reader.open(forum)
    reader.follow_up(subject, "Auch größer.")
    reader.open(forum)
    assert reader.depths(subject) == [0, 1]
    _, post, answer = lines_of(node, forum)
    assert decode_header(post[1].encode()) == subject
    assert post[5] == "", "a new thread has no references"
    assert decode_header(answer[1].encode()) == f"Re: {subject}"
    assert answer[5] == post[4]
    assert node.cliquectl("user")["address"] in answer[2]
    with NewsClient("127.0.0.1", node.nntp_port) as client:
        article = b"\r\n".join(client.listing(f"ARTICLE {answer[4]}")[1])
    body = message_from_bytes(article, policy=policy.default).get_content()
    assert "> Süß und rund." in body
    assert "Auch größer." in body


@able("own")
def test_does_not_take_others_posts_for_its_own(reader: Newsreader) -> None:
    reader.open(WELCOME)
    assert not reader.is_own(THREAD)


@able("cancel")
def test_cancels(node: NodeProcess, forum: str, reader: Newsreader) -> None:
    reader.open(forum)
    reader.post(forum, "Beans", "Of all sorts.")
    wait_for_subject(node, forum, "Beans")
    reader.open(forum)
    reader.cancel("Beans")
    wait_for("it is gone", lambda: "Beans" not in [line[1] for line in lines_of(node, forum)])


@able("supersede")
def test_supersedes(node: NodeProcess, forum: str, reader: Newsreader) -> None:
    reader.open(forum)
    reader.post(forum, "Beans", "Of all sorts.")
    first = wait_for_subject(node, forum, "Beans")
    reader.open(forum)
    reader.supersede("Beans", "And peas.")
    second = wait_for("the second version", lambda: [
        line for line in lines_of(node, forum) if line[1] == "Beans" and line[4] != first[4]])[0]
    with NewsClient("127.0.0.1", node.nntp_port) as client:
        assert client.command(f"STAT {first[4]}").startswith("430")
        body = client.listing(f"BODY {second[4]}")[1]
    assert b"Of all sorts." in body
    assert b"And peas." in body


@able("subscribe")
def test_subscribes(node: NodeProcess, reader: Newsreader) -> None:
    newsgroup = newsgroup_of(node, WELCOME, LANGUAGES)
    with NewsClient("127.0.0.1", node.nntp_port) as client:
        listed = {line.split()[0].decode() for line in client.listing("LIST ACTIVE clique.welcome*")[1]}
    wait_for("all newsgroups in the list", lambda: listed <= reader.newsgroups())
    reader.subscribe(newsgroup)
    reader.start()
    assert newsgroup in wait_for("the subscribed newsgroups", reader.subscribed)


@able("login")
def test_logs_in(node: NodeProcess, name: str, make_reader: Callable[..., Newsreader]) -> None:
    login = account(node, f"{name}-plain")
    reader = make_reader(name, Access(ports(node)[0], f"me@{name}.example.invalid", login=login))
    reader.start()
    reader.open(WELCOME)
    assert reader.depths(THREAD) == [0, 1, 2]


@able("TLS")
def test_logs_in_over_tls(
    node: NodeProcess, name: str, tmp_path: Path, make_reader: Callable[..., Newsreader]
) -> None:
    certificate = tmp_path / "certificate.pem"
    certificate.write_text(ssl.get_server_certificate(("127.0.0.1", ports(node)[1])))
    login = account(node, f"{name}-tls")
    plain, tls, _ = ports(node)
    access = Access(tls, f"me@{name}.example.invalid", login=login, certificate=certificate, starttls_port=plain)
    reader = make_reader(name, access)
    reader.start()
    reader.open(WELCOME)
    assert reader.depths(THREAD) == [0, 1, 2]


@pytest.mark.parametrize("name", [pytest.param("Gnus", marks=marks_of(NEWSREADERS["Gnus"]))])
def test_logs_in_by_starttls(node: NodeProcess, name: str, make_reader: Callable[..., Newsreader]) -> None:
    port = ports(node)[2]
    login = account(node, f"{name}-starttls")
    with NewsClient("127.0.0.1", port) as client:
        assert client.command(f"AUTHINFO USER {login[0]}").startswith("483"), "no login in the clear"
    reader = make_reader(name, Access(port, f"me@{name}.example.invalid", login=login))
    reader.start()
    reader.open(WELCOME)
    assert reader.depths(THREAD) == [0, 1, 2]


@pytest.mark.readers
@able("reconnect")
def test_goes_on_after_a_restart(
    name: str, make_node: Callable[..., NodeProcess], make_reader: Callable[..., Newsreader]
) -> None:
    port = free_port()
    node = make_node(nntp=f"tcp:{port}:interface=127.0.0.1")
    node.cliquectl("import", str(SAMPLE), "--forum", "welcome")
    reader = make_reader(name, Access(port, node.cliquectl("user")["address"]))
    reader.start()
    reader.open(WELCOME)
    node.kill()
    node.start()
    assert "You are reading a forum that no server runs." in reader.read(THREAD)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    """A node with 20,000 newsgroups."""
    folder = tmp_path_factory.mktemp("large")
    process = NodeProcess(folder / "node")
    try:
        process.start()
        archive = folder / "articles.mbox"
        write_mbox(archive, MANY)
        process.cliquectl("import", str(archive), "--forum", "large", seconds=280.0)
        yield process
    finally:
        process.kill()


@pytest.mark.readers
@able("20,000")
def test_lists_many_newsgroups(large: NodeProcess, name: str, make_reader: Callable[..., Newsreader]) -> None:
    reader = make_reader(name, Access(large.nntp_port, large.cliquectl("user")["address"]))
    reader.start()
    with NewsClient("127.0.0.1", large.nntp_port) as client:
        listed = client.listing("LIST ACTIVE")[1]
    assert len(listed) == MANY + 1
    newsgroup = newsgroup_of(large, "clique.large", f"article {MANY - 10} of made")
    reader.subscribe(newsgroup)
    reader.open(newsgroup)
    assert "This is article" in reader.read(f"article {MANY - 10} of made")


def account(node: NodeProcess, name: str) -> tuple[str, str]:
    return name.lower(), node.cliquectl("user", "add", name.lower())["password"]


def ports(node: NodeProcess) -> list[int]:
    """Return where logins are taken: without TLS, in TLS, and after STARTTLS alone."""
    return [int(address.rpartition(":")[2]) for address in node.cliquectl("status")["accounts"]]


def test_the_manual_has_the_table() -> None:
    manual = (Path(__file__).parents[3] / "docs" / "newsreaders.md").read_text("utf-8")
    assert "\n".join(table()) in manual
    for name, program in NEWSREADERS.items():
        for reason in program.cannot.values():
            assert f"{name} {reason}" in " ".join(manual.split())


def test_what_a_newsreader_cannot_do_its_driver_does_not_have() -> None:
    for name in NEWSREADERS:
        methods = vars(DRIVERS[name])
        for ability, method in (("cancel", "cancel"), ("supersede", "supersede"), ("own", "is_own")):
            assert (method in methods) == ((name, ability) in cells()), (name, ability)
