"""Accounts as an operator makes them with cliquectl, on a node that is a process of its own."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from tests.nntp_client import NewsClient
from tests.real.node_process import LOOPBACK, CommandFailedError, NodeProcess

CONFIG = f"""
nntp = "{LOOPBACK}"
accounts = "{LOOPBACK}"
public = "{LOOPBACK}"
public_forums = ["clique.tea"]
web = "off"
"""


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    process = NodeProcess(tmp_path_factory.mktemp("accounts"), config=CONFIG)
    try:
        process.start()
        for name in ("tea", "secret"):
            process.cliquectl("create-forum", name)
        yield process
    finally:
        process.kill()


def connect(node: NodeProcess, kind: str = "accounts") -> NewsClient:
    return NewsClient("127.0.0.1", int(node.cliquectl("status")[kind][0].rpartition(":")[2]))


def log_in(client: NewsClient, name: str, password: str) -> str:
    client.command(f"AUTHINFO USER {name}")
    return client.command(f"AUTHINFO PASS {password}")[:3]


def test_the_owners_address_is_told_as_before(node: NodeProcess) -> None:
    answer = node.cliquectl("user")
    assert set(answer) == {"address", "key"}
    assert answer["address"] == node.cliquectl("status")["address"]


def test_an_accounts_life(node: NodeProcess) -> None:
    made = node.cliquectl("user", "add", "mary", "--forums", "clique.tea")
    assert made["account"] == {
        "name": "mary", "rights": ["read", "post"], "forums": ["clique.tea"], "can_log_in": True,
        "list": None, "node": None, "address": made["account"]["address"],
    }
    assert made["account"]["address"] != node.cliquectl("user")["address"]
    with pytest.raises(CommandFailedError, match="user password mary"):
        node.cliquectl("user", "add", "mary")
    with connect(node) as client:
        assert log_in(client, "mary", made["password"]) == "281"
        assert client.command("GROUP clique.secret").startswith("411 ")
        sender = made["account"]["address"]
        article = f"From: {sender}\r\nSubject: Oolong\r\nNewsgroups: clique.tea\r\n\r\nText.\r\n"
        assert client.post(article.encode()).startswith("240 ")
        changed = node.cliquectl("user", "rights", "mary", "--rights", "read", "--forums", "all")
        assert changed["account"]["forums"] is None
        assert client.status().startswith("400 ")
    with connect(node) as client:
        assert log_in(client, "mary", made["password"]) == "281"
        assert client.command("GROUP clique.secret").startswith("211 ")
        assert client.command("POST").startswith("440 ")
    again = node.cliquectl("user", "password", "mary")
    assert again["password"] != made["password"]
    with connect(node) as client:
        assert log_in(client, "mary", made["password"]) == "481"
        assert log_in(client, "mary", again["password"]) == "281"
        node.cliquectl("user", "remove", "mary")
        assert client.status().startswith("400 ")
    with connect(node) as client:
        assert log_in(client, "mary", again["password"]) == "481"
    [row] = node.cliquectl("user", "list")["accounts"]
    assert row["name"] == "mary" and not row["can_log_in"]


def test_a_password_of_ones_own_comes_by_standard_input(node: NodeProcess) -> None:
    process = node.cliquectl_process("user", "password", "owner", "--password", stdin=subprocess.PIPE)
    out, error = process.communicate("tr\u00e8s-secret\n", timeout=60)
    assert process.returncode == 0 and not error and '"password": null' in out
    with connect(node) as client:
        assert log_in(client, "owner", "tr\u00e8s-secret") == "281"
        assert client.command("GROUP clique.secret").startswith("211 ")
    assert "tr\u00e8s-secret" not in node.log


@pytest.mark.parametrize(("words", "reason"), [
    (("add",), "name is missing"), (("add", "two words"), "no spaces"), (("add", "x", "--rights", "fly"), "read, post"),
    (("add", "x", "--forums", "tea"), "clique.tea"), (("remove", "nobody"), "no account nobody"),
    (("password", "nobody"), "no account nobody"), (("rights", "owner", "--rights", "read"), "all rights"),
])
def test_what_cannot_be_is_refused_with_the_reason(node: NodeProcess, words: tuple[str, ...], reason: str) -> None:
    with pytest.raises(CommandFailedError, match=reason):
        node.cliquectl("user", *words)


def test_the_public_sees_the_public_forums(node: NodeProcess) -> None:
    with connect(node, "public") as client:
        assert client.greeting.startswith("201 ")
        assert [line.split()[0] for line in client.listing("LIST ACTIVE clique.tea")[1]] == [b"clique.tea"]
        assert client.command("GROUP clique.secret").startswith("411 ")


REQUEST_LINES = (
    "GET / HTTP/1.1", "POST / HTTP/1.1", "PUT /x HTTP/1.1", "OPTIONS * HTTP/1.1", "HEAD / HTTP/1.0",
    "DELETE / HTTP/1.1", "PRI * HTTP/2.0", "CONNECT localhost:1119 HTTP/1.1", "get http://localhost/",
    "POST  / HTTP/1.1", "TRACE /", "Content-Type: text/plain", "\x16\x03\x01",
)


@pytest.mark.parametrize("kind", ["nntp", "public", "accounts"])
def test_nothing_of_a_browsers_request_is_obeyed(node: NodeProcess, kind: str) -> None:
    before = node.cliquectl("status")
    port = int(before[kind][0].rpartition(":")[2])
    for line in REQUEST_LINES:
        script = (
            f"{line}\r\nHost: localhost\r\nContent-Type: text/plain\r\n\r\nMODE READER\r\nGROUP clique.tea\r\n"
            "POST\r\nFrom: x <x@example.org>\r\nSubject: x\r\nNewsgroups: clique.tea\r\n\r\nx\r\n.\r\nQUIT\r\n"
        )
        with NewsClient("127.0.0.1", port) as client:
            client.send(script.encode("latin-1"))
            assert client.read_line().startswith(b"400 "), line
            try:
                assert client.read_line() == b"", line
            except ConnectionResetError:  # it closed before it had read all
                pass
    assert node.cliquectl("status")["documents"] == before["documents"]


def test_an_account_follows_what_it_reads_and_the_public_nothing(node: NodeProcess) -> None:
    def follows(account: str) -> list[tuple[str, str]]:
        rows = node.cliquectl("status")["follows"]
        return [(row["name"], row["reason"]) for row in rows if row["account"] == account]

    everything = node.cliquectl("status")["follows"]
    with connect(node, "public") as client:
        for command in ("LISTGROUP clique.tea", "OVER 1-", "ARTICLE 1"):
            assert client.listing(command)[0].startswith("2")
    assert node.cliquectl("status")["follows"] == everything
    password = node.cliquectl("user", "add", "anna")["password"]
    with connect(node) as client:
        assert log_in(client, "anna", password) == "281"
        assert client.listing("LIST SUBSCRIPTIONS")[1] == []
        client.command("GROUP clique.tea")
        assert follows("anna") == []
        client.listing("XOVER 1-")
        assert follows("anna") == [("clique.tea", "reading")]
        assert client.listing("LIST SUBSCRIPTIONS")[1] == [b"clique.tea"]
        article = "From: anna@example.invalid\r\nSubject: Sencha\r\nNewsgroups: clique.tea\r\n\r\nText.\r\n"
        assert client.post(article.encode()).startswith("240 ")
        assert follows("anna") == [("clique.tea", "reading")]
        assert any(b"sencha" in line for line in client.listing("LIST COUNTS")[1])
        node.cliquectl("unfollow", "clique.tea", "--account", "anna")
        node.cliquectl("user", "rights", "anna", "--list", "forums")
        assert client.status().startswith("400 ")
    with connect(node) as client:
        assert log_in(client, "anna", password) == "281"
        client.listing("LISTGROUP clique.tea")
        assert follows("anna") == [] and follows("owner") == [("clique.secret", "explicit"), ("clique.tea", "explicit")]
        for command in ("LIST", "LIST COUNTS", "LIST NEWSGROUPS"):
            assert [line.split()[0] for line in client.listing(command)[1]] == [b"clique.tea", b"clique.secret"]
        node.cliquectl("follow", "clique.secret", "--account", "anna", "--depth", "comments")
        assert follows("anna") == [("clique.secret", "explicit")]
    node.cliquectl("user", "remove", "anna")
    assert follows("anna") == []
    with pytest.raises(CommandFailedError, match="no account nobody"):
        node.cliquectl("follow", "clique.tea", "--account", "nobody")


def test_an_accounts_message_ids_and_articles_are_its_own(node: NodeProcess) -> None:
    """The Message-ID that Ann's newsreader made up is shown to Ann alone, and nobody else takes her article back."""
    chosen = "<1.ann@host.example>"
    passwords = {name: node.cliquectl("user", "add", name, "--forums", "clique.tea")["password"]
                 for name in ("ann", "bob")}

    def posted(client: NewsClient, subject: str, **fields: str) -> str:
        head = {"From": "Reader <reader@example.invalid>", "Newsgroups": "clique.tea", "Subject": subject} | fields
        lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in head.items())
        return client.post(f"{lines}\r\nText.\r\n".encode())

    with connect(node) as ann, connect(node) as bob, connect(node, "nntp") as owner, connect(node, "public") as public:
        assert {log_in(client, name, passwords[name]) for client, name in ((ann, "ann"), (bob, "bob"))} == {"281"}
        assert posted(ann, "Green", Message_ID=chosen).startswith("240 ")
        number = ann.command("GROUP clique.tea").split()[3]
        assert ann.command(f"STAT {number}").split()[2] == chosen
        # another account may use the same one, and sees its own article under it
        assert posted(bob, "Black", Message_ID=chosen).startswith("240 ")
        assert posted(bob, "Black", Message_ID=chosen).startswith("441 ")
        for client in (bob, owner, public):
            client.command("GROUP clique.tea")
            ours = client.command(f"STAT {number}").split()[2]
            assert ours.endswith("@clique.invalid>")
            assert chosen.encode() not in b"".join(client.listing(f"ARTICLE {number}")[1])
            assert chosen.encode() not in client.listing(f"OVER {number}")[1][0]
        assert bob.listing(f"HDR Subject {chosen}")[1] == [b"0 Black"]
        assert ann.listing(f"HDR Subject {chosen}")[1] == [b"0 Green"]
        for client in (owner, public):
            assert client.command(f"STAT {chosen}").startswith("430 ")
        # an answer by its own name for it leads ann to her article; the others see ours in References
        assert posted(ann, "Re: Green", References=chosen).startswith("240 ")
        high = ann.command("GROUP clique.tea").split()[3]
        assert ann.listing(f"HDR References {high}")[1] == [f"{high} {chosen}".encode()]
        bob.command("GROUP clique.tea")
        assert bob.listing(f"HDR References {high}")[1] == [f"{high} {ours}".encode()]

        for client in (bob, owner):
            for wanted in ({"Control": f"cancel {ours}"}, {"Supersedes": ours}):
                verdict = posted(client, "x", Cancel_Key="sha1:guessed", **wanted)
                assert verdict.startswith("441 "), verdict
                assert "only its author" in verdict
        assert posted(bob, "x", Control="newgroup clique.bobs", Newsgroups="clique.bobs").startswith("441 ")
        assert ann.command(f"STAT {chosen}").startswith("223 ")
        assert posted(ann, "cmsg cancel", Control=f"cancel {chosen}").startswith("240 ")
        for client in (ann, bob, owner, public):
            client.command("GROUP clique.tea")
            assert client.command(f"STAT {number}").startswith("423 ")
            assert client.command(f"STAT {ours}").startswith("430 ")
        assert bob.listing(f"HDR Subject {chosen}")[1] == [b"0 Black"]
