"""What LINK_REQ and LINK_OK leave out because the other side has it, and what is asked for by a comparison."""

from __future__ import annotations

from cliquenntp.clique import effects, events
from cliquenntp.clique import messages as m
from cliquenntp.clique.parameters import PASSIVE_ENOUGH

from .pair import EPOCH, FORUM, Wire, contact_of, key_of, place

NAMES = ("a", "b", "c", "d", "e", "f")


def part_and_meet(wire: Wire) -> None:
    """End all links, and let the nodes find back."""
    for end in list(wire.links):
        wire.cut(*end)
    wire.sent.clear()
    wire.pass_time(100)


def test_link_ok_brings_addresses_to_who_lacks_them_only() -> None:
    wire = Wire()
    wire.forum(*NAMES)
    (first, *_) = [one for name, one in wire.sent if name == "b" and isinstance(one, m.LinkRequest)]
    assert first.priority
    assert first.contacts_wanted == PASSIVE_ENOUGH
    for number in range(PASSIVE_ENOUGH):
        for name in NAMES:
            wire.event(name, events.InvitationTaken(FORUM.document, (contact_of(f"far {number}"),)))
    part_and_meet(wire)
    requests = [one for _, one in wire.sent if isinstance(one, m.LinkRequest)]
    accepted = [one for _, one in wire.sent if isinstance(one, m.LinkAccept)]
    assert {one.contacts_wanted for one in requests} == {0}
    assert accepted
    assert not any(one.contacts for one in accepted)


def test_link_ok_leaves_out_a_signature_that_the_asker_sent() -> None:
    wire = Wire()
    wire.forum("a", "b", "c")
    part_and_meet(wire)
    asked = {one.incarnation: one.advert for _, one in wire.sent if isinstance(one, m.LinkRequest)}
    accepted = [one for _, one in wire.sent if isinstance(one, m.LinkAccept)]
    same = [one for one in accepted if (one.advert.key, one.advert.seq) == (asked[one.to].key, asked[one.to].seq)]
    assert same
    assert not any(one.advert.signature for one in same)
    for core in wire.cores.values():
        for edge in core.channels[FORUM].open_edges():
            assert edge.advert is not None
            assert edge.advert.signature


def test_a_link_ok_without_signature_is_believed_when_the_asker_has_followed_another_center_meanwhile() -> None:
    wire = Wire()
    wire.forum("a", "b", "c")
    state = wire.cores["b"].channels[FORUM]
    edge = next(edge for edge in state.open_edges() if edge is not state.parent)
    told = edge.advert
    assert edge.said is not None and told is not None
    edge.advert, edge.heard = None, 0
    other = m.Key(0, True, 5, True, key_of("x"))
    state.key = other
    answer = m.Advert(1, edge.said.key, edge.said.seq, b"", told.distance, False, True, False, 0)
    wire.event("b", events.MessageReceived(edge.link.number, m.AdvertMessage(edge.incarnation, answer)))
    assert edge.advert is not None
    assert edge.advert.signature == edge.said.signature != b""


def test_a_body_that_a_bitmap_asked_for_comes_without_its_id() -> None:
    wire = Wire()
    wire.forum("a", "b")
    sent: list[effects.SendDocument] = []
    handle = wire.cores["a"].handle

    def watch(event: events.Event, now: float) -> list[effects.Effect]:
        found = handle(event, now)
        sent.extend(effect for effect in found if isinstance(effect, effects.SendDocument))
        return found

    wire.cores["a"].handle = watch  # type: ignore[method-assign]
    missed = place("missed", -1000)
    wire.places[missed.id] = missed
    wire.cores["a"].node.documents.add(missed)
    part_and_meet(wire)
    assert missed.time == EPOCH - 1000
    assert [(effect.document, effect.push.document, effect.push.hop) for effect in sent] == [
        (missed.id, b"", m.RECONCILED)]
    wire.write("a", place("new", wire.now))
    wire.pass_time(30)
    assert sent[-1].push.document == sent[-1].document == place("new").id
