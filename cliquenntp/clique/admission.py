"""Whether there is room for a document that a neighbour brings (`budgets`), and what becomes of it where there is none.

Such a document is put off: it is remembered as refused ones are (`ghosts`), with where it stands and who wrote it, and
asked for by its id once there is room, once its author has standing, or once an author with standing answers it.  The
newest come first, and half of a forum's room is kept for what nobody has seen yet.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator

from attrs import define, field

from cliquenntp.clique import ghosts
from cliquenntp.clique.budgets import Budgets
from cliquenntp.clique.channel import ChannelState, Edge, Ghost, Kind, Wanted
from cliquenntp.clique.messages import Channel
from cliquenntp.clique.node import Node
from cliquenntp.clique.parameters import NEEDED_AT_MOST, ROOM_EVERY, STANDING_KEPT_EVERY, WANTED_KEPT
from cliquenntp.clique.standing import Standing
from cliquenntp.interfaces import Place


@define
class Admission:
    """What a node knows of authors and peers, and how much it takes of them."""

    budgets: Budgets = field(factory=Budgets)
    standing: Standing = field(factory=Standing)
    named: Callable[[bytes], Container[bytes]] = lambda root: ()
    """tells whom a forum's root (its id) names: importers and moderators, their keys"""
    needed: dict[bytes, None] = field(factory=dict)
    """ids of documents that authors with standing answer and that are not here, oldest first"""
    alone_since: int | None = None
    """Clique-Time since which the node has no link; None: it has one, or it never ran before"""


def judge(node: Node, edge: Edge, place: Place, *, compared: bool) -> str:
    """Take the room for a document that is not held; return the budget without room, or an empty string.

    ``compared``: a comparison had asked for it.
    """
    admission = node.admission
    if admission is None:
        return ""
    root, peer, now = edge.state.scope, edge.link.contact.key, node.now
    budgets = admission.budgets
    if not place.parents or place.id == root or place.id in edge.state.ancestors:
        return ""
    if place.id in admission.needed:
        del admission.needed[place.id]
        return ""
    if _is_named(node, admission, place.author, root):
        _gained(node, admission.standing.trust(place.author, now))
        return budgets.known(place, peer, root, now, limited=False)
    if compared and budgets.is_past(place, peer, root, now, budgets.guide(root) in node.links_by_key):
        return ""
    if place.author in admission.standing:
        return budgets.known(place, peer, root, now)
    several = has_several(node, edge.state)
    if several and edge.state.few_since is not None:
        budgets.was_apart(root, now, now - edge.state.few_since)
        edge.state.few_since = None
    if place.id not in node.refused:
        budgets.brings(place, peer, root, now, several, compared)
    return budgets.newcomer(place, peer, root, now, several)


def _is_named(node: Node, admission: Admission, author: bytes, root: bytes) -> bool:
    """Tell whether a forum's root was written by an author or names one."""
    is_founder = node.documents.contains(root) and node.documents.author(root) == author
    return is_founder or author in admission.named(root)


def has_several(node: Node, state: ChannelState) -> bool:
    """Return whether what one peer does not bring is likely to come by another one."""
    if node.admission is None or node.admission.budgets.has_just_joined(state.scope, node.now):
        return False
    return _count_peers(state) >= node.admission.budgets.limits.peers


def _count_peers(state: ChannelState) -> int:
    return len({edge.link.contact.key for edge in state.open_edges() if edge.kind != Kind.FOLLOWER})


def shuns(node: Node, edge: Edge) -> bool:
    """Return whether a neighbour floods and there are others, so that nothing is asked of it nor compared with it."""
    admission = node.admission
    if admission is None or not _floods(admission, node, edge):
        return False
    return any(
        other.kind != Kind.FOLLOWER and not _floods(admission, node, other) for other in edge.state.open_edges())


def _floods(admission: Admission, node: Node, edge: Edge) -> bool:
    return admission.budgets.is_flooding(edge.link.contact.key, edge.state.scope, node.now)


# putting off, and asking again

def put_off(node: Node, edge: Edge, place: Place, is_within: bool) -> None:
    """Remember a document for which there is no room, to ask for it later."""
    if shuns(node, edge):
        return  # its comparisons are not answered, so nothing is to be remembered for them
    ghosts.refuse(node, edge, place.id, place.time, is_within, place)
    node.timers.at_latest("room", None, node.now + ROOM_EVERY)


def offered(node: Node, edge: Edge, document: bytes) -> bool:
    """Return whether a document that was put off may be had from a neighbour that offers it, and forget it then."""
    ghost = node.refused.get(document)
    if node.admission is None or ghost is None or ghost.place is None or not _may_be_asked(node, edge, ghost.place):
        return False
    ghosts.forget(node, document)
    return True


def _may_be_asked(node: Node, edge: Edge, place: Place) -> bool:
    admission = node.admission
    assert admission is not None
    if shuns(node, edge) or not node.documents.contains(place.parents[0]):
        return False
    if place.author in admission.standing:
        return True
    root, peer = edge.state.scope, edge.link.contact.key
    return admission.budgets.has_room(place, peer, root, node.now, has_several(node, edge.state))


def make_room(node: Node) -> None:
    """Ask for some of what was put off, where there is room."""
    admission = node.admission
    if admission is None:
        return
    spare: dict[bytes, int] = {}
    edges = _open_edges(node)
    for document, ghost in _put_off(node, newest_first=True):
        for edge in _holders(edges, ghost):
            root = edge.state.scope
            if root not in spare:
                spare[root] = admission.budgets.spare(root, node.now, has_several(node, edge.state))
            if spare[root] and ghost.place is not None and _may_be_asked(node, edge, ghost.place):
                spare[root] -= 1
                _ask(node, document, [edge])
                break
        if spare and not any(spare.values()):
            break
    if next(_put_off(node), None) is not None:
        node.timers.set("room", None, node.now + ROOM_EVERY)


def _put_off(node: Node, newest_first: bool = False) -> Iterator[tuple[bytes, Ghost]]:
    refused = list(node.refused.items())
    return ((one, ghost) for one, ghost in (reversed(refused) if newest_first else refused) if ghost.place is not None)


def _open_edges(node: Node) -> dict[tuple[Channel, bytes], Edge]:
    """Return them by channel, which is the peer's own where it follows less than we do, and by the peer's key."""
    return {(edge.channel, edge.link.contact.key): edge for edge in node.edges.values() if edge.open}


def _holders(edges: dict[tuple[Channel, bytes], Edge], ghost: Ghost) -> list[Edge]:
    pairs = sorted((channel, key) for channel in ghost.channels for key in ghost.witnesses)
    return [edges[pair] for pair in pairs if pair in edges]


def ask_again(node: Node, documents: Iterable[bytes]) -> None:
    """Ask those who had them for documents that were unwanted; of others nothing happens."""
    edges = _open_edges(node)
    for document in documents:
        ghost = node.refused.get(document)
        if ghost is not None:
            _ask(node, document, _holders(edges, ghost))


def _ask(node: Node, document: bytes, holders: list[Edge]) -> None:
    """Ask for a document that was put off or unwanted; who has it no more is found out by a comparison."""
    ghosts.forget(node, document)
    for edge in holders:
        wanted = edge.state.wanted.setdefault(document[:8], Wanted([], node.now + WANTED_KEPT))
        wanted.sources.append(edge.incarnation)
        node.timers.set("want", (edge.state.channel, document[:8]), node.now)


def need(node: Node, edge: Edge, place: Place, parent: bytes) -> bool:
    """Note that a document waits for its parent; return whether that is to be asked for.

    What an author with standing answers is taken whoever wrote it, and what that answers too.
    """
    admission = node.admission
    ghost = node.refused.get(parent)
    if admission is None:
        return True
    has_standing = place.author in admission.standing or _is_named(node, admission, place.author, edge.state.scope)
    if has_standing or place.id in admission.needed:
        admission.needed[parent] = None
        if len(admission.needed) > NEEDED_AT_MOST:
            del admission.needed[next(iter(admission.needed))]
        if ghost is not None and ghost.place is not None:
            ghosts.forget(node, parent)
        return True
    return ghost is None or ghost.place is None


# what is learned

def stored(node: Node, place: Place, is_local: bool = False) -> None:
    """Learn from a document that is stored now whom authors with standing answer."""
    admission = node.admission
    if admission is None:
        return
    standing = admission.standing
    if is_local:
        _gained(node, standing.trust(place.author, node.now))
    elif place.author in standing:
        standing.seen(place.author)
    answered = [node.documents.author(parent) for parent in place.parents if node.documents.contains(parent)]
    _gained(node, [one for author in answered for one in standing.answered(place.author, author, node.now)])


def read(node: Node, author: bytes) -> None:
    """Learn that somebody here reads an author."""
    if node.admission is not None:
        _gained(node, node.admission.standing.read(author, node.now))


def _gained(node: Node, authors: Iterable[bytes]) -> None:
    """Ask for what was put off of authors who have standing from now on."""
    gained = frozenset(authors)
    if not gained:
        return
    node.timers.at_latest("keep standing", None, node.now + STANDING_KEPT_EVERY)
    edges = _open_edges(node)
    for document, ghost in _put_off(node):
        if ghost.place is not None and ghost.place.author in gained:
            holders = [edge for edge in _holders(edges, ghost) if not shuns(node, edge)]
            if holders:
                _ask(node, document, holders)


def linked(node: Node) -> None:
    """Note that the node has a link again."""
    admission = node.admission
    if admission is not None and admission.alone_since is not None:
        for root in {state.scope for state in node.channels.values()}:
            admission.budgets.came_back(root, node.now, admission.alone_since, node.clique_time())
        admission.alone_since = None
        node.dirty["standing",] = None


def with_several(node: Node) -> list[ChannelState]:
    """Return the channels in which the node has several peers."""
    if node.admission is None:
        return []
    return [state for state in node.channels.values() if _count_peers(state) >= node.admission.budgets.limits.peers]


def link_lost(node: Node, before: Iterable[ChannelState]) -> None:
    """Note that the node has one link less; ``before`` are the channels that had several peers up to then."""
    admission = node.admission
    if admission is None:
        return
    if not node.links:
        admission.alone_since = node.clique_time()
    for state in before:
        if _count_peers(state) < admission.budgets.limits.peers:
            state.few_since = node.now


def joined(node: Node, root: bytes) -> None:
    """Note that the node follows more of a forum, or founds it: where it had nothing, nobody has standing there yet."""
    if node.admission is not None:
        channels = sum(state.scope == root for state in node.channels.values())
        node.admission.budgets.joined(root, node.now, node.clique_time(), is_first=channels == 1)
        node.dirty["standing",] = None


def stops(node: Node) -> None:
    """Keep what is kept every now and then, since the node stops."""
    if node.admission is not None:
        node.dirty["standing",] = None
