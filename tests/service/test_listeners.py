"""A node's listeners over real connections: the owner's, the public ones and those for accounts."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode

from scramp import ScramClient
from twisted.internet import defer, reactor

from cliquenntp.interfaces import Right
from cliquenntp.nntp.session.authentication import MOST_FAILED_LOGINS
from cliquenntp.service.readers.certificate import load_or_create
from cliquenntp.service.readers.listeners import ACCOUNTS, NNTP, PUBLIC
from cliquenntp.service.reloading import ReloadingNode
from tests.nntp_client import NewsClient, unchecked
from tests.service.listening import LOOPBACK, OPEN, PASSWORD, TLS, ListenersCase

ARTICLE = "From: Mary <mary@example.org>\r\nSubject: Oolong\r\nNewsgroups: {group}\r\n\r\nText.\r\n"


def log_in(client: NewsClient, name: str, password: str = PASSWORD) -> str:
    status = client.command(f"AUTHINFO USER {name}")
    return client.command(f"AUTHINFO PASS {password}") if status.startswith("381 ") else status


def scram(client: NewsClient, name: str, password: str) -> str:
    mechanism = ScramClient(["SCRAM-SHA-256"], name, password)
    first = b64encode(mechanism.get_client_first().encode()).decode()
    challenge = client.command(f"AUTHINFO SASL SCRAM-SHA-256 {first}")
    mechanism.set_server_first(b64decode(challenge[4:]).decode())
    status = client.command(b64encode(mechanism.get_client_final().encode()).decode())
    if status.startswith("283 "):
        mechanism.set_server_final(b64decode(status[4:]).decode())
    return status


class Owner(ListenersCase):
    def test_reads_and_posts_without_a_password(self) -> defer.Deferred[None]:
        async def test() -> None:
            await self.start()

            def talk() -> None:
                with self.connect(NNTP) as client:
                    assert client.greeting.startswith("200 ")
                    assert client.command("GROUP clique.secret").startswith("211 ")
                    assert client.post(ARTICLE.format(group="clique.secret").encode()).startswith("240 ")
                    assert log_in(client, "owner").startswith("502 ")
                    assert client.command("STARTTLS").startswith("580 ")
                    assert not any(b"AUTHINFO" in line for line in client.listing("CAPABILITIES")[1])

            await self.thread(talk)
            assert not (self.folder / "data/keys/tls").exists()

        return self.run_async(test())


class Public(ListenersCase):
    def test_shows_its_forums_and_takes_nothing(self) -> defer.Deferred[None]:
        async def test() -> None:
            await self.start(public=(LOOPBACK,), contact="tea@example.org")

            def talk() -> None:
                with self.connect(NNTP) as owner:
                    owner.post(ARTICLE.format(group="clique.tea,clique.secret").encode())
                with self.connect(PUBLIC) as client:
                    assert client.greeting.startswith("201 ")
                    assert client.command("GROUP clique.secret").startswith("411 ")
                    assert client.command("GROUP clique.tea") == "211 2 1 2 clique.tea"
                    questions = ("LIST", "ARTICLE 2", "OVER 1-", "NEWNEWS * 20200101 000000", "HELP")
                    seen = b"\n".join(line for question in questions for line in client.listing(question)[1])
                    assert b"clique.tea" in seen and b"Oolong" in seen and b"secret" not in seen
                    assert client.post(ARTICLE.format(group="clique.tea").encode()).startswith("440 ")
                    assert client.command("POST").startswith("440 ")
                    assert client.listing("LIST ACTIVE clique.tea")[1] == [b"clique.tea 2 1 n"]
                    assert b"clique.tea 2 1 n" in client.listing("LIST")[1]
                    assert log_in(client, "owner").startswith("502 ")
                    capabilities = client.listing("CAPABILITIES")[1]
                    assert b"POST" not in capabilities and b"READER" in capabilities and b"STARTTLS" in capabilities
                    assert client.listing("LIST MOTD")[1] == [b"Contact: tea@example.org"]
                    assert b"tea@example.org" in seen

            await self.thread(talk)

        return self.run_async(test())

    def test_with_tls_from_the_beginning_and_by_starttls(self) -> defer.Deferred[None]:
        async def test() -> None:
            await self.start(public=(TLS, OPEN))

            def talk() -> None:
                for index in (0, 1):
                    context = unchecked() if index == 0 else None
                    with NewsClient("127.0.0.1", self.port(PUBLIC, index), context=context) as client:
                        if index == 1:
                            client.send(b"STARTTLS\r\n")
                            assert client.status().startswith("382 ")
                            client.start_tls(unchecked())
                        assert client.command("GROUP clique.tea").startswith("211 ")
                        assert client.listing("OVER 1-")[1]
                        capabilities = client.listing("CAPABILITIES")[1]
                        assert b"STARTTLS" not in capabilities and b"COMPRESS DEFLATE" in capabilities
                        fingerprint = client.fingerprint()
                    assert fingerprint == self.node.listeners.fingerprint.replace(":", "")

            await self.thread(talk)
            assert (self.folder / "data/keys/tls").stat().st_mode & 0o777 == 0o600

        return self.run_async(test())

    def test_a_renewed_certificate_is_taken_over(self) -> defer.Deferred[None]:
        async def test() -> None:
            (self.folder / "data").mkdir()
            path = self.folder / "chain.pem"
            first = load_or_create(path).fingerprint
            await self.start(public=(TLS,), certificate=path)

            def seen() -> str:
                with NewsClient("127.0.0.1", self.port(PUBLIC), context=unchecked()) as client:
                    return client.fingerprint()

            assert await self.thread(seen) == first.replace(":", "")
            path.unlink()
            second = load_or_create(path).fingerprint
            ReloadingNode(reactor, self.node, lambda: self.node.settings).reload()
            assert await self.thread(seen) == second.replace(":", "") != first.replace(":", "")
            assert not (self.folder / "data/keys/tls").exists()

        return self.run_async(test())

    def test_one_address_connects_so_often_in_a_minute(self) -> defer.Deferred[None]:
        async def test() -> None:
            await self.start(public=(OPEN, LOOPBACK), connections_per_minute=3)

            def talk() -> None:
                for greeting in ("201 ", "201 ", "201 ", "400 "):
                    with self.connect(PUBLIC, 0) as client:
                        assert client.greeting.startswith(greeting)
                for _ in range(5):
                    with self.connect(PUBLIC, 1) as client:  # a proxy's
                        assert client.greeting.startswith("201 ")

            await self.thread(talk)

        return self.run_async(test())


class Accounts(ListenersCase):
    def test_a_login_gives_what_the_account_may(self) -> defer.Deferred[None]:
        async def test() -> None:
            await self.start(accounts=(LOOPBACK,))
            mary = await self.account("m\u00e4ry")
            await self.account("bob", Right.READ, "clique.tea")

            def talk() -> None:
                with self.connect(ACCOUNTS) as client:
                    assert client.greeting.startswith("200 ")
                    assert client.command("GROUP clique.tea").startswith("480 ")
                    assert log_in(client, "m\u00e4ry").startswith("281 ")
                    assert client.command("GROUP clique.secret").startswith("211 ")
                    assert client.post(ARTICLE.format(group="clique.secret").encode()).startswith("240 ")
                    _, head = client.listing("HEAD 2")
                    address = re.search(r"<(.*)>", next(line for line in head if line.startswith(b"From:")).decode())[1]
                    persona = self.node.personas.signer(mary.persona)
                    assert address.endswith(".clique.invalid") and address != self.node.address
                    assert persona.key != self.node.owner.key
                with self.connect(ACCOUNTS) as client:
                    assert log_in(client, "bob").startswith("281 ")
                    assert client.command("MODE READER").startswith("201 ")
                    assert client.command("GROUP clique.secret").startswith("411 ")
                    assert client.command("GROUP clique.tea").startswith("211 ")
                    assert client.command("POST").startswith("440 ")
                    assert b"secret" not in b"".join(client.listing("LIST")[1])

            await self.thread(talk)
            assert (self.folder / "data/keys" / mary.persona).stat().st_mode & 0o777 == 0o600

        return self.run_async(test())

    def test_scram_over_the_wire(self) -> defer.Deferred[None]:
        async def test() -> None:
            await self.start(accounts=(LOOPBACK,))
            await self.account("mary")

            def talk() -> None:
                with self.connect(ACCOUNTS) as client:
                    assert scram(client, "mary", "wrong").startswith("481 ")
                    assert scram(client, "nobody", "wrong").startswith("481 ")
                    assert scram(client, "mary", PASSWORD).startswith("283 ")
                    assert client.command("GROUP clique.tea").startswith("211 ")

            await self.thread(talk)

        return self.run_async(test())

    def test_no_password_goes_in_clear_beyond_loopback(self) -> defer.Deferred[None]:
        async def test() -> None:
            await self.start(accounts=(OPEN,))
            await self.account("mary")

            def talk() -> None:
                with self.connect(ACCOUNTS) as client:
                    assert b"AUTHINFO" in client.listing("CAPABILITIES")[1]
                    for command in ("USER mary", f"PASS {PASSWORD}", "SASL PLAIN", "SASL SCRAM-SHA-256"):
                        assert client.command(f"AUTHINFO {command}").startswith("483 ")
                    client.pipeline(["STARTTLS", "AUTHINFO USER mary", f"AUTHINFO PASS {PASSWORD}", "LIST"])
                    assert client.status().startswith("382 ")
                    # what was sent ahead was thrown away: the next thing that the server says is TLS
                    client.start_tls(unchecked())
                    assert client.command("GROUP clique.tea").startswith("480 ")
                    assert log_in(client, "mary").startswith("281 ")
                    assert client.command("GROUP clique.tea").startswith("211 ")

            await self.thread(talk)

        return self.run_async(test())

    def test_failures_close_the_connection_and_slow_down(self) -> defer.Deferred[None]:
        async def test() -> None:
            await self.start(accounts=(LOOPBACK,))
            await self.account("mary")

            def talk() -> None:
                with self.connect(ACCOUNTS) as client:
                    for _ in range(MOST_FAILED_LOGINS):
                        assert log_in(client, "mary", "wrong").startswith("481 ")
                    assert client.status().startswith("400 ")
                    assert client.read_line() == b""

            await self.thread(talk)
            slow_down = self.node.listeners._logins._slow_down
            waits = [slow_down.attempt(["account mary"], reactor.seconds()) for _ in range(5)]
            assert waits == [0, 0, 0, 1, 2]

        return self.run_async(test())

    def test_a_changed_account_must_log_in_again(self) -> defer.Deferred[None]:
        async def test() -> None:
            await self.start(accounts=(LOOPBACK,))
            mary = await self.account("mary")
            client = await self.thread(self.connect, ACCOUNTS)
            self.addCleanup(client.close)
            assert (await self.thread(log_in, client, "mary")).startswith("281 ")
            self.node.listeners.expel("bob")
            assert (await self.thread(client.command, "DATE")).startswith("111 ")
            self.node.listeners.expel(mary.name)
            assert (await self.thread(client.status)).startswith("400 The account has changed")

        return self.run_async(test())

    def test_accounts_outlive_the_node(self) -> defer.Deferred[None]:
        async def test() -> None:
            node = await self.start(accounts=(LOOPBACK,))
            mary = await self.account("mary", Right.READ | Right.CREATE, "clique.tea")
            salt = node.accounts.verifier("nobody")
            await node.stopService()
            node = await self.start(accounts=(LOOPBACK,))
            assert node.accounts.get("mary") == mary
            assert node.accounts.verifier("nobody") == salt  # else a salt that changed tells that there is no account
            other = await self.account("bob")
            assert other.number == mary.number + 1

        return self.run_async(test())
