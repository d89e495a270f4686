"""Posting, superseding and cancelling over a real connection to a real node."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from email.utils import formatdate

import pytest

from cliquenntp.document import id_text, parse
from cliquenntp.store import Store
from tests.newsreader_articles import captured
from tests.nntp_client import NewsClient
from tests.real.node_process import NodeProcess

pytestmark = pytest.mark.real

numbers = itertools.count(1)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    """A node with two forums, for all tests here."""
    node = NodeProcess(tmp_path_factory.mktemp("posting") / "node")
    try:
        node.start()
        for forum in ("garden", "kitchen"):
            node.cliquectl("create-forum", forum)
        yield node
    finally:
        node.kill()


@pytest.fixture
def client(node: NodeProcess) -> Iterator[NewsClient]:
    with NewsClient("127.0.0.1", node.nntp_port) as client:
        yield client


def post(client: NewsClient, subject: str, body: str = "Text.\r\n", verdict: str = "240", **fields: str) -> str:
    """Post an article; return the Message-ID that it was given, or the verdict where it is not 240."""
    chosen = f"<{next(numbers)}.posted@host.example>"
    head = {"Newsgroups": "clique.garden", "From": "Reader <reader@example.invalid>", "Subject": subject,
            "Message-ID": chosen} | {name.replace("_", "-"): value for name, value in fields.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    answer = client.post(f"{lines}\r\n{body}".encode())
    assert answer.startswith(verdict), answer
    return chosen if verdict == "240" else answer


def headers(client: NewsClient, message_id: str) -> dict[str, str]:
    status, lines = client.listing(f"HEAD {message_id}")
    assert status.startswith("221"), status
    text = b"\r\n".join(lines).replace(b"\r\n ", b" ").decode()
    return dict(line.split(": ", 1) for line in text.split("\r\n"))


def state(client: NewsClient, group: str) -> tuple[int, int, int]:
    """Return a newsgroup's (count, low, high), which GROUP, LIST ACTIVE and LIST COUNTS tell alike."""
    count, low, high = map(int, client.command(f"GROUP {group}").split()[1:4])
    assert client.listing(f"LIST ACTIVE {group}")[1] == [f"{group} {high} {low} y".encode()]
    assert client.listing(f"LIST COUNTS {group}")[1] == [f"{group} {high} {low} {count} y".encode()]
    assert f"{group} {high} {low} y".encode() in client.listing("LIST")[1]
    assert len(client.listing(f"LISTGROUP {group}")[1]) == count
    assert len(client.listing("XOVER 1-")[1]) == count
    return count, low, high


def test_a_crosspost_stands_in_both_forums_and_its_answer_too(client: NewsClient) -> None:
    both = "clique.garden,clique.kitchen"
    first = post(client, "Beans", Newsgroups=both, Followup_To="clique.kitchen")
    found = headers(client, first)
    assert (found["Newsgroups"], found["Followup-To"], found["Message-ID"]) == (both, "clique.kitchen", first)
    answer = post(client, "Re: Beans", Newsgroups="clique.kitchen", References=first)
    found = headers(client, answer)
    assert (found["Newsgroups"], found["References"]) == (both, first)
    assert headers(client, post(client, "Mail me", Followup_To="poster"))["Followup-To"] == "poster"


def test_the_same_article_is_refused_also_after_a_restart(node: NodeProcess) -> None:
    with NewsClient("127.0.0.1", node.nntp_port) as client:
        first = post(client, "Twice")
        ours = client.command("GROUP clique.garden").split()[3]
        assert client.command(f"STAT {ours}").split()[2] == first
        assert "is here already" in post(client, "Twice", verdict="441", Message_ID=first)
    node.stop()
    node.start()
    with NewsClient("127.0.0.1", node.nntp_port) as client:
        assert "is here already" in post(client, "Twice", verdict="441", Message_ID=first)
        assert headers(client, first)["Subject"] == "Twice"


def test_mime_and_8_bit_stay(client: NewsClient) -> None:
    body = "Grüße.\r\n.\r\n..dots\r\n-- \r\nReader\r\n"
    fields = {"MIME_Version": "1.0", "Content_Type": "text/plain; charset=utf-8", "Content_Transfer_Encoding": "8bit"}
    posted = post(client, "=?utf-8?q?Gr=C3=BC=C3=9Fe?= und grüße", body, **fields)
    found = headers(client, posted)
    assert found["Subject"] == "=?utf-8?q?Gr=C3=BC=C3=9Fe?= und grüße"
    assert found["Content-Type"] == "text/plain; charset=utf-8"
    assert b"\r\n".join(client.listing(f"BODY {posted}")[1]) + b"\r\n" == body.encode()


def test_a_cancelled_article_is_nowhere_and_its_answers_stay(client: NewsClient) -> None:
    wrong = post(client, "Wrong")
    thread = client.listing(f"HDR Xref {wrong}")[1][0].decode()
    answer = post(client, "Re: Wrong", References=wrong)
    group = next(word.partition(":")[0] for word in headers(client, answer)["Xref"].split() if ".wrong-" in word)
    count, low, high = state(client, "clique.garden")
    number = int(thread.split("clique.garden:")[1].split()[0])
    assert state(client, group) == (2, 1, 2)
    ours = client.listing(f"OVER {wrong}")[1]
    assert ours

    cancel = post(client, f"cmsg cancel {wrong}", "Article canceled by slrn\r\n", Control=f"cancel {wrong}")
    assert state(client, "clique.garden") == (count - 1, low, high)
    assert state(client, group) == (1, 2, 2)
    assert client.command("GROUP clique.garden").startswith("211")
    for command in ("ARTICLE", "HEAD", "BODY", "STAT", "OVER"):
        assert client.command(f"{command} {number}").startswith("423"), command
        assert client.command(f"{command} {wrong}").startswith("430"), command
    news = client.listing("NEWNEWS * 20000101 000000")[1]
    assert wrong.encode() not in news
    assert cancel.encode() not in news
    assert answer.encode() in news
    assert headers(client, answer)["References"] == wrong
    assert not any(b"Wrong" in line and answer.encode() not in line for line in client.listing("XOVER 1-")[1])
    assert "is gone already" in post(client, "again", verdict="441", Control=f"cancel {wrong}")
    assert "is here already" in post(client, "Wrong", verdict="441", Message_ID=wrong)
    later = post(client, "Re: Re: Wrong", References=f"{wrong} {answer}")
    assert headers(client, later)["References"] == f"{wrong} {answer}"


def test_a_current_article_that_is_cancelled_is_no_longer_current(client: NewsClient) -> None:
    wrong = post(client, "Read while cancelled")
    high = client.command("GROUP clique.garden").split()[3]
    assert client.command(f"STAT {high}").startswith("223")
    names = [line.split()[0] for line in client.listing("LIST")[1]]
    post(client, "cmsg cancel", Control=f"cancel {wrong}")
    assert client.command("STAT").startswith("420")
    # its newsgroup, which nobody has answered in, is in no list any more, and the cancel has none
    assert len(names) - 1 == len(client.listing("LIST")[1]) == len(client.listing("LIST NEWSGROUPS")[1])
    assert client.command("LAST").startswith("223")


def test_the_next_version_stands_in_the_place_of_the_first(client: NewsClient) -> None:
    thread = post(client, "Recipe")
    first = post(client, "Re: Recipe", "One egg.\r\n", References=thread)
    second = post(client, "Re: Recipe", "Two eggs.\r\n", References=thread, Supersedes=first)
    third = post(client, "Re: Recipe", "Three eggs.\r\n", Supersedes=second)
    assert headers(client, third)["References"] == thread
    for gone in (first, second):
        assert client.command(f"STAT {gone}").startswith("430")
    assert client.listing(f"BODY {third}")[1] == [b"Three eggs."]
    assert "there is no article" in post(client, "x", verdict="441", Supersedes="<nothing@example.invalid>")


def test_forums_are_made_and_left(client: NewsClient) -> None:
    made = {"Newsgroups": "clique.hill", "Control": "newgroup clique.hill"}
    post(client, "cmsg newgroup clique.hill", "For your newsgroups file:\r\nclique.hill\tUp and down\r\n", **made)
    assert client.listing("LIST NEWSGROUPS clique.hill")[1] == [b"clique.hill\tUp and down"]
    assert "there is a newsgroup clique.hill here" in post(client, "x", verdict="441", **made)
    left = {"Newsgroups": "clique.hill", "Control": "rmgroup clique.hill"}
    post(client, "cmsg rmgroup clique.hill", **left)
    assert client.command("GROUP clique.hill").startswith("211")
    assert "there is no forum" in post(client, "x", verdict="441", Control="rmgroup clique.valley")


def test_a_distribution_is_refused_rather_than_broken(client: NewsClient) -> None:
    assert "Distribution" in post(client, "Here only", verdict="441", Distribution="local")
    post(client, "Everywhere", Distribution="world")



def test_what_newsreaders_send_is_stored_as_it_leaves(make_node: Callable[..., NodeProcess]) -> None:
    """The documents in the database are byte by byte what tests/newsreaders says, follow-ups by own Message-IDs too."""
    node = make_node()
    node.cliquectl("create-forum", "garden")
    own = node.cliquectl("user")["address"].partition("@")[2].partition(".")[0]
    articles = {article.name: article for article in captured()}
    names = [name for name in articles if name.endswith("-post")]
    names += ["gnus-followup", "neomutt-followup", "tin-followup"]
    with NewsClient("127.0.0.1", node.nntp_port) as client:
        for name in names:
            assert client.post(articles[name].sent_by(own)).startswith("240"), name
    node.stop()
    store = Store.open(node.folder / "data" / "database")
    root, *documents = [parse(store.reader.raw(docno)) for docno in store.reader.since(0)]
    store.close()
    stored = dict(zip(names, documents, strict=True))
    for name, document in stored.items():
        target = stored[name.replace("followup", "post")]
        date = formatdate(document.time).replace("-0000", "+0000").encode()
        expected = articles[name].expected(own, id_text(root.id), id_text(target.id), date, target.time)
        assert document.raw.split(b"\r\n", 2)[2] == expected, name
