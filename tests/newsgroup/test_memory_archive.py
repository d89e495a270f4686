"""The reference archive that other tests stand on keeps its own promises."""

from zope.interface.verify import verifyObject

from cliquenntp.interfaces import IArchive, IGroupNumbers, IRecord, IWriter
from tests.small_forum import SmallForum


def test_it_provides_the_doors():
    forum = SmallForum()
    verifyObject(IArchive, forum.archive)
    verifyObject(IWriter, forum.archive)
    verifyObject(IRecord, forum.archive.record(forum.root))
    verifyObject(IGroupNumbers, forum.archive.numbers(forum.root))


def test_an_article_gets_numbers_above_it_and_is_article_1_of_its_own_group():
    forum = SmallForum()
    starter = forum.post("Tomatoes")
    answer = forum.post("Re: Tomatoes", parent=starter)
    assert forum.archive.record(answer).numbers == ((starter, 2), (forum.root, 3))
    assert list(forum.archive.numbers(forum.root).between(1, 99)) == [(1, forum.root), (2, starter), (3, answer)]
    assert list(forum.archive.numbers(answer).between(1, 99)) == [(1, answer)]
