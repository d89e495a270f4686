"""Documents that came before their first parent wait, within bounds, and are let go when it comes."""

from __future__ import annotations

from cliquenntp.service.network.waiting import WaitingLimits, WaitingRoom
from tests.signed_documents import forum, signed

ROOT = forum("talk")
THREAD = signed("A thread", ROOT)
REPLIES = [signed(f"Reply {number}", THREAD) for number in range(5)]
DEEPER = signed("Deeper", REPLIES[0])


def test_what_waits_is_let_go_in_order_of_arrival() -> None:
    room = WaitingRoom()
    for reply in REPLIES:
        assert room.add("link", reply, 0.0)
    assert room.add("link", DEEPER, 0.0)
    assert room.take(ROOT.id) == []
    assert room.take(THREAD.id) == [("link", reply) for reply in REPLIES]
    assert room.take(THREAD.id) == []
    assert room.take(REPLIES[0].id) == [("link", DEEPER)]
    assert len(room) == 0


def test_the_first_parent_alone_counts() -> None:
    room = WaitingRoom()
    room.add("link", signed("Two parents", THREAD, ROOT), 0.0)
    assert room.take(ROOT.id) == []
    assert len(room.take(THREAD.id)) == 1


def test_a_document_from_two_links_is_let_go_once() -> None:
    room = WaitingRoom()
    room.add("one", THREAD, 0.0)
    room.add("two", THREAD, 0.0)
    assert room.add("two", THREAD, 0.0)
    assert len(room) == 2
    assert room.take(ROOT.id) == [("one", THREAD)]
    assert len(room) == 0


def test_each_link_has_room_for_a_number_of_documents() -> None:
    room = WaitingRoom(WaitingLimits(documents=2))
    assert [room.add("link", reply, 0.0) for reply in REPLIES[:3]] == [True, True, False]
    assert room.add("another", REPLIES[2], 0.0)
    room.take(THREAD.id)
    assert room.add("link", REPLIES[3], 0.0)


def test_each_link_has_room_for_a_number_of_octets() -> None:
    sizes = [len(reply.raw) for reply in REPLIES]
    room = WaitingRoom(WaitingLimits(octets=sizes[0] + sizes[1]))
    assert [room.add("link", reply, 0.0) for reply in REPLIES[:3]] == [True, True, False]
    assert room.add("another", REPLIES[2], 0.0)
    room.take(THREAD.id)
    assert room.add("link", REPLIES[2], 0.0)


def test_what_waits_too_long_is_forgotten() -> None:
    room = WaitingRoom(WaitingLimits(seconds=600))
    room.add("link", REPLIES[0], 0.0)
    room.add("link", REPLIES[1], 100.0)
    room.add("another", REPLIES[2], 50.0)
    assert room.expire(599.9) == []
    assert len(room.expire(650.0)) == 2
    assert room.take(THREAD.id) == [("link", REPLIES[1])]
    assert room.expire(10_000.0) == []


def test_a_link_that_ends_takes_its_documents_along() -> None:
    room = WaitingRoom()
    room.add("one", REPLIES[0], 0.0)
    room.add("two", REPLIES[1], 0.0)
    room.drop("one")
    room.drop("never seen")
    assert room.take(THREAD.id) == [("two", REPLIES[1])]


def test_the_default_bounds_are_the_designs() -> None:
    limits = WaitingLimits()
    assert (limits.documents, limits.octets, limits.seconds) == (1000, 4 << 20, 600)
