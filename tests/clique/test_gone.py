"""Documents that were cancelled or expired before a node could have them."""

from __future__ import annotations

from cliquenntp.clique import events
from cliquenntp.clique import messages as m
from cliquenntp.clique.documents import Documents
from cliquenntp.clique.messages import Channel

from .pair import EPOCH, FORUM, ROOT, Wire, contact_of, key_of, place

GONE = place("cancelled", -5000)


def met(*gone_at: str) -> Wire:
    """Let c meet a forum of a and b, both of which had a document that is gone at some of them."""
    wire = Wire()
    wire.forum("a", "b")
    wire.write("a", GONE)
    wire.pass_time(100)
    for name in gone_at:
        wire.event(name, events.DocumentGone(GONE.id, "cancelled"))
    wire.add("c")
    return wire


def meet_again(wire: Wire, name: str) -> list[m.Message]:
    """Break all links of a node and return what it sends and gets of comparisons in the minutes after."""
    for end in [end for end in wire.links if end[0] == name]:
        wire.cut(*end)
    wire.sent.clear()
    wire.pass_time(600)
    return [message for _, message in wire.sent if isinstance(message, m.Sync | m.Gone)]


def test_a_newcomer_keeps_the_ids_of_what_is_gone_so_that_equal_histories_stay_equal() -> None:
    wire = met("a", "b")
    wire.join("c", "a")
    wire.pass_time(600)
    node = wire.cores["c"].node
    assert node.ghosts[GONE.id].witnesses == {key_of("a"), key_of("b")}
    assert not node.documents.contains(GONE.id)
    assert meet_again(wire, "c") == []


def test_what_one_neighbour_says_is_gone_comes_from_another_that_has_it() -> None:
    wire = met("a")
    for end in list(wire.links):
        wire.cut(*end)
    away = wire.cores.pop("b")
    wire.join("c", "a")
    wire.pass_time(100)
    assert wire.cores["c"].node.ghosts[GONE.id].witnesses == {key_of("a")}
    assert meet_again(wire, "c") == []
    wire.cores["b"] = away
    wire.event("c", events.InvitationTaken(ROOT, (contact_of("b"),)))
    wire.pass_time(600)
    assert wire.cores["c"].node.documents.contains(GONE.id)
    assert wire.cores["c"].node.ghosts == {}


def test_what_is_gone_is_remembered_across_a_restart_until_the_channel_is_left() -> None:
    wire = met("a", "b")
    wire.join("c", "a")
    wire.pass_time(600)
    before = wire.cores["c"].node
    wire.kill("c")
    wire.add("c", wire.pieces["c"], before.documents)
    after = wire.cores["c"].node
    assert after.ghosts == before.ghosts
    wire.event("c", events.Unfollow(FORUM))
    assert after.ghosts == {}
    assert wire.pieces["c"][("ghosts",)] is None


def test_nobody_is_told_that_a_document_is_gone_for_which_it_did_not_ask() -> None:
    wire = met()
    wire.join("c", "a")
    wire.pass_time(100)
    edge = next(wire.cores["c"].channels[FORUM].open_edges())
    stranger = key_of("stranger")
    wire.event("c", events.MessageReceived(
        edge.link.number, m.Gone(edge.incarnation, (stranger,), "expired", (EPOCH - 100,))))
    assert wire.cores["c"].node.ghosts == {}


def test_a_feeder_tells_its_follower_what_is_gone() -> None:
    wire = Wire()
    wire.forum("a", "b")
    thread, reply = place("thread", -6000), place("reply", -5000, key_of("thread"))
    for document in (thread, reply):
        wire.write("a", document)
    wire.pass_time(100)
    for name in ("a", "b"):
        wire.event(name, events.DocumentGone(reply.id, "expired"))
    wire.add("c", documents=Documents())
    wire.join("c", "a", Channel(thread.id), ROOT)
    wire.pass_time(600)
    ghost = wire.cores["c"].node.ghosts[reply.id]
    assert (ghost.time, ghost.why, ghost.channels) == (reply.time, "expired", {Channel(thread.id)})
    assert meet_again(wire, "c") == []
