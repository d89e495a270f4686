"""What another news server hands on becomes documents of forums, once, or is refused with the reason."""

from __future__ import annotations

import time
from typing import Any

from twisted.internet.defer import ensureDeferred, gatherResults

from cliquenntp.document import Signer, address_of, parse, verify
from cliquenntp.interfaces import NOBODY, Offer
from cliquenntp.newsgroup.message_ids import message_id_of
from cliquenntp.nntp.session import PostResult
from cliquenntp.service.arrival import accept
from cliquenntp.service.feeding import Feeding
from cliquenntp.service.forums import root_document
from cliquenntp.service.turn import TurnLimits
from tests.service.stored_case import StoredCase
from tests.signed_documents import signed

OWNER = Signer(bytes(range(32)))
STRANGER = Signer(bytes(32))
FORUMS = {"misc.garden": "misc.garden", "rec.tea": "tea"}


def article(name: str, *references: str, groups: str = "misc.garden", **changed: str | None) -> bytes:
    fields = {
        "Path": "feeder.example!not-for-mail", "From": "a@example.com", "Subject": name, "Newsgroups": groups,
        "Date": "5 Apr 1993 19:08:25 GMT", "Message-ID": f"<{name}@example.com>",
        "References": " ".join(f"<{each}@example.com>" for each in references) or None,
    } | {key.replace("_", "-"): value for key, value in changed.items()}
    head = "".join(f"{key}: {value}\r\n" for key, value in fields.items() if value is not None)
    return f"{head}\r\nText of {name}.\r\n".encode()


def message_id(name: str) -> bytes:
    return f"<{name}@example.com>".encode()


class FeedingTests(StoredCase):
    limits = TurnLimits(queue_steps=100)

    def setUp(self) -> None:
        super().setUp()
        self.feeding = Feeding(self.turn, self.store.reader, OWNER, "news.example", time.time, FORUMS)

    async def take(self, name: str, *references: str, **changed: Any) -> PostResult:
        return await self.feeding.take(message_id(name), article(name, *references, **changed))

    def record(self, name: str) -> Any:
        docno = self.store.reader.by_message_id(message_id(name))
        assert docno is not None, name
        return self.store.reader.record(docno)

    def test_threads_stay_threads_and_forums_are_made(self) -> Any:
        async def run() -> None:
            assert (await self.take("start")).accepted
            assert (await self.take("answer", "start", "never-seen")).accepted
            assert (await self.take("both", "start", groups="rec.tea,misc.garden,alt.other")).accepted
            subjects = [self.store.reader.record(docno).subject for docno in self.record("answer").parents]
            assert subjects == ["start"]
            names = [self.store.reader.record(docno).name for docno in self.record("both").parents]
            assert names[0] == "clique.tea"
            assert names[1].startswith("clique.misc.garden.start-")
            document = parse(self.store.reader.raw(self.record("start").docno))
            verify(document)
            assert document.headers.get(b"From") == b"a@example.com"
            assert document.headers.get(b"Sender") == address_of(OWNER.key, "owner").encode()
            assert document.headers.get(b"Path") is None
            assert document.time == 734_036_905  # its Date

        return ensureDeferred(run())

    def test_what_answers_something_held_back_stands_beside_it_and_tells_nothing_of_it(self) -> Any:
        async def run() -> None:
            assert (await self.take("start")).accepted
            start = parse(self.store.reader.raw(self.record("start").docno))
            waiting = signed("held back", start, time=int(time.time()) + 600)
            await self.turn.submit(lambda writer: accept(writer, waiting, int(time.time()), "news.example", NOBODY))
            above = f"<start@example.com> {message_id_of(waiting.id).decode()}"
            result = await self.take("answer", References=above)
            assert result.accepted, result.text
            assert [self.store.reader.record(docno).subject for docno in self.record("answer").parents] == ["start"]

        return ensureDeferred(run())

    def test_an_article_comes_once(self) -> Any:
        async def run() -> None:
            assert self.feeding.offered(message_id("one")) is Offer.WANTED
            coming = [self.feeding.take(message_id("one"), article("one")) for _ in range(3)]
            assert self.feeding.offered(message_id("one")) is Offer.LATER
            results = await gatherResults(coming)
            assert [result.accepted for result in results] == [True, False, False]
            assert self.feeding.offered(message_id("one")) is Offer.HELD
            assert not (await self.take("one")).accepted
            assert len([*self.store.reader.since(0)]) == 2  # and the root

        return ensureDeferred(run())

    def test_what_is_refused(self) -> Any:
        async def run() -> None:
            for reason, changed in {
                "none of its newsgroups": {"groups": "alt.other"},
                "news.example already": {"Path": "a.example!News.Example!not-for-mail"},
                "no Path": {"Path": None},
                "no From": {"From": None},
                "no Subject": {"Subject": None},
                "no readable Date": {"Date": "yesterday"},
                "a day ahead": {"Date": "1 Jan 2095 00:00:00 GMT"},
                "not the one": {"Message_ID": "<other@example.com>"},
                "no bridge asks": {"Control": "cancel <start@example.com>"},
                "control message": {"Control": "newgroup misc.other"},
            }.items():
                result = await self.take("bad", **changed)
                assert not result.accepted, reason
                assert not result.later
                assert reason in result.text
            assert self.store.reader.newest() == 0
            assert self.feeding.offered(message_id("bad")) is Offer.WANTED

        return ensureDeferred(run())

    def test_nothing_of_this_network_comes_back(self) -> Any:
        async def run() -> None:
            await self.take("start")
            ours = b"<%s@clique.invalid>" % (b"a" * 52)
            assert self.feeding.offered(ours) is Offer.HELD
            raw = article("x", Message_ID=ours.decode())
            assert "came from here" in (await self.feeding.take(ours, raw)).text

        return ensureDeferred(run())

    def test_a_forum_has_one_importer(self) -> Any:
        async def run() -> None:
            root = root_document("tea", "", STRANGER, int(time.time()))
            await self.turn.submit(lambda writer: accept(writer, root, int(time.time()), "x"))
            result = await self.take("start", groups="rec.tea")
            assert not result.accepted
            assert "does not name this node's key" in result.text

        return ensureDeferred(run())

    def test_more_than_can_wait_is_for_later(self) -> Any:
        async def run() -> None:
            results = await gatherResults(
                [self.feeding.take(message_id(str(each)), article(str(each))) for each in range(150)]
            )
            assert sum(result.accepted for result in results) == 100
            assert all(result.later for result in results if not result.accepted)
            assert self.feeding.offered(message_id("149")) is Offer.WANTED

        return ensureDeferred(run())
