"""Offers to a peer that tells only now that it wants what came a moment ago."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from cliquenntp.clique import events
from cliquenntp.clique import messages as m
from cliquenntp.clique.channel import Edge
from cliquenntp.clique.parameters import UNSETTLED_FOR, YOUNG

from .pair import FORUM, Wire, key_of, place


def edge_to_b_beside_the_tree() -> tuple[Wire, Edge]:
    """Let a know of b that it is neither its child nor its parent and wants no offers."""
    wire = Wire()
    wire.forum("a", "b")
    wire.pass_time(UNSETTLED_FOR)
    edge = wire.cores["a"].channels[FORUM].edge_with(key_of("b"))
    assert edge is not None
    assert wire.cores["a"].channels[FORUM].parent is None
    tell(wire, edge, is_parent=False, offer=False)
    wire.pass_time(YOUNG)
    wire.sent.clear()
    return wire, edge


def tell(wire: Wire, edge: Edge, **changes: Any) -> None:
    """Have an advert of b's come at a."""
    assert edge.advert is not None
    advert = attrs.evolve(edge.advert, serial=edge.heard + 100, **changes)
    wire.event("a", events.MessageReceived(edge.link.number, m.AdvertMessage(edge.incarnation, advert)))


def offered(wire: Wire) -> list[bytes]:
    """Return what a offered, once it has had time to."""
    wire.pass_time(1.0)
    return [
        prefix for name, message in wire.sent if name == "a" and isinstance(message, m.Offer)
        for prefix in message.documents]


@pytest.mark.parametrize("change", ["offer", "is_parent"])
def test_a_peer_that_says_only_now_that_it_wants_documents_is_offered_the_young_ones(change: str) -> None:
    wire, edge = edge_to_b_beside_the_tree()
    old, young = place("old", wire.now), place("young", wire.now + YOUNG)
    wire.write("a", old)
    wire.pass_time(YOUNG + 2)
    wire.write("a", young)
    assert offered(wire) == wire.pushed(young.id) == []
    tell(wire, edge, **{change: True})
    assert offered(wire) == [young.id[:8]]
    wire.pass_time(10)
    assert wire.cores["b"].node.documents.contains(young.id)


def test_a_peer_that_wanted_documents_before_is_offered_nothing_again() -> None:
    wire, edge = edge_to_b_beside_the_tree()
    tell(wire, edge, offer=True)
    wire.write("a", place("document", wire.now))
    assert offered(wire) == [place("document").id[:8]]
    tell(wire, edge, offer=True)
    assert offered(wire) == [place("document").id[:8]]


def test_a_peer_is_not_offered_what_it_sent() -> None:
    wire, edge = edge_to_b_beside_the_tree()
    wire.write("b", place("document", wire.now))
    assert wire.cores["a"].node.documents.contains(place("document").id)
    tell(wire, edge, offer=True)
    assert offered(wire) == []
