"""The door of the clique: one node's core."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterator, Mapping
from typing import Any

from cliquenntp.clique import (
    admission,
    adverts,
    answering,
    claiming,
    delivery,
    edges,
    election,
    events,
    following,
    ghosts,
    graft,
    membership,
    messages,
    persistence,
    probes,
    reconcile,
    tombstones,
)
from cliquenntp.clique.admission import Admission
from cliquenntp.clique.channel import ChannelState, Edge, Kind, Link
from cliquenntp.clique.effects import Effect, Piece, Plain
from cliquenntp.clique.events import Event
from cliquenntp.clique.messages import Channel, Contact
from cliquenntp.clique.node import Node
from cliquenntp.clique.parameters import BYE_REPEAT, COST_AT_MOST, COST_UNIT
from cliquenntp.interfaces import IClaims, IDice, IDocuments


class Core:
    """One node's part in every channel that it follows.

    Args:
        me: this node's key, and the address that others shall dial ("" while there is none).
        documents: what the node holds, shared with the store.
        claims: signs and verifies what centers say.
        dice: chance.
        epoch: Clique-Time at ``now`` = 0, seconds.
        pieces: what earlier Persist effects left, to go on from; timers start from ``now``.
        now: monotonic seconds.
        distrusted: keys of the nodes whose introductions are not taken, as they are when one looks.
        admitting: how much is taken of whom; None: everything.
    """

    def __init__(
        self, me: Contact, documents: IDocuments, claims: IClaims, dice: IDice, epoch: float,
        pieces: Mapping[Piece, Plain] | None = None, now: float = 0.0, distrusted: Container[bytes] = (),
        admitting: Admission | None = None,
    ) -> None:
        self.node = Node(me, documents, claims, dice, epoch, now)
        self.node.distrusted, self.node.admission = distrusted, admitting
        pieces = pieces or {}
        persistence.restore_node(self.node, pieces)
        tombstones.schedule(self.node)
        for piece, value in pieces.items():
            if piece[0] == "follow" and value is not None:
                channel = Channel(piece[1], piece[2])  # type: ignore[arg-type]
                state = self.node.channels[channel] = persistence.restore_channel(channel, pieces)
                following.start(self.node, state)
        persistence.restore_standing(self.node, pieces)

    def handle(self, event: Event, now: float) -> list[Effect]:
        """Take one event and return what it leads to, in order."""
        node = self.node
        node.now = now
        _EVENTS[type(event)](node, event)
        pop_due = node.timers.pop_due
        while (due := pop_due(now)) is not None:
            _timer(node, *due)
        return node.take_effects(persistence.changed(node))

    def next_deadline(self) -> float | None:
        """Return when to come back with TimerDue, on the clock of ``now``; None: never."""
        return self.node.timers.next()

    @property
    def refused(self) -> Collection[bytes]:
        """The ids of documents that came and were unwanted, as far as they are remembered; what is put off is not."""
        return _Refused(self.node)

    @property
    def channels(self) -> Mapping[Channel, ChannelState]:
        """The channels that this node follows, to look at."""
        return self.node.channels


class _Refused(Collection[bytes]):
    def __init__(self, node: Node) -> None:
        self._node = node

    def __contains__(self, document: object) -> bool:
        ghost = self._node.refused.get(document) if isinstance(document, bytes) else None
        return ghost is not None and ghost.place is None

    def __iter__(self) -> Iterator[bytes]:
        return (document for document, ghost in self._node.refused.items() if ghost.place is None)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _link_opened(node: Node, event: events.LinkOpened) -> None:
    old = node.links_by_key.get(event.contact.key)
    if old is not None:
        _link_closed(node, events.LinkClosed(old.number))
    cost = min(max(round(event.latency / COST_UNIT), 1), COST_AT_MOST)
    contact = edges.shared_contact(node, event.contact)
    link = Link(event.link, contact, event.secret, event.dialled, cost)
    node.links[event.link] = node.links_by_key[contact.key] = link
    admission.linked(node)
    membership.link_opened(node, link)


def _link_closed(node: Node, event: events.LinkClosed) -> None:
    link = node.links.pop(event.link, None)
    if link is not None:
        del node.links_by_key[link.contact.key]
        before = admission.with_several(node)
        membership.link_closed(node, link)
        admission.link_lost(node, before)


def _message_received(node: Node, event: events.MessageReceived) -> None:
    link = node.links.get(event.link)
    if link is None:
        return
    message = event.message
    for_link = _LINK_MESSAGES.get(type(message))
    if for_link is not None:
        for_link(node, link, message)
        return
    edge = node.edges.get(message.to)  # type: ignore[union-attr]
    if edge is None or edge.link is not link or not edge.remote:
        return
    _EDGE_MESSAGES[type(message)](node, edge, message)


def _link_accepted(node: Node, link: Link, message: messages.LinkAccept) -> None:
    edges.accepted(node, link, message)
    edge = node.edges.get(message.to)
    if edge is not None and edge.kind == Kind.FEEDER:
        probes.look_for_two_keys(node, edge.state)


def _advert(node: Node, edge: Edge, message: messages.AdvertMessage) -> None:
    before = edge.advert
    if not adverts.hear(node, edge, message.advert):
        return
    delivery.offer_what_it_missed(node, edge, before)
    key = message.advert.key
    if edge.kind == Kind.FOLLOWER and key is not None:
        following.heard_from_follower(node, edge.state, edge.channel, key.channel_term)
    edges.changed(node, edge.state)
    if edge.kind == Kind.FEEDER:
        probes.look_for_two_keys(node, edge.state)


def _document_received(node: Node, event: events.DocumentReceived) -> None:
    delivery.received(node, event)


def _parent_missing(node: Node, event: events.ParentMissing) -> None:
    edge = _edge_of(node, event)
    if edge is not None:
        delivery.parent_missing(node, edge, event.parent, event.place)


def _document_refused(node: Node, event: events.DocumentRefused) -> None:
    edge = _edge_of(node, event)
    if edge is not None:
        edge.state.in_flight.pop(event.push.document, None)
        reconcile.arrived(node, edge, event.push.document)


def _wanted_again(node: Node, event: events.WantedAgain) -> None:
    if event.documents is None:
        ghosts.forget_refused(node)
        for channel in list(node.channels):
            reconcile.compare_now(node, channel)
        return
    admission.ask_again(node, event.documents)


def _pieces_received(node: Node, event: events.PiecesReceived) -> None:
    edge = _edge_of(node, event)
    if edge is not None:
        delivery.pieces(node, edge, event.push.document)


def _edge_of(
    node: Node, event: events.ParentMissing | events.DocumentRefused | events.PiecesReceived,
) -> Edge | None:
    edge = node.edges.get(event.push.to)
    return edge if edge is not None and edge.link.number == event.link else None


def _local_document(node: Node, event: events.LocalDocument) -> None:
    if not node.documents.contains(event.place.id):
        node.documents.add(event.place)
    ghosts.came(node, event.place.id)
    admission.stored(node, event.place, is_local=True)
    delivery.spread_document(node, event.place, 0, None)


def _address_changed(node: Node, event: events.AddressChanged) -> None:
    node.me = Contact(node.me.key, event.address)


def _clock_set(node: Node, event: events.ClockSet) -> None:
    node.epoch = event.epoch


_EVENTS: dict[type, Callable[[Node, Any], None]] = {
    events.LinkOpened: _link_opened,
    events.LinkClosed: _link_closed,
    events.DialFailed: lambda node, event: membership.dial_failed(node, event.contact),
    events.MessageReceived: _message_received,
    events.DocumentReceived: _document_received,
    events.ParentMissing: _parent_missing,
    events.DocumentRefused: _document_refused,
    events.DocumentUnwanted: delivery.unwanted,
    events.WantedAgain: _wanted_again,
    events.AuthorRead: lambda node, event: admission.read(node, event.author),
    events.NodeStops: lambda node, event: admission.stops(node),
    events.PiecesReceived: _pieces_received,
    events.LocalDocument: _local_document,
    events.DocumentGone: lambda node, event: node.documents.forget(event.document, event.why),
    events.Follow: following.follow,
    events.HorizonMoved: lambda node, event: following.horizon_moved(node, event.root, event.since),
    events.Unfollow: lambda node, event: following.unfollow(node, event.channel),
    events.CompareNow: lambda node, event: reconcile.compare_now(node, event.channel),
    events.InvitationTaken: following.invitation_taken,
    events.AddressChanged: _address_changed,
    events.ClockSet: _clock_set,
    events.TimerDue: lambda node, event: None,
}


def _bye_acknowledged(node: Node, link: Link, message: messages.ByeAck) -> None:
    leaving = node.leaving.get(message.to)
    if leaving is not None and leaving[0] is link:
        del node.leaving[message.to]
        node.timers.cancel("bye", message.to)


_LINK_MESSAGES: dict[type, Callable[[Node, Link, Any], None]] = {
    messages.LinkRequest: answering.requested,
    messages.LinkAccept: _link_accepted,
    messages.LinkRefuse: edges.refused,
    messages.Bye: edges.parted,
    messages.ByeAck: _bye_acknowledged,
    messages.Probe: probes.asked,
}

_EDGE_MESSAGES: dict[type, Callable[[Node, Edge, Any], None]] = {
    messages.Walk: membership.walked,
    messages.AdvertMessage: _advert,
    messages.AdvertAck: lambda node, edge, message: adverts.acknowledged(node, edge, message.serial),
    messages.SequenceRequest: election.asked,
    messages.Abdicate: claiming.abdicated,
    messages.Offer: delivery.offered,
    messages.Want: delivery.wanted_by,
    messages.Gone: delivery.gone,
    messages.Sync: reconcile.compared,
    messages.Announce: reconcile.announced,
    messages.Meet: probes.met,
}


def _no_key(node: Node, state: ChannelState) -> None:
    if state.key is None:
        claiming.claim(node, state)


_CHANNEL_TIMERS: dict[str, Callable[[Node, ChannelState], None]] = {
    "fill": membership.fill,
    "recompute": edges.changed,
    "claim": claiming.claim,
    "ask all": election.ask_all,
    "no key": _no_key,
    "probe": probes.probe,
    "two keys": probes.introduce,
    "reconcile": reconcile.begin,
    "reconciled": reconcile.finish,
    "ask": reconcile.ask_everywhere,
    "announce": reconcile.announce,
    "silence": reconcile.fell_silent,
    "pass on": graft.pass_on,
}

_EDGE_TIMERS: dict[str, Callable[[Node, Edge], None]] = {
    "say": adverts.say,
    "repeat": adverts.repeat,
    "offer": delivery.offer,
    "request": membership.request_timed_out,
}


def _timer(node: Node, kind: str, subject: Any) -> None:
    for_edge = _EDGE_TIMERS.get(kind)
    if for_edge is not None:
        edge = node.edges.get(subject)
        if edge is not None:
            for_edge(node, edge)
        return
    for_channel = _CHANNEL_TIMERS.get(kind)
    if for_channel is not None:
        state = node.channels.get(subject)
        if state is not None:
            for_channel(node, state)
        return
    _OTHER_TIMERS[kind](node, subject)


def _want_timer(node: Node, subject: tuple[Channel, bytes]) -> None:
    state = node.channels.get(subject[0])
    if state is not None:
        delivery.want(node, state, subject[1])


def _remix_timer(node: Node, subject: tuple[Channel, float]) -> None:
    state = node.channels.get(subject[0])
    if state is not None:
        membership.remix(node, state)


def _acknowledge_timer(node: Node, number: int) -> None:
    link = node.links.get(number)
    if link is None:
        return
    for acknowledgement in node.acknowledgements(link):
        node.send(link, acknowledgement)


def _feeder_timer(node: Node, number: int) -> None:
    link = node.links.get(number)
    if link is not None:
        membership.ask_dialler(node, link)


def _idle_timer(node: Node, number: int) -> None:
    link = node.links.get(number)
    if link is not None and not link.edge_count:
        node.close(link, "")


def _bye_timer(node: Node, incarnation: int) -> None:
    leaving = node.leaving.get(incarnation)
    if leaving is not None:
        node.send(*leaving)
        node.timers.set("bye", incarnation, node.now + BYE_REPEAT)


_OTHER_TIMERS: dict[str, Callable[[Node, Any], None]] = {
    "want": _want_timer,
    "remix": _remix_timer,
    "acknowledge": _acknowledge_timer,
    "feeder": _feeder_timer,
    "idle": _idle_timer,
    "bye": _bye_timer,
    "asked": lambda node, subject: None,
    "room": lambda node, subject: admission.make_room(node),
    "keep standing": lambda node, subject: node.dirty.update({("standing",): None}),
    "tombstones": lambda node, subject: tombstones.forget_old(node),
}
