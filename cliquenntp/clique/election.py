"""Who is the center, and who leads there: keys, feasible distances, orphans.

The feasibility condition is Babel's (RFC 8966, section 3.5.1): a neighbour's distance may lead to the center through us
unless it is smaller than every distance that we advertised under the same key and sequence number.
"""

from __future__ import annotations

from attrs import evolve

from cliquenntp.clique import adverts
from cliquenntp.clique.blinding import statement
from cliquenntp.clique.channel import ChannelState, Edge, Kind
from cliquenntp.clique.messages import Advert, Key, SequenceRequest
from cliquenntp.clique.node import Node
from cliquenntp.clique.parameters import (
    BETTER_BY,
    CLAIM_DOUBLINGS,
    CLAIM_ONCE_IN,
    COST_THROUGH_FOLLOWER,
    FEASIBILITY_KEPT,
    SEQUENCE_HOPS,
    SEQUENCE_JUMP,
    SEQUENCE_ONCE_IN,
    SEQUENCE_PATIENCE,
    SEQUENCE_TIMEOUT,
    SEQUENCE_WIDER_AFTER,
    TERM_JUMP,
)

ALONE = 0
"""the term that a node without edges claims: less than any other, so that whoever it meets keeps the center there is"""


def feasible(state: ChannelState, advert: Advert) -> bool:
    """Return whether a neighbour with that advert cannot have its way to the center through us."""
    assert advert.key is not None
    best = state.feasibility.get(advert.key)
    return best is None or advert.seq > best[0] or (advert.seq == best[0] and advert.distance < best[1])


def distance_by(state: ChannelState, edge: Edge) -> int:
    """Return our distance if that edge's peer were our parent."""
    assert edge.advert is not None
    through_follower = edge.kind == Kind.PEER and not state.is_full
    return edge.advert.distance + edge.link.cost + (COST_THROUGH_FOLLOWER if through_follower else 0)


def candidates(node: Node, state: ChannelState) -> list[tuple[Edge, Advert, Key]]:
    """Return the edges whose peers may become our parent as far as they themselves are concerned."""
    now = node.now
    found = []
    for edge in state.edges.values():
        advert = edge.advert
        if (advert is None or advert.key is None or not edge.remote or edge.kind == Kind.FOLLOWER
                or advert.is_parent or edge.blocked_until > now or advert.key.center == node.me.key
                or not _credible(node, state, edge, advert.key)):
            continue
        found.append((edge, advert, advert.key))
    return found


def _credible(node: Node, state: ChannelState, edge: Edge, key: Key) -> bool:
    """Return whether a key's term follows those we knew, or a second edge names it too, and none was raised just now.

    Whoever knew none, or has no second edge, has to believe it.
    """
    mine = state.key
    if mine is not None and key.term > mine.term and node.now < _raised_again_at(state):
        node.timers.at_latest("recompute", state.channel, _raised_again_at(state))
        return False
    followed = state.feasibility
    term = max((one.term for one in followed), default=ALONE)
    channel_term = max((one.channel_term for one in followed), default=0)
    if term == ALONE or (key.term <= term + TERM_JUMP and key.channel_term <= channel_term + TERM_JUMP):
        return True
    others = [other.advert for other in state.edges.values() if other is not edge and other.kind != Kind.FOLLOWER]
    return not any(others) or any(advert is not None and advert.key == key for advert in others)


def _raised_again_at(state: ChannelState) -> float:
    """Return when we follow the next raise of the term: ever later if raises go on, unless no way leads anywhere."""
    doublings = 0 if state.orphan_since is not None else min(max(state.raises - 1, 0), CLAIM_DOUBLINGS)
    return state.raised_at + CLAIM_ONCE_IN * 2.0 ** doublings


def _note_raise(node: Node, state: ChannelState) -> None:
    goes_on = node.now < state.raised_at + 4 * CLAIM_ONCE_IN * 2.0 ** min(state.raises, CLAIM_DOUBLINGS)
    state.raises = state.raises + 1 if goes_on else 0
    state.raised_at = node.now


def recompute(node: Node, state: ChannelState) -> None:
    """Find our center and parent anew after anything changed, and tell the neighbours what follows."""
    before = (state.key, state.seq, state.distance, state.parent, state.orphan_since)
    _choose(node, state)
    if before != (state.key, state.seq, state.distance, state.parent, state.orphan_since):
        node.touch("position", state)
        if state.key != before[0]:
            node.timers.cancel("no key", state.channel)
    adverts.review(node, state)
    if state.requests_waiting:
        answer_waiting(node, state)


def _choose(node: Node, state: ChannelState) -> None:
    usable = candidates(node, state)
    mine = state.key
    larger = [one for one in usable if mine is None or one[2] > mine]
    if larger:
        lawful = [one for one in larger if one[0].kind == Kind.FEEDER or feasible(state, one[1])]
        largest = max(one[2] for one in larger)
        if lawful:
            key = max(one[2] for one in lawful)
            best = min((one for one in lawful if one[2] == key), key=lambda one: _rank(state, one[0]))
            adopt(node, state, best[0])
            mine = key
        if mine is None or largest > mine:
            nearest = min((one for one in larger if one[2] == largest), key=lambda one: _rank(state, one[0]))[0]
            best_known = state.feasibility.get(largest)
            ask(node, state, nearest, largest, (best_known[0] if best_known else 0) + 1, SEQUENCE_HOPS)
            # the request is lost where somebody on its way has died and nobody has noticed yet
            node.timers.at_latest("recompute", state.channel, node.now + SEQUENCE_ONCE_IN + 1.0)
        if lawful:
            return
    if mine is None or mine.center == node.me.key:
        state.parent = None
        state.orphan_since = None
        return
    same = [
        one[0] for one in usable
        if one[2] == mine and (one[0].kind == Kind.FEEDER or feasible(state, one[1]))]
    parent = state.parent
    if same:
        best_edge = min(same, key=lambda edge: _rank(state, edge))
        if parent in same and parent is not None and (
                distance_by(state, parent) < distance_by(state, best_edge) + BETTER_BY):
            best_edge = parent
        adopt(node, state, best_edge)
    elif not _leads_on(node, state):
        _become_orphan(node, state)


def _leads_on(node: Node, state: ChannelState) -> bool:
    """Return whether our parent follows a larger key already that we shall follow later; documents come all the same.

    It is below nobody of our key any more, so no cycle is left unnoticed.
    """
    parent, mine = state.parent, state.key
    if parent is None or mine is None or parent.incarnation not in state.edges or parent.blocked_until > node.now:
        return False
    advert = parent.advert
    return advert is not None and advert.key is not None and advert.key > mine and not advert.is_parent


def _rank(state: ChannelState, edge: Edge) -> tuple[bool, int, int]:
    assert edge.advert is not None
    return edge.advert.orphan, distance_by(state, edge), edge.incarnation


def adopt(node: Node, state: ChannelState, edge: Edge) -> None:
    """Make an edge's peer our parent, or follow what it says now."""
    advert = edge.advert
    assert advert is not None and advert.key is not None
    if state.key is not None and advert.key.term > state.key.term > ALONE:
        _note_raise(node, state)
    state.key, state.seq, state.signature = advert.key, advert.seq, advert.signature
    state.distance = distance_by(state, edge)
    if state.parent is not edge:
        edge.late = 0
    state.parent = edge
    _note_feasibility(state)
    if state.orphan_since is not None:
        state.orphan_since = None
        node.timers.cancel("ask all", state.channel)
        node.timers.cancel("claim", state.channel)


def _note_feasibility(state: ChannelState) -> None:
    key = state.key
    assert key is not None
    best = state.feasibility.pop(key, None)
    if best is None or state.seq > best[0] or (state.seq == best[0] and state.distance < best[1]):
        best = (state.seq, state.distance)
    state.feasibility[key] = best
    while len(state.feasibility) > FEASIBILITY_KEPT:
        del state.feasibility[next(iter(state.feasibility))]


def _become_orphan(node: Node, state: ChannelState) -> None:
    lost = state.parent
    state.parent = None
    if state.orphan_since is not None:
        return
    state.orphan_since = node.now
    assert state.key is not None
    to_center = lost is not None and lost.link.contact.key == state.key.center
    wait = SEQUENCE_TIMEOUT * (1 if to_center else SEQUENCE_PATIENCE)
    node.timers.set("claim", state.channel, node.spread(wait))
    node.timers.set("ask all", state.channel, node.now + SEQUENCE_WIDER_AFTER)
    _ask_around(node, state, 2)


def _ask_around(node: Node, state: ChannelState, limit: int) -> None:
    key = state.key
    if key is None:
        return
    known = [
        edge for edge in state.open_edges()
        if edge.kind != Kind.FOLLOWER and edge.advert is not None and edge.advert.key == key]
    known.sort(key=lambda edge: (edge.is_child, edge.advert.distance if edge.advert else 0))
    for edge in known[:limit]:
        ask(node, state, edge, key, state.seq + 1, SEQUENCE_HOPS)


def ask_all(node: Node, state: ChannelState) -> None:
    """Ask every neighbour under our key for a new sequence number (an orphan whom the nearest did not help).

    Again and again, since a request is lost where somebody on its way has died and nobody has noticed yet.
    """
    if state.orphan_since is not None:
        _ask_around(node, state, len(state.edges))
        node.timers.set("ask all", state.channel, node.now + SEQUENCE_ONCE_IN + 1.0)


def ask(node: Node, state: ChannelState, edge: Edge, key: Key, seq: int, hops: int) -> None:
    """Send a SEQREQ, unless the same went over that edge a short while ago."""
    name = (key, seq)
    seen = state.requests_seen
    if len(seen) > 64:
        for old in [one for one, time in seen.items() if time < node.now - SEQUENCE_ONCE_IN]:
            del seen[old]
    asked = node.timers.get("asked", (edge.incarnation, name))
    if asked is not None:
        return
    node.timers.set("asked", (edge.incarnation, name), node.now + SEQUENCE_ONCE_IN)
    node.send(edge.link, SequenceRequest(edge.remote, key, seq, hops))


def asked(node: Node, edge: Edge, request: SequenceRequest) -> None:
    """Take a SEQREQ: answer it, or pass it on towards the center."""
    state = edge.state
    key = state.key
    if edge.kind == Kind.FOLLOWER and key is not None and request.key.rooted:
        # of a follower's followers one may have been nearer than it is now; its channel_term is not the forum's
        request = evolve(request, key=request.key._replace(channel_term=key.channel_term))
    elif edge.kind == Kind.FOLLOWER:
        adverts.say(node, edge)
        return
    if key is None or key < request.key:
        return
    if key > request.key or state.seq >= request.seq:
        adverts.say(node, edge)
        return
    if key.center == node.me.key:
        if request.seq <= state.seq + SEQUENCE_JUMP:
            sign(node, state, key, request.seq)
            adverts.say(node, edge)
            recompute(node, state)
        return
    name = (request.key, request.seq)
    state.requests_waiting.setdefault(name, set()).add(edge.incarnation)
    if len(state.requests_waiting) > 16:
        del state.requests_waiting[next(iter(state.requests_waiting))]
    if request.hops <= 1 or state.requests_seen.get(name, -1e9) > node.now - SEQUENCE_ONCE_IN:
        return
    state.requests_seen[name] = node.now
    if state.parent is not None and state.parent is not edge:
        ask(node, state, state.parent, request.key, request.seq, request.hops - 1)
        return
    for other in list(state.open_edges()):
        if (other is not edge and other.kind != Kind.FOLLOWER and other.advert is not None
                and other.advert.key == request.key):
            ask(node, state, other, request.key, request.seq, request.hops - 1)


def answer_waiting(node: Node, state: ChannelState) -> None:
    """Tell those who wait for a sequence number that we have it, or a larger key."""
    key = state.key
    if key is None:
        return
    for name in [one for one in state.requests_waiting if key > one[0] or (key == one[0] and state.seq >= one[1])]:
        for incarnation in state.requests_waiting.pop(name):
            edge = state.edges.get(incarnation)
            if edge is not None and edge.remote:
                adverts.say(node, edge)


def sign(node: Node, state: ChannelState, key: Key, seq: int) -> None:
    """Be the center under a key at a sequence number, and sign that."""
    channel = state.channel
    state.key, state.seq, state.distance = key, seq, 0
    state.signature = node.claims.sign(statement(channel, key, seq))
    state.parent = None
    state.orphan_since = None
    _note_feasibility(state)
    node.touch("position", state)
