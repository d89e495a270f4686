"""Where documents stand among newsgroups."""

from __future__ import annotations

import pytest

from cliquenntp.document import address_of, build, id_text, parse
from cliquenntp.newsgroup.placement import LAST_REFERENCES, NEAREST_GROUPS, XREF_GROUPS, ParentMissing, place
from tests.small_forum import NOW, SmallForum, persona


@pytest.fixture
def forum():
    return SmallForum("garden")


def chain(forum, length):
    """Post a thread of so many articles, each below the one before; return their docnos."""
    docnos = [forum.post("Peas")]
    while len(docnos) < length:
        docnos.append(forum.post("Re: Peas", parent=docnos[-1]))
    return docnos


def test_a_deep_article_stands_in_the_nearest_groups_its_thread_and_its_forum(forum):
    thread = chain(forum, 60)
    record = forum.archive.record(thread[-1])
    groups = [group for group, _ in record.numbers]
    assert groups == [*thread[-2:-2 - NEAREST_GROUPS:-1], thread[0], forum.root]
    assert record.depth == 60
    assert record.starters == (thread[0],) and record.roots == (forum.root,)


def test_references_are_the_first_and_the_last_of_the_chain_without_the_root(forum):
    thread = chain(forum, 40)
    ids = [forum.archive.record(docno).id for docno in thread]
    assert forum.archive.record(thread[0]).references == ()
    assert forum.archive.record(thread[1]).references == (ids[0],)
    assert forum.archive.record(thread[-1]).references == (ids[0], *ids[-1 - LAST_REFERENCES : -1])


def test_a_crosspost_stands_in_both_forums_and_each_article_once(forum):
    other = SmallForum("kitchen", forum.archive)
    thread = forum.post("Peas")
    crossed = forum.post("Soup", parent=(thread, other.root))
    record = forum.archive.record(crossed)
    assert [group for group, _ in record.numbers] == [thread, other.root, forum.root]
    assert record.roots == (forum.root, other.root)
    # one of its parents is a root: in that forum it starts a thread of its own
    assert record.starters == (thread,)
    assert record.name.startswith("clique.garden.soup-")


def test_xref_names_forums_first_and_no_more_than_eight(forum):
    thread = chain(forum, 20)
    xref = forum.archive.overview(thread[-1]).split(b"\t")[7]
    places = xref.split(b" ")[2:]
    assert len(places) == XREF_GROUPS
    assert places[0] == b"clique.garden:21"
    assert places[1] == forum.archive.record(thread[0]).name.encode() + b":20"


def test_a_document_waits_for_its_first_parent(forum):
    signer = persona("ann")
    missing = id_text(bytes(32))
    held = id_text(forum.archive.record(forum.root).id)
    fields = [(b"From", address_of(signer.key, "me").encode()), (b"Subject", b"x")]

    def placed(parents):
        unsigned = build([*fields, (b"Clique-Parent", parents.encode())], b"")
        return place(parse(signer.sign(unsigned, NOW)), forum.archive)

    with pytest.raises(ParentMissing) as caught:
        placed(missing)
    assert caught.value.parent == bytes(32)
    assert placed(f"{held}, {missing}").parents == (forum.root,)
