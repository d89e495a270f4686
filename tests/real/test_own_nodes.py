"""One process with three nodes, its own and those of two accounts, each in a forum of another process's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.nntp_client import NewsClient
from tests.real.node_process import LOOPBACK, CommandFailedError, NodeProcess
from tests.real.reading import count, message_id, post, wait_for_subject
from tests.real.waiting import wait_for

pytestmark = pytest.mark.real

CONFIG = f"""
nntp = "{LOOPBACK}"
accounts = "{LOOPBACK}"
public = "{LOOPBACK}"
public_forums = ["clique.garden", "clique.wine", "clique.beer"]
clique = ["tcp:127.0.0.1:0"]
web = "off"
"""
OWN = "tcp:127.0.0.1:0"
NOWHERE = "<" + "a" * 52 + "@clique.invalid>"


class Host:
    """The process with the accounts Alice and Bob, who have nodes of their own, and Carol, who has none."""

    def __init__(self, node: NodeProcess) -> None:
        self.node = node
        self.passwords: dict[str, str] = {}
        made = node.cliquectl("user", "add", "alice", "--node", OWN, "--rights", "read,post,create")
        assert made["account"]["node"]["addresses"]
        self.passwords["alice"] = made["password"]
        for name, own in (("bob", OWN), ("carol", None)):
            made = node.ask("user", action="add", name=name, node=own, rights="read,post,create")
            self.passwords[name] = made["password"]

    def join(self, account: str, home: NodeProcess, forum: str) -> None:
        invitation = home.ask("invite", name=forum)["invitation"]
        joined = self.node.ask("join", invitation=invitation, account=account)
        assert "is here" in joined["text"], joined

    @contextmanager
    def reader(self, who: str) -> Iterator[NewsClient]:
        """Connect as an account, as the owner or as anybody."""
        kind = {"owner": "nntp", "public": "public"}.get(who, "accounts")
        port = int(self.node.ask("status")[kind][0].rpartition(":")[2])
        with NewsClient("127.0.0.1", port) as client:
            if who in self.passwords:
                assert client.command(f"AUTHINFO USER {who}").startswith("381 ")
                assert client.command(f"AUTHINFO PASS {self.passwords[who]}").startswith("281 ")
            yield client

    def subjects(self, who: str, group: str) -> list[str]:
        with self.reader(who) as client:
            if not client.command(f"GROUP {group}").startswith("211 "):
                return []
            return [line.split(b"\t")[1].decode() for line in client.listing("OVER 1-")[1]]

    def wait_for(self, who: str, group: str, subject: str) -> None:
        wait_for(f"{subject!r} for {who}", lambda: subject in self.subjects(who, group))

    def groups(self, who: str) -> set[bytes]:
        with self.reader(who) as client:
            return {line.split()[0] for line in client.listing("LIST ACTIVE")[1]}

    def post(self, who: str, groups: str, subject: str, *fields: str) -> str:
        lines = [f"Newsgroups: {groups}", "From: Me <me@example.org>", f"Subject: {subject}", *fields, "", "Text.", ""]
        with self.reader(who) as client:
            return client.post("\r\n".join(lines).encode())

    def status(self) -> Any:
        return self.node.ask("status")


FORUMS = {"alice": "wine", "bob": "beer", "owner": "garden"}
SEES = {
    "alice": {"wine", "garden"}, "bob": {"beer", "garden"}, "carol": {"garden"}, "owner": {"garden"},
    "public": {"garden"},
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Host, dict[str, NodeProcess]]]:
    """Three processes; the forums wine and garden are one's, beer another's, and each is joined at the host."""
    folder = tmp_path_factory.mktemp("own")
    nodes = [NodeProcess(folder / "host", config=CONFIG)]
    nodes += [NodeProcess(folder / name, clique=True) for name in ("west", "east")]
    try:
        for node in nodes:
            node.launch()
        node, west, east = [node.wait() for node in nodes]
        host = Host(node)
        homes = {"wine": west, "garden": west, "beer": east}
        for forum, home in homes.items():
            home.ask("create-forum", name=forum, description=f"all about {forum}")
            post(home, f"clique.{forum}", f"{forum} from home")
        for account, forum in FORUMS.items():
            host.join(account, homes[forum], forum)
            host.wait_for(account, f"clique.{forum}", f"{forum} from home")
        yield host, homes
    finally:
        for node in nodes:
            node.kill()


@pytest.fixture
def host(world: tuple[Host, dict[str, NodeProcess]]) -> Host:
    return world[0]


@pytest.fixture
def others(world: tuple[Host, dict[str, NodeProcess]]) -> dict[str, NodeProcess]:
    """The home of each forum."""
    return world[1]


def test_each_account_reads_and_posts_by_its_own_node(host: Host, others: dict[str, NodeProcess]) -> None:
    status = host.status()
    nodes = {row["account"]: row for row in status["nodes"]}
    assert set(nodes) == {"alice", "bob"}
    assert len({status["node"], *(row["node"] for row in nodes.values())}) == 3
    for account, forum in FORUMS.items():
        assert host.post(account, f"clique.{forum}", f"posted by {account}").startswith("240 ")
        wait_for_subject(others[forum], f"clique.{forum}", f"posted by {account}")
    # each is known elsewhere by its own key and address, and is linked with nobody else
    for account, home in (("alice", others["wine"]), ("bob", others["beer"])):
        seen = {row["key"]: {*row["forums"]} for row in home.ask("peers")}
        assert seen[nodes[account]["node"]] == {f"clique.{FORUMS[account]}"}
        linked = {row["key"] for row in host.node.ask("peers", account=account)}
        assert linked == {home.ask("status")["node"]}
    seen = {row["key"]: {*row["forums"]} for row in others["garden"].ask("peers")}
    assert seen[status["node"]] == {"clique.garden"}
    assert {row["key"] for row in others["beer"].ask("peers")} == {nodes["bob"]["node"]}
    # what came and went by a node of somebody's own is not the owner's to see
    for account, forum in {"owner": "garden", "alice": "wine", "bob": "beer"}.items():
        moved = {row["forum"] for row in host.node.ask("deliveries", account=account)}
        assert f"clique.{forum}" in moved
        assert not moved & {f"clique.{secret}" for secret in ("wine", "beer") if secret != forum}
    for who, told in (("alice", True), ("carol", False)):
        with host.reader(who) as client:
            assert (b"Your own node is linked to 1 other node." in client.listing("LIST MOTD")[1]) is told


def test_nothing_of_an_accounts_forums_shows_to_others(host: Host, others: dict[str, NodeProcess]) -> None:
    for account in ("alice", "bob"):
        assert host.post(account, f"clique.{FORUMS[account]}", "a secret").startswith("240 ")
    west = others["wine"]
    # what stands in a forum that all see and in one that Alice alone sees
    post(west, "clique.garden,clique.wine", "in both")
    host.wait_for("alice", "clique.wine", "in both")
    host.wait_for("owner", "clique.garden", "in both")
    ids = {
        forum: {message_id(others[forum], f"clique.{forum}", subject) for subject in ("a secret", f"{forum} from home")}
        for forum in ("wine", "beer")
    }
    for forum in ("wine", "beer"):
        wait_for_subject(others[forum], f"clique.{forum}", "a secret")
    for who, seen in SEES.items():
        with host.reader(who) as client:
            everything = b"".join(
                b"\n".join(client.listing(command)[1]) for command in (
                    "LIST ACTIVE", "LIST NEWSGROUPS", "LIST COUNTS", "LIST ACTIVE.TIMES", "LIST SUBSCRIPTIONS",
                    "LIST MOTD", "NEWGROUPS 20200101 000000", "NEWNEWS * 20200101 000000", "LIST ACTIVE clique.wine*",
                    "LIST NEWSGROUPS clique.beer*", "HELP", "LIST DISTRIB.PATS", "LIST HEADERS",
                )
            )
            client.command("GROUP clique.garden")
            for command in ("OVER 1-", "HDR Xref 1-", "HDR Newsgroups 1-", "HDR Clique-Parent 1-", "HDR References 1-"):
                everything += b"\n".join(client.listing(command)[1])
            for number in range(1, count(host.node, "clique.garden") + 1):
                everything += b"\n".join(client.listing(f"ARTICLE {number}")[1])
            for forum in ("wine", "beer"):
                if forum in seen:
                    assert all(one.encode() in everything for one in ids[forum]), (who, forum)
                    continue
                assert forum.encode() not in everything, (who, forum)
                assert not any(one.encode() in everything for one in ids[forum]), (who, forum)
                _refused_as_if_it_were_not_there(client, f"clique.{forum}", ids[forum])


def _refused_as_if_it_were_not_there(client: NewsClient, group: str, ids: set[str]) -> None:
    for command in ("GROUP {}", "LISTGROUP {}", "LISTGROUP {} 1-9"):
        assert client.command(command.format(group)) == client.command(command.format("clique.nothing"))
    for command in ("LIST ACTIVE {}", "LIST NEWSGROUPS {}", "LIST COUNTS {}", "NEWNEWS {} 20200101 000000"):
        assert client.listing(command.format(group)) == client.listing(command.format("clique.nothing"))
    for command in ("ARTICLE {}", "HEAD {}", "BODY {}", "STAT {}", "OVER {}", "HDR Subject {}", "XHDR Subject {}"):
        for one in ids:
            assert client.command(command.format(one)) == client.command(command.format(NOWHERE)), (command, one)
    if client.command("POST").startswith("340 "):
        client.send(b".\r\n")
        client.status()
        verdicts = []
        for name in (group, "clique.nothing"):
            article = f"From: x <x@example.org>\r\nSubject: x\r\nNewsgroups: {name}\r\n\r\nx\r\n"
            verdicts.append(client.post(article.encode()).replace(name, "it"))
        assert verdicts[0] == verdicts[1] and verdicts[0].startswith("441 "), verdicts


def test_cliquectl_tells_of_an_accounts_forums_only_where_it_is_named(
    host: Host, others: dict[str, NodeProcess],
) -> None:
    for command in ("status", "forums", "peers"):
        told = str(host.node.ask(command))
        assert "wine" not in told and "beer" not in told, (command, told)
    assert {row["name"] for row in host.node.ask("forums", account="alice")} == {"clique.wine", "clique.garden"}
    followed = {row["name"] for row in host.node.ask("status", account="bob")["follows"]}
    assert "clique.beer" in followed and "clique.wine" not in followed
    accounts = str(host.node.ask("user", action="list"))
    assert "wine" not in accounts and "beer" not in accounts
    for command in ("invite", "follow", "resync", "graph", "bookmark"):
        with pytest.raises(CommandFailedError) as refused:
            host.node.ask(command, name="clique.wine")
        with pytest.raises(CommandFailedError) as unknown:
            host.node.ask(command, name="clique.nothing")
        assert str(refused.value).replace("wine", "nothing") == str(unknown.value)


def test_documents_are_stored_once_and_a_kill_loses_nothing(host: Host, others: dict[str, NodeProcess]) -> None:
    others["wine"].ask("create-forum", name="cider", description="")
    before = {account: _held(host, account) for account in FORUMS}
    stored = host.status()["documents_of_all"]
    for account in FORUMS:
        host.join(account, others["wine"], "cider")
    for number in range(5):
        post(others["wine"], "clique.cider", f"for three nodes {number}")
    for account, held in before.items():
        wait_for(f"all of it at {account}'s node", lambda who=account, held=held: _held(host, who) == held + 6)
    assert host.status()["documents_of_all"] == stored + 6
    assert len(host.subjects("carol", "clique.cider")) == 6
    nodes = {row["account"]: row["node"] for row in host.status()["nodes"]}
    host.node.kill()
    post(others["wine"], "clique.wine", "while the host was away")
    post(others["beer"], "clique.beer", "while the host was away")
    host.node.start()
    assert {row["account"]: row["node"] for row in host.status()["nodes"]} == nodes
    host.wait_for("alice", "clique.wine", "while the host was away")
    host.wait_for("bob", "clique.beer", "while the host was away")
    assert host.post("bob", "clique.beer", "after the kill").startswith("240 ")
    wait_for_subject(others["beer"], "clique.beer", "after the kill")
    assert b"clique.beer" not in host.groups("alice") | host.groups("owner")
    assert host.node.cliquectl("verify") == []


def _held(host: Host, account: str) -> int:
    return int(host.node.ask("status", account=account)["documents"])
