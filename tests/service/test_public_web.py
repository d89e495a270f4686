"""The public pages over TLS: whose certificate it is, what browsers are told, and what ends a connection."""

from __future__ import annotations

import socket
import ssl
from http.client import HTTPException
from pathlib import Path
from unittest.mock import patch

from twisted.internet import reactor
from twisted.logger import LogEvent, globalLogPublisher

from cliquenntp.service.readers.certificate import load_or_create
from cliquenntp.service.reloading import ReloadingNode
from cliquenntp.web.public import site
from cliquenntp.web.public.site import CONNECTIONS_PER_ADDRESS
from tests.nntp_client import unchecked
from tests.service.listening import LOOPBACK, TLS, ListenersCase
from tests.web.browser import Browser

TLS_EVERYWHERE = "tls:0:interface=0.0.0.0"
"""connections to it count by their address, which those of loopback's do not"""


def trusting(certificate: Path) -> ssl.SSLContext:
    """Return what takes this certificate and no other."""
    context = ssl.create_default_context(cafile=certificate)
    context.check_hostname = False
    return context


class PublicWebOverTLS(ListenersCase):
    def web_port(self, index: int = 0) -> int:
        return int(self.node.public_web.addresses[index].rpartition(":")[2])

    def raw(self) -> socket.socket:
        """Return a connection to the pages' port on which nothing was said yet."""
        connection = socket.create_connection(("127.0.0.1", self.web_port()), 20)
        self.addCleanup(connection.close)
        return connection

    async def test_the_nodes_own_certificate_is_the_newsreaders_too(self) -> None:
        await self.start(public=(TLS,), public_web=(TLS, LOOPBACK))
        scheme, *_ = self.node.public_web.addresses[0].split(":")
        self.assertEqual(scheme, "tls")
        browser = Browser(self.web_port(), trusting(self.folder / "data/keys/tls"))
        first = await self.thread(browser.get)
        self.assertEqual(first.status, 200)
        self.assertIn("clique.tea", first.text)
        self.assertNotIn("secret", first.text)
        self.assertEqual((await self.thread(browser.get, "/clique.tea")).status, 200)
        self.assertEqual((await self.thread(browser.get, "/clique.secret")).status, 404)
        # no authority vouches for it, and on loopback there is none
        self.assertNotIn("strict-transport-security", first.headers)
        plain = await self.thread(Browser(self.web_port(1)).get)
        self.assertNotIn("strict-transport-security", plain.headers)
        self.assertEqual(plain.text, first.text)

    async def test_what_is_no_tls_gets_no_page(self) -> None:
        await self.start(public_web=(TLS,))
        with self.assertRaises((HTTPException, OSError)):
            await self.thread(Browser(self.web_port()).get)
        old = unchecked()
        old.set_ciphers("ALL:@SECLEVEL=0")
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        with self.assertRaises(ssl.SSLError):
            await self.thread(Browser(self.web_port(), old).get)

    async def test_with_the_operators_certificate_browsers_are_told_to_come_over_tls_alone(self) -> None:
        path = self.folder / "chain.pem"
        load_or_create(path)
        await self.start(public_web=(TLS, LOOPBACK), certificate=path)
        browser = Browser(self.web_port(), trusting(path))
        for address in ("/", "/style.css", "/robots.txt", "/clique.none"):
            answer = await self.thread(browser.get, address)
            self.assertEqual(answer.headers["strict-transport-security"], "max-age=31536000", address)
        plain = await self.thread(Browser(self.web_port(1)).get)
        self.assertNotIn("strict-transport-security", plain.headers)
        self.assertFalse((self.folder / "data/keys/tls").exists())

        path.unlink()
        load_or_create(path)
        with self.assertRaises(ssl.SSLError):
            await self.thread(Browser(self.web_port(), trusting(path)).get)
        ReloadingNode(reactor, self.node, lambda: self.node.settings).reload()
        self.assertEqual((await self.thread(Browser(self.web_port(), trusting(path)).get)).status, 200)

    async def test_connections_too_many_are_ended_before_anything_is_said(self) -> None:
        await self.start(public_web=(TLS_EVERYWHERE,))
        held = [await self.thread(self.raw) for _ in range(CONNECTIONS_PER_ADDRESS)]
        one_more = await self.thread(self.raw)
        self.assertEqual(await self.thread(ended, one_more), True)
        held.pop().close()

        def page() -> int:
            try:
                return Browser(self.web_port(), unchecked()).get().status
            except (HTTPException, OSError):
                return 0

        while await self.thread(page) != 200:  # until the node has heard that one is closed
            pass

    async def test_a_handshake_that_stops_is_ended_and_nobodys_address_is_logged(self) -> None:
        said: list[LogEvent] = []
        globalLogPublisher.addObserver(said.append)
        self.addCleanup(globalLogPublisher.removeObserver, said.append)
        with patch.object(site, "IDLE_SECONDS", 0.2):
            await self.start(public_web=(TLS,))
        connection = await self.thread(self.raw)
        connection.sendall(b"\x16\x03\x01")
        self.assertEqual(await self.thread(ended, connection), True)
        self.assertEqual([event for event in said if "client" in str(event.get("log_format"))], [])


def ended(connection: socket.socket) -> bool:
    """Wait until the other side ends a connection on which it says nothing."""
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True
