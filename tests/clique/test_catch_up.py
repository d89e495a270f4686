"""Comparing large histories: everything comes, once, parents first, a bounded number at a time, in lawful messages."""

from __future__ import annotations

import random

import pytest

from cliquenntp.clique import events
from cliquenntp.clique.listing import parents_first
from cliquenntp.clique.messages import Push, SpanListing, SpanWanted, Sync
from cliquenntp.clique.parameters import ASKED_AT_LEAST, ASKED_SHARE, LISTED_TOGETHER
from cliquenntp.interfaces import Place
from cliquenntp.wire import LinkCodec
from tests.clique.pair import EPOCH, FORUM, ROOT, Wire, key_of, place

FOREVER = 1 << 40


def history(count: int, seconds: int) -> list[Place]:
    """Documents over so many seconds, each below one before it."""
    dice = random.Random(count)
    documents: list[Place] = []
    for number in range(count):
        parent = dice.choice(documents[-50:]).id if documents and dice.random() < 0.8 else ROOT
        time = EPOCH - 200_000 + number * seconds // count
        documents.append(Place(key_of(f"document {number}"), time, (parent,), 100))
    return documents


def reunite(documents: list[Place], *shares: list[bool]) -> Wire:
    """Let two nodes that hold these shares of a history meet."""
    wire = Wire()
    wire.forum("a", "b")
    for end in list(wire.links):
        wire.cut(*end)
    wire.sent.clear()
    for name, share in zip(("a", "b"), shares, strict=True):
        held = {ROOT}
        for document, holds in zip(documents, share, strict=True):
            wire.places[document.id] = document
            if holds and document.parents[0] in held:
                held.add(document.id)
                wire.cores[name].node.documents.add(document)
    wire.pass_time(300)
    return wire


def held(wire: Wire, name: str) -> int:
    return wire.cores[name].node.documents.channel(*FORUM).count(0, FOREVER)


@pytest.mark.parametrize("seconds", [1, 100, 20_000], ids="{}s".format)
@pytest.mark.parametrize("share", [0.0, 0.002, 0.3, 0.8, 0.999])
def test_a_node_with_any_share_of_a_history_gets_the_rest_once(share: float, seconds: int) -> None:
    documents = history(7000, seconds)
    known = int(len(documents) * share)
    wire = reunite(documents, [True] * len(documents), [number < known for number in range(len(documents))])
    assert held(wire, "b") == held(wire, "a") == len(documents) + 1
    pushes = [message.document for name, message in wire.sent if name == "a" and isinstance(message, Push)]
    assert len(pushes) == len(set(pushes)) == len(documents) - known
    assert not [name for name, message in wire.sent if name == "b" and isinstance(message, Push)]


@pytest.mark.parametrize("seconds", [1, 20_000], ids="{}s".format)
def test_two_nodes_with_different_parts_give_each_other_theirs(seconds: int) -> None:
    documents = history(4000, seconds)
    dice = random.Random(3)
    wire = reunite(documents, *([dice.random() < 0.9 for _ in documents] for _ in range(2)))
    both = {place.id for place in documents} & {
        document for name in "ab" for _, document in wire.cores[name].node.documents.channel(*FORUM).items(0, FOREVER)}
    wire.pass_time(2000)
    assert held(wire, "a") == held(wire, "b") == len(both) + 1


def test_every_step_fits_into_a_frame_and_asks_for_few_at_a_time() -> None:
    wire = reunite(history(7000, 20_000), [True] * 7000, [number % 7 < 3 for number in range(7000)])
    codec = LinkCodec()
    under_way = brought = 0
    for name, message in wire.sent:
        if isinstance(message, Sync):
            codec.encode([message])
            listings = (span.documents for span in message.spans if isinstance(span, SpanListing))
            assert sum(map(len, listings)) <= LISTED_TOGETHER
            if name == "b":
                wanted = (span.bitmap for span in message.spans if isinstance(span, SpanWanted))
                under_way += sum(byte.bit_count() for bitmap in wanted for byte in bitmap)
                # what rounds the end of a listing off may come on top
                assert under_way <= max(ASKED_AT_LEAST, brought // ASKED_SHARE) + 8
        elif isinstance(message, Push) and name == "a":
            under_way -= 1
            brought += 1


def test_what_few_documents_are_missing_is_asked_for_at_once() -> None:
    wire = reunite(history(3000, 20_000), [True] * 3000, [number < 2900 for number in range(3000)])
    wanted = [
        sum(byte.bit_count() for span in message.spans if isinstance(span, SpanWanted) for byte in span.bitmap)
        for name, message in wire.sent if name == "b" and isinstance(message, Sync)]
    assert held(wire, "a") == held(wire, "b")
    assert [count for count in wanted if count] == [100]


def test_parents_of_one_second_come_before_their_children() -> None:
    wire = reunite(history(3000, 3), [True] * 3000, [False] * 3000)
    seen = {ROOT}
    for _, message in wire.sent:
        if isinstance(message, Push):
            assert wire.places[message.document].parents[0] in seen
            seen.add(message.document)
    assert len(seen) == 3001


def test_parents_first_leaves_the_order_alone_where_it_can() -> None:
    wire = Wire()
    wire.add("a")
    documents = wire.cores["a"].node.documents
    places = [Place(key_of("root"), 1), Place(key_of("one"), 1, (key_of("root"),)),
              Place(key_of("two"), 1, (key_of("one"), key_of("root")))]
    for one in places:
        documents.add(one)
    root, first, second = (one.id for one in places)
    assert parents_first(documents, [root, first, second]) == (root, first, second)
    assert parents_first(documents, [second, first, root]) == (root, first, second)
    assert parents_first(documents, [second, root]) == (root, second)


def test_two_comparisons_at_once_are_not_taken_for_each_other() -> None:
    wire = Wire()
    wire.forum("a", "b")
    for name, count in (("a", 9), ("b", 3)):
        for number in range(count):
            document = wire.places[key_of(f"{name} {number}")] = place(f"{name} {number}", number - 5000)
            wire.cores[name].node.documents.add(document)
    wire.sent.clear()
    wire.events(*((name, events.CompareNow(FORUM)) for name in "ab"))
    wire.pass_time(100)
    assert held(wire, "a") == held(wire, "b") == 13
    assert [type(message) for _, message in wire.sent[:2]] == [Sync, Sync]
    assert len([message for _, message in wire.sent if isinstance(message, Push)]) == 12
