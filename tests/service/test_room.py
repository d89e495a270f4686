"""Room on a real store: what expires goes from newsgroups and from the disk, and what is answered meanwhile stays."""

from __future__ import annotations

from typing import Any

from twisted.internet import reactor
from twisted.internet.task import Clock

from cliquenntp.document import Document
from cliquenntp.newsgroup.expiry import Rule
from cliquenntp.nntp.session.wildmat import parse_wildmat
from cliquenntp.service.arrival import accept
from cliquenntp.service.upkeep.room import DISK_FOR_AN_OCTET, LOOK_SECONDS, PACK_AT_GROWTH, Room
from tests.service.stored_case import StoredCase
from tests.signed_documents import TIME, forum, signed

BODY = b"A line that takes some room on the disk.\r\n" * 200
BLOB = b"A long line that makes a file of its own.\r\n" * 2000


class Nobody:
    """Follows of nobody."""

    def all(self) -> list[Any]:
        return []


class RoomTests(StoredCase):

    def setUp(self) -> None:
        super().setUp()
        self.now = TIME + 1000
        self.root = forum("talk")

    def room(self, quota: int = 10**12, *rules: Rule) -> Room:
        return Room(reactor, self.store, self.turn, Nobody(), lambda: self.now, quota, rules)  # type: ignore[arg-type]

    async def take(self, *documents: Document) -> None:
        for document in documents:
            await self.turn.submit(lambda writer, document=document: accept(writer, document, self.now, "not-for-mail"))

    def held(self, document: Document) -> bool:
        docno = self.store.reader.find(document.id)
        assert docno is not None, "its id stays known"
        return not self.store.reader.gone(docno)

    async def test_a_full_node_drops_the_oldest_and_their_room_is_free(self) -> None:
        posts = [signed(f"post {number}", self.root, body=BODY, time=TIME + number) for number in range(40)]
        await self.take(self.root, *posts)
        before, size = self.store.octets(), len(posts[0].raw)
        report = await self.room(int(11 * size * DISK_FOR_AN_OCTET)).expire()
        self.assertEqual([False] * report.documents, [self.held(post) for post in posts[:report.documents]])
        self.assertTrue(all(self.held(post) for post in posts[report.documents:]))
        self.assertIn(report.documents, (29, 30))
        self.assertLess(self.store.octets(), before * 0.6)
        numbers = self.store.reader.numbers(1)
        self.assertEqual((41, 41 - report.documents), (numbers.high, numbers.count))

    async def test_a_dry_run_changes_nothing(self) -> None:
        post = signed("post", self.root, time=TIME)
        await self.take(self.root, post)
        report = await self.room(10**12, Rule(parse_wildmat(b"*"), age=1)).expire(dry_run=True)
        self.assertEqual((1, {"clique.talk": 1}), (report.documents, report.by_forum))
        self.assertTrue(self.held(post))

    async def test_a_document_in_a_file_of_its_own_leaves_the_disk(self) -> None:
        await self.take(self.root, signed("long", self.root, body=BLOB, time=TIME))
        self.assertEqual(1, len([*self.folder.rglob("*.blob")]))
        await self.room(10**12, Rule(parse_wildmat(b"*"), age=1)).expire()
        self.assertEqual([], [*self.folder.rglob("*.blob")])

    async def test_a_bookmark_keeps_a_document_until_it_is_taken_away(self) -> None:
        post = signed("post", self.root, time=TIME)
        await self.take(self.root, post)
        room = self.room(10**12, Rule(parse_wildmat(b"*"), age=1))
        await room.bookmark(post.id, True)
        await room.expire()
        self.assertTrue(self.held(post))
        await room.bookmark(post.id, False)
        await room.expire()
        self.assertFalse(self.held(post))

    async def test_what_was_answered_since_the_look_stays(self) -> None:
        post = signed("post", self.root, time=TIME)
        await self.take(self.root, post)
        room = self.room(10**12, Rule(parse_wildmat(b"*"), age=500))
        going = room._find(self.now, {})
        self.assertEqual(1, len(going[0]))
        await self.take(signed("answer", post, time=self.now))
        room._find = lambda now, looked: going  # type: ignore[method-assign]
        await room.expire()
        self.assertTrue(self.held(post))

    async def test_the_hourly_look_packs_a_file_that_has_grown_by_a_quarter(self) -> None:
        await self.take(self.root, *(signed(f"post {number}", self.root, body=BODY) for number in range(40)))
        self.store.pack()
        clock = Clock()
        room = Room(clock, self.store, self.turn, Nobody(), lambda: self.now, 10**12, ())  # type: ignore[arg-type]
        packed = self.store.octets()
        for growth, is_packed in ((0.0, False), (PACK_AT_GROWTH - 1, True)):
            looks = room.start()
            for number in range(40):
                if self.store.octets() > packed * (1 + growth):
                    break
                await self.take(signed(f"later {growth} {number}", self.root, body=BODY))
            clock.advance(LOOK_SECONDS)
            room._looking.stop()
            await looks
            self.assertEqual(is_packed, room.last_pack is not None)
            packed = self.store.octets()
        report = room.last_pack
        assert report is not None
        self.assertLess(report.after, report.before)
        self.assertEqual(report.after, self.store.octets())

    async def test_octets_held_are_those_of_the_documents_that_are_kept(self) -> None:
        posts = [signed(f"post {number}", self.root, time=TIME + number) for number in range(5)]
        await self.take(self.root, *posts)
        self.assertEqual(sum(len(post.raw) for post in (self.root, *posts)), self.store.reader.octets_held())
        await self.room(10**12, Rule(parse_wildmat(b"*"), age=1)).expire()
        self.assertEqual(len(self.root.raw), self.store.reader.octets_held())
