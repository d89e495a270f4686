"""Names of newsgroups: readable, lawful everywhere, and found again by the id in them."""

from __future__ import annotations

import pytest

from cliquenntp.document import id_text
from cliquenntp.newsgroup.naming import find_group, group_name, is_group_name, slug
from tests.memory_archive import MemoryArchive
from tests.small_forum import SmallForum


@pytest.mark.parametrize(("subject", "expected"), [
    ("Growing peas", "growing-peas"),
    ("  Über Größe: naïve café!  ", "uber-gro-e-naive-cafe"),
    ("Re: [PATCH v2 1/3] man.7: fix", "re-patch-v2-1-3-man-7-fix"),
    ("ﬁne ²nd", "fine-2nd"),
    ("日本語", "t"),
    ("", "t"),
    ("---", "t"),
])
def test_slugs(subject, expected):
    assert slug(subject) == expected


def test_names_are_lawful_and_short():
    forum = SmallForum("x" * 30 + "." + "y" * 30)
    docno = forum.post("a very long subject " * 20)
    name = forum.archive.record(docno).name
    assert is_group_name(name) and len(name) <= 124
    assert max(map(len, name.split("."))) <= 30
    assert find_group(forum.archive, name) == docno


def test_a_name_is_found_by_its_whole_text_only():
    forum = SmallForum("garden")
    docno = forum.post("Peas")
    name = forum.archive.record(docno).name
    assert name == f"clique.garden.peas-{id_text(forum.archive.record(docno).id)[:8]}"
    assert find_group(forum.archive, name.replace("peas", "beans")) is None
    assert find_group(forum.archive, name[:-1]) is None
    assert find_group(forum.archive, "clique.garden") == forum.root


def test_a_second_forum_of_the_same_name_gets_a_name_of_its_own():
    forum = SmallForum("garden")
    second = forum.add([(b"Subject", b"Another garden"), (b"Clique-Forum", b"garden")], b"")
    names = [forum.archive.record(docno).name for docno in (forum.root, second)]
    assert names[0] == "clique.garden"
    assert names[1].startswith("clique.garden-")
    assert find_group(forum.archive, names[1]) == second


class Crowded(MemoryArchive):
    """Every name is taken whose id part is shorter than ``free_from`` characters."""

    free_from = 16

    def find_prefix(self, prefix):
        return [1] if len(prefix) < self.free_from else []

    def record(self, docno):
        return Taken


class Taken:
    class Any(str):
        __slots__ = ()

        def __eq__(self, other):
            return True

        __hash__ = str.__hash__

    name = Any()


def test_a_taken_name_gets_more_of_the_id():
    name = group_name(bytes(32), None, "Peas", "clique.garden", Crowded())
    assert name == "clique.garden.peas-" + "a" * 16
