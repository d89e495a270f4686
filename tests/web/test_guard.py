"""What a request must be like, on a real port: other sites' pages get nowhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from twisted.internet import reactor
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from cliquenntp.web import make_site
from cliquenntp.web.guard import MOST_BODY_OCTETS, names_this_machine
from tests.web.accessible import wrong_with
from tests.web.browser import Answer, Browser
from tests.web.recorded import NOW, Recorded

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class GuardTests(TestCase):
    def setUp(self) -> None:
        self.commands = Recorded()
        self.port: Any = reactor.listenTCP(0, make_site(self.commands, reactor, lambda: NOW), interface="127.0.0.1")
        self.addCleanup(self.port.stopListening)
        self.browser = Browser(self.port.getHost().port)

    def in_thread(self, *arguments: Any, **keywords: Any) -> Any:
        return deferToThread(*arguments, **keywords)

    async def ask(self, method: str, path: str, headers: Mapping[str, str] | None = None, body: Any = None) -> Answer:
        return await self.in_thread(self.browser.ask, method, path, headers, body)

    async def test_a_name_of_somebody_elses_for_this_machine_is_refused(self) -> None:
        for host in ("rebound.example", "rebound.example:8119", "127.0.0.1.example", "192.168.0.7", ""):
            answer = await self.ask("GET", "/", {"Host": host})
            self.assertIn(answer.status, (400, 421), host)
            self.assertNotIn("owner@invalid", answer.text)
        self.assertEqual([], self.commands.asked)

    async def test_loopback_names_are_answered_whatever_port_a_tunnel_gave_them(self) -> None:
        for host in ("localhost:9000", "127.0.0.1", "[::1]:8119", "127.8.8.8:1"):
            self.assertEqual(200, (await self.ask("GET", "/", {"Host": host})).status, host)

    async def test_headers_that_are_no_text_are_refused_or_passed_over(self) -> None:
        answer = await self.ask("GET", "/", {"Origin": "http://127.0.0.1\xff"})
        self.assertEqual(403, answer.status)
        self.assertIn((await self.ask("GET", "/", {"Host": "localhost\xff"})).status, (400, 421))
        page = await self.in_thread(self.browser.get)
        body = f"token={page.token}&name=a"
        for media_type in ("application/x-www-form-urlencoded; a=\x85b", "multipart/form-data; boundary=\x85x", "\x0b"):
            answer = await self.ask("POST", "/create", {"Content-Type": media_type}, body)
            self.assertIn(answer.status, (303, 403), media_type)
        answer = await self.ask("POST", "/follow/%9f", FORM, body)
        self.assertEqual(400, answer.status)

    async def test_a_form_without_the_token_changes_nothing(self) -> None:
        for body in ("name=x", "name=x&token=", "name=x&token=wrong", "token=a&token=b&name=x"):
            self.assertEqual(403, (await self.ask("POST", "/create", FORM, body)).status, body)
        self.assertEqual([], self.commands.changes)

    async def test_a_form_of_another_site_changes_nothing_even_with_the_token(self) -> None:
        token = (await self.in_thread(self.browser.get)).token
        for origin in ("http://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1"):
            answer = await self.ask("POST", "/create", {**FORM, "Origin": origin}, f"name=x&token={token}")
            self.assertEqual(403, answer.status, origin)
        self.assertEqual([], self.commands.changes)

    async def test_a_form_of_our_own_is_carried_out_once(self) -> None:
        await self.in_thread(self.browser.send, "/create", name="tea", description="leaves")
        self.assertEqual(
            [("create-forum", {"name": "tea", "description": "leaves"})],
            [one for one in self.commands.asked if one[0] == "create-forum"])

    async def test_what_changes_something_is_no_get(self) -> None:
        token = (await self.in_thread(self.browser.get)).token
        for path in ("/create", "/join", "/follow/clique.a", "/unfollow/clique.a"):
            self.assertEqual(404, (await self.ask("GET", f"{path}?token={token}&name=x")).status, path)
        for method in ("PUT", "DELETE", "OPTIONS", "TRACE"):
            self.assertEqual(405, (await self.ask(method, "/create")).status, method)
        self.assertEqual([], self.commands.changes)

    async def test_a_body_longer_than_a_form_is_not_read(self) -> None:
        answer = await self.ask("POST", "/create", {**FORM, "Content-Length": str(MOST_BODY_OCTETS + 1)}, b"")
        self.assertEqual(413, answer.status)
        answer = await self.ask("POST", "/create", {**FORM, "Transfer-Encoding": "chunked"}, b"3\r\na=b\r\n0\r\n\r\n")
        self.assertEqual(413, answer.status)
        self.assertEqual([], self.commands.changes)

    async def test_every_answer_forbids_frames_caches_and_other_places(self) -> None:
        for path in ("/", "/style.css", "/live.js", "/live.json", "/deliveries.svg/", "/forum/clique.none", "/nowhere"):
            headers = (await self.ask("GET", path)).headers
            self.assertIn("default-src 'none'", headers["content-security-policy"], path)
            self.assertIn("frame-ancestors 'none'", headers["content-security-policy"], path)
            self.assertEqual("no-store", headers["cache-control"], path)
            self.assertEqual("nosniff", headers["x-content-type-options"], path)

    async def test_pages_name_no_other_place_and_show_text_as_text(self) -> None:
        for path in ("/", "/forum/clique.a"):
            answer = await self.in_thread(self.browser.get, path)
            self.assertTrue(all(one.startswith(("/", "#")) for one in answer.references), answer.references)
            self.assertNotIn("<script>alert", answer.text)
            self.assertIn("<script>alert(1)</script>", answer.words + answer.text.replace("&lt;", "<").replace(
                "&gt;", ">"))

    async def test_pages_can_be_heard_and_used_by_the_keyboard(self) -> None:
        for path in ("/", "/forum/clique.a", "/forum/clique.none"):
            self.assertEqual([], wrong_with((await self.in_thread(self.browser.get, path)).text), path)
        self.assertTrue(wrong_with("<p><input><img><th><section>"))

    async def test_a_refused_command_is_told_in_its_own_words(self) -> None:
        answer = await self.in_thread(self.browser.send, "/join", invitation="rubbish")
        self.assertEqual(400, answer.status)
        self.assertIn("no join today", answer.words)

    async def test_head_is_answered_without_a_body(self) -> None:
        answer = await self.ask("HEAD", "/")
        self.assertEqual((200, ""), (answer.status, answer.text))


@pytest.fixture(params=["localhost.example", "[::2]", "0.0.0.0", "2130706433x", "[", "a b"])
def foreign(request: pytest.FixtureRequest) -> Iterator[str]:
    yield request.param


def test_other_names_are_not_this_machine(foreign: str) -> None:
    assert not names_this_machine(foreign)
